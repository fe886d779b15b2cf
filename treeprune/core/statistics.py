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
    gradient, hessian : ndarray of float64, shape (n_nodes,), or None
        Weighted sums of the first and second derivatives of a loss by the column of the ensemble's margin that the
        node's tree adds to (boosted trees).
    """

    n_rows: NDArray[np.int64]
    weight: NDArray[np.float64]
    class_weight: NDArray[np.float64] | None = None
    center: NDArray[np.float64] | None = None
    total: NDArray[np.float64] | None = None
    square: NDArray[np.float64] | None = None
    gradient: NDArray[np.float64] | None = None
    hessian: NDArray[np.float64] | None = None

    @classmethod
    def from_leaves(
        cls,
        forest: Forest,
        leaf_ids: Callable[[int], NDArray[np.int32]],
        target: NDArray,
        sample_weight: NDArray[np.float64],
        derivatives: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    ) -> "NodeStatistics":
        """Sum over rows, given the leaf that each row reaches.

        Parameters
        ----------
        forest : Forest
            A canonical forest.
        leaf_ids : callable
            ``leaf_ids(tree)`` gives the leaf of each row in that tree, int32, shape (n_rows,); -1: the row does not
            count in that tree. One tree's are held at a time.
        target : ndarray of shape (n_rows, n_outputs)
            Class codes (integers) for classification, numbers for regression.
        sample_weight : ndarray of float64, shape (n_rows,)
            Weights of the rows.
        derivatives : tuple of two ndarrays of float64, shape (n_rows, n_columns), optional
            Gradients and hessians of a loss at the margin of an ensemble; `target` is not used then.
        """
        ones = np.ones(len(sample_weight))
        one = np.broadcast_to(1.0, (len(ones), forest.tree_class.max() + 1))
        counts, weights = _NodeSums(forest, one), _NodeSums(forest, one)
        sums, center = _sums_of_task(forest, one, target, derivatives)
        for tree in range(forest.n_trees):
            leaf = leaf_ids(tree)
            row = slice(None) if leaf.min(initial=0) >= 0 else np.flatnonzero(leaf >= 0)
            leaf, weight = leaf[row], sample_weight[row]
            counts.add(tree, leaf, row, ones[row])
            for column in (weights, *(column for of_output in sums.values() for column in of_output)):
                column.add(tree, leaf, row, weight)
        done = {name: np.stack([s.result() for s in of_output], axis=1) for name, of_output in sums.items()}
        for name in done.keys() - {"class_weight"}:  # (n_nodes, n_outputs), or (n_nodes,) where the tree has one column
            done[name] = done[name][:, 0, 0] if name in ("gradient", "hessian") else done[name][:, :, 0]
        return cls(counts.result()[:, 0].astype(np.int64), weights.result()[:, 0], center=center, **done)

    def __add__(self, other: "NodeStatistics") -> "NodeStatistics":
        if self.center is not None and not np.array_equal(self.center, other.center):
            raise ValueError("Statistics measured from different centers do not add up.")
        names = ("n_rows", "weight", "class_weight", "total", "square", "gradient", "hessian")
        sums = {n: None if (x := getattr(self, n)) is None else x + getattr(other, n) for n in names}
        return NodeStatistics(center=self.center, **sums)


def _sums_of_task(forest, one, target, derivatives):
    """What is summed besides weights, by name, one `_NodeSums` for each output; and the center of the targets."""
    if derivatives is not None:
        gradient, hessian = derivatives
        return {"gradient": [_NodeSums(forest, gradient)], "hessian": [_NodeSums(forest, hessian)]}, None
    outputs = range(forest.n_outputs)
    if forest.task == "classification":
        k = forest.value.shape[2]
        return {"class_weight": [_NodeSums(forest, one, target[:, output], k) for output in outputs]}, None
    if forest.task == "regression":
        center = forest.value[forest.root[0], :, 0].copy()
        columns = np.split(target - center, forest.n_outputs, axis=1)
        total, square = ([_NodeSums(forest, y**power) for y in columns] for power in (1, 2))
        return {"total": total, "square": square}, center
    return {}, None


class _NodeSums:
    """Weighted sums of ``x`` over the rows of every node, by leaf and then up the trees, one or more columns of them.

    ``x`` has one column for each of the ensemble's margin; ``column`` says where a row's x is added.
    """

    def __init__(self, forest, x, column=None, n_columns=1):
        self.parent, self.tree_class, self.x, self.column = forest.parent, forest.tree_class, x, column
        self.high, self.low = (np.zeros((n_columns, forest.n_nodes)) for _ in range(2))

    def add(self, tree, leaf, row, weight):
        from .kernels import sums_by_index

        index = leaf.astype(np.int64)
        if self.column is not None:
            index += np.multiply(self.column[row], len(self.parent), dtype=np.int64)
        x = np.ascontiguousarray(self.x[row, self.tree_class[tree]])
        sums_by_index(index, weight, x, self.high.ravel(), self.low.ravel())

    def result(self):
        """Sums of shape (n_nodes, n_columns)."""
        from .kernels import accumulate

        for high, low in zip(self.high, self.low, strict=True):
            accumulate(self.parent, high, low)
        return np.ascontiguousarray(self.high.T)
