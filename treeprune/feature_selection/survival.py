"""Which features survive pruning, and whether more often than chance allows: pure functions."""

import numpy as np
from numpy.typing import NDArray

from ..core.graft import graft
from ..core.plan import Plan
from ..core.risk import node_risk
from ..core.rows import Rows

#: Where this share of the shadows never survives, one tree more or less decides, and means are rounded down.
_NEARLY_ALL = 0.9


def survival(rows: Rows, plan: Plan, unit: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """In how many trees each unit of features still splits after pruning, and what its splits win.

    Parameters
    ----------
    rows : Rows
        The rows that the forest is judged by.
    plan : Plan
        What a method prunes of the forest.
    unit : ndarray of int, shape (n_features,)
        The unit that each feature belongs to, 0 to ``unit.max()``.

    Returns
    -------
    count : ndarray of int64, shape (n_units,)
        Number of trees.
    won : ndarray of float64, shape (n_units,)
        What the splits left take from the loss of the rows, in the loss behind the criterion that grew the trees.
    """
    pruned, origin = graft(rows.forest, plan)
    split, n_units = pruned.internal, int(unit.max()) + 1
    of_split = unit[pruned.feature[split]]
    pairs = np.unique(pruned.node_tree[split] * n_units + of_split)
    risk = node_risk(rows.forest, rows=rows)[0][origin]
    won = np.maximum(risk[split] - risk[pruned.children_left[split]] - risk[pruned.children_right[split]], 0.0)
    return np.bincount(pairs % n_units, minlength=n_units), np.bincount(of_split, won, minlength=n_units)


def without_ties(count: NDArray[np.int64], won: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts plus half of each unit's share of the total gain, which ranks units that survive in equally many trees."""
    return count + won / (2.0 * won.sum() or 1.0)


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
