"""Pruning methods, one file each. A method composes a risk with a search and cites where it comes from."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..core.method import Method
from .all_prunings_average import AllPruningsAverage
from .base import PathMethod, PruningMethod
from .cost_complexity import CostComplexity
from .critical_value import CriticalValue
from .depth_pruning import DepthPruning
from .error_based import ErrorBased
from .hierarchical_shrinkage import HierarchicalShrinkage
from .joint_pruning import JointPruning
from .leaf_refit import LeafRefit
from .max_depth import MaxDepth
from .merge_equal_leaves import MergeEqualLeaves
from .min_impurity_decrease import MinImpurityDecrease
from .min_samples import MinSamples
from .minimum_description_length import MinimumDescriptionLength
from .minimum_error import MinimumError
from .optimal_subtree import OptimalSubtree
from .pessimistic_error import PessimisticError
from .reduced_error import ReducedError
from .selected_nodes import SelectedNodes
from .sequence import Sequence
from .significance import Significance
from .tree_selection import TreeSelection

if TYPE_CHECKING:
    from ..layers.methods import (
        FineGrainedPruning,
        LayerMethod,
        MagnitudePruning,
        OptimalBrainSurgeon,
        SparsityPruning,
        UnitPruning,
    )

__all__ = [
    "AllPruningsAverage",
    "CostComplexity",
    "CriticalValue",
    "DepthPruning",
    "ErrorBased",
    "FineGrainedPruning",
    "HierarchicalShrinkage",
    "JointPruning",
    "LayerMethod",
    "LeafRefit",
    "MagnitudePruning",
    "MaxDepth",
    "MergeEqualLeaves",
    "MinImpurityDecrease",
    "MinSamples",
    "MinimumDescriptionLength",
    "MinimumError",
    "OptimalBrainSurgeon",
    "OptimalSubtree",
    "PathMethod",
    "PessimisticError",
    "PruningMethod",
    "ReducedError",
    "SelectedNodes",
    "Sequence",
    "Significance",
    "SparsityPruning",
    "TreeSelection",
    "UnitPruning",
]

#: Methods for models made of weights by the string that stands for them. They live with these models.
LAYER_ALIASES = {
    "fine_grained": "FineGrainedPruning",
    "magnitude": "MagnitudePruning",
    "optimal_brain_surgeon": "OptimalBrainSurgeon",
    "sparsity": "SparsityPruning",
    "unit": "UnitPruning",
}
_OF_LAYERS = {"LayerMethod", *LAYER_ALIASES.values()}

#: Methods for trees by the string that stands for them.
ALIASES: dict[str, type[PruningMethod]] = {
    cls.alias: cls for cls in (globals()[name] for name in __all__ if name not in _OF_LAYERS) if hasattr(cls, "alias")
}


def __getattr__(name: str) -> Any:
    if name in _OF_LAYERS:
        return getattr(import_module("..layers.methods", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def as_method(method: PruningMethod | str, name: str = "method") -> PruningMethod:
    """The method for trees that an alias stands for, with its defaults; a method object is returned as it is.

    `name` is the parameter that holds it, for messages.

    Raises
    ------
    ValueError
        The string is no alias.
    TypeError
        The object is neither a string nor a method for trees.
    """
    found = as_any_method(method, name)
    if isinstance(found, PruningMethod):
        return found
    raise TypeError(
        f"The {name!r} parameter must be a method for trees here: {type(found).__name__} prunes models made of weights."
    )


def as_any_method(method: Method | str, name: str = "method") -> Method:
    """`as_method`, for trees or for models made of weights."""
    if isinstance(method, Method):
        return method
    if not isinstance(method, str):
        raise TypeError(f"The {name!r} parameter must be a str or a PruningMethod instance. Got {method!r} instead.")
    if method in LAYER_ALIASES:
        return __getattr__(LAYER_ALIASES[method])()
    if method not in ALIASES:
        raise ValueError(
            f"The {name!r} parameter must be one of {sorted(ALIASES)}, for models made of weights one of "
            f"{sorted(LAYER_ALIASES)}, or a method. Got {method!r}."
        )
    return ALIASES[method]()
