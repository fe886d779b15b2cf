"""Files of tables, read by pandas and PyArrow; what a file leaves open is guessed where that is safe, and said."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
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
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # begins with the mark of UTF-16
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
#: What a text file that is not UTF-8 is taken for: the usual encoding of spreadsheets in Western Europe.
_NOT_UTF8 = "cp1252"
#: What stands for a missing number: pandas' default list, and marks that are no number either. In columns of text
#: these are values: "NA" is Namibia.
_MISSING_IN_PANDAS = ["#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"]
_MISSING_IN_PANDAS += ["N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"]
MISSING_NUMBERS = frozenset([*_MISSING_IN_PANDAS, "?", "-", "--", "."])
#: Numbers with a decimal comma or point, after groups of thousands or without.
_NUMBERS = {
    mark: rf"[+-]?(\d*|[1-9]\d{{0,2}}({of_thousands}\d{{3}})+)({re.escape(mark)}\d*)?([eE][+-]?\d+)?"
    for mark, of_thousands in ((",", "[.]"), (".", ","))
}
#: Texts among numbers are few if they are at most one in so many, or a single one.
_FEW = 20
#: In columns of fewer values, none are few.
_FEWEST = 3
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
    named = [name for name in frame.index.names if name is not None]
    frame = frame.reset_index(named).reset_index(drop=True)  # pandas keeps columns such as a time as names of rows
    if text.index_col is not None:
        frame = frame.drop(columns=frame.columns[_place(text.index_col, frame.columns)])
    return frame.apply(_plain).apply(_without, values=text.na_values), []


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


def _without(column, values):
    """A column in which text, and numbers that are written so, are missing."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return column
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.mask(column.isin(pd.to_numeric(pd.Series(values, dtype="str"), errors="coerce").dropna()))
    is_text = isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(column.dtype)
    return column.mask(column.isin(values)) if is_text else column


def _read_text(name, opened, text):
    """The table of a text file, after a look at its first bytes."""
    with opened() as file:
        head = file.read(_BYTES_TO_GUESS_BY)
    notes = []
    encoding = text.encoding or _guess_encoding(head, notes)
    lines = re.split(r"\r\n?|\n", head.decode(encoding, errors="replace"))
    marked = re.fullmatch(r'"?sep=(.)"?', lines[0]) if lines else None  # how Excel is told
    sep = text.sep or (marked[1] if marked else _guess_separator(name, lines, notes))
    options = {"sep": sep, "skiprows": int(marked is not None), "na_values": ["", *text.na_values]}

    def parse(decimal):
        return _parse(opened, encoding, text.index_col, options | {"decimal": decimal})

    try:
        frame = parse(text.decimal or ".")
    except UnicodeDecodeError:
        if text.encoding or encoding != "utf-8":
            raise ValueError(f"cannot be read as {encoding.upper()}: give --encoding.") from None
        notes.append("read as Windows Latin-1 (cp1252), for it is not UTF-8; --encoding says otherwise")
        encoding = _NOT_UTF8
        try:
            frame = parse(text.decimal or ".")
        except UnicodeDecodeError:
            raise ValueError(f"is neither UTF-8 nor {_NOT_UTF8}: give --encoding.") from None
    repeated = _repeated_names(lines[int(marked is not None) :], sep)
    if repeated:
        notes.append(f"named more than once, numbered from the second on: {', '.join(repeated)}")
    _note_short_lines(frame, opened, encoding, options, notes)
    _note_leading_zeros(frame, lines[options["skiprows"] :], sep, notes)
    decimal = text.decimal or _guess_decimal(frame, parse, notes)
    frame = _numbers_in_text(frame, decimal, notes)
    _note_few_texts(frame, opened, encoding, options, notes)
    unsure = [] if decimal else [str(name) for name in frame if _may_have_points_of_thousands(frame[name])]
    if unsure:
        notes.append(f"read with decimal points, which may be of thousands (then: --decimal ,): {', '.join(unsure)}")
    frame.attrs["repeated"] = repeated
    return frame, notes


