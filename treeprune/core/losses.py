"""Losses of boosted ensembles: derivatives at the ensemble's margin, values, and predictions.

In all of them y has shape (n_rows,) (class codes or numbers) and the margin the same, or (n_rows, n_columns) where the
ensemble has several raw scores; y then holds class codes, or one column for each of the margin's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, logit, softmax, xlogy

Derivatives = tuple[NDArray[np.float64], NDArray[np.float64]]
#: What a loss must be for pruning: ``(y, margin) -> gradient, hessian``, both of the margin's shape.
LossFunction = Callable[[NDArray, NDArray], Derivatives]

#: Predicted means and probabilities are kept from 0 by this where their logarithm is taken.
_TINY = float(np.finfo(np.float64).eps)


class Loss(ABC):
    """A loss of a target and a margin. Called, it gives gradient and hessian, both of the margin's shape.

    Attributes
    ----------
    classifies : bool
        Whether the margin scores classes.
    is_of_logarithm : bool
        Whether the margin is the logarithm of a mean.
    is_linear : bool
        Whether it is proportional to the distance from the target, and not to its square near it.
    """

    classifies: ClassVar[bool] = False
    is_linear: ClassVar[bool] = False
    is_of_logarithm: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, y: NDArray, margin: NDArray) -> Derivatives:
        """Gradient and hessian of each row."""

    @abstractmethod
    def value(self, y: NDArray, margin: NDArray) -> NDArray[np.float64]:
        """Loss of each row, in the unit of the usual metric: of squared errors and deviances, twice what is derived.

        Of shape (n_rows,), or (n_rows, n_columns) where each column of the margin has its own.
        """

    def prediction(self, margin: NDArray) -> NDArray[np.float64]:
        """What a model of this loss predicts: a number, or the probability of class 1 or of each class."""
        return margin

    def margin_of(self, prediction: NDArray) -> NDArray[np.float64]:
        """The margin of a prediction."""
        return prediction


@dataclass(frozen=True)
class Squared(Loss):
    """Squared error."""

    def __call__(self, y, margin):
        return margin - y, np.ones_like(margin)

    def value(self, y, margin):
        return (y - margin) ** 2


@dataclass(frozen=True)
class Logistic(Loss):
    """Log-loss of class 1 with probability ``1 / (1 + exp(-slope margin))``."""

    slope: float = 1.0
    classifies = True

    def __call__(self, y, margin):
        p = self.prediction(margin)
        return self.slope * (p - y), self.slope**2 * p * (1 - p)

    def value(self, y, margin):
        return np.logaddexp(0.0, self.slope * margin) - y * self.slope * margin

    def prediction(self, margin):
        return expit(self.slope * margin)

    def margin_of(self, prediction):
        return logit(np.clip(prediction, _TINY, 1.0 - _TINY)) / self.slope


@dataclass(frozen=True)
class Multinomial(Loss):
    """Log-loss of class codes with probabilities ``softmax(margin)``; the diagonal of the hessian."""

    classifies = True

    def __call__(self, y, margin):
        p = softmax(margin, axis=1)
        return p - _one_hot(y, margin), p * (1 - p)

    def value(self, y, margin):
        return -log_softmax(margin, axis=1)[np.arange(len(y)), y.astype(np.int64)]

    def prediction(self, margin):
        return softmax(margin, axis=1)

    def margin_of(self, prediction):
        return np.log(np.maximum(prediction, _TINY))


@dataclass(frozen=True)
class OneVersusRest(Loss):
    """Log-loss of each class against all others, with probabilities ``1 / (1 + exp(-slope margin))``.

    With `weights`, for each class how often others' rows and its own count in its loss.
    """

    slope: float = 1.0
    weights: tuple[tuple[float, float], ...] | None = None
    classifies = True

    def __call__(self, y, margin):
        own = _one_hot(y, margin)
        gradient, hessian = Logistic(self.slope)(own, margin)
        return gradient * self._weight(own), hessian * self._weight(own)

    def value(self, y, margin):
        own = _one_hot(y, margin)
        return (self._weight(own) * Logistic(self.slope).value(own, margin)).sum(axis=1)

    def prediction(self, margin):
        return Logistic(self.slope).prediction(margin)

    def margin_of(self, prediction):
        return Logistic(self.slope).margin_of(prediction)

    def _weight(self, own):
        return 1.0 if self.weights is None else np.where(own == 1, *np.array(self.weights)[:, ::-1].T)


@dataclass(frozen=True)
class Exponential(Loss):
    """AdaBoost's loss ``exp(-(2 y - 1) margin)`` of class codes 0 and 1."""

    classifies = True

    def __call__(self, y, margin):
        loss = self.value(y, margin)
        return (1 - 2 * y) * loss, loss

    def value(self, y, margin):
        return np.exp((1 - 2 * y) * margin)

    def prediction(self, margin):
        return expit(2 * margin)

    def margin_of(self, prediction):
        return Logistic(2.0).margin_of(prediction)


