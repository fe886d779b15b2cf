"""Early stopping: what a model predicts with is what is pruned, judged and counted."""

from functools import cache

import numpy as np
import pytest

from treeprune import compress, prune
from treeprune.adapters import find_adapter
from treeprune.core.plan import Plan
from treeprune.methods import DepthPruning, JointPruning, LeafRefit, ReducedError

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] + 0.5 * X[:, 1] * X[:, 2] + RNG.normal(size=300)
TRAIN, REST = slice(0, 150), slice(150, 300)
DATA = X[TRAIN], Y[TRAIN]
STOP = X[REST], Y[REST]
SMALL = {"learning_rate": 0.5, "max_depth": 4, "n_jobs": 1}


@cache
def xgboost_wrapper(n=60, booster="gbtree", stop=True):
    model = xgboost.XGBRegressor(n_estimators=n, booster=booster, early_stopping_rounds=10 if stop else None, **SMALL)
    return model.fit(*DATA, **({"eval_set": [STOP], "verbose": False} if stop else {}))


@cache
def xgboost_dart(n=60, stop=True):
    return xgboost_wrapper(n, "dart", stop)


@cache
def xgboost_classes(n=60, stop=True):
    labels = [np.digitize(y, [-0.5, 0.5]) for y in (DATA[1], STOP[1])]
    settings = {"num_parallel_tree": 2, "subsample": 0.7, "early_stopping_rounds": 10 if stop else None}
    model = xgboost.XGBClassifier(n_estimators=n, **settings, **SMALL)
    return model.fit(X[TRAIN], labels[0], **({"eval_set": [(STOP[0], labels[1])], "verbose": False} if stop else {}))


@cache
def lightgbm_wrapper(n=60, stop=True):
    callbacks = {"eval_X": STOP[0], "eval_y": STOP[1], "callbacks": [lightgbm.early_stopping(10, verbose=False)]}
    return lightgbm.LGBMRegressor(n_estimators=n, verbose=-1, **SMALL).fit(*DATA, **(callbacks if stop else {}))


@cache
def lightgbm_booster(n=60, stop=True):
    params, train = {"learning_rate": 0.5, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(*DATA)
    callbacks = [lightgbm.early_stopping(10, verbose=False)] if stop else []
    valid = [lightgbm.Dataset(*STOP, reference=train)]
    return lightgbm.train(params, train, n, valid, callbacks=callbacks, keep_training_booster=True)


FITS = [xgboost_wrapper, xgboost_dart, xgboost_classes, lightgbm_wrapper, lightgbm_booster]


def rounds_used(model):
    """How many rounds the library says it predicts with."""
    if hasattr(model, "get_booster"):
        return model.best_iteration + 1
    return getattr(model, "best_iteration_", None) or model.best_iteration


def predicted(model):
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


def target(model):
    return np.digitize(DATA[1], [-0.5, 0.5]) if hasattr(model, "classes_") else DATA[1]


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("method", [JointPruning(0.3), LeafRefit(), DepthPruning(0.3), ReducedError()], ids=repr)
def test_a_stopped_model_is_pruned_as_one_that_was_trained_for_its_best_rounds(fit, method):
    stopped = fit()
    n = rounds_used(stopped)
    assert 1 < n < 60
    plain = fit(n, stop=False)
    np.testing.assert_array_equal(predicted(plain), predicted(stopped))
    assert find_adapter(stopped).forest.n_nodes == find_adapter(plain).forest.n_nodes
    pruned = [predicted(prune(model, method, DATA[0], target(model))) for model in (stopped, plain)]
    np.testing.assert_allclose(*pruned, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("fit", FITS)
def test_a_pruned_model_predicts_with_all_that_is_left(fit):
    model = fit()
    adapter = find_adapter(model)
    before = predicted(model)
    per_round = adapter.forest.n_trees // rounds_used(model)
    pruned = adapter.prune(Plan(drop_tree=np.arange(adapter.forest.n_trees) < per_round))  # the first round
    left = find_adapter(pruned)
    assert rounds_used(pruned) == rounds_used(model) - 1 == left.forest.n_trees // per_round
    booster = left.booster
    matrix = xgboost.DMatrix(X) if fit.__name__.startswith("xgb") else X
    kind = {"output_margin": True} if fit.__name__.startswith("xgb") else {"raw_score": True, "num_iteration": -1}
    everything = booster.predict(matrix, **kind).reshape(len(X), -1)
    np.testing.assert_allclose(left.margin(X), everything, rtol=1e-6, atol=1e-6)
    raw = {"output_margin": True} if fit.__name__.startswith("xgb") else {"raw_score": True}
    np.testing.assert_allclose(pruned.predict(X, **raw).reshape(len(X), -1), everything, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(predicted(model), before)


def test_a_bare_xgboost_booster_predicts_with_all_rounds():
    model = xgboost_wrapper()
    booster = model.get_booster()
    assert find_adapter(booster).forest.n_trees == booster.num_boosted_rounds() > find_adapter(model).forest.n_trees


@pytest.mark.parametrize(
    "alias", ["early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change"]
)
def test_compress_knows_all_names_of_early_stopping(alias):
    model = lightgbm.LGBMRegressor(n_estimators=40, verbose=-1, **{alias: 5}, **SMALL)
    model.fit(*DATA, eval_X=STOP[0], eval_y=STOP[1])
    result = compress(model, *DATA, X_val=STOP[0], y_val=STOP[1], max_nodes=30, random_state=0)
    unpruned = result.frontier.query("method == 'unpruned'").iloc[0]
    assert unpruned["n_trees"] == model.best_iteration_
    np.testing.assert_allclose(unpruned["loss"], np.mean((model.predict(STOP[0]) - STOP[1]) ** 2))
    settings = find_adapter(model).refit_settings
    assert settings == {alias: 0, "n_estimators": model.best_iteration_}
    type(model)(**{**model.get_params(), **settings}).fit(*DATA)  # asks for no rows to stop by
