"""Large trees folded, so that a picture of them can be read."""

import heapq

import numpy as np
from numpy.typing import NDArray

from ..core.forest import Forest
from ..core.graft import graft
from ..core.plan import Plan


def fold(forest: Forest, max_leaves: int, max_depth: int) -> tuple[Forest, NDArray[np.int64]]:
    """Choose the nodes to show: from the root on, the one with most rows is opened next, as far as limits allow.

    Parameters
    ----------
    forest : Forest
        A single canonical tree.
    max_leaves, max_depth : int
        Limits of what is shown.

    Returns
    -------
    forest : Forest
        What is shown.
    hidden : ndarray of int64, shape (n_nodes of the result,)
        Leaves of the whole tree below each of its nodes.
    """
    rows = forest.weighted_n_node_samples if forest.n_node_samples is None else forest.n_node_samples
    rows = -forest.depth if rows is None else rows
    folded = ~forest.is_leaf
    n_leaves, waiting = 1, [(-rows[0], 0)]
    while waiting and n_leaves < max_leaves:
        _, node = heapq.heappop(waiting)
        if forest.is_leaf[node] or forest.depth[node] >= max_depth:
            continue
        folded[node] = False
        n_leaves += 1
        for child in (forest.children_left[node], forest.children_right[node]):
            heapq.heappush(waiting, (-rows[child], int(child)))
    shown, origin = graft(forest, Plan(collapse=folded))
    leaves_before = np.append(0, np.cumsum(forest.is_leaf))
    return shown, (leaves_before[forest.end] - leaves_before[:-1])[origin]
