"""Weights as numbers of rows: the one rule of all methods that count rows.

Error limits, tests, code lengths and priors "worth m rows" need to know how many rows stand behind a node. Weights do
not say: AdaBoost's sum to 1, those of a survey to the population. The rule:

- **Whole weights are repetitions.** Where the weights of all rows are whole numbers, each counts as that many equal
  rows, as in scikit-learn's own contract; the draws of a bootstrap are such weights. A factor that all of them have in
  common is taken out: weights of 1,000,000 throughout are weights of 1.
- **Other weights are proportions.** They are scaled so that their sum is the number of rows of the tree, without those
  of weight 0: ``weight * (rows at the root) / (weight at the root)``. C5.0 scales case weights in this way, Weka the
  weights of boosting, and Stata its analytic weights.

So a common factor of all weights changes nothing, unless it turns whole numbers into fractions or fractions into whole
numbers. Methods that estimate the leaves of all trees together follow the same rule by `Rows.row_weight`.

Weights of classes that a model was trained with are proportions, whole or not: which rows are repeated is said by the
weights that were given with them, and the sum over all rows stays the number of these.

A model does not store the weights of its rows, only their sums over nodes. The weights are taken to be whole if the
sums of all leaves are, divided by the weights of their classes; where the latter are not known ("balanced", several
outputs), weights are proportions. The common factor is the largest common divisor of these sums that is no more than
the mean weight of a row in any leaf. In a tree of few leaves it can exceed that of the weights themselves; giving the
rows (X, y, sample_weight) settles it.
"""

from dataclasses import replace
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from .forest import Forest
from .risk import stored, stored_statistics
from .rows import Rows, common_unit
from .statistics import NodeStatistics


def counted_statistics(forest: Forest, rows: Rows | None = None) -> NodeStatistics:
    """Statistics of the nodes with weights in numbers of rows.

    Parameters
    ----------
    forest : Forest
        A canonical forest of trees that have a target of their own.
    rows : Rows, optional
        Rows to count; None: the training rows, from statistics stored in the model.

    Returns
    -------
    NodeStatistics
        `weight`, `class_weight`, `total` and `square` are in numbers of rows; `n_rows` counts repetitions.

    Raises
    ------
    MissingStatisticError
        The model does not store them, and no rows are given.
    """
    statistics = stored_statistics(forest) if rows is None else rows.statistics
    factor = rows_per_weight(forest, rows)
    scaled = {}
    for name in ("weight", "class_weight", "total", "square"):
        array = getattr(statistics, name)
        if array is not None:
            scaled[name] = array * factor.reshape(-1, *[1] * (array.ndim - 1))
    n_rows = _repetitions(forest, rows)
    if n_rows is not None:
        scaled["n_rows"] = np.rint(n_rows).astype(np.int64)
    return replace(statistics, **scaled)


def row_counts(forest: Forest, rows: Rows | None = None) -> NDArray[np.float64]:
    """Number of rows in each node by their weights, shape (n_nodes,).

    A model that stores sums of weights or hessians alone (XGBoost's) gives these as they are.

    Raises
    ------
    MissingStatisticError
        The model stores neither, and no rows are given.
    """
    if rows is None and forest.weighted_n_node_samples is None and forest.n_node_samples is not None:
        return forest.n_node_samples.astype(np.float64)
    weight = stored(forest, "weighted_n_node_samples")[0] if rows is None else rows.statistics.weight
    return weight * rows_per_weight(forest, rows)


def rows_per_weight(forest: Forest, rows: Rows | None = None) -> NDArray[np.float64]:
    """How many rows a weight of 1 stands for in each node's tree, shape (n_nodes,)."""
    if rows is None:
        n_rows, weight = forest.n_node_samples, forest.weighted_n_node_samples
    else:
        n_rows, weight = rows.statistics.n_rows, rows.statistics.weight
    if n_rows is None or weight is None:
        return np.ones(forest.n_nodes)
    repetitions = _repetitions(forest, rows)
    n_rows, weight = (n_rows if repetitions is None else repetitions)[forest.root], weight[forest.root]
    of_tree = np.divide(n_rows, weight, out=np.ones(forest.n_trees), where=weight > 0)
    return of_tree[forest.node_tree]


def _repetitions(forest, rows):
    """Number of rows in each node, repeated ones as often, shape (n_nodes,); None where weights are not repetitions."""
    if rows is not None:
        return rows.node_repetitions
    n_rows, weight, leaf = forest.n_node_samples, forest.weighted_n_node_samples, forest.is_leaf
    if n_rows is None or weight is None or (forest.task == "margin" and forest.gain is not None):  # sums of hessians
        return None
    sums = weight[:, None]
    if forest.task == "classification":
        sums = forest.value * weight[:, None, None]
        if forest.class_factor is not None:
            sums = np.divide(sums, forest.class_factor, out=np.zeros_like(sums), where=forest.class_factor != 0)
            weight = sums.sum(axis=(1, 2))
        sums = sums.reshape(len(weight), -1)
    unit = 0 if np.isnan(weight).any() else _stored_unit(sums[leaf], weight[leaf], n_rows[leaf])
    return weight / unit if unit else None


def _stored_unit(sums, total, n_rows):
    """Weight of one repetition, by the sums of weights in leaves, shape (n_leaves, n_sums); 0: there are none."""
    near = np.abs(sums - np.rint(sums)) <= 1e-12 * total[:, None]  # class shares are rounded
    common = common_unit(np.where(near, np.rint(sums), sums).ravel())
    small = np.arange(1, isqrt(common) + 1)
    small = small[common % small == 0] if common else small
    divisors = np.concatenate([small, common // small])
    least = (total / np.maximum(n_rows, 1)).min()
    return int(divisors[divisors <= least * (1 + 1e-9)].max(initial=0))
