"""The base of the pruning meta-estimators, which predict with the pruned model in `estimator_`."""

from typing import Any

from numpy.typing import NDArray
from sklearn.base import MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..composites.exchange import sizes
from ..core.targets import check_target
from ..methods.parameters import NestedMethods


def _estimator_has(name):
    """A check that the inner estimator, fitted or not, has a method; its AttributeError says why it has none."""

    def check(self):
        getattr(getattr(self, "estimator_", self.estimator), name)
        return True

    return check


class PrunedEstimator(MetaEstimatorMixin, NestedMethods):
    """A meta-estimator that predicts with `estimator_` and has the inner estimator's tags."""

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        for name in ("estimator_type", "target_tags", "classifier_tags", "regressor_tags", "input_tags"):
            setattr(tags, name, getattr(inner, name))
        tags.non_deterministic = inner.non_deterministic
        return tags

    @property
    def n_features_in_(self) -> int:
        """Number of features seen in `fit`."""
        return self._fitted_attribute("n_features_in_")

    @property
    def feature_names_in_(self):
        """Names of the features seen in `fit`, where they were all strings."""
        return self._fitted_attribute("feature_names_in_")

    @property
    def classes_(self):
        """Class labels (classifiers)."""
        return self._fitted_attribute("classes_")

    @property
    def feature_importances_(self):
        """Importances of the pruned model, shape (n_features,)."""
        return self._fitted_attribute("feature_importances_")

    @available_if(_estimator_has("predict"))
    def predict(self, X: Any) -> NDArray:
        """Predictions of the pruned model for rows X of shape (n_rows, n_features)."""
        return self._fitted().predict(X)

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray:
        """Class probabilities of the pruned model, shape (n_rows, n_classes)."""
        return self._fitted().predict_proba(X)

    @available_if(_estimator_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> NDArray:
        """Logarithms of `predict_proba`."""
        return self._fitted().predict_log_proba(X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X: Any) -> NDArray:
        """Decision function of the pruned model."""
        return self._fitted().decision_function(X)

    @available_if(_estimator_has("score_samples"))
    def score_samples(self, X: Any) -> NDArray:
        """Anomaly scores of the pruned model (outlier detectors), shape (n_rows,)."""
        return self._fitted().score_samples(X)

    @available_if(_estimator_has("apply"))
    def apply(self, X: Any) -> NDArray:
        """Leaf ids of the pruned model."""
        return self._fitted().apply(X)

    @available_if(_estimator_has("fit_predict"))
    def fit_predict(self, X: Any, y: Any = None, **fit_params: Any) -> NDArray:
        """Fit, prune and predict the same rows (outlier detectors)."""
        return self.fit(X, y, **fit_params).predict(X)

    @available_if(_estimator_has("score"))
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score of the pruned model, by the inner estimator's own measure."""
        check_target(y)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._fitted().score(X, y, **weights)

    def _state_sizes(self, model):
        """Say in attributes how large the pruned model is, in the place of those of a fit before."""
        for name in ("n_leaves", "n_nodes", "n_weights", "n_units"):
            vars(self).pop(f"{name}_", None)
        for name, size in sizes(model).items():
            setattr(self, f"{name}_", size)

    def _fitted(self):
        check_is_fitted(self, "estimator_")
        return self.estimator_

    def _fitted_attribute(self, name):
        if "estimator_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} object has no {name!r} attribute before fit.")
        return getattr(self.estimator_, name)
