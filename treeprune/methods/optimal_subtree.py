"""The best subtree of each size (Bohanec & Bratko 1994; Almuallim 1996)."""

from numbers import Integral

import numpy as np

from ..core.forest import Forest
from ..core.plan import Plan
from ..core.risk import node_risk, resolution
from ..core.rows import Rows
from ..core.sequence_path import SequencePath
from .base import PathMethod


class OptimalSubtree(PathMethod):
    r"""The subtree with the least risk among all with at most k leaves.

    Use it when the number of leaves is given and each must earn its place: cost-complexity pruning skips most
    numbers, and there gives a smaller tree than allowed. Judged by training rows, choose k by fresh ones.

    For every number of leaves at once, dynamic programming over nodes and leaves finds the pruning that minimises a
    risk which is a sum over leaves (Bohanec & Bratko 1994; in time O(n k), Almuallim 1996). The smallest of equally
    good trees is taken. The trees are not nested.

    Parameters
    ----------
    n_leaves : int, optional
        Most leaves (for an ensemble, of all its trees). None prunes nothing.
    risk : {"impurity", "error", "log_loss", "brier", "absolute_error"}, default="impurity"
        What a leaf costs, as in `CostComplexity`; of training rows, or of the rows given.
    cost_matrix : array-like of shape (n_classes, n_classes), optional
        ``cost_matrix[true, predicted]``, in place of `risk`.
    max_leaves : int, optional
        Most leaves that `pruning_path` works out; None: all. Time and memory are O(nodes x leaves).

    References
    ----------
    M. Bohanec, I. Bratko (1994). Trading accuracy for simplicity in decision trees. Machine Learning 15, 223-250.

    H. Almuallim (1996). An efficient algorithm for optimal pruning of decision trees. Artificial Intelligence 83,
    347-362.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import pruning_path
    >>> from treeprune.methods import OptimalSubtree
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> path = pruning_path(tree, OptimalSubtree(risk="error"))
    >>> path.n_leaves, (150 * path.impurities).round()
    (array([9, 7, 6, 5, 4, 3, 2, 1]), array([  0.,   1.,   2.,   3.,   4.,   6.,  50., 100.]))
    """

    alias = "optimal_subtree"
    knob = "n_leaves"
    nested = False
    examples = ({"n_leaves": 6},)

    def __init__(self, n_leaves=None, risk="impurity", cost_matrix=None, max_leaves=None):
        self.n_leaves = n_leaves
        self.risk = risk
        self.cost_matrix = cost_matrix
        self.max_leaves = max_leaves

    def path(self, forest: Forest, rows: Rows | None = None) -> SequencePath:
        """The best tree of every size, up to `max_leaves` leaves; sizes that are no better than a smaller one lack."""
        self._check_sizes(forest)
        return self._path(forest, rows, self.max_leaves)

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes that are leaves of the best tree with at most `n_leaves` leaves."""
        self._check_sizes(forest)
        return Plan() if self.n_leaves is None else self._path(forest, rows, self.n_leaves).plan(step=0)

    def _check_sizes(self, forest):
        for name in ("n_leaves", "max_leaves"):
            self._check_number(name, forest.n_trees, kind=Integral, none=True)

    def _path(self, forest, rows, cap):
        from ..search.optimal import OptimalSubtrees

        risk, total_weight = node_risk(forest, self.risk, rows, self.cost_matrix)
        risk = risk / np.where(total_weight > 0, total_weight, 1.0)
        table = OptimalSubtrees(forest, risk, cap)
        risks, tolerance = table.risks, resolution(risk)
        sizes = [forest.n_trees]  # of the trees that are better than all smaller ones
        for n_leaves in range(forest.n_trees + 1, len(risks) + 1):
            if risks[n_leaves - 1] < risks[sizes[-1] - 1] - tolerance:
                sizes.append(n_leaves)
        sizes = np.array(sizes[::-1])
        return SequencePath(forest, risk, sizes, risks[sizes - 1], lambda step: Plan(table.collapse(sizes[step])))
