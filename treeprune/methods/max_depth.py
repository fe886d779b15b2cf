"""Largest depth, applied to a grown tree."""

from functools import partial
from numbers import Integral

import numpy as np

from ..core.forest import Forest
from ..core.path import Knob, PruningPath
from ..core.plan import Plan
from ..core.risk import risk_per_weight
from ..core.rows import Rows
from .base import PathMethod


class MaxDepth(PathMethod):
    """Cut every branch at a depth.

    Use it where the depth itself is what matters: a rule must fit on a page, or latency must be bounded. It looks at
    no row, so any method that does gives a better tree of the same size.

    Nodes at the depth become leaves. On data without ties between splits, the result is the tree that growing with
    the same ``max_depth`` gives.

    Parameters
    ----------
    max_depth : int or None, default=None
        Largest depth of a leaf below its root. None prunes nothing.

    Notes
    -----
    `pruning_path` needs a number that rises as the tree shrinks: its alpha is ``1 / (1 + max_depth)``, and 1 for the
    root alone. Its table has the depth, too.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import MaxDepth
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> tree.get_depth(), prune(tree, MaxDepth(2)).get_depth()
    (5, 2)
    """

    alias = "max_depth"
    knob = "max_depth"
    examples = ({"max_depth": 3},)

    def __init__(self, max_depth=None):
        self.max_depth = max_depth

    def path(self, forest: Forest, rows: Rows | None = None) -> PruningPath:
        """The tree cut at every depth; alpha is ``1 / (1 + max_depth)``."""
        strength = np.where(forest.is_leaf, 0.0, _strength_of(forest.depth))
        knob = Knob("max_depth", partial(_depth_of, forest.depth.max()), _strength_of)
        return PruningPath(forest, strength, risk_per_weight(forest, rows), knob=knob)

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes at the depth."""
        self._check_number("max_depth", 0, kind=Integral, none=True)
        if self.max_depth is None:
            return Plan()
        return Plan(collapse=~forest.is_leaf & (forest.depth >= self.max_depth))


def _strength_of(depth):
    """Strengths that cut at depths."""
    return 1.0 / (1 + np.asarray(depth))


def _depth_of(grown, alpha):
    """Depths at which strengths cut; for those that prune nothing, the depth that the tree was grown to."""
    depths = np.arange(grown, -1, -1)
    return depths[np.maximum(np.searchsorted(_strength_of(depths), alpha, side="right") - 1, 0)]
