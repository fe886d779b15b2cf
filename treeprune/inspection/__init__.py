"""Look at what was pruned, and why."""

from .path_display import PruningPathDisplay
from .rules import Rules

__all__ = ["PruningPathDisplay", "Rules"]
