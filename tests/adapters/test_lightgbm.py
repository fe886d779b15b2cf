"""LightGBM's models, pruned: the contract over many configurations, and what is LightGBM's own."""

import numpy as np
import pytest

lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is not installed")

from tests import boosters  # noqa: E402
from treeprune import MissingStatisticError, UnsupportedModelError, prune  # noqa: E402
from treeprune.adapters import find_adapter, lightgbm_models  # noqa: E402
from treeprune.core.graft import graft  # noqa: E402
from treeprune.core.plan import Plan  # noqa: E402
from treeprune.core.risk import node_risk  # noqa: E402
from treeprune.methods import MinImpurityDecrease  # noqa: E402
from treeprune.testing import check_adapter, forest_apply  # noqa: E402

#: Leaves hold quantiles, or functions of the row: see below.
OWN_TESTS = ("absolute error", "quantile", "linear trees")


@pytest.mark.parametrize("name", [name for name in boosters.LIGHTGBM if name not in OWN_TESTS])
def test_contract(name):
    check_adapter(boosters.LIGHTGBM[name](), boosters.rows_of(name, "lightgbm"))


@pytest.mark.parametrize("name", boosters.LIGHTGBM)
def test_leaf_ids_are_those_of_lightgbm(name):
    adapter, X = find_adapter(boosters.LIGHTGBM[name]()), boosters.rows_of(name, "lightgbm")
    native = adapter.booster.predict(X, pred_leaf=True, start_iteration=0, num_iteration=100).reshape(len(X), -1)
    for tree in range(adapter.forest.n_trees):
        leaf = forest_apply(adapter.forest, adapter.compared(X), tree)
        n_inner = np.diff(adapter.forest.start)[tree] // 2
        np.testing.assert_array_equal(adapter.forest.node_id[leaf] - n_inner, native[:, tree])


def test_leaf_ids_come_a_few_iterations_at_a_time(monkeypatch):
    adapter, X = find_adapter(boosters.LIGHTGBM["classes"]()), boosters.rows()[0]
    whole = [find_adapter(adapter.model).leaf_ids(X)(tree) for tree in range(adapter.forest.n_trees)]
    monkeypatch.setattr(lightgbm_models, "_CHUNK", 1)
    leaf_ids = adapter.leaf_ids(X)
    for tree in (0, 5, 3, len(whole) - 1):
        np.testing.assert_array_equal(leaf_ids(tree), whole[tree])


def test_collapsed_nodes_predict_the_hessian_weighted_mean_of_their_leaves():
    model, X = boosters.LIGHTGBM["binary"](), boosters.rows()[0]
    adapter = find_adapter(model)
    forest = adapter.forest
    leaf, weight = forest.is_leaf, forest.weighted_n_node_samples
    for tree in range(forest.n_trees):
        nodes = np.flatnonzero(leaf[forest.start[tree] : forest.start[tree + 1]]) + forest.start[tree]
        mean = np.average(forest.value[nodes, 0, 0], weights=weight[nodes])
        np.testing.assert_allclose(forest.value[forest.root[tree], 0, 0], mean, rtol=1e-12)
    roots = adapter.prune(Plan(collapse=~leaf))
    np.testing.assert_allclose(roots.predict(X, raw_score=True), forest.value[forest.root].sum(), rtol=1e-12)


def test_linear_trees_keep_the_models_of_leaves_that_stay():
    model, X = boosters.LIGHTGBM["linear trees"](), boosters.rows()[0]
    assert any(find_adapter(model)._text.trees[-1]["num_features"])
    adapter = find_adapter(model)
    forest = adapter.forest
    np.testing.assert_array_equal(adapter.write(forest).predict(X), model.predict(X))
    collapse = np.random.default_rng(0).random(forest.n_nodes) < 0.3
    plan = Plan(collapse=collapse & ~forest.is_leaf)
    pruned, (_, origin) = adapter.prune(plan), graft(forest, plan)
    again = find_adapter(pruned)
    expected, n_stayed = np.zeros(len(X)), 0
    for tree in range(forest.n_trees):
        native = model.booster_.predict(X, raw_score=True, start_iteration=tree, num_iteration=1)
        leaf = again.leaf_ids(X)(tree)
        stayed = forest.is_leaf[origin[leaf]]
        expected += np.where(stayed, native, again.forest.value[leaf, 0, 0])
        n_stayed += stayed.sum()
    assert 0 < n_stayed < forest.n_trees * len(X)
    np.testing.assert_allclose(pruned.predict(X, raw_score=True), expected, rtol=1e-12)
    with pytest.raises(UnsupportedModelError, match="changes value"):
        adapter.prune(Plan(value=forest.value))


