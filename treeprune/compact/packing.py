"""A Forest in few bytes.

Nodes are stored in preorder, where one bit for each node, whether it splits, gives the shape of the trees. A split is
stored as its feature and the position of its threshold in a table of that feature's thresholds, a leaf as the position
of its value in a table of values, the codebook.

Statistics of splits can nearly be computed from those of the leaves. Only the difference to the model's own number is
stored, taken between the bits of the two as integers. Most differences are 0, which compresses well. The computation
uses additions, products and quotients of float64 only, which every machine rounds alike.
"""

import math
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core.forest import NO_FEATURE, NO_THRESHOLD, Forest, preorder_children
from ..exceptions import ModelFormatError

#: What a Forest holds and predictions do not need; "value" stands for the values of splits.
STATISTICS = ("n_node_samples", "weighted_n_node_samples", "value", "impurity", "gain")
_SUMS = STATISTICS[:2]
_TEXT = ("n_features", "task", "comparison")


def pack(
    forest: Forest, statistics: Collection[str], round_thresholds: bool = False
) -> tuple[dict, dict[str, NDArray]]:
    """JSON data and arrays, of which `unpack` makes the forest again.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    statistics : collection of str
        Which of `STATISTICS` to store. The others are None after `unpack`; values of splits are 0.
    round_thresholds : bool, default=False
        Round thresholds down to float32, for rows of float32.
    """
    split, leaf = forest.internal, np.flatnonzero(forest.is_leaf)
    threshold = rounded_down(forest.threshold[split]) if round_thresholds else forest.threshold[split]
    (table_feature, table), position = _thresholds(forest.feature[split], threshold, forest.n_features)
    text = {name: getattr(forest, name) for name in _TEXT}
    text |= {"n_nodes": forest.n_nodes, "shape": list(forest.value.shape[1:])}
    arrays = {
        "split": np.packbits(~forest.is_leaf),
        "size": _narrow(np.diff(forest.start)),
        "feature": _narrow(forest.feature[split]),
        "table_size": _narrow(np.bincount(table_feature, minlength=forest.n_features)),
        "table": _narrow_floats(table),
        "position": _narrow(position),
        "tree_class": _narrow(forest.tree_class),
        "tree_weight": forest.tree_weight,
    }
    arrays |= _values(forest.value[leaf].reshape(len(leaf), -1))
    if forest.missing_go_to_left is not None:
        arrays["missing"] = np.packbits(forest.missing_go_to_left[split])
    if forest.category_set is not None:
        sets = [forest.category_sets[i] for i in forest.category_set[split] if i >= 0]
        arrays["categorical"] = np.packbits(forest.category_set[split] >= 0)
        arrays["set_size"] = _narrow(np.array([len(categories) for categories in sets], np.int64))
        arrays["categories"] = _narrow(np.concatenate([np.zeros(0, np.int32), *sets]))
    moved = {name: forest.node_id - numbering(forest) for name, numbering in _NUMBERINGS.items()}
    nearest = min(moved, key=lambda name: np.count_nonzero(moved[name]))
    arrays[nearest] = _narrow(moved[nearest])
    return text, arrays | _statistics(forest, statistics)


def unpack(text: dict, arrays: dict[str, NDArray], max_bytes: int = 2**30) -> Forest:
    """The forest that `pack` was given, checked.

    Parameters
    ----------
    text, arrays : dict
        What `pack` returned.
    max_bytes : int
        Most memory that the values of the nodes may take.

    Raises
    ------
    ModelFormatError
        The data are malformed.
    """
    try:
        forest = _structure(text, arrays, max_bytes).validate()
        return _with_statistics(forest, arrays)
    except (KeyError, IndexError, ValueError, TypeError, OverflowError, AttributeError) as error:
        if isinstance(error, ModelFormatError):
            raise
        raise ModelFormatError(f"The compact file is damaged: {type(error).__name__}: {error}") from error


