"""Columns of a table as numbers."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def channel_numbers(columns: pd.DataFrame, channels: list[str]) -> NDArray[np.float64]:
    """The channels as numbers, shape (n_rows, n_channels); what is missing is NaN.

    Raises
    ------
    ValueError
        A channel holds dates or text; the message names it.
    """
    for name in channels:
        column = columns[name]
        kind = pd.api.types.infer_dtype(column, skipna=True)
        if kind in ("datetime64", "datetime", "date", "period", "timedelta64", "timedelta", "time"):
            raise ValueError(
                f"Column {name!r} holds times, no numbers: name it in 'time', or leave it out of 'channels'."
            )
        if kind in ("string", "bytes", "mixed") and not _is_numeric_text(column):
            raise ValueError(
                f"Column {name!r} holds text, no numbers: name it in 'series' (or in 'time'), or leave it out of "
                "'channels'."
            )
    return columns[channels].to_numpy(dtype=np.float64, na_value=np.nan)


def _is_numeric_text(column):
    return pd.to_numeric(column, errors="coerce").notna().eq(column.notna()).all()
