"""The zoo: models and data that contracts are checked on. A new family of models adds its own table of specimens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor
from sklearn.utils.fixes import parse_version

from tests import boosters

#: Before scikit-learn 1.7, trees grown on missing values or by absolute_error store statistics of other rows than those
#: that they send to a node.
OLD_SCIKIT_LEARN = parse_version(sklearn.__version__) < parse_version("1.7")


def _loaded(load, n_rows):
    X, y = load(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:n_rows]
    return X[rows], y[rows]


def _made(task, n_outputs=1, n_rows=160):
    """Few distinct values, rows that contradict one another, labels in part noise."""
    rng = np.random.default_rng(7)
    X = np.round(rng.normal(size=(n_rows, 5)), 1)
    signal = X[:, [0]] * X[:, [1]] + X[:, [2]] + 0.5 * rng.normal(size=(n_rows, n_outputs))
    if task == "counts":
        return X, rng.poisson(np.exp(signal[:, 0].clip(-3, 2))).astype(float)
    y = signal if task == "regression" else np.digitize(signal, [-0.5, 0.7]).clip(0, 1 + np.arange(n_outputs)[::-1])
    return X, y if n_outputs > 1 else y.ravel()


def _holes(X):
    X = X.copy()
    X[np.random.default_rng(1).random(X.shape) < 0.15] = np.nan
    return X


def _named(y):
    return np.array(["acid", "base", "charm"])[y]


#: Rows by name: functions that give X and y.
DATA: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "iris": lambda: _loaded(load_iris, 150),
    "wine": lambda: _loaded(load_wine, 178),
    "cancer": lambda: _loaded(load_breast_cancer, 300),
    "digits": lambda: _loaded(load_digits, 300),
    "classes": lambda: _made("classification"),
    "named classes": lambda: (lambda X, y: (X, _named(y)))(*_made("classification")),
    "classes, holes": lambda: (lambda X, y: (_holes(X), y))(*_made("classification")),
    "classes, 2 outputs": lambda: _made("classification", 2),
    "diabetes": lambda: _loaded(load_diabetes, 250),
    "numbers": lambda: _made("regression"),
    "numbers, holes": lambda: (lambda X, y: (_holes(X), y))(*_made("regression")),
    "numbers, 3 outputs": lambda: _made("regression", 3),
    "counts": lambda: _made("counts"),
}


@dataclass(frozen=True)
class Specimen:
    """A model, the rows that it is fitted on, and its fitted form when asked for."""

    estimator: Any
    data: str
    weights: str | None = None
    name: str = field(default="", compare=False)
    tolerance: float = 1e-9

    @property
    def family(self):
        """The library's module, or the library, that the model is of."""
        return type(self.estimator).__module__

    @cached_property
    def rows(self):
        """X and y."""
        return DATA[self.data]()

    @property
    def stores_other_rows(self):
        """Whether what the model stores is not what it does (see `OLD_SCIKIT_LEARN`)."""
        return OLD_SCIKIT_LEARN and ("holes" in self.data or "absolute_error" in self.name)

    @cached_property
    def sample_weight(self):
        """None, "integer" weights (zeros among them) or "real" ones."""
        rng, n = np.random.default_rng(3), len(self.rows[1])
        return {
            None: None,
            "integer": rng.integers(0, 4, n).astype(np.float64),
            "real": rng.gamma(2.0, size=n),
        }[self.weights]

    @cached_property
    def model(self):
        """Fitted; shared between tests, which must not change it."""
        return self.fit()

    def fit(self, **params):
        """A fitted clone with other parameters."""
        return clone(self.estimator).set_params(**params).fit(*self.rows, sample_weight=self.sample_weight)


def _tree(cls, data, weights=None, **params):
    params = {"random_state": 0, **params}
    words = [cls.__name__, data, *([f"{weights} weights"] if weights else [])]
    words += [f"{k}={v}" for k, v in params.items() if k != "random_state"]
    return Specimen(cls(**params), data, weights, ", ".join(words))


