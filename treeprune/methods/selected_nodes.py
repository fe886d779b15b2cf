"""Pruning by hand."""

import numpy as np

from ..core.forest import Forest
from ..core.plan import Plan
from ..core.rows import Rows
from .base import PruningMethod


class SelectedNodes(PruningMethod):
    """Prune the nodes that you name.

    Use it when an expert knows better than the rows: a branch that the law forbids, or that nobody can explain. It is
    what R's ``snip.tree`` and ``snip.rpart`` do.

    Parameters
    ----------
    nodes : list of int, or list of (int, int), default=()
        Nodes that become leaves, in the model's own numbers (for scikit-learn, those of ``tree_`` and of ``apply``).
        For a model of several trees, pairs of tree and node. A node that is a leaf already, or lies below another
        one that is named, is no error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import SelectedNodes
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> tree.tree_.children_right[0]
    2
    >>> prune(tree, SelectedNodes([2])).get_n_leaves()
    2
    """

    alias = "selected_nodes"
    needs_parameters = True
    examples = ({"nodes": [1, 2, 4]},)

    def __init__(self, nodes=()):
        self.nodes = nodes

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes named."""
        if not np.iterable(self.nodes) or isinstance(self.nodes, str):
            raise ValueError(f"The 'nodes' parameter of SelectedNodes must be a list. Got {self.nodes!r} instead.")
        position = {}
        if len(self.nodes):
            trees = np.repeat(forest.tree_id, np.diff(forest.start)).tolist()
            position = {pair: i for i, pair in enumerate(zip(trees, forest.node_id.tolist(), strict=True))}
        collapse = np.zeros(forest.n_nodes, bool)
        for named in self.nodes:
            collapse[self._find(named, position, forest)] = True
        return Plan(collapse=collapse & ~forest.is_leaf)

    @staticmethod
    def _find(named, position, forest):
        pair = (int(forest.tree_id[0]), named) if np.ndim(named) == 0 and forest.n_trees == 1 else named
        try:
            return position[tuple(pair)]
        except (KeyError, TypeError):
            form = "node ids of the model" if forest.n_trees == 1 else "pairs of tree and node id of the model"
            raise ValueError(f"The 'nodes' parameter of SelectedNodes must hold {form}. Got {named!r}.") from None
