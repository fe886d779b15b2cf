"""What every method for layers is: a small estimator that says what stays of them."""

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ...core.method import Method
from ...exceptions import MissingStatisticError
from ..kept import Kept, pruned
from ..layers import Feed, Layers, Mask


class LayerMethod(Method):
    """A method that prunes models made of weights: linear models and multi-layer perceptrons.

    Attributes
    ----------
    reconstruct : {"least_squares"} or None
        Whether the weights that stay are solved again on rows. Every method has this parameter.
    """

    reconstruct: str | None

    @property
    def judges_by_rows(self) -> bool:
        """Whether rows say what stays, besides how it is solved again."""
        return False

    @property
    def needs_rows(self) -> bool:
        """Whether the method does nothing without rows."""
        return self.judges_by_rows or self.reconstruct is not None

    @abstractmethod
    def check(self) -> None:
        """Raise ValueError where a parameter is out of range."""

    @abstractmethod
    def keep(self, layers: Layers, fed: Feed | None = None) -> Kept:
        """What stays of layers.

        Parameters
        ----------
        layers : Layers
        fed : Feed, optional
            What rows feed each layer; only to methods that judge by rows.
        """

    def prune(self, layers: Layers, rows: Any = None, row_weight: NDArray[np.float64] | None = None) -> Layers:
        """The layers that are left; the same object where nothing changes.

        Parameters
        ----------
        layers : Layers
        rows : ndarray or sparse matrix of float64, shape (n_rows, n_features), optional
            Rows for calibration; no targets are needed.
        row_weight : ndarray of float64, shape (n_rows,), optional
            How much each counts.

        Raises
        ------
        ValueError
            A parameter is out of range.
        MissingStatisticError
            The method needs rows.
        """
        self.check()
        if rows is None and self.needs_rows:
            unless = "" if self.judges_by_rows else ", or set reconstruct=None"
            raise MissingStatisticError(f"{type(self).__name__} needs rows for calibration: give X{unless}.")
        kept = self.keep(layers, layers.feed(rows, row_weight) if self.judges_by_rows else None)
        left, _ = pruned(layers, kept, rows if self.reconstruct else None, row_weight)
        left = self._stored(left)
        return layers if _same(layers, left) else left

    def at(self, amount: float) -> Self:
        """The method with another amount, whatever says how much it prunes now.

        Raises
        ------
        ValueError
            The method has no amount.
        """
        if "amount" not in self._get_param_names():
            raise ValueError(f"{type(self).__name__} gives no path: it has no 'amount'.")
        return clone(self).set_params(amount=amount)

    def _stored(self, layers):
        return layers

    def _check_reconstruct(self):
        self._check_choice("reconstruct", ("least_squares", None))


def _same(layers, others):
    return all(
        one.is_sparse == other.is_sparse
        and np.array_equal(one.weights, other.weights)
        and np.array_equal(one.bias, other.bias)
        for one, other in zip(layers, others, strict=True)
    )


def largest(scores: list[NDArray[np.float64]], amount: float, scope: str) -> list[Mask]:
    """Which scores are left when a share of them goes, the smallest first, the first of equal ones.

    Parameters
    ----------
    scores : list of ndarray
    amount : float
        The share that goes, rounded to whole numbers.
    scope : {"global", "layer"}
        Whether it is the share of all scores together, or that of each array.
    """
    if scope == "layer":
        return [_largest(score, amount) for score in scores]
    kept = _largest(np.concatenate([score.ravel() for score in scores]), amount)
    ends = np.cumsum([score.size for score in scores])[:-1]
    return [part.reshape(score.shape) for part, score in zip(np.split(kept, ends), scores, strict=True)]


def _largest(scores, amount):
    kept = np.ones(scores.size, bool)
    kept[np.argsort(scores, axis=None, kind="stable")[: round(amount * scores.size)]] = False
    return kept.reshape(scores.shape)
