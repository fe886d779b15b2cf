"""Spans: numbers of rows, lengths of time, and pandas offsets, which follow a calendar."""

import warnings
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.errors import PerformanceWarning
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset, Day, Tick

from .instants import DATES, SPANS, ZONED, Times

#: Rows; a length of time, the same on every day of the year; or steps of a calendar, in local time.
Span: TypeAlias = int | pd.Timedelta | BaseOffset


def read_span(value: Any) -> Span:
    """A span from what a user writes.

    Whole numbers are rows. "6h", "1D" and the like, and their objects in Python, NumPy and pandas, are lengths of
    time ("1D" is 24 hours, also when clocks change). Aliases such as "1B" or "2ME" and other pandas offsets follow
    the calendar in local time.

    Raises
    ------
    ValueError
        It is none of these, below zero, or an offset that does not lead back from every time, as `DateOffset(hour=23)`.
    """
    span = _parsed(value)
    if not _leads_back(span) if isinstance(span, BaseOffset) else span < type(span)(0):
        raise ValueError(f"{value!r} is below zero, or does not lead back from every time.")
    return span


@lru_cache
def _leads_back(offset):
    """Whether an offset leads to earlier times from everywhere: tried every five hours of four years."""
    probes = Times(pd.date_range("2023-12-25", "2027-12-31", freq="5h").as_unit("ns").asi8, DATES)
    return bool((_moved(probes, offset, -1) < probes.values).all())


def _parsed(value):
    if isinstance(value, str):
        span = _parsed_text(value.strip())
    elif isinstance(value, timedelta | np.timedelta64):  # NumPy's are integers, too
        span = pd.Timedelta(value)
    elif isinstance(value, Integral) and not isinstance(value, bool | np.bool_):
        return int(value)
    else:
        span = value if isinstance(value, BaseOffset) else None
    if span is None or span is pd.NaT:
        raise ValueError(f"{value!r} is no number of rows, length of time (such as '6h') or pandas offset ('1B').")
    if isinstance(span, Tick | Day):  # lengths of time; a day is a Tick before pandas 3
        span = pd.Timedelta(days=span.n) if isinstance(span, Day) else pd.Timedelta(span)
    return span


def _parsed_text(text):
    """Aliases of offsets first: to `pandas.Timedelta`, "1MS" are milliseconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of aliases that later versions of pandas spell otherwise
        for read in (pd.Timedelta,) if text.endswith("W") else (to_offset, pd.Timedelta):
            try:
                return None if text.isdigit() else read(text)
            except ValueError:
                continue
    return None


def check_span(span: Span, kind: str, name: str) -> None:
    """Raise a ValueError, which names the parameter, where times of a kind have no such spans."""
    if isinstance(span, int):
        return
    if kind not in (DATES, ZONED, SPANS):
        raise ValueError(f"The {name!r} parameter holds a length of time, and the times are {kind}.")
    if isinstance(span, BaseOffset) and kind == SPANS:
        raise ValueError(
            f"The {name!r} parameter holds {span.freqstr!r}, which follows the calendar; the times are {kind}."
        )


def earlier(times: Times, span: pd.Timedelta | BaseOffset) -> NDArray[np.int64]:
    """Values of the times a span earlier; never later than the times themselves."""
    return np.minimum(_moved(times, span, -1), times.values)


def earliest_from(time: Times, span: pd.Timedelta | BaseOffset) -> int:
    """The earliest value that is a span before a time, or before any that comes later.

    Calendars do not lead back in order: a business day before Sunday night is Friday night, and one before Monday
    morning is Friday morning. Within a day order holds but for changes of clocks, which a day and an hour allow for.

    Parameters
    ----------
    time : Times of one time
    """
    (reached,) = earlier(time, span)
    if isinstance(span, pd.Timedelta):
        return int(reached)
    day = 24 * 3600 * 10**9
    days = np.arange(2 * ((time.values[0] - reached) // day) + 40)
    return int(earlier(replace(time, values=time.values[0] + days * day), span).min()) - day - day // 24


def later(times: Times, span: pd.Timedelta | BaseOffset) -> NDArray[np.int64]:
    """Values of the times a span later; never earlier than the times themselves."""
    return np.maximum(_moved(times, span, 1), times.values)


def _moved(times, span, sign):
    if isinstance(span, pd.Timedelta):
        return times.values + sign * span.as_unit("ns").value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        wall = times.wall() + sign * span
    if times.zone is None:
        return wall.as_unit("ns").asi8
    # An hour that clocks show twice is its first; one that they skip is the next that there is.
    first = np.ones(len(wall), bool)
    moved = wall.tz_localize(times.zone, ambiguous=first, nonexistent="shift_forward")
    return moved.tz_convert("UTC").as_unit("ns").asi8
