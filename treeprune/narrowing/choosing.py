"""Fitted steps that choose columns of a table, by place or by name, and pass them on.

A ColumnTransformer says it best, and the tools that read pipelines know it; but it must be told whether sparse rows
come out. Where that cannot be told, a frame is indexed by names, and of other rows, dense, sparse or lists, a selector
chooses, which checks them as scikit-learn's transformers do.
"""

from operator import itemgetter
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import VarianceThreshold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from .base import Mask, gives_frames, names_of


def behind_choice(step: Any, kept: Mask, names: Any, is_sparse: bool | None, n_out: int) -> Any:
    """A step behind the choice of its columns.

    Parameters
    ----------
    step : object
        A fitted transformer of the columns that are kept.
    kept : ndarray of bool, shape (n_columns,)
        Which columns of the table it takes.
    names : ndarray of str, shape (n_columns,), or None
        The names of all columns of the table, if it is a frame: then frames with other columns besides are taken, too.
    is_sparse : bool or None
        Whether sparse rows come out; None: it cannot be told, or what comes out is a frame still.
    n_out : int
        How many columns come out.
    """
    if is_sparse is None:
        chooser = _selecting(kept) if names is None else _indexing(kept, names)
        return Pipeline([("columns", chooser), ("transform", step)])
    place = np.flatnonzero(kept).tolist()
    few = np.zeros((1, len(place)))  # all columns may be a million
    made = ColumnTransformer([("columns", "passthrough", list(range(len(place))))], verbose_feature_names_out=False)
    chooser = made.fit(few)
    chooser.n_features_in_ = len(kept)
    if names is not None:
        chooser.feature_names_in_ = np.asarray(names, dtype=object)
    columns = place if names is None else [names[i] for i in place]
    chooser.transformers = chooser.transformers_ = [("columns", step, columns)]
    chooser._columns, chooser._transformer_to_input_indices = [columns], {"columns": place, "remainder": []}
    chooser.output_indices_ = {"columns": slice(0, n_out), "remainder": slice(0, 0)}
    chooser.sparse_output_ = is_sparse
    if hasattr(step, "_sklearn_output_config"):
        chooser._sklearn_output_config = step._sklearn_output_config
    return chooser


def passing_on(kept: Mask, names: Any, is_sparse: bool | None, like: Any) -> Any:
    """A filter that passes some columns on as they are, in the kind of table that the step `like` gives."""
    if is_sparse is None:
        return _selecting(kept)
    n_kept = int(np.count_nonzero(kept))
    same = all_passing(n_kept)
    if names is not None:
        same.feature_names_in_ = np.asarray(names, dtype=object)[kept]
    if hasattr(like, "_sklearn_output_config"):
        same._sklearn_output_config = like._sklearn_output_config
    return behind_choice(same, kept, names, is_sparse, n_kept)


def all_passing(n_columns: int, **params: Any) -> FunctionTransformer:
    """A step that passes on all columns, or what a function makes of the table, with their names."""
    same = FunctionTransformer(accept_sparse=True, check_inverse=False, feature_names_out="one-to-one", **params)
    same.n_features_in_ = n_columns
    return same


def with_filter(step: Any, kept: Mask, is_sparse: bool | None) -> Pipeline:
    """A fitted transformer and a filter that passes on some of the columns that it gives."""
    names = step.get_feature_names_out() if gives_frames(step) else None
    return Pipeline([("transform", step), ("columns", passing_on(kept, names, is_sparse, step))])


def only_filtered(made: Any, step: Any) -> bool:
    """Whether `with_filter` made something of a step, and nothing else did."""
    return isinstance(made, Pipeline) and made is not step and made.steps[0][1] is step


def is_filter(step: Any) -> bool:
    """Whether a step is what `passing_on` gives."""
    if isinstance(step, ColumnTransformer):
        return len(step.transformers_) == 1 and is_filter(step.transformers_[0][1])
    if isinstance(step, VarianceThreshold):
        return True
    return isinstance(step, FunctionTransformer) and (step.func is None or chosen_names(step) is not None)


def as_sparse(step: Any, n_columns: int) -> Pipeline:
    """A step whose rows are made sparse: what stands beside it may not be, and one must be for all to be."""
    made = all_passing(n_columns, func=sparse.csr_matrix, kw_args={"dtype": np.float64})
    return Pipeline([("transform", step), ("sparse", made)])


def _selecting(kept):
    """A selector of the columns at some places, which are those with a variance, so to speak."""
    selector = VarianceThreshold()
    selector.variances_, selector.n_features_in_ = kept.astype(np.float64), len(kept)
    return selector


def _indexing(kept, names):
    chooser = FunctionTransformer(itemgetter(np.asarray(names)[kept].tolist()), accept_sparse=True)
    chooser.n_features_in_, chooser.feature_names_in_ = len(kept), np.asarray(names, dtype=object)
    return chooser


def chosen_names(step: FunctionTransformer) -> list[str] | None:
    """The names of the columns that an indexing step chooses in the order of the table; None: it does not."""
    item = step.func.__reduce__()[1][0] if isinstance(step.func, itemgetter) else None
    names = names_of(step)
    if not isinstance(item, list) or names is None:
        return None
    return item if names[np.isin(names, np.asarray(item, dtype=object))].tolist() == item else None
