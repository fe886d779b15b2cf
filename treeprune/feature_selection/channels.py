"""Columns of a table as numbers."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_TIMES = ("datetime64", "datetime", "date", "period", "timedelta64", "timedelta", "time")


def channel_numbers(X: Any, channels: list[str]) -> NDArray[np.float64]:
    """Channels of a pandas or Polars DataFrame as numbers, shape (n_rows, n_channels); what is missing is NaN.

    Raises
    ------
    ValueError
        A channel is not there, there twice, or holds dates or text; the message names it.
    """
    names = list(X.columns)
    unknown = [name for name in channels if name not in names]
    if unknown:
        raise ValueError(f"X has no column {', '.join(map(repr, unknown))}.")
    values = np.empty((len(X), len(channels)))
    for number, name in enumerate(channels):
        if names.count(name) > 1:
            raise ValueError(f"X has several columns {name!r}.")
        values[:, number] = _numbers(name, X[name] if isinstance(X, pd.DataFrame) else pd.Series(np.asarray(X[name])))
    return values


def _numbers(name, column):
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in _TIMES:
        raise ValueError(f"Column {name!r} holds times, no numbers: name it in 'time', or leave it out of 'channels'.")
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Column {name!r} holds {kind} values, no numbers: name it in 'series' (or in 'time'), or leave it out of "
            f"'channels'. ({error})"
        ) from error
