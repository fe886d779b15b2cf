"""Layers: a model as weight matrices, the second representation beside Forest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

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
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    activation: str = "identity"
    has_bias: bool = True
    is_sparse: bool = False

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
        return self.chain[0].n_in

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

    def fed(self, rows: Any) -> list[Any]:
        """What each layer is fed by rows: the rows, then what the layers before the last make of them."""
        fed = [rows]
        for layer in self.hidden:
            fed.append(layer.outputs(fed[-1]))
        return fed

    def sums(self, rows: Any) -> NDArray[np.float64]:
        """What the units of the last layer are fed by rows, shape (n_rows, n_units)."""
        return self.chain[-1].sums(self.fed(rows)[-1])

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
        n_in = self.n_features
        for place, layer in enumerate(self):
            if layer.weights.ndim != 2 or 0 in layer.weights.shape:
                raise ModelFormatError(f"Layer {place}: weights of shape {layer.weights.shape} are no matrix.")
            if layer.n_in != n_in:
                raise ModelFormatError(f"Layer {place}: weights for {layer.n_in} inputs, but {n_in} come in.")
            if layer.bias.shape != (layer.n_units,):
                raise ModelFormatError(f"Layer {place}: a bias of shape {layer.bias.shape} for {layer.n_units} units.")
            for name in ("weights", "bias"):
                if not np.isfinite(getattr(layer, name)).all():
                    raise ModelFormatError(f"Layer {place}: {name} must be finite.")
            if layer.activation not in ACTIVATIONS:
                known = ", ".join(ACTIVATIONS)
                raise ModelFormatError(f"Layer {place}: the activation {layer.activation!r} is none of {known}.")
            n_in = layer.n_units
        return self
