"""Block descent over the trees of an ensemble: each step prunes one tree exactly, all others as they are.

The ensemble is additive: the score of a row is a constant plus the values of the leaves that it reaches. Minimised is

    sum of w loss(y, score) + ridge / 2 |values of the leaves|^2 + penalty (number of nodes + prices of the splits).

To second order (exactly, for the squared error), what one tree adds to the loss with all others fixed is a sum over
its leaves of ``-G v + H v^2 / 2``, with G and H the sums of negative gradients and of hessians over the leaf's rows. A
leaf's best value is then ``G / (H + ridge)``, and it wins ``G^2 / (2 (H + ridge))`` (Chen & Guestrin 2016, eq. 5 and
6); where values are shrunk towards priors in place of zero, ``(G + ridge prior) / (H + ridge)``. With the rows sorted
by leaf, the rows of every node are a slice, and running sums over the rows give G and H of any node. One bottom-up pass
over costs finds the best of all prunings of the tree, in O(rows + nodes); a tree that does not earn its nodes goes
altogether.

No branch can win more than its rows could if each had a value of its own, ``Q = sum of g^2 / 2 h``. So a node whose
Q exceeds what it wins as a leaf by no more than the price of a split and a leaf need not be looked into, which spares
much of a deep tree and changes nothing.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.compilation import kernel, part
from ..core.rows import rows_by_leaf


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
        #: The hessian, as one number where it is the same for all rows, which spares looking it up row by row.
        self.of_row = self.hessian[:1] if (self.hessian == self.hessian[0]).all() else self.hessian

    @property
    def loss(self) -> float:
        """What is left to win: 0 where every row has its best score; half the squared error of least squares."""
        safe = np.where(self.hessian > 0, self.hessian, np.inf)
        return float(((self.gradient**2).sum(axis=1) / (2.0 * safe)).sum())


@dataclass(eq=False)
class Tree:
    """One tree of the ensemble and its present pruning, with node ids of its own.

    Parameters
    ----------
    span : ndarray of int32, shape (n_nodes, 3)
        The whole tree in preorder: for each node, one past the last node of its subtree and, in `row`, its first row
        and one past its last. Side by side, since trees are large and memory is slow.
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
    def of(cls, end, depth, split_price, leaf_of_row, value, model=0) -> "Tree":
        """An unpruned tree, by the leaf of each row (-1: the row does not count) and the value of each node."""
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
        return 0.0 if self.dropped else _price(self.span, self.split_price, self.leaf)


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
        """Give one tree its best pruning; by how much the objective falls (0: the tree stays as it is).

        With `within`, the best of the prunings of the present pruning only, which is faster.
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
            _sums_at_leaves(tree.row, tree.span, tree.leaf, tree.value, model.gradient, tree.hessian, sums)
        else:
            _running_sums(tree.row, tree.span, tree.leaf, tree.value, model.gradient, model.of_row, sums, most)
        before = self._cost_of(tree, sums)
        size = _look_into(
            tree.span, tree.split_price, sums, most, tree.hessian, penalty, self.ridge,
            self.mode, tree.given, self._prior(tree), self.low, self.total, self.layers or within,
            tree.leaf if within else tree.leaf[:0], node, value, cost,
        )  # fmt: skip
        if self.layers:
            change = np.zeros(tree.depth.max() + 1)
            after, n_leaves = _best_layer(tree.span, tree.depth, cost, tree.split_price, penalty, change, kept)
        else:
            after, n_leaves = _best_pruning(
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
        within = self.n_nodes < self._unpruned  # from an earlier pruning, first within that
        for _ in range(max_cycles):
            done = self.cycle(penalty, within) <= tol * self.objective(penalty)
            if done and not within:
                break
            within = not done  # whole trees again once nothing is left to win within the present prunings

    def take_out(self):
        """Take the trees' values out of gradients that are those of the score without them."""
        for tree in self.trees:
            nothing = np.zeros(1, np.int32), np.zeros((1, tree.value.shape[1]))
            model = self.models[tree.model]
            move(tree.row, tree.span, *nothing, tree.leaf, tree.value, model.of_row, model.gradient)

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
        move(tree.row, tree.span, tree.leaf, tree.value, leaf, value, model.of_row, model.gradient)
        tree.leaf, tree.value, tree.dropped = leaf, value, dropped

    def _prior(self, tree):
        """What the value of each node as a leaf is shrunk towards; empty: zero."""
        return tree.given if self.anchored else tree.given[:0]

    def _cost_of(self, tree, sums):
        """What a tree as it is adds to the loss and the ridge penalty."""
        if tree.dropped:
            return 0.0
        return _cost_of(tree.span, tree.leaf, tree.value, sums, tree.hessian, self.ridge, self._prior(tree))

    def _cost(self, penalty):
        squares = 0.0
        for tree in self.trees:
            if not tree.dropped:
                away = tree.value - tree.given[tree.leaf] if self.anchored else tree.value
                squares += float((away**2).sum())
        return 0.5 * self.ridge * squares + penalty * sum(tree.price for tree in self.trees)


