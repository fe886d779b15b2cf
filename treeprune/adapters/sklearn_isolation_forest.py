"""scikit-learn's IsolationForest."""

import copy
from dataclasses import replace

import numpy as np
from sklearn.utils.validation import _num_samples

from ..exceptions import MissingStatisticError
from .sklearn_ensemble import SklearnEnsembleAdapter
from .stand_ins import with_methods


class SklearnIsolationForestAdapter(SklearnEnsembleAdapter):
    """Path lengths: a leaf at depth d that holds n training rows counts ``d + c(n)`` (Liu, Ting & Zhou 2008, eq. 1).

    Path lengths follow from the structure, so plans cannot change values. The impurities that the trees store are those
    of a random target, so the Forest has none.
    """

    format_name = "sklearn isolation forest"
    models = ("sklearn.ensemble._iforest.IsolationForest",)
    parts = (*models, *SklearnEnsembleAdapter.parts)
    operations = frozenset({"collapse", "source", "n_node_samples", "drop_tree"})
    per_tree = ("estimators_features_", "_seeds")
    stale = ()
    needed = ("n_node_samples",)
    takes_infinities = True

    def _columns(self, tree):
        model = self.model
        return None if model._max_features == model.n_features_in_ else np.asarray(model.estimators_features_[tree])

    def _read(self):
        forest = super()._read().validate()
        value = (forest.depth + average_path_length(forest.n_node_samples))[:, None, None]
        return replace(forest, task="path_length", criterion=None, impurity=None, value=value)

    def _write_tree(self, forest, tree):
        stored = self._estimators[tree].tree_.value[forest.node_id]
        return super()._write_tree(replace(forest, value=stored), tree)

    def write(self, forest):
        model = super().write(forest)
        _set_path_lengths(model)
        if model.contamination != "auto" and not self._is_lossless(forest):
            if self.reference_rows is None:
                raise MissingStatisticError(
                    f"With contamination={model.contamination!r}, offset_ is a percentile of the scores of the "
                    "training rows, which pruning changes: give X."
                )
            model.offset_ = np.percentile(model.score_samples(self.reference_rows), 100.0 * model.contamination)
        return model

    def stored(self, full):
        stored = super().stored(full)
        del stored.skeleton._average_path_length_per_tree, stored.skeleton._decision_path_lengths
        return stored

    @classmethod
    def assembled(cls, skeleton, trees):
        model = super().assembled(skeleton, trees)
        _set_path_lengths(model)
        return model

    #: The training rows, where a percentile of their scores separates outliers.
    reference_rows = None

    @property
    def lacks_values(self):
        return self.model.contamination != "auto" and self.reference_rows is None

    def _completed_by(self, rows, X):
        completed = copy.copy(self)
        completed.reference_rows = X
        return completed

    def _rows(self, X, y, sample_weight, **routing):
        return super()._rows(X, np.zeros(_num_samples(X)) if y is None else y, sample_weight, **routing)

    def stand_in(self, raw, reference=None):
        unit = average_path_length([self.model._max_samples])[0]
        score = [None if mean is None else -(2.0 ** -(mean[:, 0] / unit)) for mean in (raw, reference)]
        model = with_methods(self.model, score_samples=lambda X: score[0])
        if reference is not None:
            model.offset_ = np.percentile(score[1], 100.0 * model.contamination)
        return model

    def encode_target(self, y):
        """Zeros: isolation forests have no targets."""
        return np.zeros((len(y), 1))

    def _is_lossless(self, forest):
        """Whether no row's path length changes: only nodes of two rows became leaves (``c(2) = 1 + c(1)``)."""
        if forest.n_trees < len(self._estimators):
            return False
        origin = np.concatenate(self._position)[self.forest.start[forest.node_tree] + forest.node_id]
        became_leaf = forest.is_leaf & ~self.forest.is_leaf[origin]
        moved = forest.value[:, 0, 0] != self.forest.value[origin, 0, 0]
        return not moved.any() and (forest.n_node_samples[became_leaf] == 2).all()


def _set_path_lengths(model):
    """Set the path lengths that scikit-learn stores beside the trees."""
    trees = [estimator.tree_ for estimator in model.estimators_]
    model._average_path_length_per_tree = tuple(average_path_length(tree.n_node_samples) for tree in trees)
    model._decision_path_lengths = tuple(tree.compute_node_depths() for tree in trees)


def average_path_length(n_samples):
    """Average path length of an unsuccessful search in a binary search tree of n rows, c(n); float64."""
    from sklearn.ensemble._iforest import _average_path_length

    return _average_path_length(n_samples)
