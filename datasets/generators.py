"""Generated problems behind the figures of the benchmarks. Equal arguments give equal rows, to the last bit."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator, RandomState
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, make_classification, make_friedman1

Rows = tuple[NDArray[np.float64], NDArray]


def noisy_classes() -> Rows:
    """20,000 rows of 20 columns in two classes, for compression: four clusters a class, one label in ten redrawn."""
    return make_classification(
        n_samples=20_000,
        n_features=20,
        n_informative=8,
        n_redundant=4,
        n_clusters_per_class=4,
        flip_y=0.1,
        class_sep=0.8,
        random_state=1,
    )


def noisy_friedman() -> Rows:
    """20,000 rows of 20 columns, for compression: Friedman's first function of five of them, with unit noise."""
    return make_friedman1(n_samples=20_000, n_features=20, noise=1.0, random_state=1)


#: XGBoost's parameters for `noisy_friedman`, with 300 rounds.
XGBOOST_FRIEDMAN = {"max_depth": 8, "eta": 0.1, "tree_method": "hist", "seed": 0}


def _classes(seed, rng):
    X, y = make_classification(
        4000, 100, n_informative=10, n_redundant=10, flip_y=0.05, shuffle=False, random_state=seed
    )
    return X, y, 20


def _friedman(seed, rng):
    return *make_friedman1(4000, 50, noise=1.0, random_state=seed), 5


def _madelon(seed, rng):
    X, y = make_classification(
        4000,
        500,
        n_informative=5,
        n_redundant=15,
        n_clusters_per_class=16,
        class_sep=2.0,
        flip_y=0.01,
        shuffle=False,
        random_state=seed,
    )
    return X, y, 20


def _cancer(seed, rng):
    X, y = load_breast_cancer(return_X_y=True)
    shuffled = np.column_stack([rng.permutation(column) for column in X.T])
    return np.hstack([X, shuffled]), y, 30


def _noise(seed, rng):
    return rng.randn(2000, 100), (rng.rand(2000) < 0.5).astype(int), 0


#: Makers of ``X, y, number of informative columns``, which stand first.
_SELECTION: dict[str, Callable] = {
    "classification": _classes,
    "friedman1": _friedman,
    "madelon_like": _madelon,
    "cancer": _cancer,
    "noise": _noise,
}


def selection(name: str, seed: int) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray[np.bool_]]:
    """A problem of feature selection, rows and columns shuffled.

    Parameters
    ----------
    name : {"classification", "friedman1", "madelon_like", "cancer", "noise"}
        100 columns of which 20 matter; 50 and 5; 500 and 20; Wisconsin's 30 beside a shuffled copy of each; 100 and
        none.
    seed : int

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        Half of the rows each; 380 training rows for "cancer".
    informative : ndarray of bool, shape (n_columns,)
        Which columns say anything about y.
    """
    rng = RandomState(1000 + seed)
    X, y, n_informative = _SELECTION[name](seed, rng)
    columns = rng.permutation(X.shape[1])
    rows = rng.permutation(len(X))
    X, y, informative = X[:, columns][rows], y[rows], columns < n_informative
    n_train = 380 if name == "cancer" else len(X) // 2
    return X[:n_train], y[:n_train], X[n_train:], y[n_train:], informative


def autoregressive(
    rng: Generator, n_rows: int, n_columns: int, phi: float = 0.97, burn_in: int = 200
) -> NDArray[np.float64]:
    """Independent series x[t] = phi x[t - 1] + e[t] with standard normal e, shape (n_rows, n_columns).

    Each starts at 0; its first `burn_in` rows, in which that still shows, are thrown away.
    """
    series = rng.normal(size=(burn_in + n_rows, n_columns))
    series[0] = 0.0
    for t in range(1, len(series)):
        series[t] += phi * series[t - 1]
    return series[burn_in:]


def anomalies(kind: str, noise: str, seed: int) -> Rows:
    """2,000 rows, the first 60 anomalous (y = 1), of 20 correlated columns and 200 of noise.

    Parameters
    ----------
    kind : {"shift", "scatter", "cluster"}
        An anomaly stands out by 3.5 standard deviations up or down in four columns of its own; in all columns, by
        being 2.2 times as far out; or with all others, by 2.5 in the first six columns.
    noise : {"gauss", "heavy"}
        Normal, or Student's t with 3 degrees of freedom.
    seed : int

    Returns
    -------
    X : ndarray of shape (2000, 220)
    y : ndarray of int, shape (2000,)
    """
    n_rows, n_anomalies, n_columns = 2000, 60, 20
    rng = RandomState(seed)
    X = rng.randn(n_rows, n_columns)
    X = X @ (0.4 * rng.randn(n_columns, n_columns) + np.eye(n_columns))
    X /= X.std(axis=0)
    if kind == "shift":
        for row in X[:n_anomalies]:
            columns = rng.choice(n_columns, 4, replace=False)
            row[columns] += 3.5 * rng.choice([-1, 1], 4)
    elif kind == "scatter":
        X[:n_anomalies] *= 2.2
    elif kind == "cluster":
        X[:n_anomalies, :6] += 2.5
    else:
        raise ValueError(f"The 'kind' parameter must be 'shift', 'scatter' or 'cluster'. Got {kind!r}.")
    columns = {"gauss": rng.randn(n_rows, 200), "heavy": rng.standard_t(3, size=(n_rows, 200))}
    return np.hstack([X, columns[noise]]), (np.arange(n_rows) < n_anomalies).astype(int)
