"""scikit-learn estimators that fit and prune."""

from .tree_pruner import TreePruner

__all__ = ["TreePruner"]
