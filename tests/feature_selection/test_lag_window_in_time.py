"""LagWindowFeatures of rows whose times have zones, calendars, gaps and steps of their own."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from tests import naive_time
from treeprune.feature_selection import LagWindowFeatures

BERLIN = "Europe/Berlin"


def table(index, seed=0):
    return pd.DataFrame({"x": np.random.default_rng(seed).normal(size=len(index))}, index=index)


def lag(frame, lags=(1,), **params):
    """The first lag, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.asarray(LagWindowFeatures(lags, **params).fit_transform(frame))[:, 0]


class TestInstants:
    @pytest.mark.parametrize("start", ["2024-10-26", "2024-03-30"])
    @pytest.mark.parametrize("step", ["30min", "h"])
    def test_clocks_change_and_hours_do_not(self, start, step):
        frame = table(pd.date_range(start, periods=90, freq=step, tz=BERLIN))
        in_utc = frame.tz_convert("UTC")["x"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no gap is seen
            features = LagWindowFeatures([1, "3h"], windows=[4, "6h"], calendar=["hour", "day"])
            out = features.fit(frame[:40]).transform(frame[40:])
        expected = pd.DataFrame(
            {
                "x__lag_1__value": in_utc.shift(1),
                "x__lag_3h__value": in_utc.shift(freq="3h").reindex(in_utc.index),
                "x__lag_1__mean_4": in_utc.rolling(4).mean().shift(1),
                "x__lag_1__std_4": in_utc.rolling(4).std(ddof=0).shift(1),
                "x__lag_1__mean_6h": in_utc.rolling("6h").mean().shift(1),
                "x__lag_1__std_6h": in_utc.rolling("6h").std(ddof=0).shift(1),
            }
        ).set_index(frame.index)
        expected["time__lag_0__hour"] = frame.index.hour.astype(float)
        expected["time__lag_0__day"] = frame.index.day.astype(float)
        pd.testing.assert_frame_equal(out, expected[40:], check_freq=False)

    def test_fit_in_one_zone_and_transform_in_another(self):
        frame = table(pd.date_range("2024-10-26", periods=60, freq="h", tz=BERLIN))
        features = LagWindowFeatures([1, "2h", "1B"], windows=[3], calendar=["hour"], seasonal=["1D"]).fit(frame[:40])
        expected = features.transform(frame[40:])
        for zone in ("UTC", "America/New_York"):
            np.testing.assert_array_equal(features.transform(frame[40:].tz_convert(zone)), expected)
        np.testing.assert_array_equal(expected["time__lag_0__hour"], frame.index[40:].hour)

    def test_pandas_and_polars_give_the_same(self):
        frame = table(pd.date_range("2024-10-26", periods=60, freq="h", tz=BERLIN))
        in_utc = pl.Series(frame.index.tz_convert("UTC").tz_localize(None).to_numpy()).dt.replace_time_zone("UTC")
        other = pl.DataFrame({"x": frame["x"].to_numpy(), "t": in_utc.dt.convert_time_zone(BERLIN)})
        params = {"lags": [1, "1D"], "windows": ["3h"], "calendar": ["hour", "day_of_week"]}
        expected = LagWindowFeatures(**params).fit_transform(frame)
        np.testing.assert_array_equal(LagWindowFeatures(**params, time="t").fit_transform(other), expected)
        naive = pl.DataFrame({"x": [1.0, 2.0], "t": pd.date_range("2024", periods=2, freq="h").to_numpy()})
        out = LagWindowFeatures(lags=[0], calendar=["hour"], time="t").fit_transform(naive)
        assert out[:, 1].tolist() == [0.0, 1.0]

    @pytest.mark.parametrize(
        "index",
        [
            pd.PeriodIndex(["2024-03", "2024-01", "2024-02"], freq="M"),
            pd.to_timedelta([3, 1, 2], unit="h"),
            pd.DatetimeIndex(["2024-03-01", "2024-01-01", "2024-02-01"]),
            pd.Index(["2024-03-01", "2024-01-01", "2024-02-01"]),
            pd.Index(["2024-03", "2024-01", "2024-02"]),
            pd.DatetimeIndex(["2024-03-01", "2024-01-01", "2024-02-01"]).date,
        ],
        ids=lambda index: type(index).__name__,
    )
    def test_unsorted_rows(self, index):
        np.testing.assert_array_equal(lag(pd.DataFrame({"x": [3.0, 1.0, 2.0]}, index=index)), [2.0, np.nan, 1.0])

    def test_row_numbers_out_of_order(self):
        """As of a table whose rows were drawn at random: whether they are in time is not known, and said."""
        frame = pd.DataFrame({"x": [3.0, 1.0, 2.0]}, index=[3, 1, 2])
        with pytest.warns(UserWarning, match="numbers in the index are not in order.*taken as they come"):
            features = LagWindowFeatures().fit(frame)
        with pytest.warns(UserWarning, match="numbers in the index are not in order"):
            np.testing.assert_array_equal(features.transform(frame)["x__lag_1__value"], [np.nan, 3.0, 1.0])
        np.testing.assert_array_equal(lag(frame, lags=[0]), frame["x"])  # reaches back to no row
        sides = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "id": list("aabb")}, index=[0, 1, 0, 1])
        np.testing.assert_array_equal(lag(sides, series="id"), [np.nan, 1.0, np.nan, 3.0])
        with pytest.warns(UserWarning, match="if they are of several series, say which"):
            LagWindowFeatures(channels=["x"]).fit(sides)

    def test_text_dates_are_read_alike_in_every_batch(self):
        frame = pd.DataFrame({"x": np.arange(20.0), "t": pd.date_range("2024-01-08", periods=20).strftime("%d.%m.%Y")})
        features = LagWindowFeatures(["1D"], calendar=["month"], time="t", time_format="%d.%m.%Y")
        assert features.fit_transform(frame)["time__lag_0__month"].eq(1.0).all()
        features.fit(frame[:2])
        for cut in range(2, 20):  # read month first, the 8th of January would be August
            out = features.fit(frame[:cut]).transform(frame[cut:])
            assert out.to_numpy().tolist() == [[float(row - 1), 1.0] for row in range(cut, 20)]
        with pytest.raises(ValueError, match="'time_format' parameter"):
            LagWindowFeatures(time="t").fit(frame)

    def test_offsets_are_no_zone(self):
        texts = ["2024-10-27T01:00+02:00", "2024-10-27T02:00+02:00", "2024-10-27T02:00+01:00", "2024-10-27T03:00+01:00"]
        frame = pd.DataFrame({"x": np.arange(4.0)}, index=texts)
        np.testing.assert_array_equal(lag(frame, ["1h"]), [np.nan, 0.0, 1.0, 2.0])
        with pytest.raises(ValueError, match="several offsets from UTC: name their zone in the 'time_zone' parameter"):
            LagWindowFeatures(calendar=["hour"]).fit(frame)
        out = LagWindowFeatures(calendar=["hour"], time_zone=BERLIN).fit_transform(frame)
        assert out["time__lag_0__hour"].tolist() == [1.0, 2.0, 2.0, 3.0]


