"""scikit-learn's Tree: to a Forest and back.

Both ways go through the state that a Tree is pickled as: the one way in that works alike on all supported versions of
scikit-learn, and checks the types of arrays.
"""

import numpy as np

from ..core.forest import NO_FEATURE, Forest
from ..exceptions import ModelFormatError

_CRITERIA = {
    "gini": "gini",
    "entropy": "entropy",
    "log_loss": "entropy",
    "squared_error": "squared_error",
    "friedman_mse": "squared_error",  # it scores splits; the impurity that it stores is the variance
    "absolute_error": "absolute_error",
    "poisson": "poisson",
}
#: What a Forest calls the fields of a node.
FIELDS = {"left_child": "children_left", "right_child": "children_right"} | {
    name: name
    for name in ("feature", "threshold", "impurity", "n_node_samples", "weighted_n_node_samples", "missing_go_to_left")
}


def read_tree(model, tree=0):
    """The Forest of one fitted tree estimator, in scikit-learn's node order; ``tree`` is its index in an ensemble."""
    if model.tree_.node_count > model.tree_.capacity:  # its arrays would reach into foreign memory
        raise ModelFormatError(
            f"tree {tree}: node_count {model.tree_.node_count}, but memory for {model.tree_.capacity} nodes"
        )
    state = model.tree_.__getstate__()
    nodes, value = state["nodes"], state["values"]
    if len(nodes) != state["node_count"] or len(value) != len(nodes):
        raise ModelFormatError(
            f"tree {tree}: node_count {state['node_count']}, {len(nodes)} nodes and {len(value)} values differ"
        )
    for side in ("left_child", "right_child"):
        big = nodes[side] != nodes[side].astype(np.int32)
        if big.any():
            node = np.flatnonzero(big)[0]
            raise ModelFormatError(f"tree {tree} node {node}: {side} {nodes[side][node]} outside 0..{len(nodes) - 1}")
    classification = hasattr(model, "classes_")
    return Forest(
        root=np.zeros(1, np.int32),
        children_left=nodes["left_child"].astype(np.int32),
        children_right=nodes["right_child"].astype(np.int32),
        feature=nodes["feature"].astype(np.int32),
        threshold=nodes["threshold"].copy(),
        value=value.astype(np.float64),
        n_features=model.n_features_in_,
        task="classification" if classification else "regression",
        criterion=_CRITERIA.get(model.criterion),
        n_classes=np.atleast_1d(model.n_classes_).astype(np.int32) if classification else None,
        missing_go_to_left=nodes["missing_go_to_left"].astype(bool),
        n_node_samples=nodes["n_node_samples"].copy(),
        weighted_n_node_samples=nodes["weighted_n_node_samples"].copy(),
        impurity=nodes["impurity"].copy(),
    )


def stored_arrays(tree):
    """The arrays of a scikit-learn Tree."""
    state = tree.__getstate__()
    arrays = {name: state["nodes"][name] for name in FIELDS}
    return arrays | {"values": state["values"], "max_depth": np.array(state["max_depth"])}


def tree_arrays(forest):
    """The arrays of a scikit-learn Tree whose nodes stand in the order of a canonical forest of one.

    What the forest does not hold is None.
    """
    arrays = {field: getattr(forest, name) for field, name in FIELDS.items()}
    return arrays | {"values": forest.value, "max_depth": np.array(int(forest.depth.max()))}


def made_tree(arrays, n_features, n_classes, n_outputs):
    """A scikit-learn Tree of `stored_arrays`. Children and features must be sound."""
    from sklearn.tree._tree import NODE_DTYPE, Tree

    nodes = np.zeros(len(arrays["left_child"]), NODE_DTYPE)  # also between the fields: equal trees have equal pickles
    for name in FIELDS:
        nodes[name] = arrays[name]
    tree = Tree(n_features, n_classes, n_outputs)
    state = {"max_depth": int(arrays["max_depth"]), "node_count": len(nodes), "nodes": nodes}
    tree.__setstate__(state | {"values": np.ascontiguousarray(arrays["values"])})
    return tree


def with_features(tree, place, n_features):
    """A scikit-learn Tree whose splits have other columns: ``place[column]`` of the ``n_features`` that there are."""
    arrays = stored_arrays(tree)
    feature = arrays["feature"]
    arrays["feature"] = np.where(feature >= 0, place[np.maximum(feature, 0)], feature)
    _, (_, n_classes, n_outputs), _ = tree.__reduce__()
    return made_tree(arrays, n_features, n_classes, n_outputs)


def write_tree(tree, forest):
    """A scikit-learn Tree of the nodes of a grafted forest of one; ``tree`` is the one they come from.

    Columns, which an ensemble's trees number on their own, and what the forest does not hold are those of the nodes'
    origins.
    """
    old, arrays = stored_arrays(tree), tree_arrays(forest)
    arrays |= {name: old[name][forest.node_id] for name in FIELDS if name == "feature" or arrays[name] is None}
    arrays["feature"][forest.is_leaf] = NO_FEATURE
    _, (n_features, n_classes, n_outputs), _ = tree.__reduce__()
    if forest.n_classes is not None:
        n_classes = forest.n_classes.astype(n_classes.dtype)
    return made_tree(arrays, n_features, n_classes, n_outputs)