def _single_trees():
    for cls in (DecisionTreeClassifier, ExtraTreeClassifier):
        for data in ("iris", "wine", "cancer", "digits", "classes", "named classes", "classes, holes"):
            yield _tree(cls, data)
        yield _tree(cls, "classes, 2 outputs")
        yield _tree(cls, "classes, 2 outputs", "real", max_leaf_nodes=30)
        yield _tree(cls, "classes", "integer", criterion="entropy")
        yield _tree(cls, "digits", "real", criterion="log_loss", max_leaf_nodes=40)
        yield _tree(cls, "cancer", max_leaf_nodes=12)
        yield _tree(cls, "classes, holes", "real", max_leaf_nodes=25)
        yield _tree(cls, "classes", class_weight="balanced", max_depth=6)
        yield _tree(cls, "cancer", "integer", min_samples_leaf=3)
    yield _tree(DecisionTreeClassifier, "cancer", monotonic_cst=[-1, 1] * 15)
    yield _tree(DecisionTreeClassifier, "classes", "real", splitter="random", max_features=2)
    for cls in (DecisionTreeRegressor, ExtraTreeRegressor):
        for data in ("diabetes", "numbers", "numbers, holes", "numbers, 3 outputs", "counts"):
            yield _tree(cls, data)
        yield _tree(cls, "numbers", "integer")
        yield _tree(cls, "numbers, 3 outputs", "real", max_leaf_nodes=30)
        yield _tree(cls, "diabetes", "real", max_leaf_nodes=40)
        yield _tree(cls, "numbers, holes", "real", min_samples_leaf=2)
        yield _tree(cls, "numbers", max_leaf_nodes=50)
        yield _tree(cls, "counts", criterion="poisson")
        yield _tree(cls, "counts", "real", criterion="poisson", max_leaf_nodes=20)
        yield _tree(cls, "numbers", criterion="absolute_error")
        yield _tree(cls, "diabetes", "integer", criterion="absolute_error", max_depth=7)
        yield _tree(cls, "diabetes", criterion="absolute_error", max_leaf_nodes=25)
    yield _tree(DecisionTreeRegressor, "diabetes", monotonic_cst=[0, 0, 1, 1, 0, 0, -1, 0, 1, 0])
    yield _tree(DecisionTreeRegressor, "numbers", "real", splitter="random", max_features=2)


#: scikit-learn's single trees, by name.
SINGLE_TREES = {specimen.name: specimen for specimen in _single_trees()}


def _categories(task):
    """Two columns of categories among five, some missing."""
    X, y = _made(task, n_rows=240)
    X[:, 1] = np.digitize(X[:, 1], [-1, -0.3, 0.4, 1.2])
    X[:, 3] = np.digitize(X[:, 3], [-0.5, 0.5])
    X[::17, 3] = np.nan
    return X, y


DATA["classes, categories"] = lambda: _categories("classification")
DATA["numbers, categories"] = lambda: _categories("regression")


def _ensembles(*rows):
    """Specimens of ``(class, data, parameters)`` or ``(class, data, weights, parameters)``, named after them."""
    for cls, data, *weights, params in rows:
        specimen = _tree(cls, data, *weights, **params)
        yield specimen.name.replace("n_estimators", "trees").replace("max_iter", "trees"), specimen


_SHALLOW = {"max_depth": 3}
_SHALLOW_CLASSIFIER, _SHALLOW_REGRESSOR = DecisionTreeClassifier(**_SHALLOW), DecisionTreeRegressor(**_SHALLOW)