@dataclass(frozen=True)
class Hinge(Loss):
    """``max(0, 1 - (2 y - 1) margin)`` of class codes 0 and 1; 1 stands in for the second derivative, as in XGBoost."""

    classifies = is_linear = True

    def __call__(self, y, margin):
        sign = 2 * y - 1
        within = (sign * margin < 1).astype(np.float64)
        return -sign * within, within

    def value(self, y, margin):
        return np.maximum(0.0, 1 - (2 * y - 1) * margin)

    def prediction(self, margin):
        return (margin > 0).astype(np.float64)

    def margin_of(self, prediction):
        """The best margin of a probability."""
        return np.where(prediction > 0.5, 1.0, -1.0)


class _OfLogarithm(Loss):
    """A loss whose margin is the logarithm of the mean."""

    is_of_logarithm = True

    def prediction(self, margin):
        return np.exp(margin)

    def margin_of(self, prediction):
        return np.log(np.maximum(prediction, _TINY))


@dataclass(frozen=True)
class Poisson(_OfLogarithm):
    """Poisson deviance of a mean ``exp(margin)``."""

    def __call__(self, y, margin):
        mean = np.exp(margin)
        return mean - y, mean

    def value(self, y, margin):
        return 2 * (xlogy(y, y) - y * margin - y + np.exp(margin))


@dataclass(frozen=True)
class Gamma(_OfLogarithm):
    """Gamma deviance of a mean ``exp(margin)``."""

    def __call__(self, y, margin):
        ratio = y * np.exp(-margin)
        return 1 - ratio, ratio

    def value(self, y, margin):
        return 2 * (margin - np.log(y) + y * np.exp(-margin) - 1)


@dataclass(frozen=True)
class Tweedie(_OfLogarithm):
    """Tweedie deviance of a mean ``exp(margin)``, for a variance power between 1 and 2."""

    power: float = 1.5

    def __call__(self, y, margin):
        low, high = y * np.exp((1 - self.power) * margin), np.exp((2 - self.power) * margin)
        return high - low, (2 - self.power) * high - (1 - self.power) * low

    def value(self, y, margin):
        low, high = 1 - self.power, 2 - self.power
        return 2 * (y**high / (low * high) - y * np.exp(low * margin) / low + np.exp(high * margin) / high)


class Robust(Loss):
    """A loss that grows no faster than the distance from the target.

    Its second derivative vanishes far from the target or does not exist, and says little of how it changes along a
    step. So nodes are judged by its values, and Newton's steps take the curvature of a parabola in its place.
    """

    @abstractmethod
    def curvature(self, y: NDArray, margin: NDArray, distance: float) -> NDArray[np.float64]:
        """Second derivative of the parabola, of the margin's shape.

        That of a loss whose second derivative is small is above it and touches it (Huber 1981, Robust Statistics,
        section 7.8). For one that has none, it is half of what the mean loss of Laplace errors has, of a mean
        `distance`: steps that turn out too long are undone and shortened, too short ones only seem not worth it.
        """


@dataclass(frozen=True)
class Huber(Robust):
    """Half the squared error up to a distance of `delta`, linear beyond."""

    delta: float = 1.0

    def __call__(self, y, margin):
        distance = margin - y
        return np.clip(distance, -self.delta, self.delta), (np.abs(distance) <= self.delta).astype(np.float64)

    def value(self, y, margin):
        distance = np.abs(margin - y)
        near = np.minimum(distance, self.delta)
        return near * (distance - near / 2)

    def curvature(self, y, margin, distance):
        return self.delta / np.maximum(np.abs(margin - y), self.delta)


@dataclass(frozen=True)
class PseudoHuber(Robust):
    """Smooth form of `Huber`: ``delta^2 (sqrt(1 + ((y - margin) / delta)^2) - 1)``."""

    delta: float = 1.0

    def __call__(self, y, margin):
        root = self._root(y, margin)
        return (margin - y) / root, root**-3.0

    def value(self, y, margin):
        return self.delta**2 * (self._root(y, margin) - 1)

    def curvature(self, y, margin, distance):
        return 1 / self._root(y, margin)

    def _root(self, y, margin):
        return np.sqrt(1 + ((margin - y) / self.delta) ** 2)


@dataclass(frozen=True)
class Fair(Robust):
    """Fair's loss ``c^2 (|d| / c - log(1 + |d| / c))`` of the distance d."""

    c: float = 1.0

    def __call__(self, y, margin):
        distance = margin - y
        shrunk = self.c / (np.abs(distance) + self.c)
        return distance * shrunk, shrunk**2

    def value(self, y, margin):
        ratio = np.abs(margin - y) / self.c
        return self.c**2 * (ratio - np.log1p(ratio))

    def curvature(self, y, margin, distance):
        return self.c / (np.abs(margin - y) + self.c)


