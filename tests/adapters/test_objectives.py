"""Losses of objectives: what XGBoost and LightGBM themselves make of one step, and what is no loss of a row."""

import numpy as np
import pytest

from treeprune import MissingStatisticError, UnsupportedModelError, compress, prune
from treeprune.adapters import find_adapter
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
