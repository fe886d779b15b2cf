"""Whether a model was fitted on rows: there it is surer of what it says than on new ones."""

from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from ..adapters import find_adapter
from ..exceptions import UnsupportedModelError


def was_fitted_on(model: Any, X: Any) -> bool:
    """Whether a tree model shows it: just as many of the rows are in each leaf of its first tree.

    Parameters
    ----------
    model : object
    X : array-like
        Rows as the tree model takes them.

    Returns
    -------
    bool
        False also where the model stores no numbers of rows, or does not tell which rows its first tree was grown on.
    """
    adapter = find_adapter(model)
    forest = adapter.forest
    if forest.n_node_samples is None:
        return False
    try:
        grew = ~adapter.oob_rows(X, None if forest.task == "path_length" else model.predict(X)).mask(0)
    except (UnsupportedModelError, ValueError):  # no bootstrap, or other rows
        grew = np.ones(_num_samples(X), dtype=bool)
    counts = np.bincount(adapter.leaf_ids(X)(0)[grew], minlength=forest.n_nodes)
    leaf = np.flatnonzero(forest.is_leaf[: forest.start[1]])
    return bool((counts[leaf] == forest.n_node_samples[leaf]).all())
