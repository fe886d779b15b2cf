"""Additive: an ensemble as a sum of trees, in the same form for forests and boosted ensembles.

The score of a row is ``base + intercept + sum over trees of value[leaf]``:

- For forests that average their trees, the base is 0 and the intercept is the mean target. The values of a tree are its
  deviations from that mean, divided by the number of trees.
- For boosted ensembles, the base is the starting score of the library, and the intercept is the mean of what the trees
  add. The values of a tree are what it adds, less its own mean.

When a tree is dropped, the trees that stay take over its share of the intercept.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..exceptions import UnsupportedModelError
from .forest import Forest
from .plan import Plan
from .rows import Rows, rows_by_node


@dataclass(frozen=True, eq=False)
class Pruning:
    """Leaves and values of every tree of a pruned additive ensemble, a compact form of what a search found.

    Parameters
    ----------
    leaf : ndarray of int32, shape (n_leaves,)
        Nodes that are leaves, ascending; a tree without any is dropped.
    value : ndarray of float64, shape (n_leaves, n_columns)
        What each adds to the score.
    n_nodes, n_leaves, n_trees : int
        Size of the pruned model, the single leaves that stand in for dropped trees included.
    """

    leaf: NDArray[np.int32]
    value: NDArray[np.float64]
    n_nodes: int
    n_leaves: int
    n_trees: int


class Additive:
    """A forest as a sum of trees.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    rows : Rows
        Rows whose targets set the intercept.

    Attributes
    ----------
    columns : int
        Columns of the score: outputs, classes (1 for two classes: the second one's), or raw scores.
    intercept : ndarray of float64, shape (n_columns,)
    value : ndarray of float64, shape (n_nodes, n_values)
        What each node as a leaf adds to the score; for boosted ensembles a tree adds to the column `tree_class`.

    Raises
    ------
    UnsupportedModelError
        The model is no sum of its trees' values.
    """

    def __init__(self, forest: Forest, rows: Rows):
        self.forest = forest
        self.is_margin = forest.task == "margin"
        if not self.is_margin and (forest.task == "path_length" or np.ptp(forest.tree_weight) > 0):
            raise UnsupportedModelError("Only ensembles that average or add up the values of their trees are additive.")
        if forest.task == "classification" and forest.n_outputs > 1:
            raise UnsupportedModelError("Classifiers of several outputs are not supported by joint methods.")
        weight = rows.sample_weight
        if self.is_margin:
            rows.require_loss()
            self.columns = rows.margin.shape[1]
            contribution = forest.value[:, 0] * forest.tree_weight[forest.node_tree][:, None]
            # After an earlier refit of leaves, values of splits are unknown.
            unknown = np.isnan(contribution) & ~forest.is_leaf[:, None]
            contribution = np.where(unknown, self._means(np.where(unknown, 0.0, contribution)), contribution)
            center = np.zeros(forest.n_trees)
            for tree in range(forest.n_trees):
                center[tree] = np.average(contribution[rows.leaf_ids(tree), 0], weights=weight)
            self.center = center[:, None]
            self.intercept = np.bincount(forest.tree_class, center, minlength=self.columns)
            self.value = contribution - self.center[forest.node_tree]
        else:
            self.columns = self._plain(forest.value).shape[1]
            self.intercept = np.average(self.target(rows), axis=0, weights=weight)
            self.center = np.tile(self.intercept / forest.n_trees, (forest.n_trees, 1))
            self.value = self._plain(forest.value) / forest.n_trees - self.center[forest.node_tree]

    @property
    def has_free_scores(self) -> bool:
        """Whether new leaf values can take the scores of a classifier out of [0, 1]."""
        return self.forest.task == "classification" and self.forest.n_trees > 1

    def _plain(self, value):
        """Values as columns of the score: one for two classes."""
        if self.forest.task != "classification":
            return value[:, :, 0]
        return value[:, 0, 1:] if value.shape[2] == 2 else value[:, 0]

    def target(self, rows: Rows) -> NDArray[np.float64]:
        """What the score of a forest that averages its trees is to match, shape (n_rows, n_columns)."""
        if self.forest.task != "classification":
            return rows.target
        n_classes = self.forest.value.shape[2]
        one_hot = (rows.target == np.arange(n_classes)).astype(np.float64)
        return one_hot[:, 1:] if n_classes == 2 else one_hot

    def base(self, rows: Rows) -> NDArray[np.float64]:
        """The part of the score that is not due to the trees' values: base and intercept, shape (n_rows, n_columns)."""
        base = np.tile(self.intercept, (len(rows.target), 1))
        if self.is_margin:
            base += rows.margin
            forest = self.forest
            for tree in range(forest.n_trees):
                value = forest.value[rows.leaf_ids(tree), 0, 0]
                base[:, forest.tree_class[tree]] -= value * forest.tree_weight[tree]
        return base

    def score(self, pruning: Pruning, rows: Rows) -> NDArray[np.float64]:
        """Score of rows under a pruning, shape (n_rows, n_columns). For many prunings, use `Scores`."""
        return Scores(self, rows).under(pruning)

    def in_score(self, difference: NDArray[np.float64]) -> NDArray[np.float64]:
        """What differences of the model's values, of the shape of `Forest.value`, are in units of `value`."""
        if self.is_margin:
            return difference[:, 0] * self.forest.tree_weight[self.forest.node_tree][:, None]
        return self._plain(difference) / self.forest.n_trees

    def _spread(self, pruning):
        """For each node, the value of the pruning's leaf that it is or lies below; zero above the leaves."""
        value = np.zeros_like(self.value)
        size = self.forest.end[pruning.leaf] - pruning.leaf
        below = np.repeat(pruning.leaf - np.cumsum(size) + size, size) + np.arange(size.sum())
        value[below] = np.repeat(pruning.value, size, axis=0)
        return value

    def pruning(self, leaf: NDArray[np.int32], value: NDArray[np.float64]) -> Pruning:
        """The pruning of leaves and their values."""
        kept, first = self._kept(leaf)
        per_stage = kept.reshape(-1, self.forest.per_stage)
        n_trees = int(per_stage.any(axis=1).sum()) * self.forest.per_stage
        n_leaves = len(leaf) + len(first) + n_trees - int(kept.sum())
        return Pruning(leaf, value, 2 * n_leaves - n_trees, n_leaves, n_trees)

    def _kept(self, leaf):
        """Which trees a pruning keeps, and which of these as a single leaf, to carry the intercept.

        At least one is kept for each column of the score.
        """
        kept = np.diff(np.searchsorted(leaf, self.forest.start)) > 0
        gone = np.setdiff1d(self.column_of_tree, self.column_of_tree[kept])
        first = np.array([np.flatnonzero(self.column_of_tree == column)[0] for column in gone], dtype=int)
        kept[first] = True
        return kept, first

    @property
    def column_of_tree(self) -> NDArray:
        """First column of the score that each tree adds to."""
        return self.forest.tree_class.astype(np.int64) if self.is_margin else np.zeros(self.forest.n_trees, np.int64)

    def plan(self, pruning: Pruning) -> Plan:
        """The plan that makes the model of a pruning."""
        forest, column = self.forest, self.column_of_tree
        kept, first = self._kept(pruning.leaf)
        n_kept = np.bincount(column[kept], minlength=column.max() + 1)
        collapse = np.zeros(forest.n_nodes, bool)
        collapse[np.concatenate([pruning.leaf, forest.root[first]]).astype(int)] = True
        center = self.center.copy()  # the mean of dropped trees is shared out among the others of their column
        for c in range(len(n_kept)):
            center[column == c] += self.center[(column == c) & ~kept].sum(axis=0) / n_kept[c]
        value = self._written(self._means(self._spread(pruning)) + center[forest.node_tree], n_kept[0])
        return Plan(collapse=collapse & ~forest.is_leaf, value=value, drop_tree=None if kept.all() else ~kept)

    def weighted(self, factor: NDArray[np.float64], n_kept: int) -> NDArray[np.float64]:
        """Values as the model stores them, when its score is a weighted sum of trees.

        Parameters
        ----------
        factor : ndarray of float64, shape (n_trees,)
            Weight of each tree's deviation from the mean target. In a plain mean all weights are ``1 / n_kept``.
        n_kept : int
            Number of trees that stay.
        """
        forest = self.forest
        value = self.value * forest.n_trees * factor[forest.node_tree][:, None] + self.intercept / n_kept
        return self._written(value, n_kept)

    def _means(self, value):
        """Values with those of splits filled in: means of the leaves below, weighted by training rows if known."""
        from .kernels import accumulate

        forest = self.forest
        weight = forest.weighted_n_node_samples
        weight = np.where(forest.is_leaf, np.ones(forest.n_nodes) if weight is None else weight, 0.0)
        below = weight.copy()
        accumulate(forest.parent, below, np.zeros_like(below))
        mean = np.ascontiguousarray((value * weight[:, None]).T)
        for column in mean:
            accumulate(forest.parent, column, np.zeros_like(below))
        return np.ascontiguousarray((mean / np.where(below > 0, below, 1.0)).T)

    def _written(self, value, n_trees):
        """Values as the model stores them."""
        forest = self.forest
        if self.is_margin:
            return (value / forest.tree_weight[forest.node_tree][:, None])[:, None]
        value = value * n_trees
        if forest.task != "classification":
            return np.ascontiguousarray(value[:, :, None])
        if forest.value.shape[2] == 2:
            value = np.concatenate([1.0 - value, value], axis=1)
        return np.ascontiguousarray(value[:, None])


class Scores:
    """Scores of the same rows under one pruning after another, without routing them again.

    With the rows sorted by tree and leaf, those of any node are a slice. Rows that do not count in a tree get
    nothing from it.

    Parameters
    ----------
    additive : Additive
    rows : Rows
    """

    def __init__(self, additive: Additive, rows: Rows):
        self._base, forest = additive.base(rows), additive.forest
        leaf_ids = map(rows.leaf_ids, range(forest.n_trees))
        self._row, row_start, span = rows_by_node(forest.start, forest.end, leaf_ids)
        self._span = span + row_start[forest.node_tree][:, None]
        self._column = additive.column_of_tree[forest.node_tree]

    def under(self, pruning: Pruning) -> NDArray[np.float64]:
        """Score of each row, shape (n_rows, n_columns)."""
        from .kernels import add_leaf_values

        score = self._base.copy()
        leaf = pruning.leaf
        add_leaf_values(self._span[leaf], self._row, self._column[leaf], np.ascontiguousarray(pruning.value), score)
        return score
