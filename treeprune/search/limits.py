"""What nodes have in common with those above or below them: a limit, a label."""

import numpy as np

from ..core.compilation import kernel
from .bottom_up import branch_maximum


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
