"""Files of tables, read by pandas and PyArrow; what a file leaves open is guessed where that is safe, and said."""

import bz2
import csv
import gzip
import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from ..extras import import_extra

_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_TEXT = (".csv", ".tsv", ".txt")
_PARQUET = (".parquet", ".pq")
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_BYTES_TO_GUESS_BY = 65536
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
#: What a text file that is not UTF-8 is taken for: the usual encoding of spreadsheets in Western Europe.
_NOT_UTF8 = "cp1252"
#: What stands for a missing number: pandas' default list, and marks that are no number either. In columns of text
#: these are values: "NA" is Namibia.
_MISSING_IN_PANDAS = ["#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"]
_MISSING_IN_PANDAS += ["N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"]
MISSING_NUMBERS = frozenset([*_MISSING_IN_PANDAS, "?", "-", "--", "."])
#: Numbers with one comma at most, and those whose comma can be of thousands.
_WITH_COMMA, _THOUSANDS = r"[+-]?\d*(,\d*)?([eE][+-]?\d+)?", r"[+-]?[1-9]\d{0,2},\d{3}"
_UNREADABLE = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    re.error,
)


@dataclass(frozen=True)
class TextFormat:
    """How a text file writes a table; None: as the file itself shows.

    Parameters
    ----------
    sep, decimal, encoding : str, optional
        As in `pandas.read_csv`.
    na_values : tuple of str
        What stands for a missing value, besides nothing at all, in all columns.
    index_col : str, optional
        Name or, from 0, place of a column that only numbers or names the rows.
    """

    sep: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    na_values: tuple[str, ...] = ()
    index_col: str | None = None


def read_table(path: str | Path, text: TextFormat = TextFormat()) -> tuple[pd.DataFrame, list[str]]:
    """Read a text file (``.csv``, ``.tsv``, ``.txt``; also ``.gz``, ``.bz2``, ``.xz``, ``.zip``) or Parquet.

    Parameters
    ----------
    path : str or Path
        The file.
    text : TextFormat, optional
        How a text file is written. `na_values` and `index_col` hold for Parquet too.

    Returns
    -------
    frame : DataFrame
        Numbers as NumPy's integers or floats; the names are text.
    notes : list of str
        What was guessed.

    Raises
    ------
    ValueError
        The file is missing, empty, of another kind or not what its name says; the message names it.
    MissingExtraError
        Parquet needs pyarrow.
    """
    path = Path(path)
    name = path.name.lower()
    try:
        if name.endswith(_PARQUET):
            frame, notes = _read_parquet(path, text)
        else:
            name, opened = _text_file(path, name)
            frame, notes = _read_text(name, opened, text)
    except (*_UNREADABLE, ValueError, TypeError) as error:
        what = str(getattr(error, "strerror", None) or error).strip()
        raise ValueError(f"{path}: {what.removeprefix('Error tokenizing data. C error: ')}") from error
    if frame.empty:
        raise ValueError(f"{path}: the table has no rows.")
    frame.columns = [str(name) for name in frame.columns]
    return frame, notes


def _text_file(path, name) -> tuple[str, Callable[[], IO[bytes]]]:
    """The name of a text file, without that of a compression, and what opens it for its bytes."""
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.namelist() if not m.endswith("/") and not m.startswith("__MACOSX")]
        if len(members) != 1 or not members[0].lower().endswith(_TEXT):
            raise ValueError(f"the archive must hold one table ({', '.join(_TEXT)}). It holds: {', '.join(members)}.")
        return members[0].lower(), lambda: zipfile.ZipFile(path).open(members[0])
    suffix = next((s for s in _OPENERS if name.endswith(s)), "")
    name = name.removesuffix(suffix)
    if not name.endswith(_TEXT):
        kinds = ", ".join((*_TEXT, *_OPENERS, ".zip", *_PARQUET))
        raise ValueError(f"not a kind of table that treeprune reads ({kinds}).")
    return name, lambda: _OPENERS.get(suffix, open)(path, "rb")


