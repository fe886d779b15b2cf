"""Columns of tables as numbers; those that hold none are refused by name, before any work."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

_TIMES = ("datetime64", "datetime", "date", "period", "timedelta64", "timedelta", "time")
#: What a message calls the kinds of values that pandas infers.
_WORDS = {**dict.fromkeys(_TIMES, "times"), "string": "text", "categorical": "categories", "complex": "complex numbers"}
#: Columns that a message names.
_MOST_NAMED = 5
_MAKE_NUMBERS = (
    "Make numbers of such columns (of text by scikit-learn's OrdinalEncoder, of times by the time since a date), or "
    "leave them out."
)


def validate_numbers(
    selector: BaseEstimator,
    X: Any,
    y: Any = "no_validation",
    *,
    nan: bool,
    infinity: bool = False,
    why: str | None = None,
) -> Any:
    """scikit-learn's checks of X (and y) in `fit`, with messages that name the columns.

    Parameters
    ----------
    selector : estimator
        It learns the number and the names of the features.
    X : array-like or DataFrame of shape (n_rows, n_features)
    y : array-like of shape (n_rows,), optional
    nan, infinity : bool
        Whether values may be missing, or infinite.
    why : str, optional
        Why they may not, for the message; None: the selector cannot take them.

    Returns
    -------
    X : ndarray of float64, shape (n_rows, n_features)
        With `y`, if it is given.

    Raises
    ------
    ValueError
        Names are there several times, or a column holds what is no number or may not be in it.
    """
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        check_names(X)
        check_columns(X, X.columns, _MAKE_NUMBERS)
    checked = validate_data(selector, X, y, dtype=np.float64, ensure_all_finite=False, ensure_min_samples=2)
    values = checked[0] if isinstance(checked, tuple) else checked
    names = getattr(selector, "feature_names_in_", [f"x{i}" for i in range(values.shape[1])])
    why = why or f"which {type(selector).__name__} cannot take"
    check_known(values, names, why, nan=nan, infinity=infinity)
    return checked


def numbers_of(X: Any, names: list[str], advice: str) -> NDArray[np.float64]:
    """Columns of a pandas or Polars DataFrame as numbers, shape (n_rows, n_names); what is missing is NaN.

    Raises
    ------
    ValueError
        As by `check_columns`; or a column is not there, or has infinite values.
    """
    known = set(X.columns)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"X has no column {', '.join(map(repr, unknown))}.")
    check_columns(X, names, advice)
    of_name = dict(_columns(X))
    values = np.empty((len(X), len(names)))
    for number, name in enumerate(names):
        values[:, number] = of_name[name].to_numpy(dtype=np.float64, na_value=np.nan)
    check_known(values, names, "which are no measurements", nan=True)
    return values


def check_columns(X: Any, names: Iterable[str], advice: str) -> None:
    """Refuse columns of a DataFrame that hold something else than numbers, by name.

    Parameters
    ----------
    X : pandas or Polars DataFrame
    names : iterable of str
        The columns to look at.
    advice : str
        What the message advises.
    """
    wanted = set(names)
    held = [(name, _what_else(column)) for name, column in _columns(X) if name in wanted]
    others = [f"column {name!r} holds {what}" for name, what in held if what]
    if others:
        raise ValueError(f"X must hold numbers, and {_some(others, '; ')}. {advice}")


def check_names(X: Any) -> None:
    """Refuse a DataFrame in which several columns have one name."""
    repeated = [repr(name) for name, number in Counter(X.columns).items() if number > 1]
    if repeated:
        raise ValueError(f"X has several columns {_some(repeated, ', ')}: give each a name of its own.")


def check_known(
    values: NDArray[np.float64], names: Sequence[str], why: str, *, nan: bool, infinity: bool = False
) -> None:
    """Refuse columns with missing or infinite values, by name.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_columns)
    names : sequence of str
        Of the columns.
    why : str
        What the message says of such values.
    nan, infinity : bool
        Whether values may be missing, or infinite.
    """
    if np.isfinite(values).all():
        return
    for what, is_it, allowed in (("NaN", np.isnan, nan), ("infinity", np.isinf, infinity)):
        columns = [] if allowed else [repr(str(names[i])) for i in np.flatnonzero(is_it(values).any(axis=0))]
        if columns:
            noun = "column" if len(columns) == 1 else "columns"
            raise ValueError(
                f"X contains {what} ({noun} {_some(columns, ', ')}), {why}: impute these values, or leave out the "
                f"{noun}."
            )


def _columns(X):
    """Names and columns, as Series of pandas."""
    if isinstance(X, pd.DataFrame):
        return X.items()
    return ((name, pd.Series(np.asarray(X[name]))) for name in X.columns)


def _what_else(column):
    """What a column holds that is no number; nothing if it holds numbers, or text that can be read as such."""
    if getattr(column.dtype, "kind", "O") in "biuf":
        return ""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    what = _WORDS.get(kind, f"{kind} values")
    if kind in _TIMES or kind == "complex":
        return what
    for value in column[column.notna()]:
        try:
            float(value)
        except (ValueError, TypeError):
            return f"{what} ({_short(repr(value))})"
    return ""


def _short(text):
    return text if len(text) <= 40 else f"{text[:37]}..."


def _some(named, separator):
    """The first of them, and how many more there are."""
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return f"{separator.join(named[:_MOST_NAMED])}{more}"
