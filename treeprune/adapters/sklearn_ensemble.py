"""The base of the adapters of scikit-learn's ensembles of its own trees."""

import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..core.forest import Forest
from ..exceptions import ModelFormatError, UnsupportedModelError
from .base import split_features
from .class_weights import class_factors, class_weighting, stored_factors
from .sklearn_tree import SklearnTreeAdapter, encode_target, label_lists, with_constrained_columns
from .sklearn_tree_format import read_tree, with_features, write_tree
from .sklearn_tree_storage import SklearnEnsembleStorage
from .stand_ins import StandIns

#: Rows that are routed at a time: scikit-learn gives leaf ids as int64, treeprune keeps them as int32.
CHUNK = 65_536


class SklearnEnsembleAdapter(SklearnEnsembleStorage, StandIns):
    """Reads and writes the tree estimators in ``estimators_``, one by one.

    Attributes
    ----------
    per_tree : tuple of str
        Fitted attributes besides ``estimators_`` with one entry per tree.
    balances_by_weight : bool
        Whether "balanced" counts rows by their weights.
    stale : tuple of str
        Fitted attributes that are removed from pruned models, because only the training rows could give new ones.
    takes_infinities : bool
        Whether the model predicts rows with infinities.
    """

    operations = SklearnTreeAdapter.operations | {"drop_tree"}
    per_tree = ()
    balances_by_weight = False
    stale = ("oob_score_", "oob_decision_function_", "oob_prediction_")
    takes_infinities = False

    def __init__(self, model):
        from ..links import takes_link

        super().__init__(model)
        if takes_link(model):
            self.operations = self.operations | {"link"}

    def prune(self, plan):
        from ..links import linked

        model = super().prune(plan)
        return model if plan.link is None else linked(model, *plan.link)

    def _read(self):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self.model)
        for estimator in self._estimators:
            if not hasattr(estimator, "tree_"):
                raise UnsupportedModelError(
                    f"{type(self.model).__name__} over {type(estimator).__name__} is not supported; over "
                    "scikit-learn's DecisionTree* and ExtraTree* it is."
                )
        forest = Forest.concatenate([self._read_tree(tree) for tree in range(len(self._estimators))])
        if forest.task != "classification":
            return forest
        return replace(forest, class_factor=self._class_factor)

    @property
    def _class_factor(self):
        """See `Forest`."""
        return stored_factors(self._weighing.class_weight, self._labels)

    @cached_property
    def _estimators(self):
        return list(self.model.estimators_)

    def _columns(self, tree):
        """The columns of X that a tree is given, in its order; None: all."""

    def _checked_columns(self, tree):
        """`_columns`, after checks of their range and number, which compiled code does not make."""
        columns, n_columns = self._columns(tree), self.model.n_features_in_
        n_given, n_known = n_columns if columns is None else len(columns), self._estimators[tree].n_features_in_
        if n_known != n_given or (columns is not None and not ((columns >= 0) & (columns < n_columns)).all()):
            raise ModelFormatError(f"tree {tree}: grown on {n_known} columns, but given {n_given} of {n_columns}")
        return columns

    def _read_tree(self, tree):
        forest = read_tree(self._estimators[tree], tree)
        columns = self._checked_columns(tree)
        if columns is not None:
            feature = np.where(forest.is_leaf, forest.feature, columns[np.maximum(forest.feature, 0)])
            forest = replace(forest, feature=feature.astype(np.int32), n_features=self.model.n_features_in_)
        return forest

    def write(self, forest):
        model = copy.copy(self.model)
        model.estimators_ = self._write_estimators(forest)
        if forest.n_trees < len(self._estimators):
            model.n_estimators = forest.n_trees
            for name in filter(vars(self.model).__contains__, self.per_tree):
                entries = getattr(self.model, name)
                kept = [entries[tree] for tree in forest.tree_id]
                setattr(model, name, np.array(kept) if isinstance(entries, np.ndarray) else kept)
        for name in self.stale:
            vars(model).pop(name, None)
        return model

    def _write_estimators(self, forest):
        """The estimators of the trees of a grafted forest, in a new list: warm starts add to it."""
        return [self._write_tree(forest.tree(i), tree) for i, tree in enumerate(forest.tree_id)]

    def _write_tree(self, forest, tree):
        estimator = copy.copy(self._estimators[tree])
        estimator.tree_ = write_tree(estimator.tree_, forest)
        return estimator

    @property
    def used_features(self):
        return split_features(self.forest)

    def with_features(self, kept):
        """Every tree is given all columns that stay, in their order, whichever it was grown on."""
        model, place = with_constrained_columns(self.model, kept), np.cumsum(kept) - 1
        trees = []
        for tree, estimator in enumerate(self._estimators):
            columns = self._checked_columns(tree)
            trees.append(with_constrained_columns(estimator, kept if columns is None else np.ones(len(columns), bool)))
            trees[-1].n_features_in_ = model.n_features_in_
            of_tree = place if columns is None else place[columns]
            trees[-1].tree_ = with_features(estimator.tree_, of_tree, model.n_features_in_)
        model.estimators_ = self._as_held(trees)
        if hasattr(model, "estimators_features_"):
            model.estimators_features_ = [np.arange(model.n_features_in_) for _ in trees]
            model._max_features = model.n_features_in_
            # Seeds draw the rows of a tree after its columns, out of all columns that there were.
            vars(model).pop("_seeds", None)
        return model

    def _as_held(self, trees):
        """The tree estimators as the model holds them."""
        return trees

    def _apply(self, X):
        X = self.compared(X)

        def apply(tree, row=None):
            part, columns = X if row is None else X[row], self._columns(tree)
            return apply_tree(self._estimators[tree].tree_, part if columns is None else part[:, columns])

        return apply

    def compared(self, X):
        from sklearn.utils import get_tags
        from sklearn.utils.validation import validate_data

        finite = "allow-nan" if get_tags(self.model).input_tags.allow_nan else True
        finite = False if self.takes_infinities else finite
        return validate_data(
            self.model, X, dtype=np.float32, accept_sparse="csr", reset=False, ensure_all_finite=finite
        )

    def encode_target(self, y):
        return encode_target(self.model, y, self._estimators[0].n_outputs_)

    @property
    def _weighing(self):
        """What holds the parameter `class_weight`: the model, or each of its trees."""
        return self._estimators[0]

    @property
    def _labels(self):
        """The labels of each output that weights of classes name."""
        return label_lists(self.model)

    @property
    def class_weighting(self):
        return class_weighting(self._weighing)

    def _class_factors(self, target, training):
        return class_factors(self._weighing.class_weight, target, self._labels, training, self.balances_by_weight)

    def oob_rows(self, X, y, sample_weight=None):
        if not hasattr(self.model, "_get_estimators_indices"):
            return super().oob_rows(X, y, sample_weight)
        if "_seeds" in self.per_tree and not hasattr(self.model, "_seeds"):
            raise UnsupportedModelError(
                f"{type(self.model).__name__} no longer knows which rows each tree was grown on: columns have left it."
            )
        n_rows, masks = self.model._n_samples, self._out_of_bag
        if not all(mask.any() for mask in masks):
            raise UnsupportedModelError(
                f"{type(self.model).__name__} has trees without out-of-bag rows: they were grown on all rows."
            )
        rows = self._rows(X, y, sample_weight, mask=lambda tree: np.unpackbits(masks[tree], count=n_rows).astype(bool))
        if len(rows.target) != n_rows:
            raise ValueError(
                f"Out-of-bag rows are the training rows: {type(self.model).__name__} was fitted on {n_rows}. "
                f"Got {len(rows.target)}."
            )
        return rows

    @cached_property
    def _out_of_bag(self):
        """One bit per row and tree: 1 where the row did not grow the tree."""
        packed = []
        for drawn in self.model._get_estimators_indices():
            mask = np.ones(self.model._n_samples, bool)
            mask[drawn[1] if isinstance(drawn, tuple) else drawn] = False  # Bagging draws columns, too
            packed.append(np.packbits(mask))
        return packed


def apply_tree(tree, X):
    """Leaf id of each row, int32, routed in chunks."""
    leaf = np.empty(X.shape[0], np.int32)
    for first in range(0, len(leaf), CHUNK):
        leaf[first : first + CHUNK] = tree.apply(X[first : first + CHUNK])
    return leaf
