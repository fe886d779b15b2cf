"""Small models of every family, their data, and the losses of their objectives as the libraries' manuals state them."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import lightgbm
import numpy as np
import xgboost
from sklearn import ensemble, tree

N_ROWS = 300
#: Families by name: their classes for numbers and for classes, and parameters that keep them small.
FAMILIES: dict[str, tuple[type, type, dict]] = {
    "tree": (tree.DecisionTreeRegressor, tree.DecisionTreeClassifier, {"max_depth": 6, "random_state": 0}),
    "forest": (
        ensemble.RandomForestRegressor,
        ensemble.RandomForestClassifier,
        {"n_estimators": 8, "max_depth": 5, "max_features": 1.0, "random_state": 0},
    ),
    "bagging": (
        ensemble.BaggingRegressor,
        ensemble.BaggingClassifier,
        {"n_estimators": 6, "max_features": 0.8, "random_state": 0},
    ),
    "AdaBoost": (ensemble.AdaBoostRegressor, ensemble.AdaBoostClassifier, {"n_estimators": 6, "random_state": 0}),
    "IsolationForest": (
        ensemble.IsolationForest,
        ensemble.IsolationForest,
        {"n_estimators": 8, "max_samples": 64, "random_state": 0},
    ),
    "GradientBoosting": (
        ensemble.GradientBoostingRegressor,
        ensemble.GradientBoostingClassifier,
        {"n_estimators": 6, "max_depth": 4, "random_state": 0},
    ),
    "HistGradientBoosting": (
        ensemble.HistGradientBoostingRegressor,
        ensemble.HistGradientBoostingClassifier,
        {"max_iter": 6, "max_depth": 4, "min_samples_leaf": 5, "random_state": 0},
    ),
    "XGBoost": (
        xgboost.XGBRegressor,
        xgboost.XGBClassifier,
        {"n_estimators": 6, "max_depth": 4, "n_jobs": 1, "random_state": 0},
    ),
    "LightGBM": (
        lightgbm.LGBMRegressor,
        lightgbm.LGBMClassifier,
        {
            **{"n_estimators": 6, "max_depth": 4, "num_leaves": 31, "min_child_samples": 5, "n_jobs": 1},
            **{"random_state": 0, "verbose": -1, "min_data_per_group": 5, "cat_smooth": 1.0},
        },
    ),
}
BOOSTED = ("GradientBoosting", "HistGradientBoosting", "XGBoost", "LightGBM")
AVERAGED = ("tree", "forest", "bagging")
JUDGED = tuple(family for family in FAMILIES if family != "IsolationForest")  # which predicts no target
#: Families that know missing values.
KNOW_MISSING = ("tree", "forest", "bagging", "IsolationForest", "HistGradientBoosting", "XGBoost", "LightGBM")


def rows(task: str = "numbers", seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Four columns of numbers and a target of a task; with another seed other rows of the same kind."""
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(N_ROWS, 4)), 2)
    z = X[:, 0] + np.sin(2 * X[:, 1]) + (X[:, 2] > 0) * X[:, 3] + 0.3 * rng.normal(size=N_ROWS)
    make = {
        "numbers": lambda: z,
        "positive": lambda: np.exp(0.5 * z),
        "counts": lambda: rng.poisson(np.exp(0.5 * z)).astype(float),
        "binary": lambda: (z + 0.5 * rng.normal(size=N_ROWS) > 0.5).astype(int),
        "few positives": lambda: (z + 0.5 * rng.normal(size=N_ROWS) > 2.2).astype(int),
        "shares": lambda: 1 / (1 + np.exp(-z)),
        "classes": lambda: np.digitize(z + 0.5 * rng.normal(size=N_ROWS), [-0.5, 1.0]),
        "two numbers": lambda: np.stack([z, -(z**2)], axis=1),
        "two labels": lambda: np.stack([z > 0, X[:, 0] + rng.normal(size=N_ROWS) > 0.5], axis=1).astype(int),
    }
    return X, make[task]()


