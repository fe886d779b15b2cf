"""What holds fitted models: which ones, what rows and targets each of them sees, and how it is put together again."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from ..narrowing.base import with_columns


class Given(NamedTuple):
    """Rows, targets, weights and offsets as someone gave them; each may be None."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None
    offset: Any = None

    def at(self, index: Any) -> "Given":
        """What belongs to the rows at an index."""
        return Given(*(None if rows is None else _safe_indexing(rows, index) for rows in self))


def _as_given(given: Given) -> Given:
    return given


@dataclass(frozen=True, eq=False)
class Part:
    """A fitted model inside a composite.

    Parameters
    ----------
    name : str
        What messages call it.
    model : object
        The model; it may be a composite itself.
    sees : callable
        ``sees(given)`` is what the model was fitted on where the composite was fitted on the rows `given`.
    columns : ndarray of int, shape (n_features,), or None
        For each column that the model sees, the column of the composite's rows that it is; -1: it comes from elsewhere.
        None: the model sees all columns, in their order.
    sees_all : bool
        Whether it was fitted on just that: not on some of these rows, on rows drawn from them, or on other targets.
    """

    name: str
    model: Any
    sees: Callable[[Given], Given] = _as_given
    columns: NDArray[np.intp] | None = None
    sees_all: bool = True


class Composite(ABC):
    """A fitted model that holds fitted models.

    Parameters
    ----------
    model : object
        It is not changed.
    """

    #: Class paths of the models.
    models: ClassVar[tuple[str, ...]]
    #: Whether it predicts what its only part does of what that sees, and passes on all rows and their targets.
    passes_on: ClassVar[bool] = False
    #: Whether something in it was fitted on what its parts predict: `refitted` fits that anew.
    learns_from_parts: ClassVar[bool] = False

    def __init__(self, model: Any):
        check_is_fitted(model)
        self.model = model

    @classmethod
    def takes(cls, model: Any) -> bool:
        """Whether a model of these classes is a composite; if not, an adapter may take it as a whole."""
        return True

    @abstractmethod
    def parts(self) -> list[Part]:
        """The fitted models inside."""

    @abstractmethod
    def with_models(self, models: Sequence[Any]) -> Any:
        """A copy that holds other models in the places of `parts`."""

    def refitted(self, given: Given) -> Any:
        """A copy in which what was fitted on predictions of the parts is fitted anew on those of some rows."""
        return self.model

    def with_columns(self, models: Sequence[Any], kept: NDArray[np.bool_]) -> Any:
        """A copy for rows of which some columns are left.

        Parameters
        ----------
        models : sequence
            The models in the places of `parts`, each for those that are left of the columns that it sees.
        kept : ndarray of bool, shape (n_columns,)
            Which columns are left.
        """
        return with_columns(self.with_models(models), kept)


class OneModel(Composite):
    """A model that holds one other model and passes rows on as they are."""

    #: The attribute that holds it.
    attribute: ClassVar[str]

    def parts(self) -> list[Part]:
        return [Part(self.attribute, getattr(self.model, self.attribute), self.sees, sees_all=self.sees_all)]

    def with_models(self, models: Sequence[Any]) -> Any:
        return with_attributes(self.model, {self.attribute: models[0]})

    def sees(self, given: Given) -> Given:
        """What the model inside was fitted on."""
        return given

    @property
    def sees_all(self) -> bool:
        """`Part.sees_all` of the model inside."""
        return True


class ManyModels(Composite):
    """A model that holds a list of others."""

    attribute: ClassVar[str] = "estimators_"

    def parts(self) -> list[Part]:
        held = zip(self.names, self.held, strict=True)
        return [
            Part(name, model, self.seen_by(i), self.columns_of(i), self.sees_all)
            for i, (name, model) in enumerate(held)
        ]

    def with_models(self, models: Sequence[Any]) -> Any:
        return with_attributes(self.model, {self.attribute: list(models)})

    @property
    def sees_all(self) -> bool:
        """`Part.sees_all` of each model."""
        return True

    @property
    def held(self) -> list[Any]:
        """The models."""
        return list(getattr(self.model, self.attribute))

    @property
    def names(self) -> list[str]:
        """What messages call each of them."""
        return [f"{self.attribute}[{i}]" for i in range(len(self.held))]

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        """What the model at a position was fitted on."""
        return _as_given

    def columns_of(self, position: int) -> NDArray[np.intp] | None:
        """`Part.columns` of the model at a position."""
        return None


def with_attributes(model: Any, attributes: dict[str, Any]) -> Any:
    """A shallow copy of a model with other values of some attributes."""
    other = copy(model)
    for name, value in attributes.items():
        setattr(other, name, value)
    return other


def as_array(X: Any) -> Any:
    """Rows as those pass them on that check them first: an array without names, or a sparse matrix."""
    return X.tocsr() if sparse.issparse(X) else np.asarray(X)
