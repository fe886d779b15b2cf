"""What docs/architecture.md says is so: its rooms are the package's, and its examples keep the contracts."""

import importlib
import re
from pathlib import Path

import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.tree import DecisionTreeClassifier

import treeprune
from treeprune import compress, prune
from treeprune.adapters import adapters_by_model
from treeprune.testing import check_adapter, check_method

TEXT = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Imports an example of the page as a module; families that it registers are forgotten afterwards."""
    for name, code in FILES.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module
    adapters_by_model.cache_clear()


def test_every_room_is_on_the_page_and_the_other_way_round():
    package = Path(treeprune.__file__).parent
    rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    told = {
        name for row in re.findall(r"^\| (`.*?`) \|", TEXT, flags=re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert told == rooms - {"__init__", "__main__"}


def test_the_method_keeps_the_contract(example):
    X, y = load_iris(return_X_y=True)
    method = example("pure_enough").PureEnough()
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    check_method(method)
    assert prune(tree, method).get_n_leaves() == 6  # of 9, as in the docstring of PruningMethod


def test_the_family_keeps_the_contract_and_is_compressed(example):
    X, y = load_diabetes(return_X_y=True)
    example("averaged_trees_adapter")
    model = example("averaged_trees").AveragedTrees().fit(X, y)
    check_adapter(model, X, y)
    result = compress(model, X, y, max_nodes=60, retrain=False, random_state=0)
    assert type(result.model) is type(model)
    assert sum(tree.tree_.node_count for tree in result.model.estimators_) <= 60
