"""scikit-learn's HistGradientBoosting*."""

import copy
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from ..core import losses
from ..core.forest import Forest
from ..exceptions import ModelFormatError
from .base import Adapter, StoredModel, padded, with_methods
from .sklearn_hist_gradient_boosting_storage import predictor_of, stored_arrays, tree_arrays
from .sklearn_losses import LOSSES
from .sklearn_tree import encode_target
from .staged import values_from_rows


class SklearnHistGradientBoostingAdapter(Adapter):
    """Stages of trees of Newton steps, one for each class where there are more than two.

    Categorical columns are compared as the codes that the model's own encoder gives them. Rows are routed by the
    model's predictor, with node ids in the place of values.
    """

    format_name = "sklearn hist gradient boosting"
    models = (
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
    )
    operations = frozenset({"collapse", "source", "value", "n_node_samples", "drop_tree", "tree_weight"})
    float_type = np.float64
    parts = (
        *models,
        *LOSSES,
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.preprocessing._label.LabelEncoder",
        "sklearn.preprocessing._encoders.OrdinalEncoder",
        "sklearn.preprocessing._function_transformer.FunctionTransformer",
        "sklearn.compose._column_transformer.ColumnTransformer",
        "sklearn.compose._column_transformer._RemainderColsList",  # scikit-learn 1.6 and 1.7
        "sklearn.utils.validation.check_array",
    )
    structure = frozenset({"left", "right", "is_leaf", "feature_idx", "is_categorical", "bitset_idx"})
    unused = frozenset({"value", "gain", "count", "depth"})

    def _read(self):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self.model)
        return Forest.concatenate(
            [self._read_tree(predictor, tree) for tree, predictor in enumerate(self._predictors)],
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

    def _read_tree(self, predictor, tree):
        nodes, sets = predictor.nodes, predictor.raw_left_cat_bitsets
        leaf = nodes["is_leaf"].astype(bool)
        categorical = ~leaf & nodes["is_categorical"].astype(bool)
        forest = Forest(
            root=np.zeros(1, np.int32),
            children_left=np.where(leaf, -1, nodes["left"].astype(np.int64)).astype(np.int32),
            children_right=np.where(leaf, -1, nodes["right"].astype(np.int64)).astype(np.int32),
            feature=np.where(leaf, -2, self._columns[np.where(leaf, 0, nodes["feature_idx"])]).astype(np.int32),
            threshold=np.where(leaf, -2.0, nodes["num_threshold"]),
            value=self._values(nodes, leaf)[:, None, None],
            n_features=self.model.n_features_in_,
            task="margin",
            missing_go_to_left=~leaf & nodes["missing_go_to_left"].astype(bool),
            n_node_samples=nodes["count"].astype(np.int64),
            gain=np.where(leaf, 0.0, nodes["gain"]),
            category_set=np.where(categorical, nodes["bitset_idx"], -1).astype(np.int32),
            category_sets=tuple(np.flatnonzero(bits(words)).astype(np.int32) for words in sets),
            tree_class=np.array([tree % self._n_columns], np.int32),
            per_stage=self._n_columns,
        )
        return forest

    def stored(self, full):
        bare, predictors = copy.copy(self.model), self._predictors
        bare._predictors, bare._scorer = len(self.model._predictors), None
        forest = Forest.concatenate(
            [
                replace(self._read_tree(predictor, tree), value=predictor.nodes["value"][:, None, None].copy())
                for tree, predictor in enumerate(predictors)
            ]
        )
        return StoredModel(bare, [stored_arrays(p) for p in predictors], forest.validate().canonical())

    @classmethod
    def arrays_of(cls, skeleton, forest):
        thresholds, columns = skeleton._bin_mapper.bin_thresholds_, model_columns(skeleton)
        return [tree_arrays(forest.tree(tree), thresholds, columns) for tree in range(forest.n_trees)]

    @classmethod
    def assembled(cls, skeleton, trees):
        from sklearn.metrics import check_scoring

        known = np.asarray(skeleton._bin_mapper.is_categorical_).astype(bool)
        if len(known) != skeleton.n_features_in_:
            raise ModelFormatError(f"{len(known)} columns have bins, not {skeleton.n_features_in_}")
        predictors = [predictor_of(arrays, known, index) for index, arrays in enumerate(trees)]
        k, n_stages = skeleton.n_trees_per_iteration_, skeleton._predictors
        if len(predictors) != k * n_stages or skeleton._baseline_prediction.shape != (1, k):
            raise ModelFormatError(f"{len(predictors)} trees are not {n_stages} stages of {k}")
        skeleton._predictors = [predictors[stage * k : (stage + 1) * k] for stage in range(n_stages)]
        if skeleton.do_early_stopping_ and skeleton.scoring != "loss":
            skeleton._scorer = check_scoring(skeleton, skeleton.scoring)
        return skeleton

    def _values(self, nodes, leaf):
        """What each node would predict as a leaf; NaN where it is not known."""
        shrinkage = self.model.learning_rate
        if not self.model._loss.differentiable:
            return np.where(leaf, nodes["value"], np.nan)
        value = np.where(leaf, nodes["value"] / shrinkage, nodes["value"])
        if not leaf[0]:  # the root's is stored as 0
            smooth = self.model.monotonic_cst is None
            value[0] = root_value(nodes, value, leaf, self.model.l2_regularization) if smooth else np.nan
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
        old = self._predictors[tree]
        nodes = np.zeros(forest.n_nodes, old.nodes.dtype)
        leaf, origin = forest.is_leaf, old.nodes[forest.node_id]
        for name in ("feature_idx", "num_threshold", "bin_threshold", "missing_go_to_left", "is_categorical"):
            nodes[name] = np.where(leaf, 0, origin[name])
        nodes["left"], nodes["right"] = (np.where(leaf, 0, x) for x in (forest.children_left, forest.children_right))
        nodes["is_leaf"], nodes["depth"], nodes["count"] = leaf, forest.depth, forest.n_node_samples
        nodes["gain"] = np.where(leaf, -1, origin["gain"])
        nodes["value"] = np.where(leaf, forest.value[:, 0, 0] * forest.tree_weight[0], origin["value"])
        split_on_set = nodes["is_categorical"].astype(bool)
        kept = origin["bitset_idx"][split_on_set]
        nodes["bitset_idx"][split_on_set] = np.arange(len(kept))
        predictor = copy.copy(old)
        predictor.nodes = nodes
        predictor.binned_left_cat_bitsets = old.binned_left_cat_bitsets[kept]
        predictor.raw_left_cat_bitsets = old.raw_left_cat_bitsets[kept]
        return predictor

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
    def loss(self):
        own = {
            "squared_error": losses.squared,
            "log_loss": losses.logistic if self._n_columns == 1 else losses.multinomial,
            "absolute_error": losses.absolute,
            "poisson": losses.poisson,
            "gamma": losses.gamma,
            "quantile": partial(losses.quantile, level=getattr(self.model, "quantile", None)),
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


def model_columns(model):
    """The model's column of each column that its trees split on: the encoder puts categorical ones first."""
    categorical, n = model.is_categorical_, model.n_features_in_
    if categorical is None:
        return np.arange(n)
    return np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~np.asarray(categorical))])


def bits(words):
    """The bits of a bitset of 32-bit words, lowest first."""
    return (words[:, None] >> np.arange(32, dtype=np.uint32) & 1).ravel().astype(bool)


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
