"""LightGBM's model text, written: the trees of a grafted Forest in the place of those it was read from."""

from dataclasses import replace

import numpy as np

from ..core.forest import Forest
from ..exceptions import ModelFormatError, UnsupportedModelError
from ..extras import import_extra
from .lightgbm_format import ModelText

_ORDER = (
    *("num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type"),
    *("left_child", "right_child", "leaf_value", "leaf_weight", "leaf_count"),
    *("internal_value", "internal_weight", "internal_count", "cat_boundaries", "cat_threshold"),
    *("is_linear", "leaf_const", "num_features", "leaf_features", "leaf_coeff", "shrinkage"),
)


def write(model: ModelText, forest: Forest) -> str:
    """The model text with the trees of a grafted forest.

    An iteration that lost some of its trees keeps leaves of value 0 in their place: LightGBM takes whole iterations
    only.
    """
    return render(model, _grafted_trees(model, forest))


def render(model: ModelText, trees: list[dict]) -> str:
    """A model text with other trees, in the form of `ModelText.trees`."""
    header = "\n".join(name if value is None else f"{name}={value}" for name, value in model.header.items())
    blocks = (f"Tree={index}\n{_tree_text(tree)}\n\n" for index, tree in enumerate(trees))
    return f"tree\n{header}\n\n{''.join(blocks)}\nend of trees\n{model.tail}"


def booster_from(text: ModelText):
    """A Booster of a checked model text.

    Raises
    ------
    ModelFormatError, UnsupportedModelError
        LightGBM itself refuses it.
    ImportError
        LightGBM is not installed.
    """
    lightgbm = import_extra("lightgbm")
    try:
        return lightgbm.Booster(model_str=render(text, text.trees))
    except (lightgbm.basic.LightGBMError, ValueError) as error:
        kind = UnsupportedModelError if "Unknown objective" in str(error) else ModelFormatError
        raise kind(f"LightGBM refuses the model: {error}") from error


def tree_arrays(forest: Forest) -> list[dict]:
    """The arrays of trees in which nodes have a forest's node ids: inner nodes first, then leaves.

    Trees have arrays of categories only if a split needs them. Splits on thresholds know NaN as a missing value.

    Raises
    ------
    ModelFormatError
        The ids are others.
    """
    first = forest.start[forest.node_tree]
    order = np.empty(forest.n_nodes, np.int64)
    order[first + forest.node_id] = np.arange(forest.n_nodes)
    n_nodes, n_inner = np.diff(forest.start), np.bincount(forest.node_tree[forest.internal], minlength=forest.n_trees)
    is_inner = np.arange(forest.n_nodes) - first < n_inner[forest.node_tree]
    inner, leaf = order[is_inner], order[~is_inner]
    if forest.is_leaf[inner].any():
        raise ModelFormatError("LightGBM numbers inner nodes first, then leaves.")
    nothing = np.zeros(forest.n_nodes)
    weight, count, gain = (
        nothing if array is None else array
        for array in (forest.weighted_n_node_samples, forest.n_node_samples, forest.gain)
    )
    categorical = np.zeros(len(inner), bool) if forest.category_set is None else forest.category_set[inner] >= 0
    missing = np.zeros(len(inner), bool) if forest.missing_go_to_left is None else forest.missing_go_to_left[inner]
    of_inner = {
        "split_feature": forest.feature[inner].astype(np.int32),
        "split_gain": gain[inner],
        "threshold": np.where(categorical, 0.0, forest.threshold[inner]),
        "decision_type": np.where(categorical, 1, 8 | (2 * missing)).astype(np.uint8),
        "internal_value": forest.value[inner, 0, 0],
        "internal_weight": weight[inner].astype(np.float64),
        "internal_count": count[inner].astype(np.int64),
    }
    leaves_from = n_inner[forest.node_tree[inner]]
    for side, children in (("left", forest.children_left), ("right", forest.children_right)):
        child = forest.node_id[children[inner]]
        of_inner[f"{side}_child"] = np.where(child < leaves_from, child, ~(child - leaves_from)).astype(np.int32)
    of_leaf = {
        "leaf_value": forest.value[leaf, 0, 0],
        "leaf_weight": weight[leaf].astype(np.float64),
        "leaf_count": count[leaf].astype(np.int64),
    }
    trees = [{} for _ in n_nodes]
    for arrays, sizes in ((of_inner, n_inner), (of_leaf, n_nodes - n_inner)):
        ends = np.cumsum(sizes)
        for tree, start, end in zip(trees, ends - sizes, ends, strict=True):
            tree |= {name: array[start:end] for name, array in arrays.items()}
    if categorical.any():
        which = np.split(np.where(categorical, forest.category_set[inner], -1), np.cumsum(n_inner)[:-1])
        for tree, of_node in zip(trees, which, strict=True):
            _add_categories(tree, of_node, forest.category_sets)
    return trees


