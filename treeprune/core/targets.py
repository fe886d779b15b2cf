"""Targets as users hand them over."""

from typing import Any

import numpy as np


def check_target(y: Any, name: str = "y") -> None:
    """Raise a ValueError where text or objects have missing values: None, NaN, or those of pandas.

    scikit-learn sorts such targets before it looks for them, which ends in a TypeError. Numbers are left to the model.

    Parameters
    ----------
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), or None
        Targets, or labels of classes; None: there are none.
    name : str
        What the message calls them.
    """
    values = np.asarray(y)
    if y is None or values.dtype != object:
        return
    import pandas as pd

    n_missing = pd.isna(values).sum()
    if n_missing:
        raise ValueError(f"The target {name} must have no missing values. Got {n_missing} in {len(values)} rows.")
