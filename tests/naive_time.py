"""Slow, obvious twins of what knows of time: one row, one loop, pandas' own scalars."""

import numpy as np
import pandas as pd

STATISTICS = {
    "mean": lambda x: sum(x) / len(x),
    "std": lambda x: (sum((v - sum(x) / len(x)) ** 2 for v in x) / len(x)) ** 0.5,
    "min": min,
    "max": max,
    "median": np.median,
    "change": lambda x: x[-1] - x[0],
}


def minus(time, span):
    """A time less a span. Lengths of time are text with a digit and a unit of fixed length, or timedeltas."""
    return time - (pd.Timedelta(span) if isinstance(span, str) else span)


def row_back(times, row, lag, tolerance="0s"):
    if isinstance(lag, int):
        return row - lag if row >= lag else None
    wanted = minus(times[row], lag)
    met = [i for i, time in enumerate(times) if minus(wanted, tolerance) <= time <= wanted]
    return met[-1] if met else None


def window(times, row, length):
    if isinstance(length, int):
        return list(range(row - length + 1, row + 1)) if row + 1 >= length else None
    since = minus(times[row], length)
    if row == 0 or since < times[0] - (times[1] - times[0]):
        return None
    return [i for i, time in enumerate(times) if since < time <= times[row]]


def lag_window_features(times, values, *, lags=(), windows=(), statistics=(), window_lag=1, tolerance="0s"):
    """Features of one series in order, one channel: a list of rows."""
    out = []
    for row in range(len(times)):
        met = [row_back(times, row, lag, tolerance) for lag in lags]
        features = [np.nan if i is None else values[i] for i in met]
        end = row_back(times, row, window_lag, tolerance)
        for length in windows:
            rows = None if end is None else window(times, end, length)
            features += [np.nan if rows is None else STATISTICS[s]([values[i] for i in rows]) for s in statistics]
        out.append(features)
    return np.array(out)


def purged_train_rows(times, series, test_rows, purge, embargo, past_only):
    """Train rows beside given test rows: those that are far enough from the test."""
    first, last = min(times[i] for i in test_rows), max(times[i] for i in test_rows)
    train = []
    for row, time in enumerate(times):
        own = {t for t, s in zip(times, series, strict=True) if s == series[row]}
        if time < first:
            if isinstance(purge, int):
                fits = len([t for t in own if time < t < first]) >= purge
            else:
                fits = time < minus(first, purge)
        else:
            between = len([t for t in own if last < t < time])
            fits = between >= embargo if isinstance(embargo, int) else time > plus(last, embargo)
            fits = fits and time > last and not past_only
        if fits:
            train.append(row)
    return train


def plus(time, span):
    return time + (pd.Timedelta(span) if isinstance(span, str) else span)
