"""Look at what was pruned, and why."""

from .path_display import PruningPathDisplay
from .report import Report
from .rules import Rules

__all__ = ["PruningPathDisplay", "Report", "Rules"]