def fitted(family: str, task: str, X: Any, y: Any, fit: dict | None = None, **params) -> Any:
    """A model of a family; `fit`: keywords of its fit."""
    of_numbers, of_classes, small = FAMILIES[family]
    cls = of_classes if task in ("binary", "few positives", "classes", "two labels") else of_numbers
    params = {**small, **params}
    if family in ("AdaBoost", "bagging"):  # of trees of this depth
        member = tree.DecisionTreeClassifier if cls is of_classes else tree.DecisionTreeRegressor
        params = {"estimator": member(max_depth=params.pop("max_depth", 4)), **params}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cls(**params).fit(X, y, **(fit or {}))


RowLoss = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Objective:
    """A loss of one row's target and raw score, and the parameters that make each family minimise it.

    `smooth`: it has a second derivative everywhere, which libraries use as it is.
    """

    task: str
    loss: RowLoss
    families: dict[str, dict] = field(default_factory=dict)
    smooth: bool = True


def derivatives_of(loss: RowLoss) -> Callable:
    """Gradient and diagonal of the hessian of each row, by differences."""
    step = 1e-3

    def derivatives(y, margin):
        gradient, hessian = np.zeros_like(margin), np.zeros_like(margin)
        middle = loss(y, margin)
        for column in range(margin.shape[1]):
            aside = np.zeros(margin.shape[1])
            aside[column] = step
            high, low = loss(y, margin + aside), loss(y, margin - aside)
            gradient[:, column] = (high - low) / (2 * step)
            hessian[:, column] = (high - 2 * middle + low) / step**2
        return gradient, hessian

    return derivatives


def _of_one(loss):
    """A loss of numbers as a loss of the first columns of targets and scores."""
    return lambda y, margin: loss(np.reshape(y, (len(margin), -1))[:, 0], margin[:, 0])


