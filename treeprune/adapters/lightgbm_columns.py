"""LightGBM's model text of which some columns are left."""

import json
import re
from dataclasses import replace
from itertools import compress

import numpy as np

from .lightgbm_format import ModelText

#: Training parameters with an entry for each column.
_PER_COLUMN = (
    *("monotone_constraints", "feature_contri", "max_bin_by_feature"),
    *("cegb_penalty_feature_lazy", "cegb_penalty_feature_coupled"),
)


def features_of(model: ModelText) -> np.ndarray:
    """Which columns the splits and the linear leaves of a model text use, shape (n_features,)."""
    used = np.zeros(int(model.header["max_feature_idx"]) + 1, bool)
    for tree in model.trees:
        used[tree["split_feature"]] = True
        if tree["is_linear"]:
            used[tree["leaf_features"]] = True
    return used


def with_features(model: ModelText, kept: np.ndarray, frame_columns: list[int]) -> ModelText:
    """A model text of which some columns are left.

    Parameters
    ----------
    model : ModelText
    kept : ndarray of bool, shape (n_features,)
        Which columns stay: those that the trees use, and at least one.
    frame_columns : list of int
        The columns whose categories the text keeps, in the order in which it does.
    """
    place = np.cumsum(kept) - 1
    header = model.header | {"max_feature_idx": str(np.count_nonzero(kept) - 1)}
    for name in ("feature_names", "feature_infos", "monotone_constraints"):
        if header.get(name):
            header[name] = " ".join(compress(header[name].split(" "), kept))
    trees = []
    for tree in model.trees:
        tree = tree | {"split_feature": place[tree["split_feature"]]}
        if tree["is_linear"]:
            tree["leaf_features"] = place[tree["leaf_features"]]
        trees.append(tree)
    return replace(model, header=header, trees=trees, tail=_tail_of(model.tail, kept, place, frame_columns))


def _tail_of(tail, kept, place, frame_columns):
    """Parameters and categories of the columns that are left."""

    def entries(found):
        values = found[2].split(",")
        return f"[{found[1]}: {','.join(compress(values, kept)) if len(values) == len(kept) else found[2]}]"

    def numbers(found):
        left = [str(place[int(column)]) for column in re.findall(r"\d+", found[2]) if kept[int(column)]]
        return f"[{found[1]}: {','.join(left)}]"

    def groups(found):
        sets = (re.findall(r"\d+", group) for group in re.findall(r"\[([^]]*)\]", found[2]))
        left = [[str(place[int(column)]) for column in columns if kept[int(column)]] for columns in sets]
        return f"[{found[1]}: {','.join(f'[{chr(44).join(group)}]' for group in left if group)}]"

    def categories(found):
        known = json.loads(found[2])
        left = None if known is None else list(compress(known, kept[frame_columns]))
        return f"{found[1]}:{json.dumps(left)}"

    for pattern, change in (
        (rf"^\[({'|'.join(_PER_COLUMN)}): (.+)\]$", entries),
        (r"^\[(categorical_feature): ([0-9,]+)\]$", numbers),
        (r"^\[(interaction_constraints): (.+)\]$", groups),
        (r"^(pandas_categorical):(.*)$", categories),
    ):
        tail = re.sub(pattern, change, tail, flags=re.MULTILINE)
    return tail
