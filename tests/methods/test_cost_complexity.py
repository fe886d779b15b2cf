"""Cost-complexity pruning against all prunings, and its three knobs."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from tests.zoo import SINGLE_TREES
from treeprune import MissingStatisticError, prune, pruning_path
from treeprune.core.rows import Rows
from treeprune.methods import CostComplexity
from treeprune.testing import forest_apply, same_arrays


def rows(forest, seed, n_rows=30):
    """Random rows for a random forest; weights are small integers."""
    X, target, weight = naive.rows_of(np.random.default_rng(seed), forest, n_rows)
    weight[0] = 1
    leaves = [forest_apply(forest, X, tree) for tree in range(forest.n_trees)]
    return Rows(forest, leaves.__getitem__, target, weight)


def kept(forest, plan):
    """Splits that a plan leaves."""
    collapsed = set() if plan.collapse is None else set(np.flatnonzero(plan.collapse))
    return naive.pruned(forest, collapsed)[1]


def middles(path):
    """Alphas between the steps, and beyond the last."""
    return [*np.sqrt(path.alphas[1:-1] * path.alphas[2:]), 2 * path.alphas[-1] + 1]


@given(naive.forests(max_leaves=8), st.sampled_from(["impurity", "error"]))
def test_best_of_all_prunings_on_the_training_rows(forest, risk):
    path = CostComplexity(risk=risk).path(forest)
    n = forest.weighted_n_node_samples
    if risk == "impurity":
        cost = forest.impurity * n
    elif forest.task == "classification":
        cost = n * (1 - forest.value[:, 0].max(axis=1))
    else:
        cost = forest.impurity * n
    exact = [Fraction(c).limit_denominator(10**6) for c in cost]  # of counts below a hundred
    for alpha in middles(path):
        with_price = [c + Fraction(alpha) * int(n[0]) for c in exact]
        assert kept(forest, CostComplexity(alpha, risk=risk).plan(forest)) == naive.cheapest(forest, with_price)[1]


@given(naive.forests(max_leaves=12, n_outputs=2), st.integers(0, 2**32 - 1), st.sampled_from(["impurity", "error"]))
def test_best_on_other_rows(forest, seed, risk):
    """Held-out risks under the values that the tree learned: splits that do harm go at every alpha above zero."""
    these = rows(forest, seed)
    path = CostComplexity(risk=risk).path(forest, these)
    total = int(these.sample_weight.sum())

    def loss(y, value):
        if forest.task == "regression":
            return np.square(y - value[:, 0]).mean()
        if risk == "impurity":
            return np.square(value - np.eye(value.shape[1])[y]).sum(axis=1).mean()
        return (value.argmax(axis=1) != y).mean()

    exact = naive.node_loss(forest, these.leaf_ids, these.target, these.sample_weight, loss)
    for alpha in middles(path):
        splits = kept(forest, path.plan(alpha=alpha))
        ours, best = (
            naive.cost(forest, set(forest.internal) - set(s), [e / total + Fraction(alpha) for e in exact])
            for s in (splits, naive.optimal_at(forest, exact, alpha, total))
        )
        assert ours <= best + Fraction(1, 10**12) * max(exact)


@given(naive.forests(max_leaves=10), st.integers(0, 2**32 - 1), st.randoms())
def test_weights_are_repetitions(forest, seed, random):
    these = rows(forest, seed)
    repeated = [i for i, w in enumerate(these.sample_weight) for _ in range(int(w))]
    random.shuffle(repeated)
    leaf = these.leaf_ids(0)[repeated]
    risk = random.choice(["impurity", "error"] + ["absolute_error"] * (forest.task == "regression"))
    weighted, plain = (
        CostComplexity(risk=risk).path(forest, r) for r in (these, Rows(forest, lambda _: leaf, these.target[repeated]))
    )
    assert np.array_equal(weighted.strength, plain.strength)
    assert np.array_equal(weighted.alphas, plain.alphas)
    assert np.array_equal(weighted.impurities, plain.impurities)


@given(naive.forests(max_leaves=10), st.integers(0, 2**32 - 1), st.integers(-40, 40))
def test_the_unit_of_weight_does_not_matter(forest, seed, exponent):
    these = rows(forest, seed)
    scaled = Rows(forest, these.leaf_ids, these.target, np.ldexp(these.sample_weight, exponent))
    a, b = (CostComplexity().path(forest, r) for r in (these, scaled))
    assert np.array_equal(a.alphas, b.alphas)
    assert np.array_equal(a.n_leaves, b.n_leaves)


def test_three_knobs_one_tree(single_tree):
    path = pruning_path(single_tree.model)
    for step in np.unique([0, len(path) // 3, len(path) // 2, len(path) - 1]):
        by_step = prune(single_tree.model, CostComplexity(step=int(step)))
        assert by_step.get_n_leaves() == path.n_leaves[step]
        assert same_arrays(by_step, prune(single_tree.model, CostComplexity(n_leaves=int(path.n_leaves[step]))))
        assert same_arrays(by_step, prune(single_tree.model, CostComplexity(alpha=path.alphas[step])))
    between = int(path.n_leaves[1]) + 1
    if between < path.n_leaves[0]:
        assert prune(single_tree.model, CostComplexity(n_leaves=between)).get_n_leaves() == path.n_leaves[1]
    assert same_arrays(prune(single_tree.model, CostComplexity(n_leaves=10**9)), single_tree.model)


def test_a_given_matrix_of_costs_moves_the_tree():
    specimen = SINGLE_TREES["DecisionTreeClassifier, classes"]
    X, y = specimen.rows
    zero_one, by_error = (
        pruning_path(specimen.model, CostComplexity(**params), X, y)
        for params in ({"cost_matrix": 1 - np.eye(2)}, {"risk": "error"})
    )
    assert np.array_equal(zero_one.alphas, by_error.alphas)
    dear = pruning_path(specimen.model, CostComplexity(cost_matrix=[[0, 9], [1, 0]]), X, y)
    assert not np.array_equal(dear.n_leaves, by_error.n_leaves)


def test_rows_without_weight():
    specimen = SINGLE_TREES["DecisionTreeRegressor, diabetes"]
    X, y = specimen.rows
    with pytest.raises(ValueError, match="'sample_weight' parameter must not be zero for all rows"):
        prune(specimen.model, CostComplexity(0.1), X, y, sample_weight=np.zeros(len(y)))


def test_what_the_model_does_not_store_needs_rows():
    specimen = SINGLE_TREES["DecisionTreeRegressor, numbers, criterion=absolute_error"]
    with pytest.raises(MissingStatisticError, match=r"grown by 'absolute_error' does not store .*give rows"):
        pruning_path(specimen.model, CostComplexity(risk="error"))
    assert pruning_path(specimen.model, CostComplexity(risk="error"), *specimen.rows).n_leaves[-1] == 1


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"alpha": value}, r"'alpha' parameter of CostComplexity must be a float in the range \[0.0, inf\). Got")
        for value in (-1e-300, -1, np.nan, np.inf, "0.1", None, True, [0.1], 1j)
    ]
    + [
        ({"n_leaves": value}, r"'n_leaves' parameter of CostComplexity must be an int in .*\[1, inf\) or None. Got")
        for value in (0, -1, 2.0, "2", True)
    ]
    + [
        ({"step": value}, r"'step' parameter of CostComplexity must be an int in the range \[0, inf\) or None. Got")
        for value in (-1, 1.0, "1", False)
    ]
    + [
        ({"step": 1000}, r"'step' parameter must be an int in the range .*, 7\). Got 1000"),
        ({"alpha": 0.1, "step": 1}, "Give CostComplexity one of 'alpha', 'n_leaves' and 'step'. Got alpha=0.1"),
        ({"n_leaves": 3, "step": 1}, "one of 'alpha', 'n_leaves' and 'step'. Got .*n_leaves=3, step=1"),
        (
            {"risk": "gini", "alpha": 0.1},
            "'risk' .* for a classification model, be one of .*'brier'.* Got 'gini'",
        ),
        (
            {"risk": "gini"},
            "'risk' .* for a classification model, be one of .*'brier'.* Got 'gini'",
        ),
        ({"cost_matrix": [[0, 1]]}, "'cost_matrix' parameter must hold 3 x 3 finite costs >= 0"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        prune(SINGLE_TREES["DecisionTreeClassifier, iris"].model, CostComplexity(**params))


@pytest.mark.parametrize("alpha", [np.float32(0.02), np.float64(0.02), np.int64(1), 0, Fraction(1, 50)])
def test_any_real_number_is_an_alpha(alpha):
    model = SINGLE_TREES["DecisionTreeClassifier, iris"].model
    assert same_arrays(prune(model, CostComplexity(alpha)), prune(model, CostComplexity(float(alpha))))
