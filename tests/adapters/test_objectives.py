"""Losses of objectives: what XGBoost and LightGBM themselves make of one step, and what is no loss of a row."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import (
    get_scorer,
    hinge_loss,
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    mean_squared_log_error,
    mean_tweedie_deviance,
    r2_score,
)

from treeprune import MissingStatisticError, UnsupportedModelError, compress, prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.compression import trials
from treeprune.compression.scoring import Scorer
from treeprune.core import losses
from treeprune.core.losses import derivatives
from treeprune.methods import DepthPruning, JointPruning, LeafRefit, ReducedError

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

N_ROWS, RATE = 240, 0.25
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 3))
COUNTS = RNG.poisson(np.exp(0.4 * X[:, 0] + 0.8)).astype(float)
TARGETS = {
    "counts": COUNTS,
    "positive": COUNTS + 0.5,
    "binary": (X[:, 0] > 0.5) * 1.0,
    "noisy": (X[:, 0] + RNG.normal(size=N_ROWS) > 0.5) * 1.0,
    "classes": np.digitize(X[:, 0], [-0.5, 0.7]),
}

#: Objectives, the targets they are for, their parameters, and what the library multiplies hessians with for caution.
XGBOOST = [
    ("reg:squarederror", "counts", {}, 1),
    ("reg:logistic", "binary", {}, 1),
    ("binary:logistic", "binary", {"scale_pos_weight": 3.0}, 1),
    ("binary:logitraw", "binary", {}, 1),
    ("binary:hinge", "binary", {}, 1),
    ("multi:softprob", "classes", {"num_class": 3}, 2),
    ("count:poisson", "counts", {"base_score": 3.0}, np.exp(0.7)),
    ("reg:gamma", "positive", {}, 1),
    ("reg:tweedie", "counts", {"tweedie_variance_power": 1.3}, 1),
    ("reg:pseudohubererror", "counts", {"huber_slope": 0.7}, 1),
    ("reg:squaredlogerror", "counts", {}, 1),
]
LIGHTGBM = [
    ("regression", "counts", {}, 1),
    ("regression", "counts", {"reg_sqrt": True}, 1),
    ("huber", "counts", {"alpha": 100.0}, 1),
    ("fair", "counts", {"fair_c": 0.7}, 1),
    ("poisson", "counts", {}, np.exp(0.7)),
    ("gamma", "positive", {}, 1),
    ("tweedie", "counts", {"tweedie_variance_power": 1.3}, 1),
    ("binary", "binary", {"sigmoid": 0.6}, 1),
    ("cross_entropy", "binary", {}, 1),
    ("multiclass", "classes", {"num_class": 3}, 1.5),
    ("multiclassova", "classes", {"num_class": 3, "sigmoid": 0.6}, 1),
]


def xgboost_model(objective, y, n_rounds=3, **params):
    """A Booster without penalties, whose leaves are plain Newton steps."""
    params = {"objective": objective, "eta": RATE, "lambda": 0.0, "max_depth": 2, "base_score": 0.4} | params
    return xgboost.train(params, xgboost.DMatrix(X, y), n_rounds)


def lightgbm_model(objective, y, n_rounds=3, **params):
    """A Booster without penalties, whose leaves are plain Newton steps."""
    params = {"objective": objective, "learning_rate": RATE, "num_leaves": 4, "verbose": -1, "num_threads": 1} | params
    return lightgbm.train(params | {"boost_from_average": False}, lightgbm.Dataset(X, y, free_raw_data=False), n_rounds)


@pytest.mark.parametrize(
    ("fit", "objective", "target", "params", "caution"),
    [(xgboost_model, *case) for case in XGBOOST] + [(lightgbm_model, *case) for case in LIGHTGBM],
)
def test_leaves_are_newton_steps_of_the_loss(fit, objective, target, params, caution):
    """The library's own leaves say what gradient over hessian it took, and its own hessians are the sums of ours."""
    y = TARGETS[target]
    adapter = find_adapter(fit(objective, y, **params))
    forest, rows = adapter.forest, adapter.rows(X, y)
    statistics, leaf = rows.loss_statistics(), forest.is_leaf
    step = -RATE * statistics.gradient / (caution * statistics.hessian)
    np.testing.assert_allclose(step[leaf], forest.value[leaf, 0, 0], rtol=2e-3, atol=2e-5)
    np.testing.assert_allclose(
        caution * statistics.hessian[leaf], forest.weighted_n_node_samples[leaf], rtol=2e-3, atol=2e-4
    )