def _add_categories(tree, set_of_node, sets):
    """Number the categorical splits of a tree, and give it the bitsets of their categories."""
    categorical = set_of_node >= 0
    if not categorical.any():
        return
    tree["threshold"] = np.where(categorical, np.cumsum(categorical) - 1, tree["threshold"])
    words = [_words(sets[i]) for i in set_of_node[categorical]]
    tree["cat_boundaries"] = np.cumsum([0, *map(len, words)])
    tree["cat_threshold"] = np.concatenate(words)


def _words(categories):
    """A set of categories as a bitset of 32-bit words."""
    bits = np.zeros(32 * (categories.max(initial=0) // 32 + 1), bool)
    bits[categories] = True
    return np.packbits(bits, bitorder="little").view("<u4")


def _grafted_trees(model, forest):
    """Trees of whole iterations, in the form of `ModelText.trees`."""
    k, position = model.per_iteration, {int(tree_id): tree for tree, tree_id in enumerate(forest.tree_id)}
    new = tree_arrays(replace(forest, node_id=_renumbered(forest)))
    iterations = np.unique(forest.tree_id // k)
    unit = 1 / len(iterations) if model.averaged else 1.0  # what LightGBM multiplies trees by
    written = []
    for tree_id in (iterations[:, None] * k + np.arange(k)).ravel().tolist():
        if tree_id not in position:
            written.append(_ZERO)
            continue
        at = position[tree_id]
        nodes = slice(forest.start[at], forest.start[at + 1])
        tree = _grafted(model.trees[tree_id], new[at], forest.node_id[nodes], forest.is_leaf[nodes])
        written.append(_scaled(tree, forest.tree_weight[at] / unit))
    return written


def _renumbered(forest):
    """Ids of a canonical forest's nodes within their trees: inner nodes in preorder, then leaves in preorder."""
    leaf, first = forest.is_leaf, forest.start[:-1]
    n_inner = np.add.reduceat((~leaf).astype(np.int64), first)
    inner_id, leaf_id = (np.cumsum(of_kind) - 1 for of_kind in (~leaf, leaf))
    inner_first, leaf_first = (np.append(0, np.cumsum(n)[:-1]) for n in (n_inner, np.diff(forest.start) - n_inner))
    tree = forest.node_tree
    ids = np.where(leaf, n_inner[tree] + leaf_id - leaf_first[tree], inner_id - inner_first[tree])
    return ids.astype(np.int32)


_ZERO = {"num_leaves": 1, "num_cat": 0, "leaf_value": np.zeros(1), "is_linear": 0, "shrinkage": 1.0}


def _grafted(old, new, origin, leaf):
    """A tree from its new arrays, and from the old tree what a Forest does not hold.

    `origin` has the old id of each node in preorder, `leaf` whether the node is a leaf now.
    """
    n_inner, inner, ends = len(old["threshold"]), origin[~leaf], origin[leaf]
    new |= {name: old[name][inner] for name in ("decision_type", "internal_value")}
    new |= {"num_leaves": len(ends), "num_cat": int(np.count_nonzero(new["decision_type"] & 1))}
    new |= {name: old[name] for name in ("is_linear", "shrinkage")}
    if old["is_linear"]:
        new |= _linear_leaves(old, np.where(ends >= n_inner, ends - n_inner, -1), new["leaf_value"])
    return new


def _linear_leaves(old, leaf, value):
    """Linear models of the leaves that stay leaves; a new leaf (-1) is constant."""
    first = np.cumsum(old["num_features"]) - old["num_features"]
    n = np.where(leaf >= 0, old["num_features"][leaf], 0)
    row = np.concatenate(
        [np.empty(0, np.int64), *(np.arange(first[i], first[i] + k) for i, k in zip(leaf, n, strict=True))]
    )
    return {
        "leaf_const": np.where(leaf >= 0, old["leaf_const"][leaf], value),
        "num_features": n,
        "leaf_features": old["leaf_features"][row],
        "leaf_coeff": old["leaf_coeff"][row],
    }


def _scaled(tree, factor):
    if factor == 1.0:
        return tree
    names = [name for name in ("leaf_value", "internal_value", "leaf_const", "leaf_coeff") if name in tree]
    return tree | {name: tree[name] * factor for name in names}


def _tree_text(tree):
    return "\n".join(f"{name}={_text(tree[name])}" for name in _ORDER if name in tree)


def _text(value):
    return " ".join(map(repr, value.tolist())) if isinstance(value, np.ndarray) else repr(value)
