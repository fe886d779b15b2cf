"""The kinds of models that are pruned, by themselves or inside others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..adapters import adapter_class as class_for_trees
from ..adapters import find_adapter as adapter_of_trees
from ..layers.adapters import adapter_class as class_for_layers
from ..layers.adapters import find_adapter as adapter_of_layers


@dataclass(frozen=True)
class Kind:
    """Models that have one representation.

    Parameters
    ----------
    noun : str
        What messages call such a model.
    method : str
        A method that prunes them, for messages.
    adapter_class : callable
        Gives the class of a model's adapter, or None.
    find_adapter : callable
        Gives the adapter of a fitted model, or raises UnsupportedModelError.
    """

    noun: str
    method: str
    adapter_class: Callable[[Any], type | None]
    find_adapter: Callable[[Any], Any]

    def takes(self, model: Any) -> bool:
        """Whether a model is of this kind."""
        return self.adapter_class(model) is not None


TREES = Kind("tree model", "CostComplexity", class_for_trees, adapter_of_trees)
LAYERS = Kind("model made of weights", "MagnitudePruning", class_for_layers, adapter_of_layers)
KINDS = (TREES, LAYERS)


def kind_of(model: Any) -> Kind | None:
    """The kind of a model; None: it is of none."""
    return next((kind for kind in KINDS if kind.takes(model)), None)