def squared(y: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """Half the squared error, summed over outputs."""
    return ((np.reshape(y, (len(margin), -1)) - margin) ** 2).sum(axis=1) / 2


def logistic(y: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """Log-loss, summed over outputs."""
    return (np.logaddexp(0, margin) - np.reshape(y, (len(margin), -1)) * margin).sum(axis=1)


def _softmax(y, margin):
    y = np.ravel(y).astype(int)
    return np.log(np.exp(margin).sum(axis=1)) - margin[np.arange(len(y)), y]


def _one_versus_rest(y, margin):
    return logistic(np.ravel(y)[:, None] == np.arange(margin.shape[1]), margin)


def _tweedie(power):
    return _of_one(lambda y, m: -y * np.exp((1 - power) * m) / (1 - power) + np.exp((2 - power) * m) / (2 - power))


def _pinball(levels):
    def loss(y, margin):
        distance = np.reshape(y, (len(margin), -1)) - margin
        return np.maximum(np.array(levels) * distance, (np.array(levels) - 1) * distance).sum(axis=1)

    return loss


poisson = _of_one(lambda y, m: np.exp(m) - y * m)
_gamma = _of_one(lambda y, m: m + y * np.exp(-m))
_fair = _of_one(lambda y, m: 4 * (abs(y - m) / 2 - np.log1p(abs(y - m) / 2)))
_pseudo_huber = _of_one(lambda y, m: np.sqrt(1 + (y - m) ** 2) - 1)
_huber = _of_one(lambda y, m: np.where(abs(y - m) <= 0.9, (y - m) ** 2 / 2, 0.9 * (abs(y - m) - 0.45)))
_squared_log = _of_one(lambda y, m: (np.log1p(np.maximum(m, -1 + 1e-6)) - np.log1p(y)) ** 2 / 2)
_hinge = _of_one(lambda y, m: np.maximum(0, 1 - (2 * y - 1) * m))
_exponential = _of_one(lambda y, m: np.exp(-(2 * y - 1) * m))
_percentage = _of_one(lambda y, m: abs(y - m) / np.maximum(1, abs(y)))
_of_roots = _of_one(lambda y, m: (np.sign(y) * np.sqrt(abs(y)) - m) ** 2 / 2)


def _all(name, families, **params):
    return {family: {name: value, **params} for family, value in families.items()}


#: Every built-in objective that is a function of a row's target and score.
OBJECTIVES = {
    "squared error": Objective(
        "numbers",
        squared,
        {
            **_all("criterion", dict.fromkeys(("tree", "forest"), "squared_error")),
            **_all("loss", dict.fromkeys(("GradientBoosting", "HistGradientBoosting"), "squared_error")),
            **_all("objective", {"XGBoost": "reg:squarederror", "LightGBM": "regression"}),
        },
    ),
    "squared error of roots": Objective("counts", _of_roots, {"LightGBM": {"reg_sqrt": True}}),
    "absolute error": Objective(
        "numbers",
        _pinball([0.5]),
        {
            **_all("criterion", dict.fromkeys(("tree", "forest"), "absolute_error")),
            **_all("loss", dict.fromkeys(("GradientBoosting", "HistGradientBoosting"), "absolute_error")),
            **_all("objective", {"XGBoost": "reg:absoluteerror", "LightGBM": "regression_l1"}),
        },
        smooth=False,
    ),
    "quantile": Objective(
        "numbers",
        _pinball([0.7]),
        {
            "GradientBoosting": {"loss": "quantile", "alpha": 0.7},
            "HistGradientBoosting": {"loss": "quantile", "quantile": 0.7},
            "XGBoost": {"objective": "reg:quantileerror", "quantile_alpha": 0.7},
            "LightGBM": {"objective": "quantile", "alpha": 0.7},
        },
        smooth=False,
    ),
    "three quantiles": Objective(
        "numbers",
        _pinball([0.2, 0.5, 0.8]),
        {"XGBoost": {"objective": "reg:quantileerror", "quantile_alpha": [0.2, 0.5, 0.8]}},
        smooth=False,
    ),
    "Huber": Objective("numbers", _huber, {"LightGBM": {"objective": "huber", "alpha": 0.9}}, smooth=False),
    "pseudo-Huber": Objective("numbers", _pseudo_huber, _all("objective", {"XGBoost": "reg:pseudohubererror"})),
    "fair": Objective("numbers", _fair, {"LightGBM": {"objective": "fair", "fair_c": 2.0}}),
    "squared log error": Objective(
        "counts", _squared_log, _all("objective", {"XGBoost": "reg:squaredlogerror"}), False
    ),
    "percentage error": Objective("positive", _percentage, _all("objective", {"LightGBM": "mape"}), smooth=False),
    "Poisson": Objective(
        "counts",
        poisson,
        {
            "HistGradientBoosting": {"loss": "poisson"},
            **_all("objective", {"XGBoost": "count:poisson", "LightGBM": "poisson"}),
        },
    ),
    "gamma": Objective(
        "positive",
        _gamma,
        {"HistGradientBoosting": {"loss": "gamma"}, **_all("objective", {"XGBoost": "reg:gamma", "LightGBM": "gamma"})},
    ),
    "Tweedie": Objective(
        "counts",
        _tweedie(1.3),
        _all("objective", {"XGBoost": "reg:tweedie", "LightGBM": "tweedie"}, tweedie_variance_power=1.3),
    ),
    "log-loss, two classes": Objective(
        "binary",
        logistic,
        {
            **_all("criterion", dict.fromkeys(("tree", "forest"), "log_loss")),
            **{"GradientBoosting": {}, "HistGradientBoosting": {}},
            **_all("objective", {"XGBoost": "binary:logistic", "LightGBM": "binary"}),
        },
    ),
    "log-loss of shares": Objective(
        "shares",
        logistic,
        _all("objective", {"XGBoost": "reg:logistic", "LightGBM": "cross_entropy"}),
    ),
    "log-loss, raw scores": Objective("binary", logistic, _all("objective", {"XGBoost": "binary:logitraw"})),
    "log-loss, many classes": Objective(
        "classes",
        _softmax,
        {
            **_all("criterion", dict.fromkeys(("tree", "forest"), "gini")),
            **{"GradientBoosting": {}, "HistGradientBoosting": {}},
            **_all("objective", {"XGBoost": "multi:softprob", "LightGBM": "multiclass"}),
        },
    ),
    "one class against the rest": Objective(
        "classes", _one_versus_rest, _all("objective", {"LightGBM": "multiclassova"})
    ),
    "hinge": Objective("binary", _hinge, _all("objective", {"XGBoost": "binary:hinge"}), smooth=False),
    "exponential": Objective("binary", _exponential, _all("loss", {"GradientBoosting": "exponential"})),
}
