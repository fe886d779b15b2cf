"""The kinds of models that are pruned, by themselves or inside others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import adapters
from ..layers import adapters as layer_adapters


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


TREES = Kind("tree model", "CostComplexity", adapters.adapter_class, adapters.find_adapter)
LAYERS = Kind("model made of weights", "MagnitudePruning", layer_adapters.adapter_class, layer_adapters.find_adapter)
KINDS = (TREES, LAYERS)


def kind_of(model: Any) -> Kind | None:
    """The kind of a model; None: it is of none."""
    return next((kind for kind in KINDS if kind.takes(model)), None)
