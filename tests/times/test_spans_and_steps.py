"""Spans in time and on the calendar; the step of a series and its gaps."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from treeprune.times import earlier, later, own_step, read_span, read_times

HOLIDAY = pd.offsets.CustomBusinessDay(holidays=["2024-01-08"])


@pytest.mark.parametrize(
    ("given", "span"),
    [
        (3, 3),
        (np.int64(3), 3),
        ("6h", pd.Timedelta(hours=6)),
        ("1D", pd.Timedelta(days=1)),
        ("D", pd.Timedelta(days=1)),
        ("2W", pd.Timedelta(days=14)),
        ("1 day 3h", pd.Timedelta(hours=27)),
        ("90min", pd.Timedelta(minutes=90)),
        (dt.timedelta(hours=1), pd.Timedelta(hours=1)),
        (np.timedelta64(1, "h"), pd.Timedelta(hours=1)),
        (pd.offsets.Hour(2), pd.Timedelta(hours=2)),
        ("1B", pd.offsets.BDay(1)),
        ("1MS", pd.offsets.MonthBegin(1)),
        ("2ME", pd.offsets.MonthEnd(2)),
        ("W-MON", pd.offsets.Week(weekday=0)),
    ],
)
def test_read(given, span):
    assert read_span(given) == span
    assert type(read_span(given)) is type(span)


@pytest.mark.parametrize("given", [-1, 1.5, True, "3", "", "-1D", "-1B", "x", "NaT", None, np.timedelta64("NaT")])
def test_no_span(given):
    with pytest.raises(ValueError, match=r"below zero|is no number of rows, length of time"):
        read_span(given)


@pytest.mark.parametrize("span", ["6h", "1D", "1B", "1ME", pd.DateOffset(months=1), pd.DateOffset(days=1), HOLIDAY])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "America/New_York"])
def test_moved_as_pandas_moves_each_time(span, zone):
    index = pd.date_range("2024-01-01 12:00", periods=400, freq="27h", tz=zone)
    scalar = pd.Timedelta(span) if span in ("6h", "1D") else read_span(span)
    for move, expected in ((earlier, [t - scalar for t in index]), (later, [t + scalar for t in index])):
        got = move(read_times(index), read_span(span))
        assert got.tolist() == [t.as_unit("ns").value for t in expected]


def test_clock_changes_never_lead_ahead():
    """Not at hours that clocks show twice or not at all, nor where an offset sets the day rather than steps."""
    index = pd.date_range("2024-03-30", "2024-04-02", freq="15min", tz="Europe/Berlin")
    index = index.append(pd.date_range("2024-10-26", "2024-10-29", freq="15min", tz="Europe/Berlin"))
    times = read_times(index)
    for span in (pd.DateOffset(days=1), pd.DateOffset(minutes=30), pd.offsets.BDay(1), pd.DateOffset(day=31)):
        assert (earlier(times, span) <= times.values).all()
        assert (later(times, span) >= times.values).all()


def gaps(index, of=None, freq=None):
    step = own_step(read_times(index if of is None else of), None if freq is None else read_span(freq))
    return np.flatnonzero(step.gaps(read_times(index))).tolist()


DAYS = pd.date_range("2024-01-01", periods=40)


@pytest.mark.parametrize(
    ("index", "freq", "missing"),
    [
        (pd.date_range("2024", periods=9, freq="h").delete(4), None, [3]),
        (pd.date_range("2024", periods=9, freq="h"), None, []),
        (pd.date_range("2024", periods=9, freq="h"), "30min", [0, 1, 2, 3, 4, 5, 6, 7]),
        (pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin"), None, []),
        (pd.date_range("2024-03-30", periods=5, freq="D", tz="Europe/Berlin"), None, []),
        (pd.date_range("2024-01-01", periods=20, freq="B"), None, []),
        (pd.date_range("2024-01-01", periods=5, freq="B"), None, []),
        (pd.date_range("2024-01-01", periods=20, freq="B").delete(5), None, [4]),  # a Monday
        (pd.date_range("2024-01-01", periods=20, freq=HOLIDAY), HOLIDAY, []),
        (pd.date_range("2024-01-01", periods=20, freq=HOLIDAY), None, [4]),
        (DAYS.delete(7), None, [6]),
        (pd.date_range("2024-01-31", periods=9, freq="ME"), None, []),
        (pd.date_range("2024-01-01", periods=9, freq="MS").delete(3), "MS", [2]),
        (pd.date_range("2024-01-01", periods=30, freq="MS").delete(13), None, [12]),
        (pd.date_range("2024-01-01", periods=9, freq="QS"), None, []),
        (pd.period_range("2024-01", periods=9, freq="M"), None, []),
        (pd.period_range("2024-01", periods=9, freq="M").delete(3), None, [2]),
        (pd.period_range("2024", periods=9, freq="Y").delete(3), None, [2]),
        (pd.period_range("2024-01-01", periods=9, freq="W").delete(3), None, [2]),
        (pd.to_timedelta([0, 1, 2, 3, 6, 7], unit="h"), "1h", [3]),
        (pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-02-05", "2024-06-01"]), None, []),  # no step of its own
        (pd.DatetimeIndex(["2024-01-01"]), None, []),
    ],
)
def test_gaps(index, freq, missing):
    assert gaps(index, freq=freq) == missing


def test_after_five_week_days_a_weekend_is_no_gap():
    week = pd.date_range("2024-01-01", periods=5)
    assert gaps(pd.DatetimeIndex(["2024-01-05", "2024-01-08"]), of=week) == []
    assert gaps(pd.DatetimeIndex(["2024-01-05", "2024-01-09"]), of=week) == [0]
