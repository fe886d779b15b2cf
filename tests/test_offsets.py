"""Offsets: boosted models that training started from a number of each row are judged from there."""

import json
import warnings
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax
from sklearn import config_context
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, VotingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import log_loss, mean_poisson_deviance, mean_squared_error
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests import boosters
from treeprune import TreePruner, TreePrunerCV, compress, prune, pruning_path, report
from treeprune.adapters import find_adapter
from treeprune.methods import ALIASES, JointPruning, LeafRefit, MaxDepth, ReducedError

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

N_ROWS, RATE = 300, 0.25
RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(N_ROWS, 4)), 2)
OFFSET = 5 + 2 * X[:, 3] - X[:, 0]
Y = OFFSET + X[:, 0] + np.sin(2 * X[:, 1]) + 0.3 * RNG.normal(size=N_ROWS)
TRAIN, REST = slice(0, 200), slice(200, 300)
COUNTS = RNG.poisson(np.exp(0.3 * OFFSET - 1)).astype(float)
BINARY = (Y > 5.5).astype(float)
CLASSES = np.digitize(Y, [4.0, 6.5])
BY_CLASS = np.stack([-0.5 * OFFSET, np.zeros(N_ROWS), X[:, 3]], axis=1)

XGBOOST = {"n_estimators": 8, "max_depth": 3, "n_jobs": 1, "random_state": 0}
LIGHTGBM = {"n_estimators": 8, "num_leaves": 8, "min_child_samples": 5, "n_jobs": 1, "verbose": -1}
NAMES = {"xgboost": "base_margin", "lightgbm": "init_score"}
FAMILIES = sorted(NAMES)
ALL_METHODS = [cls(**params) for cls in ALIASES.values() for params in cls.examples]


def unfitted(family, from_zero=False, **params):
    """A regressor; `from_zero` is the twin that starts from 0, as LightGBM does with offsets."""
    if family == "xgboost":
        return xgboost.XGBRegressor(**XGBOOST | ({"base_score": 0.0} if from_zero else {}) | params)
    return lightgbm.LGBMRegressor(**LIGHTGBM | {"boost_from_average": not from_zero} | params)


@cache
def fitted(family, wrapper=True, **params):
    model = unfitted(family, **params).fit(X[TRAIN], Y[TRAIN], **given(family, TRAIN))
    return model if wrapper else booster_of(model)


@cache
def twin(family, wrapper=True, **params):
    """The same trees, of a model that knows of no offsets and was fitted on what they leave over."""
    model = unfitted(family, from_zero=True, **params).fit(X[TRAIN], (Y - OFFSET)[TRAIN])
    return model if wrapper else booster_of(model)


def booster_of(model):
    return model.get_booster() if hasattr(model, "get_booster") else model.booster_


def given(family, rows=slice(None), suffix="", offset=OFFSET):
    return {NAMES[family] + suffix: offset[rows]}


def added(model, X=X):
    """What a model adds to offsets, by its own library."""
    model = booster_of(model) if hasattr(model, "fit") else model
    if isinstance(model, lightgbm.Booster):
        return model.predict(X, raw_score=True)
    shape = model.predict(xgboost.DMatrix(X), output_margin=True).shape
    return model.predict(xgboost.DMatrix(X, base_margin=np.zeros(shape)), output_margin=True)


def outcome(prunes):
    try:
        return prunes(), None
    except Exception as error:
        return None, type(error)


