"""Rows to grow by and rows to judge by, and the trees grown on them by a given estimator."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier

from ..adapters import find_adapter
from ..core.rows import Rows

Draw = tuple[NDArray[np.intp], NDArray[np.intp], np.random.Generator]


def draw_rows(
    n_draws: int,
    n_rows: int,
    splits: list[tuple[NDArray[np.intp], NDArray[np.intp]]] | None,
    most: int | None,
    seed: tuple[int, ...],
) -> Iterator[Draw]:
    """Draws of rows to grow by and rows to judge by: random halves, or the splits of a splitter in turn.

    Halves are drawn without replacement. Bootstrap samples would leave fewer rows to judge by, and their copies of a
    row would hide the noise that a tree fits (Friedman & Hall 2007).

    Parameters
    ----------
    n_draws, n_rows : int
    splits : list of (train, test), optional
        Rows to grow by and rows to judge by.
    most : int or None
        Draw at most so many rows to grow by, and as many to judge by.
    seed : tuple of int
        Each draw has a generator of its own, seeded by this and its number.

    References
    ----------
    J. H. Friedman, P. Hall (2007). On bagging and nonlinear estimation. Journal of Statistical Planning and Inference
    137, 669-683.
    """
    for number in range(n_draws):
        rng = np.random.default_rng((*seed, number))
        if splits is None:
            rows = rng.permutation(n_rows)
            half = max(1, n_rows // 2)
            grow, judge = rows[:half], _others(rows[:half], n_rows) if most is None else rows[half:]
        else:
            grow, judge = splits[number % len(splits)]
            if most is not None:
                grow, judge = rng.permutation(grow), rng.permutation(judge)
        yield grow[:most], judge if splits is None and most is None else np.sort(judge[:most]), rng


def _others(rows, n_rows):
    """The other rows in ascending order, faster than by sorting."""
    others = np.ones(n_rows, dtype=bool)
    others[rows] = False
    return np.flatnonzero(others)


def fit_draws(
    estimator: Any,
    X: NDArray[np.float64],
    y: NDArray,
    weight: NDArray[np.float64] | None,
    draws: Iterator[Draw],
    n_trees: int,
    out_of_bag: bool,
) -> Iterator[Rows]:
    """Clones of an estimator, fitted on draw after draw until there are enough trees, each with its rows to judge by.

    Parameters
    ----------
    estimator : estimator
    X : ndarray of float64, shape (n_rows, n_features)
    y : ndarray of shape (n_rows,)
    weight : ndarray of float64, shape (n_rows,), optional
    draws : iterator of (grow, judge, rng)
    n_trees : int
    out_of_bag : bool
        Whether an estimator that draws bootstrap samples itself is fitted on all rows and judges each tree by its own
        out-of-bag rows.
    """
    out_of_bag = out_of_bag and getattr(estimator, "bootstrap", False)
    for grow, judge, rng in draws:
        if out_of_bag:
            grow = judge = np.arange(len(y))
        elif is_classifier(estimator):
            judge = judge[np.isin(y[judge], y[grow])]  # what a class unseen in growing costs says nothing of features
        if not len(judge):
            continue
        weights = {} if weight is None else {"sample_weight": weight[grow]}
        fitted = _seeded(clone(estimator), rng).fit(X[grow], y[grow], **weights)
        adapter = find_adapter(fitted).fitted_on(y[grow], weights.get("sample_weight"))
        take = adapter.oob_rows if out_of_bag else adapter.rows
        yield take(X[judge], y[judge], None if weight is None else weight[judge])
        n_trees -= adapter.forest.n_trees
        if n_trees <= 0:
            return


def _seeded(estimator, rng):
    names = [name for name in sorted(estimator.get_params()) if name.rpartition("__")[2] == "random_state"]
    return estimator.set_params(**{name: int(rng.integers(2**31)) for name in names})
