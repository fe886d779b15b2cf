"""Hierarchical shrinkage (Agarwal et al. 2022)."""

import numpy as np

from ..core.counts import row_counts
from ..core.forest import Forest
from ..core.plan import Plan
from ..core.rows import Rows
from .base import PruningMethod


class HierarchicalShrinkage(PruningMethod):
    r"""Pull every node's value towards those of its ancestors. The structure stays as it is.

    Use it for better predictions and probabilities from a tree that is large already, or on top of hard pruning.
    Choose `reg` on fresh rows: a few tens do for most noisy data.

    With :math:`v_t` the value of a node and :math:`N_t` the number of its training rows, the value of a node reached
    through :math:`t_0, t_1, \dots, t_L` becomes

    .. math:: v_{t_0} + \sum_{l=1}^{L} \frac{v_{t_l} - v_{t_{l-1}}}{1 + \lambda / N_{t_{l-1}}}

    (Agarwal et al. 2022, eq. 2). Every node gets its value, not only leaves, so that pruning what was shrunk and
    shrinking what was pruned give the same tree, up to what pruning makes of the new values.

    Parameters
    ----------
    reg : float, default=1.0
        The strength :math:`\lambda`, in rows. 0 changes nothing.

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows of a tree as many as they are: `core.counts`.
    XGBoost stores no numbers of rows, but sums of hessians, which count in their place unless rows are given.

    References
    ----------
    A. Agarwal, Y. S. Tan, O. Ronen, C. Singh, B. Yu (2022). Hierarchical shrinkage: improving the accuracy and
    interpretability of tree-based methods. ICML 2022, 111-135.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from treeprune import prune
    >>> from treeprune.methods import HierarchicalShrinkage
    >>> X, X_test, y, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
    >>> tree = DecisionTreeRegressor(random_state=0).fit(X, y)
    >>> shrunk = prune(tree, HierarchicalShrinkage(reg=50))
    >>> round(tree.score(X_test, y_test), 1), round(shrunk.score(X_test, y_test), 1)
    (-0.2, 0.3)
    """

    alias = "hierarchical_shrinkage"
    knob = "reg"
    nested = True  # all have one structure
    counts_rows = True
    soft = True
    examples = ({"reg": 10},)

    def __init__(self, reg=1.0):
        self.reg = reg

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """Shrunken values for all nodes. Rows, where given, only count how many there are in each node."""
        from ..passes.averages import blend

        self._check_number("reg", 0.0)
        if self.reg == 0:
            return Plan()
        n = row_counts(forest, rows)
        above, reach = forest.parent, np.ones(forest.n_nodes)
        below = np.flatnonzero(above >= 0)
        reach[below] = n[above[below]] / (n[above[below]] + self.reg)
        return Plan(value=blend(forest, reach, forest.value))
