"""Files as people have them: what is read of each, and what is said, or the message."""

import bz2
import gzip
import html
import io
import lzma
import sqlite3
import zipfile
from codecs import BOM_UTF16_BE
from datetime import date
from decimal import Decimal

import joblib
import numpy as np
import pandas as pd
import pytest

from treeprune import rules
from treeprune.cli.reading import TextFormat, read_table
from treeprune.cli.tables import column_encoder, row_numbers, split_target, time_order

PLAIN = "a,b,y\n1,2.5,u\n3,4.5,v\n"
READ = {"a": [1, 3], "b": [2.5, 4.5], "y": ["u", "v"]}
NAN = np.nan


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__dot__", ".").replace("__slash__", "/"), text)
    return file.getvalue()


#: Name of a file, its text or bytes, options, what is read of it, and a part of what is said (None: nothing is).
FILES = {
    "plain": ("t.csv", PLAIN, {}, READ, None),
    "tabs": ("t.tsv", PLAIN.replace(",", "\t"), {}, READ, None),
    "txt": ("t.txt", PLAIN, {}, READ, None),
    "capitals in the file's name": ("T.CSV", PLAIN, {}, READ, None),
    "gzip": ("t.csv.gz", gzip.compress(PLAIN.encode()), {}, READ, None),
    "bzip2": ("t.csv.bz2", bz2.compress(PLAIN.encode()), {}, READ, None),
    "xz": ("t.tsv.xz", lzma.compress(PLAIN.replace(",", "\t").encode()), {}, READ, None),
    "zip": ("t.zip", zipped(t__dot__csv=PLAIN), {}, READ, None),
    "zip from a Mac": ("t.zip", zipped(t__dot__csv=PLAIN, __MACOSX__slash__t__dot__csv="x"), {}, READ, None),
    "separator at the end of rows": ("t.csv", "a,b,y\n1,2.5,u,\n3,4.5,v,\n", {}, READ, None),
    "separator at the end of some rows": ("t.csv", "a,b,y\n1,2.5,u,\n3,4.5,v\n", {}, READ, None),
    "separator at the end of all lines": (
        "t.csv",
        "a,b,y,\n1,2.5,u,\n3,4.5,v,\n",
        {},
        READ | {"Unnamed: 3": [NAN, NAN]},
        None,
    ),
    "semicolons": ("t.csv", PLAIN.replace(",", ";"), {}, READ, "cut by semicolon"),
    "bars": ("t.csv", PLAIN.replace(",", "|"), {}, READ, "cut by bar"),
    "tabs in a csv": ("t.csv", PLAIN.replace(",", "\t"), {}, READ, "cut by tab"),
    "semicolons, also at the end": ("t.csv", "a;b;y\n1;2.5;u;\n3;4.5;v;\n", {}, READ, "cut by semicolon"),
    "semicolons and decimal commas": ("t.csv", "a;b;y\n1;2,5;u\n3;4,5;v\n", {}, READ, "decimal commas: b"),
    "quoted decimal commas": ("t.csv", 'a,b,y\n1,"2,5",u\n3,"4,5",v\n', {}, READ, "decimal commas: b"),
    "decimal commas that look like thousands": (
        "t.csv",
        "a;b\n1;2,500\n3;4,500\n",
        {},
        {"a": [1, 3], "b": ["2,500", "4,500"]},
        "decimal or of thousands (see --decimal): b",
    ),
    "the same, told": ("t.csv", "a;b\n1;2,500\n3;4,500\n", {"decimal": ","}, {"a": [1, 3], "b": [2.5, 4.5]}, "cut by"),
    "commas of thousands beside decimal points": (
        "t.csv",
        'a,b\n"1,234.5","1,000"\n12.25,2.5\n',
        {},
        {"a": [1234.5, 12.25], "b": [1000, 2.5]},
        "commas of thousands: a, b",
    ),
    "points of thousands beside decimal commas": (
        "t.csv",
        "a;b;c;d\n1.234,5;950;2.75;NA\n2,25;1.200;3.5;1.000\n",
        {},
        {"a": [1234.5, 2.25], "b": [950, 1200], "c": [2.75, 3.5], "d": [NAN, 1000]},
        "points of thousands: b",
    ),
    "these, told": (
        "t.csv",
        "a;b;c;d\n1.234,5;950;2.75;NA\n2,25;1.200;3.5;1.000\n",
        {"decimal": ","},
        {"a": [1234.5, 2.25], "b": [950, 1200], "c": [2.75, 3.5], "d": [NAN, 1000]},
        "cut by",
    ),
    "millions": (
        "t.csv",
        'a,b\n"1,234,567",1.234.567\n',
        {},
        {"a": ["1,234,567"], "b": ["1.234.567"]},
        "decimal or of thousands (see --decimal): a",
    ),
    "lists of numbers": ("t.csv", "a;b\n1,2,3;1.2.3\n", {}, {"a": ["1,2,3"], "b": ["1.2.3"]}, "cut by"),
    "commas of thousands, told": ("t.csv", "a;b\n1;2,500\n3;450\n", {"decimal": "."}, {"b": [2500, 450]}, "cut by"),
    "a separator that is told": ("t.csv", PLAIN.replace(",", "~"), {"sep": "~"}, READ, None),
    "any blanks, told": ("t.txt", "a  b y\n1 2.5   u\n3  4.5 v\n", {"sep": r"\s+"}, READ, None),
    "separator in Excel's first line": ("t.csv", "sep=;\na;b;y\n1;2.5;u\n3;4.5;v\n", {}, READ, None),
    "blanks after commas": ("t.csv", "a, b , y\n1, 2.5, u\n3, 4.5, v\n", {}, READ, None),
    "blanks before quotes": ("t.csv", 'a, "b, c"\n1, "x, y"\n', {}, {"a": [1], "b, c": ["x, y"]}, None),
    "UTF-8 with a mark": ("t.csv", PLAIN.encode("utf-8-sig"), {}, READ, None),
    "UTF-16 with a mark": ("t.csv", PLAIN.encode("utf-16"), {}, READ, "UTF-16"),
    "UTF-16 of the other order": ("t.csv", BOM_UTF16_BE + PLAIN.encode("utf-16-be"), {}, READ, "UTF-16"),
    "UTF-32": ("t.csv", PLAIN.encode("utf-32"), {}, READ, "UTF-32"),
    "UTF-16 without a mark, told": ("t.csv", PLAIN.encode("utf-16-le"), {"encoding": "utf-16-le"}, READ, None),
    "Latin-1": ("t.csv", "ä,y\n1,ü\n2,ß\n".encode("latin-1"), {}, {"ä": [1, 2], "y": ["ü", "ß"]}, "cp1252"),
    "Cyrillic, told": ("t.csv", "я,y\n1,ж\n".encode("cp1251"), {"encoding": "cp1251"}, {"я": [1], "y": ["ж"]}, None),
    "line ends of Windows": ("t.csv", PLAIN.replace("\n", "\r\n"), {}, READ, None),
    "line ends of old Macs": ("t.csv", PLAIN.replace("\n", "\r"), {}, READ, None),
    "no line end at the end": ("t.csv", PLAIN.strip(), {}, READ, None),
    "a line end within quotes": ("t.csv", 'a,y\n1,"u\nv"\n', {}, {"a": [1], "y": ["u\nv"]}, None),
    "NA among numbers": ("t.csv", "a,y\nNA,1\n2,?\n3,2\n", {}, {"a": [NAN, 2, 3], "y": [1, NAN, 2]}, "'NA' is read as"),
    "NA and None among text": (
        "t.csv",
        "a,y\nNA,1\nNone,2\nnull,3\n,4\n",
        {},
        {"a": ["NA", "None", "null", NAN], "y": [1, 2, 3, 4]},
        "'NA' is read as text (see --na-values): a",
    ),
    "NA told to be missing": (
        "t.csv",
        "a,y\nNA,1\nx,-9\n",
        {"na_values": ("NA", "-9")},
        {"a": [NAN, "x"], "y": [1, NAN]},
        None,
    ),
    "NA and decimal commas, told": ("t.csv", "a;b\n1,5;x\nNA;y\n", {"decimal": ","}, {"a": [1.5, NAN]}, "'NA' is read"),
    "row names, told": ("t.csv", "a,b\nr1,1,2\nr2,3,4\n", {"index_col": "0"}, {"a": [1, 3], "b": [2, 4]}, None),
    "row names of a name, told": ("t.csv", "n,a\nr1,1\nr2,3\n", {"index_col": "n"}, {"a": [1, 3]}, None),
    "row names, and separators at the end of rows, told": (
        "t.csv",
        "n,a,y\nr1,1,2,\nr2,3,4,\n",
        {"index_col": "n"},
        {"a": [1, 3], "y": [2, 4]},
        None,
    ),
    "the first column names rows that end in separators, told": (
        "t.csv",
        "n,a,y\nr1,1,2,\nr2,3,4\n",
        {"index_col": "0"},
        {"a": [1, 3], "y": [2, 4]},
        None,
    ),
    "a cell of many lines, where the guess ends": (
        "t.csv",
        "a;y\n" + "1;u\n" * 97 + '2;"v\n' + "w, w; w\n" * 9 + 'x"\n3;z\n',
        {},
        {"a": [1] * 97 + [2, 3]},
        "cut by semicolon",
    ),
    "line ends that are none": (
        "t.csv",
        "a;y\n1;u\u2028\n",
        {},
        {"a": [1], "y": ["u\u2028"]},
        "cut",
    ),
    "a name twice": ("t.csv", "a,a,y\n1,2,3\n", {}, {"a": [1], "a.1": [2], "y": [3]}, "more than once, numbered"),
    "lines with too few values": (
        "t.csv",
        "\na,b,y\n1,2,3\n4,5\n6,7,8\n9\n",
        {},
        {"a": [1, 4, 6, 9], "b": [2, 5, 7, NAN], "y": [3, NAN, 8, NAN]},
        "2 lines have fewer values than there are columns, the first of them line 4",
    ),
    "a total in the last line": (
        "t.csv",
        "a,b,y\n1,2.5,u\n\n3,4.5,v\nTotal,7,w\n",
        {},
        {"a": ["1", "3", "Total"], "b": [2.5, 4.5, 7]},
        "read as text, for line 5 holds 'Total' (see --na-values): a",
    ),
    "the total, told": ("t.csv", "a,y\n1,u\n3,v\nTotal,w\n", {"na_values": ("Total",)}, {"a": [1, 3, NAN]}, None),
    "a total below decimal commas": (
        "t.csv",
        "a;y\n1,5;u\n3;v\nSumme;w\n",
        {},
        {"a": ["1,5", "3", "Summe"]},
        "for line 4 holds 'Summe' (see --na-values): a",
    ),
    "faults of a spreadsheet among numbers": (
        "t.csv",
        "sep=,\na,y\n" + "1,2\n" * 38 + "#DIV/0!,3\n#REF!,4\n",
        {},
        {"y": [2] * 38 + [3, 4]},
        "for line 41 holds '#DIV/0!' and 1 more value is no number (see --na-values): a",
    ),
    "numbers among text": ("t.csv", "a,y\n1,u\nx,v\ny,w\n", {}, {"a": ["1", "x", "y"]}, None),
    "an empty value at the end is not too few": ("t.csv", "a,y\n1,2\n3,\n", {}, {"y": [2, NAN]}, None),
    "points that may be of thousands": (
        "t.csv",
        "a;y\n987;1\n1.234;2\n",
        {},
        {"a": [987, 1.234]},
        "which may be of thousands (then: --decimal ,): a",
    ),
    "points of thousands, told": ("t.csv", "a;y\n987;1\n1.234;2\n", {"decimal": ","}, {"a": [987, 1234]}, "cut"),
    "points of decimals beside small numbers": ("t.csv", "a,y\n7,1\n1.234,2\n", {}, {"a": [7, 1.234]}, None),
    "points of decimals below 1": ("t.csv", "a,y\n987,1\n0.234,2\n", {}, {"a": [987, 0.234]}, None),
    "codes with leading zeros": (
        "t.csv",
        "a,b,y\n00714,0,1\n10000,0.5,2\n",
        {},
        {"a": [714, 10000], "b": [0, 0.5]},
        "without their leading zeros: a",
    ),
    "zeros that lead nothing": ("t.csv", "a,b,y\n0,0.25,1\n10,0.5,2\n", {}, {"a": [0, 10]}, None),
    "whole numbers beyond 64 bits": ("t.csv", "a,y\n1,123456789012345678901234567890\n", {}, {"a": [1]}, None),
}


