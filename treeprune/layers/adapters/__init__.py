"""Adapters of models made of weights, one file per family, found by the class path of the model."""

from functools import cache
from typing import Any

from ...core.class_paths import by_model, class_paths
from ...exceptions import UnsupportedModelError
from .base import LayersAdapter


@cache
def adapters_by_model() -> dict[str, type[LayersAdapter]]:
    """Adapter classes by the class path of the models that they take. No adapter imports its family's library."""
    return by_model(__name__, LayersAdapter)


def adapter_class(model: Any) -> type[LayersAdapter] | None:
    """The class of the adapter of a model, fitted or not; None: there is none."""
    return next((adapters_by_model()[path] for path in class_paths(model) if path in adapters_by_model()), None)


def find_adapter(model: Any) -> LayersAdapter:
    """The adapter of a fitted model.

    Raises
    ------
    UnsupportedModelError
        No adapter takes models of this class: the message says which are supported.
    sklearn.exceptions.NotFittedError
        The model is not fitted.
    """
    if isinstance(model, type):
        raise UnsupportedModelError(f"{model.__name__} is a class; a fitted model of it is needed.")
    found = adapter_class(model)
    if found is None:
        names = ", ".join(sorted({path.rpartition(".")[2] for path in adapters_by_model()}))
        raise UnsupportedModelError(
            f"No adapter reads the layers of {class_paths(model)[0]}. Models of weights that are supported: {names}."
        )
    return found(model)
