"""Averages along the branches: every node's value from those of its ancestors."""

import numpy as np

from ..core.compilation import kernel


def blend(forest, reach, value):
    """Weighted mean of each node's value and those of its ancestors.

    A node at depth d averages the values of the d + 1 nodes on its path. An ancestor's weight is the share that reaches
    it and does not go on to its children; the node's own weight is the share that reaches the node.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    reach : ndarray of float64, shape (n_nodes,)
        Share that reaches each node: 1 at roots, the same for both children of a node, and never more than at their
        parent.
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
    """Share of the prunings that reach each node, by weight: those in which none of its ancestors is a leaf.

    A pruning weighs the product over its nodes of the prior probabilities of splitting or not, times the weights of its
    leaves.

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
    """Fill ``blended``, parents before children.

    ``stayed`` is the part of each node's mean that is due to its ancestors; it is 0 at roots. A child's part is its
    parent's plus the parent's own term, so no path is walked twice.
    """
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

    Up: the prunings of a branch either stop at its node or split it. The weight of the latter is the product of the
    weights of the two children's branches. The sum of both parts is taken as ``log(exp(a) + exp(b))`` with the larger
    of ``a`` and ``b`` taken out first, because the weights themselves underflow. ``going_on`` is the share of the part
    that splits. Down: the share that reaches a node, times ``going_on``, reaches each of its two children.
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