def _read_parquet(path, text):
    import_extra("pyarrow", "parquet")
    frame = pd.read_parquet(path)
    if text.index_col is not None:
        frame = frame.drop(columns=frame.columns[_place(text.index_col, frame.columns)])
    if text.na_values:
        frame = frame.mask(frame.isin(text.na_values))
    return frame.apply(_plain), []


def _plain(column):
    """A column in NumPy's own types where it holds numbers or truth values, in a copy that can be written to."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return column
    if pd.api.types.is_bool_dtype(dtype) and not isinstance(dtype, np.dtype):
        return column.astype(object).where(column.notna(), None)
    if pd.api.types.is_numeric_dtype(dtype) and pd.api.types.is_extension_array_dtype(dtype):
        return pd.Series(column.to_numpy(dtype="float64", na_value=float("nan"), copy=True), column.index)
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if pd.api.types.is_object_dtype(dtype) and inferred in ("decimal", "floating", "integer"):
        return column.astype("float64")
    return column.copy()


def _read_text(name, opened, text):
    """The table of a text file, after a look at its first bytes."""
    with opened() as file:
        head = file.read(_BYTES_TO_GUESS_BY)
    encoding, notes = text.encoding, []
    if encoding is None:
        encoding = next((of_mark for mark, of_mark in _MARKS.items() if head.startswith(mark)), "utf-8")
        if encoding == "utf-16":
            notes.append("read as UTF-16")
        elif b"\0" in head:
            raise ValueError("holds null bytes: it is no text, or UTF-16 without its mark (--encoding utf-16-le).")
    lines = re.split(r"\r\n?|\n", head.decode(encoding, errors="replace"))
    marked = re.fullmatch(r'"?sep=(.)"?', lines[0]) if lines else None  # how Excel is told
    sep = text.sep or (marked[1] if marked else _guess_separator(name, lines, notes))
    options = {"sep": sep, "skiprows": int(marked is not None), "decimal": text.decimal or "."}
    options |= {"na_values": ["", *text.na_values], "index_col": text.index_col}
    try:
        frame = _parse(opened, encoding, options)
    except UnicodeDecodeError:
        if text.encoding or encoding != "utf-8":
            raise ValueError(f"cannot be read as {encoding.upper()}: give --encoding.") from None
        notes.append("read as Windows Latin-1 (cp1252), for it is not UTF-8; --encoding says otherwise")
        try:
            frame = _parse(opened, _NOT_UTF8, options)
        except UnicodeDecodeError:
            raise ValueError(f"is neither UTF-8 nor {_NOT_UTF8}: give --encoding.") from None
    repeated = _repeated_names(lines[int(marked is not None) :], sep)
    if repeated:
        notes.append(f"named more than once, numbered from the second on: {', '.join(repeated)}")
        frame.attrs["repeated"] = repeated
    return _numbers_in_text(frame, text.decimal, notes), notes


def _guess_separator(name, lines, notes):
    """The one separator that cuts the first lines into the same number of fields; that of the file's kind if none."""
    usual = "\t" if name.endswith(".tsv") else ","
    lines = [line for line in lines if line.strip()][:100]
    fitting = [sep for sep in _SEPARATORS if _same_width(lines, sep)]
    if len(fitting) > 1 and name.endswith(".tsv") and usual in fitting:
        fitting = [usual]
    if len(fitting) > 1:
        names = " and by ".join(_SEPARATORS[sep] for sep in fitting)
        raise ValueError(f"its lines can be cut by {names}: give --sep.")
    if fitting and fitting != [usual]:
        notes.append(f"cut by {_SEPARATORS[fitting[0]]}")
    return fitting[0] if fitting else usual


def _same_width(lines, sep):
    """Whether all lines have as many fields as the first, two or more; an empty one at the end does not count."""
    try:
        rows = list(csv.reader(lines, delimiter=sep, skipinitialspace=True))
    except csv.Error:
        return False
    rows = rows[:-1] if len(rows) > 2 else rows  # the last one may be cut
    rows = [row[:-1] if len(row) > len(rows[0]) and not row[-1] else row for row in rows]
    return bool(rows) and len(rows[0]) > 1 and len({len(row) for row in rows}) == 1


