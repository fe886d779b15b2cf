"""Adapters, one file per family of models, found by the class path of the model."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from ..exceptions import UnsupportedModelError
from .base import Adapter

#: Why models of some class paths cannot be pruned.
REFUSED = {
    "catboost.core.CatBoost": "CatBoost's trees are symmetric unless told otherwise: only whole levels could go",
}


@cache
def adapters_by_model() -> dict[str, type[Adapter]]:
    """Adapter classes by the class path of the models that they take. No adapter imports its family's library."""
    found = {}
    for module in iter_modules(__path__, prefix=f"{__name__}."):
        for item in vars(import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, Adapter) and hasattr(item, "models"):
                found |= dict.fromkeys(item.models, item)
    return found


def register(adapter: type[Adapter]) -> type[Adapter]:
    """Take the models of a family that lives outside this package; a decorator of its adapter.

    Parameters
    ----------
    adapter : subclass of Adapter
        It names the class paths of its `models`.
    """
    adapters_by_model().update(dict.fromkeys(adapter.models, adapter))
    return adapter


def adapter_class(model: Any) -> type[Adapter] | None:
    """The class of the adapter of a model, fitted or not; None: there is none."""
    return next((adapters_by_model()[path] for path in _class_paths(model) if path in adapters_by_model()), None)


def find_adapter(model: Any) -> Adapter:
    """The adapter of a fitted model.

    Raises
    ------
    UnsupportedModelError
        No adapter takes models of this class. The message says which are supported.
    """
    found = adapter_class(model)
    if found is not None:
        return found(model)
    paths = _class_paths(model)
    reason = "".join(f": {REFUSED[path]}" for path in paths if path in REFUSED)
    names = sorted({path.rpartition(".")[2] for path in adapters_by_model()})
    raise UnsupportedModelError(f"No adapter for {paths[0]}{reason}. Supported: {', '.join(names)}.")


def _class_paths(model):
    return [f"{cls.__module__}.{cls.__qualname__}" for cls in type(model).__mro__]
