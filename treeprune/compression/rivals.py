"""Models trained anew at a smaller size: what pruning has to beat."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

_SHARES = (0.3, 0.1, 0.03, 0.01)
_TREE_COUNTS = (1, 2, 5, 10, 20, 50)
_LEAVES = (8, 16, 31)
_MOST_ROUNDS = 400


@dataclass(frozen=True, eq=False)
class Rival:
    """A model trained anew; `predict` gives probabilities (classifiers) or numbers."""

    name: str
    parameters: str
    n_nodes: int
    n_trees: int
    predict: Callable[[Any], NDArray] = field(repr=False)


def rivals(
    model: Any, X: Any, y: ArrayLike, n_nodes: int, classifier: bool, random_state: int | None = 0
) -> Iterator[Rival]:
    """Smaller models of the same class, and HistGradientBoosting at many sizes.

    Parameters
    ----------
    model : object
        Fitted on the rows.
    X, y : array-like
        The rows.
    n_nodes : int
        Nodes of the model.
    classifier : bool
        Whether y holds classes.
    random_state : int or None
        Of HistGradientBoosting.
    """
    if hasattr(model, "estimators_") and hasattr(model, "get_params") and "n_estimators" in model.get_params():
        yield from _same_class(model, X, y)
    yield from _boosted(X, y, n_nodes, classifier, random_state)


def _same_class(model, X, y):
    n_trees = model.n_estimators
    for count in (n for n in _TREE_COUNTS if n < n_trees):
        yield _rival(clone(model).set_params(n_estimators=count), X, y, f"n_estimators={count}")
    if "max_leaf_nodes" in model.get_params():
        most = max(tree.get_n_leaves() for tree in np.ravel(model.estimators_))
        for share in _SHARES:
            leaves = max(int(share * most), 2)
            yield _rival(clone(model).set_params(max_leaf_nodes=leaves), X, y, f"max_leaf_nodes={leaves}")


def _rival(model, X, y, parameters):
    model.fit(X, y)
    trees = np.ravel(model.estimators_)
    n_nodes = sum(tree.tree_.node_count for tree in trees)
    predict = model.predict_proba if is_classifier(model) else model.predict
    return Rival(f"retrained {type(model).__name__}", parameters, n_nodes, len(trees), predict)


def _boosted(X, y, n_nodes, classifier, random_state):
    """HistGradientBoosting, stopped at some dozen sizes up to that of the model."""
    if np.ndim(y) > 1 and np.shape(y)[1] > 1:
        return
    cls = HistGradientBoostingClassifier if classifier else HistGradientBoostingRegressor
    for leaves in _LEAVES:
        per_round = (2 * leaves - 1) * (len(np.unique(y)) if classifier and len(np.unique(y)) > 2 else 1)
        rounds = int(np.clip(n_nodes // per_round, 1, _MOST_ROUNDS))
        boosted = cls(max_iter=rounds, max_leaf_nodes=leaves, early_stopping=False, random_state=random_state)
        boosted.fit(X, y)
        per_stage = [sum(len(tree.nodes) for tree in stage) for stage in boosted._predictors]
        sizes, staged = np.cumsum(per_stage), boosted.staged_predict_proba if classifier else boosted.staged_predict
        for stage in np.unique(np.geomspace(1, len(sizes), 15).astype(int)):
            yield Rival(
                "HistGradientBoosting",
                f"max_leaf_nodes={leaves}, max_iter={stage}",
                int(sizes[stage - 1]),
                int(stage) * len(boosted._predictors[0]),
                lambda rows, staged=staged, stage=stage: next(islice(staged(rows), stage - 1, None)),
            )
