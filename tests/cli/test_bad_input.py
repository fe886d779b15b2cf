"""Wrong usage, bad data and models: an exit code, a message, and no file."""

import os
import sys

import joblib
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from tests.processes import ON_WINE, WINE


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["path", "--target", "y"], "Missing argument 'DATA'"),
        (["path", WINE], "Missing option '--target'"),
        (["path", *ON_WINE, "--method", "guess"], "'guess' is none of "),
        (["prune", *ON_WINE], "Missing option '-o'"),
        (["prune", *ON_WINE, "-o", "o", "--alpha", "-1"], "'--alpha'"),
        (["prune", *ON_WINE, "-o", "o", "--alpha", "nan"], "finite"),
        (["prune", *ON_WINE, "-o", "o", "--alpha", "0.1", "--leaves", "3"], "exclude each other"),
        (["prune", *ON_WINE, "-o", "o", "--method", "mdl", "--leaves", "3"], "no meaning for mdl"),
        (["prune", *ON_WINE, "-o", "o", "--method", "mdl", "--validation", "0.2"], "--validation"),
        (["prune", "-o", "o"], "Missing argument 'DATA'"),
        (["prune", "-o", "o", "--model", "m", "--trust"], "give DATA and --target"),
        (["prune", WINE, "-o", "o", "--model", "m", "--trust", "--leaves", "3"], "has a use for DATA"),
    ],
)
def test_is_code_2_and_leaves_nothing(command, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = command(*args)
    assert (code, out) == (2, "")
    assert message in err
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "No columns"),
        ("a,y\n", "no rows"),
        ("y\n1\n2\n", "no column is left"),
        ("a,b\n1,2\n", "no column 'y'; there are: a, b"),
        ("a,y\n1,\n2,\n", "missing in all 2 rows"),
        ("a,b,y\ninf,1,1\n2,3,2\n", "infinite, or beyond 3.4e38, which a tree cannot split: a (1 row). Leave"),
        ("a,b,y\n1,1e39,1\n2,-1e39,2\n", "cannot split: b (2 rows)"),
        ("a,y\n1,inf\n2,2.5\n", "the target 'y' is infinite in 1 row"),
        ("a,y\n1,2020-01-01\n2,2020-01-02\n", "holds dates"),
        ('a,y\n"1,2\n', "EOF"),
    ],
)
def test_table_is_code_3(command, table, text, message):
    code, out, err = command("path", table(text), "--target", "y")
    assert (code, out) == (3, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["prune", "-o", "o"], 3, "cannot split: a (1 row)"),
        (["compress", "-o", "o"], 3, "cannot split: a (1 row)"),
        (["report", "-o", "o"], 3, "cannot split: a (1 row)"),
        (["compare"], 3, "cannot split: a (1 row)"),
        (["select"], 0, "infinite, or beyond 3.4e38: a (1 row)"),  # whose trees take them
        (["select", "--given-others"], 3, "infinity (column 'a')"),
        (["select", "--kind", "anomaly"], 3, "infinity (column 'a')"),
        (["path", "--na-values", "inf"], 0, "2 classes"),
    ],
)
def test_infinite_values_are_named(command, table, tmp_path, monkeypatch, args, code, message):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{row},{row % 7},{row % 2}\n" for row in range(20))
    found, _, err = command(args[0], table("a,b,y\ninf,0,1\n" + rows), "--target", "y", *args[1:])
    assert (found, "Traceback" in err) == (code, False)
    assert message in err


def test_target_of_text_is_no_number(command):
    code, _, err = command("path", *ON_WINE, "--task", "regression")
    assert code == 3
    assert "holds text, not numbers: the first is 'class_0'" in err


@pytest.mark.parametrize("name", ["no.csv", "no.parquet", "table.json"])
def test_no_such_table(command, name):
    code, _, err = command("path", name, "--target", "y")
    assert code == 3
    assert name in err


@pytest.mark.parametrize("name", ["junk.csv.gz", "junk.parquet", "junk.csv"])
def test_table_that_is_not_what_its_name_says(command, tmp_path, name):
    (tmp_path / name).write_bytes(b"\x00\xff\xfe\x01junk" * 20)
    code, _, err = command("path", tmp_path / name, "--target", "y")
    assert code == 3
    assert name in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"a": 1}, "builtins.dict"),
        (LogisticRegression(), "No adapter for"),
        (DecisionTreeClassifier(), "not fitted"),
        (None, "none of: XGBoost"),
    ],
)
def test_model_is_code_3(command, tmp_path, model, message):
    path = tmp_path / "model.joblib"
    path.write_bytes(b"junk") if model is None else joblib.dump(model, path)
    code, _, err = command("prune", "--model", path, "--trust", "--leaves", 3, "-o", tmp_path / "o.joblib")
    assert code == 3
    assert message in err
    assert os.listdir(tmp_path) == ["model.joblib"]


def test_model_of_other_columns(command, saved_tree, table, tmp_path):
    path = table("alcohol,cultivar\n1,class_0\n2,class_1\n")
    data = [path, "--target", "cultivar", "--method", "reduced_error"]
    code, _, err = command("prune", *data, "--model", saved_tree[1], "--trust", "-o", tmp_path / "o.joblib")
    assert code == 3
    assert "malic_acid" in err


def test_missing_library_is_code_5(command, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"")
    code, _, err = command("path", tmp_path / "a.parquet", "--target", "y")
    assert code == 5
    assert "pip install 'treeprune[parquet]'" in err


def test_fault_of_our_own_is_code_1(command, monkeypatch):
    monkeypatch.setattr("treeprune.cli.comparison.demo", lambda *_: [][0])
    code, _, err = command("demo")
    assert code == 1
    assert "IndexError" in err
