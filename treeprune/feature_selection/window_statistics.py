"""Statistics of windows of rows."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

#: Statistics of windows (last axis), by name.
STATISTICS = {
    "mean": np.mean,
    "std": np.std,
    "min": np.min,
    "max": np.max,
    "median": np.median,
    "change": lambda x, axis: np.take(x, -1, axis) - np.take(x, 0, axis),
}
_MOST_NUMBERS = 1 << 22


def window_features(x: NDArray[np.float64], first: NDArray[np.intp], names: list[str]) -> list[NDArray[np.float64]]:
    """Statistics of the windows that end with each row.

    Each window is computed by itself: not a bit of it depends on other rows, as a running sum would.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows,)
        Values in order.
    first : ndarray of int, shape (n_rows,)
        First row of each window; -1: there is none, and the statistics are NaN.
    names : list of str
        Keys of `STATISTICS`.

    Returns
    -------
    list of ndarray of float64, shape (n_rows,)
        One for each name.
    """
    out = [np.full(len(x), np.nan) for _ in names]
    rows = np.flatnonzero(first >= 0)
    lengths = rows - first[rows] + 1
    for length in np.unique(lengths):
        views = sliding_window_view(x, length)
        ends = rows[lengths == length]
        at_once = max(1, _MOST_NUMBERS // length)
        for part in (ends[start : start + at_once] for start in range(0, len(ends), at_once)):
            windows = views[part - length + 1]
            for column, name in zip(out, names, strict=True):
                column[part] = STATISTICS[name](windows, axis=-1)
    return out
