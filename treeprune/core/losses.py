"""Losses of boosted ensembles: first and second derivatives at the ensemble's margin.

A loss is a function ``(y, margin) -> gradient, hessian``: y has shape (n_rows,) (class codes or numbers), the margin,
the gradient and the hessian have shape (n_rows,), or (n_rows, n_columns) where the ensemble has several raw scores.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

Derivatives = tuple[NDArray[np.float64], NDArray[np.float64]]
Loss = Callable[[NDArray, NDArray], Derivatives]


def squared(y: NDArray, margin: NDArray) -> Derivatives:
    """Half the squared error."""
    return margin - y, np.ones_like(margin)


def logistic(y: NDArray, margin: NDArray) -> Derivatives:
    """Log-loss of class 1 with probability ``1 / (1 + exp(-margin))``."""
    p = expit(margin)
    return p - y, p * (1 - p)


def multinomial(y: NDArray, margin: NDArray) -> Derivatives:
    """Log-loss of class codes with probabilities ``softmax(margin)``; the diagonal of the hessian."""
    p = softmax(margin, axis=1)
    return p - (y[:, None] == np.arange(margin.shape[1])), p * (1 - p)


def poisson(y: NDArray, margin: NDArray) -> Derivatives:
    """Half the Poisson deviance of a mean ``exp(margin)``."""
    mean = np.exp(margin)
    return mean - y, mean


def gamma(y: NDArray, margin: NDArray) -> Derivatives:
    """Half the gamma deviance of a mean ``exp(margin)``."""
    ratio = y * np.exp(-margin)
    return 1 - ratio, ratio


def tweedie(y: NDArray, margin: NDArray, power: float = 1.5) -> Derivatives:
    """Half the Tweedie deviance of a mean ``exp(margin)``, for a variance power between 1 and 2."""
    low, high = y * np.exp((1 - power) * margin), np.exp((2 - power) * margin)
    return high - low, (2 - power) * high - (1 - power) * low


def huber(y: NDArray, margin: NDArray, delta: float = 1.0) -> Derivatives:
    """Half the squared error up to a distance of ``delta``, linear beyond."""
    distance = margin - y
    return np.clip(distance, -delta, delta), (np.abs(distance) <= delta).astype(np.float64)


def pseudo_huber(y: NDArray, margin: NDArray, delta: float = 1.0) -> Derivatives:
    """Smooth form of `huber`: ``delta^2 (sqrt(1 + ((y - margin) / delta)^2) - 1)``."""
    root = np.sqrt(1 + ((margin - y) / delta) ** 2)
    return (margin - y) / root, root**-3.0


def fair(y: NDArray, margin: NDArray, c: float = 1.0) -> Derivatives:
    """Fair's loss ``c^2 (|d| / c - log(1 + |d| / c))`` of the distance d."""
    distance = margin - y
    shrunk = c / (np.abs(distance) + c)
    return distance * shrunk, shrunk**2


def squared_log(y: NDArray, margin: NDArray) -> Derivatives:
    """Half the squared error of ``log(1 + margin)``; a hessian that would be negative is 1e-6, as in XGBoost."""
    margin = np.maximum(margin, -1 + 1e-6)
    ratio = np.log1p(margin) - np.log1p(y)
    return ratio / (margin + 1), np.maximum((1 - ratio) / (margin + 1) ** 2, 1e-6)


def hinge(y: NDArray, margin: NDArray) -> Derivatives:
    """``max(0, 1 - (2 y - 1) margin)`` of class codes 0 and 1; 1 stands in for the second derivative, as in XGBoost."""
    sign = 2 * y - 1
    within = (sign * margin < 1).astype(np.float64)
    return -sign * within, within


def absolute_percentage(y: NDArray, margin: NDArray) -> Derivatives:
    """Absolute error over ``max(1, |y|)``; 1 stands in for the second derivative, as in LightGBM."""
    return np.sign(margin - y) / np.maximum(1.0, np.abs(y)), np.ones_like(margin)


def one_versus_rest(y: NDArray, margin: NDArray) -> Derivatives:
    """Log-loss of each class against all others, with probabilities ``1 / (1 + exp(-margin))``."""
    return logistic((y[:, None] == np.arange(margin.shape[1])).astype(np.float64), margin)


def steeper(y: NDArray, margin: NDArray, loss: Loss, slope: float) -> Derivatives:
    """Another loss, taken at ``slope`` times the margin. A log-loss becomes one with a steeper sigmoid."""
    gradient, hessian = loss(y, slope * margin)
    return slope * gradient, slope**2 * hessian


def of_square_root(y: NDArray, margin: NDArray, loss: Loss) -> Derivatives:
    """Another loss of the target's signed square root."""
    return loss(np.sign(y) * np.sqrt(np.abs(y)), margin)


def quantiles(y: NDArray, margin: NDArray, levels: tuple[float, ...]) -> Derivatives:
    """Pinball losses at several levels, one for each column of the margin."""
    columns = [quantile(y, column, level) for column, level in zip(margin.T, levels, strict=True)]
    return np.stack([g for g, _ in columns], axis=1), np.stack([h for _, h in columns], axis=1)


def exponential(y: NDArray, margin: NDArray) -> Derivatives:
    """AdaBoost's loss ``exp(-(2 y - 1) margin)`` of class codes 0 and 1."""
    loss = np.exp((1 - 2 * y) * margin)
    return (1 - 2 * y) * loss, loss


def quantile(y: NDArray, margin: NDArray, level: float = 0.5) -> Derivatives:
    """Pinball loss at a level in (0, 1); its second derivative is 0, and 1 stands in for it, as in LightGBM."""
    return (margin > y) - level * (margin != y), np.ones_like(margin)


def absolute(y: NDArray, margin: NDArray) -> Derivatives:
    """Absolute error; its second derivative is 0, and 1 stands in for it, as in LightGBM."""
    return np.sign(margin - y), np.ones_like(margin)


LOSSES: dict[str, Loss] = {
    "squared": squared,
    "logistic": logistic,
    "softmax": multinomial,
    "poisson": poisson,
    "gamma": gamma,
    "tweedie": tweedie,
    "huber": huber,
    "pseudo_huber": pseudo_huber,
    "fair": fair,
    "squared_log": squared_log,
    "hinge": hinge,
    "exponential": exponential,
    "absolute": absolute,
    "absolute_percentage": absolute_percentage,
    "quantile": quantile,
}


def as_loss(loss: str | Loss) -> Loss:
    """The loss of that name; a callable is returned as it is.

    Raises
    ------
    ValueError
        No loss has that name.
    """
    if callable(loss):
        return loss
    if loss not in LOSSES:
        raise ValueError(f"A loss must be one of {', '.join(map(repr, LOSSES))} or a callable. Got {loss!r}.")
    return LOSSES[loss]


def derivatives(loss: str | Loss, target: NDArray, margin: NDArray) -> Derivatives:
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
    >>> derivatives("squared", np.array([[1.0], [2.0]]), np.array([[0.5], [2.5]]))
    (array([[-0.5],
           [ 0.5]]), array([[1.],
           [1.]]))
    """
    y, raw = (array[:, 0] if array.shape[1] == 1 else array for array in (target, margin))
    found = [np.asarray(array, dtype=np.float64) for array in as_loss(loss)(y, raw)]
    for name, array in zip(("gradient", "hessian"), found, strict=True):
        if array.shape != raw.shape or not np.isfinite(array).all():
            raise ValueError(f"The {name} of a loss must be finite, of shape {raw.shape}. Got shape {array.shape}.")
    return found[0].reshape(margin.shape), found[1].reshape(margin.shape)