class TestSeries:
    def test_levels_of_the_index(self):
        index = pd.MultiIndex.from_product([["b", "a"], pd.date_range("2024", periods=3)], names=["id", "day"])
        frame = pd.DataFrame({"x": np.arange(6.0)}, index=index)
        expected = [np.nan, 0.0, 1.0, np.nan, 3.0, 4.0]
        np.testing.assert_array_equal(lag(frame), expected)
        for other in (frame.swaplevel(), frame.sort_index(ascending=False)[::-1], frame.sample(frac=1, random_state=0)):
            got = pd.Series(lag(other), index=other.index).reorder_levels(["id", "day"]).loc[index]
            np.testing.assert_array_equal(got, expected)
        np.testing.assert_array_equal(lag(frame.reset_index("id"), series="id"), expected)
        np.testing.assert_array_equal(lag(frame.reset_index("day"), series="id", time="day"), expected)
        numbered = frame.set_index(pd.MultiIndex.from_product([["b", "a"], [1, 2, 3]], names=["id", "number"]))
        np.testing.assert_array_equal(lag(numbered, time="number"), expected)
        with pytest.raises(ValueError, match=r"None of the levels \['id', 'number'\] .* 'time' parameter"):
            LagWindowFeatures().fit(numbered)

    def test_several_levels_are_one_label(self):
        index = pd.MultiIndex.from_product([["b", "a"], [1, 2], pd.date_range("2024", periods=2)])
        frame = pd.DataFrame({"x": np.arange(8.0)}, index=index)
        np.testing.assert_array_equal(lag(frame), [np.nan, 0, np.nan, 2, np.nan, 4, np.nan, 6])

    def test_each_has_its_own_step(self):
        hours, days = pd.date_range("2024", periods=30, freq="h"), pd.date_range("2024", periods=30, freq="D")
        frame = pd.concat([table(hours).assign(id="h"), table(days).assign(id="d")])
        features = LagWindowFeatures([1], series="id").fit(pd.concat([frame[:20], frame[30:50]]))
        later = pd.concat([frame[20:30], frame[50:]])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = features.transform(later)
        np.testing.assert_array_equal(out["x__lag_1__value"], np.r_[frame["x"][19:29], frame["x"][49:59]])
        with pytest.warns(UserWarning, match="series 'h': 4 rows between 2024-01-01T19:00:00 and 2024-01-02T00:00:00"):
            features.transform(later[4:])
        with pytest.warns(UserWarning, match="series 'd': 1 row between 2024-01-20T00:00:00 and 2024-01-22T00:00:00"):
            features.transform(later.drop(later.index[10]))

    @pytest.mark.parametrize("missing", [None, np.nan, pd.NaT])
    def test_missing_labels(self, missing):
        frame = table(pd.date_range("2024", periods=3)).assign(id=["a", missing, "a"])
        with pytest.raises(ValueError, match="1 of 3 rows have no series label"):
            LagWindowFeatures(series="id").fit(frame)
        with pytest.raises(ValueError, match="1 of 3 rows have no series label"):
            LagWindowFeatures().fit(frame.set_index("id", append=True))