def rounded_down(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Largest float32 that is not above each threshold. Rows of float32 are on the same side of both."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)


def _thresholds(feature, threshold, n_features):
    """The table of distinct thresholds, sorted by feature, and the position of each split within its feature's part."""
    order = np.lexsort((threshold, feature))
    sorted_feature, sorted_threshold = feature[order], threshold[order]
    bits = sorted_threshold.view(f"i{threshold.itemsize}")  # 0.0 and -0.0 are two
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(sorted_feature) != 0) | (bits[1:] != bits[:-1])
    of_feature = np.concatenate([[0], np.cumsum(np.bincount(sorted_feature[first], minlength=n_features))])
    position = np.empty(len(order), np.int64)
    position[order] = np.cumsum(first) - 1
    return (sorted_feature[first], sorted_threshold[first]), position - of_feature[feature]


def _values(values):
    """Values of leaves: as they are, or as a codebook and positions in it where that is shorter.

    Where the first of two columns is exactly 1 minus the second, only the second is stored.
    """
    if values.shape[1] == 2 and (_as_int(1.0 - values[:, 1]) == _as_int(values[:, 0])).all():
        values = values[:, 1:]
    values = _narrow_floats(values)
    bits = np.ascontiguousarray(values).view(np.dtype((np.void, values.itemsize * values.shape[1]))).ravel()
    _, first, code = np.unique(bits, return_index=True, return_inverse=True)
    code = _narrow(code)
    if len(first) * bits.itemsize + len(code) * code.itemsize >= len(bits) * bits.itemsize:
        return {"value": values}
    book = values[first]
    order = np.lexsort(book.T[::-1])  # close numbers have bytes in common, which compresses better
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return {"book": book[order], "code": _narrow(rank[code])}


def _preorder(forest):
    return np.arange(forest.n_nodes) - forest.start[forest.node_tree]


def _level_order(forest):
    order = np.empty(forest.n_nodes, np.int64)
    order[np.lexsort((forest.depth, forest.node_tree))] = np.arange(forest.n_nodes)
    return order - forest.start[forest.node_tree]


#: How libraries number the nodes of a tree. What is stored is the difference of the model's numbers to one of these.
_NUMBERINGS = {"from preorder": _preorder, "from level order": _level_order}


def _structure(text, arrays, max_bytes):
    n_nodes, shape = text["n_nodes"], tuple(text["shape"])
    split = _bits(arrays["split"], n_nodes)
    if 8 * n_nodes * math.prod(shape) > max_bytes:
        raise ModelFormatError(f"Values of {n_nodes} nodes, {shape} each, take more than max_bytes={max_bytes}.")
    start = np.concatenate([[0], np.cumsum(arrays["size"], dtype=np.int64)])
    left, right = preorder_children(split)
    feature, threshold = np.full(n_nodes, NO_FEATURE, np.int32), np.full(n_nodes, NO_THRESHOLD)
    feature[split] = arrays["feature"]
    of_feature = np.concatenate([[0], np.cumsum(arrays["table_size"], dtype=np.int64)])
    position = of_feature[feature[split]] + arrays["position"]
    if position.size and position.min() < 0:
        raise ModelFormatError("The compact file is damaged: the position of a threshold.")
    threshold[split] = arrays["table"][position]
    value = np.full((n_nodes, *shape), np.nan)  # that of splits is not in files for predictions
    leaf_value = arrays["value"] if "value" in arrays else arrays["book"][arrays["code"]]
    if math.prod(shape) == 2 and leaf_value.shape[1] == 1:
        second = leaf_value.astype(np.float64)
        leaf_value = np.concatenate([1.0 - second, second], axis=1)
    value[~split] = leaf_value.reshape(-1, *shape)
    missing, category_set, sets = None, None, ()
    if "missing" in arrays:
        missing = np.zeros(n_nodes, bool)
        missing[split] = _bits(arrays["missing"], np.count_nonzero(split))
    if "categorical" in arrays:
        category_set, at = np.full(n_nodes, -1, np.int32), np.flatnonzero(split)
        categorical = at[_bits(arrays["categorical"], len(at))]
        category_set[categorical] = np.arange(len(categorical))
        ends = np.cumsum(arrays["set_size"], dtype=np.int64)
        sets = tuple(np.split(arrays["categories"].astype(np.int32), ends[:-1])) if len(ends) else ()
        if len(sets) != len(categorical) or (len(ends) and ends[-1] != len(arrays["categories"])):
            raise ModelFormatError("The compact file is damaged: categories and the splits on them do not agree.")
    return Forest(
        root=start[:-1].astype(np.int32), children_left=left, children_right=right, feature=feature,
        threshold=threshold, value=value, missing_go_to_left=missing, start=start, category_set=category_set,
        category_sets=sets, tree_class=arrays["tree_class"].astype(np.int32),
        tree_weight=arrays["tree_weight"].astype(np.float64),
        **{name: text[name] for name in _TEXT},
    )  # fmt: skip