def _guess_encoding(head, notes):
    """What the first bytes are marked as; UTF-8 if they have no mark."""
    encoding = next((of_mark for mark, of_mark in _MARKS.items() if head.startswith(mark)), "utf-8")
    if encoding in ("utf-16", "utf-32"):
        notes.append(f"read as {encoding.upper()}")
    elif b"\0" in head:
        raise ValueError("holds null bytes: it is no text, or UTF-16 without its mark (--encoding utf-16-le).")
    return encoding


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


def _parse(opened, encoding, index_col, options):
    """What pandas reads, without the column of row names that the user names."""
    options = options | ({"engine": "python"} if len(options["sep"]) > 1 else {"low_memory": False})
    options |= {"encoding": encoding, "keep_default_na": False, "skipinitialspace": True}
    frame = _parse_named(opened, options)
    has_names = frame is not None
    if not has_names and index_col == "0":
        with opened() as file:  # one value more than names: the first one names the row
            frame = pd.read_csv(file, **options)
    if frame is None or frame.index.nlevels > 1:
        raise ValueError(
            "the rows have more values than the header has names: name all columns, or give --index-col 0 if the "
            "first value of each row names the row."
        )
    frame.columns = [name.strip() if isinstance(name, str) else name for name in frame.columns]
    if has_names and index_col is not None:
        frame = frame.drop(columns=frame.columns[_place(index_col, frame.columns)])
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ValueError(f"two columns are named {twice[0]!r}.")
    return frame.reset_index(drop=True)


def _parse_named(opened, options):
    """The table if the header names all of its columns; rows may end in separators. Else None."""
    with opened() as file, warnings.catch_warnings():
        warnings.filterwarnings("error", "Length of header", pd.errors.ParserWarning)
        try:
            return pd.read_csv(file, **options | {"index_col": False})
        except pd.errors.ParserWarning:
            return None


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


def _note_short_lines(frame, opened, encoding, options, notes):
    """Say how many lines have fewer values than there are columns: pandas takes those on the right to be missing."""
    if not frame.shape[1] or not frame.iloc[:, -1].isna().any():
        return
    lines = _lines(opened, encoding, options)
    _, header = next(lines, (0, []))
    width = len(header) - (len(header) > 1 and not header[-1].strip())
    short = [number for number, line in lines if len(line) < width]
    if short:
        notes.append(
            f"{len(short):,} line{'s have' if len(short) > 1 else ' has'} fewer values than there are columns, the "
            f"first of them line {short[0]:,}: those on the right are taken to be missing"
        )


def _lines(opened, encoding, options):
    """Number and values of each line that is not empty; none from where on only pandas can read them."""
    sep, skipped = options["sep"], options["skiprows"]
    if len(sep) > 1:
        return
    with opened() as file, io.TextIOWrapper(file, encoding, newline="") as text:
        lines = csv.reader(islice(text, skipped, None), delimiter=sep, skipinitialspace=True)
        with suppress(csv.Error):
            yield from ((lines.line_num + skipped, line) for line in lines if line)