@kernel
def _running_sums(row, span, leaf, value, gradient, hessian, sums, most):
    """Sums, over the rows before each, of gradients without the tree's own value, and of what each could win."""
    n_columns, h = gradient.shape[1], hessian[0]
    half = 0.5 / h if h > 0.0 else 0.0
    for i in range(len(leaf)):
        for at in range(span[leaf[i], 1], span[leaf[i], 2]):
            if len(hessian) > 1:
                h = hessian[row[at]]
                half = 0.5 / h if h > 0.0 else 0.0
            square = 0.0
            for k in range(n_columns):
                g = gradient[row[at], k] + h * value[i, k]
                sums[at + 1, k] = sums[at, k] + g
                square += g * g
            most[at + 1] = most[at] + half * square


@kernel
def _sums_at_leaves(row, span, leaf, value, gradient, hessian, sums):
    """The same sums of gradients, at the ends of the leaves only; `hessian` are running sums as well."""
    for i in range(len(leaf)):
        first, last = span[leaf[i], 1], span[leaf[i], 2]
        curvature = hessian[last] - hessian[first]
        for k in range(gradient.shape[1]):
            total = sums[first, k] + curvature * value[i, k]
            for at in range(first, last):
                total += gradient[row[at], k]
            sums[last, k] = total


@kernel
def _cost_of(span, leaf, value, sums, hessian, ridge, prior):
    """What a pruning with given values adds to the loss and the ridge penalty."""
    cost = 0.0
    for i in range(len(leaf)):
        first, last = span[leaf[i], 1], span[leaf[i], 2]
        curvature = hessian[last] - hessian[first]
        for k in range(value.shape[1]):
            away = value[i, k] - (prior[leaf[i], k] if len(prior) else 0.0)
            cost += value[i, k] * (0.5 * curvature * value[i, k] - (sums[last, k] - sums[first, k]))
            cost += 0.5 * ridge * away * away
    return cost


@kernel
def _look_into(
    span, split_price, sums, most, hessian, penalty, ridge, mode, given, prior, low, total, everything, bottom,
    nodes, values, costs,
):  # fmt: skip
    """Nodes that a best pruning may reach, in preorder, with the value and the cost of each as a leaf; how many.

    None below the nodes `bottom` (ascending, none below another).
    """
    n_nodes, n_columns = len(span), sums.shape[1]
    size, node, at_bottom = 0, 0, 0
    while node < n_nodes:
        first, last = span[node, 1], span[node, 2]
        curvature = hessian[last] - hessian[first]
        for k in range(n_columns):
            towards = prior[node, k] if len(prior) else 0.0
            if mode == 1:
                values[size, k] = given[node, k]
            elif curvature + ridge > 0.0:
                values[size, k] = (sums[last, k] - sums[first, k] + ridge * towards) / (curvature + ridge)
            else:
                values[size, k] = towards
        if mode == 2:
            _project(values[size], low, total)
        cost = 0.0
        for k in range(n_columns):
            away = values[size, k] - (prior[node, k] if len(prior) else 0.0)
            cost += values[size, k] * (0.5 * curvature * values[size, k] - (sums[last, k] - sums[first, k]))
            cost += 0.5 * ridge * away * away
        nodes[size], costs[size] = node, cost + penalty
        size += 1
        dearer = split_price[node] if len(split_price) else 0.0
        best_below = penalty * (2.0 + dearer) - (most[last] - most[first])
        deeper = everything or best_below < cost
        if len(bottom) and node == bottom[at_bottom]:
            deeper = False
        if deeper:
            node += 1
            continue
        node = span[node, 0]
        while at_bottom < len(bottom) - 1 and bottom[at_bottom] < node:
            at_bottom += 1
    return size


