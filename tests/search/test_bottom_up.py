"""The bottom-up pass against all prunings."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from treeprune.search.bottom_up import cheapest


@given(st.data(), st.booleans())
def test_cheapest_of_all_prunings_and_smallest_of_those(data, splits_cost):
    forest = data.draw(naive.forests(max_leaves=8))
    leaf_cost = data.draw(naive.risks(forest)).round()  # so that sums are exact
    split_cost = data.draw(naive.risks(forest)).round() if splits_cost else None
    collapsed = set(np.flatnonzero(cheapest(forest, leaf_cost, split_cost)))
    assert naive.pruned(forest, collapsed) == naive.cheapest(forest, leaf_cost, split_cost)


@given(st.data())
def test_several_trees_are_pruned_one_by_one(data):
    forest = data.draw(naive.forests(max_leaves=5, max_trees=2))
    cost = data.draw(naive.risks(forest)).round()
    collapsed = set(np.flatnonzero(cheapest(forest, cost)))
    assert naive.pruned(forest, collapsed) == naive.cheapest(forest, cost)


@given(naive.forests(min_leaves=2), st.floats(0.25, 4))
def test_tolerance_counts_as_a_tie(forest, tolerance):
    cost = forest.is_leaf * 0.0
    cost[forest.root] = tolerance  # the root is worse as a leaf, by exactly the tolerance
    assert cheapest(forest, cost, tolerance=tolerance)[0]
    assert not cheapest(forest, cost, tolerance=tolerance * 0.999)[0]