@dataclass(frozen=True)
class SquaredLog(Loss):
    """Squared error of ``log(1 + margin)``; a hessian that would be negative is 1e-6, as in XGBoost."""

    def __call__(self, y, margin):
        margin = _above_minus_one(margin)
        ratio = np.log1p(margin) - np.log1p(y)
        return ratio / (margin + 1), np.maximum((1 - ratio) / (margin + 1) ** 2, 1e-6)

    def value(self, y, margin):
        return (np.log1p(_above_minus_one(margin)) - np.log1p(y)) ** 2


@dataclass(frozen=True)
class Absolute(Robust):
    """Absolute error; its second derivative is 0, and 1 stands in for it, as in LightGBM."""

    is_linear = True

    def __call__(self, y, margin):
        return np.sign(margin - y), np.ones_like(margin)

    def value(self, y, margin):
        return np.abs(y - margin)

    def curvature(self, y, margin, distance):
        return np.full(margin.shape, 0.5 / distance)


@dataclass(frozen=True)
class AbsolutePercentage(Robust):
    """Absolute error over ``max(1, |y|)``; 1 stands in for the second derivative, as in LightGBM."""

    is_linear = True

    def __call__(self, y, margin):
        return np.sign(margin - y) / self.unit(y), np.ones_like(margin)

    def value(self, y, margin):
        return np.abs(margin - y) / self.unit(y)

    def curvature(self, y, margin, distance):
        return Absolute().curvature(y, margin, distance) / self.unit(y)

    @staticmethod
    def unit(y: NDArray) -> NDArray:
        """What errors are divided by."""
        return np.maximum(1.0, np.abs(y))


@dataclass(frozen=True)
class Quantile(Robust):
    """Pinball loss at a level in (0, 1); its second derivative is 0, and 1 stands in for it, as in LightGBM."""

    level: float = 0.5
    is_linear = True

    def __call__(self, y, margin):
        return (margin > y) - self.level * (margin != y), np.ones_like(margin)

    def value(self, y, margin):
        return np.maximum(self.level * (y - margin), (self.level - 1) * (y - margin))

    def curvature(self, y, margin, distance):
        return np.full(margin.shape, 0.25 / distance)


@dataclass(frozen=True)
class Quantiles(Robust):
    """Pinball losses at several levels, one for each column of the margin."""

    levels: tuple[float, ...]
    is_linear = True

    def __call__(self, y, margin):
        gradients, hessians = zip(*(loss(y, column) for loss, column in self._columns(margin)), strict=True)
        return np.stack(gradients, axis=1), np.stack(hessians, axis=1)

    def value(self, y, margin):
        return np.stack([loss.value(y, column) for loss, column in self._columns(margin)], axis=1)

    def curvature(self, y, margin, distance):
        return Quantile().curvature(y, margin, distance)

    def _columns(self, margin):
        return zip(map(Quantile, self.levels), margin.T, strict=True)


@dataclass(frozen=True)
class OfSquareRoot(Loss):
    """Another loss, of the target's signed square root."""

    loss: Loss = field(default_factory=Squared)

    def __call__(self, y, margin):
        return self.loss(self.margin_of(y), margin)

    def value(self, y, margin):
        return self.loss.value(self.margin_of(y), margin)

    def prediction(self, margin):
        return np.sign(margin) * margin**2

    def margin_of(self, prediction):
        return np.sign(prediction) * np.sqrt(np.abs(prediction))


@dataclass(frozen=True)
class PositivesScaled(Loss):
    """Another loss of class codes 0 and 1, in which rows of class 1 count `factor` times."""

    loss: Loss
    factor: float
    classifies = True

    def __call__(self, y, margin):
        gradient, hessian = self.loss(y, margin)
        return gradient * self._weight(y), hessian * self._weight(y)

    def value(self, y, margin):
        return self.loss.value(y, margin) * self._weight(y)

    def prediction(self, margin):
        return self.loss.prediction(margin)

    def margin_of(self, prediction):
        return self.loss.margin_of(prediction)

    def _weight(self, y):
        return np.where(y == 1, self.factor, 1.0)


def _one_hot(y, margin):
    return (y[:, None] == np.arange(margin.shape[1])).astype(np.float64)


def _above_minus_one(margin):
    return np.maximum(margin, -1 + 1e-6)


#: Losses by name, with their parameters' defaults.
LOSSES: dict[str, Loss] = {
    "squared_error": Squared(),
    "logistic": Logistic(),
    "softmax": Multinomial(),
    "poisson": Poisson(),
    "gamma": Gamma(),
    "tweedie": Tweedie(),
    "huber": Huber(),
    "pseudo_huber": PseudoHuber(),
    "fair": Fair(),
    "squared_log": SquaredLog(),
    "hinge": Hinge(),
    "exponential": Exponential(),
    "absolute_error": Absolute(),
    "absolute_percentage": AbsolutePercentage(),
    "quantile": Quantile(),
}


