"""Scores of the prunings of a forest whose trees' values are averaged."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core.path import PruningPath
from ..core.rows import Rows
from .scoring import AdditiveScore, StepScores

#: Numbers that predictions may take at a time; more steps than fit are worked on in parts, for which rows are routed
#: again.
MOST_NUMBERS = 2**25


def averaged_scores(
    score: AdditiveScore, rows: Rows, labels: NDArray | None, path: PruningPath, alphas: NDArray[np.float64]
) -> StepScores:
    """Scores of a forest pruned at rising strengths, on its own predictions.

    Parameters
    ----------
    score : AdditiveScore
        The score.
    rows : Rows
        Rows to score by. A row counts in the trees where it has a leaf, and not at all where it has none.
    labels : ndarray or None
        Labels of the class codes.
    path : PruningPath
        Of the forest.
    alphas : ndarray of float64, shape (n_steps,)
        Strengths, rising.
    """
    steps = [_scored(score, rows, labels, prediction) for prediction in _predictions(rows, path, alphas)]
    names = ("score", "loss", "square")
    return StepScores(*(np.concatenate([getattr(step, name) for step in steps]) for name in names), steps[0].weight)


def _predictions(rows, path, alphas) -> Iterator[NDArray[np.float64]]:
    """Mean of the trees' values at each strength, shape (n_rows, n_outputs, n_values); NaN for rows without a leaf."""
    from ..core.kernels import add_pruned_values

    forest, n_rows = rows.forest, len(rows.target)
    value = np.ascontiguousarray(forest.value).ravel()
    n_values = len(value) // forest.n_nodes
    for part in np.array_split(alphas, -(-len(alphas) * n_rows * n_values // MOST_NUMBERS)):
        total, count = np.zeros(n_rows * len(part) * n_values), np.zeros(n_rows)
        strength = np.where(forest.is_leaf, np.inf, path.strength)
        for tree in range(forest.n_trees):
            leaf = rows.leaf_ids(tree)
            count += leaf >= 0
            add_pruned_values(leaf, forest.parent, strength, part, value, n_values, total)
        total = total.reshape(n_rows, len(part), *forest.value.shape[1:])
        count = np.where(count > 0, count, np.nan)[:, None, None]
        yield from (total[:, step] / count for step in range(len(part)))


def _scored(score, rows, labels, prediction):
    """Score of predictions: each row is a node of its own, which holds what is predicted for it."""
    known = np.flatnonzero(~np.isnan(prediction).any(axis=(1, 2)))
    none = np.full(len(known), -1, np.int32)
    one_node_each = replace(
        rows.forest,
        root=np.zeros(1, np.int32),
        children_left=none,
        children_right=none,
        feature=none - 1,
        threshold=none - 1.0,
        value=prediction[known],
        start=np.array([0, len(known)]),
        node_id=np.arange(len(known), dtype=np.int32),
        tree_id=None,
        tree_class=None,
        tree_weight=None,
    )
    weight, codes = rows.sample_weight[known], np.arange(len(known), dtype=np.int32)
    return score(Rows(one_node_each, lambda tree: codes, rows.target[known], weight), labels).whole()
