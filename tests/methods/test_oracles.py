"""Reduced-error and cost-complexity pruning against what Weka and rpart did; see oracles/README.md."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tests import naive
from treeprune.core.forest import Forest
from treeprune.core.path import PruningPath
from treeprune.core.risk import node_risk, resolution
from treeprune.core.rows import Rows
from treeprune.methods import CostComplexity, ReducedError
from treeprune.search.bottom_up import cheapest
from treeprune.search.weakest_link import strengths

ORACLES = Path(__file__).parents[1] / "oracles"
WEKA, RPART = (
    json.loads(gzip.decompress((ORACLES / f"{name}.json.gz").read_bytes())) for name in ("weka_reduced_error", "rpart")
)
CLASSES = {name for name, tree in WEKA.items() if "holdout" in tree}
LOSSES = {name for name, tree in RPART.items() if "loss" in tree}


def forest(left, right, predicted=None):
    """A forest of one with children as given; `predicted` classes become values."""
    left, right = np.array(left, np.int32), np.array(right, np.int32)
    n_classes = 1 if predicted is None else max(predicted) + 1
    return Forest(
        root=np.zeros(1, np.int32),
        children_left=left,
        children_right=right,
        feature=np.where(left < 0, -2, 0).astype(np.int32),
        threshold=np.zeros(len(left)),
        value=np.zeros((len(left), 1, 1)) if predicted is None else np.eye(n_classes)[predicted][:, None],
        n_features=1,
        task="regression" if predicted is None else "classification",
        n_classes=np.array([n_classes], np.int32),
    ).validate()


def rows(tree, counts):
    """One row for each leaf and class, weighted by how many there were."""
    leaf, k = np.flatnonzero(tree.is_leaf), tree.value.shape[2]
    weight = np.array([counts[i] for i in leaf], float).ravel()
    target = np.tile(np.arange(k, dtype=np.int32), len(leaf))[:, None]
    return Rows(tree, lambda _: np.repeat(leaf, k).astype(np.int32), target, weight)


def rpart_forest(frame):
    """rpart's frame in preorder, as a forest, and the order of its nodes."""
    at = {number: i for i, number in enumerate(frame["node"])}
    children = [[at.get(2 * number + side, -1) for number in frame["node"]] for side in (0, 1)]
    tree = forest(*children, [y - 1 for y in frame["yval"]] if "yval" in frame else None)
    assert tree.canonical() is tree
    return tree


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_reduced_error_as_in_weka(name):
    case = WEKA[name]
    tree = forest(case["children_left"], case["children_right"], case["predicted"])
    collapsed = ReducedError().plan(tree, rows(tree, case["holdout"])).collapse
    assert naive.pruned(tree, set(np.flatnonzero(collapsed)))[1] == case["splits_after"]


@pytest.mark.parametrize("name", sorted(WEKA.keys() - CLASSES))
def test_reduced_squared_error_as_in_weka(name):
    case = WEKA[name]
    tree, error = forest(case["children_left"], case["children_right"]), np.array(case["holdout_error"])
    collapsed = cheapest(tree, error, tolerance=resolution(error))
    assert naive.pruned(tree, set(np.flatnonzero(collapsed)))[1] == case["splits_after"]


@pytest.mark.parametrize("name", RPART)
def test_the_path_of_an_rpart_tree_is_exact(name):
    frame = RPART[name]
    tree, risk = rpart_forest(frame), np.array(frame["dev"], float)
    strength = strengths(tree, risk, risk[0])
    alphas = PruningPath(tree, strength, risk, resolution(risk) / risk[0]).alphas[1:]
    alphas = alphas[np.unique(np.linspace(0, len(alphas) - 1, 12).astype(int))]
    for alpha in [*alphas, *np.sqrt(alphas[1:] * alphas[:-1])]:
        kept = set(np.flatnonzero(~tree.is_leaf & (strength > alpha)))
        assert kept == set(naive.optimal_at(tree, risk, alpha, risk[0]))


def trees_between(frame):
    """Splits of the exact tree and of rpart's for alphas between the rows of rpart's table."""
    tree, risk = rpart_forest(frame), np.array(frame["dev"], float)
    strength, cp = strengths(tree, risk, risk[0]), np.array(frame["CP"])
    alphas = np.sqrt(cp[:-1] * np.maximum(cp[1:], cp[:-1] / 4))
    clear = cp[:-1] > 1.001 * cp[1:]
    return (strength > alphas[clear, None]).sum(axis=1), np.array(frame["nsplit"])[1:][clear]


@pytest.mark.parametrize("name", [n for n in RPART if n.startswith(("iris", "breast_cancer"))])
def test_rparts_own_table_where_it_is_exact(name):
    exact, theirs = trees_between(RPART[name])
    assert np.array_equal(exact, theirs)


@pytest.mark.parametrize("name", [n for n in RPART if "_reg" in n])
def test_rparts_own_table_of_regression_trees_is_exact_at_the_top(name):
    exact, theirs = trees_between(RPART[name])
    assert np.array_equal(exact[:20], theirs[:20])


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_expected_cost_is_rparts_risk(name):
    frame = RPART[name]
    tree = rpart_forest(frame)
    risk, weight = node_risk(tree, rows=rows(tree, frame["class_counts"]), cost_matrix=frame["loss"])
    assert risk == pytest.approx(frame["dev"])
    path = CostComplexity(cost_matrix=frame["loss"]).path(tree, rows(tree, frame["class_counts"]))
    assert path.alphas[-1] * weight[0] / risk[0] == pytest.approx(max(frame["CP"]))
