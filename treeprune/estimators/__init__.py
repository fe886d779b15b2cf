"""scikit-learn estimators that fit and prune."""

from .scoring import expected_cost
from .tree_pruner import TreePruner
from .tree_pruner_cv import TreePrunerCV

__all__ = ["TreePruner", "TreePrunerCV", "expected_cost"]
