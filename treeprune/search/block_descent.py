"""Block descent over the trees of an ensemble: each step prunes one tree exactly, all others as they are.

The ensemble is additive: the score of a row is a constant plus the values of the leaves that it reaches. Minimised is

    sum of w loss(y, score) + ridge / 2 |values of the leaves|^2 + penalty (number of nodes + prices of the splits).

To second order (exactly, for the squared error), what one tree adds to the loss with all others fixed is a sum over its
leaves of ``-G v + H v^2 / 2``, with G and H the sums of negative gradients and of hessians over the leaf's rows. A leaf's
best value is then ``G / (H + ridge)``, and it wins ``G^2 / (2 (H + ridge))`` (Chen & Guestrin 2016, eq. 5 and 6). One
pass over the rows and one over the nodes give the sums of all nodes, and one bottom-up pass over costs finds the best of
all prunings of the tree. A tree that does not earn its nodes goes altogether.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.kernels import kernel
from .bottom_up import _cheapest


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

    @property
    def loss(self) -> float:
        """What is left to win: 0 where every row has its best score; half the squared error of least squares."""
        safe = np.maximum(self.hessian, np.finfo(np.float64).tiny)
        return float((self.gradient**2).sum(axis=1) @ (0.5 / safe))


@dataclass(eq=False)
class Tree:
    """One tree of the ensemble and its present pruning, with node ids of its own.

    Attributes
    ----------
    index : int
        Position of the tree in its forest.
    leaf : ndarray of int32, shape (n_rows,)
        Leaf of each row in the whole tree; -1 where the row does not count in this tree.
    children_left, children_right, end, depth : ndarray of int32, shape (n_nodes,)
        The whole tree, in preorder.
    split_price : ndarray of float64, shape (n_nodes,)
        What a split costs, in nodes, itself included.
    value : ndarray of float64, shape (n_nodes, n_columns)
        What the tree adds to the score of rows in each node; below a leaf of the pruning, that leaf's value.
    model : int
        Position of the `Quadratic` that the tree adds to.
    collapse : ndarray of bool, shape (n_nodes,)
        Leaves of the present pruning and all nodes below them.
    n_nodes : int
        Nodes of the present pruning; 0: the tree is dropped.
    """

    index: int
    leaf: NDArray[np.int32]
    children_left: NDArray[np.int32]
    children_right: NDArray[np.int32]
    end: NDArray[np.int32]
    depth: NDArray[np.int32]
    split_price: NDArray[np.float64]
    value: NDArray[np.float64]
    model: int = 0
    collapse: NDArray[np.bool_] = field(init=False)
    n_nodes: int = field(init=False)
    hessian: NDArray[np.float64] | None = field(default=None, init=False)
    given: NDArray[np.float64] = field(init=False)

    def __post_init__(self):
        self.collapse = self.children_left < 0
        self.n_nodes = len(self.collapse)
        self.given = self.value

    @property
    def leaves(self) -> NDArray[np.int32]:
        """Leaves of the present pruning, ascending."""
        return _kept_leaves(self.collapse, self.end) if self.n_nodes else np.empty(0, np.int32)


class BlockDescent:
    """The state of the descent; `cycle` and `descend` move it.

    Parameters
    ----------
    trees : list of Tree
    models : list of Quadratic
        They are changed as the score moves.
    ridge : float
        Penalty of squared values, in units of row weight.
    values : {"free", "given", "simplex"}
        Whether leaves take their best value, keep the one that they have at the start, or take the best value with
        ``value - low >= 0`` in every column and ``sum of (value - low) == total`` (``<= total`` if there is but one).
    low, total : ndarray of float64 of shape (n_columns,), float
        Of the simplex.
    layers : bool
        Whether a tree may only be cut at a depth, the same for all of its branches.
    drop : bool
        Whether trees may go altogether.
    """

    def __init__(self, trees, models, *, ridge=0.0, values="free", low=None, total=1.0, layers=False, drop=True):
        self.trees, self.models, self.ridge = trees, models, float(ridge)
        self.mode = ("free", "given", "simplex").index(values)
        self.low = np.zeros(models[0].gradient.shape[1]) if low is None else np.asarray(low, dtype=np.float64)
        self.total, self.layers, self.drop = float(total), layers, drop

    @property
    def n_nodes(self) -> int:
        """Nodes of all trees as they are now."""
        return sum(tree.n_nodes for tree in self.trees)

    def objective(self, penalty: float) -> float:
        """The present value of what is minimised, under the models of the loss."""
        return sum(model.loss for model in self.models) + sum(
            0.5 * self.ridge * float((tree.value[tree.leaves] ** 2).sum()) + penalty * self._price(tree)
            for tree in self.trees
        )

    def step(self, tree: Tree, penalty: float) -> float:
        """Give one tree its best pruning; by how much the objective falls (never below 0 but for rounding)."""
        model = self.models[tree.model]
        if tree.hessian is None:
            tree.hessian = np.zeros((len(tree.end), 1))
            _leaf_sums(tree.leaf, model.hessian[:, None], tree.hessian)
            tree.hessian = _node_sums(tree.children_left, tree.children_right, tree.hessian)[:, 0]
        sums = np.zeros_like(tree.value)
        _leaf_sums(tree.leaf, model.gradient, sums)
        best, cost = np.empty_like(tree.value), np.empty(len(sums))
        _node_values(
            tree.children_left, tree.children_right, tree.hessian, tree.value, tree.given, self.ridge,
            self.mode, self.low, self.total, sums, best, cost,
        )  # fmt: skip
        before = _cost_of(tree.collapse, tree.end, sums, tree.hessian, tree.value, self.ridge) if tree.n_nodes else 0.0
        before += penalty * self._price(tree)
        after, n_nodes, collapse = self._choose(tree, cost + penalty, penalty)
        if self.drop and after >= 0.0:
            after, n_nodes, collapse = 0.0, 0, np.ones(len(cost), bool)
            best[:] = 0.0
        if after < before:  # what rounding alone would change stays
            _spread(collapse, tree.end, best)
            _move(tree.leaf, best - tree.value, model.hessian, model.gradient)
            tree.value, tree.collapse, tree.n_nodes = best, collapse, n_nodes
        return max(before - after, 0.0)

    def cycle(self, penalty: float) -> float:
        """One step for each tree; by how much the objective falls."""
        return sum(self.step(tree, penalty) for tree in self.trees)

    def descend(self, penalty: float, tol: float = 1e-3, max_cycles: int = 30) -> int:
        """Cycle until one wins less than `tol` of the objective; the number of cycles."""
        for cycle in range(1, max_cycles + 1):
            if self.cycle(penalty) <= tol * self.objective(penalty):
                break
        return cycle

    def state(self) -> list:
        """What `restore` needs to come back to the present prunings."""
        return [(tree.value, tree.collapse, tree.n_nodes) for tree in self.trees]

    def restore(self, state: list):
        """Go back to the prunings of an earlier `state`."""
        for tree, (value, collapse, n_nodes) in zip(self.trees, state, strict=True):
            model = self.models[tree.model]
            _move(tree.leaf, value - tree.value, model.hessian, model.gradient)
            tree.value, tree.collapse, tree.n_nodes = value, collapse, n_nodes

    def replace(self, models: list[Quadratic]):
        """Go on from the present trees with other models of the loss."""
        self.models = models
        for tree in self.trees:
            tree.hessian = None

    def _choose(self, tree, leaf_cost, penalty):
        if self.layers:
            collapse = tree.depth >= _best_layer(tree.children_left, tree.depth, leaf_cost, penalty * tree.split_price)
            collapse |= tree.children_left < 0
        else:
            collapse = _cheapest(tree.children_left, tree.children_right, leaf_cost, penalty * tree.split_price, 0.0)
            collapse |= tree.children_left < 0
        cost, n_nodes = _total(collapse, tree.end, leaf_cost, penalty * tree.split_price)
        return cost, n_nodes, collapse

    def _price(self, tree):
        return _total(tree.collapse, tree.end, np.ones(len(tree.end)), tree.split_price)[0] if tree.n_nodes else 0.0


@kernel
def _leaf_sums(leaf, x, sums):
    """Add the columns of x to the leaf of each row."""
    for row in range(len(leaf)):
        node = leaf[row]
        if node >= 0:
            for k in range(x.shape[1]):
                sums[node, k] += x[row, k]


@kernel
def _node_sums(children_left, children_right, sums):
    """Turn sums over the rows of leaves into those of nodes, in place."""
    for node in range(len(sums) - 1, -1, -1):
        if children_left[node] >= 0:
            for k in range(sums.shape[1]):
                sums[node, k] = sums[children_left[node], k] + sums[children_right[node], k]
    return sums


@kernel
def _node_values(
    children_left, children_right, hessian, value, given, ridge, mode, low, total, sums, best, cost
):  # fmt: skip
    """Best value of each node as a leaf and what it adds to the objective; `sums` become those of nodes.

    At the leaves, `sums` come with the tree's own value in the score; ``hessian * value`` takes that out.
    """
    n_columns = sums.shape[1]
    for node in range(len(cost) - 1, -1, -1):
        left, right = children_left[node], children_right[node]
        curvature = hessian[node] + ridge
        cost[node] = 0.0
        for k in range(n_columns):
            if left < 0:
                sums[node, k] += hessian[node] * value[node, k]
            else:
                sums[node, k] = sums[left, k] + sums[right, k]
            if mode == 1:
                best[node, k] = given[node, k]
            else:
                best[node, k] = sums[node, k] / curvature if curvature > 0.0 else 0.0
        if mode == 2:
            _project(best[node], low, total)
        for k in range(n_columns):
            cost[node] += best[node, k] * (0.5 * curvature * best[node, k] - sums[node, k])


@kernel
def _project(x, low, total):
    """Nearest point with ``x >= low`` and ``sum(x - low) == total``, in place (Held, Wolfe & Crowder 1974)."""
    if len(x) == 1:
        x[0] = min(max(x[0], low[0]), low[0] + total)
        return
    falling = np.sort(x - low)[::-1]
    above, shift = 0.0, 0.0
    for k in range(len(x)):
        above += falling[k]
        if falling[k] > (above - total) / (k + 1):
            shift = (above - total) / (k + 1)
    for k in range(len(x)):
        x[k] = low[k] + max(x[k] - low[k] - shift, 0.0)


@kernel
def _cost_of(collapse, end, sums, hessian, value, ridge):
    """What the leaves of a pruning add to the objective under given values."""
    node, cost = 0, 0.0
    while node < len(end):
        if collapse[node]:
            for k in range(sums.shape[1]):
                cost += value[node, k] * (0.5 * (hessian[node] + ridge) * value[node, k] - sums[node, k])
            node = end[node]
        else:
            node += 1
    return cost


@kernel
def _total(collapse, end, leaf_cost, split_cost):
    """Cost and number of nodes of a pruning."""
    node, cost, n_nodes = 0, 0.0, 0
    while node < len(end):
        n_nodes += 1
        if collapse[node]:
            cost += leaf_cost[node]
            node = end[node]
        else:
            cost += split_cost[node]
            node += 1
    return cost, n_nodes


@kernel
def _kept_leaves(collapse, end):
    leaves = np.empty(len(end), np.int32)
    node, size = 0, 0
    while node < len(end):
        if collapse[node]:
            leaves[size] = node
            size += 1
            node = end[node]
        else:
            node += 1
    return leaves[:size].copy()


@kernel
def _best_layer(children_left, depth, leaf_cost, split_cost):
    """Depth at which cutting a whole tree costs least; ties go to the shallower."""
    deepest = depth.max()
    change = np.zeros(deepest + 2)  # of the cost as the cut moves one layer down
    for node in range(len(depth)):
        if children_left[node] >= 0:
            change[depth[node] + 1] += split_cost[node] - leaf_cost[node]
        if node > 0:
            change[depth[node]] += leaf_cost[node]
    best, least, cost = 0, 0.0, 0.0
    for layer in range(1, deepest + 1):
        cost += change[layer]
        if cost < least:
            best, least = layer, cost
    return best


@kernel
def _spread(collapse, end, value):
    """Give all nodes below a leaf of the pruning that leaf's value and make them leaves, too."""
    node = 0
    while node < len(end):
        if collapse[node]:
            for below in range(node + 1, end[node]):
                collapse[below] = True
                for k in range(value.shape[1]):
                    value[below, k] = value[node, k]
            node = end[node]
        else:
            node += 1


@kernel
def _move(leaf, change, hessian, gradient):
    """Gradients after a change of the score by the change of each row's leaf."""
    for row in range(len(leaf)):
        node = leaf[row]
        if node >= 0:
            for k in range(change.shape[1]):
                gradient[row, k] -= hessian[row] * change[node, k]
