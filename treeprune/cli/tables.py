"""Tables: split into columns and target, encode what is not a number, leave out columns without information."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OrdinalEncoder

from ..times import read_times

#: Integers with at most this many distinct values are taken for classes.
MOST_CLASSES = 20
#: Beyond this, single precision is infinite.
_LARGEST = float(np.finfo(np.float32).max)
#: How columns are named that only number the rows; nameless ones are pandas' "Unnamed: 0".
_NAMELESS = re.compile(r"unnamed: \d+(\.\d+)*|__index_level_\d+__|")
_NUMBERING = re.compile(r"index|level_0|id|#|n[or]\.?|row|row[_. ]?(id|index|names?|n[or]|num|number)")
#: Dates as text, the year first or last: no codes, for their order as text is not that of time.
_DATES = r"\s*(\d{4}-\d{2}-\d{2}|\d{1,2}([-./])\d{1,2}\2\d{4})([T ].*)?"
_ALL_KINDS = _TEXT, _NUMBER, _DATE, _EMPTY = "text", "number", "date", "nothing"
_KINDS = {
    **dict.fromkeys(["string", "boolean", "categorical"], _TEXT),
    **dict.fromkeys(["floating", "integer", "mixed-integer-float", "decimal"], _NUMBER),
    **dict.fromkeys(["datetime64", "datetime", "date", "time", "timedelta64", "timedelta", "period"], _DATE),
}


def check_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise a ValueError, which names it, for the first column that is not there."""
    for name in names:
        if name not in frame:
            raise ValueError(f"no column {name!r}; there are: {', '.join(frame.columns)}.")


def split_target(
    frame: pd.DataFrame, target: str, *, task: str | None = None, drop: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, np.ndarray, str, list[str]]:
    """Set the target apart from the columns to predict it by.

    Text, truth values and categories make a classification, and so do whole numbers with at most 20 distinct values;
    other numbers make a regression. Rows without a target are left out.

    Parameters
    ----------
    frame : DataFrame
        Columns and target.
    target : str
        Name of the target's column.
    task : {"classification", "regression"}, optional
        Overrides the above.
    drop : tuple of str
        Columns to leave out.

    Returns
    -------
    X : DataFrame of shape (n_rows, n_columns)
        The other columns as they are.
    y : ndarray of shape (n_rows,)
        The target, nothing missing: int64, float64, bool or object.
    task : {"classification", "regression"}
        What the target asks for.
    notes : list of str
        What was decided on the way.

    Raises
    ------
    ValueError
        A column is not there, no row has a target, or the target does not fit the task.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"size": [1.5, 2, 7], "kind": ["a", "b", None]})
    >>> X, y, task, notes = split_target(frame, "kind")
    >>> task, y.tolist(), notes[0]
    ('classification', ['a', 'b'], "left out 1 row without 'kind'")
    """
    check_columns(frame, (target, *drop))
    if target in frame.attrs.get("repeated", ()):
        raise ValueError(f"several columns are named {target!r}: which of them is the target cannot be told.")
    X, y, notes = frame.drop(columns=[target, *drop]), frame[target], []
    missing = y.isna()
    if missing.all():
        raise ValueError(f"the target {target!r} is missing in all {len(y)} rows.")
    if missing.any():
        notes.append(f"left out {count(missing.sum(), 'row')} without {target!r}")
        X, y = X[~missing], y[~missing]
    kind = _kind(y)
    if kind is None:
        raise ValueError(f"the target {target!r} holds neither numbers nor text.")
    if kind == _DATE or (kind == _TEXT and task == "regression"):
        as_numbers = pd.to_numeric(y.astype(str), errors="coerce")
        first = y.iloc[int(as_numbers.isna().argmax())]
        what = "dates" if kind == _DATE else "text"
        raise ValueError(f"the target {target!r} holds {what}, not numbers: the first is {str(first)!r}.")
    y = y.astype(object).infer_objects().to_numpy() if kind == _TEXT else _numbers(y)
    n_infinite = np.isinf(y).sum() if kind == _NUMBER else 0
    if n_infinite:
        raise ValueError(f"the target {target!r} is infinite in {count(n_infinite, 'row')}.")
    n_distinct = len(pd.unique(y))
    few = kind == _TEXT or (y.dtype.kind in "iu" and n_distinct <= MOST_CLASSES)
    task = task or ("classification" if few else "regression")
    classes = f" with {count(n_distinct, 'class', 'classes')}" if task == "classification" else ""
    return X, y, task, [*notes, f"target {target!r}: {task}{classes}"]


