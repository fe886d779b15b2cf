"""Displays and rules: look at trees, at what was pruned, and at why."""

from .before_after_display import BeforeAfterDisplay
from .path_display import PruningPathDisplay
from .rules import Rules
from .size_frontier_display import SizeFrontierDisplay
from .survival_display import SurvivalDisplay
from .tree_display import TreeDisplay

__all__ = [
    "BeforeAfterDisplay",
    "PruningPathDisplay",
    "Rules",
    "SizeFrontierDisplay",
    "SurvivalDisplay",
    "TreeDisplay",
]
