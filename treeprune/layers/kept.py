"""What stays of layers, and how it is taken out of them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layers import Layer, Layers, Mask
from .least_squares import solved_again


@dataclass(frozen=True, eq=False)
class Kept:
    """What stays of layers: what a Plan is for trees.

    Parameters
    ----------
    weights : tuple of ndarray of bool, each of shape (n_in, n_units)
        Which weights of each layer stay; the others become zero.
    units : tuple of ndarray of bool, each of shape (n_units,)
        Which units of each layer stay; the others leave, with all their weights. Those of the last layer all stay.
    """

    weights: tuple[Mask, ...]
    units: tuple[Mask, ...]

    @classmethod
    def all_but(cls, layers: Layers, *, weights: list[Mask] | None = None, units: list[Mask] | None = None) -> "Kept":
        """What stays, all else of the layers included."""
        return cls(
            tuple(weights or (np.ones_like(layer.weights, bool) for layer in layers)),
            tuple(units or (np.ones(layer.n_units, bool) for layer in layers)),
        )


def pruned(
    layers: Layers, kept: Kept, rows: Any = None, row_weight: NDArray[np.float64] | None = None
) -> tuple[Layers, list[float | None]]:
    """Layers with what stays of them, solved again on rows or not.

    The layers are taken in order. The weights that stay in a layer are those with which it gives, for what the pruned
    layers before it give, what it gave before, as nearly as can be (`least_squares`): so a layer also makes up for
    those before it, as in Luo et al. (2017) and Frantar & Alistarh (2022). A layer that loses nothing, and that is fed
    what it was fed, stays as it is.

    Parameters
    ----------
    layers : Layers
    kept : Kept
    rows : ndarray or sparse matrix of float64, shape (n_rows, n_features), optional
        None: nothing is solved again.
    row_weight : ndarray of float64, shape (n_rows,), optional

    Returns
    -------
    layers : Layers
    ridges : list of float or None
        The ridge of each layer that was solved again; None of others.

    References
    ----------
    J.-H. Luo, J. Wu, W. Lin (2017). ThiNet: a filter level pruning method for deep neural network compression. ICCV.

    E. Frantar, D. Alistarh (2022). Optimal brain compression. NeurIPS.
    """
    before = after = None
    if rows is not None:
        before, after = layers.feed(rows, row_weight), layers.feed(rows, row_weight)
    chain: list[Layer] = list(layers)
    ridges: list[float | None] = [None] * len(chain)
    changed = False
    for place in range(len(chain)) if after is None else after.order:
        layer, units, mask = layers[place], kept.units[place], kept.weights[place]
        inputs = _inputs_left(layer, kept.units[place - 1] if place else None)
        loses = bool(layer.weights[~mask].any() or layer.weights[~inputs].any())
        mask = mask[inputs][:, units]
        left = layer.part(inputs, units)
        left = replace(left, weights=np.where(mask, left.weights, 0.0))
        if before is not None and after is not None:
            if loses or changed:
                wanted = layer.sums(before[place].rows)[:, units]
                left, ridges[place] = solved_again(left, mask, after[place], wanted)
                changed = True
            after.exchange(place, left)
        chain[place] = left
    return layers.with_chain(chain), ridges


def _inputs_left(layer: Layer, units: Mask | None) -> Mask:
    """Which inputs of a layer are left, given which units stay in the one before."""
    return np.ones(layer.n_in, bool) if units is None or units.all() else np.repeat(units, layer.n_each)
