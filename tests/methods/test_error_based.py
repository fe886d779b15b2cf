"""ErrorBased: Quinlan's formula, Weka's J48 node by node, and raising against a recursive twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.tree import DecisionTreeClassifier

from tests import naive, weka
from treeprune import MissingStatisticError, prune
from treeprune.core.graft import graft
from treeprune.core.rows import Rows
from treeprune.methods import ErrorBased, ReducedError
from treeprune.search.error_limit import error_limits
from treeprune.testing import forest_apply, same_arrays

UNPRUNED = [
    (unpruned, pruned) for unpruned in weka.names("*.j48.*.U") for pruned in weka.names(f"{unpruned[:-2]}.S-*")
]
RAISED = [(name, f"{name[:-2]}.raise-0.25") for name in weka.names("*.j48.*.U")]


def assert_same_tree(forest, oracle, estimates=None):
    expected = weka.forest_of(oracle)
    for name in ("children_left", "children_right", "feature", "threshold"):
        assert np.array_equal(getattr(forest, name), getattr(expected, name)), name
    assert np.allclose(forest.weighted_n_node_samples, expected.weighted_n_node_samples)
    assert np.allclose(forest.value, expected.value)
    if estimates is not None:
        of_weka = [node["leaf_estimate"] for node in oracle["nodes"]]
        assert estimates == pytest.approx(np.array(of_weka), rel=1e-9, abs=1e-9)


def test_hand_worked_example():
    # Quinlan (1993), section 4.2: leaves of 6, 9 and 1 rows without error; U(0, 6) = .206, U(0, 9) = .143, U(0, 1) = .75
    z = 0.6744897501960817
    limits = error_limits(np.array([6.0, 9, 1, 16]), np.array([0.0, 0, 0, 1]), 0.25, z)
    assert limits / [6, 9, 1, 16] == pytest.approx([0.206, 0.143, 0.75, 0.157], abs=2e-3)
    assert limits[:3].sum() == pytest.approx(3.273, abs=1e-3)


@pytest.mark.parametrize(("unpruned", "pruned"), UNPRUNED)
def test_equals_weka_without_raising(unpruned, pruned):
    oracle = weka.load(pruned)
    forest, method = weka.forest_of(weka.load(unpruned)), ErrorBased(np.float32(oracle["CF"]), raising=False)
    small, origin = graft(forest, method.plan(forest))
    assert_same_tree(small, oracle, method.error_limits(forest)[origin])


@pytest.mark.parametrize(("unpruned", "pruned"), RAISED)
def test_equals_weka_with_raising(unpruned, pruned):
    forest, method = weka.forest_of(weka.load(unpruned)), ErrorBased()
    plan = method.plan(forest, weka.rows_of(unpruned, forest))
    small, _ = graft(forest, plan)
    assert_same_tree(small, weka.load(pruned), method.error_limits(small))
    assert ("source" in plan.operations) == unpruned.startswith("digits")


def test_raising_changes_digits():
    assert [len(weka.load(f"digits.j48.multi.{mode}")["nodes"]) for mode in ("S-0.25", "raise-0.25")] == [189, 191]


@pytest.mark.parametrize("name", weka.names("*.RU"))
def test_reduced_error_equals_weka(name):
    grown, oracle = weka.load(name), weka.load(f"{name[:-1]}")
    forest = weka.forest_of(grown)
    counts = np.array([node["holdout"] for node in grown["nodes"]])
    leaf = np.flatnonzero(forest.is_leaf)
    at = np.repeat(np.repeat(leaf, counts.shape[1]), counts[leaf].ravel().astype(int)).astype(np.int32)
    code = np.repeat(np.tile(np.arange(counts.shape[1]), len(leaf)), counts[leaf].ravel().astype(int))
    rows = Rows(forest, lambda tree: at, code[:, None].astype(np.int32))
    small, _ = graft(forest, ReducedError().plan(forest, rows))
    assert_same_tree(small, oracle)
