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


def huber(y: NDArray, margin: NDArray, delta: float = 1.0) -> Derivatives:
    """Half the squared error up to a distance of ``delta``, linear beyond."""
    distance = margin - y
    return np.clip(distance, -delta, delta), (np.abs(distance) <= delta).astype(np.float64)


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
    "huber": huber,
    "exponential": exponential,
    "absolute": absolute,
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
