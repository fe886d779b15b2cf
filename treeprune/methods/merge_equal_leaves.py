"""Merging leaves that predict the same."""

import numpy as np

from ..core.forest import Forest
from ..core.plan import Plan
from ..core.rows import Rows
from .base import PruningMethod


class MergeEqualLeaves(PruningMethod):
    """Collapse every branch whose leaves all predict the same.

    Use it to make a model smaller and faster at no cost. With ``same="value"`` none of its outputs change, with
    ``same="prediction"`` no predicted class does. Use it last: it changes numbers of leaves, on which cost-complexity
    pruning depends. For the same reason no other method does this by itself.

    Parameters
    ----------
    same : {"value", "prediction"}, default="value"
        "value": leaves with equal values, to the last bit. "prediction": leaves that predict the same class (of each
        output); `predict_proba` may change. Both are the same for trees that are not classifiers. In an isolation
        forest, nodes of two rows collapse, because their path length is the same as that of their two leaves.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import MergeEqualLeaves
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, y)
    >>> small = prune(tree, MergeEqualLeaves("prediction"))
    >>> tree.get_n_leaves(), small.get_n_leaves(), bool((tree.predict(X) == small.predict(X)).all())
    (12, 9, True)
    """

    alias = "merge_equal_leaves"
    examples = ({}, {"same": "prediction"})

    def __init__(self, same="value"):
        self.same = same

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes whose leaves are alike; where values are, such a node takes the value of its leaves."""
        from ..passes.extremes import common_label

        self._check_choice("same", ("value", "prediction"))
        by_class = self.same == "prediction" and forest.task == "classification"
        said = forest.value.argmax(axis=2) if by_class else forest.value.reshape(forest.n_nodes, -1)
        first, label = np.unique(said, axis=0, return_index=True, return_inverse=True)[1:]
        label = label.ravel()  # NumPy 2.0 alone gave it the shape of a column
        common = common_label(forest, label)
        alike = ~forest.is_leaf & (common >= 0)
        # A node's own tie may break another way than its leaves' do, and a path length follows from the structure.
        if by_class or forest.task == "path_length":
            return Plan(collapse=alike & (common == label))
        value = forest.value.copy()
        value[alike] = forest.value[first[common[alike]]]
        return Plan(collapse=alike, value=value) if alike.any() else Plan()
