"""The base of all narrowers. A narrower knows what one kind of fitted transformer keeps of each column."""

from copy import copy
from itertools import compress
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config

Mask: TypeAlias = NDArray[np.bool_]

#: Transformers of scikit-learn that are not known to give dense rows.
_MAY_BE_SPARSE = (
    "sklearn.ensemble.",
    "sklearn.feature_extraction.",
    "sklearn.kernel_approximation.AdditiveChi2Sampler",
    "sklearn.neighbors.",
    "sklearn.preprocessing._data.Normalizer",
    "sklearn.preprocessing._function_transformer.",
    "sklearn.random_projection.",
)
_SPARSE = (
    "sklearn.feature_extraction._hash.FeatureHasher",
    "sklearn.feature_extraction.text.HashingVectorizer",
)


class Narrowed(NamedTuple):
    """A transformer with fewer columns.

    Parameters
    ----------
    step : object
        It takes and gives what is left of its columns, in their order.
    needs : ndarray of bool, shape (n_columns_in,), or None
        Which of the columns that went in are left; None: all, however many (texts, dicts).
    gives : ndarray of bool, shape (n_columns_out,)
        Which of the columns that came out are left: those that were wanted, and perhaps others.
    """

    step: Any
    needs: Mask | None
    gives: Mask


class Narrower:
    """A fitted transformer that loses columns. This one knows nothing of it, and keeps it whole.

    Parameters
    ----------
    step : object
        The transformer. It is not changed.
    exact : bool
        Whether what comes out must stay the same, bit for bit.
    """

    #: Class paths of the transformers.
    models: ClassVar[tuple[str, ...]]

    def __init__(self, step: Any, exact: bool = True):
        self.step, self.exact = step, exact

    @property
    def is_known(self) -> bool:
        """Whether an array or a sparse matrix comes out unless the transformer is set to give frames."""
        return type(self.step).__module__.startswith("sklearn.")

    def is_sparse(self, given: bool | None) -> bool | None:
        """Whether sparse rows come out, given whether sparse ones go in; None: it cannot be told.

        A filter for columns must know it, for zeros that a sparse row leaves out may count as missing values.
        """
        path = f"{type(self.step).__module__}.{type(self.step).__qualname__}"
        if path in _SPARSE:
            return True
        if path == "sklearn.preprocessing._data.Normalizer":
            return given
        return False if path.startswith("sklearn.") and not path.startswith(_MAY_BE_SPARSE) else None

    def narrowed(self, wanted: Mask, given: bool | None) -> Narrowed:
        """The transformer without the columns that nothing needs.

        Parameters
        ----------
        wanted : ndarray of bool, shape (n_columns_out,)
            Which of the columns that come out something needs: at least one.
        given : bool or None
            Whether sparse rows go in; None: it cannot be told.
        """
        return Narrowed(self.step, all_columns_of(self.step), np.ones_like(wanted))

    def is_unchanged(self, found: Narrowed) -> bool:
        """Whether nothing has left the transformer, so that it can stay as it is."""
        return bool((found.needs is None or found.needs.all()) and found.gives.all())


def all_columns_of(step: Any) -> Mask | None:
    """All columns that a fitted step takes, shape (n_columns_in,); None: it does not say how many (texts, dicts)."""
    n_in = getattr(step, "n_features_in_", None)
    return None if n_in is None else np.ones(n_in, bool)


def with_columns(model: Any, kept: Mask, *per_column: str) -> Any:
    """A copy of a fitted model that says that it was fitted on some of its columns.

    Parameters
    ----------
    model : object
    kept : ndarray of bool, shape (n_columns,)
    *per_column : str
        Fitted attributes with an entry for each column: lists, arrays (in their last axis), or single values for all.
    """
    other = copy(model)
    for name in ("n_features_in_", "feature_names_in_", *per_column):
        if name in vars(model):
            setattr(other, name, entries_of(vars(model)[name], kept))
    if "n_features_in_" in vars(model):
        other.n_features_in_ = int(np.count_nonzero(kept))
    return other


def entries_of(values: Any, kept: Mask) -> Any:
    """The entries of a list or array for some columns; a single value is that of all."""
    if isinstance(values, list | tuple):
        return type(values)(compress(values, kept))
    return values[..., kept] if np.ndim(values) else values


def same_steps(some: list[tuple], others: list[tuple]) -> bool:
    """Whether lists of named steps hold the same objects."""
    return len(some) == len(others) and all(one[1] is other[1] for one, other in zip(some, others, strict=True))


def gives_frames(step: Any) -> bool:
    """Whether a transformer is set to give frames, by itself or by scikit-learn's configuration."""
    own = getattr(step, "_sklearn_output_config", {}).get("transform")
    return (own or get_config()["transform_output"]) != "default"


def names_of(step: Any) -> NDArray | None:
    """The names of the columns of the frame that a step was fitted on, or None."""
    names = getattr(step, "feature_names_in_", None)
    generated = names is not None and all(name == f"Column_{i}" for i, name in enumerate(names))  # by LightGBM
    return None if generated else names
