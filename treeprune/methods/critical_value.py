"""Critical-value pruning (Mingers 1987)."""

import numpy as np
from numpy.typing import NDArray

from ..core.forest import Forest
from ..core.path import Knob, PruningPath
from ..core.plan import Plan
from ..core.risk import risk_per_weight, split_gain
from ..core.rows import Rows
from .base import PathMethod


class CriticalValue(PathMethod):
    """Prune splits whose own goodness stays below a critical value.

    Use it for a quick, readable rule in the unit in which the tree was grown: "no split that lowers the impurity of
    its rows by less than this". Small nodes make good splits by chance, so it prunes less near the leaves than others.

    The goodness of a split is the value of the measure that chose it: how much it lowers the mean impurity of the
    rows of its node. A node becomes a leaf if neither its split nor any split below it reaches the threshold, so the
    trees are nested as it rises (Mingers 1987; 1989, section 3.2).

    Parameters
    ----------
    threshold : float, default=0.0
        The critical value, in units of impurity. 0 prunes nothing, unless rows that did not grow the tree show a
        split to do harm.

    Notes
    -----
    Rows that did not grow the tree can show a split to do harm: its gain counts as 0.
    `pruning_path` has the critical value as its alpha. Where a model stores the gain of each split in its own
    objective, that is the goodness.

    References
    ----------
    J. Mingers (1987). Expert systems: rule induction with statistical data. Journal of the Operational Research
    Society 38, 39-47.

    J. Mingers (1989). An empirical comparison of pruning methods for decision tree induction. Machine Learning 4,
    227-243.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import CriticalValue
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_breast_cancer(return_X_y=True))
    >>> tree.get_n_leaves(), prune(tree, CriticalValue(0.4)).get_n_leaves()
    (22, 8)
    """

    alias = "critical_value"
    knob = "threshold"
    examples = ({"threshold": 0.3},)

    def __init__(self, threshold=0.0):
        self.threshold = threshold

    def path(self, forest: Forest, rows: Rows | None = None) -> PruningPath:
        """The whole path; alpha is the critical value."""
        return goodness_path(forest, self._goodness(forest, rows), rows, Knob("threshold"))

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes under which no split reaches the threshold."""
        from ..passes.extremes import branch_maximum

        self._check_number("threshold", 0.0)
        goodness = branch_maximum(forest, self._goodness(forest, rows))
        return Plan(collapse=~forest.is_leaf & (goodness < self.threshold))

    @staticmethod
    def _goodness(forest, rows):
        gain, weight, _ = split_gain(forest, rows)
        return np.maximum(gain, 0) / np.where(weight > 0, weight, 1)


def goodness_path(forest: Forest, goodness: NDArray[np.float64], rows: Rows | None, knob: Knob) -> PruningPath:
    """Path of a rule that collapses a node once alpha exceeds the goodness of its split and of all below it."""
    from ..passes.extremes import branch_maximum

    strength = np.nextafter(np.maximum(branch_maximum(forest, goodness), 0.0), np.inf)
    strength[forest.is_leaf] = 0.0
    return PruningPath(forest, strength, risk_per_weight(forest, rows), knob=knob)
