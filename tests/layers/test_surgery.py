"""The optimal brain surgeon, against brute force over small layers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from tests.layers import naive
from treeprune.exceptions import UnsupportedModelError
from treeprune.layers.layers import Layer, Layers
from treeprune.layers.methods import optimal_brain_surgeon
from treeprune.layers.moments import covariance, mean, variance
from treeprune.layers.surgery import elimination
from treeprune.methods import OptimalBrainSurgeon, UnitPruning


def inputs(seed, n_in=6, n_rows=50):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, n_in)) @ rng.normal(size=(n_in, n_in)) + rng.normal(size=n_in)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("n_units", [1, 3])
def test_takes_the_cheapest_each_time_and_says_what_it_costs(seed, n_units):
    moments = covariance(inputs(seed), None)
    weights = np.random.default_rng(seed).normal(size=(6, n_units))
    order, cost = elimination(moments, weights, damping=0.0)
    expected_order, expected_cost = naive.elimination(moments, weights)
    assert order.tolist() == expected_order.tolist()
    assert_allclose(cost, expected_cost, rtol=1e-6)


def test_finds_the_best_sets_more_often_than_magnitude():
    found = {"surgeon": 0, "magnitude": 0}
    for seed in range(30):
        moments, weights = covariance(inputs(seed), None), np.random.default_rng(seed).normal(size=(6, 1))
        best = set(naive.best_set(moments, weights, 3))
        found["surgeon"] += set(elimination(moments, weights, 0.0)[0][:3].tolist()) == best
        found["magnitude"] += set(np.argsort(np.abs(weights[:, 0]))[:3].tolist()) == best
    assert found["surgeon"] > 20 > found["magnitude"]


def test_gives_what_was_given_unchanged():
    moments, weights = covariance(inputs(0), None), np.random.default_rng(0).normal(size=(6, 2))
    copies = moments.copy(), weights.copy()
    elimination(moments, weights)
    assert np.array_equal(moments, copies[0])
    assert np.array_equal(weights, copies[1])


def test_inputs_that_say_nothing_go_first():
    rows = inputs(0)
    rows[:, 2] = 5.0
    order, cost = elimination(covariance(rows, None), np.full((6, 1), 3.0), damping=1e-9)
    assert order[0] == 2
    assert cost[0] < 1e-6


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_moments_are_numpys(kind):
    rows, weight = inputs(1), np.arange(50.0)
    assert_allclose(mean(kind(rows), weight), np.average(rows, axis=0, weights=weight))
    assert_allclose(covariance(kind(rows), weight), np.cov(rows.T, aweights=weight, ddof=0))
    assert_allclose(variance(kind(rows), weight), np.diag(np.cov(rows.T, aweights=weight, ddof=0)))
    assert_allclose(covariance(kind(rows), None, centred=False), rows.T @ rows / 50)


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_the_method_keeps_what_goes_last(scope, monkeypatch):
    monkeypatch.setattr(optimal_brain_surgeon, "elimination", naive.elimination)
    rows, rng = inputs(3), np.random.default_rng(3)
    layers = Layers((Layer(rng.normal(size=(6, 4)), np.zeros(4), "tanh"), Layer(rng.normal(size=(4, 2)), np.zeros(2))))
    fed, method = layers.feed(rows), OptimalBrainSurgeon(0.5, scope)
    slow = method.keep(layers, fed)
    monkeypatch.undo()
    fast = method.keep(layers, fed)
    shares = [mask.mean() for mask in slow.weights]
    assert shares == [0.5, 0.5] if scope == "layer" else sum(mask.sum() for mask in slow.weights) == 16
    agree = np.mean([np.mean(a == b) for a, b in zip(fast.weights, slow.weights, strict=True)])
    assert agree > 0.85  # the method damps the covariance


def test_too_many_inputs_are_refused_with_a_way_out():
    rows = sparse.csr_array((20, 20_000))
    layers = Layers((Layer(np.ones((20_000, 2)), np.zeros(2)),))
    for method in (OptimalBrainSurgeon(0.5), UnitPruning(0.5)):
        with pytest.raises(UnsupportedModelError, match=r"at most 10000 inputs. Got 20000.*'norm'"):
            method.prune(layers, rows)


class TestGroups:
    @pytest.mark.parametrize("seed", range(5))
    def test_takes_the_cheapest_each_time_and_says_what_it_costs(self, seed):
        moments, weights = covariance(inputs(seed), None), np.random.default_rng(seed).normal(size=(6, 4))
        order, cost = elimination(moments, weights, damping=0.0, n_each=2)
        gone, before = [], 0.0
        for group, found in zip(order, cost, strict=True):
            left = set(range(3)) - set(gone)
            losses = {
                one: naive.loss_without(moments, weights, [2 * g + i for g in (*gone, one) for i in range(2)])
                for one in left
            }
            assert group == min(losses, key=losses.get)
            assert np.isclose(found, losses[group] - before)
            gone, before = [*gone, group], losses[group]

    def test_pairs_of_inputs_that_say_the_same_in_other_words(self):
        """Inputs 0 and 1 span what 2 and 3 do: one of the two pairs is spared first, and costs nothing."""
        rows = inputs(0)
        rows[:, 2:4] = rows[:, :2] @ [[1.0, 2.0], [-1.0, 1.0]]
        order, cost = elimination(covariance(rows, None), np.full((6, 2), 3.0), damping=1e-9, n_each=2)
        assert order[0] < 2
        assert cost[0] < 1e-5 * cost[1]