class TestCalendars:
    @pytest.mark.parametrize("zone", [None, BERLIN])
    def test_mondays_lag_of_one_business_day_is_friday(self, zone):
        frame = table(pd.date_range("2024-03-25", periods=15, freq="B", tz=zone))
        expected = frame["x"].shift(freq="B").reindex(frame.index)
        np.testing.assert_array_equal(lag(frame, ["1B"]), expected)
        np.testing.assert_array_equal(lag(frame, [1]), expected)
        for cut in (3, 5, 7, 10):
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a weekend is no gap
                out = LagWindowFeatures([1, pd.offsets.BDay(1)]).fit(frame[:cut]).transform(frame[cut:])
            np.testing.assert_array_equal(out, np.stack([expected, expected], axis=1)[cut:])

    @pytest.mark.parametrize("zone", [None, BERLIN])
    @pytest.mark.parametrize("span", ["1B", "3B", pd.offsets.DateOffset(months=1), pd.offsets.MonthEnd(1), "W-WED"])
    def test_rows_after_any_cut_reach_back_to_all_that_they_need(self, span, zone):
        """Calendars do not lead back in order: before Sunday night is Friday night, before Monday Friday morning."""
        frame = table(pd.date_range("2024-01-20", periods=800, freq="3h", tz=zone))
        span = pd.offsets.Week(weekday=2) if span == "W-WED" else span
        features = LagWindowFeatures([span], windows=[span], statistics=["mean"], window_lag=span)
        expected = features.fit_transform(frame)
        assert expected.notna().any().all()
        for cut in range(500, 700, 7):
            out = features.fit(frame[:cut]).transform(frame[cut:])
            pd.testing.assert_frame_equal(out, expected[cut:])

    @pytest.mark.parametrize(
        "span",
        [
            *(pd.DateOffset(days=-1), pd.DateOffset(hour=23), pd.DateOffset(day=31), pd.DateOffset(months=1, days=-40)),
            *(pd.offsets.MonthEnd(0), -pd.offsets.BDay(1), pd.DateOffset(day=1), pd.DateOffset(days=0)),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("name", ["lags", "windows", "window_lag"])
    def test_offsets_that_do_not_lead_back_are_refused(self, span, name):
        params = {"windows": [2], "statistics": ["mean"], "lags": [1]}
        features = LagWindowFeatures(**params | {name: span if name == "window_lag" else [span]})
        with pytest.raises(ValueError, match=f"'{name}' parameter of LagWindowFeatures must"):
            features.fit(table(pd.date_range("2024-03-25", periods=15, freq="D")))

    def test_holidays_of_an_offset(self):
        trading = pd.offsets.CustomBusinessDay(holidays=["2024-04-01"])
        frame = table(pd.date_range("2024-03-25", periods=15, freq=trading))
        features = LagWindowFeatures([1, trading], windows=[2 * trading], statistics=["mean"], freq=trading)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = features.fit(frame[:5]).transform(frame[5:])
        np.testing.assert_array_equal(out.iloc[:, 0], frame["x"].shift(1)[5:])
        np.testing.assert_array_equal(out.iloc[:, 1], frame["x"].shift(1)[5:])
        np.testing.assert_allclose(out.iloc[:, 2], frame["x"].rolling(2).mean().shift(1)[5:])
        with pytest.warns(UserWarning, match="rows between 2024-03-29.* and 2024-04-02"):
            LagWindowFeatures([1]).fit(frame[:5]).transform(frame[5:])

    def test_months(self):
        frame = table(pd.date_range("2023-01-31", periods=24, freq="ME"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = LagWindowFeatures([1, "1ME", "12ME"]).fit(frame[:14]).transform(frame[14:])
        shifted = np.stack([frame["x"].shift(n) for n in (1, 1, 12)], axis=1)
        np.testing.assert_array_equal(out, shifted[14:])

    def test_a_day_is_24_hours_and_a_calendar_day_is_not(self):
        frame = table(pd.date_range("2024-03-29", periods=5, freq="D", tz=BERLIN))
        assert np.isnan(lag(frame, ["1D"])).tolist() == [True, False, False, True, False]  # the day of 23 hours
        np.testing.assert_array_equal(lag(frame, [pd.DateOffset(days=1)]), frame["x"].shift(1))


class TestGaps:
    def test_inside_a_table(self):
        frame = table(pd.date_range("2024", periods=30, freq="h"))
        gappy = frame.drop(frame.index[[22, 23, 27]])
        features = LagWindowFeatures([1, "1h"], windows=["3h"], statistics=["mean"]).fit(frame[:20])
        message = "2 rows between 2024-01-01T21:00:00 and 2024-01-02T00:00:00 .2 gaps in all"
        with pytest.warns(UserWarning, match=message):
            out = features.transform(gappy[20:])
        np.testing.assert_array_equal(out["x__lag_1__value"], gappy["x"].shift(1)[20:])
        np.testing.assert_array_equal(out["x__lag_1h__value"], gappy["x"].shift(freq="1h").reindex(gappy.index)[20:])
        np.testing.assert_allclose(out["x__lag_1__mean_3h"], gappy["x"].rolling("3h").mean().shift(1)[20:])

    def test_between_tables_only_what_reaches_over_it_is_missing(self):
        frame = table(pd.date_range("2024", periods=30, freq="h"))
        features = LagWindowFeatures([1, "6h"], windows=[3, "3h"], statistics=["mean"]).fit(frame[:20])
        with pytest.warns(UserWarning, match="2 rows between 2024-01-01T19:00:00 and 2024-01-01T22:00:00 were not"):
            out = features.transform(frame[22:])
        whole = LagWindowFeatures([1, "6h"], windows=[3, "3h"], statistics=["mean"]).fit_transform(frame)[22:]
        missing = np.isnan(out.to_numpy())
        assert missing.sum(axis=0).tolist() == [1, 2, 3, 3]
        np.testing.assert_array_equal(out.to_numpy()[~missing], whole.to_numpy()[~missing])

    @pytest.mark.parametrize("rows", [slice(4, 8), slice(27, 29), slice(25, 30)])
    def test_rows_before_those_kept(self, rows):
        frame = table(pd.date_range("2024", periods=30, freq="h"))
        features = LagWindowFeatures([3]).fit(frame)
        with pytest.warns(UserWarning, match="in fit only those from 2024-01-02T03:00:00 on were kept, too late for"):
            out = features.transform(frame[rows])
        expected = frame["x"].shift(3)[rows].where(out["x__lag_3__value"].notna())
        np.testing.assert_array_equal(out["x__lag_3__value"], expected)

    def test_rows_earlier_than_all(self):
        frame = table(pd.date_range("2024", periods=30, freq="h"))
        with pytest.warns(UserWarning, match="too late for the rows from 2024-01-01T00:00:00 on"):
            LagWindowFeatures([3]).fit(frame[10:]).transform(frame[:5])

    def test_a_tolerance_for_times_that_are_a_little_off(self):
        index = pd.date_range("2024", periods=50, freq="h") + pd.to_timedelta(np.arange(50) % 7, unit="s")
        frame = table(index)
        assert np.isnan(lag(frame, ["1h"])).sum() > 40
        right = pd.merge_asof(
            pd.DataFrame({"wanted": index - pd.Timedelta("1h")}),
            frame.reset_index(names="wanted"),
            on="wanted",
            tolerance=pd.Timedelta("6s"),
        )
        np.testing.assert_array_equal(lag(frame, ["1h"], tolerance="6s"), right["x"])


steps = st.lists(st.sampled_from(["15min", "30min", "1h", "1h", "1h", "2h", "1D", "3D"]), min_size=1, max_size=25)
starts = st.sampled_from(["2024-03-29 20:00", "2024-10-26 20:00", "2024-05-03 12:00"])
spans = st.sampled_from([0, 1, 2, 5, "30min", "1h", "3h", "1D", "2D", pd.offsets.BDay(1), pd.DateOffset(days=1)])
lengths = st.sampled_from([1, 2, 4, "1h", "90min", "1D", pd.offsets.BDay(2)])
NAMES = ["mean", "std", "min", "max", "median", "change"]


def times_of(start, steps, zone):
    return pd.Timestamp(start, tz=zone) + pd.to_timedelta(["0h", *steps]).to_series().cumsum().array


@given(
    starts,
    steps,
    st.sampled_from([None, "UTC", BERLIN]),
    st.lists(spans, max_size=3, unique_by=str),
    st.lists(lengths, min_size=1, max_size=3, unique_by=str),
    spans,
    st.sampled_from(["0s", "20min"]),
    st.integers(0, 24),
)
def test_are_what_loops_give(start, steps, zone, lags, windows, window_lag, tolerance, cut):
    frame = table(times_of(start, steps, zone))
    params = {"lags": lags, "windows": windows, "statistics": NAMES, "window_lag": window_lag, "tolerance": tolerance}
    expected = naive_time.lag_window_features(list(frame.index), frame["x"].tolist(), **params)
    features = LagWindowFeatures(**params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of gaps
        np.testing.assert_allclose(features.fit_transform(frame), expected, atol=1e-12)
        if 0 < cut < len(frame):  # what of it the rows kept tell is the same, and what they do not is said
            out = clone(features).fit(frame[:cut]).transform(frame[cut:]).to_numpy()
            there = ~np.isnan(out)
            np.testing.assert_allclose(out[there], expected[cut:][there], atol=1e-12)


@given(st.sampled_from([None, BERLIN]), st.lists(spans, max_size=3, unique_by=str), st.integers(7, 59), spans)
def test_rows_kept_are_all_that_is_needed(zone, lags, cut, window_lag):
    frame = table(pd.date_range("2024-10-26", periods=60, freq="h", tz=zone))
    features = LagWindowFeatures(lags, windows=[4, "3h", pd.offsets.BDay(1)], window_lag=window_lag)
    whole = features.fit_transform(frame)
    out = pickle.loads(pickle.dumps(features.fit(frame[:cut]))).transform(frame[cut:])
    pd.testing.assert_frame_equal(out, whole[cut:], check_freq=False)


@pytest.mark.parametrize(
    ("params", "index", "message"),
    [
        ({"lags": "1D"}, "dates", "'lags' parameter .* must be a sequence. Got '1D'"),
        ({"lags": 1}, "dates", "'lags' parameter .* must be a sequence. Got 1"),
        ({"lags": ["1X"]}, "dates", r"'lags' parameter .* Got \['1X'\]"),
        ({"lags": ["-1h"]}, "dates", r"'lags' parameter .* Got \['-1h'\]"),
        ({"lags": [1, 1]}, "dates", r"'lags' parameter .* each value once. Got \[1, 1\]"),
        ({"windows": ["0h"]}, "dates", r"'windows' parameter .* Got \['0h'\]"),
        ({"window_lag": "x"}, "dates", "'window_lag' parameter .* Got 'x'"),
        ({"tolerance": 3}, "dates", "'tolerance' parameter .* length of time.* Got 3"),
        ({"freq": 3}, "dates", "'freq' parameter .* Got 3"),
        ({"freq": "x"}, "dates", "'freq' parameter .* Got 'x'"),
        ({"seasonal": ["0D"]}, "dates", r"'seasonal' parameter .* positive .* Got \['0D'\]"),
        ({"seasonal": [24]}, "dates", "'seasonal' parameter .* as the times are dates without a zone"),
        ({"seasonal": ["1D"], "time": "x"}, "dates", "'seasonal' parameter .* must hold numbers"),
        ({"time_zone": "UTC"}, "dates", "'time_zone' parameter needs dates with a zone"),
        ({"time_zone": "Mars"}, "zoned", "no time zone 'Mars'"),
        ({"lags": ["1h"]}, "rows", "'lags' parameter holds a length of time, and the times are row numbers"),
        ({"lags": ["1h"], "time": "x"}, "dates", "'lags' parameter holds a length of time, and the times are numbers"),
        ({"windows": ["1B"]}, "spans", "'windows' parameter holds 'B', which follows the calendar"),
        ({"calendar": ["hour"]}, "spans", "'calendar' parameter needs dates, and the times are time spans"),
        ({"channels": ["when"]}, "dates", "column 'when' holds times. Name a column of times in 'time'"),
        ({"channels": ["who"]}, "dates", r"column 'who' holds text \('a'\). .* in 'series'"),
    ],
)
def test_what_does_not_fit(params, index, message):
    dates = pd.date_range("2024", periods=3)
    indices = {"dates": dates, "zoned": dates.tz_localize(BERLIN), "rows": None, "spans": dates - dates[0]}
    frame = pd.DataFrame({"x": np.arange(3.0), "when": dates, "who": list("abc")})
    frame = frame if indices[index] is None else frame.set_index(indices[index])
    with pytest.raises(ValueError, match=message):
        LagWindowFeatures(**({"channels": ["x"]} | params)).fit(frame)


def test_times_of_another_kind():
    frame = table(pd.date_range("2024", periods=5, freq="h"))
    features = LagWindowFeatures().fit(frame)
    with pytest.raises(ValueError, match="times were dates without a zone in fit, and are dates with a zone now"):
        features.transform(frame.tz_localize("UTC"))
    with pytest.raises(ValueError, match="times in both fit and transform, or in neither"):
        features.transform(frame.reset_index(drop=True))
    autumn = pd.date_range("2024-10-27", periods=5, freq="h", tz=BERLIN).tz_localize(None)
    with pytest.raises(ValueError, match=r"have the time 2024-10-27T02:00:00.*give the times their zone"):
        features.fit(table(autumn))
