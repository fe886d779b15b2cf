"""The base of the adapters of models made of weights: the only code that knows the inside of one family."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import deepcopy
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted, validate_data

from ...narrowing.base import names_of
from ..dead_units import without_dead_units
from ..layers import Layers, Mask
from ..least_squares import FEWEST_ROWS


class LayersAdapter(ABC):
    """One fitted model, seen as Layers.

    Parameters
    ----------
    model : object
        It is never changed.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        The model is not fitted.
    """

    #: Class paths of the models, subclasses included.
    models: ClassVar[tuple[str, ...]]

    def __init__(self, model: Any):
        check_is_fitted(model)
        self.model = model

    @cached_property
    def layers(self) -> Layers:
        """The model's layers, checked.

        Raises
        ------
        ModelFormatError
            They do not fit each other, or are not finite: what, and in which layer.
        """
        return self._read().validate()

    @abstractmethod
    def _read(self) -> Layers:
        """The model's layers."""

    @abstractmethod
    def _written(self, layers: Layers) -> Any:
        """A copy of the model with other layers."""

    @property
    def stores_sparse(self) -> bool:
        """Whether the model predicts with weights that are stored as a sparse matrix."""
        return True

    def write(self, layers: Layers) -> Any:
        """A copy of the model with other layers; with its own, a deep copy."""
        if layers is self.layers:
            return deepcopy(self.model)
        return self._written(layers if self.stores_sparse else layers.stored([False] * len(layers)))

    def rows(self, X: Any) -> Any:
        """Rows as the first layer is fed them: float64, dense or a CSR matrix, shape (n_rows, n_features).

        Raises
        ------
        ValueError
            They have other columns than the model takes, values that are not finite, or there are too few of them.
        """
        settings = {"accept_sparse": "csr", "dtype": np.float64, "ensure_min_samples": FEWEST_ROWS}
        return validate_data(self.model, X, reset=False, **settings)

    @property
    def used_features(self) -> Mask:
        """Which columns units look at that do something, shape (n_features,)."""
        return without_dead_units(self.layers).used_features

    def without_dead_units(self) -> Any:
        """The model without the hidden units that do nothing; the model itself, if there are none."""
        left = without_dead_units(self.layers)
        return self.model if left is self.layers else self.write(left)

    @abstractmethod
    def with_features(self, kept: Mask) -> Any:
        """The model for rows of which some columns are left: all that are used, at least one."""

    def trained_smaller(self, y: Any) -> Iterator[tuple[str, Any]]:
        """Unfitted models for the same targets that training makes smaller, after what makes them so, in words."""
        yield from ()

    @property
    def feature_names(self) -> NDArray | None:
        """The names of the columns of the frame that the model was fitted on, shape (n_features,), or None."""
        return names_of(self.model)


def like(stored: Any, weights: NDArray) -> NDArray:
    """Weights in the dtype and shape of those that a model stores."""
    return np.ascontiguousarray(weights.reshape(stored.shape), dtype=stored.dtype)


def dense(weights: Any) -> NDArray[np.float64]:
    """Weights as a dense float64 array."""
    return np.asarray(weights.toarray() if sparse.issparse(weights) else weights, dtype=np.float64)
