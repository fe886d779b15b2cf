"""XGBoost's saved models: a document to a Forest and back.

The layout is that of XGBoost's model schema (``doc/model.schema``). Everything that native code would rely on is
checked here first.
"""

import re
import warnings
from dataclasses import replace

import numpy as np

from ..core.forest import LEAF, Forest
from ..exceptions import ModelFormatError, UnsupportedModelError
from ..extras import import_extra
from .documents import decode, encode
from .xgboost_values import collapsed_value

SUPPORTED = "gbtree and dart boosters with one value per leaf"
#: Objectives whose leaves are set to quantiles of residuals: base weights are something else.
RESIDUAL_OBJECTIVES = ("reg:absoluteerror", "reg:quantileerror")
_MAX_CATEGORY = 2**24  # category codes are read from float32
#: Numbers as XGBoost writes them in strings: Python reads more (digits of other scripts, underscores, blanks).
_INTEGER, _FLOAT = re.compile(r"-?[0-9]{1,19}"), re.compile(r"-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
#: Arrays of a saved tree, with an entry for each node, and those of its sets of categories.
TREE_ARRAYS = {
    "base_weights": np.float32,
    "loss_changes": np.float32,
    "sum_hessian": np.float32,
    "split_conditions": np.float32,
    "left_children": np.int32,
    "right_children": np.int32,
    "parents": np.int32,
    "split_indices": np.int32,
    "split_type": np.uint8,
    "default_left": np.uint8,
}
CATEGORY_ARRAYS = {
    "categories": np.int32,
    "categories_nodes": np.int32,
    "categories_segments": np.int64,
    "categories_sizes": np.int64,
}
_SWAPPED = {
    dtype: np.dtype(dtype).newbyteorder() for dtype in (np.float32, np.float64, np.int32, np.int64, np.int8, np.uint8)
}
#: What the root has in the place of a parent.
NO_PARENT = np.iinfo(np.int32).max


def read_document(data: bytes) -> tuple[dict, Forest]:
    """The document of a saved model, its trees checked and typed, and their Forest.

    Nodes that no root reaches are dropped from both.

    Raises
    ------
    ModelFormatError, UnsupportedModelError
        The model is malformed, or of a kind that a Forest cannot hold.
    """
    document = decode(data)
    forest = read_forest(document)
    model, _ = booster_of(document)
    dead = forest.n_nodes < sum(len(tree["parents"]) for tree in model["trees"])
    return write_forest(document, forest) if dead else document, forest


def booster_of(document: dict) -> tuple[dict, np.ndarray | None]:
    """The part of a document that holds the trees, and the weights of dart's trees."""
    learner = _get(document, dict, "learner")
    booster = _get(learner, dict, "gradient_booster")
    name = _get(booster, str, "name")
    if name not in ("gbtree", "dart"):
        raise UnsupportedModelError(f"XGBoost's booster {name!r} has no trees to prune. Supported: {SUPPORTED}.")
    if name == "gbtree":
        return _get(booster, dict, "model"), None
    weight = _array(booster, "weight_drop", np.float64, "gradient_booster")
    return _get(_get(booster, dict, "gbtree"), dict, "model"), weight


def with_model(document: dict, model: dict) -> dict:
    """A new document with another part that holds the trees."""
    learner = document["learner"]
    booster = learner["gradient_booster"]
    if booster["name"] == "dart":
        booster = booster | {"gbtree": booster["gbtree"] | {"model": model}}
    else:
        booster = booster | {"model": model}
    return document | {"learner": learner | {"gradient_booster": booster}}


def first_rounds(document: dict, n_rounds: int) -> dict:
    """A document of the first rounds of another, which XGBoost itself has written."""
    model, weight_drop = booster_of(document)
    bounds = model["iteration_indptr"][: n_rounds + 1]
    n_trees = int(bounds[-1])
    model = model | {
        "trees": model["trees"][:n_trees],
        "tree_info": model["tree_info"][:n_trees],
        "iteration_indptr": bounds,
        "gbtree_model_param": model["gbtree_model_param"] | {"num_trees": str(n_trees)},
    }
    document = with_model(document, model)
    if weight_drop is not None:
        document["learner"]["gradient_booster"]["weight_drop"] = weight_drop[:n_trees].tolist()
    return document


def read_forest(document: dict, eta: float | None = None, max_delta_step: float = 0.0) -> Forest:
    """The trees of a document, in XGBoost's own node order, dead nodes left out.

    The document's arrays are typed in place.

    XGBoost sends the categories of a set to the right, a Forest to the left: the children of such nodes change
    sides.

    Parameters
    ----------
    document : dict
        As `documents.decode` gives it.
    eta : float, optional
        The learning rate, if known: taken where it agrees with the trees.
    max_delta_step : float, default=0.0
        The cap of weights, if known; 0: none.

    Raises
    ------
    ModelFormatError, UnsupportedModelError
        The document is malformed, or of a kind that a Forest cannot hold.
    """
    model, weight_drop = booster_of(document)
    n_features, n_groups = _check_learner(document["learner"])
    model["trees"] = trees = [_check_tree(tree, i) for i, tree in enumerate(_get(model, list, "trees"))]
    tree_info = _check_counts(model, trees, n_groups, weight_drop)
    _check_attributes(document["learner"], len(model.get("iteration_indptr", trees)))
    _check_categories(model, n_features)
    arrays = {
        name: np.concatenate([np.empty(0, dtype), *(tree[name] for tree in trees)], dtype=dtype)
        for name, dtype in TREE_ARRAYS.items()
    }
    n_nodes = np.array([len(tree["parents"]) for tree in trees], np.int64)
    start = np.concatenate([[0], np.cumsum(n_nodes)])
    first = np.repeat(start[:-1], n_nodes)
    left, right = (_offset(arrays[f"{side}_children"], first) for side in ("left", "right"))
    leaf = left == LEAF
    category_set, category_sets = _category_sets(trees, start)
    swapped = (category_set >= 0) & (right >= 0)
    sum_hessian = arrays["sum_hessian"].astype(np.float64)
    forest = Forest(
        root=start[:-1].astype(np.int32),
        children_left=np.where(swapped, right, left),
        children_right=np.where(swapped, left, right),
        feature=np.where(leaf, -2, arrays["split_indices"]).astype(np.int32),
        threshold=np.where(leaf | (category_set >= 0), -2.0, arrays["split_conditions"]),  # of categories: NaN, once
        value=arrays["split_conditions"].astype(np.float64)[:, None, None],
        n_features=n_features,
        task="margin",
        missing_go_to_left=(arrays["default_left"] != 0) != swapped,
        weighted_n_node_samples=sum_hessian,
        gain=arrays["loss_changes"].astype(np.float64),
        comparison="<",
        category_set=category_set if category_sets else None,
        category_sets=category_sets,
        tree_class=tree_info,
        tree_weight=weight_drop,
        start=start,
    )
    forest, kept = forest.reachable()
    n_dead = sum(int(_integer(tree["tree_param"], "num_deleted", 0)) for tree in trees)
    if len(leaf) - forest.n_nodes > n_dead:
        warnings.warn(
            f"{len(leaf) - forest.n_nodes} nodes are not reachable from a root; they are dropped.", stacklevel=2
        )
    _check_numbers(forest, arrays["parents"][kept], swapped[kept])
    forest.validate()
    objective = _get(_get(document["learner"], dict, "objective"), str, "name")
    known = objective not in RESIDUAL_OBJECTIVES
    value = np.nan
    if known:
        value = collapsed_value(forest, arrays["base_weights"][kept], _parallel(model), eta, max_delta_step)
    return replace(forest, value=np.where(forest.is_leaf, forest.value[:, 0, 0], value)[:, None, None])


def write_forest(document: dict, forest: Forest) -> dict:
    """A new document with the trees of a grafted forest; `document` is the one that they come from."""
    old, _ = booster_of(document)
    booster = document["learner"]["gradient_booster"]
    if booster["name"] == "gbtree":  # knows no weights of trees
        forest = replace(forest, value=forest.value * forest.tree_weight[forest.node_tree][:, None, None])
    trees = _write_trees([old["trees"][tree] for tree in forest.tree_id], forest)
    model = old | {
        "trees": trees,
        "tree_info": forest.tree_class.tolist(),
        "gbtree_model_param": old["gbtree_model_param"] | {"num_trees": str(len(trees))},
    }
    attributes = dict(document["learner"].get("attributes", {}))
    attributes.pop("best_score", None)  # of the unpruned model
    if "iteration_indptr" in old:  # rounds that lost all their trees go, too
        bounds = np.searchsorted(forest.tree_id, np.asarray(old["iteration_indptr"]))
        model["iteration_indptr"] = np.unique(bounds).tolist()
        best = attributes.pop("best_iteration", None)
        n_best = np.count_nonzero(np.diff(bounds[: int(best) + 2])) if best is not None else 0
        if n_best:
            attributes["best_iteration"] = str(n_best - 1)
    document = with_model(document, model)
    document["learner"]["attributes"] = attributes
    if booster["name"] == "dart":
        document["learner"]["gradient_booster"]["weight_drop"] = forest.tree_weight.tolist()
    return document


def booster_from(document: dict):
    """A Booster of a checked document.

    Raises
    ------
    ModelFormatError, UnsupportedModelError
        XGBoost itself refuses it.
    ImportError
        XGBoost is not installed.
    """
    xgboost = import_extra("xgboost")
    data = bytearray(encode(document))
    try:
        booster = xgboost.Booster()
        booster.load_model(data)
    except xgboost.core.XGBoostError as error:
        text = str(error).partition("Stack trace")[0].strip()
        kind = UnsupportedModelError if "Unknown objective" in text else ModelFormatError
        raise kind(f"XGBoost refuses the model: {text}") from error
    return booster


def _check_learner(learner):
    """Number of features and of columns of the margin; what native code would rely on holds."""
    param = _get(learner, dict, "learner_model_param")
    n_features, n_targets = _integer(param, "num_feature", 1), _integer(param, "num_target", 1, default="1")
    n_groups = max(_integer(param, "num_class", 0), 1) * n_targets
    for name in ("feature_names", "feature_types"):
        names = learner.get(name, [])
        if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
            raise ModelFormatError(f"learner: {name} is not a list of strings")
        if names and len(names) != n_features:
            raise ModelFormatError(f"learner: {len(names)} {name}, but num_feature is {n_features}")
    _check_objective(learner, param)
    text = _get(param, str, "base_score", "learner_model_param")
    numbers = (text[1:-1] if text.startswith("[") and text.endswith("]") else text).split(",")
    if not all(map(_FLOAT.fullmatch, numbers)):
        raise ModelFormatError(f"learner_model_param: base_score {text!r} is no number")
    with np.errstate(over="ignore"):
        base_score = np.array(numbers, np.float64).astype(np.float32)
    if not np.isfinite(base_score).all() or len(base_score) not in (1, n_groups):
        raise ModelFormatError(f"learner_model_param: base_score {text!r} is not finite for each class")
    return n_features, n_groups


def _check_objective(learner, param):
    """The objective is of as many classes as the model."""
    objective = _get(learner, dict, "objective", "learner")
    name, n_classes = _get(objective, str, "name", "objective"), _integer(param, "num_class", 0)
    if not name.startswith("multi:"):
        return  # an objective of one's own may have several columns
    own = _integer(_get(objective, dict, "softmax_multiclass_param", "objective"), "num_class", 1, where="objective")
    if own != n_classes:
        raise ModelFormatError(f"learner: num_class is {n_classes}, but {own} in the objective {name!r}")


def _check_attributes(learner, n_rounds):
    """Attributes are strings; that which counts rounds is of a round that there is."""
    attributes = learner.get("attributes", {})
    if not isinstance(attributes, dict) or not all(isinstance(text, str) for text in attributes.values()):
        raise ModelFormatError("learner: attributes are not strings by name")
    if "best_iteration" in attributes:
        best = _integer(attributes, "best_iteration", 0, where="attributes")
        if best >= n_rounds:
            raise ModelFormatError(f"attributes: best_iteration is {best}, but there are {n_rounds} rounds")


def _check_categories(model, n_features):
    """The container of a frame's categories: native code looks them up by its offsets."""
    stored = model.get("cats")
    if stored is None:
        return
    if not isinstance(stored, dict):
        raise ModelFormatError("cats: is not an object")
    columns, bounds, place = (
        _get(stored, list, "enc", "cats"),
        *(_array(stored, name, np.int32, "cats").astype(np.int64) for name in ("feature_segments", "sorted_idx")),
    )
    sizes = [_n_categories(column, index) for index, column in enumerate(columns)]
    expected = np.cumsum([0, *sizes]) if columns or len(bounds) else np.zeros(0, np.int64)
    if len(columns) not in (0, n_features) or not np.array_equal(bounds, expected):
        raise ModelFormatError(f"cats: feature_segments do not count the categories of {n_features} features")
    whole = [np.arange(size) for size in sizes]
    parts = np.split(place, expected[1:-1]) if len(columns) else [place]
    if len(place) != sum(sizes) or not all(np.array_equal(np.sort(a), b) for a, b in zip(parts, whole, strict=False)):
        raise ModelFormatError("cats: sorted_idx does not order the categories of each feature")


def _n_categories(column, index):
    """How many categories a column has: numbers, or texts between offsets."""
    where = f"cats: enc {index}"
    if not isinstance(column, dict):
        raise ModelFormatError(f"{where} is not an object")
    values = column.get("values")
    if not isinstance(values, (list, np.ndarray)):
        raise ModelFormatError(f"{where}: values is {'missing' if values is None else 'not an array'}")
    if "offsets" not in column:
        return len(values)
    _array(column, "values", np.int8, where)
    offsets = _array(column, "offsets", np.int32, where)
    if len(offsets) == 0 and len(values) == 0:
        return 0
    if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(values) or (np.diff(offsets) < 0).any():
        raise ModelFormatError(f"{where}: offsets must rise from 0 to {len(values)}, the number of values")
    return len(offsets) - 1


def _check_counts(model, trees, n_groups, weight_drop):
    """The class of each tree; the counts that the model states of its trees agree."""
    n_trees = _integer(_get(model, dict, "gbtree_model_param"), "num_trees", 0)
    tree_info = _array(model, "tree_info", np.int32, "model")
    for name, n in (("trees", len(trees)), ("tree_info", len(tree_info))):
        if n != n_trees:
            raise ModelFormatError(f"model: {n} {name}, but num_trees is {n_trees}")
    if len(tree_info) and not 0 <= tree_info.min() <= tree_info.max() < n_groups:
        tree = np.flatnonzero((tree_info < 0) | (tree_info >= n_groups))[0]
        raise ModelFormatError(f"tree {tree}: class {tree_info[tree]} outside 0..{n_groups - 1} (tree_info)")
    if "iteration_indptr" in model:
        bounds = _array(model, "iteration_indptr", np.int64, "model")
        if len(bounds) == 0 or bounds[0] != 0 or bounds[-1] != n_trees or (np.diff(bounds) < 0).any():
            raise ModelFormatError(f"model: iteration_indptr must rise from 0 to num_trees, {n_trees}")
    if weight_drop is not None and (len(weight_drop) != n_trees or not np.isfinite(weight_drop).all()):
        raise ModelFormatError(f"gradient_booster: weight_drop must hold {n_trees} finite numbers")
    return tree_info


def _check_tree(tree, index):
    """A tree with all its arrays typed and of one length."""
    where = f"tree {index}"
    if not isinstance(tree, dict):
        raise ModelFormatError(f"{where}: is not an object")
    param = _get(tree, dict, "tree_param", where=where)
    n_nodes = _integer(param, "num_nodes", 1, where=where)
    if type(tree.get("id")) is not int or tree["id"] != index:
        raise ModelFormatError(f"{where}: its id is {tree.get('id')!r}, and XGBoost puts trees where their ids say")
    if _integer(param, "size_leaf_vector", 0, default="0", where=where) > 1:
        raise UnsupportedModelError(f"{where} has several values per leaf (multi_output_tree). Supported: {SUPPORTED}.")
    arrays = {}
    for name, dtype in TREE_ARRAYS.items():
        if name == "split_type" and name not in tree:
            arrays[name] = np.zeros(n_nodes, dtype)
            continue
        arrays[name] = _array(tree, name, dtype, where)
        if len(arrays[name]) != n_nodes:
            raise ModelFormatError(f"{where}: {name} has {len(arrays[name])} entries, but num_nodes is {n_nodes}")
    if (arrays["split_type"] > 1).any():
        raise ModelFormatError(f"{where}: split_type is neither 0 nor 1")
    for name, dtype in CATEGORY_ARRAYS.items():
        known = name in tree or "split_type" in tree  # XGBoost looks for either all of these or none
        arrays[name] = _array(tree, name, dtype, where).astype(dtype) if known else np.empty(0, dtype)
    return tree | arrays


def _category_sets(trees, start):
    """Index of each node's set of categories (-1: none), and the sets."""
    of_node, sets = np.full(start[-1], -1, np.int32), []
    for index, tree in enumerate(trees):
        if not (tree["categories_nodes"].size or tree["split_type"].any()):
            continue
        nodes, segments, sizes = (tree[f"categories_{part}"] for part in ("nodes", "segments", "sizes"))
        categories, split_type = tree["categories"], tree["split_type"]
        if not np.array_equal(np.flatnonzero(split_type), nodes) or not len(nodes) == len(segments) == len(sizes):
            raise ModelFormatError(f"tree {index}: categories_nodes are not the nodes whose split_type is 1")
        if (segments < 0).any() or (sizes < 0).any() or (segments > len(categories) - sizes).any():
            raise ModelFormatError(f"tree {index}: categories_segments reach beyond {len(categories)} categories")
        if len(categories) and not 0 <= categories.min() <= categories.max() < _MAX_CATEGORY:
            raise ModelFormatError(f"tree {index}: categories outside 0..{_MAX_CATEGORY - 1}")
        of_node[start[index] + nodes] = np.arange(len(sets), len(sets) + len(nodes))
        sets += [np.sort(categories[s : s + n]) for s, n in zip(segments, sizes, strict=True)]
    return of_node, tuple(sets)


def _check_numbers(forest, parents, swapped):
    """What a Forest does not check by itself: siblings side by side, stated parents, finite thresholds."""
    first, second = forest.children_left, forest.children_right
    own, node = forest.node_id, np.arange(forest.n_nodes)
    apart = ~forest.is_leaf & (own[second] - own[first] != np.where(swapped, -1, 1))
    parent = np.where(forest.parent < 0, -1, own[forest.parent])
    orphan = np.where(parents == NO_PARENT, -1, parents) != parent
    infinite = np.isinf(forest.threshold) & ~swapped
    for bad, what in (
        (apart, "right child is not left child + 1, which XGBoost relies on"),
        (orphan, "parent is not the node that it is a child of"),
        (infinite, "threshold is not finite"),
    ):
        if bad.any():
            at = node[bad][0]
            raise ModelFormatError(f"tree {forest.node_tree[at]} node {own[at]}: {what}")


def node_arrays(forest: Forest) -> dict[str, np.ndarray]:
    """The arrays of saved trees, end to end, whose nodes stand in the order of a canonical forest's node ids.

    That order keeps siblings side by side: XGBoost goes right by adding one to the left child. Leaves have their values
    as base weights, and so have splits.
    """
    position, leaf, value = _position(forest), forest.is_leaf, forest.value[:, 0, 0]
    own = position - forest.start.astype(np.int32)[forest.node_tree]
    categorical = np.zeros(forest.n_nodes, bool) if forest.category_set is None else forest.category_set >= 0
    left, right = (np.where(leaf, LEAF, own[child]) for child in (forest.children_left, forest.children_right))
    missing = np.zeros(forest.n_nodes, bool) if forest.missing_go_to_left is None else forest.missing_go_to_left
    nothing = np.zeros(forest.n_nodes)
    of_nodes = {
        "base_weights": value,
        "loss_changes": nothing if forest.gain is None else np.where(leaf, 0.0, forest.gain),
        "sum_hessian": nothing if forest.weighted_n_node_samples is None else forest.weighted_n_node_samples,
        "split_conditions": np.where(leaf, value, forest.threshold),
        "left_children": np.where(categorical, right, left),  # see `read_forest`
        "right_children": np.where(categorical, left, right),
        "parents": np.where(forest.parent < 0, NO_PARENT, own[forest.parent]),
        "split_indices": np.where(leaf, 0, forest.feature),
        "split_type": categorical,
        "default_left": ~leaf & (missing != categorical),
    }
    arrays = {name: np.empty(forest.n_nodes, dtype) for name, dtype in TREE_ARRAYS.items()}
    for name, array in of_nodes.items():
        arrays[name][position] = array
    return arrays


def split_trees(arrays: dict[str, np.ndarray], forest: Forest) -> list[dict[str, np.ndarray]]:
    """The arrays of `node_arrays` tree by tree, with the categories of the splits."""
    trees = [
        {name: array[start:end] for name, array in arrays.items()}
        for start, end in zip(forest.start[:-1], forest.start[1:], strict=True)
    ]
    set_of_node = np.full(forest.n_nodes, -1)
    if forest.category_set is not None:
        set_of_node[_position(forest)] = forest.category_set
    for tree, start in zip(trees, forest.start[:-1], strict=True):
        nodes = np.flatnonzero(tree["split_type"]).astype(np.int32)
        sets = [forest.category_sets[i] for i in set_of_node[start + nodes]]
        sizes = np.array([len(categories) for categories in sets], np.int64)
        tree |= {
            "categories": np.concatenate([np.empty(0, np.int32), *sets]),
            "categories_nodes": nodes,
            "categories_segments": np.cumsum(sizes) - sizes,
            "categories_sizes": sizes,
        }
    return trees


def _position(forest):
    """Where each node stands once those of every tree are in the order of their ids."""
    n_ids = np.maximum.reduceat(forest.node_id, forest.start[:-1]) + 1 if forest.n_trees else np.zeros(0, int)
    place = (np.cumsum(n_ids) - n_ids)[forest.node_tree] + forest.node_id
    taken = np.zeros(n_ids.sum(), bool)
    taken[place] = True
    return np.cumsum(taken, dtype=np.int32)[place] - 1


def _write_trees(trees, forest):
    """Saved trees of a grafted forest's nodes; `trees` are those that they come from, one for each.

    Base weights of nodes that stay as they were, and conditions of splits on categories, are those of the nodes'
    origins: a Forest does not hold them.
    """
    arrays, n_old = node_arrays(forest), [len(tree["parents"]) for tree in trees]
    origin, leaf = np.empty(forest.n_nodes, np.int64), arrays["left_children"] == LEAF
    origin[_position(forest)] = (np.cumsum(n_old) - n_old)[forest.node_tree] + forest.node_id
    weight, condition = (
        np.concatenate([tree[name] for tree in trees]).take(origin) for name in ("base_weights", "split_conditions")
    )
    value = arrays["split_conditions"]
    arrays["base_weights"] = np.where(leaf & (value != condition), value, weight)
    arrays["split_conditions"] = np.where(leaf, value, condition)
    arrays = {name: array.astype(np.dtype(TREE_ARRAYS[name]).newbyteorder(">")) for name, array in arrays.items()}
    written = []
    for index, (tree, new) in enumerate(zip(trees, split_trees(arrays, forest), strict=True)):
        param = tree["tree_param"] | {"num_nodes": str(len(new["parents"])), "num_deleted": "0"}
        written.append(tree | new | {"tree_param": param, "id": index})
    return written


def _parallel(model):
    return _integer(model["gbtree_model_param"], "num_parallel_tree", 0, default="1") or 1


def _offset(children, first):
    """Ids within a tree as ids of the forest; what lies outside stays outside."""
    return np.where(children == LEAF, LEAF, children + first).clip(-2, np.iinfo(np.int32).max).astype(np.int32)


def _get(mapping, kind, name, where="model"):
    value = mapping.get(name)
    if not isinstance(value, kind):
        raise ModelFormatError(f"{where}: {name} is {'missing' if value is None else 'of the wrong type'}")
    return value


def _integer(mapping, name, low, default=None, where="model"):
    """A whole number, which XGBoost writes as a string."""
    text = mapping.get(name, default)
    if not isinstance(text, str) or not _INTEGER.fullmatch(text):
        raise ModelFormatError(f"{where}: {name} {text!r} is not a whole number in a string")
    number = int(text)
    if not low <= number < 2**31:
        raise ModelFormatError(f"{where}: {name} {number} outside {low}..{2**31 - 1}")
    return number


def _array(mapping, name, dtype, where):
    """A typed array, in any order of bytes, with no value lost on the way to its type."""
    value = mapping.get(name)
    if isinstance(value, np.ndarray) and (value.dtype == dtype or value.dtype == _SWAPPED[dtype]):
        return value
    if not isinstance(value, (list, np.ndarray)):
        raise ModelFormatError(f"{where}: {name} is {'missing' if value is None else 'not an array'}")
    whole = np.issubdtype(dtype, np.integer)
    try:
        kinds = set(map(type, value)) if isinstance(value, list) else set()
        array = np.array(value) if len(value) else np.empty(0, dtype)
    except (ValueError, OverflowError) as error:
        raise ModelFormatError(f"{where}: {name} is not an array of numbers") from error
    # XGBoost's own reader refuses floats among whole numbers, whole numbers as floats, and booleans but for one array.
    kinds -= {bool} if name == "default_left" else set()
    odd = len(kinds) > 1 or bool in kinds or (not whole and int in kinds)
    if odd or array.ndim != 1 or array.dtype.kind not in ("biu" if whole else "biuf"):
        raise ModelFormatError(f"{where}: {name} holds something that is not a {'whole ' if whole else ''}number")
    if whole and len(array) and not np.iinfo(dtype).min <= array.min() <= array.max() <= np.iinfo(dtype).max:
        raise ModelFormatError(f"{where}: {name} holds numbers out of range")
    with np.errstate(over="ignore"):
        return array.astype(dtype)
