"""The losses of XGBoost's objectives, as saved models state them."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import losses
from ..core.forest import Forest

_LOSSES = {
    "reg:squarederror": losses.Squared(),
    "reg:logistic": losses.Logistic(),
    "binary:logistic": losses.Logistic(),
    "binary:logitraw": losses.Logistic(),
    "binary:hinge": losses.Hinge(),
    "multi:softmax": losses.Multinomial(),
    "multi:softprob": losses.Multinomial(),
    "count:poisson": losses.Poisson(),
    "reg:gamma": losses.Gamma(),
    "reg:absoluteerror": losses.Absolute(),
    "reg:squaredlogerror": losses.SquaredLog(),
}
_UNESTIMATED = 0.5  # the base score of a model that estimated none
_ROUND_OFF = 1e-4  # relative, of float32 sums over many rows


def levels_of(objective: dict) -> list[float]:
    """Levels of the quantiles that leaves hold, one for each column of the margin."""
    if objective["name"] == "reg:quantileerror":
        return json.loads(f"[{objective['quantile_loss_param']['quantile_alpha'].strip('()[]')}]")
    return [0.5] if objective["name"] == "reg:absoluteerror" else []


def loss_of(objective: dict) -> losses.Loss | None:
    """The loss of a built-in objective, or None if it is no function of a row's target and margin.

    Parameters
    ----------
    objective : dict
        What a saved model holds under ``learner.objective``.
    """
    name, levels = objective["name"], levels_of(objective)
    if name == "reg:quantileerror":
        return losses.Quantile(levels[0]) if len(levels) == 1 else losses.Quantiles(tuple(levels))
    if name == "reg:pseudohubererror":
        return losses.PseudoHuber(float(objective["pseudo_huber_param"]["huber_slope"]))
    if name == "reg:tweedie":
        return losses.Tweedie(float(objective["tweedie_regression_param"]["tweedie_variance_power"]))
    return _LOSSES.get(name)


def positive_weight(objective: dict) -> float:
    """How often rows with the target 1 count: objectives without the parameter scale_pos_weight ignore it."""
    return float(objective.get("reg_loss_param", {}).get("scale_pos_weight", 1))


def custom_objective(
    wrapper: Any, document: dict, forest: Forest, base_weight: NDArray, samples_rows: bool
) -> str | None:
    """The name of the function that a model was trained with in the place of an objective; None: no sign of one.

    Such a saved model says "reg:squarederror", as if it had been trained by that. A wrapper keeps the function. Without
    one, the trees are checked for signs of the squared error: its hessians are the rows' weights, whose sums are whole
    numbers or, where all rows are used, the same in all trees; and where XGBoost estimated the base score, the gradient
    at the first root is 0.

    Parameters
    ----------
    wrapper : object
        The scikit-learn wrapper, or something without the attribute `objective`.
    document : dict
        The saved model.
    forest : Forest
        Its trees.
    base_weight : ndarray of shape (n_trees,)
        Base weight of each root.
    samples_rows : bool
        Whether each tree is known to be grown on rows of its own: then sums of weights of rows tell nothing.
    """
    objective = getattr(wrapper, "objective", None)
    if callable(objective):
        return getattr(objective, "__name__", type(objective).__name__)
    learner = document["learner"]
    if learner["objective"]["name"] != "reg:squarederror" or not forest.n_trees:
        return None
    param, hessian = learner["learner_model_param"], forest.weighted_n_node_samples
    root = hessian[forest.root]
    unlike_weights = (np.abs(hessian - np.rint(hessian)) > _ROUND_OFF * np.maximum(hessian, 1.0)).any()
    varying = not samples_rows and np.ptp(root) > _ROUND_OFF * root.max()
    scores = {float(x) for x in param["base_score"].strip("[]").split(",")}
    unestimated = param.get("boost_from_average") == "1" and scores == {_UNESTIMATED}
    if (unlike_weights and varying) or (unestimated and abs(base_weight[0]) > _ROUND_OFF):
        return "a function given as obj="
    return None