@pytest.mark.parametrize("levels", [[0.3], [0.2, 0.5, 0.9]])
def test_pinball_losses_have_no_gradient_at_the_quantiles(levels):
    adapter = find_adapter(xgboost_model("reg:quantileerror", COUNTS, quantile_alpha=levels, base_score=None))
    continuous = np.sort(RNG.normal(size=4000))
    margin = np.tile(np.quantile(continuous, levels), (4000, 1))
    gradient, hessian = derivatives(adapter.loss, continuous[:, None], margin)
    np.testing.assert_allclose(gradient.mean(axis=0), 0.0, atol=1e-3)
    assert (hessian == 1).all()


def test_lightgbm_robust_losses_take_its_own_steps():
    """Of mape and huber, from the gradients that a custom objective would have had to give."""
    for objective, gradient in (
        ("mape", np.sign(-COUNTS) / np.maximum(1, np.abs(COUNTS))),
        ("huber", np.clip(-COUNTS, -0.9, 0.9)),
    ):
        found, _ = derivatives(
            find_adapter(lightgbm_model(objective, COUNTS)).loss, COUNTS[:, None], np.zeros((N_ROWS, 1))
        )
        np.testing.assert_allclose(found[:, 0], gradient)


# What models are judged by --------------------------------------------------------------------------------------------


def huber(y, p, delta):
    distance = np.abs(y - p)
    return np.where(distance <= delta, distance**2 / 2, delta * (distance - delta / 2)).mean()


def fair(y, p, c):
    return (c * np.abs(y - p) - c**2 * np.log(np.abs(y - p) / c + 1)).mean()


def percentage(y, p):
    return (np.abs(y - p) / np.maximum(1, np.abs(y))).mean()


def of_positives(y, p):
    return log_loss(y, p, sample_weight=np.where(y == 1, 3.0, 1.0))


#: The library, an objective, its targets and parameters, and what its predictions are to be measured by.
METRICS = [
    (xgboost_model, "reg:squarederror", "counts", {}, mean_squared_error),
    (xgboost_model, "reg:logistic", "binary", {}, log_loss),
    (xgboost_model, "binary:logistic", "binary", {}, log_loss),
    (xgboost_model, "binary:logistic", "binary", {"scale_pos_weight": 3.0}, of_positives),
    (xgboost_model, "binary:logitraw", "binary", {}, lambda y, margin: log_loss(y, 1 / (1 + np.exp(-margin)))),
    (xgboost_model, "multi:softprob", "classes", {"num_class": 3}, log_loss),
    (xgboost_model, "count:poisson", "counts", {}, mean_poisson_deviance),
    (xgboost_model, "reg:gamma", "positive", {}, mean_gamma_deviance),
    (
        xgboost_model,
        "reg:tweedie",
        "counts",
        {"tweedie_variance_power": 1.3},
        lambda y, p: mean_tweedie_deviance(y, p, power=1.3),
    ),
    (
        xgboost_model,
        "reg:pseudohubererror",
        "counts",
        {"huber_slope": 0.7},
        lambda y, p: (0.49 * (np.sqrt(1 + ((y - p) / 0.7) ** 2) - 1)).mean(),
    ),
    (xgboost_model, "reg:squaredlogerror", "counts", {}, mean_squared_log_error),
    (xgboost_model, "reg:absoluteerror", "counts", {}, mean_absolute_error),
    (
        xgboost_model,
        "reg:quantileerror",
        "counts",
        {"quantile_alpha": 0.8},
        lambda y, p: mean_pinball_loss(y, p, alpha=0.8),
    ),
    (lightgbm_model, "regression", "counts", {}, mean_squared_error),
    (
        lightgbm_model,
        "regression",
        "counts",
        {"reg_sqrt": True},
        lambda y, p: mean_squared_error(np.sqrt(y), np.sqrt(np.abs(p)) * np.sign(p)),
    ),
    (lightgbm_model, "regression_l1", "counts", {}, mean_absolute_error),
    (lightgbm_model, "huber", "counts", {"alpha": 0.6}, lambda y, p: huber(y, p, 0.6)),
    (lightgbm_model, "fair", "counts", {"fair_c": 0.7}, lambda y, p: fair(y, p, 0.7)),
    (lightgbm_model, "mape", "counts", {}, percentage),
    (lightgbm_model, "quantile", "counts", {"alpha": 0.8}, lambda y, p: mean_pinball_loss(y, p, alpha=0.8)),
    (lightgbm_model, "poisson", "counts", {}, mean_poisson_deviance),
    (lightgbm_model, "gamma", "positive", {}, mean_gamma_deviance),
    (
        lightgbm_model,
        "tweedie",
        "counts",
        {"tweedie_variance_power": 1.3},
        lambda y, p: mean_tweedie_deviance(y, p, power=1.3),
    ),
    (lightgbm_model, "binary", "binary", {"sigmoid": 0.6}, log_loss),
    (lightgbm_model, "cross_entropy", "binary", {}, log_loss),
    (lightgbm_model, "multiclass", "classes", {"num_class": 3}, log_loss),
    (
        lightgbm_model,
        "multiclassova",
        "classes",
        {"num_class": 3},
        lambda y, p: sum(log_loss(y == k, p[:, k]) for k in range(3)),
    ),
]


