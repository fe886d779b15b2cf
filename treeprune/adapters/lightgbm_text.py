"""LightGBM's model text, written: the trees of a grafted Forest in the place of those it was read from."""

import numpy as np

from ..core.forest import Forest
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
    return render(model, grafted_trees(model, forest))


def render(model: ModelText, trees: list[dict]) -> str:
    """A model text with other trees, in the form of `ModelText.trees`."""
    header = "\n".join(name if value is None else f"{name}={value}" for name, value in model.header.items())
    blocks = (f"Tree={index}\n{_tree_text(tree)}\n\n" for index, tree in enumerate(trees))
    return f"tree\n{header}\n\n{''.join(blocks)}\nend of trees\n{model.tail}"


def grafted_trees(model: ModelText, forest: Forest) -> list[dict]:
    """Trees of whole iterations, in the form of `ModelText.trees`."""
    k, position = model.per_iteration, {int(tree_id): tree for tree, tree_id in enumerate(forest.tree_id)}
    iterations = np.unique(forest.tree_id // k)
    unit = 1 / len(iterations) if model.averaged else 1.0  # what LightGBM multiplies trees by
    written = []
    for iteration in iterations:
        for tree_id in range(iteration * k, (iteration + 1) * k):
            if tree_id in position:
                tree = position[tree_id]
                factor = forest.tree_weight[tree] / unit
                written.append(_scaled(_grafted(model.trees[tree_id], forest, tree), factor))
            else:
                written.append(_EMPTY)
    return written


_EMPTY = {"num_leaves": 1, "num_cat": 0, "leaf_value": np.zeros(1), "is_linear": 0, "shrinkage": 1.0}


def _grafted(old, forest, index):
    """A tree of one tree's nodes; `old` is the one that they come from."""
    nodes = slice(forest.start[index], forest.start[index + 1])
    origin, leaf = forest.node_id[nodes], forest.is_leaf[nodes]
    n_inner = len(old["threshold"])
    number = np.where(leaf, ~(np.cumsum(leaf) - 1), np.cumsum(~leaf) - 1)  # leaves and inner nodes count apart
    inner, ends = origin[~leaf], origin[leaf]
    was_leaf = ends >= n_inner
    new = {name: old[name][inner] for name in ("split_feature", "split_gain", "threshold", "decision_type")}
    new |= {name: old[name][inner] for name in ("internal_value", "internal_weight", "internal_count")}
    for side, children in (("left", forest.children_left), ("right", forest.children_right)):
        new[f"{side}_child"] = number[children[nodes][~leaf] - forest.start[index]]
    for what in ("weight", "count"):
        both = np.concatenate([old[f"internal_{what}"], old[f"leaf_{what}"]])
        new[f"leaf_{what}"] = both[ends]
    new["leaf_value"] = forest.value[nodes, 0, 0][leaf]
    new |= {"num_leaves": len(ends), "num_cat": 0, "is_linear": old["is_linear"], "shrinkage": old["shrinkage"]}
    if old["num_cat"]:
        _keep_categories(old, new)
    if old["is_linear"]:
        new |= _linear_leaves(old, np.where(was_leaf, ends - n_inner, -1), new["leaf_value"])
    return new


def _keep_categories(old, new):
    """Sets of the categorical splits that are left, numbered anew."""
    categorical = np.flatnonzero(new["decision_type"] & 1)
    if not len(categorical):
        return
    which = new["threshold"][categorical].astype(np.int64)
    words = [old["cat_threshold"][old["cat_boundaries"][i] : old["cat_boundaries"][i + 1]] for i in which]
    new["threshold"][categorical] = np.arange(len(which))
    new["num_cat"] = len(which)
    new["cat_boundaries"] = np.cumsum([0, *map(len, words)])
    new["cat_threshold"] = np.concatenate(words)


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
