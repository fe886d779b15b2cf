"""Look at what was pruned, and why."""

from .path_display import PruningPathDisplay
from .survival_display import SurvivalDisplay

__all__ = ["PruningPathDisplay", "SurvivalDisplay"]
