"""XGBoost's models, pruned: the contract over many configurations, and what is XGBoost's own."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")

from tests import boosters  # noqa: E402
from treeprune import MissingStatisticError, UnsupportedModelError, prune, pruning_path  # noqa: E402
from treeprune.adapters import find_adapter, xgboost_models  # noqa: E402
from treeprune.core.plan import Plan  # noqa: E402
from treeprune.methods import (  # noqa: E402
    DepthPruning,
    JointPruning,
    LeafRefit,
    MaxDepth,
    MinImpurityDecrease,
    ReducedError,
)
from treeprune.testing import check_adapter, forest_apply  # noqa: E402

#: XGBoost adds up float32 margins.
TOLERANCE = {"rtol": 2e-6, "atol": 2e-6}
RESIDUAL = {"absolute error": "numbers", "quantile": "numbers"}


@pytest.mark.parametrize("name", [name for name in boosters.XGBOOST if name not in RESIDUAL])
def test_contract(name):
    check_adapter(boosters.XGBOOST[name](), boosters.rows_of(name, "xgboost"), **TOLERANCE)


@pytest.mark.parametrize("name", ["classes", "categories", "dart", "Booster, read from a file"])
def test_leaf_ids_are_those_of_xgboost_after_pruning(name):
    model = boosters.XGBOOST[name]()
    pruned = prune(model, MinImpurityDecrease(1.0))
    adapter, X = find_adapter(pruned), boosters.rows_of(name, "xgboost")
    native = adapter.booster.predict(adapter._matrix(X), pred_leaf=True).reshape(len(X), -1)
    for tree in range(adapter.forest.n_trees):
        leaf = forest_apply(adapter.forest, adapter.compared(X), tree)
        np.testing.assert_array_equal(adapter.forest.node_id[leaf], native[:, tree])
    assert adapter.forest.n_nodes < find_adapter(model).forest.n_nodes


@pytest.mark.parametrize("name", ["frame with categories", "classes, dart, parallel", "early stopping"])
def test_leaf_ids_come_a_few_rounds_at_a_time(name, monkeypatch):
    adapter, X = find_adapter(boosters.XGBOOST[name]()), boosters.rows_of(name, "xgboost")
    whole = [find_adapter(adapter.model).leaf_ids(X)(tree) for tree in range(adapter.forest.n_trees)]
    monkeypatch.setattr(xgboost_models, "_CHUNK", 1)
    leaf_ids = adapter.leaf_ids(X)
    for tree in (0, len(whole) - 2, 1, len(whole) - 1):
        np.testing.assert_array_equal(leaf_ids(tree), whole[tree])


GAMMAS = (0.1, 0.4, 1.0, 2.5, 6.0)
OBJECTIVES = {
    "reg:squarederror": {},
    "binary:logistic": {"num_parallel_tree": 2, "subsample": 0.7},
    "multi:softprob": {"num_class": 3},
    "count:poisson": {"booster": "gbtree", "lambda": 3.0},
}
TASKS = dict(zip(OBJECTIVES, ("numbers", "binary", "classes", "counts"), strict=True))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("gamma", [*GAMMAS, "a gain of the model"])
def test_min_impurity_decrease_is_bit_for_bit_the_prune_updater(objective, gamma):
    matrix = xgboost.DMatrix(boosters.rows()[0], boosters.target(TASKS[objective]))
    params = {"objective": objective, "eta": 0.1, "max_depth": 6, "nthread": 1, **OBJECTIVES[objective]}
    model = xgboost.train(params, matrix, 8)
    before = find_adapter(model).forest
    if gamma == "a gain of the model":  # a split that gains exactly gamma stays
        gamma = float(np.sort(before.gain[before.internal])[before.n_leaves // 2])
    update = {**params, "process_type": "update", "updater": "prune", "gamma": gamma, "max_depth": 0}
    theirs, ours = xgboost.train(update, matrix, 8, xgb_model=model.copy()), prune(model, MinImpurityDecrease(gamma))
    np.testing.assert_array_equal(ours.predict(matrix, output_margin=True), theirs.predict(matrix, output_margin=True))
    ours_, theirs_ = find_adapter(ours).forest, find_adapter(theirs).forest
    for name in ("children_left", "feature", "threshold", "value"):
        np.testing.assert_array_equal(getattr(ours_, name), getattr(theirs_, name), name)
    np.testing.assert_array_equal(ours_.gain[ours_.internal], theirs_.gain[theirs_.internal])
    if ours_.n_nodes < 0.9 * before.n_nodes:
        assert len(ours.save_raw()) < len(theirs.save_raw())  # which keeps its dead nodes


def test_file_shrinks_in_proportion_to_nodes():
    model = boosters._xgb("numbers", max_depth=8).get_booster()
    path = pruning_path(model, MinImpurityDecrease())
    sizes = [
        (find_adapter(pruned).forest.n_nodes, len(pruned.save_raw()))
        for pruned in (path.prune(step=step) for step in range(0, len(path), len(path) // 6))
    ]
    n_nodes, n_bytes = np.array(sizes, float).T
    slope, rest = np.polyfit(n_nodes, n_bytes, 1)
    np.testing.assert_allclose(slope * n_nodes + rest, n_bytes, rtol=0.01)
    assert 33 < slope < 36  # bytes of a node: eight arrays of four bytes, two of one


@pytest.mark.parametrize("name", [name for name in boosters.XGBOOST if name not in RESIDUAL])
def test_learning_rate_is_recovered_from_a_file_that_does_not_hold_it(name):
    adapter = find_adapter(boosters.XGBOOST[name]())
    again = xgboost.Booster()
    again.load_model(adapter.booster.save_raw("json"))
    value = find_adapter(again).forest.value[: adapter.forest.n_nodes]  # a bare Booster has rounds after the best, too
    np.testing.assert_array_equal(value, adapter.forest.value)


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize(
    "params",
    [
        {"objective": "reg:absoluteerror"},
        {"objective": "reg:quantileerror", "quantile_alpha": 0.3},
        {"objective": "reg:quantileerror", "quantile_alpha": [0.3, 0.8]},
    ],
    ids=str,
)
def test_leaves_that_hold_quantiles_come_from_rows(params, weights):
    (X, y), weight = boosters.rows(), np.random.default_rng(0).random(boosters.N_ROWS) if weights else None
    deep, stump = (
        xgboost.XGBRegressor(n_estimators=1, max_depth=depth, n_jobs=1, **params).fit(X, y, sample_weight=weight)
        for depth in (3, 1)
    )
    adapter = find_adapter(deep)
    collapse = Plan(collapse=(adapter.forest.depth == 1) & ~adapter.forest.is_leaf)
    with pytest.raises(MissingStatisticError, match="give rows"):
        adapter.prune(collapse)
    np.testing.assert_allclose(
        adapter.completed(X, y, weight).prune(collapse).predict(X), stump.predict(X), rtol=1e-6, atol=1e-6
    )


def test_statistics_at_the_margin_of_each_stage_agree_with_the_hessians_that_xgboost_stored():
    model = boosters._xgb("binary", "XGBClassifier", n_estimators=4, base_score=0.5)
    X, y = boosters.rows()[0], boosters.target("binary")
    adapter = find_adapter(model)
    rows = adapter.rows(X, y)
    np.testing.assert_allclose(rows.statistics.hessian, adapter.forest.weighted_n_node_samples, rtol=1e-5)


def test_early_stopping_is_kept():
    model, X = boosters.XGBOOST["early stopping"](), boosters.rows()[0]
    adapter = find_adapter(model)
    n_rounds = adapter.forest.n_trees
    assert 0 < model.best_iteration == n_rounds - 1 < model.get_booster().num_boosted_rounds() - 1
    pruned = prune(model, MinImpurityDecrease(0.5))
    assert pruned.best_iteration == model.best_iteration
    expected = pruned.get_booster().predict(
        xgboost.DMatrix(X), iteration_range=(0, model.best_iteration + 1), output_margin=True
    )
    np.testing.assert_array_equal(pruned.predict(X, output_margin=True), expected)
    dropped = adapter.prune(Plan(drop_tree=np.arange(n_rounds) == 0))
    assert dropped.best_iteration == model.best_iteration - 1
    assert not hasattr(dropped, "evals_result_")
    with pytest.raises(AttributeError, match="best_score"):
        dropped.best_score  # noqa: B018  of the unpruned model


def test_wrapper_keeps_parameters_and_booster_its_configuration():
    model = boosters.XGBOOST["hist"]()
    pruned = prune(model, MinImpurityDecrease(0.5))
    assert pruned.get_params() == model.get_params()
    configs = [json.loads(m.get_booster().save_config())["learner"]["gradient_booster"] for m in (model, pruned)]
    assert configs[0]["tree_train_param"] == configs[1]["tree_train_param"]


def test_names_and_types_of_features_are_kept():
    model = boosters.XGBOOST["frame with categories"]()
    booster, pruned = model.get_booster(), prune(model, MinImpurityDecrease(0.5)).get_booster()
    assert (pruned.feature_names, pruned.feature_types) == (booster.feature_names, booster.feature_types)


def test_training_goes_on_from_a_pruned_model():
    matrix = xgboost.DMatrix(*boosters.rows())
    pruned = prune(xgboost.train({"max_depth": 4, "nthread": 1}, matrix, 4), MinImpurityDecrease(2.0))
    longer = xgboost.train({"max_depth": 4, "nthread": 1}, matrix, 2, xgb_model=pruned)
    before, after = find_adapter(pruned).forest, find_adapter(longer).forest
    assert (before.n_trees, after.n_trees) == (4, 6)
    np.testing.assert_array_equal(after.threshold[: before.n_nodes], before.threshold)


@pytest.mark.parametrize(
    ("params", "what"),
    [({"booster": "gblinear"}, "gblinear"), ({"multi_strategy": "multi_output_tree"}, "multi_output_tree")],
    ids=str,
)
def test_models_that_a_forest_cannot_hold_are_refused(params, what):
    model = xgboost.XGBRegressor(n_estimators=2, n_jobs=1, **params).fit(
        boosters.rows()[0], boosters.target("two numbers")
    )
    with pytest.raises(UnsupportedModelError, match=f"{what}.*Supported: gbtree and dart"):
        prune(model)


@pytest.mark.parametrize(
    "method",
    [
        JointPruning(alpha=0.0, reg=1.0, tol=0.0, max_cycles=3),
        DepthPruning(alpha=0.0, reg=1.0, tol=0.0, max_cycles=3),
        LeafRefit(),
    ],
    ids=lambda method: method.alias,
)
def test_several_targets_are_pruned_jointly_as_a_model_for_each(method):
    (X, _), y = boosters.rows(), boosters.target("two numbers")
    noisy = y + np.random.default_rng(0).normal(size=y.shape)
    params = {"n_estimators": 6, "max_depth": 4, "n_jobs": 1, "base_score": 0.5}
    found = prune(xgboost.XGBRegressor(**params).fit(X, y), method, X, noisy).predict(X)
    for column in (0, 1):
        alone = xgboost.XGBRegressor(**params).fit(X, y[:, column])
        expected = prune(alone, method, X, noisy[:, column]).predict(X)
        assert np.abs(expected - alone.predict(X)).max() > 0.1
        np.testing.assert_allclose(found[:, column], expected, atol=1e-5)


@pytest.mark.parametrize("step", [0.3, 0.05])
@pytest.mark.parametrize("depth", [1, 2])
def test_capped_weights_are_those_of_a_model_grown_to_that_depth(step, depth):
    def grown(max_depth):
        return boosters._xgb("numbers", n_estimators=1, max_depth=max_depth, max_delta_step=step)

    (X, _), whole = boosters.rows(), grown(5)
    np.testing.assert_allclose(prune(whole, MaxDepth(depth)).predict(X), grown(depth).predict(X), rtol=1e-5)


def test_rows_that_do_not_tell_unknown_values_are_said_not_to():
    model = boosters._xgb("numbers", n_estimators=1, max_delta_step=0.05)
    loaded = xgboost.XGBRegressor()
    loaded.load_model(bytearray(model.get_booster().save_raw("ubj")))  # which knows the cap no more
    with pytest.raises(MissingStatisticError, match="as a leaf, and the rows do not tell"):
        prune(loaded, "reduced_error", *boosters.rows())


def test_targets_are_checked():
    adapter = find_adapter(boosters.XGBOOST["classes"]())
    with pytest.raises(ValueError, match=r"class codes 0\.\.2"):
        adapter.rows(boosters.rows()[0], np.full(boosters.N_ROWS, 3))
    with pytest.raises(ValueError, match="range"):
        find_adapter(boosters.XGBOOST["binary"]()).rows(boosters.rows()[0], np.full(boosters.N_ROWS, 2.0))


def test_unfitted_model_is_named():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        prune(xgboost.XGBRegressor())


@pytest.mark.parametrize("params", [{"objective": "reg:absoluteerror"}, {"objective": "reg:quantileerror"}], ids=str)
def test_learning_rate_of_a_loaded_model_comes_from_its_training_rows(params):
    X, y = boosters.rows()
    params |= {"quantile_alpha": 0.3} if "quantile" in params["objective"] else {}
    model = xgboost.train({**params, "eta": 0.1, "max_depth": 4, "nthread": 1}, xgboost.DMatrix(X, y), 5)
    loaded = xgboost.Booster(model_file=model.save_raw("json"))
    expected, pruned = (prune(booster, MaxDepth(2), X, y) for booster in (model, loaded))
    matrix = xgboost.DMatrix(X)
    np.testing.assert_allclose(pruned.predict(matrix), expected.predict(matrix), rtol=1e-5)
    with pytest.raises(MissingStatisticError, match="give the rows that it was fitted on"):
        prune(loaded, MaxDepth(2), X, np.random.default_rng(0).permutation(y) ** 3)


@pytest.mark.parametrize("name", ["Booster, read from a file", "categories"])
def test_predictions_of_boosters_and_wrappers_are_their_own(name):
    model, X = boosters.XGBOOST[name](), boosters.rows_of(name, "xgboost")
    adapter = find_adapter(model)
    booster = adapter.booster
    matrix = xgboost.DMatrix(X, feature_names=booster.feature_names, feature_types=booster.feature_types)
    expected = booster.predict(matrix)
    np.testing.assert_array_equal(adapter.predict(X), expected)


class TestWhatIsKnownOfTraining:
    X, y = load_diabetes(return_X_y=True)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))

    def test_sampled_and_weighted_rows_are_no_sign_of_a_custom_objective(self):
        """Sums of weights differ from tree to tree, and are no whole numbers."""
        model = xgboost.XGBRegressor(n_estimators=8, subsample=0.8).fit(self.X, self.y, sample_weight=self.weight)
        for fitted in (model, model.get_booster()):
            small = prune(fitted, LeafRefit(), self.X, self.y, sample_weight=self.weight)
            rows = self.X if fitted is model else xgboost.DMatrix(self.X)
            before, after = (np.average((self.y - m.predict(rows)) ** 2, weights=self.weight) for m in (fitted, small))
            assert after < before

    @pytest.mark.parametrize("objective", ["reg:absoluteerror", "reg:quantileerror"])
    def test_the_learning_rate_of_a_wrapper_is_known_whatever_the_rows(self, objective):
        """So splits of the first tree get their value from any rows: the rate times the quantile of residuals there."""
        params = {"quantile_alpha": 0.7} if objective == "reg:quantileerror" else {}
        model = xgboost.XGBRegressor(n_estimators=4, max_depth=3, objective=objective, learning_rate=0.3, **params)
        model.fit(self.X[::2], self.y[::2])
        X, y = self.X[1::2], self.y[1::2]
        adapter, rows = find_adapter(model).with_rows(X, y)
        tree, leaf = adapter.forest.tree(0), rows.leaf_ids(0)
        level, start = params.get("quantile_alpha", 0.5), adapter.base(X)[0, 0]
        for node in tree.internal:
            residual = np.sort(y[(leaf >= node) & (leaf < tree.end[node])]) - start
            place = (len(residual) + 1) * level - 1  # XGBoost's own quantile
            expected = 0.3 * np.interp(place, np.arange(len(residual)), residual)
            assert adapter.forest.value[node, 0, 0] == pytest.approx(expected, rel=1e-5)
        assert find_adapter(prune(model, ReducedError(), X, y)).forest.n_nodes < adapter.forest.n_nodes
