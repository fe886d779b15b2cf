"""HistGradientBoosting* in compact files."""

import copy

import numpy as np

from ..core.forest import Forest
from ..exceptions import ModelFormatError
from .sklearn_hist_gradient_boosting_format import (
    SETS,
    made_predictor,
    model_columns,
    read_tree,
    stored_arrays,
    tree_arrays,
)
from .sklearn_losses import LOSSES
from .storage import Storage, StoredModel


class SklearnHistGradientBoostingStorage(Storage):
    """The skeleton is the model with the number of its stages in the place of its predictors."""

    format_name = "sklearn hist gradient boosting"
    parts = (
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
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

    def stored(self, full):
        bare, predictors = copy.copy(self.model), self._predictors
        bare._predictors, bare._scorer = len(self.model._predictors), None
        trees = [
            read_tree(predictor, predictor.nodes["value"].copy(), self._columns, self.model, tree)
            for tree, predictor in enumerate(predictors)
        ]
        forest = Forest.concatenate(trees).validate().canonical()
        return StoredModel(bare, [stored_arrays(predictor) for predictor in predictors], forest)

    @classmethod
    def arrays_of(cls, skeleton, forest):
        columns, found = model_columns(skeleton), []
        for tree in map(forest.tree, range(forest.n_trees)):
            arrays = _numbered(tree_arrays(tree, columns), tree.node_id)
            arrays["bin_threshold"] = _bins(arrays, skeleton._bin_mapper.bin_thresholds_)
            found.append(arrays | dict.fromkeys(SETS, _words(arrays, tree)))
        return found

    @classmethod
    def assembled(cls, skeleton, trees):
        from sklearn.metrics import check_scoring

        known = np.asarray(skeleton._bin_mapper.is_categorical_).astype(bool)
        if len(known) != skeleton.n_features_in_:
            raise ModelFormatError(f"{len(known)} columns have bins, not {skeleton.n_features_in_}")
        for tree, arrays in enumerate(trees):
            _check(arrays, known, tree)
        predictors = [made_predictor(arrays) for arrays in trees]
        k, n_stages = skeleton.n_trees_per_iteration_, skeleton._predictors
        if len(predictors) != k * n_stages or skeleton._baseline_prediction.shape != (1, k):
            raise ModelFormatError(f"{len(predictors)} trees are not {n_stages} stages of {k}")
        skeleton._predictors = [predictors[stage * k : (stage + 1) * k] for stage in range(n_stages)]
        if skeleton.do_early_stopping_ and skeleton.scoring != "loss":
            skeleton._scorer = check_scoring(skeleton, skeleton.scoring)
        return skeleton


def _numbered(arrays, ids):
    """`tree_arrays` in which the nodes have these ids, in the types that predictors hold."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    arrays |= {side: np.where(arrays["is_leaf"], 0, ids[arrays[side]]) for side in ("left", "right")}
    numbered = {name: np.empty(len(ids), PREDICTOR_RECORD_DTYPE[name]) for name in arrays}
    for name, array in arrays.items():
        numbered[name][ids] = array
    categorical = numbered["is_categorical"].astype(bool)
    numbered["bitset_idx"][:] = np.where(categorical, np.cumsum(categorical) - 1, 0)
    return numbered


def _bins(arrays, thresholds):
    """The bin of each threshold; ``thresholds`` are the upper ends of the bins of each column."""
    bins, numeric = np.zeros(len(arrays["left"]), "u1"), ~(arrays["is_leaf"] | arrays["is_categorical"]).astype(bool)
    for column in np.unique(arrays["feature_idx"][numeric]):
        here = numeric & (arrays["feature_idx"] == column)
        bins[here] = np.searchsorted(thresholds[column], arrays["num_threshold"][here])
    return bins


def _words(arrays, forest):
    """The sets of categories as bitsets of eight 32-bit words, one for each categorical split."""
    set_of_node = np.zeros(forest.n_nodes, np.int64)
    set_of_node[forest.node_id] = 0 if forest.category_set is None else forest.category_set
    categorical = np.flatnonzero(arrays["is_categorical"])
    bits = np.zeros((len(categorical), 256), bool)
    for row, node in enumerate(categorical):
        bits[row, forest.category_sets[set_of_node[node]]] = True
    return np.packbits(bits, axis=1, bitorder="little").view("<u4").reshape(-1, 8)


def _check(arrays, is_categorical, tree):
    """Refuse what compiled code does not check. Children were checked before.

    ``is_categorical`` is True for each column that predictors split on by categories.
    """
    split_on_set, n_features = arrays["is_categorical"].astype(bool), len(is_categorical)
    if arrays["feature_idx"].max() >= n_features:
        raise ModelFormatError(f"tree {tree}: a feature outside 0..{n_features - 1}")
    if not is_categorical[arrays["feature_idx"][split_on_set]].all():
        raise ModelFormatError(f"tree {tree}: a split on categories of a column that has none")
    if any(arrays[name].shape != (np.count_nonzero(split_on_set), 8) for name in SETS):
        raise ModelFormatError(f"tree {tree}: not one set of 256 categories for each categorical split")
