"""Units that do nothing leave, and nothing else changes."""

from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest

from tests.layers import naive
from tests.layers.families import MLPS, SPECIMENS, X, fitted
from treeprune import prune, slim
from treeprune.layers.adapters import find_adapter
from treeprune.layers.dead_units import without_dead_units
from treeprune.layers.layers import Layer, Layers
from treeprune.methods import MagnitudePruning, UnitPruning

NETWORK = "MLPClassifier, 3 classes"


def layers(rng, activation="relu", sizes=(4, 5, 6, 2)):
    last = len(sizes) - 2
    shapes = pairwise(sizes)
    return [
        Layer(rng.normal(size=shape), rng.normal(size=shape[1]), activation if i < last else "identity")
        for i, shape in enumerate(shapes)
    ]


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("seed", range(5))
def test_sums_stay_and_no_dead_unit_does(activation, seed):
    rng = np.random.default_rng(seed)
    chain = layers(rng, activation)
    for layer in chain:
        layer.weights[rng.random(layer.weights.shape) < 0.7] = 0.0
    whole = Layers(tuple(chain)).validate()
    left = without_dead_units(whole).validate()
    rows = rng.normal(size=(30, 4))
    assert np.allclose(left.sums(rows), whole.sums(rows), atol=1e-12)
    for layer, behind in pairwise(left):
        alive = layer.weights.any(axis=0) & behind.weights.any(axis=1)
        assert alive.all() or layer.n_units == 1


def test_a_unit_that_nothing_leads_to_goes_into_biases():
    chain = layers(np.random.default_rng(0), "tanh")
    chain[0].weights[:, 2] = 0.0
    left = without_dead_units(Layers(tuple(chain)))
    assert [layer.n_units for layer in left] == [4, 6, 2]
    expected = chain[1].bias + np.tanh(chain[0].bias[2]) * chain[1].weights[2]
    assert np.allclose(left[1].bias, expected)


def test_units_that_only_feed_dead_ones_are_dead():
    chain = layers(np.random.default_rng(0))
    chain[2].weights[1:] = 0.0
    chain[1].weights[2:, 0] = 0.0
    left = without_dead_units(Layers(tuple(chain)))
    assert [layer.n_units for layer in left] == [2, 1, 2]


def test_one_unit_stays_and_layers_that_all_do_something_are_the_same_object():
    chain = layers(np.random.default_rng(0))
    whole = Layers(tuple(chain))
    assert without_dead_units(whole) is whole
    for layer in chain:
        layer.weights[:] = 0.0
    assert [layer.n_units for layer in without_dead_units(whole)] == [1, 1, 2]


@pytest.mark.parametrize("name", MLPS)
def test_slim_takes_them_out_of_networks(name):
    small = prune(fitted(name), MagnitudePruning(0.9, reconstruct=None))
    slimmed = slim(small, X)
    layers, left = find_adapter(small).layers, find_adapter(slimmed).layers
    assert left.n_units < layers.n_units
    assert type(slimmed) is type(small)
    assert np.allclose(naive.outputs(slimmed, X[:, slimmed.columns_]), naive.outputs(small, X), atol=1e-5)
    assert slimmed.difference_ < 1e-5
    assert np.ravel(slimmed.hidden_layer_sizes).tolist() == [layer.n_units for layer in left.hidden]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_columns_that_only_dead_units_look_at_leave_and_the_rest_trains_on():
    model = deepcopy(fitted(NETWORK))
    model.coefs_[0][:5] = 0.0
    model.coefs_[0][:5, 3] = 1.0
    model.coefs_[1][3] = 0.0
    before = [coef.copy() for coef in model.coefs_]
    small = slim(model, X)
    assert small.columns_.tolist() == list(range(5, 12))
    assert small.hidden_layer_sizes == (9, 6)
    assert small.difference_ < 1e-12
    assert all(map(np.array_equal, before, model.coefs_))
    small.partial_fit(X[:, 5:], SPECIMENS[NETWORK][1])


def test_a_network_without_dead_units_stays_as_it_is():
    model = prune(fitted(NETWORK), UnitPruning(n_units=3), X)
    assert find_adapter(model).without_dead_units() is model
