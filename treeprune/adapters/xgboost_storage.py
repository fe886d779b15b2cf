"""Trees of XGBoost's saved models taken out of the document and put back, for compact files."""

from dataclasses import replace

import numpy as np

from ..core.forest import LEAF, Forest
from .xgboost_format import CATEGORY_ARRAYS, NO_PARENT, TREE_ARRAYS, booster_of, read_forest, with_model


def take_apart(document: dict) -> tuple[dict, list[dict], Forest]:
    """A document without the arrays of its trees, those, and the trees as stored: base weights are values of splits."""
    forest = read_forest(document)
    model, _ = booster_of(document)
    names = (*TREE_ARRAYS, *CATEGORY_ARRAYS)
    trees = [{name: _native(tree[name]) for name in names} for tree in model["trees"]]
    bare = [{key: item for key, item in tree.items() if key not in names} for tree in model["trees"]]
    place = forest.node_id + np.cumsum([0, *(len(tree["parents"]) for tree in trees)])[forest.node_tree]
    stored = {name: np.concatenate([tree[name] for tree in trees])[place] for name in TREE_ARRAYS} if trees else {}
    if trees:
        condition, ids = stored["split_conditions"].astype(np.float64), np.empty(forest.n_nodes, np.int32)
        ids[np.argsort(place)] = np.arange(forest.n_nodes)  # without the gaps that dead nodes leave
        forest = replace(
            forest,
            threshold=np.where(forest.is_leaf, -2.0, np.nan_to_num(condition, nan=-2.0)),
            value=np.where(forest.is_leaf, condition, stored["base_weights"])[:, None, None],
            node_id=(ids - forest.start[forest.node_tree]).astype(np.int32),
        )
    return with_model(document, model | {"trees": bare}), trees, forest.canonical()


def tree_arrays(forest: Forest) -> dict[str, np.ndarray]:
    """The arrays of a tree, derived from its part of the forest of `take_apart`."""
    own, leaf = forest.node_id, forest.is_leaf
    categorical = np.zeros(forest.n_nodes, bool) if forest.category_set is None else forest.category_set >= 0
    left, right = (np.where(leaf, LEAF, own[child]) for child in (forest.children_left, forest.children_right))
    missing = np.zeros(forest.n_nodes, bool) if forest.missing_go_to_left is None else forest.missing_go_to_left
    nothing, value = np.zeros(forest.n_nodes), forest.value[:, 0, 0]
    canonical = {
        "base_weights": value,
        "loss_changes": nothing if forest.gain is None else forest.gain,
        "sum_hessian": nothing if forest.weighted_n_node_samples is None else forest.weighted_n_node_samples,
        "split_conditions": np.where(leaf, value, forest.threshold),
        "left_children": np.where(categorical, right, left),
        "right_children": np.where(categorical, left, right),
        "parents": np.where(forest.parent < 0, NO_PARENT, own[forest.parent]),
        "split_indices": np.where(leaf, 0, forest.feature),
        "split_type": categorical,
        "default_left": ~leaf & (missing != categorical),
    }
    arrays = {name: np.empty(forest.n_nodes, dtype) for name, dtype in TREE_ARRAYS.items()}
    for name, array in canonical.items():
        arrays[name][own] = array
    nodes = np.flatnonzero(arrays["split_type"]).astype(np.int32)
    of_node = np.full(forest.n_nodes, -1)
    of_node[own] = -1 if forest.category_set is None else forest.category_set
    sets = [forest.category_sets[i] for i in of_node[nodes]]
    sizes = np.array([len(categories) for categories in sets], np.int64)
    return arrays | {
        "categories": np.concatenate([np.empty(0, np.int32), *sets]),
        "categories_nodes": nodes,
        "categories_segments": np.cumsum(sizes) - sizes,
        "categories_sizes": sizes,
    }


def put_together(document: dict, trees: list[dict]) -> dict:
    """A document with the arrays of its trees; nothing is checked."""
    model, _ = booster_of(document)
    whole = [bare | arrays for bare, arrays in zip(model["trees"], trees, strict=True)]
    return with_model(document, model | {"trees": whole})


def _native(array):
    """In the machine's order of bytes: files are read as views."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)