def as_loss(loss: str | LossFunction) -> LossFunction:
    """The loss of that name; a callable is returned as it is.

    Raises
    ------
    ValueError
        No loss has that name.
    """
    if callable(loss):
        return loss
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(
            f"The 'loss' parameter must be one of {', '.join(map(repr, LOSSES))} or a callable. Got {loss!r}."
        )
    return LOSSES[loss]


def loss_in_place(own: LossFunction | None, task: str, loss: str | LossFunction | None) -> LossFunction | None:
    """A model's own loss, or the one that is to take its place.

    Raises
    ------
    ValueError
        The loss does not exist, or the model is none of a margin, and has no other than least squares.
    """
    if loss is None:
        return own
    if task != "margin":
        raise ValueError(
            "The 'loss' parameter is for boosted ensembles: trees that are averaged are fitted by least squares. "
            f"Got {loss!r}."
        )
    return as_loss(loss)


def row_losses(loss: Loss, target: NDArray, margin: NDArray) -> NDArray[np.float64]:
    """Loss of each row, shape (n_rows,): the mean over the columns of the margin where each has its own.

    Parameters
    ----------
    loss : Loss
    target : ndarray of shape (n_rows, n_outputs)
    margin : ndarray of float64, shape (n_rows, n_columns)

    Examples
    --------
    >>> import numpy as np
    >>> row_losses(Squared(), np.array([[1.0], [2.0]]), np.array([[0.5], [2.5]]))
    array([0.25, 0.25])
    """
    of_row = np.asarray(loss.value(*_flat(target, margin)), dtype=np.float64)
    return of_row if of_row.ndim == 1 else of_row.mean(axis=1)


def step_derivatives(
    loss: LossFunction, target: NDArray, weight: NDArray[np.float64], base: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], Derivatives]:
    """Gradients and hessians for Newton's steps, as a function of the score, both times the rows' weights.

    Those of a `Robust` loss have the curvature of a parabola. One that is proportional to the distance is multiplied by
    the mean distance at the start, so that hessians do not depend on the unit of the target.

    Parameters
    ----------
    loss : callable
    target : ndarray of shape (n_rows, n_outputs)
    weight : ndarray of float64, shape (n_rows,)
        Weights, in rows.
    base : ndarray of float64, shape (n_rows, n_columns)
        The score at the start.
    """
    if not isinstance(loss, Robust):
        return lambda score: tuple(array * weight[:, None] for array in derivatives(loss, target, score))
    distance = float(np.average(np.abs(base - target).mean(axis=1), weights=weight)) or 1.0
    weight = weight * (distance if loss.is_linear else 1.0)

    def at(score):
        gradient, _ = derivatives(loss, target, score)
        curvature = loss.curvature(*_flat(target, score), distance).reshape(score.shape)
        return gradient * weight[:, None], curvature * weight[:, None]

    return at


def derivatives(loss: str | LossFunction, target: NDArray, margin: NDArray) -> Derivatives:
    """Gradient and hessian of each row, both float64 of shape (n_rows, n_columns).

    Parameters
    ----------
    loss : str or callable
        One of `LOSSES`, or a function ``(y, margin) -> gradient, hessian``.
    target : ndarray of shape (n_rows, n_outputs)
        Class codes or numbers.
    margin : ndarray of float64, shape (n_rows, n_columns)
        The ensemble's raw score.

    Raises
    ------
    ValueError
        The loss does not exist, or gives something of another shape, or numbers that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> derivatives("squared_error", np.array([[1.0], [2.0]]), np.array([[0.5], [2.5]]))
    (array([[-0.5],
           [ 0.5]]), array([[1.],
           [1.]]))
    """
    y, raw = _flat(target, margin)
    given = as_loss(loss)(y, raw)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ValueError(f"The 'loss' function must give a gradient and a hessian. Got {type(given).__name__}.")
    found = [np.asarray(array, dtype=np.float64) for array in given]
    for name, array in zip(("gradient", "hessian"), found, strict=True):
        if array.shape != raw.shape:
            raise ValueError(f"The {name} of a loss must be of shape {raw.shape}. Got shape {array.shape}.")
        if not np.isfinite(array).all():
            raise ValueError(f"The {name} of a loss must be finite. Got {array[~np.isfinite(array)][0]}.")
    return found[0].reshape(margin.shape), found[1].reshape(margin.shape)


def _flat(*arrays):
    """Arrays of one column as vectors."""
    return [array[:, 0] if array.shape[1] == 1 else array for array in arrays]
