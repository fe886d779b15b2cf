"""The null and its p-values: pure functions against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from sklearn.tree import DecisionTreeRegressor

from tests import naive
from treeprune.adapters import find_adapter
from treeprune.core.plan import Plan
from treeprune.core.rows import Rows
from treeprune.feature_selection.nulls import (
    Shadows,
    copies_needed,
    levels,
    looks_like_random_walk,
    shadow_order,
)
from treeprune.feature_selection.survival import benjamini_hochberg, p_values, survival, without_ties


@given(naive.forests(max_trees=3, n_outputs=1), st.randoms(use_true_random=False))
def test_survival_counts_trees_with_a_split_that_remains(forest, random):
    """And the parts that break ties add up to a half, where any split wins."""
    unit = np.array([random.randrange(3) for _ in range(forest.n_features)])
    unit[-1] = 2
    collapse = np.array([random.random() < 0.3 for _ in range(forest.n_nodes)])
    expected = [0, 0, 0]
    for tree in range(forest.n_trees):
        kept = [
            node
            for node in range(forest.start[tree], forest.start[tree + 1])
            if not forest.is_leaf[node] and not collapse[[node, *naive.ancestors(forest, node)]].any()
        ]
        for u in {unit[forest.feature[node]] for node in kept}:
            expected[u] += 1
    rng = np.random.default_rng(0)
    leaves = [np.flatnonzero(forest.is_leaf[a:b]) + a for a, b in zip(forest.start, forest.start[1:], strict=False)]
    leaf = [rng.choice(of_tree, 20).astype(np.int32) for of_tree in leaves]
    target = rng.integers(0, 2, (20, 1)).astype(np.int32 if forest.task == "classification" else np.float64)
    count, won = survival(Rows(forest, leaf.__getitem__, target), Plan(collapse=collapse), unit)
    np.testing.assert_array_equal(count, expected)
    assert (won >= 0).all()
    assert not won[count == 0].any()
    part = without_ties(count, won) - count
    assert part.sum() == 0 or part.sum() == pytest.approx(0.5)


def test_ties_are_broken_by_what_splits_win():
    """Both features survive in the one tree; the first wins nine tenths."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 5, float)
    y = 3 * X[:, 0] + X[:, 1]
    adapter = find_adapter(DecisionTreeRegressor().fit(X, y))
    count, won = survival(adapter.rows(X, y), Plan(collapse=np.zeros(adapter.forest.n_nodes, bool)), np.arange(2))
    np.testing.assert_allclose(won, [45, 5])
    np.testing.assert_allclose(without_ties(count, won), [1.45, 1.05])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_benjamini_hochberg_is_scipys(p, fdr):
    np.testing.assert_array_equal(benjamini_hochberg(np.array(p), fdr), false_discovery_control(p) <= fdr)


class TestPValues:
    def test_are_ranks_among_all_shadows(self):
        rng = np.random.default_rng(0)
        mean, shadow = rng.random(5), rng.random((10, 5))
        p = p_values(mean, shadow, np.arange(5), np.zeros(5, int))
        for one, of in zip(p, mean, strict=True):
            assert one == (1 + (shadow >= of).sum()) / 51

    def test_are_ranks_among_shadows_of_their_level_and_above(self):
        shadow = np.array([[0.1, 3.0], [0.2, 4.0]])
        p = p_values(np.array([2.0, 2.0]), shadow, np.array([0, 1]), np.array([1, 5]))
        np.testing.assert_allclose(p, [3 / 5, 1.0])

    def test_round_means_down_where_nearly_no_shadow_survives(self):
        shadow = np.zeros((10, 10))
        shadow[0, 0] = 1
        assert p_values(np.array([0.9]), shadow, np.zeros(10, int), np.zeros(1, int)) == 1
        assert p_values(np.array([1.1]), shadow, np.zeros(10, int), np.zeros(1, int)) == 2 / 101
        shadow[:, :2] = 1
        assert p_values(np.array([0.9]), shadow, np.zeros(10, int), np.zeros(1, int)) == 21 / 101

    @given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
    def test_are_fine_enough_for_a_unit_alone(self, level):
        """The least p-value of every unit passes Benjamini-Hochberg at 0.1 with ten sets."""
        level = np.array(level)
        shadows = Shadows.from_units(np.arange(len(level)), copies_needed(level))
        p = p_values(np.full(len(level), 9.0), np.ones((10, len(shadows.copied))), shadows.copied, level)
        assert p.max() <= 0.1 / len(level)


