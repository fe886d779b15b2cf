"""Pessimistic pruning (Quinlan 1987)."""

import numpy as np

from ..core.counts import row_counts, rows_per_weight
from ..core.forest import Forest
from ..core.plan import Plan
from ..core.risk import branch_sums, node_risk, resolution
from ..core.rows import Rows
from .base import PruningMethod


class PessimisticError(PruningMethod):
    r"""Prune by training errors with a correction for continuity.

    Use it where rows are too few to hold some out: it needs the training statistics only and prunes in one pass. It
    is quick and rough, and tends to keep larger trees than methods that see fresh rows.

    A branch with L leaves whose N rows it misclassifies J times counts :math:`E = J + L / 2` errors; its node as a
    leaf, which misclassifies K of them, :math:`K + 1/2`. From the root down, a node becomes a leaf where

    .. math:: K + \tfrac12 \le E + s \, \sqrt{E (N - E) / N},

    s being `n_standard_errors` (Quinlan 1987, section 2.3). Branches count as they were grown, so a node whose
    ancestor collapses is not looked at, and the trees are nested as s rises.

    Parameters
    ----------
    n_standard_errors : float, default=1.0
        How many standard errors of the branch's count a leaf may be worse by. The paper's is 1.

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows of a tree as many as they are: `core.counts`.
    With several outputs, errors are means over outputs. Given rows, their errors are counted in place of the training
    rows'.

    References
    ----------
    J. R. Quinlan (1987). Simplifying decision trees. International Journal of Man-Machine Studies 27, 221-234.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_breast_cancer(return_X_y=True))
    >>> tree.get_n_leaves(), prune(tree, "pessimistic_error").get_n_leaves()
    (22, 9)
    """

    alias = "pessimistic_error"
    counts_rows = True
    tasks = ("classification",)
    knob = "n_standard_errors"
    nested = True

    def __init__(self, n_standard_errors=1.0):
        self.n_standard_errors = n_standard_errors

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes that are as good as their branch, to within the standard errors."""
        self._check_task(forest)
        self._check_number("n_standard_errors", 0.0)
        errors = node_risk(forest, "error", rows)[0] * rows_per_weight(forest, rows)
        n = row_counts(forest, rows)
        branch = branch_sums(forest, np.where(forest.is_leaf, errors + 0.5, 0))
        variance = branch * np.maximum(n - branch, 0) / np.where(n > 0, n, 1)
        limit = branch + self.n_standard_errors * np.sqrt(variance)
        return Plan(collapse=~forest.is_leaf & (errors + 0.5 <= limit + resolution(errors)))
