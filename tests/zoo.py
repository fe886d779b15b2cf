"""The zoo: models and data that contracts are checked on. A new family of models adds its own table of specimens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor


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

    @cached_property
    def rows(self):
        """X and y."""
        return DATA[self.data]()

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

#: Every family, by name: contracts that hold for all models are parametrised over this.
ZOO = {"single trees": SINGLE_TREES}
