"""Units: features that are kept or dropped together; and an order of columns that does not depend on their places."""

from collections.abc import Callable, Hashable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

FeatureGroups = Sequence[Hashable] | dict[str, Hashable] | Callable[[str], Hashable] | None


def feature_units(groups: FeatureGroups, names: Sequence[str]) -> NDArray[np.intp]:
    """The unit of each feature, numbered in order of appearance.

    Parameters
    ----------
    groups : sequence, dict, callable or None
        A label for each feature, labels by feature name (features not named stand alone), a function from name to
        label, or None: every feature stands alone.
    names : sequence of str
        Names of the features.

    Returns
    -------
    ndarray of int, shape (n_features,)

    Raises
    ------
    ValueError
        There are fewer or more labels than features, or a label for a feature that there is not.
    """
    if groups is None:
        return np.arange(len(names))
    if callable(groups):
        labels = [groups(name) for name in names]
    elif isinstance(groups, dict):
        unknown = sorted(set(groups) - set(names), key=str)
        if unknown:
            raise ValueError(f"The 'feature_groups' parameter names features that X does not have: {unknown}.")
        labels = [("group", groups[name]) if name in groups else ("feature", name) for name in names]
    else:
        labels = np.asarray(groups).tolist()
        if len(labels) != len(names):
            raise ValueError(
                f"The 'feature_groups' parameter must have one label for each of {len(names)} features. "
                f"Got {len(labels)}."
            )
    known = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return np.array([known[label] for label in labels])


def order_by_content(X: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.intp]:
    """Columns in an order set by their values, and by their names where the values are the same.

    What is drawn for columns in this order does not depend on the places that they were given in.

    Parameters
    ----------
    X : ndarray of float64, shape (n_rows, n_columns)
    names : sequence of str

    Returns
    -------
    ndarray of int, shape (n_columns,)
    """
    X = np.where(np.isnan(X), np.nan, X) + 0.0  # one NaN, and one zero, whatever their bits
    digest = [blake2b(np.ascontiguousarray(x).tobytes()).digest() for x in X.T]
    return np.array(sorted(range(len(names)), key=lambda column: (digest[column], str(names[column]))), np.intp)


def number_in_order(unit: NDArray[np.intp], order: NDArray[np.intp]) -> NDArray[np.intp]:
    """The same units, numbered as they appear when the columns are taken in an order, shape (n_columns,)."""
    _, first = np.unique(unit[order], return_index=True)
    number = np.empty(len(first), np.intp)
    number[np.argsort(first)] = np.arange(len(first))
    return number[unit]
