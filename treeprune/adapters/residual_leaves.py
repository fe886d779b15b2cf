"""Values of nodes of trees whose leaves hold quantiles of residuals (absolute and quantile loss), from rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core.forest import Forest
from ..core.rows import Rows
from .staged import fill_values


def fill_quantiles(
    rows: Rows,
    start: float,
    levels: Sequence[float],
    rate: float,
    quantile: Callable[[NDArray, NDArray, float], float],
) -> Forest:
    """Forest whose values that are NaN are the learning rate times quantiles of the residuals of their rows.

    Parameters
    ----------
    rows : Rows
        Rows of a boosted ensemble with one tree for each column of the margin in each stage.
    start : float or ndarray of shape (n_rows, n_columns)
        Raw score before the first tree.
    levels : sequence of float
        Level of the quantile for each column.
    rate : float
        The learning rate.
    quantile : callable
        ``quantile(x, weight, level)``, as the library defines it.
    """
    margin = np.zeros((len(rows.target), len(levels))) + start

    def leaf_value(y, margin, column, sample_weight):
        return rate * quantile(y - margin[:, column], sample_weight, levels[column])

    return fill_values(rows, margin, leaf_value)


def shifted(forest: Forest, by: float, n_trees: int) -> Forest:
    """The forest with a number added to all values of its first trees."""
    first = forest.node_tree < n_trees
    return replace(forest, value=forest.value + np.where(first, by, 0.0)[:, None, None])
