"""scikit-learn's Bagging* over single trees."""

from dataclasses import replace

import numpy as np

from ..exceptions import ModelFormatError
from .class_weights import FORESTS_BALANCE_BY_WEIGHT
from .sklearn_ensemble import SklearnEnsembleAdapter


class SklearnBaggingAdapter(SklearnEnsembleAdapter):
    """The mean of the values of trees, each of which may have been grown on some columns and some classes only.

    A tree that is given values for other classes than it was grown on has all classes from then on.
    """

    format_name = "sklearn bagging"
    models = (
        "sklearn.ensemble._bagging.BaggingClassifier",
        "sklearn.ensemble._bagging.BaggingRegressor",
        "treeprune.links.LinkedBaggingClassifier",
    )
    parts = (*models, *SklearnEnsembleAdapter.parts)
    per_tree = ("estimators_features_", "_seeds")
    balances_by_weight = FORESTS_BALANCE_BY_WEIGHT  # since then, samples are drawn by the weights

    def _columns(self, tree):
        return np.asarray(self.model.estimators_features_[tree])

    @property
    def _labels(self):
        return [np.arange(len(self.model.classes_))]  # which the trees are given

    def _read_tree(self, tree):
        forest = super()._read_tree(tree)
        if forest.task == "regression":
            return forest
        n_classes = np.array([len(self.model.classes_)], np.int32)
        value = np.zeros((forest.n_nodes, 1, n_classes[0]))
        value[:, :, self._classes(tree)] = forest.value
        return replace(forest, value=value, n_classes=n_classes)

    def _write_tree(self, forest, tree):
        if forest.task == "regression":
            return super()._write_tree(forest, tree)
        known, n_classes = self._classes(tree), forest.value.shape[2]
        unknown = np.setdiff1d(np.arange(n_classes), known)
        if not forest.value[:, :, unknown].any():
            return super()._write_tree(_of_classes(forest, known), tree)
        estimator = super()._write_tree(forest, tree)
        estimator.classes_ = np.arange(n_classes, dtype=estimator.classes_.dtype)
        estimator.n_classes_ = type(estimator.n_classes_)(n_classes)
        return estimator

    def _classes(self, tree):
        """Codes of the classes that a tree was grown on."""
        codes, n_classes = np.asarray(self._estimators[tree].classes_), len(self.model.classes_)
        if not np.isin(codes, np.arange(n_classes)).all() or len(np.unique(codes)) != self._estimators[tree].n_classes_:
            raise ModelFormatError(f"tree {tree}: classes_ {codes.tolist()} are no codes of {n_classes} classes")
        return codes.astype(np.intp)


def _of_classes(forest, codes):
    """A forest whose values are those of some of its classes."""
    return replace(forest, value=forest.value[:, :, codes], n_classes=np.array([len(codes)], np.int32))
