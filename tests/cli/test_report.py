"""The report command: a whole page or none, and words about what it says."""

import subprocess
import sys
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import datasets
from tests.processes import ON_WINE
from treeprune import TreePrunerCV, prune, report
from treeprune.cli.tables import column_encoder
from treeprune.cli.workflow import hold_out
from treeprune.methods import CostComplexity


@pytest.fixture
def command(command):
    return partial(command, "report")


def test_writes_a_page_and_says_what_it_shows(command, tmp_path):
    code, out, err = command(*ON_WINE, "-o", tmp_path / "wine.html")
    assert (code, out) == (0, "")
    html = (tmp_path / "wine.html").read_text("utf-8")
    sentence = err.splitlines()[-1].partition(". Saved")[0]
    assert "accuracy on 45 held-out rows" in sentence
    assert f'<p id="sentence">{sentence}.</p>' in html.replace("\xa0", " ")
    assert "<h1>Pruning report: cultivar</h1>" in html


def test_regression_is_reported_too(command, tmp_path):
    table = [datasets.path("iris"), "--target", "petal_width", "--drop", "species", "--cv", 3]
    code, _, err = command(*table, "-o", tmp_path / "iris.html")
    assert code == 0, err
    assert "R² on 38 held-out rows" in err


def test_rows_are_held_out_and_scored_before_and_after_in_the_groups_of_a_column(command, table, tmp_path):
    """The column that makes the groups is text, and left out of those to predict by."""
    X, y = datasets.load("diabetes")
    sex = pd.Series(np.where(X["sex"] == X["sex"].min(), "f", "m"), name="sex")
    path = table(X.assign(sex=sex, target=y).to_csv(index=False))
    options = ["--target", "target", "--drop", "sex", "--validation", 0.3, "--cv", 3, "--subgroup", "sex"]
    code, _, err = command(path, *options, "-o", tmp_path / "page.html")
    assert code == 0, err
    X, X_out, y, y_out = hold_out(X.drop(columns="sex"), y.to_numpy(), "regression", 0.3, 0)
    encoder = column_encoder(X)[0].fit(X)
    pruner = TreePrunerCV(DecisionTreeRegressor(random_state=0), CostComplexity(), cv=3).fit(X, y)
    pruner = Pipeline([("encoder", encoder), ("pruner", pruner)])
    title = "Pruning report: target"
    page = report(pruner, X_out, y_out, subgroup=sex.loc[X_out.index], held_out=True, title=title)
    assert (tmp_path / "page.html").read_text("utf-8") == page.html
    assert "R² on 133 held-out rows" in err
    figures = page.to_dict()
    assert figures["measures"]["table"][0]["after"] == pruner.score(X_out, y_out)
    assert {group["name"]: group["n_rows"] for group in figures["by_group"]["table"]} == dict(
        sex.loc[X_out.index].value_counts()
    )


def test_without_rows_held_out_the_tree_grows_on_all(command, tmp_path):
    code, _, err = command(*ON_WINE, "--validation", 0, "-o", tmp_path / "wine.html")
    assert code == 0, err
    expected = report(
        TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(*datasets.load("wine")),
        title="Pruning report: cultivar",
    ).to_dict()["sentence"]
    assert expected in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--target", "nothing"], 3),
        (["--subgroup", "nothing"], 3),
        (["--subgroup", "alcohol", "--validation", "0"], 2),
        (["--validation", "1"], 2),
        (["--cv", "1"], 2),
        (["--method", "mdl"], 2),
    ],
)
def test_errors_leave_no_file(command, tmp_path, arguments, code):
    found, _, err = command(*ON_WINE, *arguments, "-o", tmp_path / "wine.html")
    assert found == code, err
    assert not list(tmp_path.iterdir())


def test_output_that_cannot_be_written(command, tmp_path):
    assert command(*ON_WINE, "-o", tmp_path / "no" / "wine.html")[0] == 4


def test_missing_extra_is_named(tmp_path):
    code = "import sys; sys.modules['jinja2'] = None; from treeprune.cli import main; main()"
    process = subprocess.run(
        [sys.executable, "-c", code, "report", *ON_WINE, "-o", str(tmp_path / "wine.html")],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert process.returncode == 5
    assert "treeprune[report]" in process.stderr
    assert not list(tmp_path.iterdir())


def test_of_a_saved_model_the_page_is_that_of_the_library(command, tmp_path):
    X, y = datasets.load("wine")
    whole = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
    whole, tree = (make_pipeline("passthrough", model) for model in (whole, prune(whole, "mdl")))
    for name, model in (("whole", whole), ("tree", tree)):
        joblib.dump(model, tmp_path / f"{name}.joblib")
    model = ["--model", tmp_path / "tree.joblib", "--trust", "-o", tmp_path / "tree.html"]
    code, _, err = command(*ON_WINE, *model, "--before", tmp_path / "whole.joblib")
    assert code == 0, err
    expected = report(tree, X, y.to_numpy(), before=whole, title="Pruning report: cultivar").html
    assert (tmp_path / "tree.html").read_text("utf-8") == expected
    assert command(*model)[0] == 0
    X, y = datasets.load("wine")
    assert command(*ON_WINE, *model, "--subgroup", "alcohol")[0] == 0
    page = report(tree, X, y.to_numpy(), subgroup="alcohol", title="Pruning report: cultivar")
    assert (tmp_path / "tree.html").read_text("utf-8") == page.html
    code, _, err = command(*model, "--subgroup", "alcohol")
    assert code == 2
    assert "--subgroup needs rows to score: DATA" in err
    for option in (["--cv", 3], ["--method", "mdl"], ["--validation", 0.2]):
        code, _, err = command(*ON_WINE, *model, *option)
        assert code == 2
        assert f"{option[0]} has no use" in err
