"""Predictors of HistGradientBoosting* as arrays and back, for compact files."""

import numpy as np

from ..exceptions import ModelFormatError

#: Sets of categories of a predictor, by bins and by values.
SETS = ("binned_left_cat_bitsets", "raw_left_cat_bitsets")


def stored_arrays(predictor):
    """The arrays of a predictor."""
    nodes = predictor.nodes
    return {name: nodes[name] for name in nodes.dtype.names} | {name: getattr(predictor, name) for name in SETS}


def tree_arrays(forest, thresholds, columns):
    """The arrays of a predictor, derived from a forest of one tree; node ids are places in them.

    ``columns`` is the model's column of each column that predictors split on, ``thresholds`` the ends of its bins.
    """
    own, leaf, place = forest.node_id, forest.is_leaf, np.argsort(columns)
    feature = np.where(leaf, 0, place[np.where(leaf, 0, forest.feature)])
    categorical = np.zeros(forest.n_nodes, bool) if forest.category_set is None else forest.category_set >= 0
    bins = np.zeros(forest.n_nodes, np.int64)
    for column in np.unique(feature[~leaf & ~categorical]):
        here = ~leaf & ~categorical & (feature == column)
        bins[here] = np.searchsorted(thresholds[column], forest.threshold[here])
    left, right = (np.where(leaf, 0, own[child]) for child in (forest.children_left, forest.children_right))
    nothing = np.zeros(forest.n_nodes)
    canonical = {
        "value": (forest.value[:, 0, 0], "f8"),
        "count": (nothing if forest.n_node_samples is None else forest.n_node_samples, "u4"),
        "feature_idx": (feature, "i8"),
        "num_threshold": (np.where(leaf, 0.0, forest.threshold), "f8"),
        "missing_go_to_left": (forest.missing_go_to_left, "u1"),
        "left": (left, "u4"),
        "right": (right, "u4"),
        "gain": (np.where(leaf, -1.0, nothing if forest.gain is None else forest.gain), "f8"),
        "depth": (forest.depth, "u4"),
        "is_leaf": (leaf, "u1"),
        "bin_threshold": (bins, "u1"),
        "is_categorical": (categorical, "u1"),
    }
    arrays = {name: np.empty(forest.n_nodes, dtype) for name, (_, dtype) in canonical.items()}
    for name, (array, _) in canonical.items():
        arrays[name][own] = array
    arrays["bitset_idx"] = np.where(arrays["is_categorical"], np.cumsum(arrays["is_categorical"]) - 1, 0).astype("u4")
    of_node = np.zeros(forest.n_nodes, np.int64)
    of_node[own] = forest.category_set if categorical.any() else 0
    split_on_set = np.flatnonzero(arrays["is_categorical"])
    sets = np.zeros((len(split_on_set), 256), bool)
    for row, node in enumerate(split_on_set):
        sets[row, forest.category_sets[of_node[node]]] = True
    words = np.packbits(sets, axis=1, bitorder="little").view("<u4").reshape(-1, 8)
    return arrays | dict.fromkeys(SETS, words)


def predictor_of(arrays, is_categorical, tree):
    """The predictor of `stored_arrays`, whose children were checked before; ``tree`` is its index.

    ``is_categorical`` says of each column that predictors split on whether it has categories.
    """
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

    nodes = np.zeros(len(arrays["left"]), PREDICTOR_RECORD_DTYPE)
    for name in nodes.dtype.names:
        nodes[name] = arrays[name]
    split_on_set, n_features = nodes["is_categorical"].astype(bool), len(is_categorical)
    if nodes["feature_idx"].max() >= n_features:
        raise ModelFormatError(f"tree {tree}: a feature outside 0..{n_features - 1}")
    if not is_categorical[nodes["feature_idx"][split_on_set]].all():
        raise ModelFormatError(f"tree {tree}: a split on categories of a column that has none")
    sets = [np.ascontiguousarray(arrays[name], np.uint32) for name in SETS]
    if any(s.shape != (np.count_nonzero(split_on_set), 8) for s in sets):
        raise ModelFormatError(f"tree {tree}: not one set of 256 categories for each categorical split")
    return TreePredictor(nodes, *sets)
