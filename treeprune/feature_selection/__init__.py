"""Features that survive pruning."""

from .anomaly import AnomalyPruningSelector
from .intervals import IntervalFeatures
from .lag_window import LagWindowFeatures, by_channel, by_lag
from .pruning_selector import PruningSelector

__all__ = ["AnomalyPruningSelector", "IntervalFeatures", "LagWindowFeatures", "PruningSelector", "by_channel", "by_lag"]
