"""scikit-learn's single trees: DecisionTree* and ExtraTree*."""

import copy

import numpy as np

from ..core.forest import NO_FEATURE, Forest
from ..exceptions import ModelFormatError
from .base import Adapter, StoredModel, padded
from .sklearn_tree_storage import FIELDS, STRUCTURE, attach_tree, most_classes, stored_tree, tree_arrays, without_tree

_CRITERIA = {
    "gini": "gini",
    "entropy": "entropy",
    "log_loss": "entropy",
    "squared_error": "squared_error",
    "friedman_mse": "squared_error",  # it scores splits; the impurity that it stores is the variance
    "absolute_error": "absolute_error",
    "poisson": "poisson",
}


class SklearnTreeAdapter(Adapter):
    """Reads ``tree_`` through its pickle state, and writes a new one the same way.

    The state is the one way in that works alike on all supported versions of scikit-learn and checks array types;
    ``copy.copy`` keeps every other fitted attribute.
    """

    format_name = "sklearn tree"
    models = (
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.DecisionTreeRegressor",
    )
    operations = frozenset({"collapse", "source", "value", "n_node_samples", "weighted_n_node_samples", "impurity"})
    parts = (*models, "sklearn.tree._classes.ExtraTreeClassifier", "sklearn.tree._classes.ExtraTreeRegressor")
    structure = STRUCTURE
    unused = frozenset({*FIELDS, "values", "max_depth"}) - STRUCTURE

    @property
    def monotonic(self):
        signs = getattr(self.model, "monotonic_cst", None)
        return None if signs is None else padded(list(signs), self.forest.n_features)

    def _read(self):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self.model)
        return read_tree(self.model)

    def stored(self, full):
        return StoredModel(without_tree(self.model), [stored_tree(self.model.tree_)], self.forest)

    @classmethod
    def arrays_of(cls, skeleton, forest):
        return [tree_arrays(forest, most_classes(skeleton))]

    @classmethod
    def assembled(cls, skeleton, trees):
        attach_tree(skeleton, trees[0])
        return skeleton

    def write(self, forest):
        model = copy.copy(self.model)
        model.tree_ = write_tree(self.model.tree_, forest)
        return model

    def _apply(self, X):
        leaf = self.model.apply(X)
        return lambda tree: leaf

    def compared(self, X):
        from sklearn.utils.validation import check_array

        X = check_array(X, dtype=np.float32, accept_sparse="csr", ensure_all_finite=False)
        return X.toarray() if hasattr(X, "toarray") else X

    def encode_target(self, y):
        return encode_target(self.model, y)


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


def write_tree(tree, forest):
    """A scikit-learn Tree of the nodes of a grafted forest of one; ``tree`` is the one they come from.

    Splits and what the forest does not hold are those of the nodes' origins.
    """
    old = tree.__getstate__()["nodes"]
    nodes = np.zeros(forest.n_nodes, old.dtype)  # zeros also between the fields: equal trees have equal pickles
    nodes["left_child"], nodes["right_child"] = forest.children_left, forest.children_right
    for name in old.dtype.names[2:]:
        held = (
            None if name == "feature" else getattr(forest, name, None)
        )  # an ensemble's trees have columns of their own
        nodes[name] = old[name][forest.node_id] if held is None else held
    nodes["feature"][forest.is_leaf] = NO_FEATURE
    cls, (n_features, n_classes, n_outputs), _ = tree.__reduce__()
    if forest.n_classes is not None:
        n_classes = forest.n_classes.astype(n_classes.dtype)
    written = cls(n_features, n_classes, n_outputs)
    written.__setstate__(
        {
            "max_depth": int(forest.depth.max()),
            "node_count": forest.n_nodes,
            "nodes": nodes,
            "values": np.ascontiguousarray(forest.value),
        }
    )
    return written


def encode_target(model, y, n_outputs=None):
    """Class codes or numbers of y, shape (n_rows, n_outputs), as a scikit-learn tree or forest takes it."""
    from sklearn.utils import column_or_1d
    from sklearn.utils.validation import check_array

    classification = hasattr(model, "classes_")
    y = check_array(
        y, ensure_2d=False, dtype=None if classification else np.float64, input_name="y", ensure_min_samples=1
    )
    y = y if y.ndim == 2 and y.shape[1] > 1 else column_or_1d(y, warn=True)[:, None]
    n_outputs = model.n_outputs_ if n_outputs is None else n_outputs
    if y.shape[1] != n_outputs:
        raise ValueError(f"y has {y.shape[1]} outputs, but {type(model).__name__} was fitted with {n_outputs}.")
    if not classification:
        return y
    classes = [model.classes_] if n_outputs == 1 else model.classes_
    codes = np.empty(y.shape, np.int32)
    for output, known in enumerate(classes):
        unseen = np.setdiff1d(y[:, output], known)
        if len(unseen):
            raise ValueError(f"y contains previously unseen labels: {unseen.tolist()}")
        codes[:, output] = np.searchsorted(known, y[:, output])
    return codes
