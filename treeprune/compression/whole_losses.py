"""The loss of each row by a whole model that holds tree models."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from ..composites.base import Given
from .scoring import Scorer


class WholeLosses:
    """What wholes lose on rows, by what they predict.

    That is the loss of the tree models inside, if they share one and learn the targets of the whole: with the
    probabilities of the whole, such as calibrated ones. Else it is the Brier score of the probabilities, the share of
    wrong labels where there are none, or the squared error; the mean over several outputs.

    Parameters
    ----------
    whole : object
        The model as it is.
    judge : Given
        Rows as it takes them.
    scorer : Scorer or None
        Of a tree model inside, for what it sees of these rows; None: they do not share a loss.

    Attributes
    ----------
    known : ndarray of bool, shape (n_rows,)
        Rows that can judge: whose classes the whole knows. Losses are those of these rows.
    weight : ndarray of shape (n_known,) or None
        How often each counts.
    """

    def __init__(self, whole: Any, judge: Given, scorer: Scorer | None):
        self.whole, self.is_classifier = whole, is_classifier(whole)
        y = np.asarray(judge.y)
        several = y.ndim == 2 and y.shape[1] > 1
        self.y = y if several else y.reshape(len(y))
        self.known = np.ones(len(y), dtype=bool)
        if self.is_classifier and not several:
            self.known = np.isin(self.y, whole.classes_)
        rows = np.flatnonzero(self.known)
        self.judge, self.y = judge.at(rows), self.y[rows]
        self._scorer = scorer if scorer is not None and self._suits(whole, scorer) else None
        weight = self.judge.sample_weight if self._scorer is None else self._scorer.rows.sample_weight
        self.weight = None if weight is None else np.asarray(weight, dtype=np.float64)

    def _suits(self, whole, scorer):
        """Whether the targets of a tree model are those of the whole, which says as much of them."""
        if not self.known.all() or len(scorer.y) != len(self.y):
            return False
        if not self.is_classifier:
            return not scorer.is_classifier and np.array_equal(scorer.y.ravel(), self.y.ravel())
        if self.y.ndim == 2 or not hasattr(whole, "predict_proba"):
            return False
        return scorer.is_classifier and np.array_equal(scorer.y[:, 0], np.searchsorted(whole.classes_, self.y))

    @property
    def are_of_labels(self) -> bool:
        """Whether a loss says whether a label is wrong, and no more."""
        return self._scorer is None and self.is_classifier and not hasattr(self.whole, "predict_proba")

    def __call__(self, model: Any) -> NDArray[np.float64]:
        """The loss of each of the known rows, shape (n_known,)."""
        X = self.judge.X
        if self._scorer is not None:
            says = model.predict_proba(X) if self.is_classifier else np.asarray(model.predict(X), dtype=np.float64)
            return self._scorer.judge_prediction(says).row_losses
        if not self.is_classifier:
            errors = (self.y - np.asarray(model.predict(X), dtype=np.float64).reshape(self.y.shape)) ** 2
            return _of_outputs(errors)
        if hasattr(model, "predict_proba"):
            return self._brier(model, model.predict_proba(X))
        return _of_outputs((np.asarray(model.predict(X)).reshape(self.y.shape) != self.y).astype(np.float64))

    def _brier(self, model, probability):
        if isinstance(probability, list):  # an array for each output
            outputs = zip(probability, model.classes_, self.y.T, strict=True)
            return np.mean([_brier(*output) for output in outputs], axis=0)
        if self.y.ndim == 2:  # of each label
            return 2.0 * _of_outputs((probability - self.y) ** 2)
        return _brier(probability, model.classes_, self.y)


def _brier(probability, classes, y):
    """Sum over the classes, as of forests: between 0 and 2 (Brier 1950)."""
    return ((probability - (np.asarray(classes)[None] == y[:, None])) ** 2).sum(axis=1)


def _of_outputs(losses):
    return losses if losses.ndim == 1 else losses.mean(axis=1)
