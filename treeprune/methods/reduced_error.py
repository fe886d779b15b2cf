"""Reduced-error pruning (Quinlan 1987)."""

from collections.abc import Callable
from functools import cache

from sklearn.metrics import get_scorer

from ..core.forest import Forest
from ..core.losses import Logistic, Loss, LossFunction, Multinomial
from ..core.plan import Plan
from ..core.risk import node_risk, resolution
from ..core.rows import Rows
from .base import PruningMethod

#: Scorers of scikit-learn's that get better as a sum over rows falls, and the loss that is summed.
_OF_CLASSES = {"accuracy": "error", "neg_log_loss": "log_loss", "neg_brier_score": "brier"}
_OF_NUMBERS = {"neg_mean_squared_error": "error", "neg_mean_absolute_error": "absolute_error"}
_OF_ONE_OUTPUT = _OF_NUMBERS | {"r2": "error", "neg_root_mean_squared_error": "error"}
_OF_MARGINS = {"neg_mean_squared_error": "squared_error", "neg_mean_absolute_error": "absolute_error"}
_OF_LOG_LOSS = {"neg_log_loss": "error"}
_OF_LOGARITHMS = {"neg_mean_poisson_deviance": "poisson", "neg_mean_gamma_deviance": "gamma"}


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
    scoring : str or callable, optional
        A scorer of scikit-learn's, or its name, in place of `loss`: of classifiers "accuracy", "neg_log_loss" or
        "neg_brier_score"; of regressors "r2", "neg_mean_squared_error", "neg_root_mean_squared_error" or
        "neg_mean_absolute_error"; of boosted models "neg_log_loss", the mean squared or absolute error, or the Poisson
        or gamma deviance where the model's margin is a logarithm. No pruning of a tree scores better on the rows (of
        boosting, to second order). Other scores are no sums over rows, and no pass over the nodes finds the best
        pruning by them: choose a strength by them, with ``TreePrunerCV(scoring=...)``.

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

    def __init__(self, loss="error", cost_matrix=None, scoring=None):
        self.loss = loss
        self.cost_matrix = cost_matrix
        self.scoring = scoring

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes that do not earn their branch on the rows."""
        from ..search.bottom_up import cheapest

        if rows is None:
            raise ValueError("ReducedError prunes by rows that did not grow the tree: give X and y.")
        loss = self.loss if self.scoring is None else loss_of_scorer(self.scoring, forest, rows.loss)
        risk, _ = node_risk(forest, loss, rows, self.cost_matrix)
        return Plan(collapse=cheapest(forest, risk, tolerance=resolution(risk)))


def loss_of_scorer(scoring: str | Callable, forest: Forest, own: LossFunction | None) -> str:
    """The loss whose sum over rows falls as a score gets better.

    Parameters
    ----------
    scoring : str or callable
        The name of a scorer of scikit-learn's, or the scorer.
    forest : Forest
    own : callable or None
        A boosted model's own loss, which says what its margin means.

    Raises
    ------
    ValueError
        The score is no function of such a sum for this model.
    """
    known = _known(forest, own)
    name = scoring if isinstance(scoring, str) else next((n for n in known if _text_of(n) == repr(scoring)), None)
    if name not in known:
        raise ValueError(
            f"The 'scoring' parameter of ReducedError must, for this {forest.task} model, be one of "
            f"{', '.join(map(repr, known))} or such a scorer: others are no sums over rows. Choose a strength by them "
            f"with TreePrunerCV(scoring=...), or from pruning_path. Got {scoring!r}."
        )
    return known[name]


def _known(forest, own):
    if forest.task == "classification":
        return _OF_CLASSES if forest.n_outputs == 1 else {}
    if forest.task == "regression":
        return _OF_NUMBERS if forest.n_outputs > 1 else _OF_ONE_OUTPUT
    if isinstance(own, Logistic | Multinomial):
        return _OF_LOG_LOSS
    if not isinstance(own, Loss) or own.classifies:
        return {}
    if own.is_of_logarithm:
        return _OF_LOGARITHMS
    return _OF_MARGINS


@cache
def _text_of(name):
    """What tells a scorer from others: its function, sign and arguments."""
    return repr(get_scorer(name))
