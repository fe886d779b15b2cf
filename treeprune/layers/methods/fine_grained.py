"""Every unit loses the same share of its weights, or weights in a pattern that hardware knows."""

import re
from typing import Any

import numpy as np

from ...core.parameters import refuse
from ..kept import Kept
from .base import LayerMethod, largest


class FineGrainedPruning(LayerMethod):
    """Make the smallest weights of every unit zero, so that all units stay alike in size.

    Parameters
    ----------
    pattern : str or None, default="2:4"
        "n:m": of every m inputs in a row, the n largest weights of each unit stay; "2:4" is what GPUs multiply twice as
        fast. What is left over at the end, fewer than m inputs, keeps n weights, too.
    amount : float or None, default=None
        Instead of a pattern (None then): the share of its weights that each unit loses, in [0, 1].
    reconstruct : {"least_squares"} or None, default="least_squares"
        Whether the weights that stay are solved again so that each layer gives what it gave, on rows without targets.

    References
    ----------
    A. Mishra et al. (2021). Accelerating sparse deep neural networks. arXiv:2104.08378.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import FineGrainedPruning
    >>> X, y = load_digits(return_X_y=True)
    >>> small = prune(RidgeClassifier().fit(X, y), FineGrainedPruning("2:4"), X)
    >>> (small.coef_.reshape(10, 16, 4) != 0).sum(axis=2).max()
    2
    """

    alias = "fine_grained"
    examples = ({}, {"pattern": None, "amount": 0.7})

    def __init__(self, pattern="2:4", amount=None, reconstruct="least_squares"):
        self.pattern = pattern
        self.amount = amount
        self.reconstruct = reconstruct

    def check(self):
        """Raise ValueError where a parameter is out of range."""
        if (self.pattern is None) == (self.amount is None):
            raise ValueError(
                "FineGrainedPruning takes either a 'pattern' or an 'amount'; the other must be None. "
                f"Got pattern={self.pattern!r}, amount={self.amount!r}."
            )
        if self.pattern is not None and not self._is_pattern():
            refuse(self, "pattern", "a str 'n:m' of whole numbers with n at most m, m at least 1")
        self._check_number("amount", 0.0, 1.0, closed="both", none=True)
        self._check_reconstruct()

    def keep(self, layers, fed=None):
        """The largest weights of each unit."""
        by_unit = self._by_amount if self.pattern is None else self._by_pattern
        return Kept.all_but(layers, weights=[by_unit(np.abs(layer.weights)) for layer in layers])

    def at(self, amount: float) -> Any:
        """The method by this amount, in place of a pattern."""
        return super().at(amount).set_params(pattern=None)

    def _is_pattern(self):
        found = re.fullmatch(r"(\d+):([1-9]\d*)", self.pattern) if isinstance(self.pattern, str) else None
        return found is not None and int(found[1]) <= int(found[2])

    def _by_amount(self, size):
        return np.column_stack(largest(list(size.T), self.amount, "layer"))

    def _by_pattern(self, size):
        n_kept, n_group = map(int, self.pattern.split(":"))
        missing = -len(size) % n_group
        groups = np.pad(size, ((0, missing), (0, 0)), constant_values=-1.0).reshape(-1, n_group, size.shape[1])
        rank = np.argsort(np.argsort(-groups, axis=1, kind="stable"), axis=1)
        return (rank < n_kept).reshape(-1, size.shape[1])[: len(size)]
