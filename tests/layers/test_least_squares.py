"""Weights that are solved again, against numpy's lstsq; and what is said of the ridge."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from tests.layers import naive
from treeprune.layers.kept import Kept, pruned
from treeprune.layers.layers import Layer, Layers, Seen
from treeprune.layers.least_squares import RIDGES, solved_again
from treeprune.layers.moments import variance


def problem(seed, n_rows=60, n_in=7, n_units=5, noise=0.1, has_bias=True):
    """A layer that lost weights, what stays, rows of which some columns go together, what is wanted, and weights."""
    rng = np.random.default_rng(seed)
    mixed = np.eye(n_in) + 0.5 * rng.normal(size=(n_in, n_in))
    rows = rng.normal(size=(n_rows, n_in)) @ mixed + rng.normal(size=n_in)
    kept = rng.random((n_in, n_units)) < 0.6
    kept[:, 0], kept[:, 1] = True, False
    weights, bias = rng.normal(size=(n_in, n_units)), rng.normal(size=n_units)
    wanted = rows @ weights + bias + noise * rng.normal(size=(n_rows, n_units))
    return Layer(weights * kept, bias, has_bias=has_bias), kept, rows, wanted, rng.integers(0, 4, n_rows).astype(float)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("weighed", [True, False])
@pytest.mark.parametrize(("n_rows", "seed"), [(60, 0), (60, 1), (12, 2), (500, 3)])
def test_is_the_ridge_that_lstsq_gives(kind, has_bias, weighed, n_rows, seed):
    layer, kept, rows, wanted, weight = problem(seed, n_rows, has_bias=has_bias)
    weight = weight if weighed else np.ones(n_rows)
    found, ridge = solved_again(layer, kept, Seen(kind(rows), weight), wanted)
    unit = variance(rows, weight).mean()
    for unit_of in range(layer.n_units):
        stays = kept[:, unit_of] if np.isfinite(ridge) else np.zeros(len(kept), bool)
        start = layer.weights[:, unit_of], layer.bias[unit_of]
        expected, bias = naive.ridge(rows, wanted[:, unit_of], *start, stays, ridge * unit, weight, has_bias)
        assert np.allclose(found.weights[:, unit_of], expected, rtol=1e-5, atol=1e-6)
        assert np.isclose(found.bias[unit_of], bias, rtol=1e-5, atol=1e-6)
    assert not found.weights[~kept].any()


def test_without_noise_it_is_what_lstsq_gives_without_a_ridge():
    layer, kept, rows, wanted, _ = problem(0, 200, noise=0.0)
    empty = replace(layer, weights=np.zeros_like(layer.weights))
    found, ridge = solved_again(empty, np.ones_like(kept), Seen(rows, None), wanted)
    assert ridge == min(RIDGES)
    exact = np.linalg.lstsq(np.column_stack([rows, np.ones(200)]), wanted, rcond=None)[0]
    assert np.allclose(found.weights, exact[:-1], atol=1e-5)
    assert np.allclose(found.bias, exact[-1], atol=1e-5)


def test_weights_stay_where_rows_say_nothing_of_them():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(30, 3))
    layer, rows = Layer(weights, np.zeros(3)), rng.normal(size=(16, 30))
    wanted = rows @ weights + 10 * rng.normal(size=(16, 3))
    found, ridge = solved_again(layer, np.ones((30, 3), bool), Seen(rows, None), wanted)
    assert ridge >= 0.1
    assert np.abs(found.weights - weights).max() < np.abs(weights).max()


@pytest.mark.parametrize("seed", range(5))
def test_the_ridge_meets_new_rows_nearly_as_well_as_the_best(seed):
    layer, kept, rows, wanted, _ = problem(seed, 1000, n_in=20, noise=2.0)
    (fit, new), ones = (slice(0, 40), slice(40, None)), np.ones(40)
    found, _ = solved_again(layer, kept, Seen(rows[fit], None), wanted[fit])
    error, errors = ((found.sums(rows[new]) - wanted[new]) ** 2).mean(), []
    for ridge in RIDGES[1:]:
        penalty = ridge * variance(rows[fit], ones).mean()
        pairs = [
            naive.ridge(rows[fit], wanted[fit, u], layer.weights[:, u], layer.bias[u], kept[:, u], penalty, ones)
            for u in range(layer.n_units)
        ]
        off = np.column_stack([rows[new] @ w + b for w, b in pairs]) - wanted[new]
        errors.append((off**2).mean())
    assert error < min(1.2 * min(errors), max(errors))


def network(rng, sizes=(6, 8, 7, 3), activation="relu"):
    last = len(sizes) - 2
    return Layers(
        tuple(
            Layer(rng.normal(size=(a, b)), rng.normal(size=b), "identity" if i == last else activation)
            for i, (a, b) in enumerate(itertools.pairwise(sizes))
        )
    ).validate()


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_each_layer_makes_up_for_those_before(activation):
    """The whole, step by step, with lstsq: rows through what is left so far, to the sums of the layer as it was."""
    rng = np.random.default_rng(1)
    layers, rows = network(rng, activation=activation), rng.normal(size=(400, 6))
    units = [rng.permutation(np.arange(layer.n_units) < 5) for layer in layers.hidden] + [np.ones(3, bool)]
    weights = [rng.random(layer.weights.shape) < 0.8 for layer in layers]
    found, ridges = pruned(layers, Kept(tuple(weights), tuple(units)), rows)
    assert [layer.n_units for layer in found] == [5, 5, 3]
    before = after = rows
    inputs = np.ones(6, bool)
    for layer, left, mask, stay, ridge in zip(layers, found, weights, units, ridges, strict=True):
        assert np.isfinite(ridge)
        penalty = ridge * variance(after, np.ones(400))[variance(after, np.ones(400)) > 0].mean()
        for place, unit in enumerate(np.flatnonzero(stay)):
            kept = mask[inputs][:, unit]
            start = layer.weights[inputs][:, unit] * kept
            expected, bias = naive.ridge(
                after, layer.sums(before)[:, unit], start, layer.bias[unit], kept, penalty, np.ones(400)
            )
            assert np.allclose(left.weights[:, place], expected, atol=1e-5)
            assert np.isclose(left.bias[place], bias, atol=1e-5)
        before, after, inputs = layer.outputs(before), left.outputs(after), stay


def test_layers_before_the_first_that_loses_stay_as_they_are():
    rng = np.random.default_rng(2)
    layers, rows = network(rng), rng.normal(size=(50, 6))
    weights = [np.ones_like(layer.weights, bool) for layer in layers]
    weights[1][0] = False
    found, ridges = pruned(layers, Kept.all_but(layers, weights=weights), rows)
    assert np.array_equal(found[0].weights, layers[0].weights)
    assert ridges[0] is None
    assert None not in ridges[1:]


def test_units_that_copy_others_are_spared_without_loss():
    rng = np.random.default_rng(3)
    layers, rows = network(rng), rng.normal(size=(300, 6))
    first = layers[0]
    twice = replace(first, weights=np.hstack([first.weights, first.weights]), bias=np.tile(first.bias, 2))
    second = replace(layers[1], weights=np.vstack([layers[1].weights, rng.normal(size=layers[1].weights.shape)]))
    doubled = Layers((twice, second, layers[2])).validate()
    units = [np.arange(16) < 8, np.ones(7, bool), np.ones(3, bool)]
    found, _ = pruned(doubled, Kept.all_but(doubled, units=units), rows)
    new = rng.normal(size=(100, 6))
    assert np.allclose(found.sums(new), doubled.sums(new), atol=1e-4)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_one_row_that_counts_moves_the_bias_alone(kind):
    layer, kept, rows, wanted, _ = problem(0)
    seen = Seen(kind(rows), (np.arange(60) == 7).astype(float))
    found, ridge = solved_again(layer, kept, seen, wanted)
    assert ridge == np.inf
    assert np.array_equal(found.weights, layer.weights)
    assert np.allclose(found.sums(rows[[7]]), wanted[7])
