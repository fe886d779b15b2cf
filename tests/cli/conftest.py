"""Commands within this process, and files for them."""

import joblib
import pytest
from sklearn.tree import DecisionTreeClassifier

import datasets
from treeprune.cli import cli
from treeprune.cli.console import run


@pytest.fixture
def command(capsys):
    """As `process`, but within this process and hence quick."""

    def call(*args):
        code = run(cli, [str(arg) for arg in args])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def table(tmp_path):
    """Writes a table of given text and returns its path."""

    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def saved_tree(tmp_path):
    """A fully grown tree on wine, and the file that it is saved in."""
    tree = DecisionTreeClassifier(random_state=0).fit(*datasets.load("wine"))
    joblib.dump(tree, tmp_path / "tree.joblib")
    return tree, tmp_path / "tree.joblib"
