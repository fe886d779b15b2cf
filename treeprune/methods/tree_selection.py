"""Tree selection: an ensemble of fewer of its trees, as they are (ensemble or ordered-bagging pruning)."""

from dataclasses import replace
from functools import partial
from numbers import Integral
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..core.additive import Additive
from ..core.forest import Forest
from ..core.parameters import is_number
from ..core.plan import Plan
from ..core.rows import Rows
from ..core.sequence_path import SequencePath
from .base import PathMethod

ORDERS = (
    "individual_error",
    "reduced_error",
    "complementariness",
    "margin_distance",
    "orientation",
    "diversity",
    "drep",
    "lasso",
)
_BY_VOTES = ORDERS[2:7]


class TreeSelection(PathMethod):
    """Keep some of the trees of an ensemble that averages them.

    Parameters
    ----------
    n_trees : int or float, default=0.1
        Number of trees that stay, or their share.
    order : str, default="reduced_error"
        Which trees come first:

        "individual_error"
            those with the least squared error (Brier score) of their own;
        "reduced_error"
            greedily, the one that makes the squared error of the average least (Margineantu & Dietterich 1997);
        "complementariness"
            the one that is right on most of what the vote of the chosen ones has wrong (Martinez-Munoz & Suarez 2004);
        "margin_distance"
            the one that brings the votes nearest to a small margin on all rows (Martinez-Munoz & Suarez 2004);
        "orientation"
            those whose votes point where those of all trees do not yet (Martinez-Munoz & Suarez 2006);
        "diversity"
            those of the pairs that agree least, by kappa (Margineantu & Dietterich 1997);
        "drep"
            of the trees that differ most from the vote of the chosen ones, the one that helps it most (Li, Yu & Zhou
            2012);
        "lasso"
            those that enter a lasso over trees first, their weights then fitted by least squares (ISLE: Friedman &
            Popescu 2003). The weights are worked into the leaves.

        The five orders by votes are for classifiers.

    Notes
    -----
    Orders need rows that did not grow the trees: a fully grown tree has no errors on those that did. Out-of-bag rows do
    not serve, since each tree has rows of its own.

    References
    ----------
    D. D. Margineantu, T. G. Dietterich (1997). Pruning adaptive boosting. ICML, 211-218.

    G. Martinez-Munoz, A. Suarez (2004). Aggregation ordering in bagging. IASTED AIA, 258-263.

    G. Martinez-Munoz, A. Suarez (2006). Pruning in ordered bagging ensembles. ICML, 609-616.

    N. Li, Y. Yu, Z.-H. Zhou (2012). Diversity regularized ensemble pruning. ECML PKDD, 330-345.

    J. H. Friedman, B. E. Popescu (2003). Importance sampled learning ensembles. Stanford University.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.model_selection import train_test_split
    >>> from treeprune import prune
    >>> from treeprune.methods import TreeSelection
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_grow, X_prune, y_grow, y_prune = train_test_split(X, y, random_state=0)
    >>> forest = RandomForestClassifier(30, random_state=0).fit(X_grow, y_grow)
    >>> len(prune(forest, TreeSelection(5), X_prune, y_prune))
    5
    """

    alias = "tree_selection"
    needs_rows = True
    nested = False
    tasks = ("regression", "classification")
    for_ensembles = True

    def __init__(self, n_trees=0.1, order="reduced_error"):
        self.n_trees = n_trees
        self.order = order

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The trees to drop and, for "lasso", new values."""
        n_trees = self._count(forest.n_trees)
        additive, predictions = self._start(forest, rows)
        return self._plan_of(additive, predictions, rows, self._order(additive, predictions, rows), n_trees)

    def order_of(self, forest: Forest, rows: Rows) -> NDArray[np.int64]:
        """All trees in the order in which they are kept, shape (n_trees,)."""
        additive, predictions = self._start(forest, rows)
        return self._order(additive, predictions, rows)

    def path(self, forest: Forest, rows: Rows | None = None) -> SequencePath:
        """All sizes, from all trees to the first alone."""
        from ..search.tree_orders import average_errors, gram

        additive, predictions = self._start(forest, rows)
        rows = cast(Rows, rows)  # no rows: refused at the start
        order, total = self._order(additive, predictions, rows), rows.row_weight.sum()
        target = additive.target(rows) - additive.intercept
        errors = average_errors(gram(predictions, target, rows.row_weight), order)[::-1] / total
        of_tree = np.bincount(forest.node_tree[forest.is_leaf], minlength=forest.n_trees)
        risk = np.zeros(forest.n_nodes)
        risk[forest.root[0]] = errors[-1]
        plans = partial(self._plan_of_step, additive, predictions, rows, order)
        return SequencePath(forest, risk, np.cumsum(of_tree[order])[::-1], errors, plans)

    def _plan_of_step(self, additive, predictions, rows, order, step):
        return self._plan_of(additive, predictions, rows, order, len(order) - step)

    def _plan_of(self, additive, predictions, rows, order, n_trees):
        drop = np.ones(len(order), bool)
        drop[order[:n_trees]] = False
        plan = Plan(drop_tree=drop if drop.any() else None)
        if self.order != "lasso":
            return plan
        kept = order[:n_trees]
        design = np.concatenate([of_column[kept].T for of_column in predictions])
        target = (additive.target(rows) - additive.intercept).T.ravel()
        weight = np.tile(np.sqrt(rows.row_weight), len(predictions))
        of_tree = np.zeros(len(order))
        of_tree[kept] = np.linalg.lstsq(design * weight[:, None], target * weight, rcond=None)[0]
        link = ("simplex", 1.0) if additive.has_free_scores else None
        return replace(plan, value=additive.weighted(of_tree, n_trees), link=link)

    def _start(self, forest, rows):
        """The forest in additive form, and the trees' deviations from the mean target, an array for each column."""
        self._check_choice("order", ORDERS)
        self._check_task(forest)
        if self.order in _BY_VOTES and forest.task != "classification":
            raise ValueError(f"The 'order' parameter {self.order!r} goes by votes: it is for classifiers only.")
        if rows is None:
            raise ValueError("TreeSelection judges by rows that did not grow the trees: give X and y.")
        additive = Additive(forest, rows)
        ids = [rows.leaf_ids(tree) for tree in range(forest.n_trees)]
        if any((leaf < 0).any() for leaf in ids):
            raise ValueError("TreeSelection compares trees on the same rows; out-of-bag rows differ from tree to tree.")
        value = np.ascontiguousarray(additive.value.T) * forest.n_trees
        return additive, [np.stack([of_column[leaf] for leaf in ids]) for of_column in value]

    def _order(self, additive, predictions, rows):
        from ..search import tree_orders

        weight = rows.row_weight
        if self.order == "individual_error":
            return tree_orders.individual_error(predictions, additive.target(rows) - additive.intercept, weight)
        if self.order == "reduced_error":
            error = tree_orders.gram(predictions, additive.target(rows) - additive.intercept, weight)
            return tree_orders.reduced_error(error)
        if self.order == "lasso":
            return _lasso_order(predictions, additive.target(rows) - additive.intercept, weight)
        y = rows.target[:, 0]
        scores = [of_column + mean for of_column, mean in zip(predictions, additive.intercept, strict=True)]
        votes = scores[0] > 0.5 if len(scores) == 1 else np.argmax(scores, axis=0)
        votes = votes.astype(np.int64)
        if self.order == "diversity":
            return tree_orders.diversity(votes, weight)
        if self.order in ("complementariness", "drep"):
            return getattr(tree_orders, self.order)(votes, y, weight)
        return getattr(tree_orders, self.order)(votes == y, weight)

    def _count(self, n_trees):
        count = self.n_trees
        if is_number(count, Integral) and count >= 1:
            return min(int(count), n_trees)
        if isinstance(count, float) and 0.0 < count <= 1.0:
            return max(int(count * n_trees), 1)
        raise ValueError(
            "The 'n_trees' parameter of TreeSelection must be an int in the range [1, inf) or a float in the range "
            f"(0.0, 1.0]. Got {count!r} instead."
        )


def _lasso_order(predictions, target, weight):
    """Trees as they enter the lasso with weights >= 0, by its path over the Gram matrix; then the others."""
    from sklearn.linear_model import lars_path_gram

    root = np.sqrt(weight)
    gram = sum((of_column * root) @ (of_column * root).T for of_column in predictions)
    pull = sum(of_column @ (weight * y) for of_column, y in zip(predictions, target.T, strict=True))
    n_samples = len(weight) * len(predictions)
    entered = lars_path_gram(pull, gram, n_samples=n_samples, method="lasso", positive=True)[1]
    order = list(dict.fromkeys(int(tree) for tree in entered))
    return np.array(order + [tree for tree in range(len(gram)) if tree not in set(order)])
