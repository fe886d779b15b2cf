"""What XGBoost's internal nodes would add to the margin as leaves."""

import numpy as np
from numpy.typing import NDArray

from ..core.forest import Forest

_SAME = 2e-4  # relative spread of what float32 statistics say about one and the same number
_ROUND_OFF = 1e-5  # and of the middle of many such
_MOST_SPLITS = 100  # of a tree, from which its shrinkage is estimated
_DECISIVE = 0.9  # share of estimates that must agree for a penalty to be taken at once
_ENOUGH, _FEW = 0.1, 3  # a group of estimates counts if it holds this share of all, and this many


def collapsed_value(
    forest: Forest,
    base_weight: NDArray[np.float32],
    n_parallel: int,
    eta: float | None = None,
    max_delta_step: float = 0.0,
) -> NDArray[np.float64]:
    r"""What each node would add to the margin as a leaf: its base weight times the shrinkage.

    A leaf of gradient and hessian sums G and H has the weight :math:`w = -G / (H + \lambda)`, and a split gains
    :math:`\sum_c w_c^2 (H_c + \lambda) - w^2 (H + \lambda)` over its children c (Chen & Guestrin 2016, eq. 5 and 7).
    Internal nodes store w, but leaves their value :math:`v = s w`. The shrinkage s is the learning rate over the number
    of parallel trees. It is not stored, but each split above a leaf gives an estimate of it. Some estimates are wrong,
    where weights are capped or a monotonic constraint binds, so the middle of those that agree is taken. Learning rates
    are short numbers, so it is rounded to four digits where that is within float32 error.

    Parameters
    ----------
    forest : Forest
        Trees with gains and hessians.
    base_weight : ndarray of float32, shape (n_nodes,)
        Weights as XGBoost stores them.
    n_parallel : int
        Trees grown per round and class.
    eta : float, optional
        The learning rate, if known. It is used where it agrees with the trees.
    max_delta_step : float, default=0.0
        The cap of weights, if known; 0: none. Gains of capped weights say little, but the largest leaves of a tree show
        the learning rate, times the cap.

    Returns
    -------
    ndarray of float64, shape (n_nodes,)
        NaN in trees whose statistics contradict each other: rows are needed there.

    References
    ----------
    T. Chen, C. Guestrin (2016). XGBoost: A scalable tree boosting system. KDD-16, 785-794.
    """
    node = _some_splits(forest)
    if not len(node):
        return np.full(forest.n_nodes, np.nan)
    estimate = _estimates(forest, node, base_weight.astype(np.float64))
    expected = None if eta is None else eta / n_parallel
    shrinkage = _consensus(estimate, forest.node_tree[node], forest.n_trees, expected)
    if expected is not None and max_delta_step > 0:
        largest = np.maximum.reduceat(np.where(forest.is_leaf, np.abs(forest.value[:, 0, 0]), 0.0), forest.start[:-1])
        at_cap = np.abs(largest / (expected * max_delta_step) - 1) < _SAME
        shrinkage = np.where(np.isnan(shrinkage) & at_cap, expected, shrinkage)
    rates = np.array([_learning_rate(rate * n_parallel, eta) for rate in shrinkage], np.float32)
    shrinkage = rates / np.float32(n_parallel)
    return (shrinkage[forest.node_tree] * base_weight).astype(np.float64)


def _some_splits(forest):
    """Splits of each tree: all, or every second, third, ... where there are more than `_MOST_SPLITS`."""
    node = forest.internal
    count = np.bincount(forest.node_tree[node], minlength=forest.n_trees)
    stride, rank = -(-count // _MOST_SPLITS), np.arange(len(node)) - (np.cumsum(count) - count)[forest.node_tree[node]]
    return node[rank % stride[forest.node_tree[node]] == 0]


def _estimates(forest, node, w):
    """The shrinkage according to each split above a leaf, NaN at others.

    The penalty lambda is not stored either. The one with which most estimates agree is taken. The commonest settings
    are tried first, then the estimates of lambda from inner splits and from a linear fit to all splits.
    """
    hessian, gain = forest.weighted_n_node_samples, forest.gain[node]
    children = np.stack([forest.children_left[node], forest.children_right[node]])
    inner, h = ~forest.is_leaf[children], hessian[children]
    inner_square = np.where(inner, w[children] ** 2, 0.0)
    leaf_square = np.where(inner, 0.0, forest.value[children, 0, 0] ** 2)
    # sum v^2 H = s^2 known + s^2 lambda square - lambda sum v^2, linear in s^2, s^2 lambda and lambda
    known = gain + w[node] ** 2 * hessian[node] - (inner_square * h).sum(axis=0)
    square = w[node] ** 2 - inner_square.sum(axis=0)
    right, of_leaves = (leaf_square * h).sum(axis=0), leaf_square.sum(axis=0)
    both = inner.all(axis=0)

    def ridges():
        yield from (1.0, 0.0)
        system = np.stack([known, square, -of_leaves, right], axis=1)[~both]
        system = system[np.isfinite(system).all(axis=1)]
        yield np.linalg.lstsq(system[:, :3], system[:, 3])[0][2]
        if both.any():
            yield np.median(-known[both] / square[both])

    with np.errstate(all="ignore"):
        best, most = None, -1.0
        for ridge in ridges():
            ridge = np.maximum(ridge, 0.0)
            estimate = np.sqrt((right + ridge * of_leaves) / (known + ridge * square))
            estimate[both | ~(estimate > 0) | np.isinf(estimate)] = np.nan
            share = _mode(estimate)[1]
            if share > most:
                best, most = estimate, share
            if most > _DECISIVE:
                break
    return best


def _consensus(estimate, tree, n_trees, expected):
    """Shrinkage of each tree: one for all trees that do not contradict it, else each one's own, else NaN."""
    own, bounds = np.full(n_trees, np.nan), np.searchsorted(tree, np.arange(n_trees + 1))
    for index in np.flatnonzero(np.diff(bounds)):
        mode, share, count = _mode(estimate[bounds[index] : bounds[index + 1]])
        if share >= _ENOUGH and count >= _FEW:
            own[index] = mode
    mode, share, count = _mode(estimate)
    if (np.abs(own / mode - 1) > _SAME).any():
        return own
    as_expected = expected is not None and abs(mode / expected - 1) < _SAME and share > 0.5
    trusted = (share >= _ENOUGH and count >= _FEW) or as_expected
    return np.full(n_trees, mode if trusted else np.nan)


def _mode(estimate):
    """Centre, share and size of the largest group of estimates that are the same but for rounding."""
    known = np.sort(estimate[np.isfinite(estimate)])
    if not len(known):
        return np.nan, 0.0, 0
    size = np.searchsorted(known, known * (1 + _SAME), side="right") - np.arange(len(known))
    first = np.argmax(size)
    middle = (known[first + (size[first] - 1) // 2] + known[first + size[first] // 2]) / 2
    return float(middle), size[first] / len(known), int(size[first])


def _learning_rate(rate, eta):
    for exact in (eta, float(f"{rate:.4g}")):
        if exact and abs(rate / exact - 1) < _ROUND_OFF:
            return exact
    return rate
