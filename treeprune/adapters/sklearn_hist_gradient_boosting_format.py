"""Predictors of HistGradientBoosting*, one for each tree: to a Forest and back."""

import copy

import numpy as np

from ..core.forest import Forest

#: Sets of categories of a predictor, by bins and by values.
SETS = ("binned_left_cat_bitsets", "raw_left_cat_bitsets")


def stored_arrays(predictor):
    """The arrays of a predictor."""
    nodes = predictor.nodes
    return {name: nodes[name] for name in nodes.dtype.names} | {name: getattr(predictor, name) for name in SETS}


def model_columns(model):
    """The model's column of each column that its trees split on: the encoder puts categorical ones first."""
    categorical, n = model.is_categorical_, model.n_features_in_
    if categorical is None:
        return np.arange(n)
    return np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~np.asarray(categorical))])


def read_tree(predictor, value, columns, model, tree):
    """The Forest of one predictor with these values of its nodes; ``tree`` is its index.

    ``columns`` is the model's column of each column that predictors split on.
    """
    nodes, sets, k = predictor.nodes, predictor.raw_left_cat_bitsets, model.n_trees_per_iteration_
    leaf = nodes["is_leaf"].astype(bool)
    categorical = ~leaf & nodes["is_categorical"].astype(bool)
    column = columns[np.where(leaf, 0, nodes["feature_idx"])]
    return Forest(
        root=np.zeros(1, np.int32),
        children_left=np.where(leaf, -1, nodes["left"].astype(np.int64)).astype(np.int32),
        children_right=np.where(leaf, -1, nodes["right"].astype(np.int64)).astype(np.int32),
        feature=np.where(leaf, -2, column).astype(np.int32),
        threshold=np.where(leaf, -2.0, nodes["num_threshold"]),
        value=value[:, None, None],
        n_features=model.n_features_in_,
        task="margin",
        missing_go_to_left=~leaf & nodes["missing_go_to_left"].astype(bool),
        n_node_samples=nodes["count"].astype(np.int64),
        gain=np.where(leaf, 0.0, nodes["gain"]),
        category_set=np.where(categorical, nodes["bitset_idx"], -1).astype(np.int32),
        category_sets=tuple(np.flatnonzero(_bits(words)).astype(np.int32) for words in sets),
        tree_class=np.array([tree % k], np.int32),
        per_stage=k,
    )


def tree_arrays(forest, columns):
    """The arrays of a predictor whose nodes stand in the order of a canonical forest of one.

    Bins and sets of categories are missing. ``columns`` is the model's column of each column that predictors split on.
    """
    leaf, nothing, place = forest.is_leaf, np.zeros(forest.n_nodes), np.argsort(columns)
    categorical = np.zeros(forest.n_nodes, bool) if forest.category_set is None else forest.category_set >= 0
    return {
        "value": forest.value[:, 0, 0],
        "count": nothing if forest.n_node_samples is None else forest.n_node_samples,
        "feature_idx": np.where(leaf, 0, place[np.where(leaf, 0, forest.feature)]),
        "num_threshold": np.where(leaf, 0.0, forest.threshold),
        "missing_go_to_left": forest.missing_go_to_left,
        "left": np.where(leaf, 0, forest.children_left),
        "right": np.where(leaf, 0, forest.children_right),
        "gain": np.where(leaf, -1.0, nothing if forest.gain is None else forest.gain),
        "depth": forest.depth,
        "is_leaf": leaf,
        "is_categorical": categorical,
        "bitset_idx": np.where(categorical, np.cumsum(categorical) - 1, 0),
    }


def made_predictor(arrays):
    """The predictor of `stored_arrays`, which must be sound."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

    nodes = np.zeros(len(arrays["left"]), PREDICTOR_RECORD_DTYPE)
    for name in nodes.dtype.names:
        nodes[name] = arrays[name]
    return TreePredictor(nodes, *(np.ascontiguousarray(arrays[name], np.uint32) for name in SETS))


def with_features(predictor, place):
    """A predictor whose splits have other columns: ``place[column]``."""
    other, split = copy.copy(predictor), predictor.nodes["is_leaf"] == 0
    other.nodes = predictor.nodes.copy()
    other.nodes["feature_idx"] = np.where(split, place[np.where(split, other.nodes["feature_idx"], 0)], 0)
    return other


def _bits(words):
    """The bits of a bitset of 32-bit words, lowest first."""
    return (words[:, None] >> np.arange(32, dtype=np.uint32) & 1).ravel().astype(bool)
