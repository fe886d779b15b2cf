"""LightGBM's model text: to a Forest and back.

The layout is that of ``Tree::ToString`` and ``GBDT::SaveModelToString``. Inner nodes and leaves are numbered apart
there; a Forest's ``node_id`` has the inner nodes first, then the leaves. Everything that native code would rely on is
checked here first.
"""

import json
import re
from dataclasses import dataclass

import numpy as np

from ..core.forest import LEAF, Forest
from ..exceptions import ModelFormatError, UnsupportedModelError
from .documents import check_nesting

#: Objectives whose leaves are set to quantiles of residuals: inner nodes store something else.
RESIDUAL_OBJECTIVES = ("regression_l1", "quantile", "mape")
_INNER = {
    "split_feature": np.int32,
    "split_gain": np.float64,
    "threshold": np.float64,
    "decision_type": np.uint8,
    "left_child": np.int32,
    "right_child": np.int32,
    "internal_value": np.float64,
    "internal_weight": np.float64,
    "internal_count": np.int64,
}
_LEAVES = {"leaf_value": np.float64, "leaf_weight": np.float64, "leaf_count": np.int64}
_OPTIONAL = ("split_gain", "internal_value", "internal_weight", "internal_count", "leaf_weight", "leaf_count")
_CATEGORICAL, _DEFAULT_LEFT, _ZERO, _NAN = 1, 2, 1, 2
_PRINTED = 6e-6  # six digits
_FEATURE_INFO = re.compile(r"none|\[[^][:]+:[^][:]+\]|-?\d+(:-?\d+)*")
_PARAMETER = re.compile(r"\[\w+: .*\]")
_NUMBER = r"[-+]?[0-9]+(\.[0-9]*)?(e[-+]?[0-9]+)?"
#: Training parameters that adapters read, and how they are written.
_PARAMETERS = {
    **dict.fromkeys(("alpha", "fair_c", "tweedie_variance_power", "learning_rate", "boost_from_average"), _NUMBER),
    "monotone_constraints": r"(-?[01](,-?[01])*)?",
}
_LINE = re.compile(r"[a-z_]+=")
_SETTING = re.compile(r"[a-z_]+(:[-+0-9.e]+)?")
#: What numbers are written with, and Python may read more than: digits of other scripts, underscores, other blanks.
_INTEGERS, _FLOATS = re.compile(r"[-+0-9 ]*"), re.compile(r"[-+0-9.eEinfa ]*")


@dataclass
class ModelText:
    """A model text taken apart.

    Parameters
    ----------
    header : dict of str to str
        Lines ahead of the trees; a line without "=" has the value None.
    trees : list of dict
        Arrays and numbers of each tree, checked.
    tail : str
        What follows the trees, less the importances, which LightGBM counts anew.
    """

    header: dict
    trees: list
    tail: str

    @property
    def per_iteration(self) -> int:
        """Trees of an iteration."""
        return int(self.header["num_tree_per_iteration"])

    @property
    def objective(self) -> list[str]:
        """Name of the objective and its settings; empty if it was a callable."""
        return (self.header.get("objective") or "").split()

    @property
    def averaged(self) -> bool:
        """Whether the raw score is the mean over iterations (rf) and not their sum."""
        return "average_output" in self.header


def read_text(data: bytes) -> tuple[ModelText, Forest]:
    """A model text, taken apart and checked, and its Forest.

    Raises
    ------
    ModelFormatError, UnsupportedModelError
        The model is malformed, or of a kind that a Forest cannot hold.
    """
    model = parse(data)
    return model, read_forest(model)


def parse(data: bytes) -> ModelText:
    """Take a model text apart.

    Raises
    ------
    ModelFormatError
        The text is malformed or cut short; the message names the tree and the line.
    """
    try:
        text = data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ModelFormatError(f"byte {error.start}: not UTF-8") from error
    if text.split("\n", 1)[0].strip() != "tree":
        raise ModelFormatError(f"byte 0: a LightGBM model starts with 'tree'. Got {text[:8]!r}.")
    body, mark, tail = text.partition("\nend of trees\n")
    if not mark:
        raise ModelFormatError(f"byte {len(data)}: cut short, 'end of trees' is missing")
    head, *blocks = re.split(r"\nTree=", body)
    header = _pairs(head.split("\n")[1:], "header")
    n_features = _check_header(header)
    trees = []
    for index, block in enumerate(blocks):
        number, _, rest = block.partition("\n")
        if number.strip() != str(index):
            raise ModelFormatError(f"tree {index}: stands as Tree={number[:20]!r}")
        lines = rest.rstrip("\n").split("\n")
        wrong = next((line for line in lines if not _LINE.match(line)), None)
        if wrong is not None:  # where LightGBM takes the tree to end
            raise ModelFormatError(f"tree {index}: the line {wrong[:20]!r} is no 'name=value'")
        trees.append(_parse_tree(_pairs(lines, f"tree {index}"), f"tree {index}"))
    model = ModelText(header, trees, _check_tail(tail))
    if len(trees) % model.per_iteration:
        raise ModelFormatError(f"{len(trees)} trees are no multiple of num_tree_per_iteration {model.per_iteration}")
    sizes = (header.pop("tree_sizes", None) or "").split()  # optional, but LightGBM crashes if they are wrong
    if sizes and len(sizes) != len(trees):
        raise ModelFormatError(f"header: tree_sizes has {len(sizes)} entries for {len(trees)} trees")
    for index, tree in enumerate(trees):
        if tree["is_linear"] and not ((tree["leaf_features"] >= 0) & (tree["leaf_features"] < n_features)).all():
            raise ModelFormatError(f"tree {index}: leaf_features outside 0..{n_features - 1}")
    return model


