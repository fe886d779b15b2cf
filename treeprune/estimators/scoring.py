r"""Scores that are functions of sums over rows. Sums over the nodes give them for all trees of a path at once.

Each is a function of the mean, over rows, of a loss :math:`\ell(y, v)` of the target y and the leaf's value v. Other
scores of scikit-learn are computed from predictions, tree by tree.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from sklearn.base import ClassifierMixin, RegressorMixin, is_classifier
from sklearn.metrics import confusion_matrix, get_scorer
from sklearn.utils import column_or_1d

from ..adapters.base import Adapter, check_weights
from ..core.path import PruningPath
from ..core.rows import Rows


@dataclass(frozen=True)
class StepScores:
    """Scores of some prunings of one model on some rows.

    Parameters
    ----------
    score : ndarray of float64, shape (n_steps,)
        Higher is better.
    loss, square : ndarray of float64, shape (n_steps,), or None
        Weighted sums over the rows of the loss behind the score, in its units, and of its square.
    weight : float
        Sum of the rows' weights.
    """

    score: NDArray[np.float64]
    loss: NDArray[np.float64] | None = None
    square: NDArray[np.float64] | None = None
    weight: float = np.nan


@dataclass(frozen=True)
class NodeLosses:
    """Losses of the rows of each node as a leaf.

    Parameters
    ----------
    loss : ndarray of float64, shape (n_nodes, n_outputs)
        Weighted sums of the loss; the loss of a row is the mean over outputs.
    square : ndarray of float64, shape (n_nodes,)
        Weighted sums of the square of a row's loss.
    weight : float
        Sum of the weights of all rows.
    link : callable
        Score from mean losses of shape (n_steps, n_outputs).
    slope : callable, optional
        Absolute derivative of the score by the mean loss, shape (n_steps,); None: 1.
    refused : ndarray of int64, shape (n_nodes,), optional
        Number of rows for which the metric is not defined: a tree with such a row has no score.
    """

    loss: NDArray[np.float64]
    square: NDArray[np.float64]
    weight: float
    link: Callable[[NDArray], NDArray]
    slope: Callable[[NDArray], NDArray] | None = None
    refused: NDArray[np.int64] | None = None

    def along(self, path: PruningPath, alphas: NDArray[np.float64]) -> StepScores:
        """Scores of the trees of a path at some strengths, in one sweep."""
        return self._scores(lambda node_score: path.totals(node_score, alphas))

    def whole(self) -> StepScores:
        """Score of the predictions that the nodes hold, where each row has a node of its own."""
        return self._scores(lambda node_score: node_score.sum(axis=0, keepdims=True))

    def _scores(self, totals):
        sums = totals(np.column_stack([self.loss, self.square]))
        loss, square = np.maximum(sums[:, :-1], 0.0), sums[:, -1]
        mean = loss / self.weight
        slope = 1.0 if self.slope is None else self.slope(mean)
        score = self.link(mean)
        if self.refused is not None:
            score = np.where(totals(self.refused) > 0, np.nan, score)
        return StepScores(score, slope * loss.mean(axis=1), slope**2 * square, self.weight)


#: Takes rows, and the class labels of their codes, and gives the losses of the nodes.
AdditiveScore = Callable[[Rows, NDArray | None], NodeLosses]


def additive_score(estimator: Any, scoring: Any, n_outputs: int = 1) -> AdditiveScore | None:
    """The losses of nodes that give a score, or None where the score needs predictions.

    Parameters
    ----------
    estimator : estimator
        The model to score.
    scoring : None, str or callable
        None: the estimator's own ``score``; the name of a scorer, or a scorer object.
    n_outputs : int, default=1
        Number of targets.
    """
    known = _OF_CLASSES if is_classifier(estimator) else _OF_NUMBERS
    if n_outputs > 1:
        known = {} if is_classifier(estimator) else _OF_MANY_OUTPUTS
    scoring = _own_score(estimator) if scoring is None else scoring
    if scoring is None:
        return None
    if isinstance(scoring, str):
        return known.get(scoring)
    parts = _parts(scoring)
    if parts is None or not known:
        return None
    function, sign, kwargs, response = parts
    if function is expected_cost and sign < 0 and response == "predict":
        return lambda rows, labels: _cost_losses(rows, labels, **kwargs)
    return next((known[name] for name in known if parts == _parts(get_scorer(name))), None)


def response_of(estimator: Any, scoring: Any) -> Any:
    """Name of the prediction method that a score depends on. Of several names, the first that the model has is used.

    Parameters are those of `additive_score`.

    Returns
    -------
    str, tuple of str, or None
        None: not known, as for a callable that is no scorer.
    """
    if scoring is None:
        return None if _own_score(estimator) is None else "predict"
    parts = _parts(get_scorer(scoring) if isinstance(scoring, str) else scoring)
    return None if parts is None else parts[3]


def _own_score(estimator):
    """Name of the score that an estimator's ``score`` gives, of a Pipeline that of its last step; None: not known."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    return _OWN_SCORE.get(getattr(type(estimator), "score", None))


