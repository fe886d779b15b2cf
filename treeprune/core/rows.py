"""Rows: labelled rows routed through the trees of a Forest, for what a method may ask of them."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .forest import Forest
from .statistics import NodeStatistics


class Rows:
    """Rows that a fitted model has routed to its leaves. Everything is worked out when asked for.

    Parameters
    ----------
    forest : Forest
        The model's canonical forest.
    leaf_ids : callable
        ``leaf_ids(tree)`` gives the node of `forest` in which each row ends, int32, shape (n_rows,).
    target : ndarray of shape (n_rows, n_outputs)
        Class codes (int32) or numbers (float64).
    sample_weight : ndarray of float64, shape (n_rows,), optional
        Weights of the rows; None: all 1.
    numbers : callable, optional
        ``numbers()`` gives the rows' features as the numbers that the model compares with its thresholds, shape
        (n_rows, n_features), for methods that send rows through branches which the model did not send them through.
    """

    def __init__(
        self,
        forest: Forest,
        leaf_ids: Callable[[int], NDArray[np.int32]],
        target: NDArray,
        sample_weight: NDArray[np.float64] | None = None,
        numbers: Callable[[], NDArray] | None = None,
    ):
        self.forest = forest
        self.leaf_ids = leaf_ids
        self.target = target
        self.sample_weight = np.ones(len(target)) if sample_weight is None else sample_weight
        self.numbers = numbers

    @cached_property
    def statistics(self) -> NodeStatistics:
        """Sums over the rows of each node."""
        return NodeStatistics.from_leaves(self.forest, self.leaf_ids, self.target, self.sample_weight)

    def node_loss(self, loss: Callable[[NDArray, NDArray], NDArray]) -> NDArray[np.float64]:
        """Sum of a loss over the rows of each node, for losses that are no function of sums.

        Every row walks from its leaf to the root, all rows one level at a time.

        Parameters
        ----------
        loss : callable
            ``loss(target, value)`` gives the loss of each row, shape (n,), for targets of shape (n, n_outputs)
            and node values of shape (n, n_outputs, n_values).

        Returns
        -------
        ndarray of float64, shape (n_nodes,)
        """
        forest, total = self.forest, np.zeros(self.forest.n_nodes)
        for tree in range(forest.n_trees):
            node, row = self.leaf_ids(tree), np.arange(len(self.target))
            while len(row):
                of_row = self.sample_weight[row] * loss(self.target[row], forest.value[node])
                total += np.bincount(node, of_row, minlength=forest.n_nodes)
                node = forest.parent[node]
                row, node = row[node >= 0], node[node >= 0]
        return total
