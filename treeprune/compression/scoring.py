"""What compress judges models by on held-out rows: a loss, or a scorer of scikit-learn's."""

from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import is_regressor
from sklearn.utils.validation import _num_samples

from ..adapters.base import Adapter
from ..composites.base import Given
from ..core.forest import Forest
from ..core.losses import Loss, LossFunction, loss_in_place, row_losses
from ..core.parameters import check_scoring
from ..exceptions import UnsupportedModelError
from ..links import simplex

#: Fewest rows that are split into some to prune by and some to judge by.
_FEWEST = 10


def classifies(forest: Forest, loss: LossFunction | None) -> bool:
    """Whether a model with this forest and loss is a classifier."""
    return forest.task == "classification" or (isinstance(loss, Loss) and loss.classifies)


def check_judge(adapter: Adapter, loss: str | LossFunction | None, scoring: str | Callable | None) -> None:
    """Refuse models that nothing is there to judge by.

    Raises
    ------
    UnsupportedModelError
        Names the model, and what is missing.
    ValueError
        There is no such loss, or a function gives derivatives alone.
    """
    model, forest = adapter.model, adapter.forest
    name, judged_by = type(model).__name__, loss_in_place(adapter.loss, forest.task, loss)
    if forest.task == "path_length":
        raise UnsupportedModelError(
            f"{name} predicts no target, so that compress has nothing to judge it by but its own scores: give "
            "faithful=, and no y, for the smallest model that says what it says."
        )
    if hasattr(model, "fit") and "group" in signature(model.fit).parameters:
        raise UnsupportedModelError(f"{name} ranks the rows of a group: compress, which splits rows, knows no groups.")
    if forest.task == "margin" and judged_by is None:
        raise UnsupportedModelError(
            f"{name} was trained by {adapter.objective}, whose loss is not known as a function of a row's target and "
            "margin: compress has nothing to prune by. Name a loss, loss=."
        )
    if scoring is None and forest.task == "margin" and not isinstance(judged_by, Loss):
        raise ValueError(
            f"The 'loss' parameter of compress must be a name or a Loss (treeprune.core.losses): {judged_by!r} gives "
            "derivatives and no value to judge by. Or give scoring= too."
        )
    if scoring is not None and not hasattr(model, "fit"):
        raise UnsupportedModelError(f"The 'scoring' parameter needs an estimator of scikit-learn's kind. Got {name}.")
    if scoring is not None and not prunes_jointly(adapter):
        raise UnsupportedModelError(f"{name} is judged by its own predictions: compress takes no scoring= for it.")


def prunes_jointly(adapter: Adapter) -> bool:
    """Whether leaves can be set together: trees average or add up to one output, and leaves can have other values."""
    forest = adapter.forest
    averages = forest.task == "margin" or not (adapter.votes or np.ptp(forest.tree_weight) > 0)
    one_label = forest.task != "classification" or forest.n_outputs == 1
    return averages and one_label and "value" in adapter.operations


def check_enough(adapter: Adapter, data: Given, held_out: tuple | None) -> None:
    """Raise ValueError if rows are not what the model takes, or too few to prune by some and judge by others."""
    adapter.check_rows(data.X, data.y)
    if held_out is not None:
        adapter.check_rows(held_out[0], held_out[1], suffix="_val")
    name, X, least = ("X", data.X, _FEWEST) if held_out is None else ("X_val", held_out[0], 2)
    if _num_samples(X) < least:
        raise ValueError(f"The {name!r} parameter of compress must have at least {least} rows. Got {_num_samples(X)}.")


def scorer_for(model: Any, scoring: str | Callable | None, data: Given) -> Callable | None:
    """The scorer of a name; a ValueError if there is none, or none for regressors, of which it is asked at once."""
    if scoring is None:
        return None
    scorer, few = check_scoring("compress", model, scoring), data.at(np.arange(_FEWEST) % _num_samples(data.X))
    if isinstance(scoring, str) and is_regressor(model):
        try:
            scorer(model, few.X, few.y)
        except ValueError as error:
            raise ValueError(
                f"The 'scoring' parameter of compress must suit {type(model).__name__}, a regressor. Got {scoring!r}: "
                f"{error}."
            ) from error
    return scorer


def can_stratify(y: Any) -> bool:
    """Whether rows can be split by the classes in y: labels of one output, no shares."""
    y = np.asarray(y)
    return y.size == len(y) and not (y.dtype.kind == "f" and (y != np.rint(y)).any())


class Judged(NamedTuple):
    """How a model did on rows: its mean loss, its score, and the loss of each row (None: judged by a scorer)."""

    loss: float
    score: float
    row_losses: NDArray[np.float64] | None


