"""Each step finds the best of all prunings of a tree, and the objective never rises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from treeprune.core.losses import logistic
from treeprune.search.block_descent import BlockDescent, Quadratic, Tree
from treeprune.search.newton_descent import NewtonDescent


@st.composite
def problems(draw, max_leaves=6, max_trees=1, max_columns=3):
    """Small trees with rows at their leaves (some that do not count), and a least-squares problem."""
    forest = draw(naive.forests(max_leaves=max_leaves, max_trees=max_trees, task="regression"))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_rows, n_columns = 12, draw(st.integers(1, max_columns))
    leaves = []
    for first, last in zip(forest.start[:-1], forest.start[1:], strict=True):
        leaf = np.flatnonzero(forest.is_leaf[first:last])
        leaves.append(np.where(rng.random(n_rows) < 0.9, rng.choice(leaf, n_rows), -1))
    weight = rng.integers(0, 3, n_rows).astype(np.float64)
    target = rng.normal(size=(n_rows, n_columns))
    values = 0.3 * rng.normal(size=(forest.n_nodes, n_columns))
    return forest, leaves, weight, target, values, rng


def trees_of(forest, leaves, values, prices=None):
    trees = []
    for leaf, first, last in zip(leaves, forest.start[:-1], forest.start[1:], strict=True):
        nodes = slice(first, last)
        price = np.empty(0) if prices is None else prices[nodes]
        trees.append(Tree.unpruned(forest.end[nodes] - first, forest.depth[nodes], price, leaf, values[nodes]))
    return trees


def descent_of(forest, leaves, weight, target, start, prices=None, **options):
    trees = trees_of(forest, leaves, start, prices)
    descent = BlockDescent(trees, [Quadratic(target * weight[:, None], weight)], **options)
    descent.take_out()
    return descent


def score_of(descent, n_rows):
    """The score, from the trees alone."""
    score = np.zeros((n_rows, descent.trees[0].value.shape[1]))
    for tree in descent.trees:
        for leaf, value in zip(tree.leaf, tree.value, strict=True):
            score[tree.row[tree.span[leaf, 1] : tree.span[leaf, 2]]] += value
    return score


def objective_of(descent, weight, target, penalty):
    """The objective, from its definition."""
    loss = 0.5 * weight @ ((target - score_of(descent, len(target))) ** 2).sum(axis=1)
    kept = [tree for tree in descent.trees if not tree.dropped]
    squares = sum(((tree.value - descent.anchored * tree.given[tree.leaf]) ** 2).sum() for tree in kept)
    return loss + 0.5 * descent.ridge * squares + penalty * sum(tree.price for tree in descent.trees)


def constraint_of(name, values, intercept):
    """Options of the search and of its twin."""
    if name == "given":
        return {"values": "given", "ridge": 0.0}, {"given": values, "ridge": 0.0}
    if name == "anchored":
        return {"anchored": True, "ridge": 0.5}, {"prior": values, "ridge": 0.5}
    if name == "simplex":
        simplex = {"low": -intercept, "total": 0.7}
        return {"values": "simplex", "ridge": 0.5, "drop": False} | simplex, {"ridge": 0.5, "drop": False} | simplex
    return {"ridge": 0.5}, {"ridge": 0.5}


@pytest.mark.parametrize("name", ["free", "anchored", "given", "simplex"])
@pytest.mark.parametrize("penalty", [0.0, 0.01, 0.1, 1.0])
@given(problem=problems())
def test_a_step_finds_the_best_of_all_prunings(problem, name, penalty):
    forest, (leaf,), weight, target, values, rng = problem
    options, twin = constraint_of(name, values, rng.random(target.shape[1]) / 2)
    prices = rng.integers(0, 3, forest.n_nodes).astype(np.float64)
    descent = descent_of(forest, [leaf], weight, target, values, prices, **options)
    descent.step(descent.trees[0], penalty)
    counts = leaf >= 0
    constant = 0.5 * weight @ (target**2).sum(axis=1)
    gradient, hessian = (target * weight[:, None])[counts], weight[counts]
    best = naive.best_pruning(forest, leaf[counts], gradient, hessian, penalty, prices=prices, **twin)
    found = objective_of(descent, weight, target, penalty)
    if name == "simplex":  # where the tree started outside the simplex, staying outside may cost less
        assert found <= constant + best + 1e-9
    else:
        np.testing.assert_allclose(found, constant + best, atol=1e-9)


@pytest.mark.parametrize("options", [{}, {"layers": True}, {"anchored": True}], ids=str)
@given(problem=problems(max_trees=4, max_columns=2), penalty=st.sampled_from([0.0, 0.02, 0.3]))
def test_the_objective_falls_by_what_each_step_says(problem, penalty, options):
    forest, leaves, weight, target, values, _ = problem
    descent = descent_of(forest, leaves, weight, target, values, ridge=0.3, **options)
    before = objective_of(descent, weight, target, penalty)
    for within in (False, True, False):
        for tree in descent.trees:
            fall = descent.step(tree, penalty, within)
            after = objective_of(descent, weight, target, penalty)
            assert fall >= 0
            np.testing.assert_allclose(before - after, fall, atol=1e-9)
            before = after
    np.testing.assert_allclose(descent.objective(penalty), before, atol=1e-9)


@given(problem=problems(max_columns=1), penalty=st.sampled_from([0.0, 0.02, 0.2]))
def test_layers_give_the_best_depth(problem, penalty):
    forest, (leaf,), weight, target, values, _ = problem
    descent = descent_of(forest, [leaf], weight, target, values, ridge=0.3, layers=True)
    descent.step(descent.trees[0], penalty)
    costs = [0.0]
    for depth in range(forest.depth.max() + 1):
        leaves, splits = naive.pruned(forest, set(np.flatnonzero(forest.depth == depth)))
        cost = penalty * (len(leaves) + len(splits))
        for node in leaves:
            rows = np.isin(leaf, naive.subtree(forest, node))
            cost += naive.leaf_optimum((target[rows, 0] @ weight[rows])[None], weight[rows].sum(), 0.3)[1]
        costs.append(cost)
    constant = 0.5 * weight @ target[:, 0] ** 2
    np.testing.assert_allclose(objective_of(descent, weight, target, penalty), constant + min(costs), atol=1e-9)


@given(problem=problems(max_trees=3))
def test_a_state_can_be_restored(problem):
    forest, leaves, weight, target, values, _ = problem
    descent = descent_of(forest, leaves, weight, target, values, ridge=0.3)
    state, gradient = descent.state(), descent.models[0].gradient.copy()
    descent.descend(0.1)
    descent.restore(state)
    np.testing.assert_allclose(descent.models[0].gradient, gradient, atol=1e-12)


def logistic_descent(problem, **options):
    forest, leaves, weight, target, values, _ = problem
    y = (target[:, 0] > 0).astype(np.float64)

    def derivatives(score):
        gradient, hessian = logistic(y, score[:, 0])
        return (weight * gradient)[:, None], (weight * hessian)[:, None]

    def loss(score):
        return weight @ np.logaddexp(0.0, np.where(y == 1, -score, score))

    trees = trees_of(forest, leaves, 5 * values)  # so far off that plain Newton steps overshoot
    return NewtonDescent(trees, derivatives, np.zeros((len(y), 1)), **options), loss


@given(problem=problems(max_trees=3, max_columns=1), penalty=st.sampled_from([0.0, 0.05]))
def test_newton_cycles_never_raise_a_loss_that_is_no_square(problem, penalty):
    descent, loss = logistic_descent(problem, ridge=0.2)

    def objective():
        squares = sum((tree.value**2).sum() for tree in descent.trees)
        return loss(score_of(descent, 12)[:, 0]) + 0.1 * squares + penalty * sum(t.price for t in descent.trees)

    before = objective()
    for _ in range(6):
        descent.cycle(penalty)
        assert objective() <= before + 1e-4 * (1 + abs(before))
        before = objective()


@given(problem=problems(max_trees=3, max_columns=1), step=st.floats(-10.0, 10.0))
def test_a_loss_s_change_is_integrated_from_its_gradient(problem, step):
    descent, loss = logistic_descent(problem)
    weight, score = problem[2], descent.score[:, 0]
    change = descent._loss_change(np.full_like(descent.score, step))
    np.testing.assert_allclose(change, loss(score + step) - loss(score), atol=1e-3 * weight.sum())


@given(problem=problems(max_leaves=5, max_trees=2, max_columns=1))
def test_newton_ends_where_the_gradient_of_every_leaf_is_zero(problem):
    descent, _ = logistic_descent(problem, ridge=0.2)
    descent.descend(0.0, tol=0.0, max_cycles=200)
    gradient = descent.derivatives(score_of(descent, 12))[0]
    for tree in descent.trees:
        for leaf, value in zip(tree.leaf, tree.value, strict=True):
            rows = tree.row[tree.span[leaf, 1] : tree.span[leaf, 2]]
            np.testing.assert_allclose(gradient[rows].sum(axis=0) + 0.2 * value, 0.0, atol=1e-3)


def test_no_branch_that_could_pay_is_left_unseen():
    """Gains that hardly pay for one split more: what the search need not look into is bounded, and not too tightly."""
    rng, inner = np.random.default_rng(0), 0
    for _ in range(300):
        forest = naive.random_forest(rng, [int(rng.integers(2, 5))]).canonical()
        leaf = rng.choice(np.flatnonzero(forest.is_leaf), 8)
        weight, target = np.ones(8), rng.normal(size=(forest.n_nodes, 1))[leaf]  # leaves gain all that there is
        penalty = rng.uniform(0.05, 0.55) * ((target - target.mean()) ** 2).sum() / 2  # the most that splits gain
        descent = descent_of(forest, [leaf], weight, target, np.zeros((forest.n_nodes, 1)), ridge=1e-9)
        descent.step(descent.trees[0], penalty)
        best = naive.best_pruning(forest, leaf, target, weight, penalty, ridge=1e-9)
        found = objective_of(descent, weight, target, penalty)
        np.testing.assert_allclose(found, 0.5 * (target**2).sum() + best, atol=1e-9)
        inner += len(descent.trees[0].leaf) > 1
    assert inner > 20  # there are trees of which a split stays


def test_of_prunings_that_cost_as_much_the_smallest_is_taken():
    forest = naive.random_forest(np.random.default_rng(0), [4]).canonical()
    leaf = np.flatnonzero(forest.is_leaf).repeat(2)
    target = np.tile([[0.0], [2.0]], (4, 1))  # the same mean in every leaf, and rows apart
    descent = descent_of(forest, [leaf], np.ones(8), target, np.zeros((forest.n_nodes, 1)), ridge=0.0)
    descent.step(descent.trees[0], 0.0)
    assert descent.trees[0].leaf.tolist() == [0]
