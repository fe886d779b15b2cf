"""Every kind of index or column of times is read as UTC nanoseconds, or refused."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

from treeprune.times import DATES, NUMBERS, SPANS, ZONED, index_times, read_times

BERLIN = ZoneInfo("Europe/Berlin")
#: An hour that clocks show twice, 1 January and 2 January: the instants in UTC of each form below.
TWICE = [dt.datetime(2024, 10, 27, 2, 30, fold=fold, tzinfo=BERLIN) for fold in (0, 1)]
TWICE_UTC = ["2024-10-27T00:30", "2024-10-27T01:30"]
DAYS = ["2024-02-01", "2024-01-02"]

FORMS = {
    "naive index": (pd.DatetimeIndex(DAYS), DATES, DAYS),
    "seconds": (np.array(DAYS, dtype="M8[s]"), DATES, DAYS),
    "days": (np.array(DAYS, dtype="M8[D]"), DATES, DAYS),
    "objects of numpy": (pd.Index(list(np.array(DAYS, dtype="M8[D]")), dtype=object), DATES, DAYS),
    "dates": (np.array([dt.date(2024, 2, 1), dt.date(2024, 1, 2)]), DATES, DAYS),
    "datetimes": (pd.Index([dt.datetime(2024, 2, 1), dt.datetime(2024, 1, 2)], dtype=object), DATES, DAYS),
    "categories": (pd.CategoricalIndex(pd.DatetimeIndex(DAYS)), DATES, DAYS),
    "text": (pd.Index(DAYS), DATES, DAYS),
    "text of minutes": (pd.Index([f"{day} 00:00" for day in DAYS]), DATES, DAYS),
    "months": (pd.PeriodIndex(["2024-02", "2023-11"], freq="M"), DATES, ["2024-02-01", "2023-11-01"]),
    "arrow": (pd.Series(pd.DatetimeIndex(DAYS)).astype("timestamp[us][pyarrow]"), DATES, DAYS),
    "polars dates": (pl.Series([dt.date(2024, 2, 1), dt.date(2024, 1, 2)]), DATES, DAYS),
    "polars datetimes": (pl.Series([dt.datetime(2024, 2, 1), dt.datetime(2024, 1, 2)]), DATES, DAYS),
    "polars text": (pl.Series(DAYS), DATES, DAYS),
    "zoned index": (pd.DatetimeIndex(TWICE_UTC, tz="UTC").tz_convert(BERLIN), ZONED, TWICE_UTC),
    "zoned datetimes": (pd.Index(TWICE, dtype=object), ZONED, TWICE_UTC),
    "zoned arrow": (
        pd.Series(pd.DatetimeIndex(TWICE_UTC, tz="UTC")).astype("timestamp[us, Europe/Berlin][pyarrow]"),
        ZONED,
        TWICE_UTC,
    ),
    "polars with a zone": (
        pl.Series([dt.datetime(2024, 10, 27, 0, 30), dt.datetime(2024, 10, 27, 1, 30)])
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone("Europe/Berlin"),
        ZONED,
        TWICE_UTC,
    ),
    "text with offsets": (pd.Index([time.isoformat() for time in TWICE]), ZONED, TWICE_UTC),
    "text in UTC": (pd.Index([f"{time}Z" for time in TWICE_UTC]), ZONED, TWICE_UTC),
}


@pytest.mark.parametrize("form", FORMS)
def test_dates(form):
    column, kind, expected = FORMS[form]
    times = read_times(column)
    assert times.kind == kind
    np.testing.assert_array_equal(times.values, np.array(expected, dtype="M8[ns]").astype(np.int64))
    if kind == ZONED and form not in ("text with offsets", "text in UTC"):
        assert times.wall().strftime("%H:%M").tolist() == ["02:30", "02:30"]
        assert [times.show(value)[-6:] for value in times.values] == ["+02:00", "+01:00"]
    if isinstance(column, pd.Index):
        np.testing.assert_array_equal(index_times(column).values, times.values)


def test_spans_and_numbers():
    for column in (pd.to_timedelta([3, 1], unit="h"), pl.Series([dt.timedelta(hours=3), dt.timedelta(hours=1)])):
        times = read_times(column)
        assert times.kind == SPANS
        assert times.values.tolist() == [3 * 3600 * 10**9, 3600 * 10**9]
    for column in (np.array([3, 1]), pd.Series([3, 1], dtype="Int64"), [3.0, 1.0], pl.Series([3, 1])):
        times = read_times(column)
        assert times.kind == NUMBERS
        assert times.values.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("texts", "time_format", "expected"),
    [
        (["01.02.2024", "02.01.2024"], "%d.%m.%Y", ["2024-02-01", "2024-01-02"]),
        (["01.02.2024", "02.01.2024"], "%m.%d.%Y", ["2024-01-02", "2024-02-01"]),
        (["01/02/24 03:04 +0200"], "%d/%m/%y %H:%M %z", ["2024-02-01T01:04"]),
        (["+0200 01/02/24 03:04"], "%z %d/%m/%y %H:%M", ["2024-02-01T01:04"]),
    ],
)
def test_text_in_a_format(texts, time_format, expected):
    for batch in (slice(None), slice(0, 1), slice(-1, None)):
        times = read_times(pd.Series(texts)[batch], time_format)
        np.testing.assert_array_equal(times.values, np.array(expected[batch], dtype="M8[ns]").astype(np.int64))
    assert index_times(pd.Index(texts), time_format).kind == times.kind


def test_one_offset_is_a_zone_and_several_are_none():
    assert read_times(["2024-01-01T00:00-03:30"]).wall()[0] == pd.Timestamp("2024-01-01")
    assert read_times(["2024-01-01T00:00+01:00", "2024-07-01T00:00+02:00"]).zone is None


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2024-03", "2024-01"], ["2024-03-01", "2024-01-01"]),
        (["20240103", "20231231"], ["2024-01-03", "2023-12-31"]),
        (["2024", "2023"], ["2024-01-01", "2023-01-01"]),
    ],
)
def test_short_forms_of_iso_8601(texts, expected):
    times = index_times(pd.Index(texts))
    np.testing.assert_array_equal(times.values, np.array(expected, dtype="M8[ns]").astype(np.int64))


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(2),
        pd.Index([2.5, 1.5]),
        pd.Index(["case 1", "case 2"]),
        pd.Index(["4711", "0815"]),
        pd.Index(["3:16", "1:2"]),
        pd.Index(["12345678", "20249999"]),
        pd.Index(["1.5", "10.25"]),
        pd.Index(["May", "June"]),
    ],
)
def test_no_times(index):
    assert index_times(index) is None


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            pd.Index(["01.02.2024", "02.01.2024"]),
            r"ISO 8601, the year first. Got '01.02.2024'.*'time_format' parameter",
        ),
        (pd.Index(["1/2/2024", "2/1/2024"]), "Got '1/2/2024'"),
        (pd.Index(["2024Q3", "2024Q1"]), "Got '2024Q3'.*pandas.PeriodIndex"),
        (pd.Index(["2024-W10", "2024-W02"]), "Got '2024-W10'"),
        (pd.Index(["03/2024", "1/2024"]), "Got '03/2024'"),
        (pd.Index(["Mar 2024", "Jan 2024"]), "Got 'Mar 2024'"),
        (pd.Index(["10:30", "09:30:15"]), "Got '10:30'"),
        (pd.Index(["5 Jan 2024", "Feb 3, 2024"]), "Got '5 Jan 2024'"),
        (pd.Index(["2024-01-01", "02.01.2024", "2024-01-03"]), "Got '02.01.2024'"),
        (pd.Index(["2024-01-01T00:00Z", "2024-01-01T01:00"]), "Some times have a zone and others have none"),
        (pd.Index([TWICE[0], dt.datetime(2024, 1, 1)], dtype=object), "Some times have a zone and others have none"),
        (pd.DatetimeIndex(["2024-01-01", None]), "1 of 2 rows have no time"),
        (pd.Index([dt.time(1), dt.time(2)]), "Got values of the kind 'time', such as datetime.time"),
        (pd.interval_range(pd.Timestamp("2024"), periods=2), "Use the left or the right ends"),
    ],
)
def test_refused(column, message):
    with pytest.raises(ValueError, match=message):
        index_times(column)


@pytest.mark.parametrize(
    "column", [[True, False], [dt.date(2024, 1, 1), 3], [1.0, np.inf], ["today", "now"], [b"2024"]]
)
def test_refused_as_a_column(column):
    with pytest.raises(ValueError, match=r"Times must be|ISO 8601"):
        read_times(pd.Index(column))
