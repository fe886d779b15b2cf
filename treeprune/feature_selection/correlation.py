"""Correlation of columns, whatever their distributions: normal scores, and units of columns that go together."""

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import complete, fcluster
from scipy.spatial.distance import squareform
from scipy.special import ndtri


def scaled_normal_scores(x: NDArray[np.float64], among: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """The quantiles of a normal distribution that values stand at, scaled to mean 0 and variance 1.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows,)
        Not missing.
    among : ndarray of float64, shape (n,), optional
        Values that give the ranks and the scale; None: `x` itself.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        Equal values get the score of their mean rank; all 0 where `among` is constant.
    """
    ordered = np.sort(x if among is None else among)
    of_ordered, of_x = (
        ndtri((1 + sum(np.searchsorted(ordered, values, side) for side in ("left", "right"))) / (2 * len(ordered) + 2))
        for values in (ordered, x)
    )
    return (of_x - of_ordered.mean()) / (of_ordered.std() or 1.0)


def correlated_units(X: NDArray[np.float64], least: float) -> NDArray[np.intp]:
    """Units of columns of which any two have at least a given correlation (complete linkage).

    Parameters
    ----------
    X : ndarray of float64, shape (n_rows, n_columns)
        Missing values count as medians; infinite ones are the least and the greatest.
    least : float
        Absolute correlation of normal scores, 0 to 1.

    Returns
    -------
    ndarray of int, shape (n_columns,)
    """
    if X.shape[1] == 1:
        return np.zeros(1, np.intp)
    scores = np.zeros_like(X)
    for column, x in enumerate(X.T):
        known = ~np.isnan(x)
        if known.any():
            scores[known, column] = scaled_normal_scores(x[known])
    length = np.sqrt((scores**2).sum(axis=0))
    scores /= np.where(length > 0, length, 1.0)
    distance = np.clip(1 - np.abs(scores.T @ scores), 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    linkage = complete(squareform(distance, checks=False))
    return fcluster(linkage, 1 - least, criterion="distance").astype(np.intp) - 1
