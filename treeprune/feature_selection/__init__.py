"""Features that survive pruning."""

from .anomaly import AnomalyPruningSelector
from .intervals import IntervalFeatures
from .lag_window import LagWindowFeatures, by_channel, by_lag
from .pruning_selector import PruningSelector
from .recursive import PruningPathSelector, PruningRFE

__all__ = [
    "AnomalyPruningSelector",
    "IntervalFeatures",
    "LagWindowFeatures",
    "PruningPathSelector",
    "PruningRFE",
    "PruningSelector",
    "by_channel",
    "by_lag",
]
