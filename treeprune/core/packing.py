"""A Forest as few bytes: what can be worked out again is stored as corrections to that, mostly zeros.

The trees are a preorder stream: one bit for the shape, then for each split its feature and the position of its
threshold in a table of that feature's own thresholds, for each leaf the position of its value in a codebook. Level
"predict" keeps what a prediction needs, exactly: rows of float32 are compared with thresholds rounded down to float32,
which sends every row the same way. Level "full" keeps every array to the last bit: sums over rows are taken from the
leaves up, values and impurities of splits from those, and what differs from the model's own arrays is stored as the
difference of the bits.
"""

import io
import json
import lzma
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..exceptions import ModelFormatError
from .forest import NO_FEATURE, NO_THRESHOLD, Forest

MAGIC, VERSION = b"treeprune compact", 1
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 0, "pb": 0}]
_LEVELS = ("predict", "full")


def write_arrays(meta: dict, arrays: dict[str, NDArray]) -> bytes:
    """A document of text and arrays, packed by LZMA; bytes of equal weight stand together."""
    body, index = io.BytesIO(), {}
    for name, array in arrays.items():
        array = np.ascontiguousarray(array)
        index[name] = [array.dtype.str, list(array.shape)]
        body.write(np.ascontiguousarray(array.reshape(-1).view(np.uint8).reshape(array.size, -1).T).tobytes())
    head = json.dumps({"meta": meta, "index": index}).encode()
    raw = len(head).to_bytes(8, "little") + head + body.getvalue()
    return MAGIC + bytes([VERSION]) + lzma.compress(raw, check=lzma.CHECK_CRC32, filters=_FILTERS)