@pytest.mark.parametrize(("fit", "objective", "target", "params", "metric"), METRICS)
def test_models_are_judged_by_what_they_minimise(fit, objective, target, params, metric):
    y = TARGETS[target]
    model = fit(objective, y, **params)
    prediction = model.predict(xgboost.DMatrix(X) if fit is xgboost_model else X)
    loss, score, _ = Scorer(find_adapter(model), (X, y, None)).judge_model(model, X)
    assert loss == pytest.approx(metric(y, prediction), rel=1e-5)
    if target in ("counts", "positive"):
        assert score == pytest.approx(r2_score(y, prediction), abs=1e-5)


def test_a_hinge_is_judged_by_its_margin():
    model = xgboost_model("binary:hinge", TARGETS["binary"])
    data = xgboost.DMatrix(X)
    loss, score, _ = Scorer(find_adapter(model), (X, TARGETS["binary"], None)).judge_model(model, X)
    assert loss == pytest.approx(hinge_loss(TARGETS["binary"], model.predict(data, output_margin=True)))
    assert score == pytest.approx((model.predict(data) == TARGETS["binary"]).mean())


@pytest.fixture
def few_trials(monkeypatch):
    """A single method and penalty to try."""
    monkeypatch.setattr(trials, "REGS", (30.0,))
    monkeypatch.setattr(trials, "OF_BOOSTING", (JointPruning(reg=30.0, shrink_to="zero"),))


@pytest.mark.parametrize(
    ("fit", "objective", "target"),
    [
        (xgboost_model, "count:poisson", "counts"),
        (xgboost_model, "binary:hinge", "noisy"),
        (xgboost_model, "reg:absoluteerror", "counts"),
        (lightgbm_model, "huber", "counts"),
        (lightgbm_model, "tweedie", "counts"),
    ],
)
def test_compress_takes_every_loss(few_trials, fit, objective, target):
    y = TARGETS[target]
    model = fit(objective, y, n_rounds=8, **({"max_depth": 4} if fit is xgboost_model else {"num_leaves": 12}))
    n_nodes = find_adapter(model).forest.n_nodes // 2
    with pytest.warns(UserWarning, match="cannot be fitted anew"):
        result = compress(model, X, y, max_nodes=n_nodes)
    assert find_adapter(result.model).forest.n_nodes <= n_nodes
    assert "HistGradientBoosting" in set(result.frontier["method"])
    assert np.isfinite(result.frontier[["loss", "score"]]).all(axis=None)


@pytest.mark.parametrize("fit", [xgboost_model, lightgbm_model])
@pytest.mark.parametrize("objective", ["reg:absoluteerror", "regression_l1", "reg:quantileerror", "quantile", "mape"])
def test_the_path_of_a_loss_whose_leaves_are_quantiles_reaches_its_last_step(fit, objective):
    if (fit is xgboost_model) != objective.startswith("reg:"):
        pytest.skip("an objective of the other library")
    model = fit(objective, COUNTS, **({"quantile_alpha": 0.7} if objective == "reg:quantileerror" else {}))
    path = pruning_path(model, "cost_complexity", X, COUNTS)
    last = find_adapter(path.prune(step=len(path.n_leaves) - 1)).forest
    assert last.n_nodes == last.n_trees


# Scorers --------------------------------------------------------------------------------------------------------------

