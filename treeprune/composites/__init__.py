"""Models that hold fitted models: one file per kind, found by the class path of the model."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from .base import Composite


@cache
def composites_by_model() -> dict[str, type[Composite]]:
    """Composite classes by the class path of the models that they take."""
    found: dict[str, type[Composite]] = {}
    for module in iter_modules(__path__, prefix=f"{__name__}."):
        for item in vars(import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, Composite) and hasattr(item, "models"):
                found |= dict.fromkeys(item.models, item)
    return found


def find_composite(model: Any) -> Composite | None:
    """The composite of a fitted model that holds others, or None.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        The model is not fitted.
    """
    for cls in type(model).__mro__:
        found = composites_by_model().get(f"{cls.__module__}.{cls.__qualname__}")
        if found is not None and found.takes(model):
            return found(model)
    return None
