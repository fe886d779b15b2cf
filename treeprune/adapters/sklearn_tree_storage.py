"""scikit-learn's Tree as arrays and back, for compact files."""

import copy

import numpy as np

from ..exceptions import ModelFormatError

#: What a Forest calls the fields of a node.
FIELDS = {"left_child": "children_left", "right_child": "children_right"} | {
    name: name
    for name in ("feature", "threshold", "impurity", "n_node_samples", "weighted_n_node_samples", "missing_go_to_left")
}
#: Arrays that follow from the Forest alone.
STRUCTURE = frozenset({"left_child", "right_child", "feature"})


def stored_tree(tree):
    """The arrays of a scikit-learn Tree."""
    state = tree.__getstate__()
    arrays = {name: state["nodes"][name] for name in FIELDS}
    return arrays | {"values": state["values"], "max_depth": np.array(state["max_depth"])}


def tree_arrays(forest, n_classes):
    """`stored_tree` derived from a forest of one tree; `n_classes` is the most of any output."""
    from sklearn.tree._tree import NODE_DTYPE

    nodes, values = np.zeros(forest.n_nodes, NODE_DTYPE), np.empty((forest.n_nodes, forest.n_outputs, n_classes))
    own = np.append(forest.node_id, -1)  # a leaf's child -1 stays -1
    for field, name in FIELDS.items():
        array = getattr(forest, name)
        if array is not None:
            nodes[field][forest.node_id] = own[array] if name.startswith("children") else array
    values[forest.node_id] = forest.value[:, :, :n_classes]
    arrays = {name: nodes[name] for name in FIELDS}
    return arrays | {"values": values, "max_depth": np.array(int(forest.depth.max()))}


def most_classes(estimator):
    """Width of a fitted tree estimator's values: the most classes of any output, 1 for numbers."""
    return int(np.max(getattr(estimator, "n_classes_", 1)))


def without_tree(estimator):
    """A copy of a fitted tree estimator that has lost its tree."""
    bare = copy.copy(estimator)
    del bare.tree_
    return bare


def attach_tree(estimator, arrays, tree=0):
    """Give a tree estimator the tree of `stored_tree`, whose children were checked before; `tree` is its index."""
    from sklearn.tree._tree import NODE_DTYPE, Tree

    if arrays["feature"].max() >= estimator.n_features_in_:
        raise ModelFormatError(
            f"tree {tree}: feature {arrays['feature'].max()} outside 0..{estimator.n_features_in_ - 1}"
        )
    nodes = np.zeros(len(arrays["left_child"]), NODE_DTYPE)
    for name in FIELDS:
        nodes[name] = arrays[name]
    n_outputs = estimator.n_outputs_
    n_classes = np.broadcast_to(getattr(estimator, "n_classes_", 1), n_outputs).astype(np.intp)
    estimator.tree_ = Tree(estimator.n_features_in_, n_classes, n_outputs)
    state = {"max_depth": int(arrays["max_depth"]), "node_count": len(nodes), "nodes": nodes}
    estimator.tree_.__setstate__(state | {"values": np.ascontiguousarray(arrays["values"])})
