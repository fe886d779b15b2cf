"""What XGBoost's internal nodes would add to the margin as leaves."""

import numpy as np
from numpy.typing import NDArray

from ..core.forest import Forest

_ROUND_OFF = 1e-3  # relative spread of what float32 statistics say about one and the same number
_SAME = 1e-5


def collapsed_value(
    forest: Forest, base_weight: NDArray[np.float32], n_parallel: int, eta: float | None = None
) -> NDArray[np.float64]:
    r"""What each node would add to the margin as a leaf: its base weight times the shrinkage.

    A leaf of gradient and hessian sums G and H has the weight :math:`w = -G / (H + \lambda)`, and a split gains
    :math:`\sum_c w_c^2 (H_c + \lambda) - w^2 (H + \lambda)` over its children c (Chen & Guestrin 2016, eq. 5 and 7).
    Internal nodes store w, leaves their value :math:`v = s w`; the shrinkage s, the learning rate over the number of
    parallel trees, is stored nowhere, but each split above a leaf gives an estimate of it. The median of these is
    rounded to four digits where that is within float32 error, since learning rates are short numbers.

    Parameters
    ----------
    forest : Forest
        Trees with gains and hessians.
    base_weight : ndarray of float32, shape (n_nodes,)
        Weights as XGBoost stores them.
    n_parallel : int
        Trees grown per round and class.
    eta : float, optional
        The learning rate, if known: taken where it agrees with the trees.

    Returns
    -------
    ndarray of float64, shape (n_nodes,)
        NaN in trees whose statistics contradict each other: rows are needed there.

    References
    ----------
    T. Chen, C. Guestrin (2016). XGBoost: A scalable tree boosting system. KDD-16, 785-794.
    """
    node = forest.internal
    if not len(node):
        return np.full(forest.n_nodes, np.nan)
    estimate = _estimates(forest, node, base_weight.astype(np.float64))
    shrinkage = _consensus(estimate, forest.node_tree[node], forest.n_trees)
    rates = np.array([_learning_rate(rate * n_parallel, eta) for rate in shrinkage], np.float32)
    shrinkage = rates / np.float32(n_parallel)
    return (shrinkage[forest.node_tree] * base_weight).astype(np.float64)


def _estimates(forest, node, w):
    """The shrinkage according to each split, NaN at those without a leaf below."""
    hessian, gain = forest.weighted_n_node_samples, forest.gain[node]
    children = np.stack([forest.children_left[node], forest.children_right[node]])
    inner, h = ~forest.is_leaf[children], hessian[children]
    inner_square = np.where(inner, w[children] ** 2, 0.0)
    leaf_square = np.where(inner, 0.0, forest.value[children, 0, 0] ** 2)
    square, own = w[node] ** 2, hessian[node]
    both = inner.all(axis=0)
    with np.errstate(all="ignore"):
        if both.any():
            ridge = (gain - (inner_square * h).sum(axis=0) + square * own) / (inner_square.sum(axis=0) - square)
            ridge = np.median(ridge[both])
        else:  # sum v^2 H = s^2 (gain + w^2 H) - lambda sum v^2 + s^2 lambda w^2, linear in three unknowns
            columns = np.stack([gain + square * own, -leaf_square.sum(axis=0), square], axis=1)
            ridge = np.linalg.lstsq(columns, (leaf_square * h).sum(axis=0))[0][1]
        ridge = max(float(ridge), 0.0)
        squares = gain + square * (own + ridge) - (inner_square * (h + ridge)).sum(axis=0)
        estimate = np.sqrt((leaf_square * (h + ridge)).sum(axis=0) / squares)
    return np.where(both | ~(estimate > 0) | np.isinf(estimate), np.nan, estimate)


def _consensus(estimate, tree, n_trees):
    """Shrinkage of each tree: one for all if they agree, else one of its own, else NaN."""
    known = np.isfinite(estimate)
    estimate, tree = estimate[known], tree[known]
    if not len(estimate):
        return np.full(n_trees, np.nan)
    common = np.median(estimate)
    if np.median(np.abs(estimate / common - 1)) < _ROUND_OFF:
        return np.full(n_trees, common)
    own = np.full(n_trees, np.nan)
    for index in np.unique(tree):
        own[index] = np.median(estimate[tree == index])
    return own if np.median(np.abs(estimate / own[tree] - 1)) < _ROUND_OFF else np.full(n_trees, np.nan)


def _learning_rate(rate, eta):
    for exact in (eta, float(f"{rate:.4g}")):
        if exact and abs(rate / exact - 1) < _SAME:
            return exact
    return rate