def column_encoder(X: pd.DataFrame, row_numbers_of: Sequence[str] | None = None) -> tuple[ColumnTransformer, list[str]]:
    """A transformer, not fitted, that makes numbers of the columns of a table, and notes on what it does.

    Text, truth values and categories become ordinal codes: in the order of the categories where they have one, else
    sorted. Missing values, and values never seen, are NaN. Dates are left out, and so are text that differs from row
    to row, such as names, and `row_numbers`: a tree learns nothing from them that would hold for new rows. Also left
    out is what a tree cannot take: lists, bytes, values of mixed kinds, and columns without a value.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        The rows to fit on.
    row_numbers_of : sequence of str, optional
        The `row_numbers` of a larger table that the rows are of.

    Raises
    ------
    ValueError
        No column is left.

    Examples
    --------
    >>> import pandas as pd
    >>> encoder, notes = column_encoder(pd.DataFrame({"size": [1.5, 2, 7], "kind": ["b", "a", None]}))
    >>> notes
    ['coded as ordered numbers: kind (2)']
    """
    numbering = row_numbers(X) if row_numbers_of is None else row_numbers_of
    kinds = {name: _kind(X[name]) for name in X if name not in numbering}
    of_kind = {kind: [name for name, found in kinds.items() if found == kind] for kind in (*_ALL_KINDS, None)}
    columns, categories, names = [], [], []
    for name in of_kind[_TEXT]:
        values = _categories(X[name])
        if len(values) > max(MOST_CLASSES, len(X) // 2):
            names.append(name)
        else:
            columns.append(name)
            categories.append(values)
    coded = [f"{name} ({len(values)})" for name, values in zip(columns, categories, strict=True)]
    said = {
        "coded as ordered numbers": coded,
        "left out, row numbers": [name for name in X if name in numbering],
        "left out, dates": of_kind[_DATE],
        "left out, text of too many values": names,
        "left out, without a value": of_kind[_EMPTY],
        "left out, neither numbers nor text": of_kind[None],
    }
    notes = [f"{what}: {', '.join(which)}" for what, which in said.items() if which]
    if not columns and not of_kind[_NUMBER]:
        raise ValueError("; ".join(["no column is left to predict by", *notes]) + ".")
    codes = OrdinalEncoder(categories=categories, handle_unknown="use_encoded_value", unknown_value=np.nan)
    transformer = ColumnTransformer(
        [("codes", codes, columns), ("numbers", "passthrough", of_kind[_NUMBER])], verbose_feature_names_out=False
    ).set_output(transform="pandas")
    return transformer, notes


def beyond_float32(X: pd.DataFrame) -> list[str]:
    """Columns of numbers that single precision, in which scikit-learn's trees split, cannot hold; and in how many rows.

    Examples
    --------
    >>> beyond_float32(pd.DataFrame({"size": [1.5, 2, 7], "speed": [float("inf"), 2, 1e40]}))
    ['speed (2 rows)']
    """
    rows = {name: int((X[name].abs() > _LARGEST).sum()) for name in X if pd.api.types.is_float_dtype(X[name].dtype)}
    return [f"{name} ({count(number, 'row')})" for name, number in rows.items() if number]


def row_numbers(X: pd.DataFrame) -> list[str]:
    """Columns of whole numbers that only number the rows.

    They are named like an index and go from 0 to n - 1, or from 1 to n. Where they are nameless, they can be any
    numbers that are unique (a sample), or begin anew (files one after the other).

    Examples
    --------
    >>> row_numbers(pd.DataFrame({"Unnamed: 0": [7, 9, 3], "id": [1, 2, 3], "size": [1, 2, 3]}))
    ['Unnamed: 0', 'id']
    """
    return [name for name in X if _numbers_rows(str(name).lower(), X[name])]


def _numbers_rows(name, column):
    is_nameless = _NAMELESS.fullmatch(name)
    if not (is_nameless or _NUMBERING.fullmatch(name)) or not _is_whole(column):
        return False
    if is_nameless and column.is_unique:
        return True
    first, goes_on = column.iloc[0], column.diff().iloc[1:] == 1
    return bool(first in (0, 1) and (goes_on | (bool(is_nameless) & (column.iloc[1:] == first))).all())


def _is_whole(column):
    dtype = column.dtype
    is_float = pd.api.types.is_float_dtype(dtype) and bool((column % 1 == 0).all())
    return is_float or pd.api.types.is_integer_dtype(dtype)


def _kind(column):
    """What a column holds; None: what a tree cannot take."""
    if column.isna().all():
        return _EMPTY
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred == "string" and column.dropna().str.fullmatch(_DATES).all():
        return _DATE
    return _KINDS.get(inferred)


def time_order(column: pd.Series, time_format: str | None = None) -> NDArray[np.intp]:
    """Places of the rows in the order of time, equal times as they stand.

    Numbers and dates order themselves; text is read as ISO 8601 or by a format, never by a guess.

    Parameters
    ----------
    column : Series of shape (n_rows,)
        Times: with a zone, the instants count.
    time_format : str, optional
        Of text, as in `datetime.datetime.strptime`.

    Raises
    ------
    ValueError
        A time is missing, or the column holds no times that can be read in one way only.

    Examples
    --------
    >>> time_order(pd.Series(["2026-03-01", "2026-02-01T10:00"])).tolist()
    [1, 0]
    >>> time_order(pd.Series(["03.01.2026", "01.02.2026"]), "%d.%m.%Y").tolist()
    [0, 1]
    """
    if _kind(column) is None or pd.api.types.infer_dtype(column) == "boolean":
        raise ValueError(f"the time {column.name!r} holds neither dates nor numbers.")
    try:
        times = read_times(column, time_format)
    except ValueError as error:
        hint = " On the command line: --time-format." if "time_format" in str(error) else ""
        raise ValueError(f"the time {column.name!r} cannot be read: {error}{hint}") from error
    return np.argsort(times.values, kind="stable")


def _categories(column):
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.categories.to_numpy(dtype=object)
    return np.array(sorted(column.dropna().unique()), dtype=object)


def _numbers(y):
    """The target as int64 where it is whole, else float64."""
    y = y.to_numpy(dtype=np.float64)
    whole = np.isfinite(y).all() and (y == np.rint(y)).all() and np.abs(y).max() < 2**53
    return y.astype(np.int64) if whole else y


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun, in the singular for one."""
    return f"{n} {noun if n == 1 else plural or noun + 's'}"
