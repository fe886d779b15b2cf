"""Each step finds the best of all prunings of a tree, and the objective never rises."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests import naive
from treeprune.core.losses import Logistic
from treeprune.search import descent_kernels
from treeprune.search.block_descent import BlockDescent
from treeprune.search.descent_arrays import Quadratic, Trees
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
    first = forest.start[:-1]
    leaf_ids = [np.where(leaf >= 0, leaf + start, -1) for leaf, start in zip(leaves, first, strict=True)]
    prices, model = np.empty(0) if prices is None else prices, np.zeros(forest.n_trees, np.int32)
    return Trees.from_forest(forest.start, forest.end, forest.depth, prices, leaf_ids, values, model)


def descent_of(forest, leaves, weight, target, start, prices=None, **options):
    trees = trees_of(forest, leaves, start, prices)
    descent = BlockDescent(trees, Quadratic.from_derivatives((target * weight[:, None])[None], weight[None]), **options)
    descent.take_out()
    return descent


def rows_at(descent, leaf):
    """Rows at a leaf, by its place among the nodes of all trees."""
    trees = descent.trees
    tree = np.searchsorted(trees.start, leaf, side="right") - 1
    return trees.row[trees.row_start[tree] :][trees.span[leaf, 1] : trees.span[leaf, 2]]


def score_of(descent, n_rows):
    """The score, from the trees alone."""
    score = np.zeros((n_rows, descent.trees.given.shape[1]))
    for leaf, value in zip(*descent.leaves(), strict=True):
        score[rows_at(descent, leaf)] += value
    return score


def price_of(descent):
    """Nodes and prices of the splits of all trees that stay."""
    leaves, price = descent.leaves()[0].tolist(), 0.0
    for first, last in itertools.pairwise(descent.trees.start):
        own, node = [leaf for leaf in leaves if first <= leaf < last], first
        price += 2 * len(own) - 1 if own else 0
        while own and node < last:
            if node in own:
                node = first + descent.trees.span[node, 0]
            else:
                price += descent.trees.split_price[node] if len(descent.trees.split_price) else 0.0
                node += 1
    return price


def objective_of(descent, weight, target, penalty):
    """The objective, from its definition."""
    loss = 0.5 * weight @ ((target - score_of(descent, len(target))) ** 2).sum(axis=1)
    leaf, value = descent.leaves()
    squares = ((value - descent.options.anchored * descent.trees.given[leaf]) ** 2).sum()
    return loss + 0.5 * descent.options.ridge * squares + penalty * price_of(descent)


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
    descent.step(0, penalty)
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
        for tree in range(forest.n_trees):
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
    descent.step(0, penalty)
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
    state, gradient = descent.state(), descent.model.gradient.copy()
    descent.descend(0.1)
    descent.restore(state)
    np.testing.assert_allclose(descent.model.gradient, gradient, atol=1e-12)


def logistic_descent(problem, **options):
    forest, leaves, weight, target, values, _ = problem
    y = (target[:, 0] > 0).astype(np.float64)

    def derivatives(score):
        gradient, hessian = Logistic()(y, score[:, 0])
        return (weight * gradient)[:, None], (weight * hessian)[:, None]

    def loss(score):
        return weight @ np.logaddexp(0.0, np.where(y == 1, -score, score))

    trees = trees_of(forest, leaves, 5 * values)  # so far off that plain Newton steps overshoot
    return NewtonDescent(trees, derivatives, np.zeros((len(y), 1)), **options), loss


@given(problem=problems(max_trees=3, max_columns=1), penalty=st.sampled_from([0.0, 0.05]))
def test_newton_cycles_never_raise_a_loss_that_is_no_square(problem, penalty):
    descent, loss = logistic_descent(problem, ridge=0.2)

    def objective():
        squares = (descent.leaves()[1] ** 2).sum()
        return loss(score_of(descent, 12)[:, 0]) + 0.1 * squares + penalty * price_of(descent)

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
    for leaf, value in zip(*descent.leaves(), strict=True):
        np.testing.assert_allclose(gradient[rows_at(descent, leaf)].sum(axis=0) + 0.2 * value, 0.0, atol=1e-3)


def test_no_branch_that_could_pay_is_left_unseen():
    """Gains that hardly pay for one split more: what the search need not look into is bounded, and not too tightly."""
    rng, inner = np.random.default_rng(0), 0
    for _ in range(300):
        forest = naive.random_forest(rng, [int(rng.integers(2, 5))]).canonical()
        leaf = rng.choice(np.flatnonzero(forest.is_leaf), 8)
        weight, target = np.ones(8), rng.normal(size=(forest.n_nodes, 1))[leaf]  # leaves gain all that there is
        penalty = rng.uniform(0.05, 0.55) * ((target - target.mean()) ** 2).sum() / 2  # the most that splits gain
        descent = descent_of(forest, [leaf], weight, target, np.zeros((forest.n_nodes, 1)), ridge=1e-9)
        descent.step(0, penalty)
        best = naive.best_pruning(forest, leaf, target, weight, penalty, ridge=1e-9)
        found = objective_of(descent, weight, target, penalty)
        np.testing.assert_allclose(found, 0.5 * (target**2).sum() + best, atol=1e-9)
        inner += len(descent.leaves()[0]) > 1
    assert inner > 20  # there are trees of which a split stays


def test_of_prunings_that_cost_as_much_the_smallest_is_taken():
    forest = naive.random_forest(np.random.default_rng(0), [4]).canonical()
    leaf = np.flatnonzero(forest.is_leaf).repeat(2)
    target = np.tile([[0.0], [2.0]], (4, 1))  # the same mean in every leaf, and rows apart
    descent = descent_of(forest, [leaf], np.ones(8), target, np.zeros((forest.n_nodes, 1)), ridge=0.0)
    descent.step(0, 0.0)
    assert descent.prunings.leaf[: descent.prunings.n_leaves[0]].tolist() == [0]


@given(st.lists(st.integers(-40, 40), min_size=2, max_size=5), st.integers(0, 2), st.integers(1, 12))
@example([-3, 7, -3], 2, 4)  # on the face of the simplex, to rounding: the set of those above went 3, 1, 3, 1, ...
def test_projections_on_the_simplex_end_at_the_nearest_point(x, tenths, n_trees):
    """Nearest: all coordinates above the lowest moved by as much, the others by no more."""
    x, low, total = np.array(x) / 40, np.full(len(x), -tenths / 10 / len(x)), 1 / n_trees
    found = x.copy()
    project = getattr(descent_kernels._project, "py_func", descent_kernels._project)
    project(found, low, total)
    assert (found >= low).all()
    np.testing.assert_allclose((found - low).sum(), total)
    inside = found > low + 1e-12
    shift = (x - found)[inside]
    np.testing.assert_allclose(shift, shift[0], atol=1e-12)
    assert (x - low <= shift[0] + 1e-12)[~inside].all()
