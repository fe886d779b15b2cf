"""PessimisticError and MinimumError: figures worked by hand, and the formulae node by node."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from treeprune.core.graft import graft
from treeprune.methods import MinimumError, PessimisticError
from treeprune.testing import forest_values


def two_classes(counts, left, right):
    """A tree of given class counts per node, in preorder."""
    counts = np.array(counts, float)
    n = counts.sum(axis=1)
    shape = naive.random_forest(np.random.default_rng(0), [(len(n) + 1) // 2], n_values=2)
    return naive.Forest(
        **{name: getattr(shape, name) for name in ("n_features", "task", "criterion", "n_classes")},
        root=np.zeros(1, np.int32),
        children_left=np.array(left, np.int32),
        children_right=np.array(right, np.int32),
        feature=np.zeros(len(n), np.int32),
        threshold=np.zeros(len(n)),
        value=(counts / n[:, None])[:, None],
        weighted_n_node_samples=n,
        n_node_samples=n.astype(int),
    )


def test_pessimistic_by_hand():
    # Left node: 5 errors; its leaves make 3: E = 3 + 2/2 = 4, deviation sqrt(4 x 10 / 14) = 1.690; 5.5 <= 5.690.
    # Root: 6 errors; three leaves make 4: E = 4 + 3/2 = 5.5, deviation sqrt(5.5 x 50.5 / 56) = 2.227; 6.5 <= 7.727.
    counts = [(50, 6), (9, 5), (7, 1), (2, 4), (41, 1)]
    forest = two_classes(counts, [1, 2, -1, -1, -1], [4, 3, -1, -1, -1])
    collapsed = {
        k: np.flatnonzero(PessimisticError(k).plan(forest).collapse).tolist() for k in (0.44, 0.46, 0.88, 0.89)
    }
    assert collapsed == {0.44: [], 0.46: [0], 0.88: [0], 0.89: [0, 1]}  # 1 / 2.227 = .449, 1.5 / 1.690 = .887


@given(naive.forests(max_leaves=12, max_trees=2, task="classification"), st.floats(0, 3))
def test_pessimistic_node_by_node(forest, k):
    collapse = PessimisticError(k).plan(forest).collapse
    wrong = (1 - forest.value[:, 0].max(axis=1)) * naive.counts(forest)
    for node in forest.internal:
        leaves = [i for i in naive.subtree(forest, node) if forest.is_leaf[i]]
        branch, n = sum(wrong[i] + 0.5 for i in leaves), naive.counts(forest)[node]
        limit = branch + k * np.sqrt(max(branch * (n - branch) / n, 0))
        if abs(wrong[node] + 0.5 - limit) > 1e-9:
            assert collapse[node] == (wrong[node] + 0.5 <= limit)


def test_minimum_error_by_hand():
    # At the root 6 of 10 rows are of class 0: 1 - (6 + .6 m) / (10 + m) = .4 for any m.
    # m = 2: leaf (5, 1) 1 - 6.2 / 8 = .225, leaf (1, 3) 1 - 3.8 / 6 = .367; together .6 x .225 + .4 x .367 = .282.
    # m = 40: leaf (5, 1) 1 - 29 / 46 = .370, leaf (1, 3) 1 - 25 / 44 = .432, now for class 0; together .394.
    forest = two_classes([(6, 4), (5, 1), (1, 3)], [1, -1, -1], [2, -1, -1])
    assert not MinimumError(2).plan(forest).collapse[0]
    assert not MinimumError(40).plan(forest).collapse[0]
    # Leaves (4, 2) and (2, 2), m = 40: 1 - 28 / 46 = .391 and 1 - 26 / 44 = .409; together .3986, still less than .4.
    # Leaves (4, 2) and (2, 2), m = 0: .6 x 1/3 + .4 x 1/2 = .4: a tie, which prunes.
    forest = two_classes([(6, 4), (4, 2), (2, 2)], [1, -1, -1], [2, -1, -1])
    assert [MinimumError(m).plan(forest).collapse[0] for m in (0, 40)] == [True, False]


def test_laplace_by_hand():
    # Niblett & Bratko (1986): errors (n - n_c + k - 1) / (n + k): (3, 1) -> 2/6; (2, 0) -> 1/4 and (1, 1) -> 2/4.
    forest = two_classes([(3, 1), (2, 0), (1, 1)], [1, -1, -1], [2, -1, -1])
    laplace = MinimumError(m=2, prior="uniform")
    assert laplace.plan(forest).collapse[0]  # 2/6 < (1/4 + 2/4) / 2
    forest = two_classes([(30, 30), (30, 0), (0, 30)], [1, -1, -1], [2, -1, -1])
    assert not laplace.plan(forest).collapse[0]


@given(naive.forests(max_leaves=8, max_trees=2, task="classification"), st.sampled_from([0.0, 0.5, 2.0, 30.0]))
def test_minimum_error_is_the_least_of_all_prunings(forest, m):
    n = naive.counts(forest)
    prior = forest.value[forest.root][forest.node_tree, 0]
    rate = 1 - ((forest.value[:, 0] * n[:, None] + m * prior) / (n[:, None] + m)).max(axis=1)
    expected = min(float(naive.cost(forest, p, n * rate)) for p in naive.all_prunings(forest))
    small, origin = graft(forest, MinimumError(m).plan(forest))
    assert (n * rate)[origin[small.is_leaf]].sum() == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_minimum_error_is_not_nested():
    for seed in range(100):
        forest = naive.random_forest(np.random.default_rng(seed), [4], n_values=2).canonical()
        sizes = [graft(forest, MinimumError(m).plan(forest))[0].n_leaves for m in (0, 0.5, 1, 2, 5, 20)]
        if (np.diff(sizes) > 0).any():
            return
    raise AssertionError("every tree shrank as m grew")


def test_values_do_not_change():
    forest = naive.random_forest(np.random.default_rng(0), [10]).canonical()
    assert MinimumError().plan(forest).value is None
    assert len(forest_values(forest, np.zeros((3, 4)))) == 1
