"""Which features survive pruning, and whether more often than chance allows: pure functions."""

import numpy as np
from numpy.typing import NDArray

from ..core.forest import Forest
from ..core.graft import graft
from ..core.plan import Plan

#: Where this share of the shadows never survives, one tree more or less decides, and means are rounded down.
_NEARLY_ALL = 0.9


def survival_counts(forest: Forest, plan: Plan, unit: NDArray[np.intp]) -> NDArray[np.int64]:
    """Number of trees in which each unit of features still splits after pruning.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    plan : Plan
        What a method prunes.
    unit : ndarray of int, shape (n_features,)
        The unit that each feature belongs to, 0 to ``unit.max()``.

    Returns
    -------
    ndarray of int64, shape (n_units,)
    """
    pruned, _ = graft(forest, plan)
    tree = np.repeat(np.arange(pruned.n_trees), np.diff(pruned.start))
    split = pruned.internal
    n_units = int(unit.max()) + 1
    pairs = np.unique(tree[split] * n_units + unit[pruned.feature[split]])
    return np.bincount(pairs % n_units, minlength=n_units)


def p_values(
    survival: NDArray[np.float64],
    shadow: NDArray[np.float64],
    shadow_unit: NDArray[np.intp],
    level: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Share of the shadows that survive at least as often as each unit does on average.

    A unit is compared with the shadows of units of its own level and above: by chance alone, columns that can be cut
    in more places survive more often. The unit counts as one of its own shadows (Phipson & Smyth 2010), so that no
    p-value is zero. Where nearly all shadows never survive, means are rounded down: a mean between 0 and 1 would
    otherwise beat them all.

    Parameters
    ----------
    survival : ndarray of float64, shape (n_units,)
        Mean number of trees, over the shadow sets.
    shadow : ndarray of float64, shape (n_sets, n_shadows)
        Number of trees of each shadow in each set.
    shadow_unit : ndarray of int, shape (n_shadows,)
        The unit that each shadow is a copy of.
    level : ndarray of int, shape (n_units,)
        Units of equal level have about as many places to be cut.

    Returns
    -------
    ndarray of float64, shape (n_units,)

    References
    ----------
    B. Phipson, G. K. Smyth (2010). Permutation p-values should never be zero. Statistical Applications in Genetics
    and Molecular Biology 9, article 39.
    """
    p = np.empty(len(survival))
    for one in np.unique(level):
        units = level == one
        pool = np.sort(shadow[:, level[shadow_unit] >= one], axis=None)
        mean = survival[units]
        if np.mean(pool == 0) >= _NEARLY_ALL:
            mean = np.floor(mean)
        p[units] = (1 + len(pool) - np.searchsorted(pool, mean)) / (1 + len(pool))
    return p


def benjamini_hochberg(p: NDArray[np.float64], fdr: float) -> NDArray[np.bool_]:
    """Hypotheses to reject so that the expected share of false rejections is at most `fdr`.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
    fdr : float

    Returns
    -------
    ndarray of bool, shape (n,)

    References
    ----------
    Y. Benjamini, Y. Hochberg (1995). Controlling the false discovery rate. Journal of the Royal Statistical Society
    B 57, 289-300.
    """
    ordered = np.sort(p)
    below = np.flatnonzero(ordered <= fdr * np.arange(1, len(p) + 1) / len(p))
    return p <= ordered[below[-1]] if len(below) else np.zeros(len(p), bool)
