"""Checks of folds that scikit-learn's splitters do not make themselves."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check_splits(splits: list[tuple[NDArray, NDArray]], X: Any, y: ArrayLike | None) -> None:
    """Refuse folds without rows; warn of classes that a fold lacks, and of shuffled folds of rows in order of time.

    Parameters
    ----------
    splits : list of (train, test)
        Indices of rows.
    X : array-like or DataFrame
        Rows. They are in order of time if their index holds rising times, of each series for itself.
    y : array-like or None
        Labels (classifiers).
    """
    if not splits:
        raise ValueError("The 'cv' parameter must give at least one split. Got none.")
    for fold, (train, test) in enumerate(splits):
        if not len(train) or not len(test):
            raise ValueError(f"Fold {fold} has {len(train)} rows to grow by and {len(test)} to judge by.")
    if y is not None and np.ndim(y) == 1:
        _warn_of_missing_classes(splits, y)
    if _in_order_of_time(X) and any(np.ptp(test) + 1 != len(test) for _, test in splits):
        warnings.warn(
            "The rows are in order of time, and the 'cv' parameter draws the rows of a fold from among them: scores "
            "of rows between those that grew the tree are too good. Use a splitter that keeps the order, as "
            "sklearn.model_selection.TimeSeriesSplit does.",
            UserWarning,
            stacklevel=4,
        )


def _warn_of_missing_classes(splits, y):
    labels, codes = np.unique(np.asarray(y), return_inverse=True)
    found = [np.count_nonzero(np.bincount(codes[train], minlength=len(labels))) for train, _ in splits]
    lacking = np.flatnonzero(np.array(found) < len(labels))
    if len(lacking):
        n_more = len(lacking) - 1
        more = f" (nor in {n_more} more fold{'s' if n_more > 1 else ''})" if n_more else ""
        warnings.warn(
            f"Number of classes in training fold {lacking[0]} ({found[lacking[0]]}) does not match total number of "
            f"classes ({len(labels)}){more}. To fix this, use a cross-validation technique resulting in properly "
            "stratified folds.",
            UserWarning,
            stacklevel=5,
        )


def _in_order_of_time(X):
    if not (hasattr(X, "index") and hasattr(X, "columns")):
        return False
    from ..times import index_in_time  # which loads pandas

    rows = index_in_time(X)
    return rows is not None and rows.in_order
