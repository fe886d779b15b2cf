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
    before = after = rows
    chain: list[Layer] = []
    ridges: list[float | None] = []
    inputs, changed = np.ones(layers.n_features, bool), False
    for place, layer in enumerate(layers):
        units, mask = kept.units[place], kept.weights[place]
        loses = bool(layer.weights[~mask].any() or layer.weights[~inputs].any())
        mask = mask[inputs][:, units]
        left = replace(layer, weights=np.where(mask, layer.weights[inputs][:, units], 0.0), bias=layer.bias[units])
        ridge = None
        if rows is not None and (loses or changed):
            wanted = layer.sums(before)[:, units]
            left, ridge = solved_again(left, mask, after, wanted, row_weight)
            changed = True
        if rows is not None and place < len(layers) - 1:
            before, after = layer.outputs(before), left.outputs(after)
        inputs = units
        chain.append(left)
        ridges.append(ridge)
    return layers.with_chain(chain), ridges
