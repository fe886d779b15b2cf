"""scikit-learn's AdaBoost* over single trees."""

from dataclasses import replace

import numpy as np

from .sklearn_ensemble import SklearnEnsembleAdapter
from .stand_ins import with_methods


class SklearnAdaBoostAdapter(SklearnEnsembleAdapter):
    """Trees that vote with weights: for a class, or for the median."""

    format_name = "sklearn adaboost"
    models = (
        "sklearn.ensemble._weight_boosting.AdaBoostClassifier",
        "sklearn.ensemble._weight_boosting.AdaBoostRegressor",
    )
    parts = (*models, *SklearnEnsembleAdapter.parts)
    operations = SklearnEnsembleAdapter.operations | {"tree_weight"}
    per_tree = ("estimator_errors_",)
    votes = True

    def _read(self):
        weight = np.array(self.model.estimator_weights_[: len(self._estimators)], dtype=np.float64)
        return replace(super()._read(), tree_weight=weight)

    def write(self, forest):
        model = super().write(forest)
        unused = self.model.estimator_weights_[len(self._estimators) :]  # boosting ended early: zeros
        same = [self._is_as_grown(forest.tree(i), tree) for i, tree in enumerate(forest.tree_id)]
        errors = model.estimator_errors_[: forest.n_trees]
        model.estimator_errors_ = model.estimator_errors_.copy()
        # Errors in training are not those of trees that have changed.
        model.estimator_errors_[: forest.n_trees] = np.where(same, errors, np.nan)
        model.estimator_weights_ = np.append(
            forest.tree_weight, unused if forest.n_trees == len(self._estimators) else []
        )
        return model

    def _is_as_grown(self, forest, tree):
        first, last = self.forest.start[tree : tree + 2]
        return np.array_equal(forest.value, self.forest.value[first:last])

    @property
    def summands(self):
        """Votes of a classifier's trees for the classes; of a regressor each tree's value, in a column of its own."""
        forest = self.forest
        if forest.task == "regression":
            return forest.value[:, 0], np.arange(forest.n_trees, dtype=np.int32)
        value = forest.value[:, 0]
        votes = (value.argmax(axis=1)[:, None] == np.arange(value.shape[1])).astype(np.float64)
        return votes * forest.tree_weight[forest.node_tree][:, None], np.zeros(forest.n_trees, np.int32)

    def base(self, X):
        forest = self.forest
        return np.zeros((1, forest.n_trees if forest.task == "regression" else forest.value.shape[2]))

    def stand_in(self, raw, reference=None):
        weight = self.forest.tree_weight
        if self.forest.task == "regression":
            median = weighted_median(raw, weight)
            return with_methods(self.model, predict=lambda X: median)
        n_classes = raw.shape[1]
        decision = (raw - (weight.sum() - raw) / max(n_classes - 1, 1)) / weight.sum()
        if n_classes == 2:
            decision = decision[:, 1] - decision[:, 0]
        return with_methods(
            self.model, decision_function=lambda X: decision.copy()
        )  # which scikit-learn divides in place


def weighted_median(values, weight):
    """Weighted median of each row, as AdaBoost.R2 predicts it: the least value up to which half of the weight lies."""
    order = np.argsort(values, axis=1)
    below = np.cumsum(weight[order], axis=1)
    place = (below >= 0.5 * below[:, -1:]).argmax(axis=1)
    row = np.arange(len(values))
    return values[row, order[row, place]]
