"""Units: features that are kept or dropped together."""

from collections.abc import Callable, Hashable, Sequence

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
