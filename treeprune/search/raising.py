"""Error-based pruning with subtree raising, which moves rows while it prunes."""

from collections import namedtuple

import numpy as np

from ..core.kernels import kernel
from .error_limit import error_limit

#: Rows: their numbers, class and weight; `next` links the rows that are parked at the same node, from `first` on; where
#: a row would end, if the raise that is being weighed came about, is its `leaf`.
_RowList = namedtuple("_RowList", "X code weight first next leaf")

#: The tree as it is by now. Nodes in `todo` are to be looked at: all at first, then those that rows moved into.
_Tree = namedtuple(
    "_Tree", "left right parent end feature threshold missing_left strict leaf todo source counts n_rows limit extra"
)


def prune_and_raise(forest, class_weight, rows, confidence, z, slack):
    """Collapse nodes, or put their largest branch in their place, by upper limits of training errors.

    From the leaves up, a node becomes a leaf if the limit of its own errors is at most that of its branch, and at most
    that of all its rows under its largest branch, each plus the slack. Otherwise, if the largest branch with all rows
    is no worse than the branch (plus the slack), it takes the node's place and is pruned again, now with those rows.
    This is the order of C4.5's successor J48 (Quinlan 1993; Witten & Frank 2005, section 6.1).

    To weigh a raise, only the rows of the smaller side need to be sent down the larger: their steps number O(n log n)
    times the depth for n rows, however the tree is grown.

    Parameters
    ----------
    forest : Forest
        A canonical forest of classification trees with one output.
    class_weight : ndarray of float64, shape (n_nodes, n_classes)
        Weights of the rows of each node.
    rows : Rows
        The rows that these are sums of.
    confidence, z, slack : float
        See `error_limits`; what a smaller tree may be worse by.

    Returns
    -------
    collapse : ndarray of bool, shape (n_nodes,)
    source : ndarray of int32, shape (n_nodes,)
        The node that takes the place of each.
    class_weight, n_rows : ndarray
        Sums over rows where they are now.
    """
    X = rows.compared()
    n = forest.n_nodes
    missing = np.zeros(n, bool) if forest.missing_go_to_left is None else forest.missing_go_to_left
    n_rows, code = rows.statistics.n_rows.copy(), rows.target[:, 0].astype(np.int64)
    tree = _Tree(
        left=forest.children_left.copy(),
        right=forest.children_right.copy(),
        parent=forest.parent.copy(),
        end=forest.end,
        feature=forest.feature,
        threshold=forest.threshold,
        missing_left=missing,
        strict=forest.comparison == "<",
        leaf=forest.is_leaf.copy(),
        todo=np.ones(n, np.bool_),
        source=np.arange(n, dtype=np.int32),
        counts=class_weight.copy(),
        n_rows=n_rows,
        limit=np.zeros(n),
        extra=np.zeros(class_weight.shape),
    )
    for t in range(forest.n_trees):
        leaf = rows.leaf_ids(t)
        order = np.argsort(leaf, kind="stable")  # rows of one branch side by side: much fewer cache misses
        order = order[np.searchsorted(leaf[order], 0) :]  # without rows that do not count in this tree
        first, following = np.full(n, -1, np.int64), np.full(len(order), -1, np.int64)
        at = np.empty(len(order), np.int32)
        row_list = _RowList(X[order], code[order], rows.sample_weight[order], first, following, at)
        astray = _park(tree, row_list, forest.root[t], leaf[order])
        if astray >= 0:
            raise ValueError(
                f"Row {order[astray]} ends in another leaf than the splits of the model say; it cannot be moved."
            )
        _prune(tree, row_list, forest.start[t], forest.start[t + 1], confidence, z, slack)
    for node in range(n - 1, -1, -1):  # what took a place may have lost it to one of its own branches
        if tree.source[node] != node:
            tree.source[node] = tree.source[tree.source[node]]
    return tree.leaf & ~forest.is_leaf, tree.source, tree.counts, n_rows


