"""The step at which the rows of a series follow each other, and where a row is missing."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.errors import PerformanceWarning
from pandas.tseries.offsets import BaseOffset, BusinessDay

from .instants import Times
from .spans import read_span

#: From this length on, steps may follow the calendar: days, business days, weeks, months.
_ALMOST_A_DAY = int(20 * 3600 * 1e9)
#: A series keeps its step if no more than this share of its steps are longer.
_MOST_GAPS = 0.25


@dataclass(frozen=True)
class Step:
    """How far apart the rows of a series are.

    Attributes
    ----------
    longest : float
        A length of time (or a difference of numbers) that goes from a row to the next; what is longer is a gap.
    length : float or None
        The length of one step; None where it differs.
    offset : pandas offset or None
        The calendar that rows follow. It overrules the lengths.
    """

    longest: float
    length: float | None = None
    offset: BaseOffset | None = None

    def gaps(self, times: Times) -> NDArray[np.bool_]:
        """Between which of the times, in order, rows are missing; shape (n_rows - 1,)."""
        steps = np.diff(times.values)
        if self.offset is None:
            return steps > self.longest
        found = steps > self.longest
        candidates = np.flatnonzero(found)
        wall = times.wall()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PerformanceWarning)
            once = wall[candidates] + self.offset
            twice = once + self.offset
        # As near to the row after the next as to the next: a row between them is missing, times may be a little off.
        found[candidates] = wall[candidates + 1] > once + (twice - once) / 2
        return found

    def missing(self, times: Times) -> str:
        """What is missing between two times, for a message."""
        first, last = times.values
        number = None if self.length is None else max(1, round(float(last - first) / self.length) - 1)
        rows = "rows" if number is None else "1 row" if number == 1 else f"{number} rows"
        return f"{rows} between {times.show(first)} and {times.show(last)}"


def own_step(times: Times, freq: pd.Timedelta | BaseOffset | None = None) -> Step:
    """The step of one series.

    Parameters
    ----------
    times : Times
        In order.
    freq : Timedelta or pandas offset, optional
        The step, where it is known. None: that of periods; days of the week without Saturday and Sunday; what
        `pandas.infer_freq` finds; else half as long again as the median is the longest step. A series of which more
        than a quarter of the steps are longer has no step of its own: the longest is what was seen.
    """
    if freq is None and times.freq is not None:
        freq = read_span(times.freq)
    steps = np.diff(times.values).astype(np.float64)
    shortest = steps.min() if len(steps) else 0.0
    if freq is None and len(steps) and times.are_dates and np.median(steps) >= _ALMOST_A_DAY:
        freq = _calendar(times.wall())
    if isinstance(freq, pd.Timedelta):
        length = float(freq.as_unit("ns").value)
        return Step(1.5 * length, length)
    if freq is not None:
        return Step(shortest, None, freq)
    if not len(steps):
        return Step(np.inf)
    length = float(np.median(steps))
    if np.mean(steps > 1.5 * length) > _MOST_GAPS:
        return Step(float(steps.max()))
    return Step(1.5 * length, length)


def _calendar(wall):
    """The offset that clocks and calendars show, if there is one."""
    if (wall.day_of_week < 5).all() and np.median(np.diff(wall.asi8)) == pd.Timedelta("1D").value:
        return BusinessDay()
    if len(wall) < 3 or not wall.is_monotonic_increasing:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 3 announces another type of answer
        found = pd.infer_freq(wall)
    return None if found is None else read_span(found)
