"""scikit-learn's HistGradientBoosting*."""

import copy
from functools import cached_property

import numpy as np

from ..core import losses
from ..core.forest import Forest
from .base import padded, split_features
from .class_weights import class_factors, class_weighting
from .sklearn_hist_gradient_boosting_columns import with_columns
from .sklearn_hist_gradient_boosting_format import (
    SETS,
    made_predictor,
    model_columns,
    read_tree,
    tree_arrays,
    with_features,
)
from .sklearn_hist_gradient_boosting_storage import SklearnHistGradientBoostingStorage
from .sklearn_tree import encode_target
from .stand_ins import StandIns, with_methods
from .unstored_values import values_from_rows


class SklearnHistGradientBoostingAdapter(SklearnHistGradientBoostingStorage, StandIns):
    """Stages of trees of Newton steps, one for each class where there are more than two.

    Categorical columns are compared as the codes that the model's own encoder gives them. Rows are routed by the
    model's predictor, with node ids in the place of values.
    """

    models = (
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
    )
    operations = frozenset({"collapse", "source", "value", "n_node_samples", "drop_tree", "tree_weight"})
    float_type = np.float64

    def _read(self):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self.model)
        return Forest.concatenate(
            [
                read_tree(predictor, self._values(predictor.nodes), self._columns, self.model, tree)
                for tree, predictor in enumerate(self._predictors)
            ]
        )

    @cached_property
    def _predictors(self):
        return [predictor for stage in self.model._predictors for predictor in stage]

    @property
    def _n_columns(self):
        return self.model.n_trees_per_iteration_

    @cached_property
    def _columns(self):
        return model_columns(self.model)

    def _values(self, nodes):
        """What each node would predict as a leaf; NaN where it is not known."""
        shrinkage, leaf = self.model.learning_rate, nodes["is_leaf"].astype(bool)
        if not self.model._loss.differentiable:
            return np.where(leaf, nodes["value"], np.nan)
        value = np.where(leaf, nodes["value"] / shrinkage, nodes["value"])
        if not leaf[0]:  # the root's is stored as 0
            known = self.model.monotonic_cst is None and not np.isnan(value[1:]).any()
            value[0] = root_value(nodes, value, leaf, self.model.l2_regularization) if known else np.nan
        return np.where(leaf, nodes["value"], value * shrinkage)

    def write(self, forest):
        model, n_columns = copy.copy(self.model), self._n_columns
        stages = np.unique(forest.tree_id // n_columns)
        trees = {tree: forest.tree(i) for i, tree in enumerate(forest.tree_id)}
        model._predictors = [
            [
                self._write_tree(trees.get(tree) or self.zero_leaf(tree), tree)
                for tree in range(stage * n_columns, (stage + 1) * n_columns)
            ]
            for stage in stages
        ]
        for name in ("train_score_", "validation_score_"):  # not known; warm starts lengthen them
            if len(getattr(model, name)):
                setattr(model, name, np.full(len(stages) + 1, np.nan))
        return model

    def _write_tree(self, forest, tree):
        old, leaf = self._predictors[tree], forest.is_leaf
        origin = old.nodes[forest.node_id]
        arrays = tree_arrays(forest, self._columns)
        arrays["value"] = np.where(leaf, forest.value[:, 0, 0] * forest.tree_weight[0], origin["value"])
        arrays["bin_threshold"] = np.where(leaf, 0, origin["bin_threshold"])
        kept = origin["bitset_idx"][arrays["is_categorical"]]
        return made_predictor(arrays | {name: getattr(old, name)[kept] for name in SETS})

    @property
    def used_features(self):
        return split_features(self.forest)

    def with_features(self, kept):
        model, place = with_columns(self.model, kept), np.cumsum(kept[self._columns]) - 1
        model._predictors = [[with_features(tree, place) for tree in stage] for stage in self.model._predictors]
        return model

    def _apply(self, X):
        from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

        X = self.model._preprocess_X(X, reset=False)
        categories, columns = self.model._bin_mapper.make_known_categories_bitsets()

        def apply(tree):
            predictor = copy.copy(self._predictors[tree])
            predictor.nodes = predictor.nodes.copy()
            predictor.nodes["value"] = np.arange(len(predictor.nodes))
            return predictor.predict(X, categories, columns, _openmp_effective_n_threads()).astype(np.int32)

        return apply

    def compared(self, X):
        return self.model._preprocess_X(X, reset=False)[:, np.argsort(self._columns)]

    @property
    def category_values(self):
        if self.model.is_categorical_ is None:
            return {}
        known = self.model._preprocessor.named_transformers_["encoder"].categories_
        columns = np.flatnonzero(self.model.is_categorical_).tolist()  # missing ones come last
        return {column: [v for v in values.tolist() if v == v] for column, values in zip(columns, known, strict=True)}

    def _with_values(self, rows):
        margin = np.repeat(self.model._baseline_prediction, len(rows.target), axis=0)
        return values_from_rows(self.forest, rows, margin, self._leaf_value)

    def _leaf_value(self, y, margin, column, sample_weight):
        shrinkage = self.model.learning_rate
        if not self.model._loss.differentiable:
            weight = None if (sample_weight == 1).all() else sample_weight  # None: halves between two rows
            return shrinkage * self.model._loss.fit_intercept_only(y - margin[:, column], weight)
        sums = [sample_weight @ array[:, column] for array in losses.derivatives(self.loss, y[:, None], margin)]
        return -shrinkage * sums[0] / (sums[1] + self.model.l2_regularization)

    def encode_target(self, y):
        return encode_target(self.model, y, 1)

    @property
    def class_weighting(self):
        return class_weighting(self.model)

    def _class_factors(self, target, training):
        codes = np.arange(len(self.model.classes_))  # a dict of weights is by them
        return class_factors(self.model.class_weight, target, [codes], training)

    @property
    def loss(self):
        own = {
            "squared_error": losses.Squared(),
            "log_loss": losses.Logistic() if self._n_columns == 1 else losses.Multinomial(),
            "absolute_error": losses.Absolute(),
            "poisson": losses.Poisson(),
            "gamma": losses.Gamma(),
            "quantile": losses.Quantile(getattr(self.model, "quantile", None)),
        }
        return own.get(self.model.loss)

    @cached_property
    def monotonic(self):
        from sklearn.utils.validation import _check_monotonic_cst

        if self.model.monotonic_cst is None:
            return None
        return padded(_check_monotonic_cst(self.model, self.model.monotonic_cst).tolist(), self.model.n_features_in_)

    def margin(self, X):
        return self.model._raw_predict(X)

    def base(self, X):
        return self.model._baseline_prediction

    def stand_in(self, raw, reference=None):
        return with_methods(self.model, _raw_predict=lambda X, n_threads=None: raw)


def root_value(nodes, value, leaf, l2):
    r"""Value of the root, which is the mean of its children's, weighted by :math:`H + \lambda`; NaN if not known.

    A node's value is :math:`v = -G / (H + \lambda)` and a split's gain
    :math:`v_l^2 (H_l + \lambda) + v_r^2 (H_r + \lambda) - v^2 (H + \lambda)`, in which the root's own v counts as 0.
    With G and H sums over a node's children, these are two linear equations for :math:`H_l + \lambda` and
    :math:`H_r + \lambda` below a node whose value is known.
    """
    children = [nodes["left"][0], nodes["right"][0]]
    weight = [np.nan, np.nan]
    for i, child in enumerate(children):
        if not leaf[child]:
            v, a, b = value[child], value[nodes["left"][child]], value[nodes["right"][child]]
            matrix = np.array([[v - a, v - b], [a**2 - v**2, b**2 - v**2]])
            right = np.array([v * l2, nodes["gain"][child] - v**2 * l2])
            if np.linalg.matrix_rank(matrix) == 2:
                weight[i] = np.linalg.solve(matrix, right).sum() - l2
    left, right = value[children]
    for i, (own, other) in enumerate(((left, right), (right, left))):
        if np.isnan(weight[i]) and own:
            weight[i] = (nodes["gain"][0] - other**2 * weight[1 - i]) / own**2
    found = (left * weight[0] + right * weight[1]) / (weight[0] + weight[1] - l2)
    return found if min(weight) > 0 else np.nan