@pytest.mark.parametrize("wrapper", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ALL_METHODS, ids=repr)
def test_squared_errors_from_an_offset_are_those_of_what_it_leaves_over(method, family, wrapper):
    own, refused = outcome(lambda: prune(fitted(family, wrapper), method, X[REST], Y[REST], **given(family, REST)))
    other, as_well = outcome(lambda: prune(twin(family, wrapper), method, X[REST], (Y - OFFSET)[REST]))
    assert refused is as_well
    if refused is None:
        np.testing.assert_allclose(added(own), added(other), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_path_is_judged_from_offsets(family):
    path = pruning_path(fitted(family), "cost_complexity", X[REST], Y[REST], **given(family, REST))
    other = pruning_path(twin(family), "cost_complexity", X[REST], (Y - OFFSET)[REST])
    np.testing.assert_array_equal(path.n_leaves, other.n_leaves)
    np.testing.assert_allclose(path.alphas, other.alphas, rtol=1e-3, atol=1e-4)


def booster(family, objective, y, offset, n_rounds=3, **params):
    """A Booster without penalties, whose leaves are plain Newton steps."""
    params = {"objective": objective, "verbose": -1, "learning_rate": RATE, "nthread": 1} | params
    if family == "xgboost":
        params = {name: value for name, value in params.items() if name != "verbose"} | {"lambda": 0.0, "max_depth": 2}
        return xgboost.train(params, xgboost.DMatrix(X, y, base_margin=offset), n_rounds)
    data = lightgbm.Dataset(X, y, init_score=offset.ravel(order="F"))
    return lightgbm.train(params | {"num_leaves": 4}, data, n_rounds)


#: Objectives by family, their targets and offsets, and what the library multiplies hessians with for caution.
OBJECTIVES = [
    ("xgboost", "reg:squarederror", Y, OFFSET, 1),
    ("xgboost", "binary:logistic", BINARY, OFFSET - 5, 1),
    ("xgboost", "multi:softprob", CLASSES, BY_CLASS, 2),
    ("xgboost", "count:poisson", COUNTS, 0.3 * OFFSET - 1, np.exp(0.7)),
    ("lightgbm", "regression", Y, OFFSET, 1),
    ("lightgbm", "binary", BINARY, OFFSET - 5, 1),
    ("lightgbm", "multiclass", CLASSES, BY_CLASS, 1.5),
    ("lightgbm", "poisson", COUNTS, 0.3 * OFFSET - 1, np.exp(0.7)),
]


@pytest.mark.parametrize(("family", "objective", "y", "offset", "caution"), OBJECTIVES)
def test_leaves_are_newton_steps_from_the_offset(family, objective, y, offset, caution):
    """The library's own leaves and sums say at which margin it took each step."""
    params = {"num_class": 3} if offset.ndim == 2 else {}
    adapter = find_adapter(booster(family, objective, y, offset, **params))
    rows = adapter.rows(X, y, offset=offset.reshape(N_ROWS, -1))
    forest, statistics = adapter.forest, rows.loss_statistics()
    leaf, step = forest.is_leaf, -RATE * statistics.gradient / (caution * statistics.hessian)
    np.testing.assert_allclose(step[leaf], forest.value[leaf, 0, 0], rtol=2e-3, atol=2e-5)
    np.testing.assert_allclose(
        caution * statistics.hessian[leaf], forest.weighted_n_node_samples[leaf], rtol=2e-3, atol=2e-4
    )


@pytest.mark.parametrize(("booster_type", "n_parallel"), [("gbtree", 1), ("gbtree", 2), ("dart", 1)])
def test_the_margin_of_xgboost_is_its_own(booster_type, n_parallel):
    params = {"booster": booster_type, "rate_drop": 0.4, "num_parallel_tree": n_parallel, "subsample": 0.8}
    params = {"num_class": 3} | (params if booster_type == "dart" else {"num_parallel_tree": n_parallel})
    model = booster("xgboost", "multi:softprob", CLASSES, BY_CLASS, **params)
    own = model.predict(xgboost.DMatrix(X, base_margin=BY_CLASS), output_margin=True)
    found = find_adapter(model).rows(X, CLASSES, offset=BY_CLASS).margin
    np.testing.assert_allclose(found, own.reshape(N_ROWS, 3), rtol=1e-5, atol=1e-5)


def loss_by_sklearn(objective, y, margin):
    if "logistic" in objective or objective == "binary":
        return log_loss(y, expit(margin))
    if "multi" in objective:
        return log_loss(y, softmax(margin, axis=1))
    return mean_poisson_deviance(y, np.exp(margin)) if "poisson" in objective else mean_squared_error(y, margin)


@pytest.mark.filterwarnings("ignore:.*where its training began")
@pytest.mark.parametrize("method", [JointPruning(0.9, reg=1.0), LeafRefit(), ReducedError()], ids=repr)
@pytest.mark.parametrize("case", OBJECTIVES, ids=lambda case: f"{case[0]} {case[1]}")
def test_judged_from_its_offset_a_model_keeps_its_loss(case, method):
    """The loss by scikit-learn of the library's own margins; judged without the offset, it is greater."""
    family, objective, y, offset, _ = case
    params = {"num_class": 3} if offset.ndim == 2 else {}
    model = booster(family, objective, y, offset, 10, **params)
    models = {"before": model, "after": prune(model, method, X, y, **{NAMES[family]: offset})}
    models["without"] = prune(model, method, X, y)
    loss = {name: loss_by_sklearn(objective, y, added(small) + offset) for name, small in models.items()}
    assert loss["after"] < 1.05 * loss["before"]
    assert loss["after"] <= loss["without"]


@pytest.mark.parametrize("objective", ["regression_l1", "reg:absoluteerror"])
def test_values_that_rows_complete_start_from_offsets(objective):
    """Of absolute errors, too, only what the offset leaves over matters; every inner node has its median."""
    family = "xgboost" if ":" in objective else "lightgbm"
    own, other = (
        find_adapter(model(family, objective=objective)).completed(X[TRAIN], y[TRAIN], offset=offset)
        for model, y, offset in ((fitted, Y, OFFSET[TRAIN, None]), (twin, Y - OFFSET, None))
    )
    assert find_adapter(fitted(family, objective=objective)).lacks_values
    assert not own.lacks_values
    np.testing.assert_allclose(own.forest.value, other.forest.value, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_flat_offsets_are_read_as_the_library_does(family):
    objective = "multi:softprob" if family == "xgboost" else "multiclass"
    model = booster(family, objective, CLASSES, BY_CLASS, num_class=3)
    flat = BY_CLASS.ravel(order="C" if family == "xgboost" else "F")
    forms = [BY_CLASS, flat, flat.tolist(), pd.DataFrame(BY_CLASS)]
    pruned = [added(prune(model, LeafRefit(), X, CLASSES, **{NAMES[family]: form})) for form in forms]
    for other in pruned[1:]:
        np.testing.assert_array_equal(other, pruned[0])


# What is refused, before any work.


def doors(model, X=X, y=Y):
    """Every function that takes rows and offsets."""
    return [
        partial(prune, model, ReducedError(), X, y),
        partial(pruning_path, model, "cost_complexity", X, y),
        partial(compress, model, X, y, max_nodes=50),
        partial(report, model, X, y),
        partial(TreePruner(model).fit, X, y),
        partial(TreePrunerCV(model).fit, X, y),
    ]


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("family", FAMILIES)
class TestRefused:
    def test_the_name_of_another_library(self, family, place):
        other = next(name for name in NAMES.values() if name != NAMES[family])
        with pytest.raises(ValueError, match=f"{other}.*{NAMES[family]}"):
            doors(fitted(family))[place](**{other: OFFSET})

    @pytest.mark.parametrize("offset", [OFFSET[:7], OFFSET[:, None, None], np.zeros((N_ROWS - 1, 2))])
    def test_another_shape(self, family, place, offset):
        with pytest.raises(ValueError, match=rf"'{NAMES[family]}' parameter must have the shape \({N_ROWS},\)"):
            doors(fitted(family))[place](**{NAMES[family]: offset})

    @pytest.mark.parametrize(("number", "what"), [(np.nan, "nan"), (np.inf, "inf"), ("text", "numbers")])
    def test_what_is_not_finite(self, family, place, number, what):
        offset = np.array([number, *OFFSET[1:]])
        with pytest.raises(ValueError, match=f"{NAMES[family]}.*{what}"):
            doors(fitted(family))[place](**{NAMES[family]: offset})


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("family", FAMILIES)
def test_another_number_of_columns_is_refused(family, place):
    with pytest.raises(ValueError, match=f"{NAMES[family]}.*1 margins.*Got 2"):
        doors(fitted(family))[place](**{NAMES[family]: np.zeros((N_ROWS, 2))})


@pytest.mark.parametrize("name", NAMES.values())
@pytest.mark.parametrize("place", range(6))
def test_families_without_offsets_refuse_them(name, place):
    model = HistGradientBoostingRegressor(max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match=f"{name}.*HistGradientBoostingRegressor is fitted without offsets"):
        doors(model)[place](**{name: OFFSET})


@pytest.mark.parametrize("family", FAMILIES)
def test_offsets_need_rows(family):
    with pytest.raises(ValueError, match=f"{NAMES[family]}.*needs X and y"):
        prune(fitted(family), MaxDepth(2), **given(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_of_validation_need_offsets_where_others_have_them(family):
    held_out = {"X_val": X[REST], "y_val": Y[REST]}
    for fit in (TreePruner(unfitted(family), ReducedError()).fit, partial(compress, fitted(family), max_nodes=50)):
        with pytest.raises(ValueError, match=f"'{NAMES[family]}_val' parameter must be given"):
            fit(X[TRAIN], y=Y[TRAIN], **held_out, **given(family, TRAIN))
        with pytest.raises(ValueError, match=f"'{NAMES[family]}' parameter must be given"):
            fit(X[TRAIN], y=Y[TRAIN], **held_out, **given(family, REST, "_val"))
        with pytest.raises(ValueError, match=f"'{NAMES[family]}_val' parameter needs X_val"):
            fit(X[TRAIN], y=Y[TRAIN], **given(family, TRAIN), **given(family, REST, "_val"))


def test_random_forests_of_lightgbm_take_none():
    model = lightgbm.LGBMRegressor(boosting_type="rf", subsample=0.6, subsample_freq=1, **LIGHTGBM).fit(X, Y)
    with pytest.raises(ValueError, match="random forests take none"):
        prune(model, ReducedError(), X, Y, init_score=OFFSET)


# Models inside others.


@pytest.mark.parametrize("family", FAMILIES)
def test_an_offset_reaches_the_model_in_a_pipeline(family):
    step = type(unfitted(family)).__name__.lower()
    pipe = make_pipeline(StandardScaler(), unfitted(family))
    pipe.fit(X[TRAIN], Y[TRAIN], **{f"{step}__{NAMES[family]}": OFFSET[TRAIN]})
    Z = pipe[:-1].transform(X)
    small = prune(pipe, LeafRefit(), X[REST], Y[REST], **given(family, REST))
    alone = prune(pipe[-1], LeafRefit(), Z[REST], Y[REST], **given(family, REST))
    np.testing.assert_array_equal(added(small[-1], Z), added(alone, Z))


def test_several_models_do_not_share_an_offset():
    voting = VotingRegressor([(f"m{seed}", unfitted("xgboost")) for seed in range(2)]).fit(X, Y)
    with pytest.raises(ValueError, match=r"base_margin.*VotingRegressor holds 2"):
        prune(voting, ReducedError(), X, Y, base_margin=OFFSET)


# Estimators.


@pytest.mark.parametrize("settings", [
    {"method": ReducedError(), "validation": 0.3, "random_state": 0},
    {"method": LeafRefit(), "validation": KFold(3)},
    {"method": "cost_complexity", "validation": None, "refit_leaves": False},
], ids=lambda settings: str(settings["method"]))  # fmt: skip
@pytest.mark.parametrize("family", FAMILIES)
def test_tree_pruner_is_the_twins(family, settings):
    own = TreePruner(unfitted(family), **settings).fit(X, Y, **given(family))
    other = TreePruner(unfitted(family, from_zero=True), **settings).fit(X, Y - OFFSET)
    np.testing.assert_allclose(added(own.estimator_), added(other.estimator_), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_tree_pruner_with_rows_of_validation_is_the_twins(family):
    rows = {"X_val": X[REST]}
    own = TreePruner(unfitted(family), ReducedError()).fit(
        X[TRAIN], Y[TRAIN], **rows, y_val=Y[REST], **given(family, TRAIN), **given(family, REST, "_val")
    )
    other = TreePruner(unfitted(family, from_zero=True), ReducedError())
    other.fit(X[TRAIN], (Y - OFFSET)[TRAIN], **rows, y_val=(Y - OFFSET)[REST])
    np.testing.assert_allclose(added(own.estimator_), added(other.estimator_), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("grid", [None, {"max_depth": [1, 2, 3]}])
@pytest.mark.parametrize("family", FAMILIES)
def test_tree_pruner_cv_scores_from_offsets(family, grid):
    settings = {
        "scoring": "neg_mean_squared_error",
        "cv": 3,
        "param_grid": grid,
        "return_train_score": True,
        "n_candidates": 4,
    }
    method = "cost_complexity" if grid is None else MaxDepth()
    own = TreePrunerCV(unfitted(family), method, **settings).fit(X, Y, **given(family))
    other = TreePrunerCV(unfitted(family, from_zero=True), method, **settings).fit(X, Y - OFFSET)
    for name in ("mean_test_score", "split1_test_score", "split1_train_score"):
        np.testing.assert_allclose(own.cv_results_[name], other.cv_results_[name], rtol=1e-4)
    np.testing.assert_allclose(added(own.estimator_), added(other.estimator_), rtol=1e-4, atol=1e-5)


def test_cross_validation_of_classes_cuts_flat_offsets_by_row():
    """LightGBM's flat offsets hold column after column; scores are checked against its own raw scores."""
    estimator = lightgbm.LGBMClassifier(**LIGHTGBM)
    flat = BY_CLASS.ravel(order="F")
    pruner = TreePrunerCV(estimator, MaxDepth(), param_grid={"max_depth": [99]}, cv=KFold(2)).fit(
        X, CLASSES, init_score=flat
    )
    for fold, (train, test) in enumerate(KFold(2).split(X)):
        model = lightgbm.LGBMClassifier(**LIGHTGBM).fit(X[train], CLASSES[train], init_score=BY_CLASS[train])
        right = (model.predict(X[test], raw_score=True) + BY_CLASS[test]).argmax(axis=1) == CLASSES[test]
        assert pruner.cv_results_[f"split{fold}_test_score"][0] == pytest.approx(right.mean())


@pytest.mark.parametrize("family", FAMILIES)
def test_offsets_are_metadata(family):
    with config_context(enable_metadata_routing=True):
        estimator = unfitted(family).set_fit_request(**{NAMES[family]: True})
        routed = TreePrunerCV(estimator, cv=2, n_candidates=3).fit(X, Y, **given(family))
        pruner = TreePruner(estimator, ReducedError(), validation=0.3, random_state=0).fit(X, Y, **given(family))
    plain = TreePrunerCV(unfitted(family), cv=2, n_candidates=3).fit(X, Y, **given(family))
    np.testing.assert_array_equal(routed.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"])
    plain = TreePruner(unfitted(family), ReducedError(), validation=0.3, random_state=0).fit(X, Y, **given(family))
    np.testing.assert_array_equal(added(pruner.estimator_), added(plain.estimator_))


def test_a_callable_that_predicts_itself_cannot_score_from_offsets():
    with pytest.raises(ValueError, match="'scoring' parameter of TreePrunerCV"):
        TreePrunerCV(unfitted("xgboost"), scoring=lambda model, X, y: 0.0).fit(X, Y, base_margin=OFFSET)


# compress and the report.


@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_compress_searches_and_judges_from_offsets(family, held_out):
    rows = TRAIN if held_out else slice(None)
    models = [unfitted(family, n_estimators=4).fit(X[rows], Y[rows], **given(family, rows))]
    models.append(unfitted(family, from_zero=True, n_estimators=4).fit(X[rows], (Y - OFFSET)[rows]))
    results = []
    for model, y, offsets in zip(models, (Y, Y - OFFSET), (True, False), strict=True):
        params = given(family, rows) if offsets else {}
        if held_out:
            params |= {"X_val": X[REST], "y_val": y[REST]} | (given(family, REST, "_val") if offsets else {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that a rival does better
            results.append(compress(model, X[rows], y[rows], max_nodes=20, **params))
    own, other = results
    columns = ["method", "parameters", "n_nodes", "n_trees"]
    expected = other.frontier[other.frontier["method"] != "HistGradientBoosting"].reset_index(drop=True)
    assert len(expected) < len(other.frontier)
    assert own.frontier["rival"].any()
    np.testing.assert_allclose(own.frontier["loss"][0], expected["loss"][0], rtol=1e-4)
    assert own.frontier[columns[:1]].equals(expected[columns[:1]])
    np.testing.assert_allclose(own.frontier["loss"], expected["loss"], rtol=1e-3)
    np.testing.assert_allclose(added(own.model), added(other.model), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_report_scores_from_offsets(family):
    model = fitted(family)
    small = prune(model, ReducedError(), X[REST], Y[REST], **given(family, REST))
    found = report(small, X[REST], Y[REST], before=model, held_out=True, **given(family, REST)).to_dict()
    table = {row["name"]: row for row in found["measures"]["table"]}["root mean squared error"]
    for name, of in (("before", model), ("after", small)):
        error = mean_squared_error(Y[REST], OFFSET[REST] + added(of)[REST]) ** 0.5
        assert table[name] == pytest.approx(error, rel=1e-5)


# A model that was fitted with offsets, and rows without.

DISAGREE = "do not agree on where its training began"


def says(model, X, y, sample_weight=None, text=DISAGREE, offset=None):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _ = find_adapter(model).rows(X, y, sample_weight, None if offset is None else offset[:, None]).margin
    return any(text in str(warning.message) for warning in caught)


@pytest.mark.parametrize("rows", [TRAIN, REST], ids=["training", "held out"])
def test_a_forgotten_offset_is_told_by_its_level(rows):
    assert says(fitted("lightgbm"), X[rows], Y[rows])
    exposure = np.random.default_rng(0).uniform(500, 2000, N_ROWS)
    claims = np.random.default_rng(1).poisson(0.02 * exposure).astype(float)
    for family in FAMILIES:
        objective = "count:poisson" if family == "xgboost" else "poisson"
        params = {"base_score": 1.0} if family == "xgboost" else {}
        assert says(booster(family, objective, claims, np.log(exposure), **params), X[rows], claims[rows])
    with pytest.warns(UserWarning, match=rf"{DISAGREE}.*init_score="):
        prune(fitted("lightgbm"), JointPruning(0.3), X[rows], Y[rows])


@pytest.mark.parametrize("family", FAMILIES)
def test_predictions_of_another_model_as_offsets_are_told_by_the_training_rows(family):
    base = LinearRegression().fit(X, Y).predict(X)
    model = unfitted(family, max_depth=4).fit(X, Y, **given(family, offset=base))
    assert says(model, X, Y - Y.mean() if family == "lightgbm" else Y)


@pytest.mark.parametrize("offset", [np.cos(5 * X[:, 2]), X[:, 2] * X[:, 3], RNG.normal(size=N_ROWS)], ids=len)
@pytest.mark.parametrize("family", FAMILIES)
def test_offsets_that_leaves_average_away_are_told_by_the_gains_of_the_training_rows(family, offset):
    offset, y = offset - offset.mean(), Y - Y.mean()
    model = unfitted(family, max_depth=4).fit(X, y + offset, **given(family, offset=offset))
    assert says(model, X, y + offset)
    assert not says(unfitted(family, max_depth=4).fit(X, y + offset), X, y + offset)


WITHOUT = "was fitted on these rows without"


#: What libraries call objectives.
OBJECTIVE_NAMES = {
    "xgboost": {"squared": "reg:squarederror", "logistic": "reg:logistic", "poisson": "count:poisson"},
    "lightgbm": {"squared": "regression", "logistic": "binary", "poisson": "poisson"},
}


@pytest.mark.parametrize(("objective", "y"), [("squared", Y), ("logistic", BINARY)], ids=["squared", "logistic"])
@pytest.mark.parametrize("family", FAMILIES)
def test_offsets_that_a_model_was_fitted_without_are_told_by_the_training_rows(family, objective, y):
    params, offset = {"max_depth": 4, "objective": OBJECTIVE_NAMES[family][objective]}, OFFSET - 5
    plain = unfitted(family, **params).fit(X, y)
    own = unfitted(family, **params).fit(X, y, **given(family, offset=offset))
    assert says(plain, X, y, text=WITHOUT, offset=offset)
    assert not says(own, X, y, text=WITHOUT, offset=offset)
    assert not says(plain, X[:200], y[:200], text=WITHOUT, offset=offset[:200])  # other rows than it was fitted on


#: Training parameters, one of each for a model.
SETTINGS = {
    "xgboost": {
        "subsample": [1.0, 1.0, 0.7], "colsample_bytree": [1.0, 0.5], "min_child_weight": [1, 5],
        "reg_lambda": [1.0, 0.0, 20.0], "reg_alpha": [0.0, 0.0, 1.0], "max_delta_step": [0.0, 0.0, 0.7],
        "tree_method": ["hist", "exact"], "booster": ["gbtree", "gbtree", "dart"], "max_depth": [3, 6],
        "learning_rate": [0.3, 0.05, 1.0], "num_parallel_tree": [1, 1, 2], "monotone_constraints": [None, "(1,0,0,0)"],
    },
    "lightgbm": {
        "subsample": [1.0, 0.7], "subsample_freq": [1], "colsample_bytree": [1.0, 0.5], "min_child_samples": [5, 20],
        "reg_lambda": [0.0, 1.0, 20.0], "reg_alpha": [0.0, 0.0, 1.0], "min_split_gain": [0.0, 0.1],
        "boosting_type": ["gbdt", "gbdt", "dart"], "learning_rate": [0.1, 1.0], "boost_from_average": [True, False],
        "max_delta_step": [0.0, 0.0, 0.5], "path_smooth": [0.0, 0.0, 2.0], "feature_contri": [None, [0.5, 1, 1, 1]],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("objective", "y"),
    [("squared", 1e4 + Y), ("logistic", BINARY), ("poisson", COUNTS)],
    ids=["squared", "logistic", "poisson"],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_training_parameters_are_not_taken_for_offsets(family, objective, y):
    """Of models as they are, and saved and loaded, which lose what they were trained with."""
    rng = np.random.default_rng(0)
    accused = []
    for _ in range(12):
        params = {name: values[rng.integers(len(values))] for name, values in SETTINGS[family].items()}
        params = {name: value for name, value in params.items() if value is not None} | {"n_estimators": 4}
        weight = [None, rng.gamma(2.0, size=N_ROWS)][rng.integers(2)]
        model = unfitted(family, objective=OBJECTIVE_NAMES[family][objective], **params).fit(X, y, sample_weight=weight)
        held = booster_of(model)
        again = held.__copy__() if family == "lightgbm" else xgboost.Booster(model_file=held.save_raw("json"))
        for found in (model, again):
            if says(found, X, y, weight):
                accused.append(params)
    assert not accused


@pytest.mark.parametrize("family", FAMILIES)
def test_models_without_offsets_are_not_accused(family):
    """Of all kinds, on their training rows and on some of them."""
    zoo, accused = {"xgboost": boosters.XGBOOST, "lightgbm": boosters.LIGHTGBM}[family], []
    for name, fit in zoo.items():
        adapter, rows = find_adapter(fit()), boosters.rows_of(name, family)
        if adapter.loss is None:
            continue
        for cut in (slice(None), slice(0, 120)):
            some = rows.iloc[cut] if hasattr(rows, "iloc") else rows[cut]
            if says(adapter.model, some, _target_of(adapter, name)[cut]):
                accused.append((name, cut))
    assert not accused


def _target_of(adapter, name):
    """The target that a specimen of the zoo was fitted on: the one that its name or else its objective is for."""
    if name in ("names", "frame with categories") and hasattr(adapter.model, "booster_"):
        return boosters.target("names")
    if name == "missing apart":
        return boosters.target("missing apart")
    if name == "two targets":
        return boosters.target("two numbers")
    objective = adapter.objective.split()[0]
    kinds = {"count:poisson": "counts", "poisson": "counts", "reg:gamma": "positive", "gamma": "positive"}
    kinds |= {"tweedie": "positive", "reg:tweedie": "positive", "binary": "binary", "binary:logistic": "binary"}
    kinds |= {"cross_entropy": "binary", "multi:softprob": "classes", "multi:softmax": "classes"}
    kinds |= {"multiclass": "classes", "multiclassova": "classes"}
    return boosters.target(kinds.get(objective, "numbers"))


@pytest.mark.parametrize("settings", [
    {}, {"learning_rate": 0.01}, {"reg_lambda": 30.0}, {"from_zero": True, "learning_rate": 0.02},
    {"max_depth": 12, "n_estimators": 60},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("kind", ["signal", "noise"])
@pytest.mark.parametrize("family", FAMILIES)
def test_ordinary_held_out_rows_are_not_accused(family, kind, settings):
    """Few rounds, many, strong penalties, a start from 0: also where a model is worse than a constant."""
    rng = np.random.default_rng(1)
    y = 100 + (X[:, 0] if kind == "signal" else 0) + rng.normal(size=N_ROWS)
    model = unfitted(family, **{k: v for k, v in settings.items() if k == "from_zero"})
    model.set_params(**{k: v for k, v in settings.items() if k != "from_zero"})
    model.fit(X[TRAIN], y[TRAIN])
    assert not says(model, X[TRAIN], y[TRAIN])
    assert not says(model, X[REST], y[REST])


@pytest.mark.parametrize("method", [JointPruning(0.3), JointPruning(0.05), LeafRefit(), ReducedError()], ids=repr)
@pytest.mark.parametrize("family", FAMILIES)
def test_pruned_models_are_not_accused(family, method):
    model = unfitted(family, max_depth=5).fit(X, Y)
    small = prune(model, method, X[REST], Y[REST])
    assert not any(says(small, X[rows], Y[rows]) for rows in (slice(None), TRAIN, REST))


# scikit-learn's boosting starts from an estimator instead.


@pytest.mark.parametrize("method", [JointPruning(0.3), LeafRefit(), ReducedError()], ids=repr)
def test_boosting_from_an_estimator_is_judged_from_it(method):
    start = LinearRegression().fit(X[TRAIN], Y[TRAIN])
    params = {"n_estimators": 10, "max_depth": 3, "random_state": 0}
    model = GradientBoostingRegressor(init=LinearRegression(), **params).fit(X[TRAIN], Y[TRAIN])
    left = Y - start.predict(X.astype(np.float32))
    nothing = DummyRegressor(strategy="constant", constant=0.0)
    other = GradientBoostingRegressor(init=nothing, **params).fit(X[TRAIN], left[TRAIN])
    own, other = prune(model, method, X[REST], Y[REST]), prune(other, method, X[REST], left[REST])
    np.testing.assert_allclose(own.predict(X) - start.predict(X), other.predict(X), rtol=1e-4, atol=1e-4)


def test_saved_models_keep_no_offsets():
    """Why a warning is all there can be: what XGBoost saves does not say that there were any."""
    base = json.loads(bytes(booster_of(fitted("xgboost")).save_raw("json")))["learner"]
    other = json.loads(bytes(booster_of(unfitted("xgboost").fit(X[TRAIN], Y[TRAIN])).save_raw("json")))["learner"]
    assert base["learner_model_param"] == other["learner_model_param"]
