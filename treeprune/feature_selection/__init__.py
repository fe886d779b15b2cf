"""Features that survive pruning."""

from .anomaly import AnomalyPruningSelector
from .feature_names import by_channel, by_lag
from .intervals import IntervalFeatures
from .lag_window import LagWindowFeatures
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
