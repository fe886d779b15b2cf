"""A family that has only what it must have prunes and is searched like any other; what it lacks is refused by name."""

import copy

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from treeprune import TreePrunerCV, UnsupportedModelError, prune, save_compact, slim
from treeprune.adapters import adapters_by_model
from treeprune.adapters.base import Adapter
from treeprune.adapters.sklearn_tree import encode_target
from treeprune.adapters.sklearn_tree_format import read_tree, write_tree
from treeprune.methods import CostComplexity
from treeprune.testing import check_adapter

X, Y = load_diabetes(return_X_y=True)


class Plain(DecisionTreeRegressor):
    """A model of a library that the package does not know."""


class PlainAdapter(Adapter):
    """All that a family must have."""

    models = (f"{Plain.__module__}.{Plain.__qualname__}",)
    operations = frozenset({"collapse", "value"})

    def _read(self):
        return read_tree(self.model)

    def write(self, forest):
        model = copy.copy(self.model)
        model.tree_ = write_tree(self.model.tree_, forest)
        return model

    def _apply(self, X):
        leaf = self.model.apply(X)
        return lambda tree: leaf

    def encode_target(self, y):
        return encode_target(self.model, y)


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(adapters_by_model(), PlainAdapter.models[0], PlainAdapter)


def test_it_keeps_the_contract_of_adapters():
    check_adapter(Plain(max_depth=5, random_state=0).fit(X, Y), X, Y)


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error", "explained_variance"])
def test_it_is_searched_as_scikit_learns_own_trees_are(scoring):
    same = [
        TreePrunerCV(tree(max_leaf_nodes=30, random_state=0), cv=3, scoring=scoring).fit(X, Y)
        for tree in (Plain, DecisionTreeRegressor)
    ]
    assert type(same[0].estimator_) is Plain
    np.testing.assert_allclose(*(search.cv_results_["mean_test_score"] for search in same), rtol=1e-10)


def test_a_compact_file_is_refused(tmp_path):
    model = prune(Plain(random_state=0).fit(X, Y), CostComplexity(n_leaves=5))
    with pytest.raises(UnsupportedModelError, match="Plain's family have no compact form"):
        save_compact(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_it_keeps_its_columns():
    model = make_pipeline(StandardScaler(), Plain(max_depth=2)).fit(X, Y)
    small = slim(model)
    assert len(small.columns_) == X.shape[1]
    np.testing.assert_array_equal(small.predict(X), model.predict(X))
    with pytest.raises(UnsupportedModelError, match="Columns cannot leave Plain"):
        PlainAdapter(model[-1]).with_features(np.arange(X.shape[1]) < 1)
