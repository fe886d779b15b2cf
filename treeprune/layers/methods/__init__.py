"""Methods that prune models made of weights, one file each."""

from .base import LayerMethod
from .fine_grained import FineGrainedPruning
from .magnitude import MagnitudePruning
from .optimal_brain_surgeon import OptimalBrainSurgeon
from .sparsity import SparsityPruning
from .units import UnitPruning

__all__ = [
    "FineGrainedPruning",
    "LayerMethod",
    "MagnitudePruning",
    "OptimalBrainSurgeon",
    "SparsityPruning",
    "UnitPruning",
]
