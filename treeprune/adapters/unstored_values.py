"""Values of the nodes of boosted trees that a model does not store, worked out from rows."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core.forest import Forest
from ..core.risk import branch_sums
from ..core.rows import Rows


def values_from_rows(
    forest: Forest,
    rows: Rows,
    margin: NDArray[np.float64],
    leaf_value: Callable[[NDArray, NDArray, int, NDArray], float],
) -> Forest:
    """The forest with values in the place of NaN: what the nodes would hold as leaves, had the rows grown the trees.

    A leaf's value depends on the margin before its stage, hence stage by stage. Nodes that no row reaches get the mean
    of the values of their leaves, weighted by the leaves' training rows.

    Parameters
    ----------
    forest : Forest
        A boosted ensemble with one tree for each column of the margin in each stage. It is not changed.
    rows : Rows
        Rows that the ensemble has routed to its leaves.
    margin : ndarray of float64, shape (n_rows, n_columns)
        Raw score before the first tree.
    leaf_value : callable
        ``leaf_value(y, margin, column, sample_weight)`` gives the value of a leaf of one tree from its rows.
    """
    margin = margin.copy()
    value = forest.value[:, 0, 0].copy()
    n_columns, n_targets = margin.shape[1], rows.target.shape[1]  # a target of each column's own, or one for all
    for stage in range(0, forest.n_trees, n_columns):
        leaves = [rows.leaf_ids(tree) for tree in range(stage, stage + n_columns)]
        for column, leaf in enumerate(leaves):
            first, last = forest.start[stage + column : stage + column + 2]
            order = np.argsort(leaf, kind="stable")
            for node in first + np.flatnonzero(np.isnan(value[first:last])):
                row = order[slice(*np.searchsorted(leaf[order], [node, forest.end[node]]))]  # preorder: one slice
                if len(row):
                    value[node] = leaf_value(
                        rows.target[row, column % n_targets], margin[row], column, rows.sample_weight[row]
                    )
        for column, leaf in enumerate(leaves):
            margin[:, column] += forest.tree_weight[stage + column] * value[leaf]
    n_rows = forest.weighted_n_node_samples if forest.n_node_samples is None else forest.n_node_samples
    weight = np.where(forest.is_leaf, n_rows, 0.0)
    mean = branch_sums(forest, np.where(forest.is_leaf, weight * value, 0.0)) / branch_sums(forest, weight)
    return replace(forest, value=np.where(np.isnan(value), mean, value)[:, None, None])
