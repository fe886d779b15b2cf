"""Adapters, one file per family of models, found by the class path of the model."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from ..exceptions import UnsupportedModelError
from .base import Adapter


@cache
def adapters_by_model() -> dict[str, type[Adapter]]:
    """Adapter classes by the class path of the models that they take. No adapter imports its family's library."""
    found = {}
    for module in iter_modules(__path__, prefix=f"{__name__}."):
        for item in vars(import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, Adapter) and hasattr(item, "models"):
                found |= dict.fromkeys(item.models, item)
    return found


def find_adapter(model: Any) -> Adapter:
    """The adapter of a fitted model.

    Raises
    ------
    UnsupportedModelError
        No adapter takes models of this class.
    """
    known = adapters_by_model()
    for cls in type(model).__mro__:
        path = f"{cls.__module__}.{cls.__qualname__}"
        if path in known:
            return known[path](model)
    names = sorted({path.rpartition(".")[2] for path in known})
    raise UnsupportedModelError(
        f"No adapter for {type(model).__module__}.{type(model).__qualname__}. Supported: {', '.join(names)}."
    )
