"""The losses of LightGBM's objectives, as model texts state them."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..core import losses

_LOSSES = {
    "regression": losses.squared,
    "regression_l1": losses.absolute,
    "poisson": losses.poisson,
    "gamma": losses.gamma,
    "mape": losses.absolute_percentage,
    "cross_entropy": losses.logistic,
    "multiclass": losses.multinomial,
}


def loss_of(objective: list[str], parameter: Callable[[str, float], float]) -> losses.Loss | None:
    """The loss of a built-in objective, or None if it is no function of a row's target and margin.

    Parameters
    ----------
    objective : list of str
        Name and settings, as the model text states them; empty: a function took its place.
    parameter : callable
        ``parameter(name, default)``: a training parameter.
    """
    if not objective:
        return None
    name, settings = objective[0], dict(item.split(":", 1) for item in objective[1:] if ":" in item)
    if name in ("binary", "multiclassova"):
        loss = losses.logistic if name == "binary" else losses.one_versus_rest
        slope = float(settings.get("sigmoid", 1))
        return loss if slope == 1 else partial(losses.steeper, loss=loss, slope=slope)
    with_parameter = {
        "huber": lambda: partial(losses.huber, delta=parameter("alpha", 0.9)),
        "quantile": lambda: partial(losses.quantile, level=parameter("alpha", 0.9)),
        "fair": lambda: partial(losses.fair, c=parameter("fair_c", 1.0)),
        "tweedie": lambda: partial(losses.tweedie, power=parameter("tweedie_variance_power", 1.5)),
    }
    loss = with_parameter[name]() if name in with_parameter else _LOSSES.get(name)
    return partial(losses.of_square_root, loss=loss) if loss is not None and "sqrt" in objective else loss


def label_weights(positive: NDArray[np.bool_], is_unbalance: bool, scale_pos_weight: float) -> tuple[float, float]:
    """How often the other rows and the positive ones count: LightGBM's ``BinaryLogloss::Init``.

    Parameters
    ----------
    positive : ndarray of bool, shape (n_rows,)
        Of the rows that the model is fitted on; their weights do not matter.
    is_unbalance, scale_pos_weight : bool, float
        LightGBM's parameters.
    """
    n_positive = np.count_nonzero(positive)
    n_others = len(positive) - n_positive
    weights = np.array([1.0, scale_pos_weight])
    if is_unbalance and n_positive and n_others:
        weights *= max(n_positive, n_others) / np.array([n_others, n_positive])
    return weights[0], weights[1]


def weights_by_column(y: NDArray, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often rows count in each of the losses of one class against all others, shape (n_rows, n_classes).

    Parameters
    ----------
    y : ndarray of int, shape (n_rows,)
        Class codes.
    weights : ndarray of float64, shape (n_classes, 2)
        For each class, how often the others' rows and its own count.
    """
    own = (y[:, None] == np.arange(len(weights))).astype(int)
    return weights[np.arange(len(weights)), own]