def _note_few_texts(frame, opened, encoding, options, notes):
    """Say which columns are text for the sake of a few values, such as the "Total" of a last line."""
    for name in _of_text(frame):
        known = _known(frame[name])
        texts = known[~known.str.fullmatch("|".join(_NUMBERS.values()))]
        if not 0 < len(texts) <= max(1, len(known) // _FEW) or len(known) < _FEWEST:
            continue
        first, n_more = texts.iloc[0], len(texts) - 1
        more = f" and {n_more:,} more value{' is no number' if n_more == 1 else 's are no numbers'}" if n_more else ""
        line = _line_of(first, name, _lines(opened, encoding, options))
        where = f"line {line:,} holds {first!r}" if line else f"{first!r} is no number"
        notes.append(f"read as text, for {where}{more} (see --na-values): {name}")


def _line_of(value, name, lines):
    """Number of the first line with a value in a column; None if the header has no such name, or no line the value."""
    header = [of_column.strip() for of_column in next(lines, (0, []))[1]]
    if name not in header:
        return None
    place = header.index(name)
    return next((number for number, line in lines if len(line) > place and line[place].strip() == value.strip()), None)


def _note_leading_zeros(frame, lines, sep, notes):
    """Say which columns are codes such as 00714, as far as the first lines show, for they are read as numbers."""
    if len(sep) > 1:
        return
    try:
        header, *rows = (row for row in csv.reader(lines[:-1], delimiter=sep, skipinitialspace=True) if row)
    except (csv.Error, ValueError):  # pandas reads what this cannot; or there is nothing
        return
    coded = {
        name.strip()
        for place, name in enumerate(header)
        if any(len(row) > place and re.fullmatch(r"0\d+", row[place].strip()) for row in rows)
    }
    names = [name for name in frame if name in coded and pd.api.types.is_integer_dtype(frame[name].dtype)]
    if names:
        notes.append(f"read as numbers, without their leading zeros: {', '.join(names)}")


def _may_have_points_of_thousands(column):
    """Whether numbers are whole below 1000 or have three digits after a point: 1.234 may follow 987."""
    if not pd.api.types.is_float_dtype(column.dtype):
        return False
    size = column.abs().dropna()
    whole = size == size.round()
    three = ((size * 1000).round() / 1000 == size) & ~whole & (size >= 1) & (size < 1000)
    to_the_last = three & ((size * 100).round() / 100 != size)
    return bool((whole & (size < 1000) | three).all() and (whole & (size >= 100)).any() and to_the_last.any())


def _guess_decimal(frame, parse, notes):
    """The comma, if a column shows that it is decimal; what was read of the others by the point is put right."""
    with_commas = [name for name in _of_text(frame) if _decimal_mark(_known(frame[name])) == ","]
    if not with_commas:
        return None
    notes.append(f"read with decimal commas: {', '.join(with_commas)}")
    again = parse(",")
    others = [name for name in _of_text(again) if pd.api.types.is_numeric_dtype(frame[name].dtype)]
    with_points = [name for name in others if _is_written_with(_known(again[name]), ",")]
    if with_points:
        notes.append(f"read with points of thousands: {', '.join(with_points)}")
    frame[with_points] = again[with_points]
    return ","


def _numbers_in_text(frame, decimal, notes):
    """Make numbers of columns of text that hold nothing else besides marks of missing ones."""
    missing, kept, unclear, thousands = {}, {}, [], []
    for name in _of_text(frame):
        column = frame[name].astype("str")
        marks = sorted(column[column.isin(MISSING_NUMBERS)].unique())
        known = _known(column)
        mark = decimal or _decimal_mark(known)
        if mark and _is_written_with(known, mark):
            thousands += [name] if not decimal else []
            known = known.str.replace("." if mark == "," else ",", "").str.replace(mark, ".")
        elif not decimal and any(_is_written_with(known, mark) for mark in _NUMBERS) and known.str.contains(",").any():
            unclear.append(name)
        numbers = pd.to_numeric(known, errors="coerce")
        if len(known) and not numbers.isna().any():
            frame[name] = numbers.reindex(frame.index)
            missing |= {mark: [*missing.get(mark, []), name] for mark in marks}
        elif len(known) or marks:
            kept |= {mark: [*kept.get(mark, []), name] for mark in marks}
    said = {"read with commas of thousands": thousands}
    said["read as text, for commas can be decimal or of thousands (see --decimal)"] = unclear
    said |= {f"{mark!r} is read as missing in numbers": names for mark, names in missing.items()}
    said |= {f"{mark!r} is read as text (see --na-values)": names for mark, names in kept.items()}
    notes += [f"{what}: {', '.join(names)}" for what, names in said.items() if names]
    return frame


def _of_text(frame):
    return frame.columns[[pd.api.types.is_string_dtype(dtype) for dtype in frame.dtypes]]


def _known(column):
    """The values of a column of text that are not missing if it holds numbers."""
    column = column.astype("str")
    return column[~column.isin(MISSING_NUMBERS) & column.notna()]


def _is_written_with(known, decimal):
    """Whether all are numbers with a decimal mark, the other mark standing between thousands only."""
    return bool(known.str.fullmatch(_NUMBERS[decimal]).all())


def _decimal_mark(known):
    """The decimal mark of numbers with commas, if they can be read in one way only; else None."""
    marks = [mark for mark in _NUMBERS if _is_written_with(known, mark)]
    return marks[0] if len(marks) == 1 and known.str.contains(marks[0], regex=False).any() else None
