"""graft: the rows of a node that goes end where the plan says, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests import naive
from treeprune.core.graft import graft
from treeprune.core.plan import Plan
from treeprune.testing import forest_apply

NODE_ARRAYS = ("value", "feature", "threshold", "impurity", "n_node_samples", "missing_go_to_left", "node_id")


@given(naive.forests(max_trees=3, min_leaves=1), st.data())
def test_collapse(forest, data):
    collapse = data.draw(arrays(bool, forest.n_nodes))
    small, origin = graft(forest, Plan(collapse=collapse))
    small.validate()
    leaves, splits = naive.pruned(forest, set(np.flatnonzero(collapse)))
    assert origin[small.is_leaf].tolist() == leaves
    assert origin[small.internal].tolist() == splits
    assert np.array_equal(small.value, forest.value[origin])
    for name in NODE_ARRAYS:
        assert np.array_equal(getattr(small, name)[small.internal], getattr(forest, name)[splits])
    X = naive.rows_of(np.random.default_rng(0), forest, 40)[0]
    for tree in range(forest.n_trees):  # every row ends in the first collapsed node on its way
        for old, new in zip(forest_apply(forest, X, tree), origin[forest_apply(small, X, tree)], strict=True):
            way = [int(old), *naive.ancestors(forest, int(old))]
            assert new == [node for node in way if node in leaves][-1]


@given(naive.forests(min_leaves=2), st.data())
def test_raising(forest, data):
    node = int(data.draw(st.sampled_from(forest.internal.tolist())))
    raised = data.draw(st.sampled_from(naive.subtree(forest, node)))
    source = np.arange(forest.n_nodes, dtype=np.int32)
    source[node] = raised
    small, origin = graft(forest, Plan(source=source))
    small.validate()
    gone = set(naive.subtree(forest, node)) - set(naive.subtree(forest, raised))
    assert origin.tolist() == [i for i in range(forest.n_nodes) if i not in gone]
    new = {old: at for at, old in enumerate(origin)}
    for old, at in new.items():  # children are the children they had, the raised node in place of the other
        for side in ("children_left", "children_right"):
            child = getattr(forest, side)[old]
            assert getattr(small, side)[at] == (-1 if child < 0 else new[source[child]])
    assert np.array_equal(small.threshold[small.internal], forest.threshold[origin[small.internal]])


@given(naive.forests(max_trees=2), st.data())
def test_new_values_are_for_all_nodes(forest, data):
    collapse = data.draw(arrays(bool, forest.n_nodes))
    value = np.random.default_rng(0).random(forest.value.shape)
    weight = np.arange(forest.n_nodes, dtype=float)
    small, origin = graft(forest, Plan(collapse=collapse, value=value, weighted_n_node_samples=weight))
    assert np.array_equal(small.value, value[origin])
    assert np.array_equal(small.weighted_n_node_samples, weight[origin])
    assert np.array_equal(small.impurity, forest.impurity[origin])


@given(naive.forests(max_trees=3))
def test_an_empty_plan_changes_nothing(forest):
    same, origin = graft(forest, Plan())
    assert np.array_equal(origin, np.arange(forest.n_nodes))
    for name in (*NODE_ARRAYS, "children_left", "children_right", "root", "start"):
        assert np.array_equal(getattr(same, name), getattr(forest, name))


@given(naive.forests(max_trees=2), st.data())
def test_the_old_forest_stays(forest, data):
    before = {name: np.copy(getattr(forest, name)) for name in (*NODE_ARRAYS, "children_left", "root")}
    graft(forest, Plan(collapse=data.draw(arrays(bool, forest.n_nodes)), value=np.zeros_like(forest.value)))
    for name, array in before.items():
        assert np.array_equal(getattr(forest, name), array)


def test_a_long_chain_loses_its_tail():
    forest = naive.chain(200_000, "left")
    small, _ = graft(forest, Plan(collapse=forest.depth >= 150_000))
    assert small.validate().n_leaves == 150_001


def test_operations_of_a_plan():
    assert Plan().operations == frozenset()
    assert Plan(collapse=np.zeros(1, bool), value=np.zeros((1, 1, 1))).operations == {"collapse", "value"}


@pytest.mark.parametrize("side", ["left", "right"])
def test_raised_to_the_root(side):
    forest = naive.chain(3, side)
    source = np.arange(forest.n_nodes, dtype=np.int32)
    source[0] = (forest.children_left if side == "left" else forest.children_right)[0]
    small, origin = graft(forest, Plan(source=source))
    assert origin[0] == source[0]
    assert small.validate().n_leaves == 3


@given(naive.forests(max_trees=4, min_leaves=1), st.data())
def test_dropped_trees(forest, data):
    drop = data.draw(arrays(bool, forest.n_trees).filter(lambda drop: not drop.all()))
    weight = np.arange(1.0, forest.n_trees + 1)
    small, origin = graft(forest, Plan(drop_tree=drop, tree_weight=weight))
    small.validate()
    kept = np.flatnonzero(~drop)
    assert small.tree_id.tolist() == kept.tolist()
    assert small.tree_weight.tolist() == weight[kept].tolist()
    assert origin.tolist() == np.flatnonzero(~drop[forest.node_tree]).tolist()
    X = naive.rows_of(np.random.default_rng(0), forest, 30)[0]
    for new, old in enumerate(kept):
        assert np.array_equal(origin[forest_apply(small, X, new)], forest_apply(forest, X, old))


def test_a_tree_must_stay():
    forest = naive.random_forest(np.random.default_rng(0), [2, 3]).canonical()
    with pytest.raises(ValueError, match="must keep at least one tree"):
        graft(forest, Plan(drop_tree=np.ones(2, bool)))


def test_a_raised_branch_has_shorter_paths():
    forest = replace(naive.chain(3), task="path_length")
    forest = replace(forest, value=forest.depth.astype(float)[:, None, None])
    source = np.arange(forest.n_nodes, dtype=np.int32)
    source[forest.children_right[0]] = forest.children_right[forest.children_right[0]]
    small, _ = graft(forest, Plan(source=source))
    assert np.array_equal(small.value[:, 0, 0], small.depth)
    assert forest.value.max() == 3