#: scikit-learn's forests and what is bagged, by name.
BAGGED = dict(
    _ensembles(
        (RandomForestClassifier, "iris", {"n_estimators": 5}),
        (RandomForestClassifier, "classes, holes", {"n_estimators": 4}),
        (RandomForestClassifier, "classes, 2 outputs", {"n_estimators": 4}),
        (RandomForestClassifier, "digits", {"n_estimators": 15, "oob_score": True}),
        (RandomForestClassifier, "named classes", {"n_estimators": 4, "class_weight": "balanced_subsample"}),
        (RandomForestClassifier, "classes", "real", {"n_estimators": 4, "max_leaf_nodes": 20}),
        (RandomForestClassifier, "cancer", {"n_estimators": 4, "criterion": "entropy", "max_samples": 0.5}),
        (RandomForestRegressor, "numbers, 3 outputs", {"n_estimators": 4}),
        (RandomForestRegressor, "diabetes", {"n_estimators": 20, "oob_score": True}),
        (RandomForestRegressor, "numbers", {"n_estimators": 3, "criterion": "absolute_error", "max_depth": 5}),
        (RandomForestRegressor, "counts", "integer", {"n_estimators": 4, "criterion": "poisson"}),
        (ExtraTreesClassifier, "named classes", {"n_estimators": 4}),
        (ExtraTreesClassifier, "cancer", {"n_estimators": 4, "monotonic_cst": [-1, 1] * 15}),
        (ExtraTreesRegressor, "numbers, holes", {"n_estimators": 4}),
        (ExtraTreesRegressor, "diabetes", {"n_estimators": 6, "bootstrap": True, "max_samples": 0.6}),
        (BaggingClassifier, "iris", {"n_estimators": 5}),
        (BaggingClassifier, "named classes", {"n_estimators": 4, "max_features": 0.6}),
        (BaggingClassifier, "digits", {"n_estimators": 4, "max_samples": 0.08, "bootstrap_features": True}),
        (
            BaggingClassifier,
            "cancer",
            {"n_estimators": 4, "estimator": ExtraTreeClassifier(), "bootstrap": False, "max_samples": 0.5},
        ),
        (BaggingRegressor, "numbers, holes", {"n_estimators": 4, "estimator": DecisionTreeRegressor(max_leaf_nodes=9)}),
        (BaggingRegressor, "diabetes", {"n_estimators": 15, "oob_score": True}),
    )
)

#: scikit-learn's boosted ensembles, by name.
BOOSTED = dict(
    _ensembles(
        (AdaBoostClassifier, "named classes", {"n_estimators": 5, "estimator": _SHALLOW_CLASSIFIER}),
        (AdaBoostClassifier, "cancer", {"n_estimators": 6, "estimator": _SHALLOW_CLASSIFIER}),
        (AdaBoostClassifier, "iris", {"n_estimators": 9, "estimator": DecisionTreeClassifier()}),  # ends at once
        (AdaBoostRegressor, "diabetes", {"n_estimators": 5, "estimator": _SHALLOW_REGRESSOR}),
        (AdaBoostRegressor, "numbers", {"n_estimators": 5, "loss": "exponential", "learning_rate": 0.5}),
        (GradientBoostingClassifier, "cancer", {"n_estimators": 5}),
        (GradientBoostingClassifier, "named classes", {"n_estimators": 3}),
        (GradientBoostingClassifier, "wine", {"n_estimators": 3}),
        (GradientBoostingClassifier, "cancer", {"n_estimators": 5, "loss": "exponential"}),
        (GradientBoostingClassifier, "classes", "real", {"n_estimators": 4, "subsample": 0.7}),
        (GradientBoostingClassifier, "cancer", {"n_estimators": 9, "n_iter_no_change": 1, "max_leaf_nodes": 5}),
        (GradientBoostingRegressor, "diabetes", {"n_estimators": 5, "max_depth": 5}),
        (GradientBoostingRegressor, "numbers", "real", {"n_estimators": 4, "loss": "absolute_error"}),
        (GradientBoostingRegressor, "diabetes", {"n_estimators": 4, "loss": "huber"}),
        (GradientBoostingRegressor, "numbers", {"n_estimators": 4, "loss": "quantile", "alpha": 0.8}),
        (GradientBoostingRegressor, "numbers", {"n_estimators": 4, "init": "zero", "learning_rate": 1.0}),
        (HistGradientBoostingClassifier, "cancer", {"max_iter": 5}),
        (HistGradientBoostingClassifier, "named classes", {"max_iter": 3, "min_samples_leaf": 5}),
        (HistGradientBoostingClassifier, "wine", {"max_iter": 3, "min_samples_leaf": 5}),
        (HistGradientBoostingClassifier, "classes, holes", {"max_iter": 3, "min_samples_leaf": 3, "max_depth": 4}),
        (
            HistGradientBoostingClassifier,
            "classes, categories",
            {"max_iter": 4, "min_samples_leaf": 3, "categorical_features": [1, 3]},
        ),
        (HistGradientBoostingClassifier, "cancer", {"max_iter": 9, "early_stopping": True, "n_iter_no_change": 2}),
        (HistGradientBoostingRegressor, "diabetes", "real", {"max_iter": 4, "l2_regularization": 2.0}),
        (
            HistGradientBoostingRegressor,
            "numbers, categories",
            {"max_iter": 4, "min_samples_leaf": 3, "categorical_features": [1, 3]},
        ),
        (HistGradientBoostingRegressor, "counts", {"max_iter": 4, "loss": "poisson"}),
        (HistGradientBoostingRegressor, "diabetes", {"max_iter": 4, "loss": "gamma"}),
        (HistGradientBoostingRegressor, "numbers", {"max_iter": 4, "loss": "absolute_error"}),
        (HistGradientBoostingRegressor, "numbers, holes", {"max_iter": 4, "loss": "quantile", "quantile": 0.7}),
        (HistGradientBoostingRegressor, "numbers", {"max_iter": 4, "monotonic_cst": [1, 0, -1, 0, 0]}),
    )
)

