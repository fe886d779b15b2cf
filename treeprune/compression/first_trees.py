"""What ensembles of the first trees of an order predict, worked out as one tree after another is added."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from .scoring import Judged, Scorer


def scores_of_first_trees(scorer: Scorer, order: ArrayLike, counts: Iterable[int]) -> Iterator[Judged]:
    """How the first trees of an order do alone, for rising counts of them.

    Parameters
    ----------
    scorer : Scorer
        Of rows, and of a model whose trees average or add up.
    order : array-like of int
        Trees.
    counts : iterable of int
        How many of them.
    """
    forest, rows = scorer.rows.forest, scorer.rows
    trees, total, n_added = list(order), _without_trees(forest, rows), 0
    for count in counts:
        for tree in trees[n_added:count]:
            _add(total, forest, rows, tree)
        n_added = count
        yield scorer.judge_score(total) if forest.task == "margin" else scorer.judge_prediction(total / count)


def _without_trees(forest, rows):
    if forest.task != "margin":
        return np.zeros((len(rows.target), _plain(forest).shape[1]))
    base = rows.margin.astype(np.float64)
    for tree in range(forest.n_trees):
        _add(base, forest, rows, tree, -1.0)
    return base


def _add(total, forest, rows, tree, sign=1.0):
    """Add what a tree predicts of each row."""
    leaf = rows.leaf_ids(tree)
    if forest.task == "margin":
        total[:, forest.tree_class[tree]] += sign * rows.added(tree, leaf)
    else:
        total += _plain(forest)[leaf]


def _plain(forest):
    """Values of nodes: probabilities of classes, or numbers, one for each output."""
    return forest.value[:, 0] if forest.task == "classification" else forest.value[:, :, 0]
