"""XGBoost's saved models and parameters of which some columns are left."""

import json
import re
from collections.abc import Mapping
from itertools import compress
from typing import Any

import numpy as np

from ..core.forest import LEAF
from .xgboost_format import booster_of, with_model


def features_of(document: dict) -> np.ndarray:
    """Which columns the trees of a document split on, shape (n_features,); dead nodes count as well."""
    used = np.zeros(int(document["learner"]["learner_model_param"]["num_feature"]), bool)
    for tree in booster_of(document)[0]["trees"]:
        column = np.asarray(tree["split_indices"])[np.asarray(tree["left_children"]) != LEAF]
        used[column[column < len(used)]] = True
    return used


def with_features(document: dict, kept: np.ndarray) -> dict:
    """A new document of which some columns are left; `document` is one that XGBoost itself has written.

    Parameters
    ----------
    document : dict
    kept : ndarray of bool, shape (n_features,)
        Which columns stay: those that the trees split on, and at least one.
    """
    model, learner = booster_of(document)[0], document["learner"]
    place, count = np.cumsum(kept) - 1, str(np.count_nonzero(kept))
    trees = [
        tree
        | {
            "split_indices": _at(place, np.asarray(tree["split_indices"])),
            "tree_param": tree["tree_param"] | {"num_feature": count},
        }
        for tree in model["trees"]
    ]
    model = model | {"trees": trees}
    if model.get("cats", {}).get("enc"):
        model["cats"] = _categories_of(model["cats"], kept)
    document = with_model(document, model)
    names = {
        name: list(compress(learner[name], kept)) for name in ("feature_names", "feature_types") if name in learner
    }
    document["learner"] |= names | {"learner_model_param": learner["learner_model_param"] | {"num_feature": count}}
    return document


def _at(place, column):
    """New numbers of columns; what marks a dead node stays."""
    alive = column < len(place)
    return np.where(alive, np.maximum(place[np.where(alive, column, 0)], 0), column).astype(np.int32)


def _categories_of(stored, kept):
    """The container of categories of some columns."""
    bounds, place = np.asarray(stored["feature_segments"]), np.asarray(stored["sorted_idx"])
    parts = list(compress(np.split(place, bounds[1:-1]), kept))
    if not any(map(len, parts)):  # as a model without columns of categories has it
        nothing = np.empty(0, np.int32)
        return stored | {"enc": [], "feature_segments": nothing, "sorted_idx": nothing}
    return stored | {
        "enc": list(compress(stored["enc"], kept)),
        "feature_segments": np.cumsum([0, *map(len, parts)]).astype(np.int32),
        "sorted_idx": np.concatenate(parts).astype(np.int32),
    }


def parameters_of(params: Mapping[str, Any], kept: np.ndarray, names: list[str] | None) -> dict[str, Any]:
    """Those of some parameters that speak of single columns, for the columns that are left.

    Parameters
    ----------
    params : dict
        Parameters as a configuration of XGBoost or one of its wrappers has them.
    kept : ndarray of bool, shape (n_features,)
    names : list of str, shape (n_features,), or None
        Of all columns.
    """
    own = [str(i) for i in range(len(kept))] if names is None else list(names)
    place = {name: i for i, name in enumerate(compress(own, kept))}
    found = {}
    for name, cut in (("monotone_constraints", _signs), ("interaction_constraints", _groups)):
        if params.get(name):
            found[name] = cut(params[name], kept, place)
    for name in ("feature_types", "feature_weights"):
        if params.get(name) is not None and np.shape(params[name]) == kept.shape:
            found[name] = list(compress(params[name], kept))
    return found


def _signs(signs, kept, place):
    if isinstance(signs, Mapping):
        return {name: sign for name, sign in signs.items() if name in place}
    numbers = [int(sign) for sign in re.findall(r"-?\d+", signs)] if isinstance(signs, str) else list(signs)
    left = list(compress(numbers + [0] * (len(kept) - len(numbers)), kept))
    return f"({','.join(map(str, left))})" if isinstance(signs, str) else type(signs)(left)


def _groups(groups, kept, place):
    """Sets of columns, by number or by name, that may interact."""
    new = np.cumsum(kept) - 1
    given = json.loads(groups) if isinstance(groups, str) else groups
    left = [
        [int(new[column]) if isinstance(column, int) else column for column in group if _stays(column, kept, place)]
        for group in given
    ]
    left = [group for group in left if group]
    return json.dumps(left) if isinstance(groups, str) else left


def _stays(column, kept, place):
    return bool(kept[column]) if isinstance(column, int) else column in place
