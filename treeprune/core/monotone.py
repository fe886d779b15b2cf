"""Monotonic constraints: the nearest leaf values with which every tree keeps to them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .forest import Forest

_MOST_STEPS = 100


def constrained(forest: Forest, monotonic: NDArray[np.int8]) -> Forest:
    r"""A forest whose trees rise (or fall) with each constrained feature; the same one if they do already.

    At each split on a constrained feature, no leaf of the lower branch may exceed any leaf of the upper one. Splits are
    visited from the root down. Where leaves break the rule, both branches are cut off at the level m that minimises
    :math:`\sum_\text{lower} w (v - m)_+^2 + \sum_\text{upper} w (m - v)_+^2`. For two leaves this is their weighted
    mean, as in isotonic regression. A later cut, further down, only takes levels between values that are there, so it
    cannot break the rule of a split above.

    The rule asks for more than monotonicity: it also compares leaves whose regions differ in other features. The
    "basic" method of LightGBM, XGBoost and scikit-learn do the same.

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
    """The level at which a cut changes the values least, which is the weighted mean of the values that it changes."""
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