@part
def _project(x, low, total):
    """Nearest point with ``x >= low`` and ``sum(x - low) == total``, in place (Michelot 1986)."""
    if len(x) == 1:
        x[0] = min(max(x[0], low[0]), low[0] + total)
        return
    shift, n_before = -np.inf, 0
    while True:
        above, n = -total, 0
        for k in range(len(x)):
            if x[k] - low[k] > shift:
                above += x[k] - low[k]
                n += 1
        if n == 0 or n == n_before:
            break
        shift, n_before = above / n, n
    for k in range(len(x)):
        x[k] = low[k] + max(x[k] - low[k] - shift, 0.0)


@kernel
def _best_pruning(span, node, leaf_cost, split_price, penalty, waiting, stays, leaves):
    """Cost of the cheapest pruning of the nodes looked into, and the number of its leaves; ties prune.

    ``leaves`` is filled with their positions. On the stack ``waiting`` are the best costs of subtrees whose parents
    are still to come; ``stays`` is scratch space.
    """
    size, n_waiting = len(node), 0
    for i in range(size - 1, -1, -1):
        best = leaf_cost[i]
        stays[i] = False
        if i + 1 < size and node[i + 1] < span[node[i], 0]:
            branch = (
                penalty * (1.0 + (split_price[node[i]] if len(split_price) else 0.0))
                + waiting[n_waiting - 1]
                + waiting[n_waiting - 2]
            )
            n_waiting -= 2
            if branch < best:
                best, stays[i] = branch, True
        waiting[n_waiting] = best
        n_waiting += 1
    n_leaves, past = 0, 0
    for i in range(size):
        if node[i] >= past and not stays[i]:
            leaves[n_leaves] = i
            n_leaves += 1
            past = span[node[i], 0]
    return waiting[0], n_leaves


@kernel
def _best_layer(span, depth, leaf_cost, split_price, penalty, change, leaves):
    """Cost of a whole tree cut at the depth where that is least, and the number of its leaves; ties: the shallower.

    ``leaves`` is filled with them, ``change``, zeros at first, with what the cut's move down to each layer adds.
    """
    for node in range(len(span)):
        if node > 0:
            change[depth[node]] += leaf_cost[node]
        if span[node, 0] > node + 1:
            change[depth[node] + 1] += (
                penalty * (1.0 + (split_price[node] if len(split_price) else 0.0)) - leaf_cost[node]
            )
    cost = leaf_cost[0]
    layer, least = 0, cost
    for d in range(1, len(change)):
        cost += change[d]
        if cost < least:
            layer, least = d, cost
    n_leaves = 0
    for node in range(len(span)):
        if depth[node] == layer or (depth[node] < layer and span[node, 0] == node + 1):
            leaves[n_leaves] = node
            n_leaves += 1
    return least, n_leaves


@kernel
def _price(span, split_price, leaf):
    """Number of nodes and prices of the splits of a pruning."""
    price, node = 2.0 * len(leaf) - 1.0, 0
    if len(split_price) == 0:
        return price
    for i in range(len(leaf)):
        while node < leaf[i]:  # what stands before a leaf and after the last one is a split above it
            price += split_price[node]
            node += 1
        node = span[leaf[i], 0]
    return price


@kernel
def move(row, span, old_leaf, old_value, leaf, value, hessian, gradient):
    """Take hessian times what a pruning adds more than an earlier one off the gradients, in place."""
    i, old, first = 0, 0, 0
    while i < len(leaf) and old < len(old_leaf):  # rows that an old and a new leaf have in common
        last = min(span[leaf[i], 2], span[old_leaf[old], 2])
        for at in range(first, last):
            scale = hessian[row[at]] if len(hessian) > 1 else hessian[0]
            for k in range(value.shape[1]):
                gradient[row[at], k] -= scale * (value[i, k] - old_value[old, k])
        first = last
        i, old = i + (last == span[leaf[i], 2]), old + (last == span[old_leaf[old], 2])
