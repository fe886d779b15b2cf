"""Least numbers of rows, applied to a grown tree."""

from numbers import Integral

import numpy as np

from ..core.forest import Forest
from ..core.path import Knob, PruningPath
from ..core.plan import Plan
from ..core.risk import risk_per_weight, stored
from ..core.rows import Rows
from .base import PathMethod


class MinSamples(PathMethod):
    """Collapse splits of too few rows, or into children of too few rows.

    Use it where every leaf must rest on a stated number of rows: for privacy, or to quote its value with an error
    bar. It is blind to what a split gains, so combine it with another method when size matters.

    A node becomes a leaf if it has fewer than `split` rows or a child of it has fewer than `leaf`. Growing with
    ``min_samples_split`` gives the same tree on data without ties between splits; growing with ``min_samples_leaf``
    does not, for it looks for another split whose children are large enough.

    Parameters
    ----------
    leaf : int, default=1
        Least number of rows of a child.
    split : int, default=2
        Least number of rows of a node that splits.

    Notes
    -----
    Rows are counted, whatever their weights. `pruning_path` has `leaf` as its alpha, with `split` as it is set.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import MinSamples
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_breast_cancer(return_X_y=True))
    >>> small = prune(tree, MinSamples(leaf=10))
    >>> int(small.tree_.n_node_samples.min())
    17
    """

    alias = "min_samples"
    counts_rows = True
    knob = "leaf"
    examples = ({"leaf": 5}, {"split": 10})

    def __init__(self, leaf=1, split=2):
        self.leaf = leaf
        self.split = split

    def path(self, forest: Forest, rows: Rows | None = None) -> PruningPath:
        """The tree under every limit on its leaves; alpha is that limit."""
        from ..passes.extremes import lowest_above

        n, smaller = self._counts(forest, rows)
        own = np.where(n < self.split, 1.0, smaller + 1.0)  # the first limit that the smaller child falls short of
        strength = np.where(forest.is_leaf, 0.0, lowest_above(forest, own))
        return PruningPath(forest, strength, risk_per_weight(forest, rows), knob=Knob("leaf", _limit_of))

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes with too few rows, or with a child of too few."""
        self._check_number("leaf", 1, kind=Integral)
        n, smaller = self._counts(forest, rows)
        return Plan(collapse=~forest.is_leaf & ((n < self.split) | (smaller < self.leaf)))

    def _counts(self, forest, rows):
        """Rows of each node, and of the smaller child of each node that splits."""
        self._check_number("split", 2, kind=Integral)
        n = stored(forest, "n_node_samples")[0] if rows is None else rows.statistics.n_rows
        smaller = n.copy()
        node = forest.internal
        smaller[node] = np.minimum(n[forest.children_left[node]], n[forest.children_right[node]])
        return n, smaller


def _limit_of(alpha):
    """The whole number of rows that a strength stands for."""
    return np.maximum(np.floor(alpha), 1).astype(np.int64)
