"""The losses of LightGBM's objectives, as model texts state them."""

from collections.abc import Callable

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
