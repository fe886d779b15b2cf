"""scikit-learn's GradientBoosting*."""

import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..core import losses
from ..core.risk import branch_sums
from ..exceptions import ModelFormatError
from .sklearn_ensemble import SklearnEnsembleAdapter
from .sklearn_losses import LOSSES
from .sklearn_tree import encode_target
from .stand_ins import with_methods
from .unstored_values import values_from_rows


class SklearnGradientBoostingAdapter(SklearnEnsembleAdapter):
    """Stages of regression trees of pseudo-residuals, one for each class where there are more than two.

    Leaves hold Newton steps (or medians), while nodes that split keep the mean residual of their rows: what such a
    node would hold as a leaf is worked out from that where the loss allows it, and from rows elsewhere.
    """

    format_name = "sklearn gradient boosting"
    models = (
        "sklearn.ensemble._gb.GradientBoostingClassifier",
        "sklearn.ensemble._gb.GradientBoostingRegressor",
    )
    operations = SklearnEnsembleAdapter.operations | {"tree_weight"}
    parts = (
        *models,
        *SklearnEnsembleAdapter.parts,
        *LOSSES,
        "sklearn.dummy.DummyClassifier",
        "sklearn.dummy.DummyRegressor",
    )

    def _read(self):
        forest = super()._read()
        n_trees, n_columns = len(self._estimators), self._n_columns
        forest = replace(
            forest,
            task="margin",
            tree_class=np.tile(np.arange(n_columns, dtype=np.int32), n_trees // n_columns),
            per_stage=n_columns,
            tree_weight=np.full(n_trees, float(self.model.learning_rate)),
        )
        return replace(forest.validate(), value=self._values(forest)[:, None, None])

    @cached_property
    def _estimators(self):
        return list(self.model.estimators_.ravel())

    @property
    def _n_columns(self):
        return self.model.estimators_.shape[1]

    def _values(self, forest):
        stored = forest.value[:, 0, 0]
        if self.model.loss == "squared_error":
            return stored
        if self.model.loss in ("log_loss", "exponential"):
            return newton_values(forest, stored)
        return np.where(forest.is_leaf, stored, np.nan)

    def stored(self, full):
        stored = super().stored(full)
        bare = np.empty(self.model.estimators_.shape, dtype=object)
        bare.ravel()[:] = stored.skeleton.estimators_
        stored.skeleton.estimators_ = bare
        return stored

    @classmethod
    def assembled(cls, skeleton, trees):
        model = super().assembled(skeleton, trees)
        first = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))
        if model.estimators_.ndim != 2 or first.shape != (1, model.estimators_.shape[1]):
            raise ModelFormatError(f"Stages of shape {model.estimators_.shape} start from {first.shape[1]} columns.")
        return model

    @property
    def used_features(self):
        """All columns, where a model of one's own gives the raw output that stages add to."""
        dummy = self.model.init_ == "zero" or type(self.model.init_).__module__ == "sklearn.dummy"
        return super().used_features if dummy else np.ones(self.model.n_features_in_, bool)

    def _as_held(self, trees):
        held = np.empty(self.model.estimators_.shape, dtype=object)
        held.ravel()[:] = trees
        return held

    def write(self, forest):
        model, n_columns = copy.copy(self.model), self._n_columns
        stages = np.unique(forest.tree_id // n_columns)
        trees = {tree: forest.tree(i) for i, tree in enumerate(forest.tree_id)}
        model.estimators_ = np.empty((len(stages), n_columns), dtype=object)
        for i, column in np.ndindex(model.estimators_.shape):
            tree = stages[i] * n_columns + column
            model.estimators_[i, column] = self._write_tree(trees.get(tree) or self.zero_leaf(tree), tree)
        if len(stages) < len(self.model.estimators_):
            model.n_estimators = model.n_estimators_ = len(stages)
        for name in ("train_score_", "oob_improvement_", "oob_scores_"):  # not known; warm starts lengthen them
            if hasattr(model, name):
                setattr(model, name, np.full(len(stages), np.nan))
        if hasattr(model, "oob_score_"):
            model.oob_score_ = np.nan
        return model

    def _write_tree(self, forest, tree):
        stored = self._estimators[tree].tree_.value[forest.node_id]
        value = forest.value * (forest.tree_weight[0] / self.model.learning_rate)
        return super()._write_tree(replace(forest, value=np.where(forest.is_leaf[:, None, None], value, stored)), tree)

    def _with_values(self, rows):
        return values_from_rows(self.forest, rows, self.model._raw_predict_init(rows.compared()), self._leaf_value)

    def _leaf_value(self, y, margin, column, sample_weight):
        if self.model.loss not in ("log_loss", "exponential"):
            return self.model._loss.fit_intercept_only(y_true=y - margin[:, column], sample_weight=sample_weight)
        n = self._n_columns
        sums = [sample_weight @ array[:, column] for array in losses.derivatives(self.loss, y[:, None], margin)]
        return -sums[0] / sums[1] * ((n - 1) / n if n > 1 else 1.0)

    def encode_target(self, y):
        return encode_target(self.model, y, 1)

    @property
    def loss(self):
        own = {
            "squared_error": losses.Squared(),
            "log_loss": losses.Logistic() if self._n_columns == 1 else losses.Multinomial(),
            "exponential": losses.Exponential(),
            "absolute_error": losses.Absolute(),
            "quantile": losses.Quantile(getattr(self.model, "alpha", None)),
        }
        if self.model.loss == "huber":  # its delta is that of the last stage
            return losses.Huber(self.model._loss.closs.delta)
        return own[self.model.loss]

    def margin(self, X):
        raw = self.model.decision_function if hasattr(self.model, "classes_") else self.model.predict
        return raw(X).reshape(-1, self._n_columns)

    def base(self, X):
        return self.model._raw_predict_init(self.compared(X))

    def stand_in(self, raw, reference=None):
        return with_methods(self.model, _raw_predict=lambda X: raw)


def newton_values(forest, stored):
    """Values of all nodes of trees whose leaves hold Newton steps and whose other nodes mean residuals.

    A leaf of weight W, mean residual m and sum of hessians H holds ``v = c W m / H`` with a constant c. So a leaf's m
    gives its ``H / c``, and sums of ``H / c`` over leaves, with the m that other nodes store, give the values of these.

    Leaves do not store m. If a leaf's sibling splits, the leaf's sum of residuals is that of its parent less that of
    the sibling. For two sibling leaves, the variances (`impurity`) of the three nodes give the difference of the two
    means, but not which mean is larger. The signs of the leaves' values decide that; where they allow both, the choice
    with the smaller difference between the mean hessians of the two leaves is taken.

    Parameters
    ----------
    forest : Forest
        Boosted trees with impurities.
    stored : ndarray of float64, shape (n_nodes,)
        The values that the trees store.

    Returns
    -------
    ndarray of float64, shape (n_nodes,)
        NaN where a leaf below has the value 0, from which its hessians cannot be computed.
    """
    weight, impurity = forest.weighted_n_node_samples, forest.impurity
    mean = np.where(forest.is_leaf, np.nan, stored)
    node = forest.internal
    left, right = forest.children_left[node], forest.children_right[node]
    for leaf, sibling in ((left, right), (right, left)):
        alone = forest.is_leaf[leaf] & ~forest.is_leaf[sibling]
        p, a, b = node[alone], leaf[alone], sibling[alone]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean[a] = (weight[p] * mean[p] - weight[b] * mean[b]) / weight[a]
    both = forest.is_leaf[left] & forest.is_leaf[right]
    p, a, b = node[both], left[both], right[both]
    between = weight[p] * impurity[p] - weight[a] * impurity[a] - weight[b] * impurity[b]
    sides = []
    with np.errstate(divide="ignore", invalid="ignore"):  # without statistics, too: a file may have left them out
        distance = np.sqrt(np.maximum(between, 0) * weight[p] / (weight[a] * weight[b]))
        for sign in (1, -1):
            of_a = mean[p] + sign * distance * weight[b] / weight[p]
            of_b = mean[p] - sign * distance * weight[a] / weight[p]
            inverse = np.log(of_a / stored[a]) - np.log(of_b / stored[b])  # NaN where a sign is wrong
            sides.append((of_a, of_b, np.nan_to_num(np.abs(inverse), nan=np.inf)))
        first = sides[0][2] <= sides[1][2]
        mean[a], mean[b] = (np.where(first, sides[0][i], sides[1][i]) for i in (0, 1))
        hessian = branch_sums(forest, np.where(forest.is_leaf, weight * mean / stored, 0.0))
        value = np.where(forest.is_leaf, stored, weight * mean / hessian)
    return np.where(np.isfinite(value), value, np.nan)
