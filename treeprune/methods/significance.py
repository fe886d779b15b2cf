"""Pruning by tests of significance (Frank 2000; Kass 1980)."""

import numpy as np
from numpy.typing import NDArray

from ..core.counts import counted_statistics
from ..core.forest import Forest
from ..core.path import Knob, PruningPath
from ..core.plan import Plan
from ..core.risk import risk_per_weight
from ..core.rows import Rows
from .base import PathMethod

_TESTS = ("auto", "chi2", "fisher", "f")
_ADJUSTMENTS = (None, "features", "splits")


class Significance(PathMethod):
    r"""Prune splits that are not significant, from the leaves up.

    Use it when a tree is read as a set of findings, each of which should pass a test. On training rows the level is
    only a knob, and not the probability of an error: each split was chosen because it looked significant there. Choose
    the level by cross-validation, or give fresh rows.

    Each split is tested for independence of the target and the side on which a row falls. A node becomes a leaf if
    neither its own split nor any below it is significant (:math:`p \le` `level`), so that a good split under a weak
    one is kept and the trees are nested as the level falls (Frank 2000, chapter 3).

    Parameters
    ----------
    level : float, default=0.05
        Largest p-value of a split that stays. 1 prunes nothing.
    test : {"auto", "chi2", "fisher", "f"}, default="auto"
        "chi2"
            Pearson's test on the table of sides and classes, with as many degrees of freedom as the node has
            classes, less one (classifiers; "auto"). With several outputs, the statistics add up.
        "fisher"
            Fisher's exact test, two-sided: reliable for few rows. Needs one output, and nodes of at most two classes.
            Where weights turn counts into fractions, the counts of each side are rounded.
        "f"
            The F test of one-way analysis of variance (regressors; "auto"). With q outputs, sums of squares add up
            and degrees of freedom are q times as many. Degrees of freedom come from numbers of rows, as in weighted
            least squares.
    adjustment : {None, "features", "splits"}, default=None
        Bonferroni's correction for having chosen the split: the p-value is multiplied by the number of features, or
        of features times places to split the n rows of the node, :math:`n - 1` (Kass 1980).

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows of a tree as many as they are: `core.counts`.
    Rows, where given, take the place of the training rows. `pruning_path` has :math:`-\ln` of the level as its alpha.

    References
    ----------
    E. Frank (2000). Pruning decision trees and lists. PhD thesis, University of Waikato.

    G. V. Kass (1980). An exploratory technique for investigating large quantities of categorical data. Applied
    Statistics 29, 119-127.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import Significance
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_breast_cancer(return_X_y=True))
    >>> [prune(tree, Significance(level)).get_n_leaves() for level in (1, 0.01, 0.0001)]
    [22, 19, 13]
    """

    alias = "significance"
    counts_rows = True
    tasks = ("classification", "regression")
    knob = "level"
    examples = ({"level": 1e-4}, {"level": 0.01, "adjustment": "splits"})

    def __init__(self, level=0.05, test="auto", adjustment=None):
        self.level = level
        self.test = test
        self.adjustment = adjustment

    def path(self, forest: Forest, rows: Rows | None = None) -> PruningPath:
        """The whole path; alpha is minus the natural logarithm of the level."""
        from ..passes.extremes import branch_maximum

        with np.errstate(divide="ignore"):  # a p-value of 0 has a strength of inf: no level prunes the node
            strength = branch_maximum(forest, -np.log(self.p_values(forest, rows)))
        strength = np.where(forest.is_leaf, 0.0, np.nextafter(strength, np.inf))
        knob = Knob("level", _level_of, _strength_of)
        return PruningPath(forest, strength, risk_per_weight(forest, rows), knob=knob)

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes under which no split is significant."""
        from ..passes.extremes import branch_maximum

        self._check_number("level", 0.0, 1.0, closed="both")
        return Plan(collapse=~forest.is_leaf & (-branch_maximum(forest, -self.p_values(forest, rows)) > self.level))

    def p_values(self, forest: Forest, rows: Rows | None = None) -> NDArray[np.float64]:
        """Adjusted p-value of each node's split, float64, shape (n_nodes,); 1 at leaves and where there is no test."""
        self._check_task(forest)
        self._check_choice("test", _TESTS)
        self._check_choice("adjustment", _ADJUSTMENTS)
        regression = forest.task == "regression"
        test = ("f" if regression else "chi2") if self.test == "auto" else self.test
        if (test == "f") != regression:
            raise ValueError(f"The 'test' parameter {self.test!r} of Significance does not fit a {forest.task} tree.")
        statistics = counted_statistics(forest, rows)
        p, node = np.ones(forest.n_nodes), forest.internal
        p[node] = {"chi2": _chi2, "fisher": _fisher, "f": _f}[test](forest, statistics)
        if self.adjustment is not None:
            p *= forest.n_features
        if self.adjustment == "splits":
            p *= np.maximum(statistics.weight - 1, 1)
        return np.minimum(p, 1.0)


