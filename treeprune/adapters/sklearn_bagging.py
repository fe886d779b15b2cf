"""scikit-learn's Bagging* over single trees."""

from dataclasses import replace

import numpy as np

from ..exceptions import UnsupportedModelError
from .sklearn_ensemble import SklearnEnsembleAdapter


class SklearnBaggingAdapter(SklearnEnsembleAdapter):
    """The mean of the values of trees which may know some columns and some classes only."""

    models = (
        "sklearn.ensemble._bagging.BaggingClassifier",
        "sklearn.ensemble._bagging.BaggingRegressor",
    )
    parts = (*models, *SklearnEnsembleAdapter.parts)
    per_tree = ("estimators_features_", "_seeds")

    def _columns(self, tree):
        return np.asarray(self.model.estimators_features_[tree])

    def _read_tree(self, tree):
        forest = super()._read_tree(tree)
        if forest.task == "regression":
            return forest
        n_classes = np.array([len(self.model.classes_)], np.int32)
        value = np.zeros((forest.n_nodes, 1, n_classes[0]))
        value[:, :, self._classes(tree)] = forest.value
        return replace(forest, value=value, n_classes=n_classes)

    def _write_tree(self, forest, tree):
        if forest.task == "classification":
            value = forest.value[:, :, self._classes(tree)]
            if np.count_nonzero(value) < np.count_nonzero(forest.value):
                raise UnsupportedModelError(f"Tree {tree} was grown without some classes; it cannot predict them.")
            forest = replace(forest, value=value)
        return super()._write_tree(forest, tree)

    def _classes(self, tree):
        """Codes of the classes that a tree was grown on, as floats in the tree."""
        return self._estimators[tree].classes_.astype(np.intp)
