"""Leaf refit beside dense linear algebra and beside an optimiser."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import log_loss

from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.methods import DepthPruning, LeafRefit


def indicators(model, X):
    """Which leaves each row reaches, one column for each leaf of all trees, dense."""
    leaves = model.apply(X).reshape(len(X), -1)
    return np.concatenate([column[:, None] == np.unique(column) for column in leaves.T], axis=1).astype(float)


@pytest.mark.parametrize("reg", [0.5, 50.0])
def test_regressors_take_the_ridge_solution(reg):
    X, y = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(6, max_depth=4, random_state=0).fit(X, y)
    weight = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    Z = indicators(model, X)
    residual = y - model.predict(X)
    change = np.linalg.solve(Z.T @ (Z * weight[:, None]) + reg * np.eye(Z.shape[1]), Z.T @ (weight * residual))
    refitted = prune(model, LeafRefit(reg=reg, tol=1e-10), X, y, sample_weight=weight)
    np.testing.assert_allclose(refitted.predict(X), model.predict(X) + Z @ change, rtol=1e-6)
    assert [t.tree_.node_count for t in refitted.estimators_] == [t.tree_.node_count for t in model.estimators_]


def test_classifiers_gain_on_their_rows_and_keep_probabilities():
    X, y = load_breast_cancer(return_X_y=True)
    model = RandomForestClassifier(6, max_depth=3, random_state=0).fit(X, y)
    refitted = prune(model, LeafRefit(), X, y)
    before, after = (((m.predict_proba(X)[:, 1] - y) ** 2).mean() for m in (model, refitted))
    assert after < before
    np.testing.assert_allclose(refitted.predict_proba(X).sum(axis=1), 1.0)


def test_boosted_trees_end_where_the_gradient_is_that_of_the_penalty():
    X, y = load_breast_cancer(return_X_y=True)
    model = GradientBoostingClassifier(n_estimators=8, max_depth=2, random_state=0).fit(X, y)
    refitted = prune(model, LeafRefit(reg=2.0, tol=1e-10), X, y)
    assert log_loss(y, refitted.predict_proba(X)) < log_loss(y, model.predict_proba(X))
    old, new = find_adapter(model).forest, find_adapter(refitted).forest
    gradient = refitted.predict_proba(X)[:, 1] - y
    rows, change = find_adapter(refitted).rows(X, y), (new.value - old.value)[:, 0, 0]
    for tree in range(new.n_trees):
        leaf = rows.leaf_ids(tree)
        pull = np.bincount(leaf, gradient, minlength=new.n_nodes) + 2.0 * model.learning_rate * change
        np.testing.assert_allclose(pull[np.unique(leaf)], 0.0, atol=1e-4)


def test_depth_pruning_cuts_each_tree_at_one_depth():
    X, y = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(10, random_state=0).fit(X, y)
    small = find_adapter(prune(model, DepthPruning(max_nodes=150, reg=5.0), X, y)).forest
    whole = find_adapter(model).forest
    assert small.n_nodes <= 150
    roots = [whole.threshold[root] for root in whole.root]
    for part in filter(lambda tree: tree.n_nodes > 1, map(small.tree, range(small.n_trees))):
        full = whole.tree(roots.index(part.threshold[0]))
        assert part.n_nodes == np.count_nonzero(full.depth <= part.depth.max())


def test_rows_that_some_trees_have_grown_on_count_in_the_others_as_if_in_all():
    """Out of bag: what a row gets of the trees that have not seen it is scaled to the number of all trees."""
    X, y = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(8, max_depth=3, random_state=0).fit(X, y)
    adapter = find_adapter(model)
    rows = adapter.oob_rows(X, y)
    plan = LeafRefit(reg=5.0, tol=1e-12).plan(adapter.forest, rows)
    forest = adapter.forest
    ids = np.stack([rows.leaf_ids(tree) for tree in range(forest.n_trees)], axis=1)
    seen = (ids >= 0).sum(axis=1)
    counts = seen > 0
    leaves = np.flatnonzero(forest.is_leaf)
    Z = (ids[counts][:, :, None] == leaves).sum(axis=1) * (8 / seen[counts])[:, None]
    value = forest.value[leaves, 0, 0] / 8  # each tree has its share in the mean
    change = np.linalg.solve(Z.T @ Z + 5.0 * np.eye(len(leaves)), Z.T @ (y[counts] - Z @ value))
    np.testing.assert_allclose(plan.value[leaves, 0, 0] / 8, value + change, rtol=1e-6)
