"""OptimalSubtree against all prunings, and against every other method at its size."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.tree import DecisionTreeClassifier

from tests import naive
from treeprune import prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.core.graft import graft
from treeprune.core.risk import node_risk
from treeprune.methods import ALIASES, CostComplexity, OptimalSubtree
from treeprune.search import optimal
from treeprune.search.optimal import OptimalSubtrees


def test_hand_worked_example():
    # Risks 8 -> (3 -> 1, 1; 4 -> 0, 1). With 3 leaves, the right branch gains 3 for its leaf and the left only 1.
    forest = naive.chain(1).take(
        np.zeros(7, int), np.array([1, 2, -1, -1, 5, -1, -1], np.int32), np.array([4, 3, -1, -1, 6, -1, -1], np.int32),
        np.zeros(1, np.int32),
    )  # fmt: skip
    table = OptimalSubtrees(forest, np.array([8.0, 3, 1, 1, 4, 0, 1]))
    assert table.risks.tolist() == [8, 7, 4, 3]
    assert np.flatnonzero(table.collapse(3)).tolist() == [1]


@given(st.data(), st.integers(1, 12))
def test_equals_the_best_of_all_prunings_of_each_size(data, cap):
    forest = data.draw(naive.forests(max_leaves=6, max_trees=2))
    risk = data.draw(naive.risks(forest))
    best = {}
    for pruning in naive.all_prunings(forest):
        size = len(naive.pruned(forest, pruning)[0])
        best[size] = min(best.get(size, np.inf), naive.cost(forest, pruning, risk))
    cap = max(cap, forest.n_trees)
    table = OptimalSubtrees(forest, risk, cap)
    assert len(table.risks) == min(cap, forest.n_leaves)
    for n_leaves, found in enumerate(table.risks, start=1):
        if n_leaves not in best:
            assert found == np.inf
            continue
        assert found == pytest.approx(float(best[n_leaves]), rel=1e-12)
        collapsed = set(np.flatnonzero(table.collapse(n_leaves)))
        assert len(naive.pruned(forest, collapsed)[0]) == n_leaves
        assert float(naive.cost(forest, collapsed, risk)) == pytest.approx(float(best[n_leaves]), rel=1e-12)


@given(naive.forests(max_leaves=9, max_trees=2))
def test_the_path_lists_each_tree_that_is_better_than_all_smaller_ones(forest):
    path = OptimalSubtree().path(forest)
    assert (np.diff(path.n_leaves) < 0).all()
    assert (np.diff(path.impurities) > 0).all()
    assert path.n_leaves[-1] == forest.n_trees
    assert len(path) == len(path.to_frame())
    for step, n_leaves in enumerate(path.n_leaves):
        small, origin = graft(forest, path.plan(step=step))
        assert small.n_leaves == n_leaves
        exact = sum(map(Fraction, path.risk[origin[small.is_leaf]]))
        assert path.impurities[step] == pytest.approx(float(exact), rel=1e-12, abs=1e-12)
        assert np.array_equal(graft(forest, OptimalSubtree(int(n_leaves)).plan(forest))[1], origin)


@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize("risk", ["impurity", "error", "log_loss"])
def test_never_worse_than_another_method_with_as_many_leaves(held_out, risk):
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
    rows = (X[1::2], y[1::2]) if held_out else ()
    adapter = find_adapter(tree)
    forest = adapter.forest
    node, _ = node_risk(forest, risk, adapter.rows(*rows) if held_out else None)
    path = pruning_path(tree, OptimalSubtree(risk=risk), *rows)
    others = set(ALIASES) - {"all_prunings_average", "hierarchical_shrinkage", "error_based", "optimal_subtree"}
    plans = [ALIASES[alias]().plan(forest, adapter.rows(X[1::2], y[1::2])) for alias in sorted(others)]
    plans += [CostComplexity(n_leaves=k).plan(forest) for k in range(1, 20)]
    for plan in plans:
        small, origin = graft(forest, plan)
        best, from_best = graft(forest, path.plan(n_leaves=small.n_leaves))
        assert node[from_best[best.is_leaf]].sum() <= node[origin[small.is_leaf]].sum() + 1e-9


def test_trees_are_not_nested():
    for seed in range(200):  # the search is for one; it is found at once
        forest = naive.random_forest(np.random.default_rng(seed), [8]).canonical()
        path = OptimalSubtree().path(forest)
        splits = [set(naive.pruned(forest, np.flatnonzero(path.plan(step=s).collapse))[1]) for s in range(len(path))]
        if any(not smaller <= larger for larger, smaller in pairwise(splits)):
            return
    raise AssertionError("every path was nested")


def test_strength_is_not_known_and_small_limits_are_refused():
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    path = pruning_path(tree, OptimalSubtree(max_leaves=4))
    assert path.n_leaves.tolist() == [4, 3, 2, 1]
    assert path.prune(n_leaves=3).get_n_leaves() == prune(tree, OptimalSubtree(3)).get_n_leaves() == 3
    with pytest.raises(ValueError, match="no strength"):
        path.prune(alpha=0.1)
    with pytest.raises(ValueError, match="at least 1"):
        path.prune(n_leaves=0)


def test_a_table_that_would_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(optimal, "LARGEST_TABLE", 1000)
    forest = naive.chain(200)
    assert len(OptimalSubtrees(forest, np.zeros(401), max_leaves=2).risks) == 2
    with pytest.raises(ValueError, match="Ask for fewer leaves"):
        OptimalSubtrees(forest, np.zeros(401))
