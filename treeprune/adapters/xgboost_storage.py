"""XGBoost's models in compact files."""

import json
from dataclasses import replace

import numpy as np

from ..core.forest import Forest
from ..exceptions import ModelFormatError
from ..extras import import_extra
from .documents import check_nesting
from .storage import LOST_FUNCTION, Storage, StoredModel, without_functions
from .xgboost_format import (
    CATEGORY_ARRAYS,
    TREE_ARRAYS,
    booster_from,
    booster_of,
    node_arrays,
    read_forest,
    split_trees,
    with_model,
)


class XGBoostStorage(Storage):
    """The skeleton is the saved document without the arrays of its trees; full files add the training parameters."""

    format_name = "xgboost"
    parts = (
        *(f"xgboost.sklearn.XGB{name}" for name in ("Model", "Regressor", "Classifier", "Ranker")),
        *(f"xgboost.sklearn.XGBRF{name}" for name in ("Regressor", "Classifier")),
        LOST_FUNCTION,
    )
    unused = frozenset({"base_weights", "loss_changes", "sum_hessian"})

    def stored(self, full):
        wrapper = None if self.booster is self.model else without_functions(self.model)
        if wrapper is not None:
            del wrapper._Booster
        rest, trees, forest = _taken_apart(self._saved)
        config = self.booster.save_config() if full else None
        return StoredModel({"wrapper": wrapper, "document": rest, "config": config}, trees, forest)

    @classmethod
    def arrays_of(cls, skeleton, forest):
        return split_trees(node_arrays(forest), forest)

    @classmethod
    def assembled(cls, skeleton, trees):
        document = _put_together(skeleton["document"], trees)
        read_forest(document)
        booster, wrapper = booster_from(document), skeleton["wrapper"]
        if skeleton["config"] is not None:
            _configure(booster, skeleton["config"])
        if wrapper is None:
            return booster
        wrapper._Booster = booster
        return wrapper


def _taken_apart(document: dict) -> tuple[dict, list[dict], Forest]:
    """A document without the arrays of its trees, these arrays, and a Forest in which splits hold base weights."""
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


def _put_together(document: dict, trees: list[dict]) -> dict:
    """A document with the arrays of its trees, which are not checked."""
    model, _ = booster_of(document)
    whole = [bare | arrays for bare, arrays in zip(model["trees"], trees, strict=True)]
    return with_model(document, model | {"trees": whole})


def _native(array):
    """In the machine's order of bytes: files are read as views."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _configure(booster, text):
    """Set a booster's parameters of training and evaluation to those in another's configuration; its model stays."""
    xgboost = import_extra("xgboost")
    check_nesting(text.encode())
    config, wanted = json.loads(booster.save_config()), json.loads(text)
    _set_training(config["learner"], wanted["learner"])
    config["learner"]["metrics"] = [dict(metric) for metric in wanted["learner"]["metrics"]]
    try:
        booster.load_config(json.dumps(config))
    except xgboost.core.XGBoostError as error:
        raise ModelFormatError(f"XGBoost refuses the configuration: {error}") from error


def _set_training(config, wanted):
    for name, own in config.items():
        if isinstance(own, dict) and isinstance(wanted.get(name), dict):
            if name in ("generic_param", "tree_train_param", "gbtree_train_param", "dart_train_param"):
                own |= {key: str(value) for key, value in wanted[name].items() if key in own}
            else:
                _set_training(own, wanted[name])
