"""Averages along the branches: every node's value from those of its ancestors."""

import numpy as np

from ..core.kernels import kernel


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
    return _blend(forest.parent, reach, value.reshape(len(value), -1)).reshape(value.shape)


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
    return _reach_shares(forest.children_left, forest.children_right, forest.parent, loss, log_split, log_stop)


@kernel
def _blend(parent, reach, value):
    stayed = np.zeros_like(value)  # the part of the mean that is due to the ancestors
    blended = value.copy()
    for node in range(len(parent)):
        above = parent[node]
        if above >= 0:
            stayed[node] = stayed[above] + max(reach[above] - reach[node], 0.0) * value[above]
            blended[node] = stayed[node] + reach[node] * value[node]
    return blended


@kernel
def _reach_shares(children_left, children_right, parent, loss, log_split, log_stop):
    n_nodes = len(loss)
    log_weight, going_on = -loss, np.ones(n_nodes)
    for node in range(n_nodes - 1, -1, -1):
        if children_left[node] >= 0:
            stop = log_stop - loss[node]
            split = log_split + log_weight[children_left[node]] + log_weight[children_right[node]]
            high = max(stop, split)
            log_weight[node] = high + np.log(np.exp(stop - high) + np.exp(split - high))
            going_on[node] = np.exp(split - log_weight[node])
    reach = np.ones(n_nodes)
    for node in range(n_nodes):
        if parent[node] >= 0:
            reach[node] = reach[parent[node]] * going_on[parent[node]]
    return reach
