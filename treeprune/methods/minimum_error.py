"""Minimum-error pruning (Niblett & Bratko 1986; Cestnik & Bratko 1991)."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..core.counts import counted_statistics
from ..core.forest import Forest
from ..core.plan import Plan
from ..core.risk import resolution, stored
from ..core.rows import Rows
from .base import PruningMethod


class MinimumError(PruningMethod):
    r"""Prune to the tree with the least expected error under a prior worth m rows.

    Use it on noisy classes when no rows can be held out and something is known about the noise: the noisier, the
    larger m. With m unknown, choose it by cross-validation.

    A node with :math:`n_c` of its n rows in class c expects to err, as a leaf, at the rate

    .. math:: 1 - \max_c \frac{n_c + m \, p_c}{n + m},

    with :math:`p_c` the prior of the class (the m-estimate, Cestnik & Bratko 1991). A branch expects the mean over
    its children, weighted by rows; from the leaves up, a node that expects no more than its branch becomes a leaf.
    With uniform priors and m the number of classes this is Laplace's estimate, as Niblett & Bratko (1986) used it.

    Trees tend to shrink as m grows, but are not always nested.

    Parameters
    ----------
    m : float, default=2.0
        Number of rows that the prior is worth. At 0 only splits that win no training row collapse.
    prior : {"root", "uniform"}, default="root"
        Prior of the classes: their shares at the root, or the same for all.

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows of a tree as many as they are: `core.counts`.
    With several outputs, rates are means over outputs.

    References
    ----------
    T. Niblett, I. Bratko (1986). Learning decision rules in noisy domains. Expert Systems 86, 25-34.

    B. Cestnik, I. Bratko (1991). On estimating probabilities in tree pruning. EWSL-91, 138-150.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import MinimumError
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_breast_cancer(return_X_y=True))
    >>> [prune(tree, MinimumError(m)).get_n_leaves() for m in (0, 2, 200)]
    [22, 18, 13]
    """

    alias = "minimum_error"
    counts_rows = True
    tasks = ("classification",)
    knob = "m"
    examples = ({"m": 20}, {"m": 3, "prior": "uniform"})

    def __init__(self, m=2.0, prior="root"):
        self.m = m
        self.prior = prior

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes that expect no more errors than their branch."""
        from ..search.bottom_up import cheapest

        self._check_task(forest)
        self._check_number("m", 0.0)
        self._check_choice("prior", ("root", "uniform"))
        statistics = counted_statistics(forest, rows)
        of_class, n = cast(NDArray, statistics.class_weight), statistics.weight[:, None]
        if self.prior == "root":
            of_root = of_class[forest.root][forest.node_tree]
            prior = of_root / np.maximum(of_root.sum(axis=2, keepdims=True), np.finfo(float).tiny)
        else:
            (n_classes,) = stored(forest, "n_classes")
            prior = (np.arange(of_class.shape[2]) < n_classes[:, None]) / n_classes[:, None]
        share = n / np.where(n + self.m > 0, n + self.m, 1)
        expected = share * (n + self.m - (of_class + self.m * prior).max(axis=2))
        cost = expected.mean(axis=1)
        return Plan(collapse=cheapest(forest, cost, tolerance=resolution(cost)))