def _bits(packed, n):
    if len(packed) != (n + 7) // 8:
        raise ModelFormatError(f"The compact file is damaged: {len(packed)} bytes for {n} bits.")
    return np.unpackbits(packed, count=n).astype(bool)


def _statistics(forest, names):
    """Statistics of the leaves and, for splits, the difference of the model's own to those computed from the leaves."""
    at_leaves = {}
    for name in (*_SUMS, "impurity"):
        if name in names and getattr(forest, name) is not None:
            at_leaves[f"{name} of leaves"] = _narrow_floats(_narrow(getattr(forest, name)[forest.is_leaf]))
    arrays = dict(at_leaves)
    for name, guess in _guesses(forest, at_leaves).items():
        stored = getattr(forest, name)
        if name in names and stored is not None:
            stored = stored[forest.internal].astype(np.int64 if stored.dtype.kind in "iu" else np.float64)
            guess = guess[forest.internal].astype(stored.dtype)
            short = stored.dtype.kind == "f" and bool((stored.astype(np.float32) == stored).all())
            kind = "f4" if short else stored.dtype.str
            difference = _as_int(stored.astype(kind)) - _as_int(guess.astype(kind))
            arrays[f"{name}, {'short' if short else 'long'}"] = _narrow(
                difference.reshape(len(stored), int(np.prod(stored.shape[1:])))
            )
    return arrays


def _with_statistics(forest, arrays):
    exact, at_leaves = {}, {name: array for name, array in arrays.items() if name.endswith(" of leaves")}
    if any(len(array) != forest.n_leaves for array in at_leaves.values()):
        raise ModelFormatError("The compact file is damaged: statistics of leaves are not one for each leaf.")
    corrected = any(name.endswith((", short", ", long")) for name in arrays)
    for name, guess in _guesses(forest, at_leaves).items() if corrected else ():
        for length, kind in (("short", "f4"), ("long", guess.dtype.str)):
            if f"{name}, {length}" in arrays:
                known = guess[forest.internal].astype(kind)
                bits = _as_int(known) + arrays[f"{name}, {length}"].astype(f"i{known.itemsize}").reshape(known.shape)
                exact[name] = guess.copy()
                exact[name][forest.internal] = bits.view(kind)
    for name, numbering in _NUMBERINGS.items():
        if name in arrays and arrays[name].any():
            exact["node_id"] = _numbered(forest, numbering(forest) + arrays[name])
        elif name in arrays:
            exact["node_id"] = numbering(forest).astype(np.int32)
    return replace(forest, **exact)


def _numbered(forest, ids):
    """The ids as int32, after a check that each tree has the ids 0, 1, ... in some order."""
    place = ids + forest.start[forest.node_tree]
    inside = (ids >= 0) & (ids < np.diff(forest.start)[forest.node_tree])
    if not inside.all() or np.bincount(place, minlength=forest.n_nodes).max() > 1:
        raise ModelFormatError("The compact file is damaged: nodes are not numbered from 0 on in each tree.")
    return ids.astype(np.int32)


