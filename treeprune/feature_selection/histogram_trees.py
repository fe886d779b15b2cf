"""Small bagged trees on binned columns, grown fast enough to have hundreds."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..core.forest import Forest, preorder_children
from ..core.rows import Rows

#: Bins of a column. A missing value has the code after the last.
N_BINS = 32


@dataclass(frozen=True, eq=False)
class BinnedData:
    """Rows as codes, and their target.

    Parameters
    ----------
    codes : ndarray of uint8, shape (n_columns, n_rows)
        Bin of each value, 0 to 31, ascending; 32: missing.
    target : ndarray of shape (n_rows,)
        Class codes (int32) or numbers (float64) with mean 0 and variance 1.
    weight : ndarray of float64, shape (n_rows,)
        Weights of the rows, all positive.
    n_classes : int
        Number of classes; 0: the target is a number.
    """

    codes: NDArray[np.uint8]
    target: NDArray
    weight: NDArray[np.float64]
    n_classes: int

    def with_columns(self, columns: Iterable[NDArray[np.uint8]]) -> "BinnedData":
        """The same rows with other columns of codes."""
        return replace(self, codes=np.stack(list(columns)))

    @property
    def n_values(self) -> NDArray[np.int64]:
        """Number of distinct codes of each column."""
        return np.array([np.count_nonzero(np.bincount(column)) for column in self.codes])


def bin_columns(X: NDArray[np.float64], n_bins: int = N_BINS) -> NDArray[np.uint8]:
    """Codes of the columns: their distinct values where these are few, else quantile bins.

    Parameters
    ----------
    X : ndarray of float64, shape (n_rows, n_columns)
        NaN is missing; infinite values are the least and the greatest.

    Returns
    -------
    ndarray of uint8, shape (n_columns, n_rows)
    """
    codes = np.empty(X.shape[::-1], np.uint8)
    for column in range(X.shape[1]):
        x = X[:, column]
        ordered = np.sort(x[~np.isnan(x)])
        values = ordered[np.append(True, ordered[1:] > ordered[:-1])] if len(ordered) else ordered
        if len(values) > n_bins:
            values = np.unique(ordered[np.arange(1, n_bins) * len(ordered) // n_bins])
            codes[column] = np.searchsorted(values, x, side="right")
        else:
            codes[column] = np.searchsorted(values, x)
        codes[column][np.isnan(x)] = n_bins
    return codes


def grow_forest(
    rows: BinnedData,
    draws: Iterable[tuple[NDArray[np.intp], NDArray[np.intp], np.random.Generator]],
    max_depth: int,
) -> Rows:
    """Grow a tree on each draw of rows.

    Each node tries one and a half times the square root of the number of features, among them those that cannot be
    cut any more, which scikit-learn's trees would pass over.

    Parameters
    ----------
    rows : BinnedData
    draws : iterable of (grow, judge, rng)
        For each tree the rows to grow it by, the rows to judge it by, and a numpy Generator.
    max_depth : int
        Depth limit.

    Returns
    -------
    Rows
        The rows to judge by, routed through the forest.
    """
    from ._kernels import GrownTree, grow_tree, target_of, workspace

    channel, y, n_channels = _channels(rows)
    n_features = len(rows.codes)
    target = target_of(channel, y, rows.weight, int(rows.codes.max(initial=0)) + 1, n_channels)
    n_try = min(n_features, int(np.ceil(1.5 * np.sqrt(n_features))))
    trees, leaves, start = [], [], 0
    for grow, judge, rng in draws:
        most = min(2**max_depth, len(grow))  # leaves
        above = min(2**max_depth, 2 * most)  # nodes above the depth limit
        tree = GrownTree(
            nodes=np.full((3, 2 * most - 1), -1, np.int32),
            statistics=np.empty((2 + n_channels, 2 * most - 1)),
            leaf=np.full(len(rows.target), -1, np.int32),
        )
        uniform = rng.random(above * n_try)
        space = workspace(len(grow), len(judge), n_features, n_channels, max_depth)
        grow, judge = (np.sort(part.astype(np.uint32)) for part in (grow, judge))
        n_nodes = grow_tree(rows.codes, target, grow, judge, uniform, n_try, max_depth, tree, space)
        tree.leaf[tree.leaf >= 0] += start
        trees.append((tree.nodes[:, :n_nodes], tree.statistics[:, :n_nodes]))
        leaves.append(tree.leaf)
        start += n_nodes
    forest = _forest(rows, trees, n_features)
    return Rows(forest, leaves.__getitem__, rows.target[:, None], rows.weight)


def _channels(rows):
    """The target in the form of `_kernels.Target`: a channel and a number for each row; and the number of channels."""
    if rows.n_classes > 2:
        return rows.target.astype(np.int32), np.ones(len(rows.target)), rows.n_classes
    return np.zeros(len(rows.target), np.int32), rows.target.astype(np.float64), 1


def _forest(rows, trees, n_features):
    root = np.cumsum([0, *(nodes.shape[1] for nodes, _ in trees[:-1])]).astype(np.int32)
    feature, code, n_rows = np.concatenate([nodes for nodes, _ in trees], axis=1)
    left, right = preorder_children(feature >= 0)
    weight, square, *means = np.concatenate([stats for _, stats in trees], axis=1)
    value = np.stack(means, axis=1)
    impurity = np.maximum(square / weight - (value**2).sum(axis=1), 0.0)
    if rows.n_classes == 2:
        value, impurity = np.c_[1 - value, value], 2 * impurity
    return Forest(
        root=root,
        children_left=left,
        children_right=right,
        feature=np.where(left < 0, -2, feature).astype(np.int32),
        threshold=np.where(left < 0, -2.0, code),
        value=value[:, None, :],
        n_features=n_features,
        task="classification" if rows.n_classes else "regression",
        criterion="gini" if rows.n_classes else "squared_error",
        n_classes=np.array([rows.n_classes], np.int32) if rows.n_classes else None,
        n_node_samples=n_rows.astype(np.int64),
        weighted_n_node_samples=weight,
        impurity=impurity,
    )
