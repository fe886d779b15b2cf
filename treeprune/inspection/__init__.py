"""Look at what was pruned, and why."""

from .path_display import PruningPathDisplay

__all__ = ["PruningPathDisplay"]
