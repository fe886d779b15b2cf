"""scikit-learn's linear models: a single layer, whose units are the classes or outputs."""

from copy import deepcopy
from typing import Any

import numpy as np
from scipy import sparse

from ...narrowing.base import with_columns
from ..layers import Layer, Layers
from .base import LayersAdapter, as_stored, dense

#: What stochastic gradient descent goes on from in ``partial_fit``, where it averages.
_STATE = {"coef_": ("_standard_coef", "_average_coef"), "intercept_": ("_standard_intercept", "_average_intercept")}


class LinearAdapter(LayersAdapter):
    """``coef_`` of shape (n_features,) or (n_outputs, n_features), dense or sparse, and ``intercept_``."""

    models = (
        *(
            f"sklearn.linear_model._{path}"
            for path in (
                "base.LinearRegression",
                "coordinate_descent.ElasticNet",
                "coordinate_descent.ElasticNetCV",
                "coordinate_descent.LassoCV",
                "coordinate_descent.MultiTaskElasticNetCV",
                "coordinate_descent.MultiTaskLassoCV",
                "glm.glm._GeneralizedLinearRegressor",
                "huber.HuberRegressor",
                "logistic.LogisticRegression",
                "quantile.QuantileRegressor",
                "ridge._BaseRidge",
                "ridge._BaseRidgeCV",
                "stochastic_gradient.BaseSGDClassifier",
                "stochastic_gradient.BaseSGDRegressor",
            )
        ),
        "sklearn.svm._classes.LinearSVC",
        "sklearn.svm._classes.LinearSVR",
    )

    def _read(self) -> Layers:
        coef = dense(self.model.coef_)
        weights = coef.reshape(-1, coef.shape[-1]).T if coef.ndim else coef
        bias = np.ravel(np.asarray(self.model.intercept_, dtype=np.float64))
        bias = np.repeat(bias, weights.shape[-1]) if len(bias) == 1 else bias
        has_bias = bool(self.model.get_params(deep=False).get("fit_intercept", True))
        return Layers((Layer(weights, bias, has_bias=has_bias, is_sparse=sparse.issparse(self.model.coef_)),))

    @property
    def stores_sparse(self) -> bool:
        """Those that have a method for it do."""
        return hasattr(self.model, "sparsify")

    def _written(self, layers: Layers) -> Any:
        layer, other = layers[0], deepcopy(self.model)
        if layer.is_sparse:
            other.coef_ = as_stored(layer.weights.T, True, self.model.coef_, sparse.csr_array)
        else:
            other.coef_ = as_stored(layer.weights.T.reshape(np.shape(self.model.coef_)), False, self.model.coef_)
        if layer.has_bias:
            intercept, shape = np.asarray(self.model.intercept_), np.shape(self.model.intercept_)
            bias = layer.bias.astype(intercept.dtype if intercept.dtype.kind == "f" else np.float64)
            other.intercept_ = bias.reshape(shape) if shape else bias[0]
        for name, states in _STATE.items():
            for state in states:
                if vars(other).get(state) is not None:
                    setattr(other, state, _copied(vars(other)[name]))
        return other

    def with_features(self, kept):
        """Also what `partial_fit` goes on from, and the coefficients that cross-validation tried."""
        states = [state for state in _STATE["coef_"] if vars(self.model).get(state) is not None]
        dense_coef = [] if sparse.issparse(self.model.coef_) else ["coef_"]
        other = with_columns(self.model, kept, *dense_coef, *states)
        if sparse.issparse(self.model.coef_):
            other.coef_ = self.model.coef_[:, np.flatnonzero(kept)]
        tried = getattr(self.model, "coefs_paths_", None)  # the intercept last, where there is one
        if tried is not None:
            of_class = (lambda path: path[..., np.append(kept, np.ones(path.shape[-1] - len(kept), bool))])
            is_dict = isinstance(tried, dict)
            other.coefs_paths_ = {label: of_class(path) for label, path in tried.items()} if is_dict else of_class(tried)
        return other


def _copied(coef):
    return coef.toarray() if sparse.issparse(coef) else np.copy(coef)
