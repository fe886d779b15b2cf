"""Monotonic constraints: the nearest leaf values with which no tree falls where it must not."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .forest import Forest

_MOST_STEPS = 100


def constrained(forest: Forest, monotonic: NDArray[np.int8]) -> Forest:
    r"""A forest whose trees rise (or fall) with each constrained feature; the same one if they do already.

    At each split on a constrained feature, from the root down, the leaves of the lower branch may not exceed those of
    the upper one. Where they do, both are cut at the level m that minimises
    :math:`\sum_\text{lower} w (v - m)_+^2 + \sum_\text{upper} w (m - v)_+^2`, which of two leaves is their weighted
    mean, as in isotonic regression. Cuts further down stay between values that are there, so that what holds above
    goes on to hold. This is more than monotonicity needs: leaves are kept apart, too, that no change of the constrained
    feature alone leads from one to the other, as by the "basic" method of LightGBM and by XGBoost and scikit-learn.

    Parameters
    ----------
    forest : Forest
        A canonical forest of one output; of two classes, the share of the second one is constrained.
    monotonic : ndarray of shape (n_features,)
        1: rising, -1: falling, 0: free.
    """
    column = forest.value.shape[2] - 1
    value = forest.value[:, 0, column].copy()
    weight = np.ones(forest.n_nodes) if forest.weighted_n_node_samples is None else forest.weighted_n_node_samples
    split = forest.internal[monotonic[forest.feature[forest.internal]] != 0]
    for node in split:  # parents before their children
        lower, upper = (_leaves(forest, side[node]) for side in (forest.children_left, forest.children_right))
        if monotonic[forest.feature[node]] < 0:
            lower, upper = upper, lower
        if value[lower].max() > value[upper].min():
            level = _level(value[lower], weight[lower], value[upper], weight[upper])
            value[lower], value[upper] = np.minimum(value[lower], level), np.maximum(value[upper], level)
    if np.array_equal(value, forest.value[:, 0, column]):
        return forest
    new = forest.value.copy()
    new[:, 0, column] = value
    if column:
        new[:, 0, 0] = np.where(value == forest.value[:, 0, 1], new[:, 0, 0], 1.0 - value)
    return replace(forest, value=new)


def _leaves(forest, node):
    return node + np.flatnonzero(forest.is_leaf[node : forest.end[node]])


def _level(lower, lower_weight, upper, upper_weight):
    """The level at which cutting changes least: the weighted mean of what it cuts."""
    level = (lower.max() + upper.min()) / 2
    for _ in range(_MOST_STEPS):
        above, below = lower > level, upper < level
        total = lower_weight[above].sum() + upper_weight[below].sum()
        if total <= 0:
            return level
        mean = (lower[above] @ lower_weight[above] + upper[below] @ upper_weight[below]) / total
        if mean == level:
            return level
        level = mean
    return level
