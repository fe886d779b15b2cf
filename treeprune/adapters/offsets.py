"""Offsets: numbers of each row that boosting started from, in the place of a constant.

XGBoost calls them ``base_margin``: they take the place of the base score. LightGBM calls them ``init_score``: they turn
off the start from the average. Predictions know them only where the caller gives (XGBoost) or adds (LightGBM) them
again; and so does whatever judges a model by rows.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _num_samples

from . import adapter_class

#: What libraries call them.
OFFSET_NAMES = ("base_margin", "init_score")


def offset_of(model: Any, X: Any, *, suffix: str = "", **given: ArrayLike | None) -> NDArray[np.float64] | None:
    """The offset of rows, under the name that the model's library has for it.

    Parameters
    ----------
    model : object
        The model or estimator, fitted or not.
    X : array-like or DataFrame of shape (n_rows, n_features) or None
        The rows.
    suffix : str, default=""
        What follows the library's name in that of the parameter.
    **given : array-like of shape (n_rows,) or (n_rows, n_columns), or flat as the library takes it
        By `OFFSET_NAMES`, without the suffix; None: not given.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns), or None
        None: none is given.

    Raises
    ------
    ValueError
        It has the name of another library, there are no rows, its shape is not theirs, or it is not finite.
    """
    given = {name: values for name, values in given.items() if values is not None}
    if not given:
        return None
    own = offset_name(model)
    for name in given:
        if name != own:
            takes = f"is fitted with {own + suffix!r}" if own else "is fitted without offsets"
            raise ValueError(f"The {name + suffix!r} parameter must be None: {type(model).__name__} {takes}.")
    name, values = own + suffix, np.asarray(given[own])
    if X is None:
        raise ValueError(f"The {name!r} parameter needs X{suffix} and y{suffix}.")
    return _by_rows(name, values, _num_samples(X), getattr(adapter_class(model), "offset_order", "C"))


def fit_parameters(model: Any, offset: NDArray[np.float64] | None) -> dict[str, NDArray[np.float64]]:
    """An offset (`offset_of`) as the parameter of the library's own ``fit``; none where it is None."""
    if offset is None:
        return {}
    return {offset_name(model): offset[:, 0] if offset.shape[1] == 1 else offset}


def check_both_offsets(model: Any, offset: NDArray | None, X_val: Any, offset_val: NDArray | None) -> None:
    """Raise a ValueError if of the training rows and X_val, where there is one, only one has offsets."""
    if X_val is not None and (offset is None) != (offset_val is None):
        name = offset_name(model)
        given, missing = (name, f"{name}_val") if offset_val is None else (f"{name}_val", name)
        raise ValueError(f"The {missing!r} parameter must be given where {given!r} is.")


def offset_name(model: Any) -> Any:
    """What the library of a model calls its offsets, one of `OFFSET_NAMES`; None: it takes none."""
    return getattr(adapter_class(model), "offset_name", None)


def _by_rows(name, values, n_rows, order):
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"The {name!r} parameter must hold numbers. Got {values.dtype}.") from error
    flat = values.ndim == 1 and n_rows and values.size and values.size % n_rows == 0
    if not flat and not (values.ndim == 2 and len(values) == n_rows):
        raise ValueError(
            f"The {name!r} parameter must have the shape ({n_rows},) or ({n_rows}, n_columns). Got {values.shape}."
        )
    bad = ~np.isfinite(values)
    if bad.any():
        raise ValueError(f"The {name!r} parameter must be finite. Got {values[bad][0]}.")
    return values.reshape(n_rows, -1, order=order)
