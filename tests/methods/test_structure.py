"""MergeEqualLeaves, SelectedNodes, Sequence."""

import numpy as np
import pytest
from hypothesis import given
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import naive
from treeprune import TreePruner, prune
from treeprune.core.graft import graft
from treeprune.methods import (
    CostComplexity,
    ErrorBased,
    HierarchicalShrinkage,
    MaxDepth,
    MergeEqualLeaves,
    ReducedError,
    SelectedNodes,
    Sequence,
)
from treeprune.testing import same_arrays

X, Y = load_breast_cancer(return_X_y=True)
TREE = DecisionTreeClassifier(random_state=0).fit(X, Y)


@given(naive.forests(max_leaves=12, max_trees=2))
def test_merging_leaves_of_equal_value_goes_as_far_as_it_can(forest):
    small, origin = graft(forest, MergeEqualLeaves().plan(forest))
    kept = set(origin[small.internal])
    for node in forest.internal:
        said = {forest.value[i].tobytes() for i in naive.subtree(forest, node) if forest.is_leaf[i]}
        assert (node in kept) == (len(said) > 1)
    for node, old in zip(np.flatnonzero(small.is_leaf), origin[small.is_leaf], strict=True):
        leaves = [i for i in naive.subtree(forest, old) if forest.is_leaf[i]]
        assert (small.value[node] == forest.value[leaves]).all()


@given(naive.forests(max_leaves=12, max_trees=2, task="classification", n_outputs=2))
def test_merging_leaves_of_equal_prediction_keeps_predictions(forest):
    small, origin = graft(forest, MergeEqualLeaves("prediction").plan(forest))
    label = forest.value.argmax(axis=2)
    for old in origin[small.is_leaf]:
        assert all((label[i] == label[old]).all() for i in naive.subtree(forest, old) if forest.is_leaf[i])
    for node in small.internal:
        leaves = [i for i in naive.subtree(small, node) if small.is_leaf[i]]
        said = {tuple(small.value[i].argmax(axis=1)) for i in leaves}
        assert len(said) > 1 or tuple(small.value[node].argmax(axis=1)) not in said


def test_merging_changes_nothing_that_the_model_outputs():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    tree = DecisionTreeRegressor(random_state=0).fit(X, np.round(X[:, 0]))
    tree = prune(tree, "max_depth")
    assert np.array_equal(prune(tree, "merge_equal_leaves").predict(X), tree.predict(X))
    small = prune(TREE, MergeEqualLeaves("prediction"))
    assert np.array_equal(small.predict(globals()["X"]), TREE.predict(globals()["X"]))


def test_nodes_of_a_best_first_tree_go_by_its_own_numbers():
    tree = DecisionTreeClassifier(max_leaf_nodes=8, random_state=0).fit(*load_iris(return_X_y=True))
    node = int(np.flatnonzero(tree.tree_.children_left >= 0)[-2])
    below = np.flatnonzero(np.asarray(tree.decision_path(load_iris().data).todense())[:, node])
    small = prune(tree, SelectedNodes([node]))
    assert len(np.unique(small.apply(load_iris().data)[below])) == 1
    assert small.get_n_leaves() < tree.get_n_leaves()
    assert same_arrays(prune(tree, SelectedNodes([node, int(tree.tree_.children_left[node])])), small)


def test_nodes_of_an_ensemble_are_pairs():
    pair = naive.random_forest(np.random.default_rng(0), [4, 5]).canonical()
    inside = pair.internal[pair.internal >= pair.start[1]][1]
    plan = SelectedNodes([(1, int(pair.node_id[inside]))]).plan(pair)
    assert np.flatnonzero(plan.collapse).tolist() == [inside]
    with pytest.raises(ValueError, match="pairs of tree and node"):
        SelectedNodes([3]).plan(pair)


def test_sequence_is_its_steps_one_after_the_other():
    both = Sequence([CostComplexity(n_leaves=9), ReducedError(), HierarchicalShrinkage(20)])
    X_new, y_new = X[::3], Y[::3]
    expected = prune(TREE, CostComplexity(n_leaves=9), X_new, y_new)
    expected = prune(prune(expected, "reduced_error", X_new, y_new), HierarchicalShrinkage(20), X_new, y_new)
    assert same_arrays(prune(TREE, both, X_new, y_new), expected)
    nested = Sequence([Sequence(both.methods[:2]), both.methods[2]])
    assert same_arrays(prune(TREE, nested, X_new, y_new), expected)
    assert both.needs_rows
    assert not both.needs_training_rows
    assert Sequence(["mdl", ErrorBased()]).needs_training_rows


def test_sequence_of_nothing_copies():
    copy = prune(TREE, Sequence())
    assert copy is not TREE
    assert same_arrays(copy, TREE)


def test_a_bad_step_is_named():
    with pytest.raises(ValueError, match=r"The 'methods' parameter must be one of .* Got 'magic'"):
        prune(TREE, Sequence(["magic"]))


def test_parameters_of_the_steps():
    both = Sequence([CostComplexity(), "mdl", HierarchicalShrinkage()])
    twin = clone(both).set_params(**{"0__alpha": 0.1, "2__reg": 5})
    assert twin.get_params()["0__alpha"] == 0.1
    assert both.get_params()["0__alpha"] == 0.0
    assert twin.set_params(**{"1": MaxDepth(2)}).methods[1].max_depth == 2
    assert twin.get_params()["1__max_depth"] == 2
    assert twin.set_params(methods=[MaxDepth(3)], **{"0__max_depth": 4}).methods[0].max_depth == 4
    with pytest.raises(ValueError, match="Invalid parameter"):
        twin.set_params(**{"7__alpha": 1})


def test_sequence_within_the_pruner():
    X, y = load_diabetes(return_X_y=True)
    both = Sequence([CostComplexity(n_leaves=20), HierarchicalShrinkage()])
    pruner = TreePruner(DecisionTreeRegressor(random_state=0), both).set_params(method__1__reg=30).fit(X, y)
    tree = DecisionTreeRegressor(random_state=0).fit(X, y)
    expected = prune(prune(tree, CostComplexity(n_leaves=20)), HierarchicalShrinkage(30))
    assert same_arrays(pruner.estimator_, expected)
    with pytest.raises(ValueError, match="no single plan"):
        both.plan(None)
