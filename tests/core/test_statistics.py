"""Sums over rows: right, additive, independent of order, and a weight is worth that many repetitions, exactly."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from treeprune.core.rows import Rows
from treeprune.core.statistics import NodeStatistics
from treeprune.testing import forest_apply


def rows(forest, X, target, weight=None):
    leaves = [forest_apply(forest, X, tree) for tree in range(forest.n_trees)]
    return Rows(forest, leaves.__getitem__, target, weight)


def same(a, b):
    """Whether two statistics are equal to the last bit."""
    pairs = [(getattr(a, f.name), getattr(b, f.name)) for f in fields(NodeStatistics)]
    return all(x is y is None or np.array_equal(x, y) for x, y in pairs)


@st.composite
def cases(draw, real=False, n_outputs=2):
    """A forest of up to three trees and rows for it: ``(forest, X, target, weight)``."""
    forest = draw(naive.forests(max_leaves=6, max_trees=3, n_outputs=n_outputs))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X, target, weight = naive.rows_of(rng, forest, draw(st.integers(0, 40)))
    if real and forest.task == "regression":
        target = target + rng.normal(size=target.shape)
    return forest, X, target, weight


@given(cases())
def test_sums_are_those_of_the_rows_of_each_node(case):
    forest, X, target, weight = case
    statistics = rows(forest, X, target, weight).statistics
    for node in range(forest.n_nodes):
        tree = np.searchsorted(forest.start, node, side="right") - 1
        inside = np.isin(forest_apply(forest, X, tree), naive.subtree(forest, node))
        w, y = weight[inside], target[inside]
        assert statistics.n_rows[node] == (w > 0).sum()
        assert statistics.weight[node] == w.sum()
        for output in range(forest.n_outputs):
            if forest.task == "classification":
                counts = [w[y[:, output] == k].sum() for k in range(forest.value.shape[2])]
                assert statistics.class_weight[node, output].tolist() == counts
            else:
                shifted = y[:, output] - statistics.center[output]
                assert statistics.total[node, output] == pytest.approx((w * shifted).sum(), abs=1e-12)
                assert statistics.square[node, output] == pytest.approx((w * shifted**2).sum(), abs=1e-12)


@given(cases(real=True), st.randoms())
def test_order_does_not_matter(case, random):
    forest, X, target, weight = case
    order = list(range(len(X)))
    random.shuffle(order)
    shuffled = rows(forest, X[order], target[order], weight[order])
    assert same(rows(forest, X, target, weight).statistics, shuffled.statistics)


@given(cases(real=True))
def test_a_weight_is_that_many_repetitions(case):
    forest, X, target, weight = case
    times = weight.astype(int)
    weighted = rows(forest, X, target, weight).statistics
    repeated = rows(forest, np.repeat(X, times, axis=0), np.repeat(target, times, axis=0)).statistics
    assert all(
        getattr(weighted, f.name) is None or np.array_equal(getattr(weighted, f.name), getattr(repeated, f.name))
        for f in fields(NodeStatistics)
        if f.name != "n_rows"
    )


@given(cases(), st.integers(0, 40))
def test_the_sum_of_two_parts_is_the_whole(case, cut):
    forest, X, target, weight = case
    first, second = (
        rows(forest, X[part], target[part], weight[part]).statistics for part in (slice(cut), slice(cut, None))
    )
    whole = rows(forest, X, target, weight).statistics
    total = first + second
    for field in fields(NodeStatistics):
        if getattr(whole, field.name) is not None:
            assert getattr(total, field.name) == pytest.approx(getattr(whole, field.name), rel=1e-15, abs=1e-12)


def test_different_centers_do_not_add_up():
    parts = [NodeStatistics(np.ones(1), np.ones(1), center=np.array([c])) for c in (0.0, 1.0)]
    with pytest.raises(ValueError, match="different centers do not add up"):
        parts[0] + parts[1]


def test_targets_far_from_zero_keep_their_digits():
    """Squares of 1e9 leave nothing of a variance of 1; measured from the root's value they do."""
    forest = naive.chain(1)
    forest = replace(forest, value=np.full_like(forest.value, 1e9))
    y = 1e9 + np.array([[-1.0], [0.0], [1.0]])
    statistics = rows(forest, np.zeros((3, 1)), y).statistics
    assert statistics.square[0, 0] == 2.0


@given(cases(real=True), st.sampled_from([1, 2]))
def test_node_loss(case, power):
    forest, X, target, weight = case
    these = rows(forest, X, target, weight)

    def loss(y, value):
        return (np.abs(y - value[..., 0]) ** power).sum(axis=-1)

    exact = naive.node_loss(forest, these.leaf_ids, target, weight, loss)
    assert these.node_loss(loss) == pytest.approx([float(e) for e in exact], rel=1e-14, abs=1e-300)


@given(cases(real=True), st.randoms())
def test_node_loss_knows_neither_order_nor_repetition(case, random):
    forest, X, target, weight = case
    order = [row for row, w in enumerate(weight) for _ in range(int(w))]
    random.shuffle(order)

    def loss(y, value):
        return np.abs(y - value[..., 0]).mean(axis=-1)

    repeated = rows(forest, X[order], target[order])
    assert np.array_equal(rows(forest, X, target, weight).node_loss(loss), repeated.node_loss(loss))


def test_rows_take_their_leaves_tree_by_tree_when_asked():
    """Leaves of all trees at once would not fit for large ensembles."""
    forest, asked = naive.random_forest(np.random.default_rng(0), [3, 4]).canonical(), []

    def leaf_ids(tree):
        asked.append(tree)
        return forest_apply(forest, np.zeros((2, 4)), tree)

    these = Rows(forest, leaf_ids, np.zeros((2, 1), np.int32))
    assert asked == []
    assert these.statistics is these.statistics
    assert asked == [0, 1]


def test_a_long_chain():
    forest = naive.chain(100_000)
    leaf = np.flatnonzero(forest.is_leaf).astype(np.int32)
    statistics = Rows(forest, lambda _: leaf, np.ones((len(leaf), 1))).statistics
    assert np.array_equal(statistics.n_rows[forest.internal], 100_001 - forest.depth[forest.internal])
