"""Models inside Pipelines and pruners: taken out, and put back."""

from copy import copy
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from .estimators.base import PrunedEstimator

if TYPE_CHECKING:
    import pandas as pd


def last_step(model: Any) -> Any:
    """The model itself, or the last step of a Pipeline."""
    return model[-1] if hasattr(model, "steps") else model


def fitted_model(model: Any) -> Any:
    """The tree model inside a pruner, a Pipeline, or one in the other."""
    model = last_step(model)
    if not isinstance(model, PrunedEstimator):
        return model
    check_is_fitted(model, "estimator_")
    return last_step(model.estimator_)


def earlier_steps(model: Any) -> list:
    """The fitted transformers that rows pass on their way to `fitted_model`, those that do nothing left out."""
    steps = []
    for whole in (model, getattr(last_step(model), "estimator_", None)):
        steps += [step for _, step in getattr(whole, "steps", ())[:-1] if step not in (None, "passthrough")]
    return steps


def columns_of(model: Any, X: "pd.DataFrame") -> "pd.DataFrame":
    """The columns of a table that a model was fitted on, in their order."""
    names = getattr(model, "feature_names_in_", X.columns)
    missing = [name for name in names if name not in X]
    if missing:
        raise ValueError(f"columns that the model was fitted with are missing: {', '.join(missing)}.")
    return X[list(names)]


def rows_for_last_step(model: Any, X: "pd.DataFrame") -> Any:
    """Rows as `last_step` of the model takes them: through the earlier steps of a Pipeline."""
    return model[:-1].transform(X) if len(getattr(model, "steps", ())) > 1 else X


def with_tree(model: Any, tree: Any) -> Any:
    """`tree` alone, or as the last step of a copy of the Pipeline."""
    if not hasattr(model, "steps"):
        return tree
    whole = copy(model)
    whole.steps = [*model.steps[:-1], (model.steps[-1][0], tree)]
    return whole
