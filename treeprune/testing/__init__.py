"""Checks of the contracts of adapters and methods, for anyone who adds one, and evaluation of trees in plain NumPy."""

from .adapters import (
    check_adapter,
    forest_apply,
    forest_output,
    forest_values,
    forest_votes,
    model_output,
    same_arrays,
)
from .methods import REFUSALS, check_method, check_pruning, same_model

__all__ = [
    "REFUSALS",
    "check_adapter",
    "check_method",
    "check_pruning",
    "forest_apply",
    "forest_output",
    "forest_values",
    "forest_votes",
    "model_output",
    "same_arrays",
    "same_model",
]
