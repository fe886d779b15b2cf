"""Tables from files: read, split into columns and target, encode what is not a number."""

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OrdinalEncoder

from ..extras import import_extra

#: Integers with at most this many distinct values are taken for classes.
MOST_CLASSES = 20
_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq")
_TEXT, _NUMBER, _DATE = "text", "number", "date"
_KINDS = {
    **dict.fromkeys(["string", "boolean", "categorical"], _TEXT),
    **dict.fromkeys(["floating", "integer", "mixed-integer-float", "decimal", "empty"], _NUMBER),
    **dict.fromkeys(["datetime64", "datetime", "date", "time", "timedelta64", "timedelta", "period"], _DATE),
}


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV (``.csv``, ``.tsv``, ``.gz`` of both) or Parquet (``.parquet``, ``.pq``) file.

    Raises
    ------
    ValueError
        The file is missing, empty, of another kind or not what its name says; the message names it.
    MissingExtraError
        Parquet needs pyarrow.
    """
    path = Path(path)
    name = path.name.lower()
    if not name.endswith(_SUFFIXES):
        raise ValueError(f"{path}: not a kind of table that treeprune reads ({', '.join(_SUFFIXES)}).")
    try:
        if name.endswith((".parquet", ".pq")):
            import_extra("pyarrow", "parquet")
            frame = pd.read_parquet(path)
        else:
            separator = "\t" if ".tsv" in name else ","
            with gzip.open(path) if name.endswith(".gz") else path.open("rb") as file:
                frame = pd.read_csv(file, sep=separator, low_memory=False)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ValueError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if frame.empty:
        raise ValueError(f"{path}: the table has no rows.")
    return frame.rename(columns=str)


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
    X, y, notes = frame.drop(columns=[target, *drop]), frame[target], []
    missing = y.isna()
    if missing.all():
        raise ValueError(f"the target {target!r} is missing in all {len(y)} rows.")
    if missing.any():
        notes.append(f"left out {count(missing.sum(), 'row')} without {target!r}")
        X, y = X[~missing], y[~missing]
    kind = _kind(y)
    if kind == _DATE or (kind == _TEXT and task == "regression"):
        raise ValueError(f"the target {target!r} holds {'dates' if kind == _DATE else 'text'}, not numbers.")
    y = y.astype(object).infer_objects().to_numpy() if kind == _TEXT else _numbers(y)
    n_distinct = len(pd.unique(y))
    few = kind == _TEXT or (y.dtype.kind in "iu" and n_distinct <= MOST_CLASSES)
    task = task or ("classification" if few else "regression")
    classes = f" with {count(n_distinct, 'class', 'classes')}" if task == "classification" else ""
    return X, y, task, [*notes, f"target {target!r}: {task}{classes}"]


def column_encoder(X: pd.DataFrame) -> tuple[ColumnTransformer, list[str]]:
    """A transformer, not fitted, that makes numbers of the columns of a table, and notes on what it does.

    Text, truth values and categories become ordinal codes: in the order of the categories where they have one, else
    sorted. Missing values, and values never seen, are NaN. Dates are left out, and so is text that differs from row
    to row, such as names: a tree learns nothing from either that would hold for new rows.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        The rows to fit on.

    Raises
    ------
    ValueError
        A column holds values of mixed or unknown kinds, or no column is left.

    Examples
    --------
    >>> import pandas as pd
    >>> encoder, notes = column_encoder(pd.DataFrame({"size": [1.5, 2, 7], "kind": ["b", "a", None]}))
    >>> notes
    ['coded as ordered numbers: kind (2)']
    """
    columns, categories, names = [], [], []
    kinds = {name: _kind(X[name]) for name in X}
    for name in [name for name, kind in kinds.items() if kind == _TEXT]:
        values = _categories(X[name])
        if len(values) > max(MOST_CLASSES, len(X) // 2):
            names.append(name)
        else:
            columns.append(name)
            categories.append(values)
    dates = [name for name, kind in kinds.items() if kind == _DATE]
    numbers = [name for name, kind in kinds.items() if kind == _NUMBER]
    if not columns and not numbers:
        raise ValueError("no column is left to predict by.")
    codes = OrdinalEncoder(categories=categories, handle_unknown="use_encoded_value", unknown_value=np.nan)
    transformer = ColumnTransformer(
        [("codes", codes, columns), ("numbers", "passthrough", numbers)], verbose_feature_names_out=False
    ).set_output(transform="pandas")
    coded = [f"{name} ({len(values)})" for name, values in zip(columns, categories, strict=True)]
    said = {"coded as ordered numbers": coded, "left out, dates": dates, "left out, text of too many values": names}
    return transformer, [f"{what}: {', '.join(which)}" for what, which in said.items() if which]


def _kind(column):
    kind = _KINDS.get(pd.api.types.infer_dtype(column, skipna=True))
    if kind is None:
        raise ValueError(f"the column {column.name!r} holds values of mixed or unknown kinds.")
    if kind == _TEXT and pd.api.types.infer_dtype(column, skipna=True) == "string":
        known = column.dropna()
        if len(known) and known.str.fullmatch(r"\d{4}-\d{2}-\d{2}([T ].*)?").all():
            return _DATE
    return kind


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
