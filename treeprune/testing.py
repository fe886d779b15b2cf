"""Independent checks: a Forest evaluated in plain NumPy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .core.forest import Forest


def forest_apply(forest: Forest, X: NDArray, tree: int = 0) -> NDArray[np.int32]:
    """Leaf of each row in one tree, by following the stated splits: nothing of the model's own code runs.

    Parameters
    ----------
    forest : Forest
        Canonical or not.
    X : ndarray of shape (n_rows, n_features)
        Rows in the float type that the family compares in (float32 for scikit-learn's trees and XGBoost).
    tree : int, default=0

    Returns
    -------
    ndarray of int32, shape (n_rows,)
        Node ids of `forest`.
    """
    node = np.full(len(X), forest.root[tree], np.int32)
    active = np.flatnonzero(~forest.is_leaf[node])
    while len(active):
        at = node[active]
        left = _goes_left(forest, at, X[active, forest.feature[at]])
        node[active] = np.where(left, forest.children_left[at], forest.children_right[at])
        active = active[~forest.is_leaf[node[active]]]
    return node


def forest_values(forest: Forest, X: NDArray) -> list[NDArray[np.float64]]:
    """Values of the leaves that the rows reach, one array of shape (n_rows, n_outputs, n_values) per tree."""
    return [forest.value[forest_apply(forest, X, tree)] for tree in range(forest.n_trees)]


def _goes_left(forest: Forest, node: NDArray, x: NDArray) -> NDArray[np.bool_]:
    threshold = forest.threshold[node]
    left = x <= threshold if forest.comparison == "<=" else x < threshold
    if forest.category_set is not None:
        for index in np.unique(forest.category_set[node]):
            if index >= 0:
                here = forest.category_set[node] == index
                left[here] = np.isin(x[here], forest.category_sets[index])
    missing = np.isnan(x)
    if missing.any():
        if forest.missing_go_to_left is None:
            raise ValueError("The rows hold missing values, which the model does not know.")
        left[missing] = forest.missing_go_to_left[node[missing]]
    return left


def same_arrays(a: Any, b: Any) -> bool:
    """Whether two fitted scikit-learn trees have equal ``tree_`` arrays, to the last bit."""
    first, second = a.tree_.__getstate__(), b.tree_.__getstate__()
    names = first["nodes"].dtype.names
    return (
        first["max_depth"] == second["max_depth"]
        and first["node_count"] == second["node_count"]
        and all(np.array_equal(first["nodes"][name], second["nodes"][name], equal_nan=True) for name in names)
        and np.array_equal(first["values"], second["values"])
    )
