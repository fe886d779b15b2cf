"""The best subtree of every size, by dynamic programming over nodes and numbers of leaves."""

import numpy as np

from ..core.compilation import kernel

#: Entries that the table may have: 12 bytes each.
LARGEST_TABLE = 2**27


class OptimalSubtrees:
    """For each number of leaves, the pruning with the least sum of a risk over its leaves.

    A branch with one leaf is its node alone. A branch with j > 1 leaves splits j between its two children in the best
    way (Bohanec & Bratko 1994). An ensemble is treated as one tree, its trees joined under nodes that cannot be leaves.
    For at most k leaves the work is O(n k), and so is the memory, at 12 bytes an entry. On bushy trees both are less:
    the sum over nodes of the number of leaves below them.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    risk : ndarray of float64, shape (n_nodes,)
        Risk of each node as a leaf.
    max_leaves : int, optional
        Most leaves to work out; None: all.

    Attributes
    ----------
    risks : ndarray of float64, shape (m,)
        Least risk of a pruning with exactly ``j + 1`` leaves; inf where there is none.
    """

    def __init__(self, forest, risk, max_leaves=None):
        n, joints = forest.n_nodes, forest.n_trees - 1
        left = np.concatenate([forest.children_left, forest.root[:1], n + np.arange(joints)])[: n + joints]
        right = np.concatenate([forest.children_right, forest.root[1:]])
        order = np.concatenate([np.arange(n)[::-1], n + np.arange(joints)])
        cost = np.concatenate([risk, np.full(joints, np.inf)])
        cap = forest.n_leaves if max_leaves is None else min(max_leaves, forest.n_leaves)
        size = np.ones(len(order), np.int64)
        _sizes(order, left, right, cap, size)
        start = np.concatenate([[0], np.cumsum(size)])
        if start[-1] > LARGEST_TABLE:
            raise ValueError(
                f"The best subtrees of up to {cap} leaves take a table of {start[-1]} entries; "
                f"at most {LARGEST_TABLE} are allowed. Ask for fewer leaves."
            )
        best, self._choice = np.full(start[-1], np.inf), np.zeros(start[-1], np.int32)
        _best(order, left, right, cost, cap, start, best, self._choice)
        self._forest, self._left, self._right, self._order, self._start = forest, left, right, order, start
        self.risks = best[start[order[-1]] : start[order[-1] + 1]]

    def collapse(self, n_leaves):
        """Nodes to collapse for the best pruning with exactly this many leaves, bool, shape (n_nodes,)."""
        share = np.zeros(len(self._order), np.int64)
        share[self._order[-1]] = n_leaves
        _shares(self._order, self._left, self._right, self._start, self._choice, share)
        return (share[: self._forest.n_nodes] == 1) & ~self._forest.is_leaf


@kernel
def _sizes(order, left, right, cap, size):
    """Fill in how many entries each node has in the table: numbers of leaves up to the cap. ``size`` comes with 1."""
    for i in range(len(order)):
        node = order[i]
        if left[node] >= 0:
            size[node] = min(size[left[node]] + size[right[node]], cap)


@kernel
def _best(order, left, right, cost, cap, start, best, choice):
    """Fill in the least risk of each branch for each number of leaves, and how many of them its left child then has.

    ``start`` has where the entries of each node start in the table; ``best`` comes with inf.
    """
    for i in range(len(order)):
        node = order[i]
        first = start[node] - 1  # the entry for j leaves is at first + j
        best[first + 1] = cost[node]
        if left[node] < 0:
            continue
        l_first, r_first = start[left[node]] - 1, start[right[node]] - 1
        r_size = start[right[node] + 1] - start[right[node]]
        for a in range(1, start[left[node] + 1] - start[left[node]] + 1):
            for b in range(1, min(r_size, cap - a) + 1):
                total = best[l_first + a] + best[r_first + b]
                if total < best[first + a + b]:
                    best[first + a + b] = total
                    choice[first + a + b] = a


@kernel
def _shares(order, left, right, start, choice, share):
    """Fill in the number of leaves that each node's branch has in the best pruning; 0 below its leaves.

    The number of the last node in order is given.
    """
    for i in range(len(order) - 1, -1, -1):
        node = order[i]
        if share[node] > 1:
            share[left[node]] = choice[start[node] - 1 + share[node]]
            share[right[node]] = share[node] - share[left[node]]
