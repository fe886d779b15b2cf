"""Trees of LightGBM's model texts as arrays, for compact files."""

import numpy as np

from ..core.forest import Forest
from ..exceptions import ModelFormatError

#: Arrays of a tree that predictions do not depend on.
STATISTICS = frozenset(
    {"split_gain", "internal_value", "internal_weight", "internal_count", "leaf_weight", "leaf_count"}
)


def take_apart(trees: list[dict]) -> tuple[list[dict], list[dict]]:
    """Trees in the form of `ModelText.trees` without their arrays, and the arrays."""
    arrays = [{name: item for name, item in tree.items() if isinstance(item, np.ndarray)} for tree in trees]
    return [
        {name: item for name, item in tree.items() if name not in a} for tree, a in zip(trees, arrays, strict=True)
    ], arrays


def tree_arrays(forest: Forest) -> dict[str, np.ndarray]:
    """The arrays of a tree derived from a forest of one tree; node ids are inner nodes first, then leaves."""
    order, n_inner = np.argsort(forest.node_id), forest.n_nodes - forest.n_leaves
    inner, leaf = order[:n_inner], order[n_inner:]
    if forest.is_leaf[inner].any():
        raise ModelFormatError("LightGBM numbers inner nodes first, then leaves.")
    nothing = np.zeros(forest.n_nodes)
    weight, count, gain = (
        nothing if array is None else array
        for array in (forest.weighted_n_node_samples, forest.n_node_samples, forest.gain)
    )
    categorical = np.zeros(n_inner, bool) if forest.category_set is None else forest.category_set[inner] >= 0
    missing = np.zeros(n_inner, bool) if forest.missing_go_to_left is None else forest.missing_go_to_left[inner]
    arrays = {
        "split_feature": forest.feature[inner].astype(np.int32),
        "split_gain": gain[inner],
        "threshold": np.where(categorical, np.cumsum(categorical) - 1, forest.threshold[inner]),
        "decision_type": np.where(categorical, 1, 8 | (2 * missing)).astype(np.uint8),
        "internal_value": forest.value[inner, 0, 0],
        "internal_weight": weight[inner].astype(np.float64),
        "internal_count": count[inner].astype(np.int64),
        "leaf_value": forest.value[leaf, 0, 0],
        "leaf_weight": weight[leaf].astype(np.float64),
        "leaf_count": count[leaf].astype(np.int64),
    }
    for side, children in (("left", forest.children_left), ("right", forest.children_right)):
        child = forest.node_id[children[inner]]
        arrays[f"{side}_child"] = np.where(child < n_inner, child, ~(child - n_inner)).astype(np.int32)
    if categorical.any():
        sets = [forest.category_sets[i] for i in forest.category_set[inner][categorical]]
        words = [_words(categories) for categories in sets]
        arrays["cat_boundaries"] = np.cumsum([0, *map(len, words)])
        arrays["cat_threshold"] = np.concatenate(words)
    return arrays


def _words(categories):
    """A set of categories as a bitset of 32-bit words."""
    bits = np.zeros(32 * (categories.max(initial=0) // 32 + 1), bool)
    bits[categories] = True
    return np.packbits(bits, bitorder="little").view("<u4")
