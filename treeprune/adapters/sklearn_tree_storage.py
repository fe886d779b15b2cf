"""scikit-learn's trees and ensembles of them in compact files."""

import copy
from dataclasses import replace

import numpy as np

from ..core.forest import Forest
from ..exceptions import ModelFormatError
from .sklearn_tree_format import FIELDS, made_tree, read_tree, stored_arrays, tree_arrays
from .storage import Storage, StoredModel


class SklearnTreeStorage(Storage):
    """The skeleton is the estimator without ``tree_``."""

    format_name = "sklearn tree"
    parts = tuple(
        f"sklearn.tree._classes.{name}{kind}"
        for name in ("DecisionTree", "ExtraTree")
        for kind in ("Classifier", "Regressor")
    )
    structure = frozenset({"left_child", "right_child", "feature"})
    unused = frozenset({*FIELDS, "values", "max_depth"}) - structure

    def stored(self, full):
        return StoredModel(_without_tree(self.model), [stored_arrays(self.model.tree_)], self.forest)

    @classmethod
    def arrays_of(cls, skeleton, forest):
        return [_numbered(forest, _most_classes(skeleton))]

    @classmethod
    def assembled(cls, skeleton, trees):
        _set_tree(skeleton, trees[0])
        return skeleton


class SklearnEnsembleStorage(Storage):
    """The skeleton is the ensemble with ``estimators_`` without their ``tree_``.

    Attributes
    ----------
    of_rows : tuple of str
        Fitted attributes with an entry for each training row, which files for predictions leave out.
    """

    of_rows = ("oob_decision_function_", "oob_prediction_", "_sample_weight")
    parts = SklearnTreeStorage.parts
    structure = SklearnTreeStorage.structure
    unused = SklearnTreeStorage.unused

    def stored(self, full):
        bare = copy.copy(self.model)
        bare.estimators_ = [_without_tree(estimator) for estimator in self._estimators]
        for name in () if full else self.of_rows:
            vars(bare).pop(name, None)
        trees = [read_tree(estimator, tree) for tree, estimator in enumerate(self._estimators)]
        width = max(tree.value.shape[2] for tree in trees)  # bagged trees may know only some classes
        trees = [replace(t, value=np.pad(t.value, [(0, 0), (0, 0), (0, width - t.value.shape[2])])) for t in trees]
        arrays = [stored_arrays(estimator.tree_) for estimator in self._estimators]
        return StoredModel(bare, arrays, Forest.concatenate(trees).validate().canonical())

    @classmethod
    def arrays_of(cls, skeleton, forest):
        widths, trees = map(_most_classes, np.ravel(skeleton.estimators_)), map(forest.tree, range(forest.n_trees))
        return [_numbered(tree, width) for tree, width in zip(trees, widths, strict=True)]

    @classmethod
    def assembled(cls, skeleton, trees):
        adapter = cls(skeleton)
        for tree, (estimator, arrays) in enumerate(zip(adapter._estimators, trees, strict=True)):
            _set_tree(estimator, arrays, tree)
            adapter._checked_columns(tree)
        return skeleton


def _most_classes(estimator):
    """Width of a fitted tree estimator's values: the most classes of any output, 1 for numbers."""
    return int(np.max(getattr(estimator, "n_classes_", 1)))


def _without_tree(estimator):
    """A copy of a fitted tree estimator that has lost its tree."""
    bare = copy.copy(estimator)
    del bare.tree_
    return bare


def _numbered(forest, n_classes):
    """The arrays that scikit-learn stores for the tree of a forest of one, in the order of the model's node ids.

    Fields that a Forest does not have are 0. ``n_classes`` is the most classes of any output, 1 for numbers.
    """
    from sklearn.tree._tree import NODE_DTYPE

    arrays, own = tree_arrays(forest), np.append(forest.node_id, -1)  # child -1, of a leaf, stays -1
    nodes, values = np.zeros(forest.n_nodes, NODE_DTYPE), np.empty((forest.n_nodes, forest.n_outputs, n_classes))
    for name in FIELDS:
        if arrays[name] is not None:
            nodes[name][forest.node_id] = own[arrays[name]] if name.endswith("child") else arrays[name]
    values[forest.node_id] = forest.value[:, :, :n_classes]
    return arrays | {name: nodes[name] for name in FIELDS} | {"values": values}


def _set_tree(estimator, arrays, tree=0):
    """Give a tree estimator the tree of `stored_arrays`, whose children were checked before; `tree` is its index."""
    if arrays["feature"].max() >= estimator.n_features_in_:
        raise ModelFormatError(
            f"tree {tree}: feature {arrays['feature'].max()} outside 0..{estimator.n_features_in_ - 1}"
        )
    n_outputs = estimator.n_outputs_
    n_classes = np.broadcast_to(getattr(estimator, "n_classes_", 1), n_outputs).astype(np.intp)
    estimator.tree_ = made_tree(arrays, estimator.n_features_in_, n_classes, n_outputs)
