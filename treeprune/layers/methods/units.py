"""Whole units leave, and arrays shrink."""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.parameters import is_number, refuse
from ..kept import Kept
from ..layers import Layer, Seen
from ..moments import covariance, variance
from ..surgery import elimination
from .base import LayerMethod


class UnitPruning(LayerMethod):
    """Take units out of the hidden layers, or columns out of what the first layer looks at.

    Parameters
    ----------
    amount : float, default=0.0
        The share of the units of each hidden layer that goes, in [0, 1); one at least stays.
    n_units : int, sequence of int or None, default=None
        Instead: how many units stay, in each hidden layer or layer by layer.
    criterion : {"norm", "activation", "obs"}, default="obs"
        Which units stay. "norm": those whose weights have the largest sum of absolute values: the weights that feed
        a hidden unit, as in Li et al. (2017), and those by which a column feeds others. "activation": those with the
        largest product of the standard deviation of what they give over rows and the norm of the weights by which they
        feed others. "obs": they go one by one, each time the one whose loss the others make up for best
        (`OptimalBrainSurgeon`, with the weights that a unit feeds others by taken together).
    of : {"hidden", "inputs"} or None, default=None
        "inputs": the columns of the rows are taken for units. The model takes them still, and their weights are zero;
        `treeprune.slim` takes them out of it. None: hidden units, and of a model without hidden layers inputs.
    reconstruct : {"least_squares"} or None, default="least_squares"
        Whether the weights by which the units that stay feed others are solved again, so that each layer gives what it
        gave, on rows without targets.

    References
    ----------
    H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf (2017). Pruning filters for efficient ConvNets. ICLR.

    B. Hassibi, D. Stork (1993). Second order derivatives for network pruning: optimal brain surgeon. NIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import UnitPruning
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((50, 20), max_iter=1000, random_state=0).fit(X, y)
    >>> small = prune(model, UnitPruning(amount=0.8), X)
    >>> print(small.hidden_layer_sizes, small.score(X, y) > model.score(X, y) - 0.02)
    (10, 4) True
    """

    alias = "unit"
    needs_parameters = True
    examples = ({"amount": 0.5}, {"amount": 0.5, "criterion": "norm"}, {"amount": 0.5, "criterion": "activation"})

    def __init__(self, amount=0.0, n_units=None, criterion="obs", of=None, reconstruct="least_squares"):
        self.amount = amount
        self.n_units = n_units
        self.criterion = criterion
        self.of = of
        self.reconstruct = reconstruct

    @property
    def judges_by_rows(self) -> bool:
        """Unless by norms."""
        return self.criterion != "norm"

    def check(self):
        """Raise ValueError where a parameter is out of range."""
        self._check_number("amount", 0.0, 1.0, closed="left")
        sizes = [] if self.n_units is None else self.n_units if np.ndim(self.n_units) == 1 else [self.n_units]
        if not all(is_number(size, Integral) and size >= 1 for size in sizes):
            refuse(self, "n_units", "an int of at least 1, a sequence of such or None")
        if self.n_units is not None and self.amount:
            raise ValueError(
                "UnitPruning takes either an 'amount' or 'n_units'. "
                f"Got amount={self.amount!r}, n_units={self.n_units!r}."
            )
        self._check_choice("criterion", ("norm", "activation", "obs"))
        self._check_choice("of", ("hidden", "inputs", None))
        self._check_reconstruct()

    def keep(self, layers, fed=None):
        """The units that matter most."""
        if self.of == "inputs" or (self.of is None and not layers.hidden):
            ranks = self._ranks(None, layers[0], fed and fed[0])
            kept = ranks < self._sizes([len(ranks)])[0]
            weights = [np.ones_like(layer.weights, bool) for layer in layers]
            weights[0] = weights[0] & np.repeat(kept, layers[0].n_each)[:, None]
            return Kept.all_but(layers, weights=weights)
        if not layers.hidden:
            raise ValueError("The 'of' parameter of UnitPruning must be 'inputs' for a model without hidden layers.")
        layers.check_units()
        sizes = self._sizes([layer.n_units for layer in layers.hidden])
        units = []
        for place, (layer, size) in enumerate(zip(layers.hidden, sizes, strict=True)):
            units.append(self._ranks(layer, layers[place + 1], fed and fed[place + 1]) < size)
        return Kept.all_but(layers, units=[*units, np.ones(layers[-1].n_units, bool)])

    def at(self, amount: float) -> Any:
        """The method by this amount, in place of numbers of units."""
        return super().at(amount).set_params(n_units=None)

    def _sizes(self, sizes):
        """How many units of each layer stay."""
        if self.n_units is None:
            return [max(1, size - round(self.amount * size)) for size in sizes]
        wanted = list(self.n_units) if np.ndim(self.n_units) else [self.n_units] * len(sizes)
        if len(wanted) != len(sizes):
            refuse(self, "n_units", f"an int, or one for each of the {len(sizes)} layers that lose units")
        return wanted

    def _ranks(self, layer: Layer | None, fed_layer: Layer, seen: Seen | None) -> NDArray[np.intp]:
        """The rank of each unit of a layer among all, 0 for the one that is to go last; of columns without a layer.

        Parameters
        ----------
        layer : Layer or None
        fed_layer : Layer
            The one that the units feed.
        seen : Seen or None
            What that sees of rows, where the criterion looks at them.
        """
        n_each = fed_layer.n_each
        if seen is None:
            size = np.abs(fed_layer.weights).sum(axis=1) if layer is None else np.abs(layer.weights).sum(axis=0)
            score = size.reshape(-1, n_each).sum(axis=1) if layer is None else size
        elif self.criterion == "obs":
            moments = covariance(seen.rows, seen.weight, fed_layer.has_bias)
            order, _ = elimination(moments, fed_layer.weights, n_each=n_each)
            return np.argsort(order[::-1])
        else:
            square = variance(seen.rows, seen.weight) * (fed_layer.weights**2).sum(axis=1)
            score = np.sqrt(square.reshape(-1, n_each).sum(axis=1))
        return np.argsort(np.argsort(-score, kind="stable"))
