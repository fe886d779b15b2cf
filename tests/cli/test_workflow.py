"""How the command line prunes: which strength rows that did not grow the tree speak for."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_classification
from sklearn.tree import DecisionTreeClassifier

from treeprune import pruning_path
from treeprune.cli.workflow import prune_by


@pytest.fixture(scope="module")
def tree():
    X, y = load_iris(return_X_y=True)
    return DecisionTreeClassifier(random_state=0).fit(X, y), X, y


@pytest.mark.parametrize("method", ["cost_complexity", "optimal_subtree"])
def test_of_trees_that_are_equally_good_the_smallest_is_taken(tree, method):
    model, X, y = tree
    only = np.flatnonzero(y == 0)[:1]  # which every tree of the path has right, the root alone included
    small, _ = prune_by(model, method, (X[only], y[only]))
    assert small.get_n_leaves() == 1
    errors = [(path_tree.predict(X) != y).sum() for path_tree in trees_of(model, method)]
    best, _ = prune_by(model, method, (X, y))
    leaves = [path_tree.get_n_leaves() for path_tree in trees_of(model, method)]
    assert best.get_n_leaves() == min(n for n, error in zip(leaves, errors, strict=True) if error == min(errors))


@pytest.mark.parametrize("method", ["cost_complexity", "optimal_subtree"])
def test_rows_that_speak_count_by_the_weights_of_classes(method):
    """Else the root alone, which finds no row of a rare class, is hard to beat."""
    X, y = make_classification(1200, 6, n_informative=4, weights=[0.9], class_sep=0.5, random_state=0)
    model = DecisionTreeClassifier(max_leaf_nodes=12, class_weight={0: 1, 1: 9}, random_state=0).fit(X[:600], y[:600])
    weight, judge = np.where(y == 1, 9, 1)[600:], (X[600:], y[600:])
    errors = [weight @ (path_tree.predict(judge[0]) != judge[1]) for path_tree in trees_of(model, method)]
    best, _ = prune_by(model, method, judge)
    assert weight @ (best.predict(judge[0]) != judge[1]) == min(errors)
    assert best.get_n_leaves() > 1


def trees_of(model, method):
    path = pruning_path(model, method)
    return [path.prune(step=step) for step in range(len(path))]
