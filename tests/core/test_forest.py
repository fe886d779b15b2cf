"""Forest: what it refuses, the canonical order, what it derives."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from treeprune import ModelFormatError
from treeprune.core.forest import LEAF, NO_FEATURE, NO_THRESHOLD, Forest
from treeprune.testing import forest_apply, forest_values


@pytest.fixture
def forest():
    """Two trees of three leaves: nodes 0-4 and 5-9, splits at 0, 1 and 5, 6 (of the second: 0, 1)."""
    single = naive.chain(2, "left")
    arrays = ("children_left", "children_right", "feature", "threshold", "value")
    double = {name: np.concatenate([getattr(single, name)] * 2) for name in arrays}
    for name in arrays[:2]:
        double[name][5:][double[name][5:] >= 0] += 5
    return replace(
        single,
        root=np.array([0, 5], np.int32),
        **double,
        **dict.fromkeys(("start", "node_id", "tree_id", "tree_class", "tree_weight")),
    )


def changed(forest, **at):
    """A copy with single entries changed: ``field={node: entry}``."""
    arrays = {}
    for name, entries in at.items():
        arrays[name] = getattr(forest, name).copy()
        for node, entry in entries.items():
            arrays[name][node] = entry
    return replace(forest, **arrays)


def test_a_sound_forest_is_returned(forest):
    assert forest.validate() is forest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"children_left": {0: 1_000_000}}, "tree 0 node 0: left child 1000000 outside 0..4 (children_left)"),
        ({"children_right": {6: 10}}, "tree 1 node 1: right child 5 outside 0..4 (children_right)"),
        ({"children_right": {6: 4}}, "tree 1 node 1: right child -1 outside 0..4 (children_right)"),
        ({"children_left": {1: -7}}, "tree 0 node 1: left child -7 outside 0..4 (children_left)"),
        ({"children_left": {1: 1}}, "tree 0 node 1: left child 1 reached twice (children_left)"),
        ({"children_left": {6: 5}}, "tree 1 node 1: left child 0 reached twice (children_left)"),
        ({"children_right": {1: 2}}, "tree 0 node 1: left child 2 reached twice (children_left)"),
        ({"children_left": {0: -1}}, "tree 0 node 0: one child only (left child missing) (children_left)"),
        ({"children_right": {6: -1}}, "tree 1 node 1: one child only (right child missing) (children_right)"),
        (
            {"children_left": {1: -1}, "children_right": {1: -1}},
            "tree 0 node 2: not reachable from the root (children)",
        ),
        ({"feature": {5: 1}}, "tree 1 node 0: feature 1 outside 0..0 (feature)"),
        ({"feature": {1: -2}}, "tree 0 node 1: feature -2 outside 0..0 (feature)"),
        ({"threshold": {6: np.nan}}, "tree 1 node 1: threshold is not a number (threshold)"),
        ({"value": {9: np.nan}}, "tree 1 node 4: leaf value [nan] is not finite (value)"),
        ({"value": {3: np.inf}}, "tree 0 node 3: leaf value [inf] is not finite (value)"),
        ({"root": {0: 7}}, "tree 0 root 7 outside 0..4"),
        ({"root": {1: -3}}, "tree 1 root -8 outside 0..4"),
    ],
)
def test_malformed_structure_is_named(forest, change, message):
    with pytest.raises(ModelFormatError, match=re.escape(message)):
        changed(forest, **change).validate()


@pytest.mark.parametrize("name", ["children_right", "feature", "threshold", "value", "node_id"])
def test_unequal_lengths_are_named(forest, name):
    with pytest.raises(ModelFormatError, match=f"{name} has 9 entries where children_left has 10"):
        replace(forest, **{name: getattr(forest, name)[:-1]}).validate()


@pytest.mark.parametrize("name", ["root", "tree_id", "tree_class", "tree_weight"])
def test_one_entry_per_tree(forest, name):
    with pytest.raises(ModelFormatError, match=f"{name} must have one entry for each of 2 trees"):
        replace(forest, **{name: getattr(forest, name)[:-1]}).validate()


@pytest.mark.parametrize("start", [[0, 5, 9], [1, 5, 10], [0, 0, 10], [0, 12, 10]])
def test_start_must_cover_the_nodes(forest, start):
    with pytest.raises(ModelFormatError, match="start must rise from 0 to the number of nodes, 10"):
        replace(forest, start=np.array(start, np.int64)).validate()


def test_errors_name_the_models_own_ids(forest):
    forest = replace(forest, node_id=np.tile(np.arange(10, 60, 10, dtype=np.int32), 2), tree_id=np.array([7, 8]))
    with pytest.raises(ModelFormatError, match="tree 8 node 20: threshold"):
        changed(forest, threshold={6: np.nan}).validate()


def test_an_infinite_threshold_is_a_split_on_missing_values(forest):
    changed(forest, threshold={0: np.inf}).validate()


def test_a_long_chain_is_checked_ordered_and_measured():
    forest = naive.chain(200_000, "left").validate().canonical()
    assert forest.depth.max() == 200_000
    assert forest.end[0] == forest.n_nodes == 400_001
    assert np.array_equal(forest.end[:200_000], forest.n_nodes - np.arange(200_000))


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 8), min_size=1, max_size=3))
def test_canonical_is_preorder_and_the_same_function(seed, n_leaves):
    rng = np.random.default_rng(seed)
    forest = naive.random_forest(rng, n_leaves)
    canonical = forest.canonical().validate()
    order = naive.preorder(forest.root, forest.children_left, forest.children_right)
    assert naive.preorder(canonical.root, canonical.children_left, canonical.children_right) == [*range(len(order))]
    tree = np.searchsorted(forest.start, order, side="right") - 1
    assert np.array_equal(canonical.node_id, order - forest.start[tree])
    for name in ("feature", "threshold", "value", "impurity", "n_node_samples", "missing_go_to_left"):
        assert np.array_equal(getattr(canonical, name), getattr(forest, name)[order])
    X = np.where(rng.random((50, 4)) < 0.1, np.nan, rng.integers(-5, 6, (50, 4)) / 2)
    for a, b in zip(forest_values(forest, X), forest_values(canonical, X), strict=True):
        assert np.array_equal(a, b)
    assert canonical.canonical() is canonical


@given(naive.forests(max_trees=3))
def test_derived_arrays(forest):
    parents = [(naive.ancestors(forest, node) or [-1])[0] for node in range(forest.n_nodes)]
    assert forest.parent.tolist() == parents
    assert forest.end.tolist() == naive.subtree_end(forest)
    assert forest.depth.tolist() == naive.node_depth(forest)
    assert forest.n_leaves == len(forest.internal) + forest.n_trees == forest.is_leaf.sum()


def test_taken_nodes_that_end_lose_their_split():
    forest = naive.random_forest(np.random.default_rng(0), [4]).canonical()
    root = forest.take(np.zeros(1, np.int32), np.array([LEAF]), np.array([LEAF]), np.zeros(1, np.int32)).validate()
    assert (root.feature[0], root.threshold[0], root.missing_go_to_left[0]) == (NO_FEATURE, NO_THRESHOLD, False)
    assert root.impurity[0] == forest.impurity[0]
    assert forest.feature[0] >= 0  # the old one is unchanged


def test_routing_by_categories_and_by_less_than():
    forest = replace(
        naive.chain(2, "left"),
        comparison="<",
        threshold=np.array([0.0, 3.0, -2, -2, -2]),
        category_set=np.array([0, -1, -1, -1, -1], np.int32),
        category_sets=(np.array([2, 3, 5], np.int32),),
    )
    assert forest_apply(forest, np.array([[1.0], [2.0], [3.0], [5.0]])).tolist() == [4, 2, 3, 3]


# Several trees ------------------------------------------------------------------------------------------------------


@given(naive.forests(max_trees=5, min_leaves=1))
def test_trees_taken_apart_and_put_together(forest):
    trees = [forest.tree(t).validate() for t in range(forest.n_trees)]
    assert [tree.n_trees for tree in trees] == [1] * forest.n_trees
    X = naive.rows_of(np.random.default_rng(0), forest, 30)[0]
    for t, tree in enumerate(trees):
        assert np.array_equal(forest_apply(tree, X) + forest.start[t], forest_apply(forest, X, t))
    again = Forest.concatenate(trees).validate()
    for field in fields(Forest):
        assert np.array_equal(getattr(again, field.name), getattr(forest, field.name)), field.name


def test_sets_of_categories_stay_with_their_splits():
    rng = np.random.default_rng(0)
    parts = []
    for low in (0, 2):
        forest = naive.random_forest(rng, [3]).canonical()
        category_set = np.where(forest.is_leaf, -1, 1).astype(np.int32)
        sets = (np.array([9], np.int32), np.array([low, low + 1], np.int32))
        parts.append(replace(forest, category_set=category_set, category_sets=sets))
    both = Forest.concatenate(parts)
    X = rng.integers(0, 4, (50, 4)).astype(float)
    for t, part in enumerate(parts):
        assert np.array_equal(forest_apply(both, X, t) - both.start[t], forest_apply(part, X))
