"""Compact files that are whole, but hold a model with something wrong in it."""

import copy
import json
from importlib.util import find_spec

import numpy as np

from tests import boosters
from tests.zoo import SCIKIT_LEARN
from treeprune.compact import packed
from treeprune.compact.archive import read_archive, write_archive

FOREST = "RandomForestClassifier, iris, trees=5"
_STAGES = "GradientBoostingClassifier, wine, trees=3"
_CATEGORIES = (
    "HistGradientBoostingClassifier, classes, categories, trees=4, min_samples_leaf=3, categorical_features=[1, 3]"
)


def edited(data, change):
    """The file after ``change(head, arrays)``; arrays of the forest have names, others numbers."""
    head, arrays = read_archive(data)
    named = dict(enumerate(arrays[len(head["names"]) :]))
    named |= dict(zip(head["names"], (array.copy() for array in arrays), strict=False))
    head = copy.deepcopy(head)
    change(head, named)
    return write_archive(
        head, [*(named[name] for name in head["names"]), *(named[i] for i in named if isinstance(i, int))]
    )


def _put(name, index, value):
    def change(head, arrays):
        arrays[name][index] = value

    return change


def _array(name, value):
    return lambda head, arrays: arrays.update({name: value})


def _forest(**fields):
    return lambda head, arrays: head["forest"].update(fields)


def _objects(old, new):
    """Replace a piece of the objects' text."""

    def change(head, arrays):
        text = json.dumps(head["objects"])
        assert old in text, old
        head["objects"] = json.loads(text.replace(old, new))

    return change


def _nested(head, arrays):
    for _ in range(500):
        head["objects"] = [head["objects"]]


#: Changes of a forest's file, and what the error says.
_CHANGES = {
    "unknown adapter": (lambda head, arrays: head.update(family="Forest"), "damaged"),
    "adapter of another family": (lambda head, arrays: head.update(family="xgboost"), "damaged"),
    "no names": (lambda head, arrays: head.pop("objects"), "damaged"),
    "number of nodes": (_forest(n_nodes=2**40), "bytes for"),
    "negative number of nodes": (_forest(n_nodes=-8), "damaged"),
    "values of a node": (_forest(shape=[1, 10**9]), "max_bytes"),
    "fewer features": (_forest(n_features=1), "outside 0..0"),
    "all nodes split": (lambda head, arrays: arrays["split"].fill(255), "damaged"),
    "no node splits": (lambda head, arrays: arrays["split"].fill(0), "damaged"),
    "sizes of trees": (_put("size", 0, 3), ""),
    "feature out of range": (_put("feature", 0, 200), ""),
    "position in the table": (_put("position", slice(None), 255), "damaged"),
    "code out of range": (_put("code", slice(None), 255), "damaged"),
    "threshold NaN": (_put("table", slice(None), np.nan), "threshold is not a number"),
    "leaf not finite": (_array("book", np.full((60, 3), np.inf)), "not finite"),
    "leaf values too narrow": (_array("book", np.zeros((60, 1))), "damaged"),
    "nodes numbered twice": (_array("from preorder", np.ones(1, np.int8)), "numbered"),
    "statistics too short": (_array("n_node_samples of leaves", np.ones(3)), "statistics of leaves"),
    "a class that no model has": (
        _objects("sklearn.tree._classes.DecisionTreeClassifier", "subprocess.Popen"),
        "Popen",
    ),
    "a function": (_objects('"n_jobs": null', '"n_jobs": {"known": "os.system"}'), "os.system"),
    "a library's own loader": (
        _objects('"n_jobs": null', '"n_jobs": {"object": [9, "lightgbm.basic.Booster", {"_handle": "tree"}]}'),
        "lightgbm.basic.Booster",
    ),
    "a call": (
        _objects('"n_jobs": null', '"n_jobs": {"call": [9, "sklearn.tree._classes.DecisionTreeClassifier", []]}'),
        "calls",
    ),
    "an unknown kind": (_objects('"n_jobs": null', '"n_jobs": {"eval": "1"}'), "damaged"),
    "a billion objects": (_objects('"n_jobs": null', '"n_jobs": {"columns": ["dict", 1000000000, {}]}'), "too many"),
    "nested": (_nested, "nests too deep"),
    "object arrays": (_objects('"n_jobs": null', '"n_jobs": {"scalar": ["O", 1]}'), "number of type"),
    "more features than the trees know": (_objects('"n_features_in_": 4', '"n_features_in_": 9'), "columns"),
    "trees of other columns": (_objects('"n_features_in_": {"one": 4}', '"n_features_in_": {"one": 2}'), ""),
    "classes": (_objects('"n_outputs_": {"one": 1}', '"n_outputs_": {"one": 7}'), "damaged"),
    "trees too few": (_objects('["sklearn.tree._classes.DecisionTreeClassifier", 5', '["dict", 4'), ""),
    "structure twice": (
        lambda head, arrays: head["objects"]["dict"][1].__setitem__(
            1, [{"dict": [["left_child", {"array": 0}]]}, *[{"dict": []}] * 4]
        ),
        "structure of a tree twice",
    ),
}


