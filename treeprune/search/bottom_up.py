"""One pass from the leaves to the root: the cheapest pruning under an additive cost."""

import numpy as np

from ..core.compilation import kernel


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
    best, collapse = np.array(leaf_cost, np.float64), np.zeros(forest.n_nodes, bool)
    _cheapest(forest.children_left, forest.children_right, split_cost, float(tolerance), best, collapse)
    return collapse


@kernel
def _cheapest(children_left, children_right, split_cost, tolerance, best, collapse):
    """``best`` comes with the costs of nodes as leaves and leaves with those of branches."""
    for node in range(len(best) - 1, -1, -1):
        if children_left[node] >= 0:
            branch = split_cost[node] + best[children_left[node]] + best[children_right[node]]
            collapse[node] = best[node] <= branch + tolerance
            if not collapse[node]:
                best[node] = branch