class Scorer:
    """Loss and score of pruned models on some rows, from what their trees add up to.

    The loss is the Brier score of forests, the mean squared error of regression forests, of boosted models their own
    loss, or another that is named, and the share of wrong labels where trees vote or there are several outputs. The
    score is the accuracy, or R squared. A scorer of scikit-learn's takes the place of both: what it says is the score,
    and the loss is minus that.

    Parameters
    ----------
    adapter : Adapter
        Of a model of the family. Losses count rows with its weights of classes, accuracies without.
    data : tuple of (X, y, sample_weight)
        Rows to judge by.
    loss : str or callable, optional
        A loss in the place of a boosted model's own.
    scoring : callable, optional
        ``scoring(estimator, X, y)``; it gets ``sample_weight=`` where there are weights.

    Attributes
    ----------
    adapter : Adapter
        The one that carries out plans made by `rows`.
    rows : Rows
        The rows, routed.
    is_classifier : bool
    y : ndarray of shape (n_rows, n_outputs)
        Class codes or numbers.
    """

    def __init__(
        self,
        adapter: Adapter,
        data: tuple,
        loss: str | LossFunction | None = None,
        scoring: Callable | None = None,
    ):
        self.adapter, rows = adapter.with_rows(*data)
        self.rows, self.data, self.scoring = rows.judged_by(loss), data, scoring
        self.task, self.y = rows.forest.task, rows.target
        has_shares = bool((self.y != np.rint(self.y)).any())  # of classes
        self.is_classifier = classifies(rows.forest, self.rows.loss) and not has_shares

    def judge_score(self, score: NDArray[np.float64], temperature: float | None = None) -> Judged:
        """Loss and score of additive scores, shape (n_rows, n_columns).

        The link of a forest classifier's scores is "simplex", or with a temperature "softmax".
        """
        if self.task == "classification":
            score = np.concatenate([1.0 - score, score], axis=1) if score.shape[1] == 1 else score
            score = simplex(score) if temperature is None else softmax(score / temperature, axis=1)
        return self._judge(score)

    def judge_prediction(self, prediction: NDArray[np.float64]) -> Judged:
        """Loss and score of probabilities, or of predicted numbers."""
        if self.task != "margin":
            return self._judge(prediction)
        prediction = prediction.reshape(len(self.y), -1)
        if not isinstance(self.rows.loss, Loss):
            return self._judge(prediction)
        two_classes = self.is_classifier and self.rows.margin.shape[1] == 1
        return self._judge(self.rows.loss.margin_of(prediction[:, 1:] if two_classes else prediction))

    def judge_model(self, model: Any, X: Any) -> Judged:
        """Loss and score of a model of the family, given the rows as the model takes them."""
        if self.task == "margin":
            from ..adapters import find_adapter

            return self._judge(find_adapter(model).margin_from(X, self.rows.offset))
        if self.is_classifier and (self.adapter.votes or self.y.shape[1] > 1):
            return self._judge_labels(model, X)
        return self._judge(model.predict_proba(X) if self.is_classifier else model.predict(X))

    def _judge_labels(self, model, X):
        """Where trees vote, or there are several labels, the loss is the share of labels that are wrong."""
        wrong = self.adapter.encode_target(model.predict(X)) != self.y
        return self._judged(wrong.mean(axis=1), self._accuracy(~wrong.any(axis=1)))

    def _judge(self, raw):
        """Loss and score of margins, of the probabilities of a forest, or of its predictions."""
        if self.scoring is not None:
            score = self._scored(raw.reshape(len(self.y), -1))
            return Judged(-score, score, None)
        if self.task == "margin":
            return self._judged(row_losses(self.rows.loss, self.y, raw), self._score(raw))
        if self.task == "regression":
            raw = raw.reshape(self.y.shape)
            return self._judged(((self.y - raw) ** 2).mean(axis=1), self._r_squared(raw))
        y = self.y[:, 0].astype(np.int64)
        of_row = (raw**2).sum(axis=1) + 1.0 - 2.0 * raw[np.arange(len(y)), y]
        return self._judged(of_row, self._accuracy(raw.argmax(axis=1) == y))

    def _scored(self, raw):
        X, y, weight = self.data[:3]
        weights = {} if weight is None else {"sample_weight": weight}
        score = float(self.scoring(self.adapter.stand_in(raw), X, y, **weights))
        if np.isnan(score):
            raise ValueError("The 'scoring' parameter of compress must give numbers. It gave nan for a pruned model.")
        return score

    def _score(self, margin):
        if not self.is_classifier:
            return self._r_squared(self.rows.loss.prediction(margin))
        labels = margin > 0 if self._is_binary(margin) else margin.argmax(axis=1)[:, None]
        return self._accuracy((labels == self.y).all(axis=1))

    def _is_binary(self, margin):
        """Whether each column of the margin is for a label of its own."""
        return margin.shape[1] == self.y.shape[1]

    def _r_squared(self, prediction):
        """Mean over the outputs, of each of which there may be several predictions (quantiles)."""
        weight = self.rows.sample_weight
        squares = np.average((self.y - prediction) ** 2, axis=0, weights=weight)
        center = np.average(self.y, axis=0, weights=weight)
        spread = np.average((self.y - center) ** 2, axis=0, weights=weight)
        return float(np.mean(1.0 - squares / spread))

    def _accuracy(self, hits):
        return float(np.average(hits, weights=self.rows.given_weight))

    def _judged(self, of_row, score):
        return Judged(float(np.average(of_row, weights=self.rows.sample_weight)), score, of_row)


def scorer_of(model: Any, data: tuple) -> Scorer:
    """What judges a model by its own loss on rows, data as for `Scorer`."""
    from ..adapters import find_adapter

    return Scorer(find_adapter(model), data)
