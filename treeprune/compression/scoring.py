"""Losses and scores of ensembles on held-out rows, from scores, predictions or models."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from ..core import losses
from ..core.forest import Forest
from ..core.rows import Rows
from ..exceptions import UnsupportedModelError
from ..links import simplex

_PROBABILITIES: dict[Any, Callable] = {
    losses.logistic: expit,
    losses.multinomial: lambda margin: softmax(margin, axis=1),
}


def classifies(forest: Forest, loss: Any) -> bool:
    """Whether a model with this forest and loss is a classifier."""
    return forest.task == "classification" or loss in _PROBABILITIES


class Scorer:
    """What a model is judged by: the Brier score of forests, log-loss of boosted classifiers, squared error else.

    Parameters
    ----------
    forest : Forest
        The trees of the model.
    rows : Rows
        Rows to judge by.
    """

    def __init__(self, forest: Forest, rows: Rows):
        self.task, self.rows = forest.task, rows
        known = (losses.squared, *_PROBABILITIES)
        if self.task == "margin" and rows.loss not in known:
            raise UnsupportedModelError(
                f"compress judges by squared error or probabilities; the loss of {rows.objective} is neither."
            )
        self.is_classifier = classifies(forest, rows.loss)
        if self.is_classifier and (rows.target != np.rint(rows.target)).any():
            raise ValueError("compress takes class labels as y, no shares of classes.")
        self.y = rows.target[:, 0].astype(np.int64) if self.is_classifier else rows.target

    def judge_score(self, score: NDArray[np.float64], temperature: float | None = None) -> tuple[float, float]:
        """Loss and score of additive scores, shape (n_rows, n_columns).

        The link of a forest classifier's scores is "simplex", or with a temperature "softmax".
        """
        if not self.is_classifier:
            return self.judge_prediction(score)
        p = _PROBABILITIES[self.rows.loss](score) if self.task == "margin" else score
        p = np.concatenate([1.0 - p, p], axis=1) if p.shape[1] == 1 else p
        if self.task != "margin":
            p = simplex(p) if temperature is None else softmax(p / temperature, axis=1)
        return self.judge_prediction(p)

    def judge_prediction(self, prediction: NDArray[np.float64]) -> tuple[float, float]:
        """Loss and score (accuracy or R squared) of probabilities, or of predicted numbers."""
        weight = self.rows.sample_weight
        if not self.is_classifier:
            squares = np.average((self.y - prediction.reshape(self.y.shape)) ** 2, axis=0, weights=weight)
            center = np.average(self.y, axis=0, weights=weight)
            spread = np.average((self.y - center) ** 2, axis=0, weights=weight)
            return float(squares.mean()), float(np.mean(1.0 - squares / spread))
        of_true = prediction[np.arange(len(self.y)), self.y]
        if self.task == "margin":
            of_row = -np.log(np.maximum(of_true, np.finfo(float).eps))
        else:
            of_row = (prediction**2).sum(axis=1) + 1.0 - 2.0 * of_true
        hits = prediction.argmax(axis=1) == self.y
        return float(np.average(of_row, weights=weight)), float(np.average(hits, weights=weight))

    def judge_model(self, model: Any, X: Any) -> tuple[float, float]:
        """Loss and score of a model of the family, given the rows as the model takes them."""
        if self.task == "margin":
            from ..adapters import find_adapter

            return self.judge_score(find_adapter(model).margin_from(X, self.rows.offset))
        return self.judge_prediction(model.predict_proba(X) if self.is_classifier else model.predict(X))
