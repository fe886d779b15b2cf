"""Features that survive pruning."""

from .intervals import IntervalFeatures
from .lag_window import LagWindowFeatures, by_channel, by_lag
from .pruning_selector import PruningSelector

__all__ = ["IntervalFeatures", "LagWindowFeatures", "PruningSelector", "by_channel", "by_lag"]
