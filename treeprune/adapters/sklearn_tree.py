"""scikit-learn's single trees: DecisionTree* and ExtraTree*."""

import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..core.targets import check_n_outputs, class_codes
from ..narrowing.base import entries_of, with_columns
from .base import padded, split_features
from .class_weights import class_factors, class_weighting, stored_factors, stored_training
from .sklearn_tree_format import read_tree, with_features, write_tree
from .sklearn_tree_storage import SklearnTreeStorage
from .stand_ins import StandIns


class SklearnTreeAdapter(SklearnTreeStorage, StandIns):
    """Reads ``tree_`` and writes a new one; ``copy.copy`` keeps every other fitted attribute."""

    models = (
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.DecisionTreeRegressor",
    )
    operations = frozenset({"collapse", "source", "value", "n_node_samples", "weighted_n_node_samples", "impurity"})

    @property
    def monotonic(self):
        signs = getattr(self.model, "monotonic_cst", None)
        return None if signs is None else padded(list(signs), self.forest.n_features)

    def _read(self):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self.model)
        forest = read_tree(self.model)
        if forest.task != "classification":
            return forest
        return replace(forest, class_factor=stored_factors(self.model.class_weight, label_lists(self.model)))

    def write(self, forest):
        model = copy.copy(self.model)
        model.tree_ = write_tree(self.model.tree_, forest)
        return model

    @property
    def used_features(self):
        return split_features(self.forest)

    def with_features(self, kept):
        model = with_constrained_columns(self.model, kept)
        model.tree_ = with_features(self.model.tree_, np.cumsum(kept) - 1, model.n_features_in_)
        return model

    def _apply(self, X):
        leaf = self.model.apply(X)
        return lambda tree: leaf

    def compared(self, X):
        from sklearn.utils.validation import check_array

        X = check_array(X, dtype=np.float32, accept_sparse="csr", ensure_all_finite=False)
        return X.toarray() if hasattr(X, "toarray") else X

    def encode_target(self, y):
        return encode_target(self.model, y)

    @property
    def class_weighting(self):
        return class_weighting(self.model)

    def _class_factors(self, target, training):
        return class_factors(self.model.class_weight, target, label_lists(self.model), training)

    @cached_property
    def _stored_training(self):
        return stored_training(self.forest) if getattr(self.model, "class_weight", None) == "balanced" else None


def label_lists(model):
    """The labels of each output of a classifier."""
    several = isinstance(model.classes_, list)
    return model.classes_ if several else [model.classes_]


def with_constrained_columns(model, kept):
    """A copy of a fitted model that says that it was fitted on some of its columns, with their constraints."""
    other = with_columns(model, kept)
    signs = getattr(model, "monotonic_cst", None)
    if signs is not None:
        other.monotonic_cst = entries_of(signs if isinstance(signs, list | tuple) else np.asarray(signs), kept)
    return other


def encode_target(model, y, n_outputs=None):
    """Class codes or numbers of y, shape (n_rows, n_outputs), as a scikit-learn tree or forest takes it."""
    from sklearn.utils import column_or_1d
    from sklearn.utils.validation import check_array

    classification = hasattr(model, "classes_")
    y = check_array(
        y, ensure_2d=False, dtype=None if classification else np.float64, input_name="y", ensure_min_samples=1
    )
    y = y if y.ndim == 2 and y.shape[1] > 1 else column_or_1d(y, warn=True)[:, None]
    n_outputs = model.n_outputs_ if n_outputs is None else n_outputs
    check_n_outputs(y, n_outputs, model)
    if not classification:
        return y
    codes = np.empty(y.shape, np.int32)
    for output, known in enumerate(label_lists(model)):
        codes[:, output] = class_codes(y[:, output], known)
    return codes
