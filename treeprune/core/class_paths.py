"""Classes by the class path of the models that they take, so that no library is imported to find them."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any


def class_paths(model: Any) -> list[str]:
    """The class path of a model's class and of each of its ancestors, nearest first."""
    return [f"{cls.__module__}.{cls.__qualname__}" for cls in type(model).__mro__]


def by_model(package: str, base: type) -> dict[str, Any]:
    """Subclasses of a base in the modules of a package, by the class paths in their `models`."""
    found: dict[str, Any] = {}
    for module in iter_modules(import_module(package).__path__, prefix=f"{package}."):
        for item in vars(import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, base) and hasattr(item, "models"):
                found |= dict.fromkeys(item.models, item)
    return found
