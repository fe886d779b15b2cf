"""Forests and bagged classifiers whose scores become probabilities by a link.

Joint pruning gives the leaves of an ensemble the values that make the *sum* of the trees best. Such a sum over one-hot
classes adds up to 1, but may leave [0, 1]. A link brings it back, row by row: one row alone gets the same probabilities
as in a batch.

Tools that read the trees of a forest themselves know nothing of the link. They recognise forests by
``isinstance(model, RandomForestClassifier)``, which would make wrong probabilities without a word: so the forests here
are siblings of the stock classes, not subclasses, and such tools refuse them. `unlinked` gives the stock forest of the
scores, which they take.
"""

from copy import copy
from functools import wraps
from inspect import getattr_static
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.special import softmax as _softmax
from sklearn.ensemble import BaggingClassifier, ExtraTreesClassifier, RandomForestClassifier
from sklearn.utils.metaestimators import available_if


def simplex(score: NDArray[np.float64], temperature: float = 1.0) -> NDArray[np.float64]:
    """Nearest probabilities to each row of scores (Held, Wolfe & Crowder 1974); never raises the Brier score.

    Parameters
    ----------
    score : ndarray of float64, shape (n_rows, n_classes)
    temperature : float
        Not used.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_classes)
        Rows sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> simplex(np.array([[1.2, 0.1, -0.3], [0.2, 0.5, 0.3]])).round(3)
    array([[1. , 0. , 0. ],
           [0.2, 0.5, 0.3]])
    """
    falling = -np.sort(-score, axis=1)
    shift = (np.cumsum(falling, axis=1) - 1.0) / np.arange(1, score.shape[1] + 1)
    n_kept = np.count_nonzero(falling > shift, axis=1)
    p = np.maximum(score - shift[np.arange(len(score)), n_kept - 1][:, None], 0.0)
    return p / p.sum(axis=1, keepdims=True)


def softmax(score: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Probabilities proportional to ``exp(score / temperature)``."""
    return _softmax(score / temperature, axis=1)


LINKS = {"simplex": simplex, "softmax": softmax}


def best_temperature(score: NDArray[np.float64], y: NDArray, sample_weight: NDArray | None = None) -> float:
    """Temperature of `softmax` with the least log-loss.

    Labels are not quite certain, as in Platt (1999): of a class of n rows, (n + 1) / (n + 2). Else scores that make no
    mistake on a few rows would become certainties.

    Parameters
    ----------
    score : ndarray of float64, shape (n_rows, n_classes)
        Scores of rows that the leaves were not estimated on.
    y : ndarray of int, shape (n_rows,)
        Their class codes.
    sample_weight : ndarray of float64, shape (n_rows,), optional

    References
    ----------
    J. Platt (1999). Probabilistic outputs for support vector machines and comparisons to regularized likelihood
    methods. Advances in Large Margin Classifiers, 61-74.
    """
    row, n_others = np.arange(len(y)), max(score.shape[1] - 1, 1)
    doubt = 1.0 / (np.bincount(y)[y] + 2.0)

    def loss(log_temperature):
        log_probability = log_softmax(score / np.exp(log_temperature), axis=1)
        own = log_probability[row, y]
        others = (log_probability.sum(axis=1) - own) / n_others
        return -np.average((1.0 - doubt) * own + doubt * others, weights=sample_weight)

    return float(np.exp(minimize_scalar(loss, bounds=np.log([1e-3, 10.0]), method="bounded").x))


class Linked:
    """Mixin of classes with a link, which turns the mean of the trees' values into probabilities.

    Attributes
    ----------
    link_ : {"simplex", "softmax"} or None
        The link, a name in `LINKS`; None: there is none, as in a model that is not pruned.
    temperature_ : float
        The temperature of "softmax".
    """

    link_: str | None = None
    temperature_: float = 1.0

    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Any:
        """Fit as the stock class does. New trees hold probabilities, so only a warm start keeps the link."""
        if not self.warm_start:
            _drop_link(self)
        return super().fit(X, y, sample_weight=sample_weight, **fit_params)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Class probabilities of rows X, shape (n_rows, n_classes): the link of the mean of the trees' values."""
        score = super().predict_proba(X)
        return score if self.link_ is None else LINKS[self.link_](score, self.temperature_)

    @available_if(lambda self: self.link_ is not None)
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Mean of the trees' values before the link; the greatest is that of the predicted class.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_classes) or (n_rows,)
            Rows sum to 1. Of two classes, the value of the second less that of the first.
        """
        score = super().predict_proba(X)
        return score[:, 1] - score[:, 0] if score.shape[1] == 2 else score


def _constructor(stock):
    """The constructor of a stock class for a class that is none of its subclasses."""

    @wraps(stock.__init__)  # parameters are read from its signature
    def __init__(self, *args, **params):
        vars(self).update(vars(stock(*args, **params)))

    return __init__


class LinkedRandomForestClassifier(Linked, RandomForestClassifier.__base__):
    """A pruned RandomForestClassifier with a link."""

    _parameter_constraints = RandomForestClassifier._parameter_constraints
    __init__ = _constructor(RandomForestClassifier)


class LinkedExtraTreesClassifier(Linked, ExtraTreesClassifier.__base__):
    """A pruned ExtraTreesClassifier with a link."""

    _parameter_constraints = ExtraTreesClassifier._parameter_constraints
    __init__ = _constructor(ExtraTreesClassifier)


class LinkedBaggingClassifier(Linked, BaggingClassifier):
    """A pruned BaggingClassifier with a link."""

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithms of `predict_proba`, not of the trees' own values, which may be negative."""
        return np.log(self.predict_proba(X))


#: Classes with a link, by the class that each takes the place of.
LINKED = {
    RandomForestClassifier: LinkedRandomForestClassifier,
    ExtraTreesClassifier: LinkedExtraTreesClassifier,
    BaggingClassifier: LinkedBaggingClassifier,
}


#: What a subclass of a stock class may not have of its own for the link to take its place.
_PREDICTING = ("fit", "predict", "predict_proba", "predict_log_proba", "decision_function")


def unlinked(model: Linked) -> Any:
    """A copy of an ensemble with a link as its stock class, whose `predict_proba` gives the scores before the link."""
    plain = copy(model)
    plain.__class__ = next(stock for stock, cls in LINKED.items() if isinstance(model, cls))
    _drop_link(plain)
    return plain


def _drop_link(model):
    for name in ("link_", "temperature_"):
        vars(model).pop(name, None)


def takes_link(model: Any) -> bool:
    """Whether the model's class has a link, or a counterpart with one."""
    return isinstance(model, Linked) or _counterpart(type(model)) is not None


def linked(model: Any, link: str, temperature: float) -> Any:
    """The model, which `takes_link`, with a link. The model itself, which is changed, must be a copy."""
    if not isinstance(model, Linked):
        model.__class__ = _counterpart(type(model))
    model.link_, model.temperature_ = link, float(temperature)
    return model


def _counterpart(cls):
    """The class with a link for a stock class, or for a subclass of one that fits and predicts as it does."""
    for stock, of_stock in LINKED.items():
        if issubclass(cls, stock):
            same = all(getattr_static(cls, name, None) is getattr_static(stock, name, None) for name in _PREDICTING)
            return of_stock if same else None
    return None
