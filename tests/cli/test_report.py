"""The report command: a whole page or none, and words about what it says."""

import subprocess
import sys
from functools import partial

import joblib
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

import datasets
from tests.processes import ON_WINE
from treeprune import prune, report


@pytest.fixture
def command(command):
    return partial(command, "report")


def test_writes_a_page_and_says_what_it_shows(command, tmp_path):
    code, out, err = command(*ON_WINE, "-o", tmp_path / "wine.html")
    assert (code, out) == (0, "")
    html = (tmp_path / "wine.html").read_text("utf-8")
    sentence = err.splitlines()[-1].partition(". Saved")[0]
    assert "CV accuracy" in sentence
    assert f'<p id="sentence">{sentence}</p>' in html
    assert "<h1>Pruning report: cultivar</h1>" in html


def test_regression_is_reported_too(command, tmp_path):
    table = [datasets.path("iris"), "--target", "petal_width", "--drop", "species", "--cv", 3]
    code, _, err = command(*table, "-o", tmp_path / "iris.html")
    assert code == 0, err
    assert "CV R²" in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--target", "nothing"], 3),
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
    tree = prune(whole, "mdl")
    for name, model in (("whole", whole), ("tree", tree)):
        joblib.dump(make_pipeline("passthrough", model), tmp_path / f"{name}.joblib")
    model = ["--model", tmp_path / "tree.joblib", "--trust", "-o", tmp_path / "tree.html"]
    code, _, err = command(*ON_WINE, *model, "--before", tmp_path / "whole.joblib")
    assert code == 0, err
    expected = report(tree, X, y.to_numpy(), before=whole, title="Pruning report: cultivar").html
    assert (tmp_path / "tree.html").read_text("utf-8") == expected
    assert command(*model)[0] == 0
    for option in (["--cv", 3], ["--method", "mdl"]):
        code, _, err = command(*ON_WINE, *model, *option)
        assert code == 2
        assert f"{option[0]} has no use" in err
