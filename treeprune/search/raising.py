"""Error-based pruning with subtree raising, which moves rows while it prunes."""

from typing import NamedTuple

import numpy as np

from ..core.compilation import kernel, part
from ..core.counts import rows_per_weight
from ..inference.error_limit import error_limit

#: A node of the tree as pruned so far. Its fields are stored side by side, since a row that walks down reads most of
#: them. `todo` marks nodes to look at: all at first, later those that rows have moved into. `first` is the first row of
#: a leaf, -1: none.
_NODE = np.dtype(
    [
        *((name, np.int32) for name in ("left", "right", "parent", "end", "source", "feature")),
        *((name, np.bool_) for name in ("missing_left", "leaf", "todo")),
        *((name, np.float64) for name in ("threshold", "limit")),
        *((name, np.int64) for name in ("n_rows", "first")),
    ],
    align=True,
)

#: A row. The rows of a leaf are a linked list: `next` is the row after this one, -1: none. `leaf` is where the row
#: would end after the raise that is being weighed.
_ROW = np.dtype([("code", np.int64), ("weight", np.float64), ("next", np.int64), ("leaf", np.int64)], align=True)


class Bound(NamedTuple):
    """Parameters of `error_limit`, and the number of rows that a weight of 1 stands for (`unit`)."""

    confidence: float
    z: float
    unit: float


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
        See `error_limits`; what a smaller tree may be worse by, in rows.

    Returns
    -------
    collapse : ndarray of bool, shape (n_nodes,)
    source : ndarray of int32, shape (n_nodes,)
        The node that takes the place of each.
    class_weight, n_rows : ndarray
        Sums over rows where they are now.
    """
    X, code, n = rows.compared(), rows.target[:, 0], forest.n_nodes
    tree = np.zeros(n, _NODE)
    tree["left"], tree["right"], tree["parent"] = forest.children_left, forest.children_right, forest.parent
    tree["end"], tree["feature"], tree["source"] = forest.end, forest.feature, np.arange(n)
    strict = forest.comparison == "<"  # x < t is x <= the number before t
    tree["threshold"] = np.nextafter(forest.threshold, -np.inf) if strict else forest.threshold
    if forest.missing_go_to_left is not None:
        tree["missing_left"] = forest.missing_go_to_left
    tree["leaf"], tree["todo"], tree["first"], tree["n_rows"] = forest.is_leaf, True, -1, rows.statistics.n_rows
    counts, extra = class_weight.copy(), np.zeros(class_weight.shape)
    unit = rows_per_weight(forest, rows)[forest.root]
    for t in range(forest.n_trees):
        leaf = np.where(rows.sample_weight > 0, rows.leaf_ids(t), -1)
        order = np.argsort(leaf, kind="stable")  # rows of one branch side by side: much fewer cache misses
        order = order[np.searchsorted(leaf[order], 0) :]  # without rows that do not count in this tree
        parked = np.zeros(len(order), _ROW)
        parked["code"], parked["weight"], parked["leaf"] = code[order], rows.sample_weight[order], leaf[order]
        X_parked = X[order]
        astray = _park(tree, parked, X_parked, forest.root[t])
        if astray >= 0:
            raise ValueError(
                f"Row {order[astray]} ends in another leaf than the splits of the model say; it cannot be moved."
            )
        bound = Bound(confidence, z, float(unit[t]))
        _prune(tree, counts, extra, parked, X_parked, forest.start[t], forest.start[t + 1], bound, slack)
    source = tree["source"].copy()
    for node in range(n - 1, -1, -1):  # a branch that was raised may itself have been replaced by a raise within it
        if source[node] != node:
            source[node] = source[source[node]]
    return tree["leaf"] & ~forest.is_leaf, source, counts, tree["n_rows"].copy()


@kernel
def _park(tree, rows, X, root):
    """Link the rows of each leaf. Returns the first row that the stated splits send to another leaf, or -1."""
    for row in range(len(rows)):
        leaf = rows[row]["leaf"]
        if _descend(tree, X, row, root) != leaf:
            return row
        rows[row]["next"] = tree[leaf]["first"]
        tree[leaf]["first"] = row
    return -1


@part
def _descend(tree, X, row, at):
    """The leaf of the tree, as pruned so far, that a row reaches from a node."""
    while not tree[at]["leaf"]:
        at = _next(tree, X, row, at)
    return at


@part
def _next(tree, X, row, at):
    """The child of a node that a row goes to."""
    node = tree[at]
    x = X[row, node["feature"]]
    goes_left = node["missing_left"] if np.isnan(x) else x <= node["threshold"]
    return node["left"] if goes_left else node["right"]


@part
def _limit(counts, extra, node, bound):
    total, most = 0.0, 0.0
    for k in range(counts.shape[1]):
        weight = counts[node, k] + extra[node, k]
        total += weight
        most = max(most, weight)
    unit = bound.unit
    return error_limit(total * unit, (total - most) * unit, bound.confidence, bound.z)


@kernel
def _prune(tree, counts, extra, rows, X, start, stop, bound, slack):
    """Prune and raise the nodes ``start:stop`` of a tree, from the last to the first: children before parents.

    A raise gives rows to nodes that were looked at before. So the pass goes back to the last of them and comes up
    again, but looks only at nodes marked `todo`: those that moved rows passed through, and the root of the branch.
    """
    at = stop
    while at > start:
        at -= 1
        node = tree[at]
        if not node["todo"]:
            continue
        node["todo"] = False
        own = _limit(counts, extra, at, bound)
        if node["leaf"]:
            node["limit"] = own
            continue
        left, right = node["left"], node["right"]
        branch = tree[left]["limit"] + tree[right]["limit"]
        node["limit"] = branch
        large, small = (left, right) if _total(counts, left) > _total(counts, right) else (right, left)
        raised = _raised_limit(tree, counts, extra, rows, X, large, small, bound)
        if own <= min(branch, raised) + slack:
            node["leaf"] = True
            node["limit"] = own
        elif raised <= branch + slack:
            at = _raise(tree, counts, rows, X, at, large, small) + 1  # look again at what has changed


@part
def _raised_limit(tree, counts, extra, rows, X, large, small, bound):
    """Limit of the errors of the larger branch, if it had the rows of the smaller one too.

    The first round sends the rows of the smaller branch down the larger one, and adds their weights in ``extra`` to the
    leaves that they reach. The limit changes at these leaves only. The second round goes over the same rows, adds up
    the changes, and sets ``extra`` back to zero. So the cost depends on the number of rows moved, not on that of all
    leaves.
    """
    limit = tree[large]["limit"]
    for place in range(small, tree[small]["end"]):
        row = tree[place]["first"]
        while row >= 0:
            leaf = _descend(tree, X, row, large)
            rows[row]["leaf"] = leaf
            extra[leaf, rows[row]["code"]] += rows[row]["weight"]
            row = rows[row]["next"]
    for place in range(small, tree[small]["end"]):
        row = tree[place]["first"]
        while row >= 0:
            leaf = rows[row]["leaf"]
            if extra[leaf, rows[row]["code"]] > 0.0:  # else another row has already counted this leaf
                limit += _limit(counts, extra, leaf, bound) - tree[leaf]["limit"]
                for k in range(extra.shape[1]):
                    extra[leaf, k] = 0.0
            row = rows[row]["next"]
    return limit


@part
def _total(counts, node):
    total = 0.0
    for k in range(counts.shape[1]):
        total += counts[node, k]
    return total


@part
def _raise(tree, counts, rows, X, at, large, small):
    """Put the larger branch in the place of its node, and move the rows of the smaller one down it.

    Returns the last node that got rows, from which the pass has to come up again.
    """
    above = tree[at]["parent"]
    if above >= 0:
        if tree[above]["left"] == at:
            tree[above]["left"] = large
        else:
            tree[above]["right"] = large
    tree[large]["parent"] = above
    tree[at]["source"] = large
    tree[large]["todo"] = True
    last = large
    for place in range(small, tree[small]["end"]):
        row = tree[place]["first"]
        while row >= 0:
            following, to = rows[row]["next"], large
            while True:
                counts[to, rows[row]["code"]] += rows[row]["weight"]
                tree[to]["n_rows"] += 1
                tree[to]["todo"] = True
                if tree[to]["leaf"]:
                    break
                to = _next(tree, X, row, to)
            last = max(last, to)
            rows[row]["next"] = tree[to]["first"]
            tree[to]["first"] = row
            row = following
        tree[place]["first"] = -1
    return last
