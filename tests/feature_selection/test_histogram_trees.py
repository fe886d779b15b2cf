"""Histogram trees against scikit-learn's trees on the same codes, and bins against their definition."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune.feature_selection._kernels import target_of
from treeprune.feature_selection.histogram_trees import BinnedData, bin_columns, grow_forest
from treeprune.testing import forest_apply

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 20, size=(6, 400)).astype(np.uint8)
WEIGHT = RNG.integers(1, 4, 400).astype(float)


def problem(n_classes, weight=WEIGHT):
    signal = CODES[0] / 5.0 + (CODES[1] > 9) * (CODES[2] > 5) * 3 + RNG.normal(size=400)
    if n_classes:
        target = np.searchsorted(np.quantile(signal, np.arange(1, n_classes) / n_classes), signal).astype(np.int32)
    else:
        target = (signal - signal.mean()) / signal.std()
    return BinnedData(CODES, target, weight, n_classes)


def grow(rows, grow_rows, judge, max_depth, n_features=1):
    """A tree that tries its features once each."""
    rows = rows.with_columns(rows.codes[:n_features])
    return grow_forest(rows, [(grow_rows, judge, np.random.default_rng(0))], max_depth)


@pytest.mark.parametrize("weight", [WEIGHT, np.ones(400)], ids=["weights", "rows"])
@pytest.mark.parametrize("n_classes", [0, 2, 4])
def test_trees_are_scikit_learns(n_classes, weight):
    """With two columns every node tries both, and the greedy tree is the same (down to where cuts tie)."""
    depth = 4 if weight is WEIGHT else 3
    rows = problem(n_classes, weight)
    cls = DecisionTreeClassifier if n_classes else DecisionTreeRegressor
    theirs = cls(max_depth=depth, random_state=0).fit(CODES[:2].T, rows.target, sample_weight=weight)
    judged = grow(rows, np.arange(400), np.arange(400), depth, n_features=2)
    ours, tree = judged.forest, theirs.tree_
    reached = judged.leaf_ids(0)
    np.testing.assert_array_equal(reached, forest_apply(ours.validate(), CODES[:2].T))
    assert ours.n_nodes == tree.node_count
    np.testing.assert_array_equal(ours.feature, tree.feature)
    np.testing.assert_array_equal(reached, theirs.apply(CODES[:2].T))  # cuts may differ where there are no rows
    np.testing.assert_allclose(ours.value, tree.value, atol=1e-12)
    np.testing.assert_allclose(ours.impurity, tree.impurity, atol=1e-12)
    np.testing.assert_array_equal(ours.n_node_samples, tree.n_node_samples)
    np.testing.assert_allclose(ours.weighted_n_node_samples, tree.weighted_n_node_samples)


@pytest.mark.parametrize("n_features", [1, 4, 5, 6])
@pytest.mark.parametrize("n_classes", [0, 2])
def test_packed_targets_grow_the_trees_of_sums_in_floats(n_classes, n_features):
    """Rows that all have the weight 2 are not packed."""
    once, twice = (problem(n_classes, np.full(400, w)) for w in (1.0, 2.0))
    twice = replace(twice, target=once.target)
    for rows in (once, twice):
        packed = target_of(np.zeros(400, np.int32), rows.target.astype(float), rows.weight, 20, 1).packed
        assert len(packed) == (400 if rows is once else 0)
    one, two = (grow(rows, np.arange(300), np.arange(300, 400), 3, n_features).forest for rows in (once, twice))
    for name in ("feature", "threshold", "n_node_samples", "value"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@given(st.lists(st.floats(-1e12, 1e12) | st.integers(-5, 5).map(float), min_size=1, max_size=60))
def test_sums_of_packed_targets_are_those_of_the_targets(y):
    y = np.array(y)
    target = target_of(np.zeros(len(y), np.int32), y, np.ones(len(y)), 1, 1)
    if not len(target.packed):  # too large to have steps that are fine enough
        assert np.abs(y).max() > 1e6
        return
    whole, half = int(target.packed.sum()), 1 << (target.bits - 1)
    count = (whole + half) >> target.bits
    assert count == len(y)
    total = (whole - (count << target.bits)) * target.step
    assert abs(total - y.sum()) <= len(y) * (target.step / 2 + 1e-15 * np.abs(y).max())
    assert target.step <= 2.0**-16 or total == y.sum()


def test_rows_to_judge_by_end_where_their_codes_lead():
    rows = problem(3)
    perm = np.random.default_rng(2).permutation(400)
    judged = grow(rows, perm[:250], perm[250:], 6, n_features=6)
    expected = forest_apply(judged.forest, CODES.T)
    expected[perm[:250]] = -1
    np.testing.assert_array_equal(judged.leaf_ids(0), expected)
    assert judged.statistics.n_rows[0] == 150
    assert judged.statistics.weight[0] == WEIGHT[perm[250:]].sum()


def test_trees_differ_and_are_concatenated():
    draws = [(np.arange(200), np.arange(200, 400), np.random.default_rng(seed)) for seed in range(3)]
    forest = grow_forest(problem(0), draws, 3).forest.validate()
    assert forest.n_trees == 3
    assert len({tuple(forest.feature[a:b]) for a, b in zip(forest.start, forest.start[1:], strict=False)}) == 3
    assert forest.depth.max() == 3


class TestBins:
    @given(st.lists(st.floats(-10, 10) | st.sampled_from([np.nan, np.inf, -np.inf]), min_size=1, max_size=80))
    def test_are_ascending_in_the_values(self, x):
        x = np.array(x)
        code = bin_columns(x[:, None])[0]
        np.testing.assert_array_equal(code == 32, np.isnan(x))
        known = ~np.isnan(x)
        order = np.argsort(x[known])
        assert (np.diff(code[known][order].astype(int)) >= 0).all()
        equal = x[known][order][1:] == x[known][order][:-1]
        assert (np.diff(code[known][order].astype(int))[equal] == 0).all()
        if len(np.unique(x[known])) <= 32:
            assert len(np.unique(code[known])) == len(np.unique(x[known]))

    def test_hold_equal_shares_of_many_values(self):
        code = bin_columns(np.random.default_rng(0).normal(size=(3200, 1)))[0]
        np.testing.assert_array_equal(np.bincount(code), np.full(32, 100))