def test_linear_trees_are_judged_by_what_their_leaves_say_of_each_row():
    """The loss of a leaf is that of its linear function, the margin before a tree that of the trees before it."""
    model, (X, y) = boosters._lgb("numbers", linear_tree=True), boosters.rows()
    weight = np.random.default_rng(0).gamma(2.0, size=len(y))
    adapter = find_adapter(model)
    forest, rows = adapter.forest, adapter.rows(X, y, weight)
    risk, _ = node_risk(forest, "error", rows)
    for tree in range(forest.n_trees):
        before, after = (
            model.booster_.predict(X, raw_score=True, num_iteration=n) if n else np.zeros(len(y))
            for n in (tree, tree + 1)
        )
        change = weight * ((after - y) ** 2 - (before - y) ** 2) / 2
        leaf = rows.leaf_ids(tree)
        for node in np.unique(leaf):
            np.testing.assert_allclose(risk[node], change[leaf == node].sum(), rtol=1e-9, atol=1e-9)
        root = forest.value[forest.root[tree], 0, 0]
        change = weight * ((before + root - y) ** 2 - (before - y) ** 2) / 2
        np.testing.assert_allclose(risk[forest.root[tree]], change.sum(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("weight", [None, 0.9, 4.0])
@pytest.mark.parametrize("params", [{"objective": "regression_l1"}, {"objective": "quantile", "alpha": 0.3}], ids=str)
def test_leaves_that_hold_quantiles_come_from_rows(params, weight):
    X, y = boosters.rows()
    weights = None if weight is None else weight * np.random.default_rng(0).random(len(y))
    params = {"n_estimators": 1, "min_child_samples": 5, "learning_rate": 0.2, "verbose": -1, "n_jobs": 1, **params}
    deep, stump = (
        lightgbm.LGBMRegressor(max_depth=depth, **params).fit(X, y, sample_weight=weights) for depth in (3, 1)
    )
    adapter = find_adapter(deep)
    collapse = Plan(collapse=(adapter.forest.depth == 1) & ~adapter.forest.is_leaf)
    with pytest.raises(MissingStatisticError, match="give rows"):
        adapter.prune(collapse)
    np.testing.assert_allclose(
        adapter.completed(X, y, weights).prune(collapse).predict(X), stump.predict(X), rtol=1e-6, atol=1e-6
    )


def test_statistics_at_the_margin_of_each_stage_agree_with_the_hessians_that_lightgbm_stored():
    model = boosters._lgb("binary", "LGBMClassifier", n_estimators=4, boost_from_average=False)
    X, y = boosters.rows()[0], boosters.target("binary")
    adapter = find_adapter(model)
    rows = adapter.rows(X, y)
    np.testing.assert_allclose(rows.statistics.hessian, adapter.forest.weighted_n_node_samples, rtol=1e-5)


def test_early_stopping_is_kept():
    model, X = boosters.LIGHTGBM["early stopping"](), boosters.rows()[0]
    adapter = find_adapter(model)
    n_trees = adapter.forest.n_trees
    assert 1 < model.best_iteration_ == n_trees  # LightGBM itself drops the others
    pruned = prune(model, MinImpurityDecrease(1.0))
    assert pruned.best_iteration_ == pruned.booster_.best_iteration == model.best_iteration_
    expected = pruned.booster_.predict(X, raw_score=True, num_iteration=model.best_iteration_)
    np.testing.assert_array_equal(pruned.predict(X, raw_score=True), expected)
    dropped = adapter.prune(Plan(drop_tree=np.arange(n_trees) == 0))
    assert dropped.best_iteration_ == model.best_iteration_ - 1
    assert not dropped.best_score_
    assert not dropped.evals_result_
    assert model.best_score_


def test_wrapper_keeps_parameters_classes_and_categories():
    model = boosters.LIGHTGBM["frame with categories"]()
    pruned = prune(model, MinImpurityDecrease(1.0))
    assert pruned.get_params() == model.get_params()
    assert pruned.booster_.params == model.booster_.params
    assert pruned.booster_.pandas_categorical == model.booster_.pandas_categorical
    np.testing.assert_array_equal(pruned.classes_, ["acid", "base", "charm"])


def test_training_goes_on_from_a_pruned_model():
    X, y = boosters.rows()
    pruned = prune(boosters.LIGHTGBM["Booster"](), MinImpurityDecrease(2.0))
    params = {"verbose": -1, "num_threads": 1}
    longer = lightgbm.train(params, lightgbm.Dataset(X, y, feature_name=list("abcde")), 2, init_model=pruned)
    before, after = find_adapter(pruned).forest, find_adapter(longer).forest
    assert (before.n_trees, after.n_trees) == (6, 8)
    np.testing.assert_array_equal(after.threshold[: before.n_nodes], before.threshold)


def test_importances_are_counted_anew():
    model = boosters.LIGHTGBM["Booster"]()
    pruned = prune(model, MinImpurityDecrease(2.0))
    forest = find_adapter(pruned).forest
    counted = np.bincount(forest.feature[forest.internal], minlength=5)
    np.testing.assert_array_equal(pruned.feature_importance("split"), counted)


def test_zero_as_missing_is_refused():
    with pytest.raises(UnsupportedModelError, match="zero_as_missing"):
        prune(boosters._lgb("numbers", X=np.nan_to_num(boosters.rows()[0]), zero_as_missing=True))


def test_unseen_labels_are_named():
    adapter = find_adapter(boosters.LIGHTGBM["names"]())
    with pytest.raises(ValueError, match=r"previously unseen labels: .*'delta'"):
        adapter.rows(boosters.rows()[0], np.full(boosters.N_ROWS, "delta"))


def test_unfitted_model_is_named():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        prune(lightgbm.LGBMRegressor())
