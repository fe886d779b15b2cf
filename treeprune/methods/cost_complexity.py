"""Cost-complexity pruning (Breiman et al. 1984)."""

from numbers import Integral

from ..core.forest import Forest
from ..core.path import PruningPath
from ..core.plan import Plan
from ..core.risk import check_risk, node_risk, resolution
from ..core.rows import Rows
from .base import PathMethod


class CostComplexity(PathMethod):
    r"""Minimal cost-complexity pruning by weakest links.

    Use it as the first choice whenever a strength can be tuned: one path holds every size worth having, for any model
    and risk. Choose alpha by cross-validation; with the one-standard-error rule it gives small trees.

    Gives the smallest subtree :math:`T` of the tree that minimises

    .. math:: R_\alpha(T) = R(T) + \alpha |T|,

    with :math:`R(T)` the risk of its leaves per unit of row weight and :math:`|T|` their number (Breiman, Friedman,
    Olshen & Stone 1984, chapter 3.3). On training impurity, `alpha` is scikit-learn's ``ccp_alpha``.

    In an ensemble one alpha rules all trees. Boosted trees are pruned by the gain of their splits in the objective that
    grew them, on the scale that the model stores it in, or by the ensemble's loss on rows, to second order.

    The trees are nested as alpha rises. A node that gains nothing has the smallest positive strength; strengths
    below zero, which risks of other rows can give, count as that.

    Parameters
    ----------
    alpha : float, default=0.0
        Price of a leaf. 0 prunes nothing, as in scikit-learn.
    n_leaves : int, optional
        Instead of `alpha`: the largest tree of the path with at most this many leaves.
    step : int, optional
        Instead of `alpha`: this tree of the path, 0 being the unpruned one.
    risk : {"impurity", "error", "log_loss", "brier", "absolute_error"} or callable, default="impurity"
        What a leaf costs: the loss behind the criterion that grew the tree, or the error: misclassification for
        classifiers and squared error for regressors, or a named loss. Risks that the model does not store need rows.
        With rows, the risk of those rows under the values that the tree learned. For boosted trees see
        `core.risk.node_risk`.
    cost_matrix : array-like of shape (n_classes, n_classes), optional
        ``cost_matrix[true, predicted]``, in place of `risk`: the cost of what a node predicts.

    References
    ----------
    L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone (1984). Classification and Regression Trees. Wadsworth.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import CostComplexity
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> print(tree.get_n_leaves(), prune(tree, CostComplexity(alpha=0.01)).get_n_leaves())
    22 6
    """

    alias = "cost_complexity"
    knob = "alpha"
    examples = ({"alpha": 0.01}, {"n_leaves": 5})

    def __init__(self, alpha=0.0, n_leaves=None, step=None, risk="impurity", cost_matrix=None):
        self.alpha = alpha
        self.n_leaves = n_leaves
        self.step = step
        self.risk = risk
        self.cost_matrix = cost_matrix

    def path(self, forest: Forest, rows: Rows | None = None) -> PruningPath:
        """The whole path, from the unpruned tree to the root alone."""
        from ..search.weakest_link import strengths

        risk, total_weight = node_risk(forest, self.risk, rows, self.cost_matrix)
        if not (total_weight > 0).all():
            raise ValueError("The rows to prune a tree by have no weight.")
        return PruningPath(
            forest,
            strengths(forest, risk, total_weight),
            risk / total_weight,
            resolution=resolution(risk / total_weight),
        )

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes that collapse at the strength."""
        knob = self._checked_knob(forest)
        return Plan() if knob == {"alpha": 0} else self.path(forest, rows).plan(**knob)

    def path_and_plan(self, forest: Forest, rows: Rows | None = None) -> tuple[PruningPath, Plan]:
        """The whole path, and the step of it that the parameters choose."""
        knob, path = self._checked_knob(forest), self.path(forest, rows)
        return path, path.plan(**knob)

    def _checked_knob(self, forest):
        """The one parameter that sets how much is pruned, by its name."""
        self._check_number("alpha", 0.0)
        self._check_number("n_leaves", 1, kind=Integral, none=True)
        self._check_number("step", 0, kind=Integral, none=True)
        knobs = {name: getattr(self, name) for name in ("n_leaves", "step") if getattr(self, name) is not None}
        if len(knobs) + (self.alpha > 0) > 1:
            raise ValueError(
                "Give CostComplexity one of 'alpha', 'n_leaves' and 'step'. "
                f"Got alpha={self.alpha!r}, n_leaves={self.n_leaves!r}, step={self.step!r}."
            )
        check_risk(forest, self.risk, self.cost_matrix)
        return knobs or {"alpha": self.alpha}
