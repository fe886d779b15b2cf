"""scikit-learn's AdaBoost* over single trees."""

from dataclasses import replace

import numpy as np

from .sklearn_ensemble import SklearnEnsembleAdapter


class SklearnAdaBoostAdapter(SklearnEnsembleAdapter):
    """Trees that vote with weights: for a class, or for the median."""

    models = (
        "sklearn.ensemble._weight_boosting.AdaBoostClassifier",
        "sklearn.ensemble._weight_boosting.AdaBoostRegressor",
    )
    operations = SklearnEnsembleAdapter.operations | {"tree_weight"}
    per_tree = ("estimator_errors_",)
    votes = True

    def _read(self):
        weight = np.array(self.model.estimator_weights_[: len(self._estimators)], dtype=np.float64)
        return replace(super()._read(), tree_weight=weight)

    def write(self, forest):
        model = super().write(forest)
        unused = self.model.estimator_weights_[len(self._estimators) :]  # boosting ended early: zeros
        model.estimator_weights_ = np.append(
            forest.tree_weight, unused if forest.n_trees == len(self._estimators) else []
        )
        return model
