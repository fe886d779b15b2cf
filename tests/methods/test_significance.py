"""Significance: p-values as SciPy's tests give them, and the rule from the leaves up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import load_breast_cancer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import naive
from treeprune.adapters import find_adapter
from treeprune.core.graft import graft
from treeprune.methods import Significance


def counts(forest, node, output=0):
    return forest.value[node, output] * naive.counts(forest)[node]


def table(forest, node, output=0):
    """Sides by the classes that the node has."""
    sides = [counts(forest, child[node], output) for child in (forest.children_left, forest.children_right)]
    return np.array(sides)[:, np.sum(sides, axis=0) > 0]


@given(naive.forests(max_leaves=12, max_trees=2, task="classification", n_outputs=2))
def test_chi2_equals_scipy(forest):
    p = Significance().p_values(forest)
    assert (p[forest.is_leaf] == 1).all()
    for node in forest.internal:
        statistic = freedom = 0
        for output in (0, 1):
            t = table(forest, node, output)
            if t.shape[1] > 1:
                found = stats.chi2_contingency(t, correction=False)
                statistic, freedom = statistic + found.statistic, freedom + found.dof
        assert p[node] == pytest.approx(stats.chi2.sf(statistic, freedom) if freedom else 1.0, rel=1e-9)


@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 1, 569)], ids=["equal", "unequal"])
def test_fisher_of_a_tree(weight):
    X, y = load_breast_cancer(return_X_y=True)
    forest = find_adapter(DecisionTreeClassifier(random_state=0).fit(X, y, sample_weight=weight)).forest
    p = Significance(test="fisher").p_values(forest)
    expected = [stats.fisher_exact(np.rint(table(forest, node)).astype(int)).pvalue for node in forest.internal]
    assert p[forest.internal] == pytest.approx(np.array(expected), rel=1e-6)


def test_fisher_says_what_it_needs():
    three = naive.random_forest(np.random.default_rng(0), [12]).canonical()
    with pytest.raises(ValueError, match="at most two classes"):
        Significance(test="fisher").plan(three)
    two = naive.random_forest(np.random.default_rng(0), [12], "classification", 2).canonical()
    with pytest.raises(ValueError, match="single output"):
        Significance(test="fisher").plan(two)


def test_f_equals_scipy():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    adapter = find_adapter(DecisionTreeRegressor(random_state=0, min_samples_leaf=2).fit(X, y))
    forest, leaf = adapter.forest, adapter.rows(X, y).leaf_ids(0)
    p = Significance().p_values(forest)
    for node in forest.internal:
        left, right = (
            y[(leaf >= child[node]) & (leaf < forest.end[child[node]])]
            for child in (forest.children_left, forest.children_right)
        )
        assert p[node] == pytest.approx(stats.f_oneway(left, right).pvalue, rel=1e-6)


def test_f_with_weights_is_that_of_weighted_least_squares():
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(60, 2)), rng.normal(size=60), rng.gamma(2.0, size=60)
    tree = DecisionTreeRegressor(random_state=0, min_samples_leaf=2).fit(X, y, sample_weight=w)
    forest, leaf = find_adapter(tree).forest, tree.apply(X)
    p = Significance().p_values(forest)
    for node in forest.internal:
        inside = np.isin(leaf, naive.subtree(forest, node))
        left = np.isin(leaf, naive.subtree(forest, forest.children_left[node]))[inside]
        root = np.sqrt(w[inside])
        left_over = []
        for design in (np.ones((len(root), 1)), np.stack([left, ~left], axis=1)):
            fit = np.linalg.lstsq(design * root[:, None], y[inside] * root, rcond=None)[0]
            left_over.append(((y[inside] - design @ fit) ** 2 * w[inside]).sum())
        f = (left_over[0] - left_over[1]) / (left_over[1] / (len(root) - 2))
        assert p[node] == pytest.approx(stats.f.sf(f, 1, len(root) - 2), rel=1e-6)


def test_two_rows_prove_nothing():
    pair = find_adapter(DecisionTreeRegressor().fit([[0.0], [1.0]], [0.0, 1.0])).forest
    assert Significance().p_values(pair)[0] == 1


@pytest.mark.parametrize(("test", "task"), [("f", "classification"), ("chi2", "regression"), ("fisher", "regression")])
def test_a_test_for_another_task_is_refused(test, task):
    forest = naive.random_forest(np.random.default_rng(0), [5], task).canonical()
    with pytest.raises(ValueError, match=f"'test' parameter '{test}'"):
        Significance(test=test).plan(forest)


@given(naive.forests(max_leaves=12, max_trees=2), st.floats(0, 1))
def test_keeps_what_stands_above_a_significant_split(forest, level):
    p = Significance().p_values(forest)
    _, splits = naive.pruned(forest, np.flatnonzero(Significance(level).plan(forest).collapse))
    expected = [
        n for n in forest.internal if any(p[i] <= level for i in naive.subtree(forest, n) if i in forest.internal)
    ]
    assert sorted(splits) == expected


def test_bonferroni():
    forest = naive.random_forest(np.random.default_rng(3), [20], n_features=7).canonical()
    p, n = Significance().p_values(forest), naive.counts(forest)
    assert Significance(adjustment="features").p_values(forest) == pytest.approx(np.minimum(7 * p, 1))
    assert Significance(adjustment="splits").p_values(forest) == pytest.approx(
        np.minimum(7 * p * np.maximum(n - 1, 1), 1)
    )


def test_a_split_without_rows_on_one_side_goes():
    X, y = load_breast_cancer(return_X_y=True)
    adapter = find_adapter(DecisionTreeClassifier(random_state=0).fit(X, y))
    rows = adapter.rows(X[:30], y[:30])
    small, origin = graft(adapter.forest, Significance(0.999).plan(adapter.forest, rows))
    one_sided = origin[small.internal][
        rows.statistics.n_rows[adapter.forest.children_left[origin[small.internal]]] == 0
    ]
    p = Significance().p_values(adapter.forest, rows)
    assert (p[one_sided] == 1).all()