REGRESSORS = {
    "xgboost": lambda: xgboost.XGBRegressor(n_estimators=8, max_depth=4, n_jobs=1, objective="count:poisson"),
    "lightgbm": lambda: lightgbm.LGBMRegressor(n_estimators=8, num_leaves=12, n_jobs=1, verbose=-1),
    "forest": lambda: RandomForestRegressor(8, random_state=0),
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_scorer_judges_in_the_place_of_the_loss(few_trials, name):
    model, half = REGRESSORS[name]().fit(X, COUNTS), (X[::2], COUNTS[::2])
    options = {"X_val": half[0], "y_val": half[1], "retrain": False}
    for scoring in ("neg_median_absolute_error", get_scorer("neg_median_absolute_error")):
        result = compress(model, X, COUNTS, scoring=scoring, max_nodes=100, **options)
        frontier = result.frontier.set_index("method")
        expected = get_scorer("neg_median_absolute_error")(model, *half)
        assert frontier.loc["unpruned", "score"] == pytest.approx(expected, rel=1e-5)
        within = frontier[frontier["n_nodes"] <= 100]
        assert within.loc[within["chosen"], "score"].item() == within["score"].max()
        assert (frontier["loss"] == -frontier["score"]).all()
        assert ", score -" in result.message
    smallest = compress(model, X, COUNTS, scoring=scoring, max_loss=0.2, **options).frontier
    allowed = smallest[smallest["score"] >= expected - 0.2 * abs(expected) - 1e-9]
    assert smallest.loc[smallest["chosen"], "n_nodes"].item() == allowed["n_nodes"].min()


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"scoring": "r3"}, ValueError, "r3"),
        ({"loss": "cox"}, ValueError, r"'loss' parameter must be one of 'squared_error', .* Got 'cox'"),
        ({"loss": lambda y, margin: (margin - y, 0 * y + 1)}, ValueError, "derivatives and no value to judge by"),
    ],
)
def test_what_cannot_judge_is_refused(params, error, message):
    with pytest.raises(error, match=message):
        compress(REGRESSORS["xgboost"]().fit(X, COUNTS), X, COUNTS, max_nodes=50, **params)


def test_a_loss_is_for_boosted_models_and_a_scorer_for_estimators():
    with pytest.raises(ValueError, match="for boosted ensembles"):
        compress(REGRESSORS["forest"]().fit(X, COUNTS), X, COUNTS, max_nodes=50, loss="poisson")
    with pytest.raises(ValueError, match="for boosted ensembles"):
        prune(REGRESSORS["forest"]().fit(X, COUNTS), JointPruning(loss="poisson"), X, COUNTS)
    with pytest.raises(UnsupportedModelError, match=r"needs an estimator of scikit-learn's kind\. Got Booster"):
        compress(xgboost_model("count:poisson", COUNTS), X, COUNTS, max_nodes=50, scoring="r2")


