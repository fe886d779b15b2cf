"""Rows: labelled rows that were routed through the trees of a Forest, and what methods can ask about them."""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..exceptions import MissingStatisticError
from .forest import Forest
from .losses import Loss, LossFunction, derivatives, loss_in_place, row_losses
from .plan import Plan
from .statistics import NodeStatistics, NodeSums

#: Among larger numbers all float64 are soon whole.
LARGEST_WHOLE = 2.0**40


@dataclass(frozen=True, eq=False)
class Boosting:
    """What a boosted ensemble tells of rows.

    Parameters
    ----------
    margin : callable
        ``margin()`` gives its raw score, float64, shape (n_rows, n_columns).
    offset : ndarray of float64, shape (n_rows, n_columns), optional
        Where that score starts, in the place of the ensemble's own base; None: at the latter.
    loss : callable, optional
        The loss that the ensemble minimises, ``(y, margin) -> gradient, hessian``; None: it is not known.
    objective : str, optional
        What the model calls it, for messages.
    leaf_outputs : callable, optional
        ``leaf_outputs(tree)`` gives what each row's leaf adds to the margin, float64, shape (n_rows, 1), where leaves
        are functions of the row.
    """

    margin: Callable[[], NDArray[np.float64]]
    offset: NDArray[np.float64] | None = None
    loss: LossFunction | None = None
    objective: str = "the ensemble's own objective"
    leaf_outputs: Callable[[int], NDArray[np.float64]] | None = None


def _no_margin():
    raise TypeError("Only boosted ensembles have a margin.")