def read_forest(model: ModelText, as_stored: bool = False) -> Forest:
    """The trees of a model text; node ids are inner nodes first, then leaves.

    Parameters
    ----------
    model : ModelText
    as_stored : bool, default=False
        Keep the stored values of inner nodes even where these are not what the nodes would predict as leaves.

    Raises
    ------
    ModelFormatError, UnsupportedModelError
        The trees are malformed, or of a kind that a Forest cannot hold.
    """
    trees, n_inner = model.trees, np.array([len(tree["threshold"]) for tree in model.trees], np.int64)
    start = np.concatenate([[0], np.cumsum(2 * n_inner + 1)])
    inner = np.concatenate([np.zeros(0, bool), *(np.arange(2 * n + 1) < n for n in n_inner)])

    def joined(of_inner, of_leaf=None, fill=0):
        """Values of inner nodes and of leaves, in the order of the forest's nodes."""
        parts = [np.empty(0)]
        for tree in trees:
            end = np.full(len(tree["leaf_value"]), fill) if of_leaf is None else tree[of_leaf]
            parts += [tree[of_inner], end]
        return np.concatenate(parts)

    first = np.repeat(start[:-1], 2 * n_inner + 1)
    first_leaf = first + np.repeat(n_inner, 2 * n_inner + 1)
    left, right = (
        _children(joined(f"{side}_child").astype(np.int64), inner, first, first_leaf) for side in ("left", "right")
    )
    decision, threshold = joined("decision_type").astype(np.uint8), joined("threshold", fill=-2.0)
    categorical, missing = (decision & _CATEGORICAL) > 0, (decision >> 2) & 3
    if (inner & (missing > _NAN)).any():
        raise ModelFormatError("decision_type: unknown kind of missing values")
    if (inner & ~categorical & (missing == _ZERO)).any():
        raise UnsupportedModelError("LightGBM with zero_as_missing=True is not supported; NaN as missing value is.")
    category_set, category_sets = _category_sets(trees, start, categorical)
    goes_left = np.where(missing == _NAN, (decision & _DEFAULT_LEFT) > 0, threshold >= 0) & ~categorical & inner
    weights, value = joined("internal_weight", "leaf_weight"), joined("internal_value", "leaf_value")
    if not as_stored and model.objective[:1] and model.objective[0] in RESIDUAL_OBJECTIVES:
        value = np.where(inner, np.nan, value)
    n_iterations = len(trees) // model.per_iteration
    forest = Forest(
        root=start[:-1].astype(np.int32),
        children_left=left,
        children_right=right,
        feature=joined("split_feature", fill=-2).astype(np.int32),
        threshold=np.where(categorical, -2.0, threshold),
        value=value[:, None, None],
        n_features=int(model.header["max_feature_idx"]) + 1,
        task="margin",
        missing_go_to_left=goes_left,
        n_node_samples=joined("internal_count", "leaf_count").astype(np.int64),
        weighted_n_node_samples=weights,
        gain=joined("split_gain"),
        category_set=category_set if category_sets else None,
        category_sets=category_sets,
        tree_class=np.arange(len(trees), dtype=np.int32) % model.per_iteration,
        per_stage=model.per_iteration,
        tree_weight=np.full(len(trees), 1 / max(n_iterations, 1)) if model.averaged else None,
        start=start,
    )
    forest = forest.validate()
    low = inner & np.isneginf(threshold)  # the other infinity sets missing values apart
    if low.any():
        node = np.flatnonzero(low)[0]
        raise ModelFormatError(f"tree {forest.node_tree[node]} node {forest.node_id[node]}: threshold is -inf")
    return forest


