"""Weights at or near zero go, and those that are left are stored alone where that is smaller."""

import numpy as np

from ..kept import Kept
from .base import LayerMethod

#: Bytes of a float64 weight, and of one in a sparse matrix with its column.
_DENSE, _SPARSE = 8, 12


class SparsityPruning(LayerMethod):
    """Make weights near zero zero, and store as a sparse matrix what is smaller so.

    With the default threshold nothing is lost: use it after another method to store what that left.

    Parameters
    ----------
    threshold : float, default=0.0
        Weights whose absolute value is at most this become zero.
    storage : {"auto", "dense"}, default="auto"
        "auto": weights become a sparse matrix where that takes fewer bytes, in models that predict with such: those
        with a method ``sparsify``, and multi-layer perceptrons. "dense": none does, and those that are become arrays.
    reconstruct : {"least_squares"} or None, default=None
        Whether the weights that stay are solved again on rows.

    Notes
    -----
    scikit-learn trains on no sparse weights (``partial_fit``, ``warm_start``): give ``storage="dense"`` before, or call
    the model's ``densify``. A multi-layer perceptron with a sparse first layer takes dense rows only.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from treeprune import prune
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> lasso = LogisticRegression(l1_ratio=1, C=0.1, solver="liblinear")
    >>> model = make_pipeline(StandardScaler(), lasso).fit(X, y)
    >>> print(prune(model, "sparsity")[-1].coef_.nnz)
    8
    """

    alias = "sparsity"
    needs_parameters = True
    examples = ({"threshold": 0.05}, {"threshold": 0.05, "reconstruct": "least_squares"})

    def __init__(self, threshold=0.0, storage="auto", reconstruct=None):
        self.threshold = threshold
        self.storage = storage
        self.reconstruct = reconstruct

    def check(self):
        """Raise ValueError where a parameter is out of range."""
        self._check_number("threshold", 0.0, closed="left")
        self._check_choice("storage", ("auto", "dense"))
        self._check_reconstruct()

    def keep(self, layers, fed=None):
        """The weights above the threshold."""
        return Kept.all_but(layers, weights=[np.abs(layer.weights) > self.threshold for layer in layers])

    def _stored(self, layers):
        if self.storage == "dense":
            return layers.stored([False] * len(layers))
        shares = [np.count_nonzero(layer.weights) / layer.weights.size for layer in layers]
        return layers.stored([_SPARSE * share < _DENSE for share in shares])
