"""NodeStatistics: sums over the rows of each node of a Forest. Sums of two sets of rows can be added."""

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
        Number of rows in each node; rows of weight 0 do not count, as in scikit-learn's `n_node_samples`.
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
        node's tree adds to, at the margin before that tree's stage (boosted trees).
    leaf_loss : ndarray of float64, shape (n_nodes,), or None
        Where leaves are functions of the row (linear trees): the weighted sum over a leaf's rows of the loss that the
        leaf adds, to second order, ``gradient * f + hessian * f**2 / 2`` for a row that gets f. Only those of leaves
        have a meaning.
    """

    n_rows: NDArray[np.int64]
    weight: NDArray[np.float64]
    class_weight: NDArray[np.float64] | None = None
    center: NDArray[np.float64] | None = None
    total: NDArray[np.float64] | None = None
    square: NDArray[np.float64] | None = None
    gradient: NDArray[np.float64] | None = None
    hessian: NDArray[np.float64] | None = None
    leaf_loss: NDArray[np.float64] | None = None

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
            ``leaf_ids(tree)`` gives the leaf of each row in that tree, int32, shape (n_rows,); -1: the row does not
            count in that tree. One tree's are held at a time.
        target : ndarray of shape (n_rows, n_outputs)
            Class codes (integers) for classification, numbers for regression.
        sample_weight : ndarray of float64, shape (n_rows,)
            Weights of the rows.
        """
        ones, counted = np.ones(len(sample_weight)), (sample_weight > 0).astype(np.float64)
        outputs = range(forest.n_outputs)
        are_alike = bool((sample_weight == 1.0).all())
        sums = {name: [NodeSums(forest)] for name in (("n_rows",) if are_alike else ("n_rows", "weight"))}
        center = None
        if forest.task == "classification":
            sums["class_weight"] = [NodeSums(forest, n_columns=forest.value.shape[2]) for _ in outputs]
        elif forest.task == "regression":
            center = forest.value[forest.root[0], :, 0].copy()
            y = target - center
            sums |= {name: [NodeSums(forest) for _ in outputs] for name in ("total", "square")}
        for tree in range(forest.n_trees):
            leaf = leaf_ids(tree)
            sums["n_rows"][0].add(leaf, counted, ones)
            if not are_alike:
                sums["weight"][0].add(leaf, sample_weight, ones)
            for output in outputs:
                if "class_weight" in sums:
                    sums["class_weight"][output].add(leaf, sample_weight, ones, column=target[:, output])
                elif "total" in sums:
                    sums["total"][output].add(leaf, sample_weight, y[:, output])
                    sums["square"][output].add(leaf, sample_weight, y[:, output] ** 2)
        done = {name: np.stack([s.result() for s in of_outputs], axis=1) for name, of_outputs in sums.items()}
        for name in done.keys() - {"class_weight"}:
            done[name] = done[name][:, :, 0] if name in ("total", "square") else done[name][:, 0, 0]
        n_rows = done.pop("n_rows")
        return cls(n_rows.astype(np.int64), **({"weight": n_rows} | done), center=center)

    def __add__(self, other: "NodeStatistics") -> "NodeStatistics":
        if self.center is not None and not np.array_equal(self.center, other.center):
            raise ValueError("Statistics measured from different centers do not add up.")
        names = ("n_rows", "weight", "class_weight", "total", "square", "gradient", "hessian", "leaf_loss")
        sums = {n: None if (x := getattr(self, n)) is None else x + getattr(other, n) for n in names}
        return NodeStatistics(center=self.center, **sums)


class NodeSums:
    """Weighted sums over the rows of every node, in one or more columns: rows add to their leaves, leaves to splits."""

    def __init__(self, forest, n_columns=1):
        self.parent, self.n_columns = forest.parent, n_columns
        self.high, self.low = np.zeros(n_columns * forest.n_nodes), np.zeros(n_columns * forest.n_nodes)

    def add(self, leaf, weight, x, column=0):
        """Add ``weight * x`` of each row to its leaf (-1: to none), in the first column or one column per row."""
        from .kernels import sums_by_index

        index = leaf.astype(np.int64)
        if not np.isscalar(column):
            index += np.multiply(column, len(self.parent), dtype=np.int64)
            index[leaf < 0] = -1
        sums_by_index(index, weight, x, self.high, self.low)

    def result(self):
        """The sums, shape (n_nodes, n_columns)."""
        from .kernels import accumulate

        high, low = self.high.reshape(self.n_columns, -1), self.low.reshape(self.n_columns, -1)
        for column in range(self.n_columns):
            accumulate(self.parent, high[column], low[column])
        return np.ascontiguousarray(high.T)
