"""A slim model: the columns that it still needs, those that nobody has to compute any more, and its bytes."""

import pickle
from typing import Any

import numpy as np

#: Most columns that are listed of each kind.
MOST_COLUMNS = 60


def summarise_columns(subject) -> dict[str, Any]:
    """Columns and bytes, before where that is known and after; `columns` is None if the model is not slim."""
    if subject.selector is not None or not subject.is_slim:
        return {"columns": None}
    needed, before = subject.predictor.columns_, subject.before
    every = None if before is None else _columns_of(before)
    needed = None if needed is None else [str(column) for column in needed]
    gone = [] if every is None or needed is None else [column for column in every if column not in set(needed)]
    found = {
        "n_needed": None if needed is None else len(needed),
        "n_before": None if every is None else len(every),
        "needed": None if needed is None else needed[:MOST_COLUMNS],
        "gone": gone[:MOST_COLUMNS],
        "n_gone": len(gone),
        "bytes": len(pickle.dumps(subject.predictor)),
        "bytes_before": None if before is None else len(pickle.dumps(before)),
    }
    return {"columns": found}


def _columns_of(model):
    """Names of the columns that go into a model, or their places; None: it takes no table."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = np.arange(model.n_features_in_) if hasattr(model, "n_features_in_") else None
    return None if names is None else [str(name) for name in names]
