"""BeforeAfterDisplay draws the sizes and scores of both models."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from treeprune import TreePruner, prune
from treeprune.inspection import BeforeAfterDisplay
from treeprune.methods import MaxDepth

plt = pytest.importorskip("matplotlib.pyplot")
X, y = load_breast_cancer(return_X_y=True)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_sizes_of_a_tree_as_shares_and_its_scores():
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    pruner = TreePruner(tree, "mdl").fit(X, y)
    display = BeforeAfterDisplay.from_estimators(tree, pruner, X, y)
    small = pruner.estimator_
    assert display.before["leaves"] == tree.get_n_leaves()
    assert display.after["features used"] == len(set(small.tree_.feature) - {-2})
    widths = [bar.get_width() for bar in display.ax_.containers[1]]
    assert widths[:2] == [small.get_n_leaves() / tree.get_n_leaves(), small.get_depth() / tree.get_depth()]
    assert display.ax_.get_title(loc="left") == f"Score on 569 rows: 1 → {small.score(X, y):.4g}"


def test_nodes_of_each_tree_of_an_ensemble():
    forest = RandomForestClassifier(9, random_state=0).fit(X, y)
    small = prune(forest, "tree_selection", X, y)
    display = BeforeAfterDisplay.from_estimators(forest, small)
    assert sorted(display.before) == sorted(tree.tree_.node_count for tree in forest.estimators_)
    lines = display.ax_.get_lines()
    assert lines[0].get_ydata()[:9].tolist() == sorted(display.before, reverse=True)
    assert f"after: {len(small.estimators_)} trees" in lines[1].get_label()


def test_scores_of_an_isolation_forest():
    forest = IsolationForest(n_estimators=20, random_state=0).fit(X)
    small = prune(forest, MaxDepth(max_depth=3))
    display = BeforeAfterDisplay.from_estimators(forest, small, X)
    np.testing.assert_array_equal(display.after, small.score_samples(X))
    assert BeforeAfterDisplay.from_estimators(forest, small).kind == "nodes_per_tree"


@pytest.mark.parametrize("scores", [np.zeros(5), np.array([0.3])])
def test_scores_that_are_all_one(scores):
    assert BeforeAfterDisplay.from_scores(scores, scores).ax_.get_ylabel() == "Rows"


def test_a_single_leaf_has_bars_too():
    stump = DecisionTreeClassifier().fit(X, y * 0)
    assert BeforeAfterDisplay.from_estimators(stump, stump).before == {"leaves": 1, "depth": 0, "features used": 0}


def test_wrong_use():
    tree = DecisionTreeClassifier().fit(X, y)
    with pytest.raises(ValueError, match="'kind' parameter must be among"):
        BeforeAfterDisplay.from_estimators(tree, tree, kind="colour")
    with pytest.raises(ValueError, match="Give X"):
        BeforeAfterDisplay.from_estimators(tree, tree, kind="score_samples")
