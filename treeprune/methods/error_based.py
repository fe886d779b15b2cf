"""Error-based pruning (Quinlan 1993), with subtree raising."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ..core.counts import counted_statistics, row_counts
from ..core.forest import Forest
from ..core.plan import Plan
from ..core.risk import class_impurity, resolution
from ..core.rows import Rows
from ..exceptions import MissingStatisticError
from .base import PruningMethod


class ErrorBased(PruningMethod):
    r"""C4.5's pruning: by the upper confidence limit of the errors on the training rows.

    Use it for classifiers when rows are few and no strength is to be tuned: its default has proved itself since 1993.
    It keeps larger trees than cost-complexity with the one-standard-error rule, often with slightly less error.

    A node whose leaf gets e of its N training rows wrong is taken to err :math:`N \, U_{CF}(e, N)` times. At no error,
    :math:`U = 1 - CF^{1/N}`; from one error on, with :math:`f = (e + 1/2) / N` and z the normal deviate exceeded with
    probability CF,

    .. math:: U = \frac{f + \frac{z^2}{2N} + z \sqrt{\frac{f}{N} - \frac{f^2}{N} + \frac{z^2}{4N^2}}}{1 + z^2 / N},

    at most 1; in between, linear. From the leaves up, a node becomes a leaf if that is no worse than its branch, plus a
    slack. With raising, its largest branch may take its place instead. The rows of the other side are then sent down
    that branch, values are estimated again where rows came in, and the branch is pruned again.

    Lower confidence mostly means a smaller tree, but the trees are not nested, and can even grow.

    Parameters
    ----------
    confidence : float, default=0.25
        The CF of the limit, in (0, 1). Above 0.5 errors count as they are.
    raising : bool, default=True
        Whether branches may be raised. This needs the training rows: X, y, and the weights that the tree was fitted
        with, class weights included, or multiples of them.
    slack : float, default=0.1
        How many more errors a smaller tree may have by the limits. 0 is Quinlan's formula; Weka's J48 uses 0.1.

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows of a tree as many as they are: `core.counts`.
    Rows that are given must be those that grew the tree.

    References
    ----------
    J. R. Quinlan (1993). C4.5: Programs for Machine Learning. Morgan Kaufmann, chapter 4.

    I. H. Witten, E. Frank (2005). Data Mining: Practical Machine Learning Tools and Techniques, section 6.1.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import ErrorBased
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(min_samples_leaf=2, random_state=0).fit(X, y)
    >>> tree.get_n_leaves(), prune(tree, ErrorBased(raising=False)).get_n_leaves()
    (20, 13)
    >>> prune(tree, ErrorBased(), X, y).get_n_leaves()
    13
    """

    alias = "error_based"
    counts_rows = True
    tasks = ("classification",)
    knob = "confidence"
    examples = ({}, {"raising": False})

    def __init__(self, confidence=0.25, raising=True, slack=0.1):
        self.confidence = confidence
        self.raising = raising
        self.slack = slack

    @property
    def needs_training_rows(self) -> bool:  # type: ignore[override]
        """Raising moves training rows."""
        return bool(self.raising)

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes that collapse, the branches that rise, and the statistics of nodes that got new rows."""
        from ..search.bottom_up import cheapest

        self._check_bool("raising")
        if self.raising:
            return self._raise(forest, rows)
        limits = self.error_limits(forest, rows)
        return Plan(collapse=cheapest(forest, limits, tolerance=self.slack + resolution(limits)))

    def error_limits(self, forest: Forest, rows: Rows | None = None) -> NDArray[np.float64]:
        """Upper limit of the number of errors of each node as a leaf, float64, shape (n_nodes,)."""
        from ..inference.error_limit import error_limits

        self._check(forest)
        statistics = counted_statistics(forest, rows)
        of_class = cast(NDArray, statistics.class_weight)
        errors = of_class.sum(axis=2) - of_class.max(axis=2)
        return error_limits(statistics.weight, errors.mean(axis=1), float(self.confidence), self._deviate())

    def _check(self, forest):
        self._check_task(forest)
        self._check_number("confidence", 0.0, 1.0, closed="neither")
        self._check_number("slack", 0.0)

    def _deviate(self):
        return float(ndtri(float(1 - self.confidence)))  # a float32 confidence stays one, as in Weka

    def _raise(self, forest, rows):
        from ..search.raising import prune_and_raise

        self._check(forest)
        if rows is None or rows.compared is None:
            raise MissingStatisticError(
                "ErrorBased(raising=True) moves the training rows to their new branches: give the X and y (and "
                "sample_weight) that the tree was fitted with, or set raising=False."
            )
        if forest.n_outputs > 1:
            raise ValueError("ErrorBased(raising=True) takes trees with one output; set raising=False.")
        n, grown = row_counts(forest, rows), forest.weighted_n_node_samples
        if grown is not None and not np.allclose(_shares(forest, n), _shares(forest, grown), rtol=1e-6):
            raise ValueError(
                "ErrorBased(raising=True) needs the rows that grew the tree, with the weights that it was fitted with "
                "(class weights included): those given do not add up to the weights of its nodes. "
                "Bootstrap samples and the weights of boosting are not known afterwards: set raising=False there."
            )
        before = rows.statistics.class_weight[:, 0]
        tolerance = self.slack + resolution(n)
        confidence, z = float(self.confidence), self._deviate()
        collapse, source, counts, n_rows = prune_and_raise(forest, before, rows, confidence, z, tolerance)
        if np.array_equal(source, np.arange(forest.n_nodes)):
            return Plan(collapse=collapse)
        moved = (counts != before).any(axis=1)
        if grown is not None:  # the rows' weights may be multiples of those that the model was fitted with
            counts *= (grown[forest.root] / rows.statistics.weight[forest.root])[forest.node_tree][:, None]
        return Plan(collapse, source, **_updated_statistics(forest, moved, counts, n_rows))


def _shares(forest, weight):
    """Share of the weight of each node's tree that is its own."""
    return weight / weight[forest.root][forest.node_tree]


def _updated_statistics(forest, moved, counts, n_rows):
    """The node arrays of a Plan: those of the forest, updated at nodes that rows moved into."""
    weight = counts[moved].sum(axis=1)
    updated = {
        "value": (counts[moved] / weight[:, None])[:, None, :],
        "n_node_samples": n_rows[moved],
        "weighted_n_node_samples": weight,
        "impurity": class_impurity(counts[moved] / weight[:, None], forest.criterion),
    }
    arrays = {name: getattr(forest, name) for name in updated}
    arrays = {name: array.copy() for name, array in arrays.items() if array is not None}
    for name, array in arrays.items():
        array[moved] = updated[name]
    return arrays
