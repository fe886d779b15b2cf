"""Hidden units that do nothing: no weight leads to them, or none from them."""

from dataclasses import replace

from .layers import ACTIVATIONS, Layers, Mask


def without_dead_units(layers: Layers) -> Layers:
    """Layers that give the same, up to rounding, without units that do nothing; the same object if there are none.

    A unit that nothing leads to gives the same for all rows: what that adds to the units behind goes into their biases.
    One unit of each layer stays, for no family has layers of none.

    Parameters
    ----------
    layers : Layers
    """
    left = layers
    while True:  # units that go may leave others without a weight
        dead = next(((place, found) for place in range(len(left) - 1) if (found := _dead(left, place)).any()), None)
        if dead is None:
            return left
        left = _without(left, *dead)


def _dead(layers: Layers, place: int) -> Mask:
    """Which units of a hidden layer do nothing, but for one if none does anything."""
    dead = ~layers[place].weights.any(axis=0) | ~layers[place + 1].weights.any(axis=1)
    if dead.all():
        dead[0] = False
    return dead


def _without(layers, place, dead):
    layer, behind = layers[place], layers[place + 1]
    same = dead & ~layer.weights.any(axis=0)
    given = ACTIVATIONS[layer.activation](layer.bias[same])
    chain = list(layers)
    chain[place] = replace(layer, weights=layer.weights[:, ~dead], bias=layer.bias[~dead])
    chain[place + 1] = replace(behind, weights=behind.weights[~dead], bias=behind.bias + given @ behind.weights[same])
    return layers.with_chain(chain)
