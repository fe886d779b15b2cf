"""The smallest weights go."""

import numpy as np

from ..kept import Kept
from .base import LayerMethod, largest


class MagnitudePruning(LayerMethod):
    """Make the smallest weights zero.

    Parameters
    ----------
    amount : float, default=0.0
        The share of the weights that is zero afterwards, in [0, 1]. Biases are no weights.
    scope : {"global", "layer"}, default="global"
        Whether weights of all layers are compared with each other, or each layer loses the same share.
    reconstruct : {"least_squares"} or None, default="least_squares"
        Whether the weights that stay are solved again so that each layer gives what it gave, on rows without targets.

    References
    ----------
    S. Han, J. Pool, J. Tran, W. Dally (2015). Learning both weights and connections for efficient neural networks.
    NIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import MagnitudePruning
    >>> X, y = load_digits(return_X_y=True)
    >>> small = prune(RidgeClassifier().fit(X, y), MagnitudePruning(amount=0.5), X)
    >>> print((small.coef_ != 0).mean())
    0.5
    """

    alias = "magnitude"
    needs_parameters = True
    examples = ({"amount": 0.8}, {"amount": 0.5, "scope": "layer"})

    def __init__(self, amount=0.0, scope="global", reconstruct="least_squares"):
        self.amount = amount
        self.scope = scope
        self.reconstruct = reconstruct

    def check(self):
        """Raise ValueError where a parameter is out of range."""
        self._check_number("amount", 0.0, 1.0, closed="both")
        self._check_choice("scope", ("global", "layer"))
        self._check_reconstruct()

    def keep(self, layers, fed=None):
        """The largest weights."""
        weights = [np.abs(layer.weights) for layer in layers]
        return Kept.all_but(layers, weights=largest(weights, self.amount, self.scope))