class TestShadows:
    def test_are_columns_in_other_orders(self):
        shadows = Shadows.from_units(np.array([0, 1, 0]), np.array([1, 2]))
        assert shadows.column.tolist() == [0, 1, 2, 0, 1, 2, 1]
        assert shadows.order.tolist() == [0, 0, 0, 1, 1, 1, 2]
        assert shadows.unit.tolist() == [0, 1, 0, 2, 3, 2, 4]
        assert shadows.copied.tolist() == [0, 1, 1]
        assert shadows.n_orders == 3

    def test_none_without_copies(self):
        shadows = Shadows.from_units(np.array([0, 1]), np.array([0, 0]))
        assert shadows.column.tolist() == [0, 1]
        assert shadows.n_orders == 1

    def test_levels_are_powers_of_two_of_cuts(self):
        assert levels(np.array([1, 2, 3, 5, 32, 2, 2]), np.arange(7)).tolist() == [0, 0, 1, 2, 4, 0, 0]
        assert levels(np.array([2, 2, 2, 2]), np.array([0, 1, 1, 1])).tolist() == [0, 1]


SERIES = [np.arange(0, 90, 2), np.arange(1, 90, 2), np.arange(90, 130)]


class TestOrders:
    @pytest.mark.parametrize("null", ["permute", "circular", "block"])
    @pytest.mark.parametrize("series", [[np.arange(100)], SERIES, [np.arange(1)], [np.arange(2), np.arange(2, 3)]])
    def test_are_permutations_within_each_series(self, null, series):
        order = shadow_order(null, series, np.random.default_rng(0))
        for rows in series:
            assert sorted(order[rows]) == rows.tolist()

    def test_circular_keeps_neighbours_and_shifts_far(self):
        for seed in range(50):
            order = shadow_order("circular", SERIES, np.random.default_rng(seed))
            for rows in SERIES:
                place = np.searchsorted(rows, order[rows])
                assert (np.diff(place) % len(rows) == 1).all()
                shift = place[0]
                assert len(rows) // 10 <= shift <= len(rows) - len(rows) // 10

    def test_block_keeps_most_neighbours(self):
        order = shadow_order("block", [np.arange(1000)], np.random.default_rng(0), 100)
        assert (np.diff(order) % 1000 != 1).sum() <= 9
        assert (order != np.arange(1000)).mean() > 0.5

    def test_permute_keeps_none(self):
        order = shadow_order("permute", [np.arange(1000)], np.random.default_rng(0))
        assert (np.diff(order) == 1).mean() < 0.02


class TestRandomWalk:
    def test_is_told_from_noise(self):
        rng = np.random.default_rng(0)
        noise = rng.normal(size=(60, 500))
        walks = [looks_like_random_walk(x) for x in noise.cumsum(axis=1)]
        stationary = [looks_like_random_walk(x) for x in noise]
        assert np.mean(walks) >= 0.85  # the test rejects 5 % of walks
        assert not any(stationary)

    def test_is_judged_at_five_per_cent_by_tau_of_a_regression_with_a_constant(self):
        """Tau by least squares; the critical value of Fuller (1976, table 8.5.2) for large samples is -2.86."""
        rng, taus = np.random.default_rng(1), []
        for _ in range(400):
            x = rng.normal(size=200)
            for i in range(1, 200):
                x[i] += 0.93 * x[i - 1]
            design = np.c_[np.ones(199), x[:-1]]
            slope, (squares,) = np.linalg.lstsq(design, np.diff(x))[:2]
            tau = slope[1] / np.sqrt(squares / 197 * np.linalg.inv(design.T @ design)[1, 1])
            assert looks_like_random_walk(x) == (tau > -2.86)
            taus.append(tau)
        assert np.any((np.array(taus) > -2.9) & (np.array(taus) < -2.86))
        assert np.any((np.array(taus) > -2.86) & (np.array(taus) < -2.82))

    def test_is_not_seen_in_what_stands_still(self):
        assert not looks_like_random_walk(np.ones(100))
        assert not looks_like_random_walk(np.arange(5.0))
