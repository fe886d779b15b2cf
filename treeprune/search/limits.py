"""One number per node, made to rise or fall along the branches: what nests the trees of a rule with a limit."""

import numpy as np

from ..core.kernels import kernel


def highest_below(forest, x):
    """Largest value among the nodes that split in each node's subtree, itself included; -inf at leaves.

    A rule that keeps a node if it, or anything below it, has ``x >= limit`` collapses those with a result below it.
    """
    return _highest_below(forest.children_left, forest.children_right, x)


def lowest_above(forest, x):
    """Smallest value among each node and its ancestors.

    A rule that cuts a node if it, or anything above it, has ``x <= limit`` leaves those with a result above it.
    """
    return _lowest_above(forest.parent, x)


def branch_sum(forest, x):
    """Sum over the leaves of each node's subtree, shape (n_nodes,), exact to the last bit of the sum."""
    from ..core.kernels import accumulate

    high, low = np.where(forest.is_leaf, x, 0.0), np.zeros(forest.n_nodes)
    accumulate(forest.parent, high, low)
    return high


def common_label(forest, label):
    """The label that all leaves of each node's subtree share, -1 where they differ. Labels are integers >= 0."""
    return _common_label(forest.children_left, forest.children_right, label)


@kernel
def _highest_below(children_left, children_right, x):
    highest = np.full(len(x), -np.inf)
    for node in range(len(x) - 1, -1, -1):
        if children_left[node] >= 0:
            highest[node] = max(x[node], highest[children_left[node]], highest[children_right[node]])
    return highest


@kernel
def _lowest_above(parent, x):
    lowest = x.copy()
    for node in range(len(x)):
        if parent[node] >= 0:
            lowest[node] = min(lowest[node], lowest[parent[node]])
    return lowest


@kernel
def _common_label(children_left, children_right, label):
    common = label.copy()
    for node in range(len(label) - 1, -1, -1):
        if children_left[node] >= 0:
            left, right = common[children_left[node]], common[children_right[node]]
            common[node] = left if left == right else -1
    return common
