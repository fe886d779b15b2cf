"""What HistGradientBoosting* keep of each column besides the splits on it: bins, categories, constraints."""

import numpy as np

from ..narrowing import base
from ..narrowing.side_by_side import ColumnsNarrower
from .sklearn_hist_gradient_boosting_format import model_columns


def with_columns(model, kept):
    """A copy of a model that says that it was fitted on some of its columns, with the predictors of the model.

    Parameters
    ----------
    model : HistGradientBoostingClassifier or HistGradientBoostingRegressor
    kept : ndarray of bool, shape (n_features_in_,)
        Which columns stay.
    """
    in_order = kept[model_columns(model)]
    other = base.with_columns(model, kept)
    other._n_features = other.n_features_in_
    other._bin_mapper = base.with_columns(
        model._bin_mapper,
        in_order,
        *("bin_thresholds_", "n_bins_non_missing_", "is_categorical_", "is_categorical", "known_categories"),
    )
    if model.is_categorical_ is not None:
        _set_categories(other, model, kept, in_order)
    _set_constraints(other, model, kept)
    return other


class _PreprocessorNarrower(ColumnsNarrower):
    """The model's own preprocessor: an encoder, and checks of columns of numbers."""

    def _one(self, step, wanted, given):
        if hasattr(step, "categories_"):
            return super()._one(step, wanted, given)
        return base.Narrowed(base.with_columns(step, wanted), wanted, wanted)


def _set_categories(other, model, kept, in_order):
    categorical = np.asarray(model.is_categorical_)[kept]
    some, names = bool(categorical.any()), base.names_of(other)
    other.is_categorical_ = categorical if some else None
    other._is_categorical_remapped = model._is_categorical_remapped[in_order] if some else None
    other._preprocessor = _PreprocessorNarrower(model._preprocessor).narrowed(in_order, False).step if some else None
    if not isinstance(model.categorical_features, str):  # "from_dtype"
        by_name = isinstance(np.asarray(model.categorical_features).flat[0], str)
        columns = np.flatnonzero(categorical)
        other.categorical_features = (names[columns] if by_name else columns).tolist() if some else None


def _set_constraints(other, model, kept):
    signs, groups = model.monotonic_cst, model.interaction_cst
    if isinstance(signs, dict):
        other.monotonic_cst = {name: sign for name, sign in signs.items() if name in other.feature_names_in_}
    elif signs is not None:
        other.monotonic_cst = np.asarray(signs)[kept]
    if groups is not None and not isinstance(groups, str):
        place = np.cumsum(kept) - 1
        groups = [{int(place[column]) for column in group if kept[column]} for group in groups]
        other.interaction_cst = [group for group in groups if group]
