"""Checks of the parameters of LagWindowFeatures, each by itself and against the times of a table."""

from datetime import timedelta, tzinfo
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.offsets import BaseOffset

from ..times import NUMBERS, ROW_NUMBERS, ZONED, Times, as_zone, check_span, read_span
from .series_rows import Reach
from .window_statistics import STATISTICS

CALENDAR = ("hour", "day_of_week", "day", "day_of_year", "month", "quarter", "year")


def read_reach(features: Any) -> Reach:
    """How far back the features reach, after checks of all parameters by themselves.

    Parameters
    ----------
    features : LagWindowFeatures
        The estimator.

    Raises
    ------
    ValueError
        A parameter is out of range; the message names it.
    """
    for name in ("lags", "windows", "statistics", "calendar", "seasonal"):
        value = getattr(features, name)
        if isinstance(value, str) or not hasattr(value, "__len__"):
            raise _error(name, "be a sequence", value)
        if len(set(map(str, value))) < len(value):
            raise _error(name, "hold each value once", value)
    for name, known in (("statistics", tuple(STATISTICS)), ("calendar", CALENDAR)):
        unknown = [value for value in getattr(features, name) if value not in known]
        if unknown:
            raise _error(name, f"be among {known}", unknown)
    if not (len(features.lags) or len(features.windows) or len(features.calendar) or len(features.seasonal)):
        raise ValueError("LagWindowFeatures has nothing to make: give lags, windows, calendar or seasonal terms.")
    for period in features.seasonal:
        if not _is_positive(period):
            raise _error("seasonal", "hold positive lengths of time or numbers", features.seasonal)
    lags, windows = _spans("lags", features.lags, 0), _spans("windows", features.windows, 1)
    (window_lag,) = _spans("window_lag", [features.window_lag], 0, features.window_lag)
    read_freq(features.freq)
    tolerance = _length("tolerance", features.tolerance)
    return Reach(lags, windows, window_lag, tolerance)


def read_freq(freq: Any) -> pd.Timedelta | BaseOffset | None:
    """The step of the series as a span, or None."""
    if freq is None:
        return None
    try:
        span = read_span(freq)
    except ValueError:
        span = 0
    if isinstance(span, int) or span == pd.Timedelta(0):
        raise _error("freq", "be a positive length of time, a pandas offset or None", freq)
    return span


def check_times(features: Any, reach: Reach, times: Times | None) -> None:
    """Raise a ValueError where parameters ask for what times of this kind do not have."""
    kind = ROW_NUMBERS if times is None else times.kind
    if times is None and (len(features.calendar) or len(features.seasonal)):
        raise ValueError("The 'calendar' and 'seasonal' parameters need times: an index of dates, or 'time'.")
    if len(features.calendar) and (times is None or not times.are_dates):
        raise ValueError(f"The 'calendar' parameter needs dates, and the times are {kind}.")
    if features.time_zone is not None and kind != ZONED:
        raise ValueError(f"The 'time_zone' parameter needs {ZONED}, and the times are {kind}.")
    for period in features.seasonal:
        if is_number(period) != (kind == NUMBERS):
            wanted = "numbers" if kind == NUMBERS else "lengths of time"
            raise _error("seasonal", f"hold {wanted}, as the times are {kind}", features.seasonal)
    spans = {"lags": reach.lags, "windows": reach.windows, "window_lag": [reach.window_lag]}
    for name, values in (spans | {"freq": [read_freq(features.freq) or 0]}).items():
        for span in values:
            check_span(span, kind, name)


def zone_of(features: Any, reach: Reach, times: Times | None) -> tzinfo | None:
    """The zone of calendars and clocks."""
    if features.time_zone is not None:
        return as_zone(features.time_zone)
    if times is None or times.kind != ZONED:
        return None
    by_calendar = (isinstance(span, BaseOffset) for span in (*reach.lags, *reach.windows, reach.window_lag))
    if times.zone is None and (len(features.calendar) or len(features.seasonal) or any(by_calendar)):
        raise ValueError("The times have several offsets from UTC: name their zone in the 'time_zone' parameter.")
    return times.zone


def span_name(value: Any) -> Any:
    """A span, or a period, as it stands in a feature's name."""
    if isinstance(value, BaseOffset):
        return value.freqstr
    return pd.Timedelta(value).isoformat() if isinstance(value, timedelta | np.timedelta64) else value


def is_number(value: Any) -> bool:
    """Whether a value is a number, which NumPy takes its time spans for, too."""
    return isinstance(value, Real) and not isinstance(value, np.timedelta64)


def _spans(name, values, low, given=None):
    try:
        spans = [read_span(value) for value in values]
    except ValueError:
        spans = [-1]
    if any(span < type(span)(low) for span in spans if not isinstance(span, BaseOffset)):
        wanted = f"lengths of time, pandas offsets or ints >= {low}"
        raise _error(name, f"hold {wanted}", values if given is None else given)
    return spans


def _length(name, value):
    try:
        length = pd.Timedelta(value)
    except ValueError:
        length = pd.NaT
    if is_number(value) or not length >= pd.Timedelta(0):
        raise _error(name, "be a length of time, such as '0s' or '30min'", value)
    return length.as_unit("ns")


def _is_positive(period):
    if is_number(period):
        return bool(period > 0)
    try:
        return bool(pd.Timedelta(period) > pd.Timedelta(0))
    except ValueError:
        return False


def _error(name, must, value):
    return ValueError(f"The {name!r} parameter of LagWindowFeatures must {must}. Got {value!r}.")
