"""How the command line prunes: which strength rows that did not grow the tree speak for."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
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


def trees_of(model, method):
    path = pruning_path(model, method)
    return [path.prune(step=step) for step in range(len(path))]