def write(tmp_path, name, content):
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path / name


@pytest.mark.parametrize("kind", FILES)
def test_is_read_as_it_is_meant(tmp_path, kind):
    name, content, options, expected, said = FILES[kind]
    frame, notes = read_table(write(tmp_path, name, content), TextFormat(**options))
    expected = pd.DataFrame(expected)
    pd.testing.assert_frame_equal(frame[list(expected)], expected, check_dtype=False)
    assert bool(notes) == bool(said)
    assert (said or "") in "\n".join(notes)


#: Name of a file, its text or bytes, options, and a part of the message.
REFUSED = {
    "one value too many, unnamed": ("t.csv", "a,b\n1,2,3\n4,5,6\n", {}, "more values than the header has names"),
    "one value too many in one row": ("t.csv", "a,b\n1,2\n4,5,6\n", {}, "Expected 2 fields in line 3, saw 3"),
    "row names without a name, and separators at the end of rows": (
        "t.csv",
        "a,b\nr1,1,2,\nr2,3,4,\n",
        {"index_col": "0"},
        "more values than the header has names",
    ),
    "two ways to cut": ("t.csv", "Temp, C;y\n1,5;2\n2,5;3\n", {}, "can be cut by comma and by semicolon: give --sep"),
    "UTF-16 without a mark": ("t.csv", PLAIN.encode("utf-16-le"), {}, "null bytes"),
    "no encoding at all": ("t.csv", b"a,y\n1,\x81\xff\n", {}, "neither UTF-8 nor cp1252: give --encoding"),
    "another encoding than told": ("t.csv", "ä,y\n1,2\n".encode("latin-1"), {"encoding": "utf-8"}, "as UTF-8"),
    "two tables in a zip": ("t.zip", zipped(a__dot__csv=PLAIN, b__dot__csv=PLAIN), {}, "holds: a.csv, b.csv"),
    "another thing in a zip": ("t.zip", zipped(a__dot__xlsx="x"), {}, "must hold one table"),
    "no zip": ("t.zip", "junk", {}, "not a zip file"),
    "no xz": ("t.csv.xz", "junk", {}, "format"),
    "a workbook": ("t.xlsx", "junk", {}, "not a kind of table"),
    "no separator at all": ("t.csv", PLAIN, {"sep": "((("}, "unterminated"),
    "no such row names": ("t.csv", PLAIN, {"index_col": "7"}, "no column '7' for --index-col; there are: a, b, y"),
    "names that differ in blanks": ("t.csv", 'a,"a "\n1,2\n', {}, "two columns are named 'a'"),
    "nothing": ("t.csv", "", {}, "No columns"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_is_refused_with_a_message(tmp_path, kind):
    name, content, options, message = REFUSED[kind]
    with pytest.raises(ValueError, match=f"{name}: ") as refusal:
        read_table(write(tmp_path, name, content), TextFormat(**options))
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_target_is_one_column(tmp_path):
    frame, _ = read_table(write(tmp_path, "t.csv", "a,y,y\n1,2,2\n2,3,3\n"))
    with pytest.raises(ValueError, match="several columns are named 'y'"):
        split_target(frame, "y")
    assert list(split_target(frame, "a")[0]) == ["y", "y.1"]


def test_names_in_levels_are_text(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({("a", "x"): [1, 2], ("y", ""): [0, 1]}).to_parquet(tmp_path / "t.parquet")
    assert list(read_table(tmp_path / "t.parquet")[0]) == ["('a', 'x')", "('y', '')"]


#: Columns of Parquet, what is read of each, and what the encoder says if it leaves it out.
PARQUET = {
    "nullable integers": (pd.array([1, None, 3], "Int64"), [1.0, NAN, 3.0], None),
    "nullable floats": (pd.array([1.5, None, 3], "Float32"), [1.5, NAN, 3.0], None),
    "nullable truth values": (pd.array([True, None, False], "boolean"), [1.0, NAN, 0.0], None),
    "decimals": ([Decimal("1.5"), None, Decimal(2)], [1.5, NAN, 2.0], None),
    "categories in an order": (pd.Categorical(["lo", None, "hi"], ["lo", "hi"], ordered=True), [0.0, NAN, 1.0], None),
    "text": (["x", None, "NA"], [1.0, NAN, 0.0], None),
    "lists": ([[1], [2, 3], None], None, "neither numbers nor text"),
    "structures": ([{"a": 1}, {"a": 2}, None], None, "neither numbers nor text"),
    "bytes": ([b"a", b"b", None], None, "neither numbers nor text"),
    "dates": ([date(2026, 1, 1), None, date(2026, 1, 2)], None, "dates"),
    "instants": (pd.to_datetime(["2026-01-01", None, "2026-01-02"], utc=True), None, "dates"),
    "nothing": ([None, None, None], None, "without a value"),
}


@pytest.mark.parametrize("kind", PARQUET)
def test_columns_of_parquet_are_numbers_or_left_out(tmp_path, kind):
    pytest.importorskip("pyarrow")
    values, expected, left_out = PARQUET[kind]
    pd.DataFrame({"c": values, "x": [1, 2, 3]}).to_parquet(tmp_path / "t.parquet")
    frame, _ = read_table(tmp_path / "t.parquet")
    encoder, notes = column_encoder(frame)
    found = encoder.fit_transform(frame)
    if left_out:
        assert f"left out, {left_out}: c" in notes
        assert list(found) == ["x"]
    else:
        np.testing.assert_array_equal(found["c"].to_numpy(float), expected)
        assert all(found[name].to_numpy().flags.writeable or found[name].dtype.kind in "if" for name in found)


def test_named_levels_of_a_parquet_index_are_columns_and_nameless_ones_are_not(tmp_path):
    pytest.importorskip("pyarrow")
    x, when = [3, 5, 7], pd.date_range("2024", periods=3, name="when")
    pd.DataFrame({"x": x}, index=when).to_parquet(tmp_path / "t.parquet")
    expected = pd.DataFrame({"when": when, "x": x})
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet")[0], expected, check_dtype=False)
    found, _ = read_table(tmp_path / "t.parquet", TextFormat(index_col="when"))
    assert found.to_dict("list") == {"x": x}
    pd.DataFrame({"x": x}, index=[5, 5, 9]).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")[0].to_dict("list") == {"x": x}
    index = pd.MultiIndex.from_arrays([["a", "a", "b"], [1, 2, 1]], names=["id", None])
    pd.DataFrame({"x": x}, index=index).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")[0].to_dict("list") == {"id": ["a", "a", "b"], "x": x}


def test_what_is_told_to_be_missing_is_so_in_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    columns = {"n": [1, -9, 3], "z": [1.5, -9.0, 2.0], "t": ["x", "-9", "?"], "l": [[1], [2], [-9]]}
    frame = pd.DataFrame(columns | {"c": pd.Categorical(["x", "-9", "y"]), "b": [True, False, True]})
    frame.to_parquet(tmp_path / "t.parquet")
    found, _ = read_table(tmp_path / "t.parquet", TextFormat(na_values=("-9", "?", "1e9", "0")))
    assert found.isna().to_numpy().T.tolist() == [
        [False, True, False],
        [False, True, False],
        [False, True, True],
        [False, False, False],
        [False, True, False],
        [False, False, False],
    ]


def test_a_tree_grows_on_nullable_integers_with_gaps(command, tmp_path):
    pytest.importorskip("pyarrow")
    c = pd.array([None, 1, 2, 3] * 10, "Int64")
    pd.DataFrame({"c": c, "y": pd.array([1, 0, 1, 0] * 10, "Int64")}).to_parquet(tmp_path / "t.parquet")
    code, out, err = command("path", tmp_path / "t.parquet", "--target", "y")
    assert code == 0, err
    assert out.splitlines()[1].split("\t")[2] == "3"  # leaves: 1, 3, and 2 with what is missing


@pytest.mark.parametrize("values", [["NA", "None", "null", "x"], ["nan", "x", "y", "z"]])
def test_classes_and_categories_named_like_missing_values_are_kept(tmp_path, values):
    rows = "".join(f"{v},{v}\n" for v in values)
    frame, _ = read_table(write(tmp_path, "t.csv", "c,y\n" + rows))
    X, y, task, _ = split_target(frame, "y")
    assert (y.tolist(), task) == (values, "classification")
    assert column_encoder(X)[0].fit_transform(X)["c"].tolist() == np.argsort(np.argsort(values)).tolist()


@pytest.mark.parametrize(
    ("name", "values", "numbers"),
    [
        ("Unnamed: 0", [0, 1, 2], True),
        ("Unnamed: 0", [7, 3, 5], True),  # the rows of a sample keep the numbers of the whole
        ("Unnamed: 0.1", [4, 5, 6], True),
        ("Unnamed: 0", [7.0, 3.0, 5.0], True),
        ("Unnamed: 0", [0, 1, 0], True),  # two files, one after the other
        ("Unnamed: 0", [7, 7, 5], False),
        ("Unnamed: 0", [0, 1, 1], False),
        ("Unnamed: 0", [0, 0, 1], True),
        ("id", [0, 1, 0], False),
        ("Unnamed: 0", [0.5, 1.5, 2.5], False),
        ("index", [1, 2, 3], True),
        ("ID", [0, 1, 2], True),
        ("row_number", [1, 2, 3], True),
        ("id", [3, 1, 2], False),
        ("id", [1, 2, 4], False),
        ("size", [0, 1, 2], False),
    ],
)
def test_row_numbers_are_no_columns_to_predict_by(tmp_path, name, values, numbers):
    text = pd.DataFrame({name: values, "x": [5, 6, 7], "y": [0, 1, None]}).to_csv(index=False)
    frame, _ = read_table(write(tmp_path, "t.csv", text))
    X, *_ = split_target(frame, "y")
    encoder, notes = column_encoder(X, row_numbers(frame))
    assert list(encoder.fit_transform(X)) == (["x"] if numbers else [name, "x"])
    assert (f"left out, row numbers: {name}" in notes) == numbers


ZONED = ["2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:45:00+02:00"]


@pytest.mark.parametrize(
    ("values", "time_format", "expected"),
    [
        ([3, 1, 2], None, [1, 2, 0]),
        ([2.5, -1.0, 2.5], None, [1, 0, 2]),
        (["2026-03-01", "2026-02-10", "2026-02-09T10:00"], None, [2, 1, 0]),
        (["01.12.2026", "02.01.2026", "15.06.2026"], "%d.%m.%Y", [1, 2, 0]),
        (ZONED, None, [0, 2, 1]),  # the hour that comes twice
        (pd.to_datetime(ZONED, utc=True).tz_convert("Europe/Berlin"), None, [0, 2, 1]),
        ([date(2026, 3, 1), date(2026, 2, 1), date(2026, 4, 1)], None, [1, 0, 2]),
        (pd.to_timedelta(["10h", "2h", "1D"]), None, [1, 0, 2]),
        (pd.PeriodIndex(["2026-03", "2026-01", "2026-02"], freq="M"), None, [1, 2, 0]),
    ],
)
def test_rows_are_ordered_by_instants(values, time_format, expected):
    assert time_order(pd.Series(values, name="t"), time_format).tolist() == expected


@pytest.mark.parametrize(
    ("values", "time_format", "message"),
    [
        (["03.04.2026", "2026-01-01"], None, "ISO 8601, the year first. Got '03.04.2026'"),
        (["3/4/2026", "4/4/2026"], None, "--time-format"),
        (["31.12.2026", "12.31.2026"], "%d.%m.%Y", "cannot be read: "),
        (["2026-13-01"], None, "cannot be read: "),
        (["2026-01-01T00:00Z", "2026-01-01T00:00"], None, "Some times have a zone and others have none"),
        (["2026-01-01", None], None, "1 of 2 rows have no time"),
        ([True, False], None, "neither dates nor numbers"),
    ],
)
def test_times_that_could_be_others_are_refused(values, time_format, message):
    with pytest.raises(ValueError, match="the time 'when'") as refusal:
        time_order(pd.Series(values, name="when"), time_format)
    assert message in str(refusal.value)


READING = {
    "--sep": ["~"],
    "--decimal": [","],
    "--encoding": ["utf-16-le"],
    "--na-values": ["fehlt"],
    "--index-col": ["zeile"],
}


@pytest.mark.parametrize("name", ["path", "select", "compare"])
def test_commands_take_how_the_file_is_written(command, tmp_path, name):
    rows = "".join(
        f"z{i}~{i % 9},500~{'fehlt' if i % 5 == 0 else i % 3}~{'ja' if i % 9 > 4 else 'nein'}\n" for i in range(90)
    )
    path = write(tmp_path, "t.csv", ("zeile~größe~zahl~y\n" + rows).encode("utf-16-le"))
    options = [value for option, values in READING.items() for value in (option, *values)]
    code, _, err = command(name, path, "--target", "y", *options)
    assert code == 0, err
    assert f"{path}: 90 rows, 2 columns\n  target 'y': classification with 2 classes\n" in err
    assert "coded" not in err
    assert "left out" not in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["t.csv", "--encoding", "hex"], "'hex' is not an encoding"),
        (["t.csv", "--decimal", ";"], "'--decimal'"),
        (["--sep", ";"], "--sep has no use without DATA"),
        (["--index-col", "a"], "--index-col has no use without DATA"),
    ],
)
def test_wrong_ways_to_read_are_code_2(command, args, message):
    code, out, err = command("path", *args, "--target", "y")
    assert (code, out) == (2, "")
    assert message in err


