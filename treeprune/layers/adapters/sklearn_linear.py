"""scikit-learn's linear models: a single layer, whose units are the classes or outputs."""

from copy import deepcopy
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone, is_classifier

from ...core.class_paths import class_paths
from ...narrowing.base import with_columns
from ..layers import Layer, Layers
from .base import LayersAdapter, dense, like

#: How strong the penalties are of models that an L1 penalty makes small.
_STRENGTHS = (1e-3, 1e-2, 3e-2, 1e-1, 3e-1)
_GENERALIZED = "sklearn.linear_model._glm.glm._GeneralizedLinearRegressor"
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
                _GENERALIZED.removeprefix("sklearn.linear_model._"),
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
        weights = coef.reshape(-1, coef.shape[-1]).T
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
        other.coef_ = like(self.model.coef_, layer.weights.T)
        if layer.has_bias:
            intercept, shape = np.asarray(self.model.intercept_), np.shape(self.model.intercept_)
            bias = layer.bias.astype(intercept.dtype if intercept.dtype.kind == "f" else np.float64)
            other.intercept_ = bias.reshape(shape) if shape else bias[0]
        for name, states in _STATE.items():
            for state in states:
                if vars(other).get(state) is not None:
                    setattr(other, state, np.copy(vars(other)[name]))
        return other.sparsify() if layer.is_sparse else other

    def trained_smaller(self, y):
        """The same with an L1 penalty, or the model of its kind that has one."""
        if _GENERALIZED in class_paths(self.model) or (is_classifier(self.model) and np.ndim(y) > 1):
            return
        spread = 1.0 if is_classifier(self.model) else float(np.std(y))
        for strength in _STRENGTHS:
            smaller = self._with_l1(strength, spread)
            name = "C" if "C" in smaller.get_params() else "alpha"
            yield f"L1 penalty, {name}={getattr(smaller, name):.3g}", smaller

    def _with_l1(self, strength, spread):
        from sklearn.linear_model import Lasso, LogisticRegression
        from sklearn.svm import LinearSVC

        params = self.model.get_params(deep=False)
        if {"penalty", "alpha"} <= params.keys():  # stochastic gradient descent
            return clone(self.model).set_params(penalty="l1", alpha=strength / 10.0)
        if not is_classifier(self.model):
            return Lasso(alpha=strength * spread, fit_intercept=params.get("fit_intercept", True))
        shared = {name: params[name] for name in ("class_weight", "fit_intercept", "random_state") if name in params}
        if not hasattr(self.model, "predict_proba"):
            return LinearSVC(penalty="l1", dual=False, C=0.01 / strength, **shared)
        solver = "liblinear" if len(self.model.classes_) == 2 else "saga"
        # its name for an L1 penalty since scikit-learn 1.8
        l1 = {"l1_ratio": 1.0} if LogisticRegression().penalty == "deprecated" else {"penalty": "l1"}
        return LogisticRegression(**l1, C=0.01 / strength, solver=solver, **shared)

    def with_features(self, kept):
        """Also what `partial_fit` goes on from, and the coefficients that cross-validation tried."""
        states = [state for state in _STATE["coef_"] if vars(self.model).get(state) is not None]
        is_sparse = sparse.issparse(self.model.coef_)
        model = deepcopy(self.model)
        other = with_columns(model.densify() if is_sparse else model, kept, "coef_", *states)
        for name in ("coef_", *states):
            setattr(other, name, np.ascontiguousarray(getattr(other, name)))
        tried = getattr(self.model, "coefs_paths_", None)  # the intercept last, where there is one
        if tried is not None:
            is_dict = isinstance(tried, dict)
            left = {label: _left(path, kept) for label, path in tried.items()} if is_dict else _left(tried, kept)
            other.coefs_paths_ = left
        return other.sparsify() if is_sparse else other


def _left(path, kept):
    return path[..., np.append(kept, np.ones(path.shape[-1] - len(kept), bool))]
