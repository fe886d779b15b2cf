"""Layers: a model as weight matrices, the second representation beside Forest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ..exceptions import ModelFormatError

Mask: TypeAlias = NDArray[np.bool_]

#: What units make of the sum that they are fed, by scikit-learn's names.
ACTIVATIONS = {
    "identity": lambda sums: sums,
    "relu": lambda sums: np.maximum(sums, 0.0),
    "tanh": np.tanh,
    "logistic": expit,
}


@dataclass(frozen=True, eq=False)
class Layer:
    """Units that each weigh all that comes in.

    Parameters
    ----------
    weights : ndarray of float64, shape (n_in, n_units)
        What each unit multiplies each input by.
    bias : ndarray of float64, shape (n_units,)
        What each unit adds.
    activation : str, default="identity"
        What it makes of the sum: a key of `ACTIVATIONS`.
    has_bias : bool, default=True
        Whether the bias may be another: models fitted without an intercept keep theirs.
    is_sparse : bool, default=False
        Whether the model stores the weights as a sparse matrix.
    n_each : int, default=1
        How many inputs, one behind the other, come from each unit of the layer before (or from each column of the
        rows): more than one where units give an image, of which a window or all is looked at.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    activation: str = "identity"
    has_bias: bool = True
    is_sparse: bool = False
    n_each: int = 1

    @property
    def n_in(self) -> int:
        """Number of inputs of each unit."""
        return self.weights.shape[0]

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.weights.shape[1]

    def sums(self, rows: Any) -> NDArray[np.float64]:
        """What each unit is fed by rows, a matrix that may be sparse: shape (n_rows, n_units)."""
        return rows @ self.weights + self.bias

    def outputs(self, rows: Any) -> NDArray[np.float64]:
        """What each unit makes of it, shape (n_rows, n_units)."""
        return ACTIVATIONS[self.activation](self.sums(rows))

    def part(self, inputs: Mask, units: Mask) -> Self:
        """The layer with some of its inputs, shape (n_in,), and of its units, shape (n_units,)."""
        return replace(self, weights=self.weights[inputs][:, units], bias=self.bias[units])


class Seen(NamedTuple):
    """What the units of a layer see of rows.

    Parameters
    ----------
    rows : ndarray or sparse matrix of float64, shape (n_rows * n_places, n_in)
    weight : ndarray of float64, shape (n_rows * n_places,), or None
        How much each counts.
    n_places : int, default=1
        How many of them, one behind the other, are places of the same row.
    """

    rows: Any
    weight: NDArray[np.float64] | None
    n_places: int = 1


@dataclass(frozen=True, eq=False)
class Layers:
    """A chain of layers: the first is fed by the rows, each other one by the layer before it.

    All but the last are hidden. What a model makes of the sums of its last layer (classes, probabilities) is its own
    affair: the activation there is the identity.

    Parameters
    ----------
    chain : tuple of Layer
        At least one.
    """

    chain: tuple[Layer, ...]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.chain)

    def __len__(self) -> int:
        return len(self.chain)

    def __getitem__(self, place: int) -> Layer:
        return self.chain[place]

    @property
    def hidden(self) -> tuple[Layer, ...]:
        """The layers whose units feed others."""
        return self.chain[:-1]

    @property
    def n_features(self) -> int:
        """Number of columns of the rows."""
        return self.chain[0].n_in // self.chain[0].n_each

    @property
    def n_weights(self) -> int:
        """Number of weights that are not zero; a bias is no weight."""
        return sum(int(np.count_nonzero(layer.weights)) for layer in self)

    @property
    def n_units(self) -> int:
        """Number of units of all layers."""
        return sum(layer.n_units for layer in self)

    @property
    def used_features(self) -> Mask:
        """Which columns some unit looks at, shape (n_features,)."""
        return self.chain[0].weights.any(axis=1)

    def feed(self, rows: Any, row_weight: NDArray[np.float64] | None = None) -> "Feed":
        """What rows, which may count differently, feed each layer."""
        return Feed(self, rows, row_weight)

    def sums(self, rows: Any) -> NDArray[np.float64]:
        """What the units of the last layer are fed by rows, shape (n_rows, n_units)."""
        return self.chain[-1].sums(self.feed(rows)[len(self) - 1].rows)

    def check_units(self) -> None:
        """Raise UnsupportedModelError unless units can be taken out of the hidden layers."""

    def with_chain(self, chain: list[Layer]) -> "Layers":
        """Other layers in the places of these."""
        return replace(self, chain=tuple(chain))

    def stored(self, sparse: Sequence[bool]) -> "Layers":
        """The same layers, whose weights are stored as sparse matrices or not."""
        return self.with_chain([replace(layer, is_sparse=one) for layer, one in zip(self, sparse, strict=True)])

    def validate(self) -> "Layers":
        """The layers themselves, if they fit each other.

        Raises
        ------
        ModelFormatError
            Names the layer, counted from 0, and what is wrong.
        """
        n_before = self.n_features
        for place, layer in enumerate(self):
            if layer.weights.ndim != 2 or 0 in layer.weights.shape:
                raise ModelFormatError(f"Layer {place}: weights of shape {layer.weights.shape} are no matrix.")
            if layer.n_in != n_before * layer.n_each:
                come_in = n_before * layer.n_each
                raise ModelFormatError(f"Layer {place}: weights for {layer.n_in} inputs, but {come_in} come in.")
            if layer.bias.shape != (layer.n_units,):
                raise ModelFormatError(f"Layer {place}: a bias of shape {layer.bias.shape} for {layer.n_units} units.")
            for name in ("weights", "bias"):
                if not np.isfinite(getattr(layer, name)).all():
                    raise ModelFormatError(f"Layer {place}: {name} must be finite.")
            if layer.activation not in ACTIVATIONS:
                known = ", ".join(ACTIVATIONS)
                raise ModelFormatError(f"Layer {place}: the activation {layer.activation!r} is none of {known}.")
            n_before = layer.n_units
        return self


class Feed:
    """What rows feed each layer, of which others may take the places, from the first on.

    Parameters
    ----------
    layers : Layers
    rows : ndarray or sparse matrix of float64, shape (n_rows, n_features)
    row_weight : ndarray of float64, shape (n_rows,), optional
    """

    def __init__(self, layers: Layers, rows: Any, row_weight: NDArray[np.float64] | None = None):
        self._chain, self._rows, self._weight = list(layers), rows, row_weight
        self._place, self._fed = 0, rows

    @property
    def order(self) -> Sequence[int]:
        """The places of the layers in the order in which rows reach them."""
        return range(len(self._chain))

    def __getitem__(self, place: int) -> Seen:
        """What the units of a layer see; layers are best asked for in turn, for what was fed before is not kept."""
        if place < self._place:
            self._place, self._fed = 0, self._rows
        while self._place < place:
            self._fed = self._chain[self._place].outputs(self._fed)
            self._place += 1
        return Seen(self._fed, self._weight)

    def exchange(self, place: int, layer: Layer) -> None:
        """Put another layer in a place whose outputs were not asked for yet."""
        self._chain[place] = layer
