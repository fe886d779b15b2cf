"""Pruning methods, one file each. A method composes a risk with a search and cites where it comes from."""

from .base import PathMethod, PruningMethod
from .cost_complexity import CostComplexity
from .joint_pruning import JointPruning
from .minimum_description_length import MinimumDescriptionLength
from .reduced_error import ReducedError

__all__ = [
    "CostComplexity",
    "JointPruning",
    "MinimumDescriptionLength",
    "PathMethod",
    "PruningMethod",
    "ReducedError",
]

#: Method classes by the string that stands for them.
ALIASES = {cls.alias: cls for cls in map(globals().get, __all__) if hasattr(cls, "alias")}


def as_method(method: PruningMethod | str) -> PruningMethod:
    """The method that an alias stands for, with its defaults; a method object is returned as it is.

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
        raise TypeError(f"The 'method' parameter must be a str or a PruningMethod instance. Got {method!r} instead.")
    if method not in ALIASES:
        raise ValueError(f"The 'method' parameter must be one of {sorted(ALIASES)} or a method. Got {method!r}.")
    return ALIASES[method]()
