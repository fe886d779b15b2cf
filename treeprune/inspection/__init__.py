"""Look at what was pruned, and why."""

from .path_display import PruningPathDisplay
from .report import Report
from .rules import Rules
from .size_frontier_display import SizeFrontierDisplay
from .survival_display import SurvivalDisplay

__all__ = ["PruningPathDisplay", "Report", "Rules", "SizeFrontierDisplay", "SurvivalDisplay"]
