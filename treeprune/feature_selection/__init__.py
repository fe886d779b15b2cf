"""Features that survive pruning."""

from .pruning_selector import PruningSelector

__all__ = ["PruningSelector"]
