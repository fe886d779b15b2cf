"""The average over all prunings of a tree (Helmbold & Schapire 1997)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core.counts import row_counts, rows_per_weight
from ..core.forest import Forest
from ..core.plan import Plan
from ..core.risk import node_risk, stored
from ..core.rows import Rows
from .base import PruningMethod


class AllPruningsAverage(PruningMethod):
    r"""Predict the weighted average of all prunings of the tree. The structure stays as it is.

    Use it when fresh rows are at hand and no single pruning stands out: it does nearly as well as the best one, with
    smoother probabilities. Prune hard as well if size matters.

    A pruning T has the prior :math:`p^{a} (1 - p)^{b}`, with a the number of nodes that it splits and b the number of
    its leaves that are no leaves of the tree, and is weighted by :math:`e^{-\eta L(T)}`, with L its loss on the rows.
    The sum over all prunings takes one pass from the leaves to the root, as in context-tree weighting: a branch has
    the weight :math:`w_t = (1 - p) e^{-\eta L_t} + p \, w_l w_r`, and a leaf of the tree :math:`e^{-\eta L_t}`. A pass
    from the root down then gives each node the share of the sum that stops at it (Helmbold & Schapire 1997; Gaïffas,
    Merad & Yu 2021). Nodes that split get a value, too, for the case that they become leaves later: it is the average
    in which prunings that go on below the node count as if they stopped there.

    Parameters
    ----------
    loss : {"auto", "log_loss", "brier", "error", "impurity", "absolute_error"}, default="auto"
        What is summed over the rows; "auto": "log_loss" for classifiers, squared error for regressors.
    learning_rate : float or "auto", default="auto"
        The :math:`\eta` of the weights. 0 leaves the prior alone. "auto" is 1 for classifiers (so that log-loss gives
        Bayes' mixture), and for regressors :math:`1 / 2 s^2`, with :math:`s^2` the mean loss of the tree's leaves:
        the likelihood of normal errors.
    split_probability : float, default=0.5
        The p of the prior.
    smoothing : float, default=0.5
        Number of rows of each class that are added to a node when its probabilities are taken (classifiers). Without
        them, a leaf of few training rows gives the probability 0 to the other classes. 0.5 is Krichevsky and Trofimov's
        estimate, as in WildWood.

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows of a tree as many as they are: `core.counts`.

    References
    ----------
    D. P. Helmbold, R. E. Schapire (1997). Predicting nearly as well as the best pruning of a decision tree. Machine
    Learning 27, 51-68.

    S. Gaïffas, I. Merad, Y. Yu (2021). WildWood: a new random forest algorithm. arXiv:2109.08010.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.metrics import log_loss
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> X, X_test, y, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
    >>> X, X_val, y, y_val = train_test_split(X, y, random_state=0)
    >>> tree = DecisionTreeClassifier(min_samples_leaf=5, random_state=0).fit(X, y)
    >>> average = prune(tree, "all_prunings_average", X_val, y_val)
    >>> log_loss(y_test, average.predict_proba(X_test)) < log_loss(y_test, tree.predict_proba(X_test))
    True
    """

    alias = "all_prunings_average"
    counts_rows = True
    needs_rows = True
    soft = True
    examples = ({}, {"loss": "error", "learning_rate": 0.1, "split_probability": 0.3})

    def __init__(self, loss="auto", learning_rate="auto", split_probability=0.5, smoothing=0.5):
        self.loss = loss
        self.learning_rate = learning_rate
        self.split_probability = split_probability
        self.smoothing = smoothing

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """Averaged values for all nodes."""
        from ..passes.averages import blend, reach_shares

        self._check_number("split_probability", 0.0, 1.0, closed="neither")
        self._check_number("smoothing", 0.0)
        if self.learning_rate != "auto":
            self._check_number("learning_rate", 0.0)
        if rows is None:
            raise ValueError("AllPruningsAverage weighs by rows that did not grow the tree: give X and y.")
        classification = forest.task == "classification"
        if classification and self.smoothing > 0:
            forest = replace(forest, value=smoothed(forest, self.smoothing))
        own = "log_loss" if classification else "error"
        risk, _ = node_risk(forest, own if self.loss == "auto" else self.loss, rows)
        loss = risk * rows_per_weight(forest, rows)
        rate = self.learning_rate
        if rate == "auto":
            rate = 1.0 if classification else _inverse_variance(forest, loss, rows) / 2
        return Plan(value=blend(forest, reach_shares(forest, rate * loss, self.split_probability), forest.value))


def smoothed(forest: Forest, count: float) -> NDArray[np.float64]:
    """Class shares of each node with `count` more rows of each class, of the shape of ``forest.value``."""
    n = row_counts(forest)[:, None, None]
    (n_classes,) = stored(forest, "n_classes")
    known = np.arange(forest.value.shape[2]) < n_classes[:, None]
    return (forest.value * n + count * known) / (n + count * n_classes[:, None])


def _inverse_variance(forest, loss, rows):
    """One over the mean loss of the leaves; 0 (the prior alone) where all losses are 0."""
    total = loss[forest.is_leaf].sum()
    return row_counts(forest, rows)[forest.root].sum() / total if total > 0 else 0.0