def sharpened(forest: Forest) -> Forest:
    """The forest with inner values of full precision where they are the hessian-weighted means of their leaves.

    LightGBM prints inner values with six digits. Without ridge penalty they are means of the leaves below; where these
    agree with the six digits, they take their place. The forest must be canonical.
    """
    from dataclasses import replace

    from ..core.risk import branch_sums

    weight, value = forest.weighted_n_node_samples, forest.value[:, 0, 0]
    of_leaves = np.where(forest.is_leaf, weight, 0.0)
    with np.errstate(all="ignore"):
        mean = branch_sums(forest, np.where(forest.is_leaf, weight * value, 0.0)) / branch_sums(forest, of_leaves)
        agrees = ~forest.is_leaf & (np.abs(mean - value) <= _PRINTED * np.abs(value))
    return replace(forest, value=np.where(agrees, mean, value)[:, None, None])


def _pairs(lines, where):
    pairs = {}
    for line in filter(str.strip, lines):
        name, equals, value = line.partition("=")
        if name in pairs:
            raise ModelFormatError(f"{where}: {name!r} stands twice")
        pairs[name] = value if equals else None
    return pairs


def _check_header(header):
    """Number of features; the counts that the header states agree."""
    numbers = {name: _integer(header, name, 0, "header") for name in ("num_class", "num_tree_per_iteration")}
    n_features = _integer(header, "max_feature_idx", 0, "header") + 1
    _integer(header, "label_index", 0, "header")
    if (
        numbers["num_class"] < 1 or len(set(numbers.values())) > 1
    ):  # LightGBM's buffers are of the one or the other size
        stated = " and ".join(f"{name} {number}" for name, number in numbers.items())
        raise ModelFormatError(f"header: {stated} must be positive and equal")
    for name in ("feature_names", "feature_infos"):
        items = (header.get(name) or "").split(" ")
        if len(items) != n_features:
            raise ModelFormatError(f"header: {len(items)} {name}, but max_feature_idx is {n_features - 1}")
    wrong = [item for item in items if not _FEATURE_INFO.fullmatch(item)]
    if wrong:
        raise ModelFormatError(f"header: feature_infos holds {wrong[0]!r}")
    _check_objective(header, numbers["num_class"])
    return n_features


def _check_objective(header, n_classes):
    """The objective's settings are numbers, and it is of as many classes as the header says."""
    if "objective" not in header:
        return
    name, *settings = (header["objective"] or "").split(" ")
    if not name:
        raise ModelFormatError("header: objective is empty")
    for setting in settings:
        if not _SETTING.fullmatch(setting):
            raise ModelFormatError(f"header: objective has the malformed setting {setting!r}")
        if setting.startswith("num_class:") and setting != f"num_class:{n_classes}":
            raise ModelFormatError(f"header: objective says {setting}, but num_class is {n_classes}")
    if n_classes > 1 and not name.startswith("multiclass"):
        raise ModelFormatError(f"header: objective {name!r} is of one column, but num_class is {n_classes}")


def _check_tail(tail):
    found = re.search(r"^pandas_categorical:(.*)$", tail, re.MULTILINE)
    if found and not _are_categories(found[1]):
        raise ModelFormatError("pandas_categorical is no list of lists of categories")
    importances, mark, rest = tail.partition("\nparameters:\n")
    if not mark:
        return importances[importances.find("\npandas_categorical:") :] if "pandas_categorical:" in importances else ""
    parameters, end, rest = rest.partition("\nend of parameters")
    lines = [line for line in parameters.split("\n") if line.strip()]
    if not end or not all(_PARAMETER.fullmatch(line.strip()) for line in lines):
        raise ModelFormatError("parameters: a line is malformed, or 'end of parameters' is missing")
    for name, value in (line.strip()[1:-1].split(": ", 1) for line in lines):
        if not re.fullmatch(_PARAMETERS.get(name, ".*"), value):
            raise ModelFormatError(f"parameters: {name} {value!r} is malformed")
    return f"{mark}{parameters}{end}{rest}"


def _are_categories(text):
    """Whether a text is what the library writes of a frame's categories: JSON, a list of values for each column."""
    try:
        check_nesting(text.encode())
        known = json.loads(text)
    except (ModelFormatError, ValueError):
        return False
    return known is None or (isinstance(known, list) and all(isinstance(values, list) for values in known))


