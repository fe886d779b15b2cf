"""scikit-learn estimators that fit and prune."""

from .pruner import Pruner
from .pruner_cv import PrunerCV
from .scoring import expected_cost
from .tree_pruner import TreePruner, TreePrunerCV

__all__ = ["Pruner", "PrunerCV", "TreePruner", "TreePrunerCV", "expected_cost"]
