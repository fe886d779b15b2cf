"""Averages along the branches: every node's value from those of its ancestors."""

import numpy as np

from ..core.compilation import kernel


def blend(forest, reach, value):
    """Mean of each node's value and those of its ancestors, by how much reaches each and goes on.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    reach : ndarray of float64, shape (n_nodes,)
        Share that reaches each node: 1 at roots, the same for both children of a node, not rising down a branch. What
        does not go on to a node's children stays with the node's value.
    value : ndarray of float64, shape (n_nodes, ...)

    Returns
    -------
    ndarray of float64, of the shape of `value`
        Convex combinations, so that probabilities stay such. O(n).
    """
    flat = value.reshape(len(value), -1)
    stayed, blended = np.zeros_like(flat), flat.copy()
    _blend(forest.parent, reach, flat, stayed, blended)
    return blended.reshape(value.shape)


def reach_shares(forest, loss, split_probability):
    """Share of the weight of all prunings that reaches each node: none of its ancestors is a leaf.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    loss : ndarray of float64, shape (n_nodes,)
        Minus the logarithm of the weight of each node as a leaf.
    split_probability : float
        Prior probability that a node which can split does.

    Returns
    -------
    ndarray of float64, shape (n_nodes,)
        1 at roots. O(n).
    """
    log_split, log_stop = np.log(split_probability), np.log1p(-split_probability)
    log_weight, going_on, reach = -loss, np.empty(len(loss)), np.ones(len(loss))
    _reach_shares(forest.children_left, forest.children_right, loss, log_split, log_stop, log_weight, going_on, reach)
    return reach


@kernel
def _blend(parent, reach, value, stayed, blended):
    """``stayed`` is the part of each node's mean that is due to its ancestors; 0 at roots."""
    for node in range(len(parent)):
        above = parent[node]
        if above >= 0:
            stays = max(reach[above] - reach[node], 0.0)
            for k in range(value.shape[1]):
                stayed[node, k] = stayed[above, k] + stays * value[above, k]
                blended[node, k] = stayed[node, k] + reach[node] * value[node, k]


@kernel
def _reach_shares(children_left, children_right, loss, log_split, log_stop, log_weight, going_on, reach):
    """Fill ``reach`` (1 at roots) by a pass up and a pass down; ``log_weight`` comes with those of leaves, ``-loss``.

    Up: the weight of a branch is that of its prunings that stop at the node plus that of those which split it, a
    product over the two children. Sums are taken of logarithms, less the larger, lest they underflow; ``going_on`` is
    the share of the second part. Down: what reaches a node and goes on reaches both of its children.
    """
    for node in range(len(loss) - 1, -1, -1):
        left, right = children_left[node], children_right[node]
        if left >= 0:
            stop = log_stop - loss[node]
            split = log_split + log_weight[left] + log_weight[right]
            high = max(stop, split)
            log_weight[node] = high + np.log(np.exp(stop - high) + np.exp(split - high))
            going_on[node] = np.exp(split - log_weight[node])
    for node in range(len(loss)):
        left, right = children_left[node], children_right[node]
        if left >= 0:
            reach[left] = reach[right] = reach[node] * going_on[node]
