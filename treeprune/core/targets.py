"""Targets as users hand them over."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Labels that a message names.
_MOST_NAMED = 5


def check_n_outputs(y: NDArray, n_outputs: int, model: Any) -> None:
    """Raise a ValueError unless y, shape (n_rows,) or (n_rows, n), has as many outputs as a model was fitted with."""
    found = 1 if y.ndim == 1 else y.shape[1]
    if found != n_outputs:
        raise ValueError(f"y has {found} outputs, but {type(model).__name__} was fitted with {n_outputs}.")


def check_target(y: Any, name: str = "y") -> None:
    """Raise a ValueError where text or objects have missing values: None, NaN, or those of pandas.

    scikit-learn sorts such targets before it looks for them, which ends in a TypeError. Numbers are left to the model.

    Parameters
    ----------
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), or None
        Targets, or labels of classes; None: there are none.
    name : str
        What the message calls them.
    """
    values = np.asarray(y)
    if y is None or values.dtype != object:
        return
    import pandas as pd

    n_missing = pd.isna(values).sum()
    if n_missing:
        raise ValueError(f"The target {name} must have no missing values. Got {n_missing} in {len(values)} rows.")


def class_codes(y: NDArray, classes: NDArray) -> NDArray[np.intp]:
    """Places of labels among the classes of a model, which are sorted.

    Raises
    ------
    ValueError
        A label is none of the classes.
    """
    unseen = np.setdiff1d(y, classes)
    if len(unseen):
        raise ValueError(
            f"y contains previously unseen labels: {_some(unseen)}. The model was fitted on the classes "
            f"{_some(classes)}."
        )
    return np.searchsorted(classes, y)


def _some(labels):
    more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
    return f"{labels[:_MOST_NAMED].tolist()}{more}"