def _level_of(alpha):
    """Levels for strengths. Only strength 0 gives the level 1, at which even splits with a p-value of 1 stay."""
    return np.minimum(np.exp(-alpha), np.where(alpha > 0, np.nextafter(1.0, 0.0), 1.0))


def _strength_of(level):
    """Strengths for levels. Level 0 prunes every split whose p-value is not 0."""
    level = np.asarray(level)
    return np.where(level > 0, -np.log(np.where(level > 0, level, 1.0)), np.finfo(np.float64).max)


def _chi2(forest, statistics):
    from scipy.stats import chi2

    node = forest.internal
    of_class, n = statistics.class_weight, statistics.weight
    safe = np.where(n > 0, n, 1)
    share = of_class[node] / safe[node, None, None]
    statistic = np.zeros(len(node))
    for child in (forest.children_left[node], forest.children_right[node]):
        expected = n[child, None, None] * share
        off = (of_class[child] - expected) ** 2 / np.where(expected > 0, expected, 1)
        statistic += off.sum(axis=(1, 2))
    freedom = np.maximum((share > 0).sum(axis=2) - 1, 0).sum(axis=1)
    tested = (freedom > 0) & (n[forest.children_left[node]] > 0) & (n[forest.children_right[node]] > 0)
    return np.where(tested, chi2.sf(statistic, np.maximum(freedom, 1)), 1.0)


def _fisher(forest, statistics):
    from ..inference.exact_test import fisher_exact

    if forest.n_outputs > 1:
        raise ValueError("The 'fisher' test needs a single output; use 'chi2'.")
    of_class, node = statistics.class_weight[:, 0], forest.internal
    if ((of_class[node] > 0).sum(axis=1) > 2).any():
        raise ValueError("The 'fisher' test needs nodes of at most two classes; use 'chi2'.")
    left, right = (np.rint(of_class[child[node]]) for child in (forest.children_left, forest.children_right))
    both, first = left + right, (np.arange(len(node)), of_class[node].argmax(axis=1))
    return fisher_exact(left[first], left.sum(axis=1), both[first], both.sum(axis=1))


def _f(forest, statistics):
    from scipy.stats import f

    node, n, q = forest.internal, statistics.weight, forest.n_outputs
    squares = (statistics.square - statistics.total**2 / np.where(n > 0, n, 1)[:, None]).sum(axis=1)
    squares[squares <= 4 * np.finfo(float).eps * statistics.square.sum(axis=1)] = 0  # but for rounding, all equal
    left, right = forest.children_left[node], forest.children_right[node]
    within = squares[left] + squares[right]
    between = np.maximum(squares[node] - within, 0)
    freedom = q * (statistics.n_rows[node] - 2)
    tested = (freedom > 0) & (n[left] > 0) & (n[right] > 0) & (between > 0)
    ratio = (between / q) / np.where(within > 0, within / np.where(tested, freedom, 1), 1)
    ratio = np.where(within > 0, ratio, np.inf)
    return np.where(tested, f.sf(ratio, q, np.where(tested, freedom, 1)), 1.0)