def files():
    """``name, content, part of the error`` of malformed files."""
    data = packed(SCIKIT_LEARN[FOREST].model, "full")
    for name, (change, pattern) in _CHANGES.items():
        yield name, edited(data, change), pattern
    stages = packed(SCIKIT_LEARN[_STAGES].model)
    yield "stages of two trees", edited(stages, _objects('"objects": [[3, 3]', '"objects": [[9, 1]')), "Stages of shape"
    hist = packed(SCIKIT_LEARN[_CATEGORIES].model, "full")
    yield "stages", edited(hist, _objects('"_predictors": 4', '"_predictors": 5')), "stages of"
    yield "columns", edited(hist, _objects('"n_features_in_": 5', '"n_features_in_": 50')), ""
    if find_spec("xgboost"):
        booster = packed(boosters.XGBOOST["hist"]())
        yield "two trees of one id", edited(booster, _objects('"id": [0, 1,', '"id": [0, 0,')), "tree 1: its id is 0"
        features = _objects('"num_feature", "5"', '"num_feature", "５"')
        yield "number of other digits", edited(booster, features), "num_feature '５' is not a whole number"


def random_changes(n):
    """``content, n_features`` of files of all families, each with some numbers of an array or of the text changed."""
    rng = np.random.default_rng(0)
    models = {
        4: [SCIKIT_LEARN[FOREST].model],
        13: [SCIKIT_LEARN[_STAGES].model],
        5: [SCIKIT_LEARN[_CATEGORIES].model],
        10: [SCIKIT_LEARN["IsolationForest, diabetes, real weights, trees=5, contamination=0.1"].model],
    }
    if find_spec("xgboost"):
        models[5].append(boosters.XGBOOST["categories"]())
    if find_spec("lightgbm"):
        models[5].append(boosters.LIGHTGBM["categories"]())
    for n_features, family in models.items():
        for model in family:
            data = packed(model, "full")
            for _ in range(n):
                yield edited(data, lambda head, arrays: _scramble(head, arrays, rng)), n_features


def _scramble(head, arrays, rng):
    if rng.random() < 0.3:
        text, digits = json.dumps(head), []
        digits = [i for i, c in enumerate(text) if c.isdigit()]
        for at in rng.choice(digits, 2):
            text = text[:at] + str(rng.integers(1, 10)) + text[at + 1 :]
        head.update(json.loads(text))
        return
    names = [name for name, array in arrays.items() if array.size and array.dtype.kind in "iuf"]
    array = arrays[names[rng.integers(len(names))]]
    wild = np.array([0, 1, 255, -1, 2**31 - 1, -(2**31), 1e300, np.nan, np.inf])
    for _ in range(3):
        with np.errstate(all="ignore"):
            array.ravel()[rng.integers(array.size)] = wild[rng.integers(len(wild))].astype(array.dtype)
