"""Units: features that are kept or dropped together; and an order of columns that does not depend on their places."""

from collections.abc import Callable, Hashable, Sequence
from hashlib import blake2b
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from .correlation import correlated_units

FeatureGroups = Sequence[Hashable] | dict[str, Hashable] | Callable[[str], Hashable] | float | str | None

#: Columns with at least this correlation are a group of their own accord ("auto").
LEAST_CORRELATION = 0.7


def units_in_order(
    groups: FeatureGroups, names: Sequence[str], X: NDArray[np.float64], order: NDArray[np.intp]
) -> NDArray[np.intp]:
    """The unit of each feature, numbered as they appear when the columns are taken in an order.

    Parameters
    ----------
    groups : sequence, dict, callable, float, "auto" or None
        A label for each feature, labels by feature name (features not named stand alone), a function from name to
        label, the least correlation between any two features of a unit ("auto": 0.7), or None: every feature stands
        alone.
    names : sequence of str
        Names of the features.
    X : ndarray of float64, shape (n_rows, n_features)
    order : ndarray of int, shape (n_features,)

    Returns
    -------
    ndarray of int, shape (n_features,)

    Raises
    ------
    ValueError
        There are fewer or more labels than features, or a label for a feature that there is not; another string, or a
        number that is no correlation.
    """
    least = LEAST_CORRELATION if isinstance(groups, str) and groups == "auto" else groups
    if isinstance(least, (str, bool)) or (isinstance(least, Real) and not 0 < least <= 1):
        raise ValueError(
            "The 'feature_groups' parameter must be 'auto', a correlation in the range (0, 1], a label for each "
            f"feature, a dict, a callable or None. Got {groups!r}."
        )
    if isinstance(least, Real):
        in_order = correlated_units(X[:, order], float(least))
    else:
        in_order = _labelled_units(least, names)[order]
    _, first, unit = np.unique(in_order, return_index=True, return_inverse=True)
    number = np.empty(len(order), np.intp)
    number[order] = np.argsort(np.argsort(first))[unit]
    return number


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


def _labelled_units(groups, names):
    """The unit of each feature, by its label."""
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
