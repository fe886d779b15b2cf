"""Reduced-error pruning (Quinlan 1987)."""

from ..core.forest import Forest
from ..core.plan import Plan
from ..core.risk import node_risk, resolution
from ..core.rows import Rows
from .base import PruningMethod


class ReducedError(PruningMethod):
    """Prune to the subtree with the least error on rows that did not grow the tree.

    Use it when rows are plenty and nothing is to be tuned: it takes one pass and optimises the very loss that counts.
    With few rows to prune by, it prunes too much, for branches that those rows do not reach go.

    One pass from the leaves to the root: a node becomes a leaf unless its branch, pruned already, does better on
    the rows. Ties prune, so that a branch which no row reaches goes. Among all prunings of the tree none has less
    error on the rows, and among those with the least error the result is the smallest (Quinlan 1987, section 2.2).

    Parameters
    ----------
    loss : {"error", "log_loss", "brier", "impurity", "absolute_error"}, default="error"
        What is summed over the rows: misclassifications (classifiers) or squared errors (regressors), or another
        loss. In "log_loss", probabilities below 2.2e-16 (the machine epsilon) count as that, as in
        `sklearn.metrics.log_loss`. "impurity" is the loss behind the criterion that grew the tree.
    cost_matrix : array-like of shape (n_classes, n_classes), optional
        ``cost_matrix[true, predicted]``, in place of `loss`: the cost of what the tree predicts.

    Notes
    -----
    The trees of an ensemble are judged one by one: those of forests best by out-of-bag rows, those of boosting at the
    margin before their stage. AdaBoost's are judged by the rows as they are, and not by the weights of boosting (which,
    replayed on held-out rows, gather on a few of them): the ensemble mostly loses accuracy. `TreePrunerCV` with
    cost-complexity judges the ensemble as a whole.

    References
    ----------
    J. R. Quinlan (1987). Simplifying decision trees. International Journal of Man-Machine Studies 27, 221-234.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_grow, X_prune, y_grow, y_prune = train_test_split(X, y, random_state=0)
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X_grow, y_grow)
    >>> small = prune(tree, "reduced_error", X_prune, y_prune)
    >>> print(small.get_n_leaves() < tree.get_n_leaves())
    True
    >>> small.score(X_prune, y_prune) >= tree.score(X_prune, y_prune)
    True
    """

    alias = "reduced_error"
    needs_rows = True

    def __init__(self, loss="error", cost_matrix=None):
        self.loss = loss
        self.cost_matrix = cost_matrix

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes that do not earn their branch on the rows."""
        from ..search.bottom_up import cheapest

        if rows is None:
            raise ValueError("ReducedError prunes by rows that did not grow the tree: give X and y.")
        risk, _ = node_risk(forest, self.loss, rows, self.cost_matrix)
        return Plan(collapse=cheapest(forest, risk, tolerance=resolution(risk)))
