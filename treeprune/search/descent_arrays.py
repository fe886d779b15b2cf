"""The arrays of block descent: all trees of an ensemble stand one after another, so that a cycle over them is one call.

Within a tree, rows are sorted by leaf: those of any node are the slice ``span[node, 1]:span[node, 2]`` of its rows.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core.rows import rows_by_node


class Trees(NamedTuple):
    """Whole trees and the rows at their leaves: what no pruning changes. Nodes and rows have places within their tree.

    Attributes
    ----------
    start, row_start : ndarray of int64, shape (n_trees + 1,)
        First node and first row of each tree, and one past the last.
    span : ndarray of int32, shape (n_nodes, 3)
        Trees in preorder: for each node, one past the last node of its subtree and, in `row`, its first row and one
        past its last. Side by side, since trees are large and memory is slow.
    depth : ndarray of int32, shape (n_nodes,)
        Depth of each node.
    split_price : ndarray of float64, shape (n_nodes,) or (0,)
        What a split costs, in nodes, besides its own; empty: nothing.
    row : ndarray of int32, shape (n_counted,)
        Rows that count in each tree, sorted by leaf.
    given : ndarray of float64, shape (n_nodes, n_columns)
        What each node as a leaf adds to the score at the start.
    model : ndarray of int32, shape (n_trees,)
        Which of the models of the loss each tree adds to.
    """

    start: NDArray[np.int64]
    row_start: NDArray[np.int64]
    span: NDArray[np.int32]
    depth: NDArray[np.int32]
    split_price: NDArray[np.float64]
    row: NDArray[np.int32]
    given: NDArray[np.float64]
    model: NDArray[np.int32]

    @classmethod
    def from_forest(
        cls,
        start: NDArray[np.int64],
        end: NDArray[np.int32],
        depth: NDArray[np.int32],
        split_price: NDArray[np.float64],
        leaf_ids: Iterable[NDArray[np.int32]],
        value: NDArray[np.float64],
        model: NDArray[np.int32],
    ) -> "Trees":
        """From the trees of a forest, `start` to `leaf_ids` as for `rows_by_node`, the others as above."""
        row, row_start, rows_of = rows_by_node(start, end, leaf_ids)
        own = np.repeat(start[:-1], np.diff(start))  # first node of each node's tree
        span = np.column_stack([(end - own).astype(np.int32), rows_of])
        given = np.array(value, dtype=np.float64)  # copies, since kernels are compiled for writable arrays
        depth, model = (np.array(x, dtype=np.int32) for x in (depth, model))
        return cls(np.array(start, np.int64), row_start, span, depth, split_price, row, given, model)

    def unpruned(self) -> "Prunings":
        """The trees as they are."""
        own = np.repeat(self.start[:-1], np.diff(self.start))
        node = np.arange(len(self.span)) - own
        leaf = np.flatnonzero(self.span[:, 0] == node + 1)
        n_leaves = np.diff(np.searchsorted(leaf, self.start)).astype(np.int32)
        dropped, price = np.zeros(len(n_leaves), bool), np.diff(self.start).astype(np.float64)
        if len(self.split_price):
            price += np.add.reduceat(np.where(self.span[:, 0] == node + 1, 0.0, self.split_price), self.start[:-1])
        return Prunings(_first(n_leaves), n_leaves, dropped, price, node[leaf].astype(np.int32), self.given[leaf])

    def nothing(self) -> "Prunings":
        """All trees dropped."""
        n_trees, n_columns = len(self.model), self.given.shape[1]
        ones, leaf = np.ones(n_trees, np.int32), np.zeros(n_trees, np.int32)
        value = np.zeros((n_trees, n_columns))
        return Prunings(_first(ones), ones, np.ones(n_trees, bool), np.zeros(n_trees), leaf, value)


class Prunings(NamedTuple):
    """A pruning of each tree.

    Attributes
    ----------
    start : ndarray of int64, shape (n_trees,)
        Place of each tree's first leaf.
    n_leaves : ndarray of int32, shape (n_trees,)
        Leaves of each tree, ascending; the root alone, with value 0, where the tree is dropped.
    dropped : ndarray of bool, shape (n_trees,)
    price : ndarray of float64, shape (n_trees,)
        Nodes and prices of the splits of each tree, in nodes; 0 where it is dropped.
    leaf : ndarray of int32, shape (n_places,)
        Node of each leaf, by its place within the tree.
    value : ndarray of float64, shape (n_places, n_columns)
        What each leaf adds to the score.
    """

    start: NDArray[np.int64]
    n_leaves: NDArray[np.int32]
    dropped: NDArray[np.bool_]
    price: NDArray[np.float64]
    leaf: NDArray[np.int32]
    value: NDArray[np.float64]

    @property
    def n_nodes(self) -> int:
        """Nodes of all trees."""
        kept = self.n_leaves[~self.dropped]
        return int(2 * kept.sum() - len(kept))

    def places(self, trees: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Places of the leaves of some of the trees."""
        n_leaves = self.n_leaves[trees].astype(np.int64)
        return np.repeat(self.start[trees] - _first(n_leaves), n_leaves) + np.arange(n_leaves.sum())

    def copy(self) -> "Prunings":
        """The same, in as little space as it takes."""
        places = self.places(np.ones(len(self.dropped), bool))
        n_leaves, dropped, price = self.n_leaves.copy(), self.dropped.copy(), self.price.copy()
        return Prunings(_first(n_leaves), n_leaves, dropped, price, self.leaf[places], self.value[places])

    def take_over(self, other: "Prunings") -> None:
        """Become another pruning of the same trees, in place."""
        self.n_leaves[:], self.dropped[:], self.price[:] = other.n_leaves, other.dropped, other.price
        every = np.ones(len(self.dropped), bool)
        to, of = self.places(every), other.places(every)
        self.leaf[to], self.value[to] = other.leaf[of], other.value[of]


