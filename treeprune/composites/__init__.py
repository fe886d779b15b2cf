"""Models that hold fitted models: one file per kind, found by the class path of the model."""

from functools import cache
from typing import Any

from ..core.class_paths import by_model, class_paths
from .base import Composite


@cache
def composites_by_model() -> dict[str, type[Composite]]:
    """Composite classes by the class path of the models that they take."""
    return by_model(__name__, Composite)


def find_composite(model: Any) -> Composite | None:
    """The composite of a fitted model that holds others, or None.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        The model is not fitted.
    """
    for path in class_paths(model):
        found = composites_by_model().get(path)
        if found is not None and found.takes(model):
            return found(model)
    return None
