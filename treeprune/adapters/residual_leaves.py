"""Values of nodes of trees whose leaves hold quantiles of residuals (absolute and quantile loss), from rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core.forest import Forest
from ..core.rows import Rows
from ..exceptions import MissingStatisticError
from .unstored_values import values_from_rows

#: Relative differences that are due to rounding, and to rows that were left out when a tree was grown.
_SAME, _NEAR = 1e-3, 0.05


def quantiles_from_rows(
    forest: Forest,
    rows: Rows,
    start: float,
    levels: Sequence[float],
    rate: float,
    quantile: Callable[[NDArray, NDArray, float], float],
) -> Forest:
    """The forest with values in the place of NaN: the learning rate times quantiles of the residuals of nodes' rows.

    Parameters
    ----------
    forest, rows
        Those of `values_from_rows`.
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

    return values_from_rows(forest, rows, margin, leaf_value)


def learning_rate(
    rows: Rows,
    start: NDArray[np.float64],
    levels: Sequence[float],
    quantile: Callable[[NDArray, NDArray, float], float],
    expected: float,
) -> float:
    """The learning rate of a model that does not store it, from rows.

    It is the ratio between the leaves of the first stage and the quantiles of their rows' residuals.

    Parameters are those of `quantiles_from_rows`; `expected` is the rate that the model was probably trained with.

    Raises
    ------
    MissingStatisticError
        The leaves agree neither with `expected` nor with one another: the rows did not grow the trees.
    """
    forest, found = rows.forest, []
    for tree, level in enumerate(levels):
        leaf, y = rows.leaf_ids(tree), rows.target[:, tree % rows.target.shape[1]] - start[:, tree]
        for node in np.unique(leaf):
            middle = quantile(y[leaf == node], rows.sample_weight[leaf == node], level)
            if abs(middle) > _SAME * np.abs(y).max():
                found.append(forest.value[node, 0, 0] / middle)
    rate = float(np.median(found)) if found else expected
    if abs(rate / expected - 1) < _NEAR:
        return expected
    if np.mean(np.abs(np.array(found) / rate - 1) < _SAME) > 0.5:
        return rate
    raise MissingStatisticError(
        "The model does not store its learning rate, and the rows do not show it: give the rows that it was fitted on, "
        "or set the parameter learning_rate of the model's wrapper."
    )


def shifted(forest: Forest, by: float, n_trees: int) -> Forest:
    """The forest with a number added to all values of its first trees."""
    first = forest.node_tree < n_trees
    return replace(forest, value=forest.value + np.where(first, by, 0.0)[:, None, None])
