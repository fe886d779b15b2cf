"""``treeprune path``, with and without scores."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

import datasets
from tests.processes import ON_WINE, WINE, as_frame
from treeprune import TreePrunerCV, pruning_path


def test_is_the_path_of_the_library(command):
    code, out, err = command("path", *ON_WINE)
    assert code == 0
    tree = DecisionTreeClassifier(random_state=0).fit(*datasets.load("wine"))
    expected = pruning_path(tree).to_frame().reset_index()
    pd.testing.assert_frame_equal(as_frame(out), expected)
    assert "3 classes" in err


def test_json(command):
    code, out, _ = command("path", *ON_WINE, "--json")
    records = json.loads(out)
    assert code == 0
    assert list(records[0]) == ["step", "alpha", "n_leaves", "impurity", "relative_impurity"]
    assert records[-1]["n_leaves"] == 1


def test_parquet_is_as_good_as_csv(command, tmp_path):
    frame = pd.read_csv(WINE)
    frame.to_parquet(tmp_path / "wine.parquet")
    frame.to_csv(tmp_path / "wine.csv", index=False)
    frame.to_csv(tmp_path / "wine.tsv.gz", index=False, sep="\t")
    out = {command("path", tmp_path / name, *ON_WINE[1:])[1] for name in ("wine.parquet", "wine.csv", "wine.tsv.gz")}
    assert len(out) == 1
    assert len(out.pop().splitlines()) > 5


def test_task_can_be_chosen(command):
    on_digits = [datasets.path("iris"), "--target", "petal_width", "--drop", "species"]
    assert "regression" in command("path", *on_digits)[2]
    assert "classification" in command("path", datasets.path("digits"), "--target", "digit")[2]
    code, _, err = command("path", datasets.path("digits"), "--target", "digit", "--task", "regression")
    assert code == 0
    assert "regression" in err


def test_says_how_it_reads_the_columns(command, table):
    rows = [f"{'mf'[i % 2]},2020-01-{i % 28 + 1:02},nom {i},{i % 3 == 0},{i},{i * i}" for i in range(60)]
    path = table("sex,day,name,ok,n,y\n" + "\n".join(rows) + "\n,,,,1,\n")
    code, _, err = command("path", path, "--target", "y")
    assert code == 0
    assert "left out 1 row without 'y'" in err
    assert "coded as ordered numbers: sex (2), ok (2)" in err
    assert "dates: day" in err
    assert "too many values: name" in err


def test_method_without_path(command):
    code, _, err = command("path", *ON_WINE, "--method", "mdl")
    assert code == 2
    assert "mdl has no path" in err


def test_table_is_that_of_the_estimator(command):
    code, out, _ = command("path", *ON_WINE, "--cv", "5", "--rule", "1se")
    frame = pd.read_csv(io.StringIO(out), sep="\t")
    pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(*datasets.load("wine"))
    assert code == 0
    assert list(frame.columns) == ["step", *pruner.to_frame().columns]
    np.testing.assert_allclose(frame["cv_score"], pruner.cv_results_["mean_test_score"], rtol=1e-5)
    assert frame["mark"].dropna().tolist() == ["best", "chosen"]


def test_strengths_are_told_in_the_unit_of_the_method(command):
    depth = DecisionTreeClassifier(random_state=0).fit(*datasets.load("wine")).get_depth()
    for options in ([], ["--cv", "3"]):
        _, out, _ = command("path", *ON_WINE, "--method", "max_depth", "--json", *options)
        assert [record["max_depth"] for record in json.loads(out)] == list(range(depth, -1, -1))


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_figure(command, tmp_path, kind):
    file = tmp_path / f"scores.{kind}"
    code, *_ = command("path", *ON_WINE, "--cv", "3", "--plot", file)
    assert code == 0
    assert file.stat().st_size > 5000
    assert [entry.name for entry in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rule", "best"], "--rule needs --cv"),
        (["--plot", "scores.png"], "--plot needs --cv"),
        (["--cv", "3", "--plot", "scores.bmp"], "figures are .png, .svg or .pdf"),
        (["--cv", "1"], "1 is not in the range"),
        (["--cv", "3", "--method", "optimal_subtree"], "are not nested"),
    ],
)
def test_wrong_usage(command, options, said):
    code, _, err = command("path", *ON_WINE, *options)
    assert code == 2
    assert said in err


def test_too_few_rows(command):
    code, _, err = command("path", *ON_WINE, "--cv", "100")
    assert code == 3
    assert "n_splits=100" in err