def _parse(opened, encoding, options):
    """What pandas reads, no column taken for row names unless the user says so."""
    index_col = options["index_col"]
    options = options | ({"engine": "python"} if len(options["sep"]) > 1 else {"low_memory": False})
    options |= {"encoding": encoding, "keep_default_na": False, "skipinitialspace": True}
    with opened() as file, warnings.catch_warnings():
        warnings.filterwarnings("error", "Length of header", pd.errors.ParserWarning)
        try:
            if index_col is None:
                frame = pd.read_csv(file, **options | {"index_col": False})
            else:
                with opened() as again:  # a place or a name, as the header shows
                    header = pd.read_csv(again, **options | {"index_col": False, "nrows": 0}).columns
                frame = pd.read_csv(file, **options | {"index_col": _place(index_col, header)})
        except pd.errors.ParserWarning:
            raise ValueError(
                "the rows have more values than the header has names: name all columns, or give --index-col 0 if the "
                "first value of each row names the row."
            ) from None
    frame.columns = [name.strip() if isinstance(name, str) else name for name in frame.columns]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ValueError(f"two columns are named {twice[0]!r}.")
    return frame.reset_index(drop=True)


def _place(index_col, names):
    """The place of a column that is given by its name or its place."""
    names = [str(name).strip() for name in names]
    if index_col in names:
        return names.index(index_col)
    if index_col.isdecimal() and int(index_col) < len(names):
        return int(index_col)
    raise ValueError(f"no column {index_col!r} for --index-col; there are: {', '.join(names)}.")


def _repeated_names(lines, sep):
    """Names that the header has more than once, which pandas numbers."""
    if not lines or len(sep) > 1:
        return []
    header = [name.strip() for name in next(csv.reader(lines[:1], delimiter=sep, skipinitialspace=True), [])]
    return [name for name in dict.fromkeys(header) if name and header.count(name) > 1]


def _numbers_in_text(frame, decimal, notes):
    """Make numbers of columns that hold nothing else besides marks of missing ones, or decimal commas."""
    missing, commas, thousands, kept = {}, [], [], {}
    for name in frame.columns[[pd.api.types.is_string_dtype(dtype) for dtype in frame.dtypes]]:
        column = frame[name].astype("str")
        marked = column.isin(MISSING_NUMBERS)
        marks = sorted(column[marked].unique())
        known = column[~marked & column.notna()]
        numbers = pd.to_numeric(known.str.replace(decimal, ".") if decimal else known, errors="coerce")
        if numbers.isna().any() and decimal != "," and known.str.fullmatch(_WITH_COMMA).all():
            of_thousands = known.str.contains(",").eq(known.str.fullmatch(_THOUSANDS)).all()
            if of_thousands and not decimal:
                thousands.append(name)
            elif of_thousands or not decimal:
                numbers = pd.to_numeric(known.str.replace(",", "" if of_thousands else "."), errors="coerce")
                commas += [] if of_thousands or numbers.isna().any() else [name]
        if len(known) and not numbers.isna().any():
            frame[name] = numbers.reindex(frame.index)
            missing |= {mark: [*missing.get(mark, []), name] for mark in marks}
        elif len(known) or marks:
            kept |= {mark: [*kept.get(mark, []), name] for mark in marks}
    if commas:
        notes.append(f"read with decimal commas: {', '.join(commas)}")
    if thousands:
        notes.append(f"read as text, for commas can be decimal or of thousands (see --decimal): {', '.join(thousands)}")
    notes += [f"{mark!r} is read as missing in numbers: {', '.join(names)}" for mark, names in missing.items()]
    notes += [f"{mark!r} is read as text (see --na-values): {', '.join(names)}" for mark, names in kept.items()]
    return frame
