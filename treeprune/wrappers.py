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


def rows_for_tree(model: Any, X: "pd.DataFrame") -> Any:
    """Rows of a table as `last_step` of the model takes them: its columns, through the earlier steps of a Pipeline."""
    names = getattr(model, "feature_names_in_", X.columns)
    missing = [name for name in names if name not in X]
    if missing:
        raise ValueError(f"columns that the model was fitted with are missing: {', '.join(missing)}.")
    X = X[list(names)]
    return model[:-1].transform(X) if len(getattr(model, "steps", ())) > 1 else X


def with_tree(model: Any, tree: Any) -> Any:
    """`tree` alone, or as the last step of a copy of the Pipeline."""
    if not hasattr(model, "steps"):
        return tree
    whole = copy(model)
    whole.steps = [*model.steps[:-1], (model.steps[-1][0], tree)]
    return whole