def test_sql_of_a_saved_model_scores_the_users_own_table(command, tmp_path):
    """As it was loaded into a database: text, gaps and truth values as they stand."""
    rng = np.random.default_rng(0)
    city = rng.choice(["Köln", "O'Hare", "NA", "None", ""], 400)
    size = np.where(rng.random(400) < 0.1, np.nan, rng.normal(size=400))
    y = np.where(np.isin(city, ["NA", "O'Hare"]) ^ (size > 0), "ja", "nein")
    pd.DataFrame({"city": city, "size": size, "y": y}).to_csv(tmp_path / "t.csv", index=False)
    code, _, err = command("prune", tmp_path / "t.csv", "--target", "y", "--alpha", 0, "-o", tmp_path / "m.joblib")
    assert code == 0, err
    model = joblib.load(tmp_path / "m.joblib")
    own = pd.DataFrame({"city": city, "size": size}).replace({"city": {"": None}})
    own = pd.concat([own, pd.DataFrame({"city": ["Oslo", None, "Oslo"], "size": [1.0, NAN, NAN]})], ignore_index=True)
    connection = sqlite3.connect(":memory:")
    own.to_sql("t", connection, index=False)
    sql = rules(model).to_sql("prediction")
    found = [value for (value,) in connection.execute(f"SELECT {sql} FROM t ORDER BY rowid")]
    assert found == model.predict(own).tolist()
    assert np.mean(np.array(found[:400]) == y) == 1.0


def test_the_page_has_the_rules_over_the_users_own_columns(command, tmp_path):
    text = "".join(f"{'abc'[i % 3]},{i % 7},{'ja' if i % 3 == 1 else 'nein'}\n" for i in range(120))
    path = write(tmp_path, "t.csv", "city,size,y\n" + text)
    code, _, err = command("report", path, "--target", "y", "-o", tmp_path / "t.html")
    assert code == 0, err
    page = (tmp_path / "t.html").read_text("utf-8")
    assert "city in {a}" in page
    assert "WHEN \"city\" IN ('a') THEN 'nein'" in html.unescape(page)
