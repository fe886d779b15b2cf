"""Least impurity decrease of a split, applied to a grown tree."""

import numpy as np

from ..core.forest import Forest
from ..core.path import Knob, PruningPath
from ..core.plan import Plan
from ..core.risk import split_gain
from ..core.rows import Rows
from .base import PathMethod
from .critical_value import goodness_path


class MinImpurityDecrease(PathMethod):
    r"""Prune splits that gain too little, and under which nothing gains enough.

    Use it to tidy a tree by a limit known from growing, without missing good splits that stand below poor ones. The
    limit counts a split by its share of all rows, so small nodes go first.

    The gain of the split of a node with :math:`N_t` of all N units of row weight is scikit-learn's impurity decrease

    .. math:: \frac{N_t}{N} \Bigl(I_t - \frac{N_l}{N_t} I_l - \frac{N_r}{N_t} I_r\Bigr).

    A tree that is grown with ``min_impurity_decrease`` stops at the first split below the limit; this rule looks
    beneath it, and keeps what is good. The trees are nested as the limit rises.

    Parameters
    ----------
    min_impurity_decrease : float, default=0.0
        Least gain. 0 prunes nothing.

    Notes
    -----
    Rows that did not grow the tree can show a split to do harm: its gain counts as 0.
    `pruning_path` has the limit as its alpha. Where a model stores the gain of each split in its own
    objective, that is the gain: the limit then is what boosting libraries call gamma or minimum gain to split.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import MinImpurityDecrease
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_breast_cancer(return_X_y=True))
    >>> tree.get_n_leaves(), prune(tree, MinImpurityDecrease(0.01)).get_n_leaves()
    (22, 6)
    """

    alias = "min_impurity_decrease"
    knob = "min_impurity_decrease"
    examples = ({"min_impurity_decrease": 0.01},)

    def __init__(self, min_impurity_decrease=0.0):
        self.min_impurity_decrease = min_impurity_decrease

    def path(self, forest: Forest, rows: Rows | None = None) -> PruningPath:
        """The whole path; alpha is the least gain."""
        return goodness_path(forest, self._share(forest, rows), rows, Knob("min_impurity_decrease"))

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes under which no split gains enough."""
        from ..passes.extremes import branch_maximum

        self._check_number("min_impurity_decrease", 0.0)
        gain = branch_maximum(forest, self._share(forest, rows))
        return Plan(collapse=~forest.is_leaf & (gain < self.min_impurity_decrease))

    @staticmethod
    def _share(forest, rows):
        gain, _, total_weight = split_gain(forest, rows)
        return np.maximum(gain, 0) / total_weight
