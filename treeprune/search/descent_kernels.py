"""The loops of block descent over rows and nodes, and the arrays that they share.

Rows are sorted by leaf, so that those of any node are the slice ``span[node, 1]:span[node, 2]``, and a sum over them is
the difference between two running sums. `block_descent` says what the sums are for.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core.compilation import kernel, part


class Branches(NamedTuple):
    """A whole tree: `span` and `split_price` of a `block_descent.Tree`."""

    span: NDArray[np.int32]
    split_price: NDArray[np.float64]


class RunningSums(NamedTuple):
    """Sums over the rows of a tree before each, one entry more than there are rows.

    Attributes
    ----------
    gradient : ndarray of float64, shape (n_rows + 1, n_columns)
        Of negative gradients, without what the tree itself adds.
    most : ndarray of float64, shape (n_rows + 1,)
        Of what each row could win if it had a value of its own.
    hessian : ndarray of float64, shape (n_rows + 1,)
    """

    gradient: NDArray[np.float64]
    most: NDArray[np.float64]
    hessian: NDArray[np.float64]


class Terms(NamedTuple):
    """What the values of leaves may be and what they cost; see `block_descent.BlockDescent`.

    Attributes
    ----------
    mode : int
        0: free, 1: `given`, 2: in the simplex of `low` and `total`.
    ridge : float
    given, prior : ndarray of float64, shape (n_nodes, n_columns)
        Values of nodes at the start, and what `ridge` shrinks values towards; an empty prior: zero.
    low : ndarray of float64, shape (n_columns,)
    total : float
    """

    mode: int
    ridge: float
    given: NDArray[np.float64]
    prior: NDArray[np.float64]
    low: NDArray[np.float64]
    total: float


class Found(NamedTuple):
    """Nodes that a best pruning may reach, in preorder, with the value and the cost of each as a leaf."""

    node: NDArray[np.int32]
    value: NDArray[np.float64]
    cost: NDArray[np.float64]


@kernel
def running_sums(row, span, leaf, value, gradient, hessian, sums, most):
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
def sums_at_leaves(row, span, leaf, value, gradient, hessian, sums):
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
def cost_of(span, leaf, value, sums, hessian, ridge, prior):
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
def look_into(tree, sums, terms, penalty, everything, bottom, found):
    """Fill ``found`` with the nodes that a best pruning may reach, in preorder; how many.

    No node below one of `bottom` (ascending, none below another) is looked at. Unless `everything` is set, a branch is
    also skipped where its rows, even if each had a value of its own, could not win what one more split and leaf cost.
    """
    n_nodes, n_columns = len(tree.span), sums.gradient.shape[1]
    size, node, at_bottom = 0, 0, 0
    while node < n_nodes:
        first, last = tree.span[node, 1], tree.span[node, 2]
        curvature = sums.hessian[last] - sums.hessian[first]
        for k in range(n_columns):
            towards = terms.prior[node, k] if len(terms.prior) else 0.0
            if terms.mode == 1:
                found.value[size, k] = terms.given[node, k]
            elif curvature + terms.ridge > 0.0:
                pull = sums.gradient[last, k] - sums.gradient[first, k] + terms.ridge * towards
                found.value[size, k] = pull / (curvature + terms.ridge)
            else:
                found.value[size, k] = towards
        if terms.mode == 2:
            _project(found.value[size], terms.low, terms.total)
        cost = 0.0
        for k in range(n_columns):
            value = found.value[size, k]
            away = value - (terms.prior[node, k] if len(terms.prior) else 0.0)
            cost += value * (0.5 * curvature * value - (sums.gradient[last, k] - sums.gradient[first, k]))
            cost += 0.5 * terms.ridge * away * away
        found.node[size], found.cost[size] = node, cost + penalty
        size += 1
        dearer = tree.split_price[node] if len(tree.split_price) else 0.0
        best_below = penalty * (2.0 + dearer) - (sums.most[last] - sums.most[first])
        deeper = everything or best_below < cost
        if len(bottom) and node == bottom[at_bottom]:
            deeper = False
        if deeper:
            node += 1
            continue
        node = tree.span[node, 0]
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
def best_pruning(span, node, leaf_cost, split_price, penalty, waiting, stays, leaves):
    """Cost of the cheapest pruning of the nodes looked into, and the number of its leaves; ties prune.

    ``leaves`` is filled with their positions. The first pass runs in reverse preorder, where a node comes right after
    its two branches, whose best costs are then on top of the stack ``waiting``. It notes in ``stays`` where the split
    is worth its price. The second pass, in preorder, takes the topmost nodes where the split is not.
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
def best_layer(span, depth, leaf_cost, split_price, penalty, change, leaves):
    """Cost of the tree cut at the depth where that costs least, and the number of its leaves; ties: the shallower.

    ``leaves`` is filled with them. ``change`` comes with zeros and is filled with what each layer adds to the cost of a
    cut at the layer above.
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
def price(span, split_price, leaf):
    """Number of nodes and prices of the splits of a pruning."""
    price, node = 2.0 * len(leaf) - 1.0, 0
    if len(split_price) == 0:
        return price
    for i in range(len(leaf)):
        while node < leaf[i]:  # in preorder, nodes between two leaves are splits above the second
            price += split_price[node]
            node += 1
        node = span[leaf[i], 0]
    return price


@kernel
def move(row, span, old_leaf, old_value, leaf, value, hessian, gradient):
    """Update negative gradients, in place, when a tree goes from an old pruning to a new one.

    A row's gradient falls by its hessian times the difference between its new and its old value. Rows are sorted by
    leaf, so the leaves of each pruning cut them into consecutive slices. The two lists of slices are walked as in a
    merge: ``first:last`` is the longest run of rows that share both their old and their new leaf, and at its end the
    old leaf, the new one, or both give way to the next.
    """
    i, old, first = 0, 0, 0
    while i < len(leaf) and old < len(old_leaf):
        last = min(span[leaf[i], 2], span[old_leaf[old], 2])
        for at in range(first, last):
            scale = hessian[row[at]] if len(hessian) > 1 else hessian[0]
            for k in range(value.shape[1]):
                gradient[row[at], k] -= scale * (value[i, k] - old_value[old, k])
        first = last
        i, old = i + (last == span[leaf[i], 2]), old + (last == span[old_leaf[old], 2])
