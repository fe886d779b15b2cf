"""Block descent over the trees of an ensemble: each step finds the best pruning of one tree, with all others fixed.

The ensemble is additive: the score of a row is a constant plus the values of the leaves that it reaches. Minimised is

    sum of w loss(y, score) + ridge / 2 |values of the leaves|^2 + penalty (number of nodes + prices of the splits).

To second order (exactly, for the squared error), what one tree adds to the loss with all others fixed is a sum over
its leaves of ``-G v + H v^2 / 2``, with G and H the sums of negative gradients and of hessians over the leaf's rows. A
leaf's best value is then ``G / (H + ridge)``, and it wins ``G^2 / (2 (H + ridge))`` (Chen & Guestrin 2016, eq. 5 and
6); where values are shrunk towards priors in place of zero, ``(G + ridge prior) / (H + ridge)``. With the rows sorted
by leaf, the rows of every node are a slice, and running sums over the rows give G and H of any node. One bottom-up pass
over costs finds the best of all prunings of the tree, in O(rows + nodes); a tree that does not earn its nodes is
dropped.

No branch can win more than its rows would if each had a value of its own, ``Q = sum of g^2 / 2 h``. If a node's Q
exceeds what the node wins as a leaf by no more than the price of a split and a leaf, no pruning of its branch can pay.
The branch is then skipped, which saves much of the work on deep trees and does not change the result.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.rows import rows_by_leaf
from . import descent_kernels as kernels


@dataclass(eq=False)
class Quadratic:
    """Second-order model of the loss in columns of the score that share their hessian.

    Attributes
    ----------
    gradient : ndarray of float64, shape (n_rows, n_columns)
        Negative gradient of each row at the present score, times the row's weight.
    hessian : ndarray of float64, shape (n_rows,)
        Second derivative, times the row's weight.
    """

    gradient: NDArray[np.float64]
    hessian: NDArray[np.float64]

    def __post_init__(self):
        #: The hessian, as a single number if it is the same for all rows, which is faster.
        self.of_row = self.hessian[:1] if (self.hessian == self.hessian[0]).all() else self.hessian

    @property
    def loss(self) -> float:
        """Loss above that of the best score for every row; for the squared error, half the sum of squares."""
        safe = np.where(self.hessian > 0, self.hessian, np.inf)
        return float(((self.gradient**2).sum(axis=1) / (2.0 * safe)).sum())


@dataclass(eq=False)
class Tree:
    """One tree of the ensemble and its present pruning, with node ids of its own.

    Parameters
    ----------
    span : ndarray of int32, shape (n_nodes, 3)
        The whole tree in preorder: for each node, the end of its subtree, and the beginning and end of its rows in
        `row`. The three numbers are stored side by side, so that they are read from memory together.
    depth : ndarray of int32, shape (n_nodes,)
        Depth of each node.
    split_price : ndarray of float64, shape (n_nodes,) or (0,)
        What a split costs, in nodes, besides its own; empty: nothing.
    row : ndarray of int32, shape (n_counted,)
        Rows that count in this tree, sorted by leaf.
    leaf : ndarray of int32, shape (n_leaves,)
        Leaves of the present pruning, ascending; the root alone where the tree is dropped.
    value : ndarray of float64, shape (n_leaves, n_columns)
        What each adds to the score; 0 where the tree is dropped.
    model : int
        Position of the `Quadratic` that the tree adds to.
    """

    span: NDArray[np.int32]
    depth: NDArray[np.int32]
    split_price: NDArray[np.float64]
    row: NDArray[np.int32]
    leaf: NDArray[np.int32]
    value: NDArray[np.float64]
    model: int = 0
    dropped: bool = field(default=False, init=False)
    given: NDArray[np.float64] | None = field(default=None, init=False)
    #: Running sums over `row` of the model's hessian: a node's is the difference between the ends of its slice.
    hessian: NDArray[np.float64] | None = field(default=None, init=False)

    @classmethod
    def unpruned(cls, end, depth, split_price, leaf_of_row, value, model=0) -> "Tree":
        """A whole tree, by the leaf of each row (-1: the row does not count) and the value of each node."""
        leaf = np.flatnonzero(end == np.arange(1, len(end) + 1)).astype(np.int32)
        row = rows_by_leaf(leaf_of_row)
        begin = np.concatenate([[0], np.cumsum(np.bincount(leaf_of_row[row], minlength=len(end)))])
        span = np.stack([end, begin[:-1], begin[end]], axis=1).astype(np.int32)
        tree = cls(span, depth, split_price, row, leaf, value[leaf], model)
        tree.given = value
        return tree

    @property
    def n_nodes(self) -> int:
        """Nodes of the present pruning."""
        return 0 if self.dropped else 2 * len(self.leaf) - 1

    @property
    def price(self) -> float:
        """Nodes and prices of the splits of the present pruning, in nodes."""
        return 0.0 if self.dropped else kernels.price(self.span, self.split_price, self.leaf)


class BlockDescent:
    """The state of the descent; `cycle` and `descend` move it.

    Parameters
    ----------
    trees : list of Tree
    models : list of Quadratic
        They are changed as the score moves.
    ridge : float
        Penalty of squared values, in the unit of the models' hessians.
    values : {"free", "given", "simplex"}
        Whether leaves take their best value, keep the one that they have at the start, or take the best value with
        ``value - low >= 0`` in every column and ``sum of (value - low) == total`` (``<= total`` if there is but one).
    low, total : ndarray of float64 of shape (n_columns,), float
        Of the simplex.
    layers : bool
        Whether a tree may only be cut at a depth, the same for all of its branches.
    drop : bool
        Whether trees may be dropped.
    anchored : bool
        Whether `ridge` shrinks each leaf towards the value that its node has at the start, in place of zero.
    """

    def __init__(
        self, trees, models, *, ridge=0.0, values="free", low=None, total=1.0, layers=False, drop=True, anchored=False
    ):
        self.trees, self.models, self.ridge, self.anchored = trees, models, float(ridge), anchored
        self._unpruned = self.n_nodes
        self.mode = ("free", "given", "simplex").index(values)
        n_columns = trees[0].value.shape[1]
        self.low = np.zeros(n_columns) if low is None else np.asarray(low, dtype=np.float64)
        self.total, self.layers, self.drop = float(total), layers, drop
        n_rows, n_nodes = (max(sizes) for sizes in zip(*((len(t.row), len(t.span)) for t in trees), strict=True))
        self._sums, self._most = np.zeros((n_rows + 1, n_columns)), np.zeros(n_rows + 1)
        self._node, self._value = np.empty(n_nodes, np.int32), np.empty((n_nodes, n_columns))
        self._leaf_cost, self._waiting = np.empty(n_nodes), np.empty(n_nodes + 1)
        self._stays, self._kept = np.empty(n_nodes, bool), np.empty(n_nodes, np.int32)

    @property
    def n_nodes(self) -> int:
        """Nodes of all trees as they are now."""
        return sum(tree.n_nodes for tree in self.trees)

    def objective(self, penalty: float) -> float:
        """The present value of what is minimised, under the models of the loss."""
        return sum(model.loss for model in self.models) + self._cost(penalty)

    def step(self, tree: Tree, penalty: float, within: bool = False) -> float:
        """Give one tree its best pruning. Returns by how much the objective falls; 0: the tree stays as it is.

        With `within`, nodes that are pruned already stay so, which is faster.
        """
        if within and tree.dropped:
            return 0.0
        model = self.models[tree.model]
        if tree.hessian is None:
            tree.hessian = np.concatenate([[0.0], np.cumsum(model.hessian[tree.row])])
        sums, most, node, value, cost = self._sums, self._most, self._node, self._value, self._leaf_cost
        kept = self._kept
        within = within and not self.layers
        if within:
            kernels.sums_at_leaves(tree.row, tree.span, tree.leaf, tree.value, model.gradient, tree.hessian, sums)
        else:
            kernels.running_sums(tree.row, tree.span, tree.leaf, tree.value, model.gradient, model.of_row, sums, most)
        before = self._cost_of(tree, sums)
        terms = kernels.Terms(self.mode, self.ridge, tree.given, self._prior(tree), self.low, self.total)
        size = kernels.look_into(
            kernels.Branches(tree.span, tree.split_price), kernels.RunningSums(sums, most, tree.hessian), terms,
            penalty, self.layers or within, tree.leaf if within else tree.leaf[:0], kernels.Found(node, value, cost),
        )  # fmt: skip
        if self.layers:
            change = np.zeros(tree.depth.max() + 1)
            after, n_leaves = kernels.best_layer(tree.span, tree.depth, cost, tree.split_price, penalty, change, kept)
        else:
            after, n_leaves = kernels.best_pruning(
                tree.span, node[:size], cost, tree.split_price, penalty, self._waiting, self._stays, kept
            )
        kept = kept[:n_leaves]
        dropped = self.drop and after >= 0.0
        leaf, value = (tree.leaf[:0], value[:0]) if dropped else (node[kept], value[kept])
        if dropped:
            after, leaf, value = 0.0, np.zeros(1, np.int32), np.zeros((1, tree.value.shape[1]))
        fall = before + penalty * tree.price - after
        if fall <= 0.0:
            return 0.0
        self._set(tree, (leaf, value, dropped))
        return fall

    def cycle(self, penalty: float, within: bool = False) -> float:
        """One step for each tree; by how much the objective falls."""
        return sum(self.step(tree, penalty, within) for tree in self.trees)

    def descend(self, penalty: float, tol: float = 1e-3, max_cycles: int = 30):
        """Cycle until one over whole trees wins no more than `tol` of the objective."""
        within = self.n_nodes < self._unpruned  # pruned before: first prune that further
        for _ in range(max_cycles):
            done = self.cycle(penalty, within) <= tol * self.objective(penalty)
            if done and not within:
                break
            within = not done  # once pruning further wins nothing, look at whole trees again

    def take_out(self):
        """Adjust the gradients, which are given for the score without the trees, to the score with them."""
        for tree in self.trees:
            nothing = np.zeros(1, np.int32), np.zeros((1, tree.value.shape[1]))
            model = self.models[tree.model]
            kernels.move(tree.row, tree.span, *nothing, tree.leaf, tree.value, model.of_row, model.gradient)

    def state(self) -> list:
        """What `restore` needs to come back to the present prunings."""
        return [(tree.leaf, tree.value, tree.dropped) for tree in self.trees]

    def restore(self, state: list):
        """Go back to the prunings of an earlier `state`."""
        for tree, earlier in zip(self.trees, state, strict=True):
            self._set(tree, earlier)

    def _set(self, tree, state):
        leaf, value, dropped = state
        model = self.models[tree.model]
        kernels.move(tree.row, tree.span, tree.leaf, tree.value, leaf, value, model.of_row, model.gradient)
        tree.leaf, tree.value, tree.dropped = leaf, value, dropped

    def _prior(self, tree):
        """What the value of each node as a leaf is shrunk towards; empty: zero."""
        return tree.given if self.anchored else tree.given[:0]

    def _cost_of(self, tree, sums):
        """What a tree as it is adds to the loss and the ridge penalty."""
        if tree.dropped:
            return 0.0
        return kernels.cost_of(tree.span, tree.leaf, tree.value, sums, tree.hessian, self.ridge, self._prior(tree))

    def _cost(self, penalty):
        squares = 0.0
        for tree in self.trees:
            if not tree.dropped:
                away = tree.value - tree.given[tree.leaf] if self.anchored else tree.value
                squares += float((away**2).sum())
        return 0.5 * self.ridge * squares + penalty * sum(tree.price for tree in self.trees)