class Quadratic(NamedTuple):
    """Second-order models of the loss, each in columns of the score that share their hessian.

    Attributes
    ----------
    gradient : ndarray of float64, shape (n_models, n_rows, n_columns)
        Negative gradient of each row at the present score, times the row's weight.
    hessian : ndarray of float64, shape (n_models, n_rows)
        Second derivative, times the row's weight.
    constant : ndarray of bool, shape (n_models,)
        Whether the hessian is the same for all rows, which spares looking it up row by row.
    """

    gradient: NDArray[np.float64]
    hessian: NDArray[np.float64]
    constant: NDArray[np.bool_]

    @classmethod
    def from_derivatives(cls, gradient: NDArray[np.float64], hessian: NDArray[np.float64]) -> "Quadratic":
        """Models of negative gradients and hessians."""
        return cls(gradient, hessian, (hessian == hessian[:, :1]).all(axis=1))

    @property
    def loss(self) -> float:
        """What is left to win: 0 where every row has its best score; half the squared error of least squares."""
        safe = np.where(self.hessian > 0, self.hessian, np.inf)
        return float(((self.gradient**2).sum(axis=2) / (2.0 * safe)).sum())


class Options(NamedTuple):
    """What prunings may be and what the values of their leaves cost; see `block_descent.BlockDescent`.

    Attributes
    ----------
    mode : int
        Values of leaves are 0: free, 1: `Trees.given`, 2: in the simplex of `low` and `total`.
    ridge, total : float
    low : ndarray of float64, shape (n_columns,)
    anchored, layers, drop : bool
    """

    mode: int
    ridge: float
    low: NDArray[np.float64]
    total: float
    anchored: bool
    layers: bool
    drop: bool


class Scratch(NamedTuple):
    """Space for one tree at a time, and the sums of hessians, which stay.

    Attributes
    ----------
    gradient : ndarray of float64, shape (most rows of a tree + 1, n_columns)
        Sums of negative gradients, without what the tree itself adds, over its rows before each.
    most : ndarray of float64, shape (most rows of a tree + 1,)
        The same sums of what each row could win if it had a value of its own.
    hessian : ndarray of float64, shape (n_counted + n_trees,)
        The same sums of hessians, of one tree after another.
    summed : ndarray of bool, shape (n_trees,)
        Whether `hessian` holds those of a tree.
    node : ndarray of int32, shape (most nodes of a tree,)
        Nodes that a best pruning may reach, in preorder.
    value, cost : ndarray of float64, shape (most nodes of a tree, n_columns) and (most nodes of a tree,)
        The value and the cost of each as a leaf.
    waiting : ndarray of float64, shape (most nodes of a tree + 1,)
    stays : ndarray of bool, shape (most nodes of a tree,)
    kept : ndarray of int32, shape (most nodes of a tree,)
        Positions in `node` of the leaves of the best pruning.
    """

    gradient: NDArray[np.float64]
    most: NDArray[np.float64]
    hessian: NDArray[np.float64]
    summed: NDArray[np.bool_]
    node: NDArray[np.int32]
    value: NDArray[np.float64]
    cost: NDArray[np.float64]
    waiting: NDArray[np.float64]
    stays: NDArray[np.bool_]
    kept: NDArray[np.int32]

    @classmethod
    def for_trees(cls, trees: Trees) -> "Scratch":
        """Enough for trees."""
        n_nodes, n_rows = int(np.diff(trees.start).max()), int(np.diff(trees.row_start).max())
        n_trees, n_columns = len(trees.model), trees.given.shape[1]
        return cls(
            np.zeros((n_rows + 1, n_columns)),
            np.zeros(n_rows + 1),
            np.empty(len(trees.row) + n_trees),
            np.zeros(n_trees, bool),
            np.empty(n_nodes, np.int32),
            np.empty((n_nodes, n_columns)),
            np.empty(n_nodes),
            np.empty(n_nodes + 1),
            np.empty(n_nodes, bool),
            np.empty(n_nodes, np.int32),
        )


def _first(sizes):
    """Where each of some parts starts that follow one another."""
    return np.cumsum(sizes, dtype=np.int64) - sizes