def read_arrays(data: bytes) -> tuple[dict, dict[str, NDArray]]:
    """What `write_arrays` wrote.

    Raises
    ------
    ModelFormatError
        The bytes are no such document, of another version, or damaged.
    """
    if not data.startswith(MAGIC) or len(data) <= len(MAGIC):
        raise ModelFormatError("The file is no compact model of treeprune.")
    if data[len(MAGIC)] != VERSION:
        raise ModelFormatError(f"The compact format has version {data[len(MAGIC)]}; this treeprune reads {VERSION}.")
    try:
        raw = lzma.decompress(data[len(MAGIC) + 1 :])
        end = 8 + int.from_bytes(raw[:8], "little")
        head, arrays = json.loads(raw[8:end]), {}
        for name, (dtype, shape) in head["index"].items():
            dtype, size = np.dtype(dtype), int(np.prod(shape, dtype=np.int64))
            flat = np.frombuffer(raw, np.uint8, size * dtype.itemsize, end).reshape(dtype.itemsize, size)
            arrays[name] = np.ascontiguousarray(flat.T).view(dtype).reshape(shape)
            end += size * dtype.itemsize
        return head["meta"], arrays
    except (lzma.LZMAError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ModelFormatError(f"The compact model is damaged: {error}") from error


def pack(forest: Forest, level: str = "predict") -> tuple[dict, dict[str, NDArray]]:
    """Text and arrays that `unpack` makes the forest of again.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    level : {"predict", "full"}
        Whether only predictions or all arrays come back exactly.
    """
    if level not in _LEVELS:
        raise ValueError(f"The 'level' parameter must be 'predict' or 'full'. Got {level!r}.")
    split, leaf = forest.internal, np.flatnonzero(forest.is_leaf)
    threshold = forest.threshold[split]
    if level == "predict" and forest.comparison == "<=":
        threshold = rounded_down(threshold)
    table, position = _thresholds(forest.feature[split], threshold, forest.n_features)
    book, code = np.unique(forest.value[leaf].reshape(len(leaf), -1), axis=0, return_inverse=True)
    meta = {name: getattr(forest, name) for name in ("n_features", "task", "criterion", "comparison")}
    meta |= {"level": level, "n_nodes": forest.n_nodes, "shape": list(forest.value.shape[1:])}
    arrays = {
        "split": np.packbits(~forest.is_leaf),
        "start": np.diff(forest.start).astype(np.int32),
        "feature": _narrow(forest.feature[split]),
        "table_size": _narrow(np.bincount(table[0], minlength=forest.n_features)),
        "table": table[1],
        "position": _narrow(position),
        "book": book,
        "code": _narrow(code.reshape(-1)),
    }
    if forest.missing_go_to_left is not None:
        arrays["missing"] = np.packbits(forest.missing_go_to_left)
    if forest.n_classes is not None:
        arrays["n_classes"] = forest.n_classes
    for name in ("tree_class", "tree_weight"):
        arrays[name] = getattr(forest, name)
    return meta, arrays | (_statistics(forest) if level == "full" else {})


def unpack(meta: dict, arrays: dict[str, NDArray]) -> Forest:
    """The forest of `pack`; at level "predict" splits have the value 0 and no statistics."""
    try:
        forest = _structure(meta, arrays).validate()
        return _with_statistics(forest, arrays) if meta["level"] == "full" else forest
    except (KeyError, IndexError, ValueError, TypeError) as error:
        if isinstance(error, ModelFormatError):
            raise
        raise ModelFormatError(f"The compact model is damaged: {error}") from error


def rounded_down(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Largest float32 not above each threshold: float32 rows compare with it as with the threshold itself."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)


def _thresholds(feature, threshold, n_features):
    """Table of distinct thresholds by feature, and each split's position in its feature's part."""
    order = np.lexsort((threshold, feature))
    sorted_feature, sorted_threshold = feature[order], threshold[order]
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(sorted_feature) != 0) | (sorted_threshold[1:] != sorted_threshold[:-1])
    of_feature = np.concatenate([[0], np.cumsum(np.bincount(sorted_feature[first], minlength=n_features))])
    position = np.empty(len(order), np.int64)
    position[order] = np.cumsum(first) - 1
    return (sorted_feature[first], sorted_threshold[first]), position - of_feature[feature]


def _structure(meta, arrays):
    from .kernels import preorder_children

    n_nodes = meta["n_nodes"]
    split = np.unpackbits(arrays["split"], count=n_nodes).astype(bool)
    start = np.concatenate([[0], np.cumsum(arrays["start"], dtype=np.int64)])
    left, right = preorder_children(split)
    feature, threshold = np.full(n_nodes, NO_FEATURE, np.int32), np.full(n_nodes, NO_THRESHOLD)
    feature[split] = arrays["feature"]
    of_feature = np.concatenate([[0], np.cumsum(arrays["table_size"], dtype=np.int64)])
    threshold[split] = arrays["table"][of_feature[feature[split]] + arrays["position"]]
    value = np.zeros((n_nodes, *meta["shape"]))
    value[~split] = arrays["book"][arrays["code"]].reshape(-1, *meta["shape"])
    missing = np.unpackbits(arrays["missing"], count=n_nodes).astype(bool) if "missing" in arrays else None
    return Forest(
        root=start[:-1].astype(np.int32), children_left=left, children_right=right, feature=feature,
        threshold=threshold, value=value, missing_go_to_left=missing, n_classes=arrays.get("n_classes"), start=start,
        tree_class=arrays["tree_class"], tree_weight=arrays["tree_weight"],
        **{name: meta[name] for name in ("n_features", "task", "criterion", "comparison")},
    )  # fmt: skip


def _statistics(forest):
    """Counts at leaves, and corrections of what follows from them."""
    arrays = {}
    leaf = forest.is_leaf
    for name in ("n_node_samples", "weighted_n_node_samples"):
        stored = getattr(forest, name)
        if stored is not None:
            arrays[name] = _narrow(np.where(leaf, stored, 0)[leaf])
    guess = _guess(forest, lambda name: getattr(forest, name))
    for name, stored in (("value", forest.value), *((n, getattr(forest, n)) for n in _SUMS)):
        if stored is not None:
            difference = np.ascontiguousarray(stored, guess[name].dtype).view(np.int64) - guess[name].view(np.int64)
            arrays[f"{name} correction"] = _narrow(difference.reshape(len(leaf), -1))
    if (forest.node_id != replace(forest, node_id=None).node_id).any():
        arrays["node_id"] = _narrow(forest.node_id)
    return arrays


_SUMS = ("n_node_samples", "weighted_n_node_samples", "impurity")


def _with_statistics(forest, arrays):
    n_nodes, leaf = forest.n_nodes, forest.is_leaf
    at_leaves = {}
    for name in _SUMS[:2]:
        if name in arrays:
            at_leaves[name] = np.zeros(n_nodes)
            at_leaves[name][leaf] = arrays[name]
    guess, exact = _guess(forest, at_leaves.get), {}
    for name, array in guess.items():
        if f"{name} correction" in arrays:
            bits = array.view(np.int64) + arrays[f"{name} correction"].astype(np.int64).reshape(array.shape)
            exact[name] = bits.view(array.dtype)
    if "node_id" in arrays:
        exact["node_id"] = arrays["node_id"].astype(np.int32)
    return replace(forest, **exact)


def _guess(forest, at_leaves: Callable):
    """Statistics of all nodes worked out from those at leaves; the same when written and when read."""
    leaf, guess = forest.is_leaf, {}
    for name in _SUMS[:2]:
        stored = at_leaves(name)
        if stored is not None:
            sums = _accumulated(forest, np.where(leaf, stored, 0).astype(np.float64))
            guess[name] = sums.astype(np.int64) if name == "n_node_samples" else sums
    weight = guess.get("weighted_n_node_samples", np.ones(forest.n_nodes))
    safe = np.where(weight > 0, weight, 1.0)[:, None, None]
    flat = np.where(leaf[:, None, None], forest.value * safe, 0.0).reshape(len(leaf), -1)
    if forest.task == "classification":
        flat = np.rint(flat)  # class counts, of which the stored fractions are rounded quotients
    counts = np.stack([_accumulated(forest, column) for column in flat.T], axis=1).reshape(forest.value.shape)
    guess["value"] = np.where(leaf[:, None, None], forest.value, counts / safe)
    if forest.task == "classification":
        squares = np.zeros(counts.shape[:2])
        for k in range(counts.shape[2]):
            squares += counts[:, :, k] ** 2
        gini = np.zeros(len(leaf))
        for output in range(counts.shape[1]):
            gini += 1.0 - squares[:, output] / (safe[:, 0, 0] ** 2)
        guess["impurity"] = gini / counts.shape[1]
    else:
        guess["impurity"] = np.zeros(len(leaf))
    return guess


def _accumulated(forest, x):
    from .kernels import accumulate

    x = np.ascontiguousarray(x)
    accumulate(forest.parent, x, np.zeros_like(x))
    return x


def _narrow(array):
    """The same numbers in the narrowest type that holds them."""
    if array.size == 0:
        return array
    if array.dtype.kind == "f":
        whole = np.isfinite(array).all() and (np.abs(array) < 2**31).all() and (array == np.rint(array)).all()
        if not whole:
            return array
        array = array.astype(np.int64)
    for kind in ("u1", "u2", "i1", "i2", "u4", "i4"):
        info = np.iinfo(kind)
        if info.min <= array.min() and array.max() <= info.max:
            return array.astype(f"<{kind}")
    return array.astype("<i8")