@kernel
def _park(tree, rows, root, leaf):
    """Link the rows of each leaf; the first row that the stated splits send elsewhere, or -1."""
    for row in range(len(leaf)):
        if _descend(tree, rows.X, row, root) != leaf[row]:
            return row
        rows.next[row] = rows.first[leaf[row]]
        rows.first[leaf[row]] = row
    return -1


@kernel
def _descend(tree, X, row, node):
    """The leaf, of the tree as it is by now, that a row reaches from a node."""
    while not tree.leaf[node]:
        node = tree.left[node] if _goes_left(tree, X, row, node) else tree.right[node]
    return node


@kernel
def _goes_left(tree, X, row, node):
    x = X[row, tree.feature[node]]
    if np.isnan(x):
        return tree.missing_left[node]
    return x < tree.threshold[node] if tree.strict else x <= tree.threshold[node]


@kernel
def _limit(counts, extra, node, confidence, z):
    total, most = 0.0, 0.0
    for k in range(counts.shape[1]):
        weight = counts[node, k] + extra[node, k]
        total += weight
        most = max(most, weight)
    return error_limit(total, total - most, confidence, z)


@kernel
def _prune(tree, rows, start, stop, confidence, z, slack):
    node = stop
    while node > start:
        node -= 1
        if not tree.todo[node]:
            continue
        tree.todo[node] = False
        own = _limit(tree.counts, tree.extra, node, confidence, z)
        if tree.leaf[node]:
            tree.limit[node] = own
            continue
        left, right = tree.left[node], tree.right[node]
        branch = tree.limit[left] + tree.limit[right]
        tree.limit[node] = branch
        large, small = (left, right) if tree.counts[left].sum() > tree.counts[right].sum() else (right, left)
        raised = _raised_limit(tree, rows, large, small, confidence, z)
        if own <= min(branch, raised) + slack:
            tree.leaf[node] = True
            tree.limit[node] = own
        elif raised <= branch + slack:
            node = _raise(tree, rows, node, large, small) + 1  # prune again what has changed of the raised branch


@kernel
def _raised_limit(tree, rows, large, small, confidence, z):
    """Limit of the errors of the larger branch, if it had the rows of the smaller one too."""
    limit = tree.limit[large]
    for place in range(small, tree.end[small]):
        row = rows.first[place]
        while row >= 0:
            leaf = rows.leaf[row] = _descend(tree, rows.X, row, large)
            tree.extra[leaf, rows.code[row]] += rows.weight[row]
            row = rows.next[row]
    for place in range(small, tree.end[small]):
        row = rows.first[place]
        while row >= 0:
            leaf = rows.leaf[row]
            if tree.extra[leaf, rows.code[row]] > 0.0:  # the first row that comes back to the leaf settles it
                limit += _limit(tree.counts, tree.extra, leaf, confidence, z) - tree.limit[leaf]
                tree.extra[leaf] = 0.0
            row = rows.next[row]
    return limit


@kernel
def _raise(tree, rows, node, large, small):
    """Put the larger branch in the place of its node, and send the rows of the smaller one down it.

    The last node that got rows: from there up, the branch is to be pruned again.
    """
    above = tree.parent[node]
    if above >= 0:
        if tree.left[above] == node:
            tree.left[above] = large
        else:
            tree.right[above] = large
    tree.parent[large] = above
    tree.source[node] = large
    tree.todo[large] = True
    last = large
    for place in range(small, tree.end[small]):
        row = rows.first[place]
        while row >= 0:
            following, at = rows.next[row], large
            while True:
                tree.counts[at, rows.code[row]] += rows.weight[row]
                tree.n_rows[at] += 1
                tree.todo[at] = True
                if tree.leaf[at]:
                    break
                at = tree.left[at] if _goes_left(tree, rows.X, row, at) else tree.right[at]
            last = max(last, at)
            rows.next[row] = rows.first[at]
            rows.first[at] = row
            row = following
        rows.first[place] = -1
    return last
