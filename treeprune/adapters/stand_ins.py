"""Predictions of pruned models without making the models.

Trees add up to a raw output, from which the model's own code makes its predictions. Prunings along a path differ only
in what their trees add, so one walk over the trees gives the raw outputs of all prunings. A stand-in is a copy of the
model that takes such a raw output in place of its trees'.
"""

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import Adapter


class StandIns(Adapter):
    """What an adapter adds for fast scores of many prunings. The defaults hold for single trees and for means of trees.

    Attributes
    ----------
    reference_rows : array-like or None
        Rows whose raw output also decides what a pruned model predicts; None: there are none.
    """

    reference_rows: Any = None

    @property
    def summands(self) -> tuple[NDArray, NDArray[np.int32]]:
        """What each node adds to the raw output as a leaf.

        Returns
        -------
        value : ndarray of shape (n_nodes, n_values)
            Numbers that a node adds to neighbouring columns.
        column : ndarray of int32, shape (n_trees,)
            First of the columns that each tree adds to.
        """
        forest = self.forest
        value = forest.value.reshape(forest.n_nodes, -1)
        if forest.task == "margin":
            return value * forest.tree_weight[forest.node_tree][:, None], forest.tree_class
        return value, np.zeros(forest.n_trees, np.int32)

    def stand_in(self, raw: NDArray, reference: NDArray | None = None) -> Any:
        """A copy of the model that predicts from a given raw output, and does not look at the rows.

        Parameters
        ----------
        raw : ndarray of shape (n_rows, n_columns)
            Raw output of a pruned model; the mean over trees where the model averages them.
        reference : ndarray of shape (n_reference_rows, n_columns), optional
            That of `reference_rows`.
        """
        forest = self.forest
        if forest.task == "regression":
            prediction = raw[:, 0] if raw.shape[1] == 1 else raw
            return with_methods(self.model, predict=lambda X: prediction)
        shares = np.split(raw, forest.n_outputs, axis=1)
        shares = [share[:, :n] for share, n in zip(shares, forest.n_classes, strict=True)]
        classes = [self.model.classes_] if forest.n_outputs == 1 else self.model.classes_
        labels = [known[share.argmax(axis=1)] for known, share in zip(classes, shares, strict=True)]
        if forest.n_outputs > 1:
            labels = np.stack(labels, axis=1)
            return with_methods(self.model, predict=lambda X: labels, predict_proba=lambda X: shares)
        return with_methods(self.model, predict=lambda X: labels[0], predict_proba=lambda X: shares[0])


def with_methods(model: Any, **methods: Callable) -> Any:
    """A copy of a model with other methods in the place of its class's."""
    model = copy(model)
    for name, method in methods.items():
        method.__name__ = name  # scorers go by it
        setattr(model, name, method)
    return model
