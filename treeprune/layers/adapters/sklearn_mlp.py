"""scikit-learn's multi-layer perceptrons."""

from copy import copy, deepcopy
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone

from ...narrowing.base import with_columns
from ..layers import Layer, Layers
from .base import LayersAdapter, dense


class MLPAdapter(LayersAdapter):
    """``coefs_`` and ``intercepts_`` of each layer; sizes and the state of training follow when units leave.

    A pruned model is trained on as one that starts from its weights: the moments of the optimiser are those of the
    weights that were there before, and go; the best score so far is that of another model, and is none.
    """

    models = ("sklearn.neural_network._multilayer_perceptron.BaseMultilayerPerceptron",)

    def _read(self) -> Layers:
        coefs, last = self.model.coefs_, len(self.model.coefs_) - 1
        return Layers(
            tuple(
                Layer(
                    dense(coef),
                    np.asarray(bias, dtype=np.float64),
                    "identity" if place == last else self.model.activation,
                    is_sparse=sparse.issparse(coef),
                )
                for place, (coef, bias) in enumerate(zip(coefs, self.model.intercepts_, strict=True))
            )
        )

    def _written(self, layers: Layers) -> Any:
        other = self._without_optimiser()
        stored = zip(layers, self.model.coefs_, self.model.intercepts_, strict=True)
        other.coefs_, other.intercepts_ = [], []
        for layer, coef, bias in stored:
            weights = np.ascontiguousarray(layer.weights, dtype=coef.dtype)
            other.coefs_.append(sparse.csr_array(weights) if layer.is_sparse else weights)
            other.intercepts_.append(layer.bias.astype(bias.dtype))
        sizes = [layer.n_units for layer in layers.hidden]
        if sizes != [layer.n_units for layer in self.layers.hidden]:
            given = self.model.hidden_layer_sizes
            other.hidden_layer_sizes = sizes[0] if np.ndim(given) == 0 else tuple(sizes)
        if hasattr(other, "_best_coefs"):
            other._best_coefs = [coef.copy() for coef in other.coefs_]
            other._best_intercepts = [bias.copy() for bias in other.intercepts_]
        if self.model.solver != "lbfgs":
            other._no_improvement_count = 0
            for name, none in (("best_loss_", np.inf), ("best_validation_score_", -np.inf)):
                if getattr(other, name, None) is not None:
                    setattr(other, name, none)
        return other

    def with_features(self, kept):
        """The first layer loses the columns."""
        other = with_columns(self._without_optimiser(), kept)
        for coefs in (other.coefs_, getattr(other, "_best_coefs", [])):
            coefs[:1] = [first[np.flatnonzero(kept)] for first in coefs[:1]]
        return other

    def trained_smaller(self, y):
        """The same with a half to a sixteenth of the hidden units."""
        for part in (2, 4, 8, 16):
            sizes = tuple(max(1, layer.n_units // part) for layer in self.layers.hidden)
            yield f"hidden_layer_sizes={sizes}", clone(self.model).set_params(hidden_layer_sizes=sizes)

    def _without_optimiser(self):
        """A deep copy of the model without the moments of weights, whose shapes are not these any more."""
        other = copy(self.model)
        vars(other).pop("_optimizer", None)
        return deepcopy(other)
