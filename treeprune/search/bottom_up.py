"""One pass from the leaves to the root: the cheapest pruning under an additive cost."""

import numpy as np

from ..core.kernels import kernel


def cheapest(forest, leaf_cost, split_cost=None, tolerance=0.0):
    """Nodes to collapse so that the sum of the costs of leaves and splits is least.

    A branch is kept only where it is cheaper than its node as a leaf by more than `tolerance`: ties prune.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    leaf_cost : ndarray of float64, shape (n_nodes,)
        Cost of each node as a leaf.
    split_cost : ndarray of float64, shape (n_nodes,), optional
        Cost of each node's split, if it stays; None: splits cost nothing.
    tolerance : float, default=0.0
        Differences up to this size are ties.

    Returns
    -------
    ndarray of bool, shape (n_nodes,)
        True at nodes to collapse. Nodes below them may be set, too. O(n).
    """
    if split_cost is None:
        split_cost = np.zeros(forest.n_nodes)
    return _cheapest(forest.children_left, forest.children_right, leaf_cost, split_cost, float(tolerance))


@kernel
def _cheapest(children_left, children_right, leaf_cost, split_cost, tolerance):
    best = leaf_cost.copy()
    collapse = np.zeros(len(leaf_cost), np.bool_)
    for node in range(len(leaf_cost) - 1, -1, -1):
        if children_left[node] >= 0:
            branch = split_cost[node] + best[children_left[node]] + best[children_right[node]]
            collapse[node] = leaf_cost[node] <= branch + tolerance
            if not collapse[node]:
                best[node] = branch
    return collapse


def branch_maximum(forest, x):
    """Largest of a number per node over each node's branch, itself included, shape (n_nodes,)."""
    return _branch_maximum(forest.children_left, forest.children_right, x)


@kernel
def _branch_maximum(children_left, children_right, x):
    largest = x.copy()
    for node in range(len(x) - 1, -1, -1):
        if children_left[node] >= 0:
            below = max(largest[children_left[node]], largest[children_right[node]])
            largest[node] = max(largest[node], below)
    return largest
