"""MaxDepth, MinSamples, MinImpurityDecrease, CriticalValue: refits where they are the same, and each one's rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_classification, make_regression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import naive
from treeprune import prune, pruning_path
from treeprune.methods import CriticalValue, MaxDepth, MinImpurityDecrease, MinSamples
from treeprune.testing import same_arrays

#: Real weights, so that no two splits near the root gain the same.
WEIGHT = np.random.default_rng(0).gamma(2.0, size=400)
TREES = {
    "classes": (DecisionTreeClassifier(random_state=0), make_classification(400, 8, n_informative=5, random_state=0)),
    "numbers": (DecisionTreeRegressor(random_state=0), make_regression(400, 8, noise=5, random_state=0)),
}


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("name", TREES)
def test_max_depth_equals_a_refit(name, depth):
    estimator, (X, y) = TREES[name]
    cut = prune(estimator.fit(X, y, sample_weight=WEIGHT), MaxDepth(depth))
    if depth == 0:
        assert cut.get_n_leaves() == 1
    else:
        refit = type(estimator)(max_depth=depth, random_state=0).fit(X, y, sample_weight=WEIGHT)
        assert np.array_equal(cut.tree_.threshold, refit.tree_.threshold)
        assert cut.predict(X) == pytest.approx(refit.predict(X), rel=1e-12)


@pytest.mark.parametrize("split", [2, 10, 50, 1000])
def test_min_samples_split_equals_a_refit(split):
    _, (X, y) = TREES["numbers"]  # with classes, several splits of a few rows are perfect: a tie
    cut = prune(DecisionTreeRegressor(random_state=0).fit(X, y), MinSamples(split=split))
    refit = DecisionTreeRegressor(min_samples_split=split, random_state=0).fit(X, y)
    assert np.array_equal(cut.tree_.children_left, refit.tree_.children_left)
    assert cut.predict(X) == pytest.approx(refit.predict(X))


@given(naive.forests(max_leaves=12, max_trees=2), st.integers(1, 8), st.integers(2, 12))
def test_min_samples_rule(forest, leaf, split):
    n = forest.n_node_samples
    collapsed = [
        node
        for node in forest.internal
        if n[node] < split or min(n[forest.children_left[node]], n[forest.children_right[node]]) < leaf
    ]
    assert np.flatnonzero(MinSamples(leaf, split).plan(forest).collapse).tolist() == collapsed


@given(naive.forests(max_leaves=12, max_trees=2), st.floats(0, 1))
def test_gain_rules_keep_what_stands_above_a_good_split(forest, limit):
    n, internal = forest.weighted_n_node_samples, set(forest.internal)
    risk = n * forest.impurity
    gain = {i: risk[i] - risk[forest.children_left[i]] - risk[forest.children_right[i]] for i in internal}
    for method, scale in (
        (CriticalValue(limit), n),
        (MinImpurityDecrease(limit), n[forest.root][forest.node_tree]),
    ):
        best = {i: max(max(gain[j], 0) / scale[j] for j in naive.subtree(forest, i) if j in internal) for i in internal}
        collapse = method.plan(forest).collapse
        for node, goodness in best.items():
            if abs(goodness - limit) > 1e-9:
                assert collapse[node] == (goodness < limit)


def test_critical_value_by_hand():
    # Mingers (1987): a poor split (gain .1) above a good one (.3) and a poor one (.05): at .2 only the last goes.
    forest = naive.random_forest(np.random.default_rng(0), [4], "regression").canonical()
    left, right = np.array([1, 2, -1, -1, 5, -1, -1], np.int32), np.array([4, 3, -1, -1, 6, -1, -1], np.int32)
    forest = forest.take(
        np.zeros(7, int), left, right, np.zeros(1, np.int32),
        gain=np.array([0.1, 0.3, 0, 0, 0.05, 0, 0]),
    )  # fmt: skip
    for method in (CriticalValue(0.2), MinImpurityDecrease(0.2)):
        assert np.flatnonzero(method.plan(forest).collapse).tolist() == [4]
        path = method.path(forest)
        assert path.alphas[1:] == pytest.approx([0.05, 0.3])
        assert path.impurities == pytest.approx([0, 0.05, 0.45])  # of the gains, what is lost


def test_equals_growing_where_gains_fall_along_every_branch():
    X = np.arange(8.0)[:, None]
    y = np.array([0, 1, 4, 5, 20, 21, 24, 25.0])  # gains 100, then 4 twice, then .25 four times, as shares of all rows
    tree = DecisionTreeRegressor(random_state=0).fit(X, y)
    grown = DecisionTreeRegressor(random_state=0, min_impurity_decrease=1).fit(X, y)
    assert same_arrays(prune(tree, MinImpurityDecrease(1.0)), grown)


def test_knobs_in_the_table_of_the_path():
    estimator, (X, y) = TREES["classes"]
    tree = estimator.fit(X, y)
    depths = pruning_path(tree, MaxDepth()).to_frame()
    assert depths["max_depth"].tolist() == list(range(tree.get_depth(), -1, -1))
    path = pruning_path(tree, MinSamples())
    small = path.prune(alpha=20)
    assert small.tree_.n_node_samples.min() >= 20
    assert same_arrays(small, prune(tree, MinSamples(leaf=20)))