class Rows:
    """Rows that a fitted model has routed to its leaves. Everything is worked out when asked for.

    Parameters
    ----------
    forest : Forest
        The model's canonical forest.
    leaf_ids : callable
        ``leaf_ids(tree)`` gives the node of `forest` in which each row ends, int32, shape (n_rows,); -1 where the
        row does not count in that tree, as a row that the tree was grown on among out-of-bag rows.
    target : ndarray of shape (n_rows, n_outputs)
        Class codes (int32) or numbers (float64).
    sample_weight : ndarray of float64, shape (n_rows,), optional
        Weights of the rows; None: all 1.
    given_weight : ndarray of float64, shape (n_rows,), optional
        Weights without those of the rows' classes, for scores; None: `sample_weight`.
    mask : callable, optional
        ``mask(tree)`` says which rows count in that tree, bool, shape (n_rows,); None: all rows in all trees.
    boosting : Boosting, optional
        What a boosted ensemble tells of them.
    compared : callable, optional
        ``compared()`` gives the rows' features as the numbers that the model compares with its thresholds, shape
        (n_rows, n_features), for methods that send rows through branches which the model did not send them through.
    n_bytes : callable, optional
        ``n_bytes(plan)`` gives the size of the model's file after a plan, for methods that have to keep within one.
    monotonic : ndarray of int8, shape (n_features,), optional
        Monotonic constraints that pruned models have to keep; see `adapters.base.Adapter.monotonic`.
    """

    def __init__(
        self,
        forest: Forest,
        leaf_ids: Callable[[int], NDArray[np.int32]],
        target: NDArray,
        sample_weight: NDArray[np.float64] | None = None,
        *,
        given_weight: NDArray[np.float64] | None = None,
        mask: Callable[[int], NDArray[np.bool_]] | None = None,
        boosting: Boosting | None = None,
        compared: Callable[[], NDArray] | None = None,
        n_bytes: Callable[[Plan], int] | None = None,
        monotonic: NDArray[np.int8] | None = None,
    ):
        self.forest = forest
        self.leaf_ids = leaf_ids
        self.target = target
        self.sample_weight = np.ones(len(target)) if sample_weight is None else sample_weight
        self.given_weight = self.sample_weight if given_weight is None else given_weight
        self._mask, self.compared, self.n_bytes, self.monotonic = mask, compared, n_bytes, monotonic
        self._boosting = boosting or Boosting(_no_margin)

    def mask(self, tree: int) -> NDArray[np.bool_]:
        """Which rows count in a tree, shape (n_rows,)."""
        return np.ones(len(self.target), bool) if self._mask is None else self._mask(tree)

    @cached_property
    def repetitions(self) -> NDArray[np.float64]:
        """How many rows each one stands for, by the rule of `core.counts`, shape (n_rows,)."""
        unit = common_unit(self.given_weight)
        return np.where(self.sample_weight > 0, self.given_weight / unit if unit else 1.0, 0.0)

    @cached_property
    def row_weight(self) -> NDArray[np.float64]:
        """Weights in numbers of rows, by the rule of `core.counts`, shape (n_rows,)."""
        n_rows, total = self.repetitions.sum(), self.sample_weight.sum()
        return self.sample_weight if n_rows == total else self.sample_weight / (total / n_rows)

    @cached_property
    def node_repetitions(self) -> NDArray[np.float64] | None:
        """Sums of `repetitions` over the rows of each node, shape (n_nodes,); None: given weights are not whole."""
        unit = common_unit(self.given_weight)
        if not unit or self.given_weight is self.sample_weight:
            return self.statistics.weight / unit if unit else None
        sums, ones = NodeSums(self.forest), np.ones(len(self.target))
        for tree in range(self.forest.n_trees):
            sums.add(self.leaf_ids(tree), self.repetitions, ones)
        return sums.result()[:, 0]

    @cached_property
    def margin(self) -> NDArray[np.float64]:
        """Raw score of the boosted ensemble, shape (n_rows, n_columns)."""
        return self._boosting.margin()

    @property
    def loss(self) -> LossFunction | None:
        """The loss that the rows are judged by: the ensemble's own, or one in its place; None: it is not known."""
        return self._boosting.loss

    @property
    def offset(self) -> NDArray[np.float64] | None:
        """Where the margin starts, in the place of the ensemble's own base, shape (n_rows, n_columns); None: there."""
        return self._boosting.offset

    def require_loss(self) -> LossFunction:
        """The loss that the ensemble minimises.

        Raises
        ------
        MissingStatisticError
            It is not known, or no function of a row's target and margin.
        """
        if self.loss is None:
            raise MissingStatisticError(
                f"The model was trained by {self._boosting.objective}, whose loss is not known as a function of a "
                "row's target and margin: name a loss or give a function, loss=, where the method takes one."
            )
        return self.loss

    def judged_by(self, loss: str | LossFunction | None) -> "Rows":
        """The same rows, judged by another loss than the ensemble's own; None: by that.

        Raises
        ------
        ValueError
            The loss does not exist, or the trees are averaged, which have none.
        """
        if loss is None:
            return self
        rows = copy(self)
        own = loss_in_place(self.loss, self.forest.task, loss)
        rows._boosting = replace(self._boosting, loss=own, margin=lambda: self.margin)
        vars(rows).pop("statistics", None)  # of the own loss
        return rows

    def loss_statistics(self, loss: str | LossFunction | None = None) -> NodeStatistics:
        """Sums of gradients and hessians over the rows of each node, at the margin before the node's stage.

        The tree was grown at that margin: for the training rows these are the sums that chose its splits. A stage is
        one tree for each column of the margin. To get the margin before each stage, stages are subtracted from the
        ensemble's margin, from the last to the first.

        Parameters
        ----------
        loss : str or callable, optional
            One of `core.losses.LOSSES` or a function ``(y, margin) -> gradient, hessian``; None: the ensemble's own.

        Raises
        ------
        MissingStatisticError
            The ensemble's own loss is not known.
        """
        loss = self.require_loss() if loss is None else loss
        forest, margin = self.forest, self.margin.copy()
        sums, leaf_loss = [NodeSums(forest) for _ in range(4)], NodeSums(forest)
        ones, counted = np.ones(len(self.target)), (self.sample_weight > 0).astype(np.float64)
        for stage in reversed(forest.stages):
            leaves = [self.leaf_ids(tree) for tree in stage]
            added = [self.added(tree, leaf) for tree, leaf in zip(stage, leaves, strict=True)]
            for tree, output in zip(stage, added, strict=True):
                margin[:, forest.tree_class[tree]] -= output
            gradient, hessian = derivatives(loss, self.target, margin)
            for tree, leaf, output in zip(stage, leaves, added, strict=True):
                column = forest.tree_class[tree]
                if self._boosting.leaf_outputs is not None:
                    of_row = gradient[:, column] * output + hessian[:, column] * output**2 / 2
                    leaf_loss.add(leaf, self.sample_weight, of_row)
                sums[0].add(leaf, counted, ones)
                for total, x in zip(sums[1:], (ones, gradient[:, column], hessian[:, column]), strict=True):
                    total.add(leaf, self.sample_weight, np.ascontiguousarray(x))
        n_rows, weight, gradient, hessian = (total.result()[:, 0] for total in sums)
        of_leaves = None if self._boosting.leaf_outputs is None else leaf_loss.result()[:, 0]
        return NodeStatistics(n_rows.astype(np.int64), weight, gradient=gradient, hessian=hessian, leaf_loss=of_leaves)

    def loss_changes(self, loss: Loss) -> NDArray[np.float64]:
        """By how much each node as a leaf changes the loss of its rows, at the margin before the node's stage.

        Exact, unlike what `loss_statistics` say to second order: every row walks from its leaf to the root.

        Returns
        -------
        ndarray of float64, shape (n_nodes,)
            Weighted sums over the rows of each node.
        """
        from .kernels import sums_by_index

        forest, margin = self.forest, self.margin.copy()
        high, low = np.zeros(forest.n_nodes), np.zeros(forest.n_nodes)
        for stage in reversed(forest.stages):
            leaves = [self.leaf_ids(tree) for tree in stage]
            added = [self.added(tree, leaf) for tree, leaf in zip(stage, leaves, strict=True)]
            for tree, output in zip(stage, added, strict=True):
                margin[:, forest.tree_class[tree]] -= output
            for tree, leaf, output in zip(stage, leaves, added, strict=True):
                row, node = np.arange(len(leaf)), leaf
                while len(row):
                    moved = margin[row]
                    moved[:, forest.tree_class[tree]] += output
                    of_row = row_losses(loss, self.target[row], moved) - row_losses(loss, self.target[row], margin[row])
                    sums_by_index(node.astype(np.int64), self.sample_weight[row], margin.shape[1] * of_row, high, low)
                    node = forest.parent[node]
                    row, node = row[node >= 0], node[node >= 0]
                    output = forest.tree_weight[tree] * forest.value[node, 0, 0]
        return high

    def added(self, tree: int, leaf: NDArray[np.int32]) -> NDArray[np.float64]:
        """What a tree adds to its column of the margin, by the leaf of each row, shape (n_rows,)."""
        if self._boosting.leaf_outputs is not None:
            return self._boosting.leaf_outputs(tree)[:, 0]
        return self.forest.tree_weight[tree] * self.forest.value[leaf, 0, 0]

    @cached_property
    def statistics(self) -> NodeStatistics:
        """Sums over the rows of each node; for a boosted ensemble, of the derivatives of its own loss."""
        if self.forest.task == "margin":
            return self.loss_statistics()
        return NodeStatistics.from_leaves(self.forest, self.leaf_ids, self.target, self.sample_weight)

    def node_sums(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted sum over the rows of each node of a number per row, shape (n_nodes,)."""
        sums = NodeSums(self.forest)
        for tree in range(self.forest.n_trees):
            sums.add(self.leaf_ids(tree), self.sample_weight, x)
        return sums.result()[:, 0]

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
        from .kernels import sums_by_index

        forest, high, low = self.forest, np.zeros(self.forest.n_nodes), np.zeros(self.forest.n_nodes)
        for tree in range(forest.n_trees):
            node = self.leaf_ids(tree)
            row = np.flatnonzero(node >= 0)
            node = node[row]
            while len(row):
                of_row = loss(self.target[row], forest.value[node])
                sums_by_index(node.astype(np.int64), self.sample_weight[row], of_row, high, low)
                node = forest.parent[node]
                row, node = row[node >= 0], node[node >= 0]
        return high


def common_unit(weight: NDArray[np.float64]) -> int:
    """Greatest common divisor of whole weights; 0 if some are not whole, or too large to know."""
    if not len(weight) or weight.max() > LARGEST_WHOLE or (weight != np.rint(weight)).any():
        return 0
    return int(np.gcd.reduce(weight.astype(np.int64)))


def rows_by_node(
    start: NDArray[np.int64], end: NDArray[np.int32], leaf_ids: Iterable[NDArray[np.int32]]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Rows that count in each tree, sorted by their leaves: those of any node in preorder are a slice.

    Parameters
    ----------
    start, end : ndarray
        Of a canonical `Forest`.
    leaf_ids : iterable of ndarray of int32, shape (n_rows,)
        For each tree, the node of the forest in which each row ends; -1 where it does not count.

    Returns
    -------
    row : ndarray of int32, shape (n_counted,)
        Those of one tree after another.
    row_start : ndarray of int64, shape (n_trees + 1,)
        Place of each tree's first row, and one past the last.
    span : ndarray of int32, shape (n_nodes, 2)
        For each node, its first row and one past its last, by their places within the tree.
    """
    span, rows = np.empty((len(end), 2), np.int32), []
    for first, last, leaf in zip(start[:-1], start[1:], leaf_ids, strict=True):
        own = np.where(leaf >= 0, leaf - first, -1)
        # numpy sorts 16 bits by their digits, which is faster
        order = np.argsort(own.astype(np.int16) if last - first < 2**15 else own, kind="stable")
        rows.append(order[np.count_nonzero(own < 0) :].astype(np.int32))
        begin = np.concatenate([[0], np.cumsum(np.bincount(own[rows[-1]], minlength=last - first))])
        span[first:last, 0], span[first:last, 1] = begin[:-1], begin[end[first:last] - first]
    row_start = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return np.concatenate(rows), row_start, span
