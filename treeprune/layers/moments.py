"""Means, variances and covariances of columns over rows that may be sparse and count differently."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..exceptions import UnsupportedModelError

#: Most columns whose covariance is made: a matrix of them all.
MOST_COLUMNS = 10_000


def mean(rows: Any, weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Weighted mean of each column, shape (n_columns,)."""
    weight = np.ones(rows.shape[0]) if weight is None else weight
    return np.ravel(rows.T @ weight) / weight.sum()


def variance(rows: Any, weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Weighted variance of each column, shape (n_columns,)."""
    square = rows.multiply(rows).tocsr() if sparse.issparse(rows) else rows**2
    return np.maximum(mean(square, weight) - mean(rows, weight) ** 2, 0.0)


def covariance(rows: Any, weight: NDArray[np.float64] | None, centred: bool = True) -> NDArray[np.float64]:
    """Weighted covariance of columns, shape (n_columns, n_columns); if not `centred`, means of products.

    Raises
    ------
    UnsupportedModelError
        There are too many columns for a matrix of them.
    """
    if rows.shape[1] > MOST_COLUMNS:
        raise UnsupportedModelError(
            f"The optimal brain surgeon takes layers of at most {MOST_COLUMNS} inputs. Got {rows.shape[1]}: "
            "choose by the size of weights, with MagnitudePruning or criterion='norm'."
        )
    weight = np.ones(rows.shape[0]) if weight is None else weight
    rows = rows.toarray() if sparse.issparse(rows) else rows
    rows = rows - mean(rows, weight) if centred else rows
    return (rows * weight[:, None]).T @ rows / weight.sum()
