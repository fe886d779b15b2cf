"""Weights whose loss the others can best make up for go, layer by layer."""

import numpy as np
from numpy.typing import NDArray

from ..kept import Kept
from ..layers import Layer, Seen
from ..moments import covariance
from ..surgery import elimination
from .base import LayerMethod, largest


class OptimalBrainSurgeon(LayerMethod):
    """Take the weights out of each unit one by one, each time the one whose loss the others make up for best.

    What a unit of a layer gives changes, over rows, by a quadratic function of the change of its weights. Of the
    weight q, with the inverse H of the inputs' covariance, w_q ** 2 / (2 H_qq) is what it costs to lose it if the
    others change as they should; they do, and the next one is looked for.

    Parameters
    ----------
    amount : float, default=0.0
        The share of the weights that is zero afterwards, in [0, 1].
    scope : {"global", "layer"}, default="global"
        Whether the costs of all units of all layers are compared, or each layer loses the same share.
    reconstruct : {"least_squares"} or None, default="least_squares"
        Whether the weights that stay are solved again for what the pruned layers before feed them. If not, they are
        those of the unpruned layer: only which ones stay is taken from the surgery.

    Notes
    -----
    A unit of n inputs takes some n ** 3 / 3 steps, so that a layer of 1,000 inputs and 1,000 units takes minutes.

    References
    ----------
    B. Hassibi, D. Stork (1993). Second order derivatives for network pruning: optimal brain surgeon. NIPS.

    E. Frantar, D. Alistarh (2022). Optimal brain compression: a framework for accurate post-training quantization and
    pruning. NeurIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from treeprune import prune
    >>> from treeprune.methods import OptimalBrainSurgeon
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LinearRegression().fit(X, y)
    >>> small = prune(model, OptimalBrainSurgeon(amount=0.5), X)
    >>> print((small.coef_ != 0).sum(), round(model.score(X, y), 3), round(small.score(X, y), 3))
    5 0.518 0.499
    """

    alias = "optimal_brain_surgeon"
    needs_parameters = True
    examples = ({"amount": 0.8}, {"amount": 0.5, "scope": "layer"})

    def __init__(self, amount=0.0, scope="global", reconstruct="least_squares"):
        self.amount = amount
        self.scope = scope
        self.reconstruct = reconstruct

    @property
    def judges_by_rows(self) -> bool:
        """Always."""
        return True

    def check(self):
        """Raise ValueError where a parameter is out of range."""
        self._check_number("amount", 0.0, 1.0, closed="both")
        self._check_choice("scope", ("global", "layer"))
        self._check_reconstruct()

    def keep(self, layers, fed=None):
        """The weights that would go last."""
        costs = [_costs(layer, fed[place]) for place, layer in enumerate(layers)]
        return Kept.all_but(layers, weights=largest(costs, self.amount, self.scope))


def _costs(layer: Layer, seen: Seen) -> NDArray[np.float64]:
    """What it costs to lose each weight when its turn comes, and at least what those before it cost."""
    moments = covariance(seen.rows, seen.weight, layer.has_bias)
    costs = np.empty(layer.weights.shape)
    for unit in range(layer.n_units):
        order, cost = elimination(moments, layer.weights[:, [unit]])
        costs[order, unit] = np.maximum.accumulate(cost)
    return costs
