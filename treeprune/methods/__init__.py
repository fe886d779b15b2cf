"""Pruning methods, one file each. A method composes a risk with a search and cites where it comes from."""

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

__all__ = [
    "AllPruningsAverage",
    "CostComplexity",
    "CriticalValue",
    "DepthPruning",
    "ErrorBased",
    "HierarchicalShrinkage",
    "JointPruning",
    "LeafRefit",
    "MaxDepth",
    "MergeEqualLeaves",
    "MinImpurityDecrease",
    "MinSamples",
    "MinimumDescriptionLength",
    "MinimumError",
    "OptimalSubtree",
    "PathMethod",
    "PessimisticError",
    "PruningMethod",
    "ReducedError",
    "SelectedNodes",
    "Sequence",
    "Significance",
    "TreeSelection",
]

#: Method classes by the string that stands for them.
ALIASES: dict[str, type[PruningMethod]] = {
    cls.alias: cls for cls in (globals()[name] for name in __all__) if hasattr(cls, "alias")
}


def as_method(method: PruningMethod | str, name: str = "method") -> PruningMethod:
    """The method that an alias stands for, with its defaults; a method object is returned as it is.

    `name` is the parameter that holds it, for messages.

    Raises
    ------
    ValueError
        The string is no alias.
    TypeError
        The object is neither a string nor a method.
    """
    if isinstance(method, PruningMethod):
        return method
    if not isinstance(method, str):
        raise TypeError(f"The {name!r} parameter must be a str or a PruningMethod instance. Got {method!r} instead.")
    if method not in ALIASES:
        raise ValueError(f"The {name!r} parameter must be one of {sorted(ALIASES)} or a method. Got {method!r}.")
    return ALIASES[method]()
