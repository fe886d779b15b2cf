"""Plan: what a method wants done to a Forest."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Plan:
    """Operations on the nodes and trees of a Forest; a field that is None states no operation.

    Parameters
    ----------
    collapse : ndarray of bool, shape (n_nodes,), optional
        Nodes that become leaves. All nodes below them are dropped.
    source : ndarray of int32, shape (n_nodes,), optional
        The node (itself or a descendant) that takes each node's place: subtree raising. It is final: the
        children of ``source[i]`` are replaced by their own sources.
    value : ndarray of float64, shape (n_nodes, n_outputs, n_values), optional
        New values, for all nodes, so that plans that change values compose with plans that collapse.
    n_node_samples, weighted_n_node_samples, impurity : ndarray, shape (n_nodes,), optional
        New node statistics, where rows moved between nodes or leaves were estimated again.
    drop_tree : ndarray of bool, shape (n_trees,), optional
        Trees to drop.
    tree_weight : ndarray of float64, shape (n_trees,), optional
        New factor of each tree's value in the ensemble's score.
    link : tuple of str and float, optional
        Name (of `treeprune.links.LINKS`) and temperature of the function that turns a classifier's scores into
        probabilities. It is needed where `value` lets scores leave [0, 1].
    """

    collapse: NDArray[np.bool_] | None = None
    source: NDArray[np.int32] | None = None
    value: NDArray[np.float64] | None = None
    n_node_samples: NDArray[np.int64] | None = None
    weighted_n_node_samples: NDArray[np.float64] | None = None
    impurity: NDArray[np.float64] | None = None
    drop_tree: NDArray[np.bool_] | None = None
    tree_weight: NDArray[np.float64] | None = None
    link: tuple[str, float] | None = None

    @property
    def operations(self) -> frozenset[str]:
        """Names of the operations stated, so that an adapter can refuse what its family cannot express."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name) is not None)
