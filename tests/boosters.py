"""Configurations of XGBoost and LightGBM that contracts are checked on."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

N_ROWS = 240


@cache
def rows() -> tuple[np.ndarray, np.ndarray]:
    """X (numbers with holes, the last column category codes 0..14) and a number to predict."""
    rng = np.random.default_rng(7)
    X = np.round(rng.normal(size=(N_ROWS, 5)), 2)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 4] = rng.integers(0, 15, N_ROWS)
    X[rng.random(N_ROWS) < 0.05, 4] = np.nan
    z = np.nan_to_num(X)
    return X, z[:, 0] + np.sin(2 * z[:, 1]) + (z[:, 4] % 3 == 0) + 0.3 * rng.normal(size=N_ROWS)


def target(task: str) -> np.ndarray:
    """The number, or what a task makes of it."""
    z = rows()[1]
    make: dict[str, Callable] = {
        "numbers": lambda: z,
        "positive": lambda: np.exp(z),
        "counts": lambda: np.round(np.exp(z)),
        "binary": lambda: (z > 0.5).astype(int),
        "classes": lambda: np.digitize(z, [0.0, 1.0]),
        "names": lambda: np.array(["acid", "base", "charm"])[np.digitize(z, [0.0, 1.0])],
        "ranks": lambda: np.digitize(z, [-0.5, 0.5, 1.5]),
        "two numbers": lambda: np.stack([z, -(z**2)], axis=1),
        "missing apart": lambda: z + 9 * np.isnan(rows()[0][:, 0]),
    }
    return make[task]()


def frame() -> pd.DataFrame:
    """The same rows as a frame, with text categories and awkward names."""
    X, _ = rows()
    table = pd.DataFrame(X, columns=["a", "b b", "ç", "d", "e"])
    codes = table["e"].fillna(-1).astype(int)
    table["e"] = pd.Categorical.from_codes(codes, [f"kind {i}" for i in range(15)])
    return table


def _xgb(task, name="XGBRegressor", X=None, fit=None, **params):
    import xgboost

    params = {"n_estimators": 6, "max_depth": 4, "random_state": 0, "n_jobs": 1, **params}
    return getattr(xgboost, name)(**params).fit(rows()[0] if X is None else X, target(task), **(fit or {}))


def _xgb_categorical(task, name="XGBRegressor", **params):
    return _xgb(task, name, feature_types=["q"] * 4 + ["c"], enable_categorical=True, **params)


def _xgb_booster(task, **params):
    import xgboost

    matrix = xgboost.DMatrix(
        rows()[0], target(task), feature_types=["q"] * 4 + ["c"], feature_names=list("abcde"), enable_categorical=True
    )
    return xgboost.train({"max_depth": 4, "seed": 0, "nthread": 1, **params}, matrix, 6)


def _noisy(y):
    """Labels of which a third is wrong, so that more rounds are soon worse."""
    return np.where(np.arange(len(y)) % 3, y, 1 - y)


def _xgb_early():
    X, y = rows()[0], target("binary")
    fit = {"eval_set": [(X, _noisy(y))], "verbose": False}
    return _xgb("binary", "XGBClassifier", n_estimators=30, early_stopping_rounds=4, fit=fit)


def _xgb_stages():
    import xgboost

    rates = xgboost.callback.LearningRateScheduler(lambda i: 0.5 / (i + 1))
    return xgboost.train({"max_depth": 4, "nthread": 1}, xgboost.DMatrix(*rows()), 6, callbacks=[rates])


def _xgb_reloaded(**params):
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(_xgb_booster(**params).save_raw("json"))
    return booster


#: XGBoost models by name: functions that fit one.
XGBOOST: dict[str, Callable[[], Any]] = {
    "hist": lambda: _xgb("numbers", tree_method="hist", learning_rate=0.1),
    "approx": lambda: _xgb("numbers", tree_method="approx"),
    "exact": lambda: _xgb("numbers", tree_method="exact"),
    "lossguide": lambda: _xgb("numbers", grow_policy="lossguide", max_depth=0, max_leaves=12),
    "stumps": lambda: _xgb("numbers", max_depth=1),
    "no regularisation": lambda: _xgb("numbers", reg_lambda=0.0, min_child_weight=0),
    "strong regularisation": lambda: _xgb("numbers", reg_lambda=20.0, reg_alpha=1.0),
    "capped": lambda: _xgb("numbers", max_delta_step=0.3),
    "monotonic": lambda: _xgb("numbers", monotone_constraints=(1, 0, 0, 0, 0)),
    "subsampled": lambda: _xgb("numbers", subsample=0.6, colsample_bynode=0.6),
    "interactions": lambda: _xgb("numbers", interaction_constraints="[[0, 1], [2, 3, 4]]"),
    "root only": lambda: _xgb("numbers", gamma=1e9),
    "categories": lambda: _xgb_categorical("numbers"),
    "one-hot categories": lambda: _xgb_categorical("classes", "XGBClassifier", max_cat_to_onehot=50),
    "frame with categories": lambda: _xgb("binary", "XGBClassifier", X=frame(), enable_categorical=True),
    "missing value -1": lambda: _xgb("numbers", X=np.nan_to_num(rows()[0], nan=-1.0), missing=-1.0),
    "dart": lambda: _xgb("numbers", booster="dart", rate_drop=0.4),
    "binary": lambda: _xgb("binary", "XGBClassifier", scale_pos_weight=2.0),
    "classes": lambda: _xgb("classes", "XGBClassifier", max_depth=3),
    "classes, dart, parallel": lambda: _xgb(
        "classes", "XGBClassifier", booster="dart", rate_drop=0.4, num_parallel_tree=2, subsample=0.7, n_estimators=3
    ),
    "poisson": lambda: _xgb("counts", objective="count:poisson"),
    "gamma": lambda: _xgb("positive", objective="reg:gamma"),
    "tweedie": lambda: _xgb("positive", objective="reg:tweedie"),
    "pseudo-huber": lambda: _xgb("numbers", objective="reg:pseudohubererror"),
    "absolute error": lambda: _xgb("numbers", objective="reg:absoluteerror"),
    "quantile": lambda: _xgb("numbers", objective="reg:quantileerror", quantile_alpha=0.3),
    "two targets": lambda: _xgb("two numbers"),
    "random forest": lambda: _xgb("numbers", "XGBRFRegressor", n_estimators=8),
    "random forest classifier": lambda: _xgb("classes", "XGBRFClassifier", n_estimators=4),
    "ranker": lambda: _xgb("ranks", "XGBRanker", fit={"group": [40] * 6}),
    "early stopping": _xgb_early,
    "falling learning rate": _xgb_stages,
    "Booster": lambda: _xgb_booster("numbers"),
    "Booster, logistic": lambda: _xgb_booster("binary", objective="binary:logistic", eta=0.05),
    "Booster, softmax": lambda: _xgb_booster("classes", objective="multi:softmax", num_class=3),
    "Booster, read from a file": lambda: _xgb_reloaded(task="numbers", eta=0.07, reg_lambda=3.0),
}


def _lgb(task, name="LGBMRegressor", X=None, fit=None, **params):
    import lightgbm

    small = {"n_estimators": 6, "num_leaves": 12, "min_child_samples": 5, "min_data_per_group": 5}
    params = {**small, "random_state": 0, "n_jobs": 1, "verbose": -1, **params}
    return getattr(lightgbm, name)(**params).fit(rows()[0] if X is None else X, target(task), **(fit or {}))


def _lgb_categorical(task, name="LGBMRegressor", **params):
    return _lgb(task, name, fit={"categorical_feature": [4]}, **params)


def _lgb_booster(task, **params):
    import lightgbm

    params = {"num_leaves": 12, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1, **params}
    return lightgbm.train(params, lightgbm.Dataset(rows()[0], target(task), feature_name=list("abcde")), 6)


def _lgb_early():
    import lightgbm

    X, y = rows()[0], target("binary")
    fit = {"eval_X": X, "eval_y": _noisy(y), "callbacks": [lightgbm.early_stopping(4, verbose=False)]}
    return _lgb("binary", "LGBMClassifier", n_estimators=30, fit=fit)


#: LightGBM models by name: functions that fit one.
LIGHTGBM: dict[str, Callable[[], Any]] = {
    "regression": lambda: _lgb("numbers"),
    "ridge": lambda: _lgb("numbers", reg_lambda=10.0),
    "lasso": lambda: _lgb("numbers", reg_alpha=1.0),
    "capped": lambda: _lgb("numbers", max_delta_step=0.1),
    "smoothed": lambda: _lgb("numbers", path_smooth=1.0),
    "monotonic": lambda: _lgb("numbers", monotone_constraints=[1, 0, 0, 0, 0]),
    "extra trees": lambda: _lgb("numbers", extra_trees=True),
    "missing values off": lambda: _lgb("numbers", use_missing=False),
    "missing apart": lambda: _lgb("missing apart"),
    "root only": lambda: _lgb("numbers", min_child_samples=N_ROWS),
    "dart": lambda: _lgb("numbers", boosting_type="dart", drop_rate=0.5),
    "goss": lambda: _lgb("numbers", data_sample_strategy="goss"),
    "rf": lambda: _lgb("numbers", boosting_type="rf", subsample=0.6, subsample_freq=1),
    "rf classes": lambda: _lgb("classes", "LGBMClassifier", boosting_type="rf", subsample=0.6, subsample_freq=1),
    "linear trees": lambda: _lgb("numbers", linear_tree=True),
    "categories": lambda: _lgb_categorical("numbers"),
    "categories, dart": lambda: _lgb_categorical("numbers", boosting_type="dart", drop_rate=0.5),
    "frame with categories": lambda: _lgb("names", "LGBMClassifier", X=frame().rename(columns={"b b": "b"})),
    "binary": lambda: _lgb("binary", "LGBMClassifier"),
    "classes": lambda: _lgb_categorical("classes", "LGBMClassifier"),
    "names": lambda: _lgb("names", "LGBMClassifier", objective="multiclassova"),
    "poisson": lambda: _lgb("counts", objective="poisson"),
    "tweedie": lambda: _lgb("positive", objective="tweedie"),
    "huber": lambda: _lgb("numbers", objective="huber"),
    "absolute error": lambda: _lgb("numbers", objective="regression_l1"),
    "quantile": lambda: _lgb("numbers", objective="quantile", alpha=0.3),
    "ranker": lambda: _lgb("ranks", "LGBMRanker", fit={"group": [40] * 6}),
    "early stopping": _lgb_early,
    "Booster": lambda: _lgb_booster("numbers"),
    "Booster, cross-entropy": lambda: _lgb_booster("binary", objective="cross_entropy"),
    "Booster, classes": lambda: _lgb_booster("classes", objective="multiclass", num_class=3),
}


def rows_of(name: str, family: str) -> Any:
    """Rows in the form that a model of that name was fitted on."""
    if name == "frame with categories":
        return frame() if family == "xgboost" else frame().rename(columns={"b b": "b"})
    return np.nan_to_num(rows()[0], nan=-1.0) if name == "missing value -1" else rows()[0]