def _as_int(array):
    return np.ascontiguousarray(array).view(f"i{array.itemsize}")


def _guesses(forest, at_leaves):
    """Statistics of all nodes, computed from those of the leaves.

    Writing and reading must compute the same bits, so no operation here may depend on the machine.
    """
    leaf, guess = forest.is_leaf, {}
    for name in _SUMS:
        stored = at_leaves.get(f"{name} of leaves")
        if stored is not None:
            sums = _summed(forest, _spread(leaf, stored))
            guess[name] = sums.astype(np.int64) if name == "n_node_samples" else sums
    weight = guess.get("weighted_n_node_samples", np.ones(forest.n_nodes))
    safe = np.where(weight > 0, weight, 1.0)[:, None, None]
    sums = np.where(leaf[:, None, None], forest.value * safe, 0.0).reshape(len(leaf), -1)
    if forest.task == "classification":
        sums = np.rint(sums)  # class counts: the stored fractions are rounded, so these sums are nearly whole
    sums = np.stack([_summed(forest, column) for column in sums.T], axis=1).reshape(forest.value.shape)
    guess["value"] = np.where(leaf[:, None, None], forest.value, sums / safe)
    if "impurity of leaves" in at_leaves:
        of_leaves = _spread(leaf, at_leaves["impurity of leaves"])
        known = (
            _gini(sums, safe) if forest.task == "classification" else _variance(forest, of_leaves, guess["value"], safe)
        )
        guess["impurity"] = np.where(leaf, of_leaves, known)
    guess["gain"] = np.zeros(forest.n_nodes)
    return guess


def _gini(counts, weight):
    squares = np.zeros(counts.shape[:2])
    for k in range(counts.shape[2]):
        squares += counts[:, :, k] ** 2
    gini = np.zeros(len(counts))
    for output in range(counts.shape[1]):
        gini += 1.0 - squares[:, output] / (weight[:, 0, 0] ** 2)
    return gini / counts.shape[1]


def _variance(forest, of_leaves, mean, weight):
    """Variance (mean of the squares less square of the mean), averaged over outputs, from those of the leaves."""
    leaf, n_outputs = forest.is_leaf, mean.shape[1]
    square_of_mean = np.zeros(len(leaf))
    for output in range(n_outputs):
        square_of_mean += mean[:, output, 0] ** 2
    squares = _summed(forest, np.where(leaf, weight[:, 0, 0] * (of_leaves * n_outputs + square_of_mean), 0.0))
    return (squares / weight[:, 0, 0] - square_of_mean) / n_outputs


def _spread(leaf, of_leaves):
    array = np.zeros(len(leaf))
    array[leaf] = of_leaves
    return array


def _summed(forest, x):
    """Sums over the leaves below each node."""
    from ..core.kernels import accumulate

    x = np.ascontiguousarray(x)
    accumulate(forest.parent, x, np.zeros_like(x))
    return x


def _narrow(array):
    """Whole numbers in the narrowest integer type that holds them; other numbers as they are."""
    if array.size == 0 or array.dtype.kind not in "biuf":
        return array
    if array.dtype.kind == "f":
        whole = np.isfinite(array).all() and (np.abs(array) < 2**31).all() and (array == np.rint(array)).all()
        if not whole or (np.signbit(array) & (array == 0)).any():
            return array
        array = array.astype(np.int64)
    low, high = array.min(), array.max()
    for kind in ("u1", "u2", "i1", "i2", "u4", "i4"):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return array.astype(f"<{kind}")
    return array.astype("<i8")


def _narrow_floats(array):
    """float64 as float32 if that loses nothing."""
    if array.dtype != np.float64:
        return array
    with np.errstate(over="ignore"):
        short = array.astype(np.float32)
    return short if (short == array).all() else array
