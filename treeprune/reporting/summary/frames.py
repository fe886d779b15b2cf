"""Rows as a pandas DataFrame, whatever holds them."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def frame_of(X: Any) -> "pd.DataFrame":
    """Rows or targets as a frame: pandas as it is, other frames by their columns, sparse ones filled with zeros."""
    import pandas as pd

    if isinstance(X, pd.DataFrame):
        return X
    if hasattr(X, "tocsr"):
        X = X.toarray()
    if hasattr(X, "columns"):  # polars, and what else has named columns
        return pd.DataFrame({name: np.asarray(X[name]) for name in X.columns})
    return pd.DataFrame(np.asarray(X))
