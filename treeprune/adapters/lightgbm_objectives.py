"""The losses of LightGBM's objectives, as model texts state them."""

from collections.abc import Callable
from functools import partial

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
