"""Fits of models that hold models: weights of rows by the names under which they arrive."""

from typing import Any

from numpy.typing import ArrayLike
from sklearn.base import clone

from ..core.class_paths import class_paths
from .base import Given

_SEARCH = "sklearn.model_selection._search.BaseSearchCV"


def step_to_fit(estimator: Any) -> tuple[str, Any]:
    """What the last step of a Pipeline puts before the names of its fit's parameters, and the step.

    Of a Pipeline in a Pipeline or a search, it is the last step inside; of other estimators, nothing and the estimator.
    """
    names = []
    while (is_search := _SEARCH in class_paths(estimator)) or hasattr(estimator, "steps"):
        if is_search:  # which hands all parameters on
            estimator = estimator.estimator
        else:
            name, estimator = estimator.steps[-1]
            names.append(f"{name}__")
    return "".join(names), estimator


def weights_by_name(estimator: Any, sample_weight: ArrayLike | None) -> dict[str, ArrayLike]:
    """Weights of rows as the parameter of an estimator's fit; a Pipeline hands them to its last step, by its name."""
    return {} if sample_weight is None else {f"{step_to_fit(estimator)[0]}sample_weight": sample_weight}


def fitted_anew(model: Any, given: Given) -> Any:
    """A clone of a model, fitted on other rows; of a search, a clone of the best model that it found."""
    while _SEARCH in class_paths(model):
        model = model.best_estimator_
    return clone(model).fit(given.X, given.y, **weights_by_name(model, given.sample_weight))
