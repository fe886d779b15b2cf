"""Trees as Weka 3.6.14 grew and pruned them, from ``tests/oracles/weka_j48.json.gz``, with the rows that grew them.

``NAME.j48.KIND.MODE``: nodes in preorder. ``dist`` is the weight per class, ``leaf_estimate`` C4.5's upper limit of the
node's errors. Rows with ``x <= split`` go to the first child.
"""

import gzip
import json
from fnmatch import filter
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris

from treeprune.core.forest import Forest
from treeprune.core.rows import Rows
from treeprune.testing import forest_apply

TREES = json.loads(gzip.decompress((Path(__file__).parent / "oracles" / "weka_j48.json.gz").read_bytes()))


def names(pattern):
    """Names of the trees that match a pattern."""
    return filter(TREES, pattern)


def forest_of(oracle):
    """The Forest of a tree."""
    nodes = oracle["nodes"]
    children = np.full((2, len(nodes)), -1, np.int32)
    for i, node in enumerate(nodes):
        if node["parent"] >= 0:
            children[node["branch"], node["parent"]] = i
    dist = np.array([node["dist"] for node in nodes], dtype=np.float64)
    weight = dist.sum(axis=1)
    share = dist / weight[:, None]
    return Forest(
        root=np.zeros(1, np.int32),
        children_left=children[0],
        children_right=children[1],
        feature=np.array([node.get("att", -2) for node in nodes], np.int32),
        threshold=np.array([node.get("split", -2.0) for node in nodes]),
        value=share[:, None, :],
        n_features=oracle["n_features"],
        task="classification",
        criterion="gini",
        n_classes=np.array([dist.shape[1]], np.int32),
        n_node_samples=np.rint(weight).astype(np.int64),
        weighted_n_node_samples=weight,
        impurity=1 - (share**2).sum(axis=1),
    ).validate()


def rows_of(name, forest):
    """The rows that grew a tree, sent through it by NumPy."""
    X, y = _DATA[name.partition(".")[0]]()
    return Rows(forest, lambda tree: forest_apply(forest, X, tree), y[:, None].astype(np.int32), compared=lambda: X)


def _diabetes_bin():
    X, y = load_diabetes(return_X_y=True, scaled=False)
    return X, y > 140


def _breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return X.round(6), y


_DATA = {
    "iris": lambda: load_iris(return_X_y=True),
    "breast_cancer": _breast_cancer,
    "digits": lambda: load_digits(return_X_y=True),
    "diabetes_bin": _diabetes_bin,
}
