"""Adapters, one file per family of models, found by the class path of the model."""

from functools import cache
from inspect import unwrap
from typing import Any

from ..core.class_paths import by_model, class_paths
from ..exceptions import UnsupportedModelError
from .base import Adapter

#: Why models of some class paths cannot be pruned.
REFUSED = {
    "catboost.core.CatBoost": "CatBoost's trees are symmetric unless told otherwise: only whole levels could go",
}


@cache
def adapters_by_model() -> dict[str, type[Adapter]]:
    """Adapter classes by the class path of the models that they take. No adapter imports its family's library."""
    return by_model(__name__, Adapter)


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
    return next((adapters_by_model()[path] for path in class_paths(model) if path in adapters_by_model()), None)


def find_adapter(model: Any) -> Adapter:
    """The adapter of a fitted model.

    Raises
    ------
    UnsupportedModelError
        No adapter takes models of this class: the message says which are supported. Or it is a subclass from outside
        the class's library that holds more than that when fitted: what, pruning would leave as it was.
    """
    if isinstance(model, type):
        raise UnsupportedModelError(f"{model.__name__} is a class; a fitted model of it is needed.")
    paths = class_paths(model)
    for path, cls in zip(paths, type(model).__mro__, strict=True):
        if path in adapters_by_model():
            _check_subclass(model, _library(cls))
            return adapters_by_model()[path](model)
    reason = "".join(f": {REFUSED[path]}" for path in paths if path in REFUSED)
    names = sorted({path.rpartition(".")[2] for path in adapters_by_model()})
    raise UnsupportedModelError(f"No adapter for {paths[0]}{reason}. Supported: {', '.join(names)}.")


def _library(cls):
    return cls.__module__.partition(".")[0]


def _check_subclass(model, library):
    """Refuse a subclass from elsewhere with fitted attributes of its own, which may hold the unpruned trees again."""
    stock = next(cls for cls in type(model).__mro__ if _library(cls) == library)
    if stock is type(model):
        return
    own = sorted(name for name in vars(model) if name.endswith("_") and name not in _attributes(stock))
    if own:
        raise UnsupportedModelError(
            f"{type(model).__name__} is a subclass of {stock.__name__} that holds {', '.join(own)} besides, which may "
            "hold the unpruned trees again: it needs an adapter of its own (treeprune.adapters.register)."
        )


@cache
def _attributes(stock):
    """Names of attributes that the methods of a class speak of, and those that scikit-learn's validation sets."""
    methods = [getattr(item, "fget", item) for cls in stock.__mro__ for item in vars(cls).values()]
    codes = [unwrap(method).__code__ for method in methods if hasattr(method, "__code__")]
    return {"n_features_in_", "feature_names_in_"}.union(*(code.co_names for code in codes))
