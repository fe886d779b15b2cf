"""A fitted ColumnTransformer that gives some columns of a table to a fitted step, or passes them on as they are."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from .base import Mask


def behind_choice(name: str, step: Any, kept: Mask, names: Any, sparse: bool, n_out: int) -> ColumnTransformer:
    """A step behind the choice of its columns.

    Parameters
    ----------
    name : str
        What the step is called.
    step : object
        A fitted transformer of the columns that are kept.
    kept : ndarray of bool, shape (n_columns,)
        Which columns of the table it takes.
    names : ndarray of str, shape (n_columns,), or None
        The names of all columns of the table, if it is a frame: then frames with other columns besides are taken, too.
    sparse : bool
        Whether sparse rows come out.
    n_out : int
        How many columns come out.
    """
    place = np.flatnonzero(kept).tolist()
    columns = place if names is None else [names[i] for i in place]
    table = np.zeros((1, len(kept))) if names is None else pd.DataFrame(np.zeros((1, len(kept))), columns=names)
    chooser = ColumnTransformer([(name, "passthrough", columns)], verbose_feature_names_out=False).fit(table)
    chooser.transformers = chooser.transformers_ = [(name, step, columns)]
    chooser.output_indices_ = {name: slice(0, n_out), "remainder": slice(0, 0)}
    chooser.sparse_output_ = sparse
    chooser._remainder = ("remainder", "drop", [])  # the places of all other columns might fill megabytes
    chooser._transformer_to_input_indices["remainder"] = []
    if hasattr(step, "_sklearn_output_config"):
        chooser._sklearn_output_config = step._sklearn_output_config
    return chooser


def passing_on(kept: Mask, names: Any, sparse: bool, like: Any) -> ColumnTransformer:
    """A filter that passes some columns on as they are, in the kind of table that the step `like` gives."""
    n_kept = int(np.count_nonzero(kept))
    same = FunctionTransformer(accept_sparse=True, check_inverse=False, feature_names_out="one-to-one")
    same.n_features_in_ = n_kept
    if names is not None:
        same.feature_names_in_ = np.asarray(names, dtype=object)[kept]
    if hasattr(like, "_sklearn_output_config"):
        same._sklearn_output_config = like._sklearn_output_config
    return behind_choice("columns", same, kept, names, sparse, n_kept)


def with_filter(step: Any, kept: Mask, sparse: bool) -> Pipeline:
    """A fitted transformer and a filter that passes on some of the columns that it gives."""
    gives_frames = getattr(step, "_sklearn_output_config", {}).get("transform", "default") != "default"
    names = step.get_feature_names_out() if gives_frames else None
    return Pipeline([("transform", step), ("columns", passing_on(kept, names, sparse, step))])
