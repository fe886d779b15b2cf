"""How several tree models share a budget of nodes."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

#: Sizes and mean losses of prunings of one tree model, each of shape (n_trials,).
Frontier = tuple[ArrayLike, ArrayLike]


def in_proportion(sizes: Sequence[float], total: float) -> list[float]:
    """Shares of a total in proportion to sizes."""
    return [float(size) / float(np.sum(sizes)) * total for size in sizes]


def at_one_rate(frontiers: Sequence[Frontier], n_nodes: int) -> list[int] | None:
    """Sizes for which no node does more in one model than in another.

    Losses are made convex functions of the size by their lower hulls. Nodes then go where the next ones lower the loss
    most per node, until they are used up (marginal allocation: Fox 1966); what is left is shared in proportion.

    Parameters
    ----------
    frontiers : sequence of (sizes, losses)
        Of each model.
    n_nodes : int
        Most nodes of all of them.

    Returns
    -------
    list of int or None
        Most nodes of each; None: even the smallest of all are too large together.

    References
    ----------
    B. Fox (1966). Discrete optimization via marginal analysis. Management Science 13(3), 210-216.

    Examples
    --------
    >>> at_one_rate([([1, 9], [0.5, 0.1]), ([1, 9], [0.3, 0.29])], 10)
    [9, 1]
    """
    hulls = [_lower_hull(*frontier) for frontier in frontiers]
    chosen = [hull[0][0] for hull in hulls]
    if sum(chosen) > n_nodes:
        return None
    steps = []
    for model, hull in enumerate(hulls):
        for (size, loss), (larger, less) in pairwise(hull):
            steps.append(((loss - less) / (larger - size), model, larger))
    for _, model, larger in sorted(steps, key=lambda step: -step[0]):
        if sum(chosen) - chosen[model] + larger <= n_nodes:
            chosen[model] = larger
    return [int(size * n_nodes / sum(chosen)) for size in chosen]


def _lower_hull(sizes, losses):
    """Corners of the lower hull of a frontier, from the smallest size to the least loss: (size, loss) each."""
    hull: list[tuple[float, float]] = []
    for size, loss in sorted(zip(np.asarray(sizes).tolist(), np.asarray(losses).tolist(), strict=True)):
        if hull and (size == hull[-1][0] or loss >= hull[-1][1]):
            continue
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) > _slope(hull[-2], (size, loss)):
            hull.pop()
        hull.append((size, loss))
    return hull


def _slope(one, other):
    return (other[1] - one[1]) / (other[0] - one[0])
