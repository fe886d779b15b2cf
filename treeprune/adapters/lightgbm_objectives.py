"""The losses of LightGBM's objectives, as model texts state them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..core import losses

_LOSSES = {
    "regression": losses.Squared(),
    "regression_l1": losses.Absolute(),
    "poisson": losses.Poisson(),
    "gamma": losses.Gamma(),
    "mape": losses.AbsolutePercentage(),
    "cross_entropy": losses.Logistic(),
    "multiclass": losses.Multinomial(),
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
        loss = losses.Logistic if name == "binary" else losses.OneVersusRest
        return loss(float(settings.get("sigmoid", 1)))
    with_parameter = {
        "huber": lambda: losses.Huber(parameter("alpha", 0.9)),
        "quantile": lambda: losses.Quantile(parameter("alpha", 0.9)),
        "fair": lambda: losses.Fair(parameter("fair_c", 1.0)),
        "tweedie": lambda: losses.Tweedie(parameter("tweedie_variance_power", 1.5)),
    }
    loss = with_parameter[name]() if name in with_parameter else _LOSSES.get(name)
    return losses.OfSquareRoot(loss) if loss is not None and "sqrt" in objective else loss


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
