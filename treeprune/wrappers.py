"""Models inside Pipelines and pruners: taken out, and put back."""

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .composites import find_composite
from .composites.base import Given
from .exceptions import UnsupportedModelError
from .narrowing.narrow import passes

if TYPE_CHECKING:
    import pandas as pd


def last_step(model: Any) -> Any:
    """The model itself, or the last step of a Pipeline."""
    return model[-1] if hasattr(model, "steps") else model


def fitted_model(model: Any) -> Any:
    """The tree model inside a model that predicts what it does: a Pipeline, a search, a pruner, one in the other.

    Raises
    ------
    UnsupportedModelError
        The model predicts something else than the model inside, or holds several.
    """
    return _one_in_the_other(model)[-1]


def earlier_steps(model: Any) -> list[tuple[str, Any]]:
    """Names and fitted transformers that rows pass on their way to `fitted_model`, those that do nothing left out."""
    wholes = _one_in_the_other(model)[:-1]
    return [step for whole in wholes for step in getattr(whole, "steps", ())[:-1] if not passes(step[1])]


def _one_in_the_other(model):
    """A model, the one inside it, the one inside that, and so on down to the tree model."""
    wholes = [model]
    while (composite := find_composite(model)) is not None:
        parts = composite.parts()
        if not composite.passes_on or not parts:
            held = "there is no model inside, its last step transforms"
            if parts:
                names = ", ".join(part.name for part in parts[:4]) + (", ..." if len(parts) > 4 else "")
                held = f"it does not predict what the models inside do: ask of one of them ({names})"
            raise UnsupportedModelError(f"{type(model).__name__} cannot be shown by a single tree model: {held}.")
        model = parts[0].model
        wholes.append(model)
    return wholes


def names_for_model(model: Any) -> NDArray | None:
    """Names of the columns as they reach `fitted_model`; None: the steps before it do not tell any."""
    *wholes, tree_model = _one_in_the_other(model)
    names = getattr(tree_model, "feature_names_in_", None)
    last = next((whole for whole in reversed(wholes) if len(getattr(whole, "steps", ())) > 1), None)
    if names is not None or last is None:
        return names
    try:
        return last[:-1].get_feature_names_out()
    except (AttributeError, ValueError):  # steps that give no names
        return None


def columns_of(model: Any, X: "pd.DataFrame") -> "pd.DataFrame":
    """The columns of a table that a model was fitted on, in their order."""
    names = getattr(model, "feature_names_in_", X.columns)
    missing = [name for name in names if name not in X]
    if missing:
        raise ValueError(f"columns that the model was fitted with are missing: {', '.join(missing)}.")
    return X[list(names)]


def rows_for_model(model: Any, X: Any) -> Any:
    """Rows as `fitted_model` takes them, given those that the whole model takes."""
    for whole in _one_in_the_other(model)[:-1]:
        (part,) = find_composite(whole).parts()
        X = part.sees(Given(X)).X
    return X
