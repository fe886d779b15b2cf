"""ErrorBased: Quinlan's formula, Weka's J48 node by node, and raising against a recursive twin."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy, norm
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import compute_sample_weight

from tests import naive, naive_methods, weka
from tests.zoo import OLD_SCIKIT_LEARN
from treeprune import MissingStatisticError, TreePruner, prune
from treeprune.adapters import find_adapter
from treeprune.core.graft import graft
from treeprune.core.plan import Plan
from treeprune.core.rows import Rows
from treeprune.inference.error_limit import error_limits
from treeprune.methods import ErrorBased
from treeprune.search.raising import prune_and_raise
from treeprune.testing import forest_apply, same_arrays

UNPRUNED = [(unpruned, pruned) for unpruned in weka.names("*.j48.*.U") for pruned in weka.names(f"{unpruned[:-2]}.S-*")]
RAISED = [(name, f"{name[:-2]}.raise-0.25") for name in weka.names("*.j48.*.U")]


Z = 0.6744897501960817  # exceeded with probability 1/4


def assert_same_tree(forest, oracle, estimates=None):
    expected = weka.forest_of(oracle)
    for name in ("children_left", "children_right", "feature", "threshold"):
        assert np.array_equal(getattr(forest, name), getattr(expected, name)), name
    assert np.allclose(forest.weighted_n_node_samples, expected.weighted_n_node_samples)
    assert np.allclose(forest.value, expected.value)
    if estimates is not None:
        of_weka = [node["leaf_estimate"] for node in oracle["nodes"]]
        assert estimates == pytest.approx(np.array(of_weka), rel=1e-9, abs=1e-9)


def test_hand_worked_example():
    # Quinlan (1993), section 4.2: leaves of 6, 9 and 1 rows, all right; U(0, 6) = .206, U(0, 9) = .143, U(0, 1) = .75
    limits = error_limits(np.array([6.0, 9, 1, 16]), np.array([0.0, 0, 0, 1]), 0.25, Z)
    assert limits[:3] / [6, 9, 1] == pytest.approx([0.206, 0.143, 0.75], abs=5e-4)
    assert limits[:3].sum() == pytest.approx(3.273, abs=1e-3)
    assert limits[3] / 16 == pytest.approx(0.157, abs=3e-3)  # exact there, by the normal deviate here
    # so the branch of the first three is replaced by its node: 16 x .157 = 2.512 < 3.273


@pytest.mark.parametrize(("unpruned", "pruned"), UNPRUNED)
def test_equals_weka_without_raising(unpruned, pruned):
    oracle = weka.TREES[pruned]
    forest, method = weka.forest_of(weka.TREES[unpruned]), ErrorBased(np.float32(oracle["CF"]), raising=False)
    small, origin = graft(forest, method.plan(forest))
    assert_same_tree(small, oracle, method.error_limits(forest)[origin])


@pytest.mark.parametrize(("unpruned", "pruned"), RAISED)
def test_equals_weka_with_raising(unpruned, pruned):
    forest, method = weka.forest_of(weka.TREES[unpruned]), ErrorBased()
    plan = method.plan(forest, weka.rows_of(unpruned, forest))
    small, _ = graft(forest, plan)
    assert_same_tree(small, weka.TREES[pruned], method.error_limits(small))
    assert ("source" in plan.operations) == unpruned.startswith("digits")


def test_raising_changes_digits():
    assert [len(weka.TREES[f"digits.j48.multi.{mode}"]["nodes"]) for mode in ("S-0.25", "raise-0.25")] == [189, 191]


def test_trees_are_not_nested_in_the_confidence():
    forest = weka.forest_of(weka.TREES["digits.j48.multi.U"])
    sizes = [graft(forest, ErrorBased(c, raising=False).plan(forest))[0].n_leaves for c in (0.01, 0.05, 0.1)]
    assert sizes[0] > sizes[1] < sizes[2]


@given(naive.forests(max_leaves=14, min_leaves=2, task="classification"), st.integers(0, 2**32 - 1), st.booleans())
def test_raising_equals_its_recursive_twin(forest, seed, large):
    rng = np.random.default_rng(seed)
    X, target, weight = naive.rows_of(rng, forest, 200 if large else 20)
    weight[0] = 1
    X, target, weight = X[weight > 0], target[weight > 0], weight[weight > 0]
    rows = Rows(forest, lambda tree: forest_apply(forest, X), target, weight, compared=lambda: X)
    slack, counts = rng.choice([1e-9, 0.1, 1.0]), rows.statistics.class_weight[:, 0]
    collapse, source, counts, n_rows = prune_and_raise(forest, counts, rows, 0.25, Z, slack)
    small, origin = graft(forest, Plan(collapse, source, n_node_samples=n_rows))

    def limit(of_class):
        n, most = of_class.sum(), of_class.max()
        return naive_methods.error_limit(n, n - most, 0.25, Z)

    expected = naive_methods.prune_and_raise(forest, X, target[:, 0], weight, limit, slack)
    assert list(zip(origin, small.n_node_samples, strict=True)) == expected
    assert np.array_equal(counts[origin].sum(axis=1)[0], weight.sum())


def test_raised_tree_tells_what_its_own_routing_says():
    X, y = load_digits(return_X_y=True)
    weight = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    raised = 0
    for seed in range(5):
        tree = DecisionTreeClassifier(criterion="entropy", min_samples_leaf=2, random_state=seed, max_features=8)
        tree.fit(X, y, sample_weight=weight)
        small = prune(tree, "error_based", X, y, sample_weight=weight)
        stored, found = find_adapter(small).forest, find_adapter(small).rows(X, y, weight).statistics
        assert np.array_equal(stored.n_node_samples, found.n_rows)
        assert np.allclose(stored.weighted_n_node_samples, found.weight, rtol=1e-12)
        assert np.allclose(stored.value * found.weight[:, None, None], found.class_weight, atol=1e-9)
        assert np.allclose(stored.impurity, entropy(stored.value[:, 0], base=2, axis=1), atol=1e-9)
        raised += (
            "source" in ErrorBased().plan(find_adapter(tree).forest, find_adapter(tree).rows(X, y, weight)).operations
        )
    assert raised


@pytest.mark.skipif(OLD_SCIKIT_LEARN, reason="this scikit-learn stores weights of other rows than it sends to a node")
def test_missing_values_are_moved_as_the_model_sends_them():
    X, y = load_digits(return_X_y=True)
    X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    tree = DecisionTreeClassifier(min_samples_leaf=2, random_state=0, max_features=8).fit(X, y)
    small = prune(tree, ErrorBased(), X, y)
    assert np.array_equal(find_adapter(small).rows(X, y).statistics.n_rows, small.tree_.n_node_samples)


def test_trees_of_a_forest_are_raised_one_by_one():
    forest = weka.forest_of(weka.TREES["digits.j48.multi.U"])
    n, rows = forest.n_nodes, weka.rows_of("digits", forest)
    twice = replace(
        forest.take(np.tile(np.arange(n), 2), *(np.concatenate([c, np.where(c < 0, -1, c + n)]).astype(np.int32)
        for c in (forest.children_left, forest.children_right)), np.array([0, n], np.int32)),
        tree_id=None, tree_class=None, tree_weight=None,
    )  # fmt: skip
    both = Rows(twice, lambda tree: rows.leaf_ids(0) + tree * n, rows.target, compared=rows.compared)
    plan = ErrorBased().plan(twice, both)
    alone = ErrorBased().plan(forest, rows)
    assert np.array_equal(plan.collapse, np.tile(alone.collapse, 2))
    assert np.array_equal(plan.source, np.concatenate([alone.source, alone.source + n]))


def test_raising_needs_the_rows_that_grew_the_tree():
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(random_state=0).fit(X[:400], y[:400])
    with pytest.raises(MissingStatisticError, match="give the X and y"):
        prune(tree, ErrorBased())
    with pytest.raises(ValueError, match="rows that grew the tree"):
        prune(tree, ErrorBased(), X[400:], y[400:])
    assert ErrorBased().needs_training_rows
    assert not ErrorBased(raising=False).needs_training_rows


def test_pruner_hands_the_training_rows_over():
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(class_weight="balanced", random_state=0)
    weight = compute_sample_weight("balanced", y)
    expected = prune(clone(tree).fit(X, y), "error_based", X, y, sample_weight=weight, class_weight=None)
    assert same_arrays(TreePruner(tree, "error_based").fit(X, y).estimator_, expected)


@pytest.mark.parametrize(("n", "confidence"), [(5.0, 0.25), (40.0, 0.1), (2.5, 0.4)])
def test_limits_of_broken_numbers_of_errors(n, confidence):
    """Quinlan (1993, chapter 4) as Weka has it: exact at 0, linear up to 1, then normal; never more than all rows."""
    z = norm.isf(confidence)
    none, some, one, most, near = error_limits(
        np.full(5, n), np.array([0.0, 0.3, 1.0, n - 0.4, n - 0.5]), confidence, float(z)
    )
    assert none == pytest.approx(n * (1 - confidence ** (1 / n)))
    assert some == pytest.approx(none + 0.3 * (one - none))
    f = 1.5 / n
    root = np.sqrt(f / n - f**2 / n + z**2 / (4 * n**2))
    assert one == pytest.approx(n * (f + z**2 / (2 * n) + z * root) / (1 + z**2 / n))
    assert (most, near) == (n, n)