#: scikit-learn's isolation forests, by name.
ISOLATION = dict(
    _ensembles(
        (IsolationForest, "cancer", {"n_estimators": 6}),
        (IsolationForest, "digits", {"n_estimators": 5, "max_features": 0.3}),
        (IsolationForest, "diabetes", "real", {"n_estimators": 5, "contamination": 0.1}),
        (IsolationForest, "numbers, holes", {"n_estimators": 5, "max_samples": 40, "bootstrap": True}),
    )
)

#: scikit-learn's ensembles, and all its models, by name.
ENSEMBLES = BAGGED | BOOSTED | ISOLATION
SCIKIT_LEARN = SINGLE_TREES | ENSEMBLES

#: For tests of ensembles: they are meant to be as small as scikit-learn warns of, and so small that threads which wait
#: for one another cost more than they save.
SMALL_ENSEMBLES = [
    pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores"),
    pytest.mark.filterwarnings("ignore:class_weight presets"),
    pytest.mark.usefixtures("one_thread"),
]


@dataclass(frozen=True)
class Boosted(Specimen):
    """A model of XGBoost or LightGBM, which `tests.boosters` fits; single precision, so that sums are rounded."""

    tolerance: float = 1e-5

    @property
    def family(self):
        """The library."""
        return self.name.split(",")[0]

    @cached_property
    def rows(self):
        """X and y."""
        library, name = self.name.split(", ", 1)
        return boosters.rows_of(name, library), boosters.target(self.data)

    @cached_property
    def model(self):
        """Fitted; shared between tests, which must not change it."""
        library, name = self.name.split(", ", 1)
        pytest.importorskip(library)
        return {"xgboost": boosters.XGBOOST, "lightgbm": boosters.LIGHTGBM}[library][name]()


def _first_of_each_class():
    """The first specimen of each class of scikit-learn, and what its kind has besides."""
    seen = set()
    for name, specimen in SCIKIT_LEARN.items():
        kind = type(specimen.estimator)
        if (kind not in seen and specimen.data not in ("digits", "counts")) or name in _BESIDES:
            seen.add(kind)
            yield name, specimen


_BESIDES = (
    "DecisionTreeClassifier, classes, 2 outputs",
    "DecisionTreeRegressor, numbers, 3 outputs",
    "DecisionTreeRegressor, numbers, criterion=absolute_error",
    "GradientBoostingClassifier, wine, trees=3",
    "HistGradientBoostingRegressor, numbers, categories, trees=4, min_samples_leaf=3, categorical_features=[1, 3]",
)
_BOOSTERS = {
    "xgboost, categories": "numbers",
    "xgboost, classes": "classes",
    "xgboost, Booster": "numbers",
    "lightgbm, categories": "numbers",
    "lightgbm, classes": "classes",
    "lightgbm, linear trees": "numbers",
    "lightgbm, Booster": "numbers",
}

#: A specimen or more of every class of models that there is an adapter for: what contracts of methods and of all that
#: takes a model are checked on. A new family adds one here.
ZOO = dict(_first_of_each_class()) | {name: Boosted(None, data, name=name) for name, data in _BOOSTERS.items()}
