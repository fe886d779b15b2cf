"""Weakest links against rational arithmetic: at every float64 alpha, `strength <= alpha` is the exact answer."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from treeprune.search.weakest_link import strengths


def splits_at(forest, strength, alpha):
    return set(np.flatnonzero(~forest.is_leaf & (strength > alpha)))


def telling_alphas(strength):
    """Each strength, the float64 numbers beside it, and the middles between neighbours."""
    values = [float(s) for s in np.unique(strength) if s > 0]
    for value in values:
        yield from (value, math.nextafter(value, 0.0), math.nextafter(value, math.inf))
    for a, b in zip([0.0, *values], [*values, 2 * max(values, default=1.0)], strict=True):
        yield from (a + (b - a) / 2, math.sqrt(a) * math.sqrt(b))


@given(st.data(), st.sampled_from([1.0, 3.0, 0.7, 1e4 / 3]))
def test_exact_at_every_alpha(data, total_weight):
    forest = data.draw(naive.forests(max_leaves=12))
    risk = data.draw(naive.risks(forest))
    strength = strengths(forest, risk, total_weight)
    for alpha in telling_alphas(strength):
        if alpha > 0:
            assert splits_at(forest, strength, alpha) == set(naive.optimal_at(forest, risk, alpha, total_weight))


@given(st.data(), st.sampled_from([1.0, 3.0, 0.7]))
def test_agrees_with_rescanning_after_every_collapse(data, total_weight):
    forest = data.draw(naive.forests(max_leaves=10, max_trees=3))
    risk = data.draw(naive.risks(forest))
    strength = strengths(forest, risk, total_weight)
    exact = naive.weakest_link(forest, risk, total_weight)
    assert {node: strength[node] for node in forest.internal} == {n: naive.rounded_up(s) for n, s in exact.items()}


@given(st.data())
def test_best_of_all_prunings(data):
    forest = data.draw(naive.forests(max_leaves=7))
    risk = data.draw(naive.risks(forest))
    strength = strengths(forest, risk)
    for alpha in telling_alphas(strength):
        if alpha > 0:
            exact_cost = [naive.Fraction(r) + naive.Fraction(alpha) for r in risk]
            assert splits_at(forest, strength, alpha) == set(naive.cheapest(forest, exact_cost)[1])


@given(st.data())
def test_positive_nested_and_zero_at_leaves(data):
    forest = data.draw(naive.forests(max_trees=3))
    strength = strengths(forest, data.draw(naive.risks(forest)))
    assert (strength[forest.is_leaf] == 0).all()
    assert (strength[forest.internal] > 0).all()
    inner = forest.internal[forest.parent[forest.internal] >= 0]
    assert (strength[inner] <= strength[forest.parent[inner]]).all()


@given(st.data(), st.integers(-60, 60))
def test_powers_of_two_scale_exactly(data, exponent):
    forest = data.draw(naive.forests())
    risk = data.draw(naive.risks(forest))
    plain, scaled = strengths(forest, risk), strengths(forest, np.ldexp(risk, exponent))
    gains = plain > np.nextafter(0, 1)
    assert np.array_equal(scaled[gains], np.ldexp(plain[gains], exponent))
    assert np.array_equal(scaled[~gains], plain[~gains])


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_chain(side):
    """200,001 nodes, depth 100,000: nothing recurses, and heaps that are lists stay fast."""
    n = 100_000
    forest = naive.chain(n, side)
    k = n - forest.depth.astype(float)
    risk = np.where(forest.is_leaf, 0.0, k * (k + 1) / 2)  # the deepest collapses first, and each gains k
    strength = strengths(forest, risk)
    assert np.array_equal(strength[forest.internal], k[forest.internal])
    assert (strength[forest.is_leaf] == 0).all()
