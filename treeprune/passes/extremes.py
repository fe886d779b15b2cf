"""For each node: the largest value below it, the smallest above it, and the label that all leaves below it share."""

import numpy as np

from ..core.compilation import kernel


def branch_maximum(forest, x):
    """Largest of a number per node over each node's branch, itself included, shape (n_nodes,)."""
    largest = x.copy()
    _branch_maximum(forest.children_left, forest.children_right, largest)
    return largest


def lowest_above(forest, x):
    """Smallest value among each node and its ancestors, shape (n_nodes,).

    A rule that cuts a node if it, or anything above it, has ``x <= limit`` leaves those with a result above it.
    """
    lowest = x.copy()
    _lowest_above(forest.parent, lowest)
    return lowest


def common_label(forest, label):
    """The label that all leaves of each node's subtree share, -1 where they differ. Labels are integers >= 0."""
    highest = branch_maximum(forest, np.where(forest.is_leaf, label, -np.inf))
    lowest = -branch_maximum(forest, np.where(forest.is_leaf, -label, -np.inf))
    return np.where(lowest == highest, highest, -1).astype(np.int64)


@kernel
def _lowest_above(parent, lowest):
    for node in range(len(parent)):
        if parent[node] >= 0:
            lowest[node] = min(lowest[node], lowest[parent[node]])


@kernel
def _branch_maximum(children_left, children_right, largest):
    for node in range(len(largest) - 1, -1, -1):
        if children_left[node] >= 0:
            below = max(largest[children_left[node]], largest[children_right[node]])
            largest[node] = max(largest[node], below)
