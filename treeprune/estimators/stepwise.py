"""Scores from the predictions of each pruned model, whose raw outputs are updated from step to step."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _num_samples

from ..adapters import find_adapter
from ..adapters.base import check_weights
from ..adapters.stand_ins import StandIns
from ..core.forest import Forest
from ..core.path import PruningPath
from ..core.rows import Rows
from .candidates import PathModels
from .fitting import take
from .scoring import AdditiveScore, StepScores

#: Most raw outputs to hold at a time. Steps beyond that are worked on in parts, and rows routed again for each part.
MOST_NUMBERS = 2**25

#: Scores a pruned model, given an object that predicts as it does and the positions of the rows that it predicts.
StepScore = Callable[[Any, NDArray[np.intp]], StepScores]


def stepwise_scores(
    pruned: PathModels,
    X: Any,
    score: StepScore,
    leaf_ids: Callable[[int], NDArray[np.int32]] | None = None,
    offset: NDArray[np.float64] | None = None,
) -> StepScores:
    """Scores of all candidates, in one walk from leaf to root for each row and tree.

    Parameters
    ----------
    pruned : PathModels
        A model pruned at some strengths of its path.
    X : array-like or DataFrame of shape (n_rows, n_features)
        Rows to score by.
    score : callable
        Scores one step.
    leaf_ids : callable, optional
        The leaf of each row in a tree; -1 where the tree does not count, as in `Rows`. A row without a tree is left
        out. None: the model's own leaves.
    offset : ndarray of float64, shape (n_rows, n_columns), optional
        Where the raw output of each row starts, in the place of the model's own base.
    """
    steps = [score(model, known) for model, known in stand_ins(pruned, X, leaf_ids, offset)]
    sums = ("score", "loss", "square") if steps[0].loss is not None else ("score",)
    joined = {name: np.concatenate([getattr(step, name) for step in steps]) for name in sums}
    return StepScores(**joined, weight=steps[0].weight)


def stand_ins(
    pruned: PathModels, X: Any, leaf_ids: Callable | None = None, offset: NDArray | None = None
) -> Iterator[tuple[Any, NDArray[np.intp]]]:
    """For each candidate an object that predicts as the pruned model does, and the positions of those rows."""
    adapter = cast(StandIns, pruned.adapter)
    reference = adapter.reference_rows
    outputs = [raw_outputs(adapter, pruned.path, pruned.alphas, X, leaf_ids, offset)]
    if reference is not None:
        outputs.append(raw_outputs(adapter, pruned.path, pruned.alphas, reference))
    for raw, *of_reference in zip(*outputs, strict=True):
        known = np.flatnonzero(~np.isnan(raw).any(axis=1))
        yield adapter.stand_in(raw[known], *of_reference), known


def starting_from(offset: NDArray[np.float64] | None, model: Any, X: Any) -> Any:
    """An object that predicts the rows X as the model does from their offsets; None: the model itself."""
    if offset is None:
        return model
    adapter = cast(StandIns, find_adapter(model))
    return adapter.stand_in(adapter.margin_from(X, offset))


def raw_outputs(
    adapter: StandIns,
    path: PruningPath,
    alphas: NDArray[np.float64],
    X: Any,
    leaf_ids: Callable | None = None,
    offset: NDArray[np.float64] | None = None,
) -> Iterator[NDArray]:
    """The model's raw output at each of some rising strengths, shape (n_rows, n_columns); NaN for rows without a tree.

    `StandIns.stand_in` turns it into predictions.
    """
    from ..core.kernels import add_pruned_values

    forest, base, of_leaf = adapter.forest, adapter.base(X), adapter.leaf_outputs(X)
    base = base if offset is None else offset.astype(base.dtype)
    leaf_ids = adapter.leaf_ids(X) if leaf_ids is None else leaf_ids
    value, column = adapter.summands
    value = np.ascontiguousarray(value, dtype=base.dtype)
    strength = np.where(forest.is_leaf, np.inf, np.maximum(path.strength, np.nextafter(0, 1)))  # 0 prunes nothing
    adapter.check_known(forest, forest.is_leaf | np.isfinite(path.strength))
    n_rows = _num_samples(X)
    for part in np.array_split(alphas, -(-len(alphas) * n_rows * base.shape[1] // MOST_NUMBERS)):
        total = np.empty((n_rows, len(part), base.shape[1]), base.dtype)
        total[:] = base[:, None]
        count = np.zeros(n_rows)
        for tree in range(forest.n_trees):
            leaf = leaf_ids(tree)
            count += leaf >= 0
            own = value[leaf] if of_leaf is None else of_leaf(tree)
            add_pruned_values(leaf, own, forest.parent, strength, part, value, column[tree], total)
        divisor = np.where(count > 0, count if adapter.averages else 1.0, np.nan)[:, None].astype(base.dtype)
        yield from (total[:, step] / divisor for step in range(len(part)))


def by_losses(
    losses: AdditiveScore, response: str, model: Any, X: Any, y: ArrayLike, sample_weight: ArrayLike | None
) -> StepScore:
    """A score that is a function of a mean loss of predictions.

    Parameters
    ----------
    losses : AdditiveScore
        The losses.
    response : {"predict", "predict_proba"}
        The prediction method that the losses are of.
    model : estimator
        A fitted classifier or regressor.
    X, y : array-like
        Rows to score by. A class that the model has never seen has the probability 0.
    sample_weight : array-like of shape (n_rows,) or None
        Their weights.
    """
    classes = getattr(model, "classes_", None)
    if classes is None:
        labels, target = None, np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    else:
        y = column_or_1d(y)
        labels = np.union1d(classes, y)
        target = np.searchsorted(labels, y).astype(np.int32)[:, None]
    weight = check_weights(sample_weight, len(target))
    weight = np.ones(len(target)) if weight is None else weight

    def score(stand_in, known):
        predicted = getattr(stand_in, response)(X if len(known) == len(target) else take(X, known))
        value = _values(predicted, response, classes, labels)
        node = np.arange(len(known), dtype=np.int32)
        rows = Rows(_one_node_each(value), lambda tree: node, target[known], weight[known])
        return losses(rows, labels).whole()

    return score


def by_scorer(scorer: Callable, X: Any, y: ArrayLike | None, params: dict[str, Any]) -> StepScore:
    """A score of all rows by a scorer that looks at predictions only."""
    rows = (X,) if y is None else (X, y)
    return lambda stand_in, known: StepScores(np.array([scorer(stand_in, *rows, **params)]))


def _values(predicted, response, classes, labels):
    """Predictions as values of nodes, shape (n_rows, n_outputs, n_values): numbers, or shares of `labels`."""
    if labels is None:
        return np.asarray(predicted, np.float64).reshape(len(predicted), -1, 1)
    if response == "predict":
        shares = np.asarray(predicted)[:, None] == labels
        if not shares.any(axis=1).all():
            raise ValueError(f"The model predicts {np.unique(predicted)[:10]}, which are not all among its classes.")
        return shares[:, None].astype(np.float64)
    shares = np.zeros((len(predicted), 1, len(labels)), predicted.dtype)
    shares[:, 0, np.searchsorted(labels, classes)] = predicted
    return shares


def _one_node_each(value):
    """A forest with one node for each row, whose value is the prediction for the row."""
    none = np.full(len(value), -1, np.int32)
    return Forest(
        root=np.zeros(1, np.int32),
        children_left=none,
        children_right=none,
        feature=none - 1,
        threshold=none - 1.0,
        value=value,
        n_features=1,
        task="regression" if value.shape[2] == 1 else "classification",
        start=np.array([0, len(value)]),
        node_id=np.arange(len(value), dtype=np.int32),
    )