def _parse_tree(pairs, where):
    n_leaves, num_cat = _integer(pairs, "num_leaves", 1, where), _integer(pairs, "num_cat", 0, where)
    tree = {
        "num_leaves": n_leaves,
        "num_cat": num_cat,
        "is_linear": _integer(pairs, "is_linear", 0, where, default="0"),
    }
    for names, n in ((_INNER, n_leaves - 1), (_LEAVES, n_leaves)):
        for name, dtype in names.items():
            absent = not (pairs.get(name) or "").strip() and (name in _OPTIONAL or not n)
            tree[name] = np.zeros(n, dtype) if absent else _numbers(pairs, name, dtype, n, where)
    if num_cat:
        bounds = _numbers(pairs, "cat_boundaries", np.int32, num_cat + 1, where)
        if bounds[0] != 0 or (np.diff(bounds) < 0).any():
            raise ModelFormatError(f"{where}: cat_boundaries must rise from 0")
        tree |= {"cat_boundaries": bounds, "cat_threshold": _numbers(pairs, "cat_threshold", "u4", bounds[-1], where)}
    if tree["is_linear"]:
        tree["leaf_const"] = _numbers(pairs, "leaf_const", np.float64, n_leaves, where)
        tree["num_features"] = _numbers(pairs, "num_features", np.int32, n_leaves, where)
        if (tree["num_features"] < 0).any():
            raise ModelFormatError(f"{where}: num_features below 0")
        total = tree["num_features"].sum()
        for name, dtype in (("leaf_features", np.int32), ("leaf_coeff", np.float64)):
            tree[name] = _numbers(pairs, name, dtype, total, where)
        if not (np.isfinite(tree["leaf_const"]).all() and np.isfinite(tree["leaf_coeff"]).all()):
            raise ModelFormatError(f"{where}: leaf_const or leaf_coeff is not finite")
    tree["shrinkage"] = float(_numbers(pairs, "shrinkage", np.float64, 1, where)[0]) if "shrinkage" in pairs else 1.0
    return tree


def _children(child, inner, first, first_leaf):
    """Children as node ids: of inner nodes those >= 0, of leaves those < 0; those outside stay outside."""
    is_leaf, n_inner = child < 0, first_leaf - first
    node = np.where(is_leaf, first_leaf + ~child, first + child)
    outside = (~is_leaf & (child >= n_inner)) | (is_leaf & (~child > n_inner))
    node = np.where(outside, np.iinfo(np.int32).max, node)
    return np.where(inner, node, LEAF).astype(np.int32)


def _category_sets(trees, start, categorical):
    """Index of each node's set of categories (-1: none), and the sets, from the bits of their words."""
    of_node, sets = np.full(len(categorical), -1, np.int32), []
    for index in np.flatnonzero(np.add.reduceat(categorical, start[:-1]) if len(trees) else []):
        tree = trees[index]
        nodes = np.flatnonzero(tree["decision_type"] & _CATEGORICAL)
        which = tree["threshold"][nodes]
        if not (np.isin(which, np.arange(tree["num_cat"]))).all():
            raise ModelFormatError(f"tree {index}: threshold of a categorical split outside 0..{tree['num_cat'] - 1}")
        of_node[start[index] + nodes] = np.arange(len(sets), len(sets) + len(nodes))
        for i in which.astype(np.int64):
            words = tree["cat_threshold"][tree["cat_boundaries"][i] : tree["cat_boundaries"][i + 1]]
            bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")
            sets.append(np.flatnonzero(bits).astype(np.int32))
    return of_node, tuple(sets)


def _numbers(pairs, name, dtype, n, where):
    line, dtype = pairs.get(name) or "", np.dtype(dtype)
    tokens = line.split()
    if name not in pairs or len(tokens) != n:
        raise ModelFormatError(f"{where}: {name} has {len(tokens)} entries, not {n}")
    try:
        kind, grammar = (float, _FLOATS) if dtype.kind == "f" else (int, _INTEGERS)
        if not grammar.fullmatch(line):
            raise ValueError
        numbers = np.fromiter(map(kind, tokens), np.dtype(kind), n)  # by Python: NumPy takes three times as long
    except (ValueError, OverflowError) as error:
        raise ModelFormatError(f"{where}: {name} holds something that is not a number of its kind") from error
    if kind is int and n and not np.iinfo(dtype).min <= numbers.min() <= numbers.max() <= np.iinfo(dtype).max:
        raise ModelFormatError(f"{where}: {name} holds numbers out of range")
    return numbers.astype(dtype)


def _integer(pairs, name, low, where, default=""):
    text = pairs.get(name, default) or ""
    if not re.fullmatch("-?[0-9]{1,19}", text):
        raise ModelFormatError(f"{where}: {name} {text!r} is not a whole number")
    number = int(text)
    if not low <= number < 2**31 - 1:
        raise ModelFormatError(f"{where}: {name} {number} outside {low}..{2**31 - 2}")
    return number