@pytest.mark.parametrize("ranker", [xgboost.XGBRanker(n_estimators=3), lightgbm.LGBMRanker(n_estimators=3, verbose=-1)])
def test_rankers_are_refused_before_any_work(ranker):
    model = ranker.fit(X, COUNTS, group=[N_ROWS // 4] * 4)
    with pytest.raises(UnsupportedModelError, match="ranks the rows of a group"):
        compress(model, X, COUNTS, max_nodes=10)


# Custom objectives --------------------------------------------------------------------------------------------------


def poisson(y, margin):
    return np.exp(margin) - y, np.exp(margin)


def swapped(margin, data):
    return poisson(data.get_label(), margin)


def asymmetric(margin, data):
    residual = margin - data.get_label()
    return np.where(residual < 0, 3.0, 1.0) * residual, np.ones_like(margin)


def lightgbm_of(objective):
    params = {"objective": objective, "verbose": -1, "num_threads": 1}
    return lightgbm.train(params, lightgbm.Dataset(X, COUNTS), 4)


def xgboost_of(objective, **params):
    return xgboost.train(params, xgboost.DMatrix(X, COUNTS), 4, obj=objective)


def reloaded(booster):
    return xgboost.Booster(model_file=bytearray(booster.save_raw("ubj")))


CUSTOM = {
    "wrapper, base score": lambda: xgboost.XGBRegressor(n_estimators=4, objective=poisson, base_score=0).fit(X, COUNTS),
    "wrapper": lambda: xgboost.XGBRegressor(n_estimators=4, objective=poisson).fit(X, COUNTS),
    "Booster": lambda: xgboost_of(swapped),
    "Booster, base score": lambda: xgboost_of(swapped, base_score=0.0),
    "reloaded": lambda: reloaded(xgboost_of(swapped, base_score=0.0)),
    "constant hessians": lambda: xgboost_of(asymmetric),
    "LightGBM wrapper": lambda: lightgbm.LGBMRegressor(n_estimators=4, objective=poisson, verbose=-1).fit(X, COUNTS),
    "LightGBM Booster": lambda: lightgbm_of(swapped),
}


@pytest.mark.parametrize("method", [JointPruning(), LeafRefit(), DepthPruning(), ReducedError()], ids=lambda m: m.alias)
@pytest.mark.parametrize("name", CUSTOM)
def test_a_function_as_objective_is_never_taken_for_a_loss(name, method):
    model = CUSTOM[name]()
    with pytest.raises(MissingStatisticError, match=r"trained by (poisson|a function)"):
        prune(model, method, X, COUNTS)


@pytest.mark.parametrize("name", CUSTOM)
def test_compress_refuses_a_function_as_objective_before_any_work(name):
    with pytest.raises(UnsupportedModelError, match=r"trained by (poisson|a function)"):
        compress(CUSTOM[name](), X, COUNTS, max_nodes=10)


@pytest.mark.parametrize("objective", ["survival:cox", "rank:pairwise", "survival:aft"])
def test_objectives_that_are_no_function_of_a_row_are_refused_by_name(objective):
    data = xgboost.DMatrix(X, COUNTS + 1)
    if objective.startswith("rank"):
        data.set_group([N_ROWS // 4] * 4)
    if objective == "survival:aft":
        data.set_float_info("label_lower_bound", COUNTS + 1)
        data.set_float_info("label_upper_bound", COUNTS + 2)
    model = xgboost.train({"objective": objective}, data, 3)
    with pytest.raises(MissingStatisticError, match=objective):
        prune(model, JointPruning(), X, COUNTS + 1)


@pytest.mark.parametrize(
    ("params", "weight"),
    [({}, None), ({"subsample": 0.5}, None), ({}, RNG.random(N_ROWS)), ({"base_score": 0.5}, None)],
    ids=["plain", "subsample", "weights", "base score"],
)
def test_squared_error_is_known_where_the_hessians_are_weights(params, weight):
    model = xgboost.train(params, xgboost.DMatrix(X, COUNTS, weight=weight), 6)
    for known in (model, reloaded(model)):
        prune(known, LeafRefit(), X, COUNTS, sample_weight=weight)


def gamma(y, margin):
    return 1 - y * np.exp(-margin), y * np.exp(-margin)


@pytest.mark.parametrize("loss", ["gamma", losses.Gamma(), gamma], ids=["name", "object", "function"])
@pytest.mark.parametrize("method", [JointPruning, LeafRefit, DepthPruning, ReducedError], ids=lambda m: m.alias)
def test_with_its_loss_named_a_custom_objective_is_the_built_in_one(method, loss):
    y, options = TARGETS["positive"], {"n_estimators": 8, "max_depth": 4, "n_jobs": 1}
    built_in = xgboost.XGBRegressor(objective="reg:gamma", base_score=1.0, **options).fit(X, y)
    custom = xgboost.XGBRegressor(objective=gamma, base_score=0.0, **options).fit(X, y)
    expected = find_adapter(prune(built_in, method(), X, y)).margin(X)
    found = find_adapter(prune(custom, method(loss=loss), X, y)).margin(X)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_compress_prunes_a_custom_objective_by_the_loss_that_is_named(few_trials):
    y, options = TARGETS["positive"], {"n_estimators": 8, "max_depth": 4, "n_jobs": 1}
    built_in = xgboost.XGBRegressor(objective="reg:gamma", base_score=1.0, **options).fit(X, y)
    custom = xgboost.XGBRegressor(objective=gamma, base_score=0.0, **options).fit(X, y)
    of_both = {"X_val": X, "y_val": y, "max_nodes": 60, "retrain": False}
    found, expected = compress(custom, X, y, loss="gamma", **of_both), compress(built_in, X, y, **of_both)
    np.testing.assert_allclose(found.frontier["loss"], expected.frontier["loss"], rtol=1e-3)
    by_score = compress(custom, X, y, loss=gamma, scoring="r2", **of_both)
    assert find_adapter(by_score.model).forest.n_nodes <= 60
