"""HierarchicalShrinkage against the paper's sum and against imodels."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_digits
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import naive
from treeprune import prune
from treeprune.methods import HierarchicalShrinkage

TREES = {
    "classes": (DecisionTreeClassifier(random_state=0), load_digits),
    "numbers": (DecisionTreeRegressor(random_state=0), load_diabetes),
}


@given(naive.forests(max_leaves=12, max_trees=2), st.floats(1e-3, 1e3))
def test_equals_the_sum_along_the_path(forest, reg):
    shrunk, n = HierarchicalShrinkage(reg).plan(forest).value, naive.counts(forest)
    for node in range(forest.n_nodes):
        path = [*reversed(naive.ancestors(forest, node)), node]
        expected = forest.value[path[0]].copy()
        for above, below in pairwise(path):
            expected += (forest.value[below] - forest.value[above]) / (1 + reg / n[above])
        assert shrunk[node] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_hand_worked_example():
    # A root of 4 rows with mean 2 and a leaf of mean 4: with reg 4, half of the way from the root to the leaf.
    X, y = np.array([[0.0], [0], [1], [1]]), np.array([0.0, 0, 4, 4])
    small = prune(DecisionTreeRegressor().fit(X, y), HierarchicalShrinkage(reg=4))
    assert small.predict([[0.0], [1.0]]).tolist() == [1, 3]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("reg", [0.1, 10, 1000])
def test_equals_imodels(name, weighted, reg):
    shrinkage = pytest.importorskip("imodels.tree.hierarchical_shrinkage")
    estimator, load = TREES[name]
    X, y = load(return_X_y=True)
    weight = np.random.default_rng(0).gamma(2.0, size=len(y)) if weighted else None
    weight = weight / weight.mean() if weighted else None  # imodels takes weights as numbers of rows
    tree = estimator.fit(X, y, sample_weight=weight)
    small = prune(tree, HierarchicalShrinkage(reg))
    peer = shrinkage.HSTreeClassifier if name == "classes" else shrinkage.HSTreeRegressor
    other = peer(prune(tree, "max_depth"), reg_param=reg)
    if name == "classes":
        assert small.predict_proba(X) == pytest.approx(other.predict_proba(X), abs=1e-9)
    else:
        assert small.predict(X) == pytest.approx(other.predict(X), rel=1e-9)
    assert not np.array_equal(small.tree_.value, tree.tree_.value)