def scoring_rows(
    adapter: Adapter, X: Any, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Rows, NDArray | None]:
    """Rows to score by, and the labels of their class codes. They do not count by the model's weights of classes.

    A label that the model has never seen is one more class, to which every node gives the probability 0.
    """
    adapter = adapter.without_class_weights()
    if adapter.forest.task != "classification":
        return adapter.rows(X, y, sample_weight), None
    known = adapter.model.classes_
    y = column_or_1d(y)
    labels = np.union1d(known, y)
    if len(labels) == len(known):
        return adapter.rows(X, y, sample_weight), labels
    value = np.zeros((adapter.forest.n_nodes, 1, len(labels)))
    value[:, :, np.searchsorted(labels, known)] = adapter.forest.value
    forest = replace(adapter.forest, value=value, n_classes=np.array([len(labels)], np.int32))
    codes = np.searchsorted(labels, y).astype(np.int32)[:, None]
    return Rows(forest, adapter.leaf_ids(X), codes, check_weights(sample_weight, len(y))), labels


def expected_cost(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    cost_matrix: ArrayLike,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean cost of predicted classes, where some mistakes cost more than others.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_rows,)
        True and predicted labels.
    cost_matrix : array-like of shape (n_classes, n_classes)
        ``cost_matrix[true, predicted]``, in the order of `labels`.
    labels : array-like of shape (n_classes,), optional
        All labels; None: those of `y_true` and `y_pred`, sorted.
    sample_weight : array-like of shape (n_rows,), optional
        Row weights.

    Returns
    -------
    float
        The weighted mean of the costs of the rows.

    Raises
    ------
    ValueError
        The shape of the cost matrix is not that of the labels, or a label is not among them.

    Examples
    --------
    >>> from sklearn.metrics import make_scorer
    >>> from treeprune.estimators import expected_cost
    >>> expected_cost([0, 0, 1, 1], [0, 1, 1, 0], cost_matrix=[[0, 1], [5, 0]])
    1.5
    >>> scorer = make_scorer(expected_cost, greater_is_better=False, cost_matrix=[[0, 1], [5, 0]])
    """
    found = np.unique(np.concatenate([np.unique(y_true), np.unique(y_pred)]))
    costs, position = _ordered_costs(cost_matrix, labels, found)
    confusion = confusion_matrix(y_true, y_pred, labels=found, sample_weight=sample_weight)
    return float((confusion * costs[np.ix_(position, position)]).sum() / confusion.sum())


def _ordered_costs(cost_matrix, labels, found):
    """The cost matrix as an array, and its row for each label found."""
    costs = np.asarray(cost_matrix, dtype=np.float64)
    labels = found if labels is None else np.asarray(labels)
    if costs.shape != (len(labels), len(labels)) or not np.isfinite(costs).all():
        raise ValueError(
            f"The 'cost_matrix' parameter must hold finite costs of shape ({len(labels)}, {len(labels)}) for the "
            f"labels {labels.tolist()}; give 'labels' where rows may lack some. Got shape {costs.shape}."
        )
    order = np.argsort(labels)
    position = order[np.searchsorted(labels, found, sorter=order).clip(max=len(labels) - 1)]
    unknown = found[labels[position] != found]
    if len(unknown):
        raise ValueError(f"The 'labels' parameter must hold all labels. Missing: {unknown.tolist()}.")
    return costs, position


def _parts(scorer):
    """What defines a scorer made by `make_scorer`: scorers with equal parts give equal scores."""
    names = ("_score_func", "_sign", "_kwargs", "_response_method")
    return tuple(getattr(scorer, name) for name in names) if all(hasattr(scorer, name) for name in names) else None


def _falling(mean):
    return -mean.mean(axis=1)


def _share(mean):
    return 1.0 - mean.mean(axis=1)


def _class_losses(rows, loss, link):
    """Node losses, given the loss of each class at each node, shape (n_nodes, n_classes)."""
    weight = rows.statistics.class_weight[:, 0]
    sums = (weight * loss).sum(axis=1, keepdims=True)
    return NodeLosses(sums, (weight * loss**2).sum(axis=1), rows.sample_weight.sum(), link)


def _probabilities(rows):
    return rows.forest.value[:, 0].astype(np.float64)


def _error(rows):
    p = _probabilities(rows)
    return 1.0 - np.eye(p.shape[1])[p.argmax(axis=1)]


def _accuracy(rows, labels):
    return _class_losses(rows, _error(rows), _share)


def _balanced_accuracy(rows, labels):
    """Accuracy with weights that make all classes among the rows equally heavy."""
    codes = rows.target[:, 0]
    by_class = np.bincount(codes, rows.sample_weight)
    share = rows.sample_weight.sum() / np.count_nonzero(by_class)
    factor = np.divide(share, by_class, out=np.zeros_like(by_class), where=by_class > 0)
    balanced = Rows(rows.forest, rows.leaf_ids, rows.target, rows.sample_weight * factor[codes])
    return _class_losses(balanced, _error(rows), _share)


def _log_loss(rows, labels):
    smallest = np.finfo(rows.forest.value.dtype).eps  # as in `sklearn.metrics.log_loss`
    p = np.clip(rows.forest.value[:, 0], smallest, 1 - smallest).astype(np.float64)
    return _class_losses(rows, -np.log(p), _falling)


def _brier(rows, labels):
    """Sum over classes of squared differences; half of it, that of one class, where there are two."""
    p = _probabilities(rows)
    loss = (p**2).sum(axis=1, keepdims=True) - 2 * p + 1
    return _class_losses(rows, loss / 2 if p.shape[1] == 2 else loss, _falling)


def _cost_losses(rows, labels, cost_matrix, **kwargs):
    costs, position = _ordered_costs(cost_matrix, kwargs.get("labels"), labels)
    predicted = _probabilities(rows).argmax(axis=1)
    return _class_losses(rows, costs.T[position[predicted]][:, position], _falling)


def _bilinear_losses(rows, of_target, of_value, link, slope=None, refused=None):
    r"""Node losses for a loss of the form :math:`\psi_0(v) + \psi_1(v) \phi_1(y) + \psi_2(v) \phi_2(y)`.

    Its sums and those of its square are functions of the node's sums of products of the :math:`\phi`.
    """
    first, second = of_target
    by_one, by_first, by_second = of_value
    of_1, of_a, of_b = (rows.node_sums(x) for x in (np.ones(len(first)), first, second))
    loss = by_one * of_1 + by_first * of_a + by_second * of_b
    square = by_one**2 * of_1 + 2 * by_one * (by_first * of_a + by_second * of_b)
    del of_1, of_a, of_b  # trees can be large
    square += by_first**2 * rows.node_sums(first**2)
    square += 2 * by_first * by_second * rows.node_sums(first * second)
    square += by_second**2 * rows.node_sums(second**2)
    return NodeLosses(loss[:, None], square, rows.sample_weight.sum(), link, slope, refused)


def _squared_losses(rows, link, scale=1.0, slope=None):
    """Squared errors, those of each output times its `scale`."""
    forest = rows.forest
    center = forest.value[forest.root[0], :, 0]
    v = forest.value[:, :, 0] - center
    if v.shape[1] == 1:
        y, one = rows.target[:, 0] - center, np.broadcast_to(scale, 1)
        of_value = (one * v[:, 0] ** 2, -2 * one * v[:, 0], one)
        return _bilinear_losses(rows, (y, y**2), of_value, link, slope)
    statistics = rows.statistics  # which have the same center
    loss = scale * (statistics.square - 2 * v * statistics.total + v**2 * statistics.weight[:, None])
    square = rows.node_loss(lambda y, value: (scale * (y - value[:, :, 0]) ** 2).mean(axis=1) ** 2)
    return NodeLosses(loss, square, rows.sample_weight.sum(), link, slope)


def _squared_error(rows, labels):
    return _squared_losses(rows, _falling)


def _root_squared_error(rows, labels):
    """By the delta method, the standard error of the root is that of the mean square, divided by twice the root."""

    def slope(mean):
        root = np.sqrt(mean[:, 0])
        return np.divide(0.5, root, out=np.zeros_like(root), where=root > 0)

    return _squared_losses(rows, lambda mean: -np.sqrt(mean).mean(axis=1), slope=slope)


def _r2(rows, labels):
    """A constant target scores 1 without error and 0 with any, as in `sklearn.metrics.r2_score`."""
    mean = np.average(rows.target, axis=0, weights=rows.sample_weight)
    variance = np.average((rows.target - mean) ** 2, axis=0, weights=rows.sample_weight)
    constant = variance == 0

    def link(mean):
        return (
            1.0 - np.where(constant, mean > 0, mean).mean(axis=1)
            if len(rows.target) > 1
            else np.full(len(mean), np.nan)
        )

    return _squared_losses(rows, link, scale=1 / np.where(constant, 1.0, variance))


def _absolute_error(rows, labels):
    """This is no function of node sums, so each row adds its loss to every node on its way from leaf to root."""
    losses = [
        rows.node_loss(lambda y, value, power=power: np.abs(y - value[:, :, 0]).mean(axis=1) ** power)
        for power in (1, 2)
    ]
    return NodeLosses(losses[0][:, None], losses[1], rows.sample_weight.sum(), _falling)


def _poisson(rows, labels):
    """Not defined for a prediction that is not positive."""
    y, v = rows.target[:, 0], rows.forest.value[:, 0, 0]
    positive = np.where(v > 0, v, 1.0)
    of_value = (2 * positive, -2 - 2 * np.log(positive), np.full(1, 2.0))
    refused = _refused(rows, v, y < 0, "neg_mean_poisson_deviance", "non-negative y")
    return _bilinear_losses(rows, (y, xlogy(y, y)), of_value, _falling, refused=refused)


def _gamma(rows, labels):
    y, v = rows.target[:, 0], rows.forest.value[:, 0, 0]
    refused = _refused(rows, v, y <= 0, "neg_mean_gamma_deviance", "strictly positive y")
    positive = np.where(v > 0, v, 1.0)
    of_value = (2 * np.log(positive) - 2, np.full(1, -2.0), 2 / positive)
    return _bilinear_losses(rows, (np.log(y), y), of_value, _falling, refused=refused)


def _refused(rows, v, bad, scoring, what):
    if bad.any():
        raise ValueError(f"The score {scoring!r} can only be used with {what}. Got {rows.target[bad][0, 0]}.")
    return np.where(v > 0, 0, rows.statistics.n_rows)


#: Names of the scores that estimators compute in their own ``score``.
_OWN_SCORE = {ClassifierMixin.score: "accuracy", RegressorMixin.score: "r2"}
_OF_CLASSES: dict[str, AdditiveScore] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "neg_log_loss": _log_loss,
    "neg_brier_score": _brier,
}
_OF_NUMBERS: dict[str, AdditiveScore] = {
    "r2": _r2,
    "neg_mean_squared_error": _squared_error,
    "neg_root_mean_squared_error": _root_squared_error,
    "neg_mean_absolute_error": _absolute_error,
    "neg_mean_poisson_deviance": _poisson,
    "neg_mean_gamma_deviance": _gamma,
}
_OF_MANY_OUTPUTS = {name: _OF_NUMBERS[name] for name in ("r2", "neg_mean_squared_error", "neg_mean_absolute_error")}
