"""NodeStatistics: what rows say about the nodes of a Forest, as sums that add up."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .forest import Forest


@dataclass(frozen=True, eq=False)
class NodeStatistics:
    """Sums over the rows of each node. The statistics of two sets of rows are ``a + b``.

    Parameters
    ----------
    n_rows : ndarray of int64, shape (n_nodes,)
        Number of rows in each node.
    weight : ndarray of float64, shape (n_nodes,)
        Sum of their weights.
    class_weight : ndarray of float64, shape (n_nodes, n_outputs, n_classes), or None
        Sum of the weights of each class (classification).
    center : ndarray of float64, shape (n_outputs,), or None
        What targets are measured from (regression): the first root's value. Without it, sums of squares of a
        target far from zero would lose all their digits.
    total, square : ndarray of float64, shape (n_nodes, n_outputs), or None
        Weighted sums of ``y - center`` and of its square (regression).
    """

    n_rows: NDArray[np.int64]
    weight: NDArray[np.float64]
    class_weight: NDArray[np.float64] | None = None
    center: NDArray[np.float64] | None = None
    total: NDArray[np.float64] | None = None
    square: NDArray[np.float64] | None = None

    @classmethod
    def from_leaves(
        cls,
        forest: Forest,
        leaf_ids: Callable[[int], NDArray[np.int32]],
        target: NDArray,
        sample_weight: NDArray[np.float64],
    ) -> "NodeStatistics":
        """Sum over rows, given the leaf that each row reaches.

        Parameters
        ----------
        forest : Forest
            A canonical forest.
        leaf_ids : callable
            ``leaf_ids(tree)`` gives the leaf of each row in that tree, int32, shape (n_rows,).
        target : ndarray of shape (n_rows, n_outputs)
            Class codes (integers) for classification, numbers for regression.
        sample_weight : ndarray of float64, shape (n_rows,)
            Weights of the rows.
        """
        ones = np.ones(len(sample_weight))
        sums = {"n_rows": NodeSums(forest), "weight": NodeSums(forest)}
        outputs = range(forest.n_outputs)
        classification = forest.task == "classification"
        if classification:
            class_weight = [NodeSums(forest, n_columns=forest.value.shape[2]) for _ in outputs]
        else:
            center = forest.value[forest.root[0], :, 0].copy()
            y = target - center
            total, square = ([NodeSums(forest) for _ in outputs] for _ in range(2))
        for tree in range(forest.n_trees):
            leaf = leaf_ids(tree)
            sums["n_rows"].add(leaf, ones, ones)
            sums["weight"].add(leaf, sample_weight, ones)
            for output in outputs:
                if classification:
                    class_weight[output].add(leaf, sample_weight, ones, column=target[:, output])
                else:
                    total[output].add(leaf, sample_weight, y[:, output])
                    square[output].add(leaf, sample_weight, y[:, output] ** 2)
        n_rows, weight = sums["n_rows"].result()[:, 0].astype(np.int64), sums["weight"].result()[:, 0]
        if classification:
            return cls(n_rows, weight, class_weight=np.stack([s.result() for s in class_weight], axis=1))
        columns = [np.concatenate([s.result() for s in column], axis=1) for column in (total, square)]
        return cls(n_rows, weight, center=center, total=columns[0], square=columns[1])

    def __add__(self, other: "NodeStatistics") -> "NodeStatistics":
        if self.center is not None and not np.array_equal(self.center, other.center):
            raise ValueError("Statistics measured from different centers do not add up.")
        names = ("n_rows", "weight", "class_weight", "total", "square")
        sums = {n: None if (x := getattr(self, n)) is None else x + getattr(other, n) for n in names}
        return NodeStatistics(center=self.center, **sums)


class NodeSums:
    """Weighted sums over the rows of every node, by leaf and then up the trees, in one or more columns."""

    def __init__(self, forest, n_columns=1):
        self.parent, self.n_columns = forest.parent, n_columns
        self.high, self.low = np.zeros(n_columns * forest.n_nodes), np.zeros(n_columns * forest.n_nodes)

    def add(self, leaf, weight, x, column=0):
        """Add ``weight * x`` of each row to its leaf, in one column or one column per row."""
        from .kernels import sums_by_index

        index = leaf + np.multiply(column, len(self.parent), dtype=np.int64)
        sums_by_index(index, weight, x, self.high, self.low)

    def result(self):
        """The sums, shape (n_nodes, n_columns)."""
        from .kernels import accumulate

        high, low = self.high.reshape(self.n_columns, -1), self.low.reshape(self.n_columns, -1)
        for column in range(self.n_columns):
            accumulate(self.parent, high[column], low[column])
        return np.ascontiguousarray(high.T)
