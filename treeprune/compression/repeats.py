"""Rows that belong together, by their features or by groups: units of splits and of standard errors."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _num_samples, column_or_1d

_COLUMN = np.uint64(0x9E3779B97F4A7C15)  # odd, so that products with it are a permutation of the 64-bit integers


def units_of(X: Any, groups: ArrayLike | None = None) -> NDArray[np.int64]:
    """Numbers from 0 on, shape (n_rows,): the same for rows of one group or, without groups, of the same features.

    Raises
    ------
    ValueError
        `groups` does not hold one label for each row.
    """
    if groups is None:
        return _by_appearance(fingerprints(X))
    groups = column_or_1d(groups)
    if len(groups) != _num_samples(X):
        raise ValueError(f"The 'groups' parameter must hold {_num_samples(X)} labels, one per row. Got {len(groups)}.")
    return _by_appearance(groups)


def _by_appearance(labels):
    """Numbers in the order in which labels appear: splits do not depend on how rows are held, or groups named."""
    return pd.factorize(labels, use_na_sentinel=False)[0].astype(np.int64)


def fingerprints(X: Any) -> NDArray[np.uint64]:
    """A hash of each row's features, shape (n_rows,); missing values are equal to each other."""
    if hasattr(X, "tocoo"):
        entries = X.tocoo()
        entries.sum_duplicates()
        values = pd.util.hash_array(entries.data.astype(np.float64))
        values = pd.util.hash_array(values ^ ((entries.col.astype(np.uint64) + np.uint64(1)) * _COLUMN))
        values[entries.data == 0] = 0
        found = np.zeros(X.shape[0], np.uint64)
        np.add.at(found, entries.row, values)
        return found
    frame = X if hasattr(X, "iloc") else X.to_pandas() if hasattr(X, "to_pandas") else pd.DataFrame(np.asarray(X))
    frame = frame.apply(lambda column: column + 0.0 if column.dtype.kind == "f" else column)  # -0.0 is 0.0
    return pd.util.hash_pandas_object(frame, index=False).to_numpy()


def share_repeated(units: NDArray[np.int64]) -> float:
    """Share of the rows whose unit holds others, too."""
    return float(np.mean(np.bincount(units)[units] > 1))


def split(
    units: NDArray[np.int64], labels: Any, share: float, random_state: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of two parts that share no unit, the second with about so large a share of the units.

    Parameters
    ----------
    units : ndarray of int of shape (n_rows,)
    labels : array-like of shape (n_rows,) or None
        Classes that each part has in proportion, by the first row of each unit; a class of a single unit stays in the
        first part.
    share : float
    random_state : int or None
    """
    first = np.unique(units, return_index=True)[1]
    if len(first) == len(units):
        return train_test_split(np.arange(len(units)), test_size=share, stratify=labels, random_state=random_state)
    if len(first) < 2:
        raise ValueError("All rows are of one group, or have the same features: none can be held out.")
    classes, alone = _classes(labels, first)
    rest = np.flatnonzero(~alone)
    stratify = None if labels is None else classes[rest]
    judging = train_test_split(rest, test_size=share, stratify=stratify, random_state=random_state)[1]
    judges = np.isin(units, np.unique(units)[judging])
    return np.flatnonzero(~judges), np.flatnonzero(judges)


def dealt(units: NDArray[np.int64], labels: Any, n_parts: int, random_state: int | None) -> NDArray[np.int64]:
    """The part of each row, shape (n_rows,), of so many that share no unit; -1: the only unit of its class.

    Units and labels are as for `split`.
    """
    first, unit = np.unique(units, return_index=True, return_inverse=True)[1:]
    classes, alone = _classes(labels, first)
    order = np.lexsort((np.random.default_rng(random_state).permutation(len(first)), classes))
    part = np.empty(len(first), np.int64)
    part[order] = np.arange(len(first)) % n_parts
    part[alone] = -1
    return part[unit]


def _classes(labels, first):
    """Class of each unit, and whether it is the only one of its class."""
    if labels is None:
        return np.zeros(len(first), np.int64), np.zeros(len(first), dtype=bool)
    classes = np.unique(np.ravel(labels)[first], return_inverse=True)[1]
    return classes, np.bincount(classes)[classes] == 1
