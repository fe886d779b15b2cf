"""Pruning by a smallest gain: XGBoost's gamma after the fact."""

from ..core.forest import Forest
from ..core.path import PruningPath
from ..core.plan import Plan
from ..core.risk import split_gain
from ..core.rows import Rows
from .base import PathMethod
from .critical_value import goodness_path


class MinimumGain(PathMethod):
    """Collapse every node whose branch holds no split that gains as much as `gamma`.

    Use it on boosted trees, in the unit of their own objective, in place of training again with another gamma. On
    trees that store impurities it is `MinImpurityDecrease`.

    The rule of XGBoost's "prune" updater: from the leaves upwards, a split above two leaves goes if it gains less than
    gamma; a weak split above a strong one stays. The trees are nested as gamma rises. On a fitted XGBoost model the
    result is that of ``gamma`` with the same splits, without training again; on LightGBM it stands for
    ``min_gain_to_split``.

    Gains are the model's own where it stores them, in its own units (for XGBoost and LightGBM, twice the decrease of
    the regularised objective); otherwise, and on rows, the decrease of the risk per unit of row weight, as in
    scikit-learn's ``min_impurity_decrease``.

    Parameters
    ----------
    gamma : float, default=0.0
        A split stays if it, or one below it, gains at least this. 0 prunes nothing.

    References
    ----------
    T. Chen, C. Guestrin (2016). XGBoost: A scalable tree boosting system. KDD-16, 785-794.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import MinimumGain
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> tree.get_n_leaves(), prune(tree, MinimumGain(gamma=0.05)).get_n_leaves()
    (9, 3)
    """

    alias = "minimum_gain"
    knob = "gamma"

    def __init__(self, gamma=0.0):
        self.gamma = gamma

    def path(self, forest: Forest, rows: Rows | None = None) -> PruningPath:
        """All trees, from the unpruned one to the root alone."""
        gain, _, total_weight = split_gain(forest, rows)
        return goodness_path(forest, gain / total_weight, rows)

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes that collapse at gamma."""
        self._check_number("gamma", 0.0)
        return Plan() if self.gamma == 0 else self.path(forest, rows).plan(alpha=self.gamma)
