"""LagWindowFeatures know the past and nothing else."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from treeprune import PruningSelector
from treeprune.feature_selection import IntervalFeatures, LagWindowFeatures, by_channel, by_lag

BEFORE = "a row's features are those of the rows before it, which a part of the rows, or another order, takes away"


@parametrize_with_checks(
    [LagWindowFeatures(), LagWindowFeatures(lags=[0, 2], windows=[2, 3], window_lag=0)],
    expected_failed_checks=lambda _: {
        "check_methods_subset_invariance": BEFORE,
        "check_methods_sample_order_invariance": BEFORE,
    },
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def frame(n_rows=60, seed=0, start="2024-01-01"):
    rng = np.random.default_rng(seed)
    index = pd.date_range(start, periods=n_rows, freq="h")
    return pd.DataFrame({"load": rng.normal(size=n_rows), "temp": rng.normal(size=n_rows)}, index=index)


EVERYTHING = {
    "lags": [0, 1, 5],
    "windows": [3, 4],
    "statistics": ["mean", "std", "min", "max", "median", "change"],
    "calendar": ["hour", "day_of_week", "month"],
    "seasonal": ["1D", "7D"],
}


class TestNeverTheFuture:
    @given(st.integers(1, 59), st.integers(0, 2), st.integers(0, 100))
    def test_changing_the_future_changes_nothing_before(self, now, window_lag, seed):
        features = LagWindowFeatures(**EVERYTHING, window_lag=window_lag)
        known, other = frame(), frame()
        other.iloc[now:] = np.random.default_rng(seed).normal(size=(60 - now, 2)) * 1e6
        before, after = features.fit_transform(known), features.fit_transform(other)
        pd.testing.assert_frame_equal(before[:now], after[:now], check_exact=True)
        assert not before[now:].equals(after[now:])

    def test_without_lag_0_not_even_the_present(self):
        features = LagWindowFeatures(lags=[1, 2], windows=[3])
        known, other = frame(), frame()
        other.iloc[40:] = 1e6
        pd.testing.assert_frame_equal(features.fit_transform(known)[:41], features.fit_transform(other)[:41])

    def test_rows_of_one_series_never_enter_another(self):
        long = pd.concat([frame(seed=s).assign(id=f"s{s}") for s in range(3)])
        features = LagWindowFeatures(**EVERYTHING, series="id")
        out = features.fit_transform(long)
        for s in range(3):
            alone = LagWindowFeatures(**EVERYTHING).fit_transform(frame(seed=s))
            pd.testing.assert_frame_equal(out[long["id"] == f"s{s}"], alone, check_freq=False)


class TestValues:
    def test_are_what_pandas_gives(self):
        table = frame()
        out = LagWindowFeatures(**EVERYTHING).fit_transform(table)
        for channel in table:
            x = table[channel]
            for lag in (0, 1, 5):
                pd.testing.assert_series_equal(out[f"{channel}__lag_{lag}__value"], x.shift(lag), check_names=False)
            for name in ("mean", "min", "max", "median"):
                expected = getattr(x.shift(1).rolling(4), name)()
                pd.testing.assert_series_equal(out[f"{channel}__lag_1__{name}_4"], expected, check_names=False)
            expected = x.shift(1).rolling(3).std(ddof=0)
            pd.testing.assert_series_equal(out[f"{channel}__lag_1__std_3"], expected, check_names=False)
            np.testing.assert_allclose(out[f"{channel}__lag_1__change_3"][3:], (x.shift(1) - x.shift(3))[3:])
        assert (out["time__lag_0__hour"] == table.index.hour).all()
        np.testing.assert_allclose(out["time__lag_0__sin_1D"], np.sin(2 * np.pi * table.index.hour / 24), atol=1e-9)

    def test_rows_come_back_in_the_order_given(self):
        table = frame()
        mixed = table.sample(frac=1, random_state=0)
        out = LagWindowFeatures(**EVERYTHING).fit_transform(mixed)
        in_time = LagWindowFeatures(**EVERYTHING).fit_transform(table)
        pd.testing.assert_frame_equal(out.sort_index(), in_time, check_freq=False)

    def test_times_may_be_a_column_of_dates_text_or_numbers(self):
        table = frame()
        expected = LagWindowFeatures(lags=[2], windows=[3]).fit_transform(table).to_numpy()
        for times in (table.index, table.index.astype(str), np.arange(60.0) * 10):
            plain = table.reset_index(drop=True).assign(t=times)
            out = LagWindowFeatures(lags=[2], windows=[3], time="t").fit_transform(plain)
            np.testing.assert_array_equal(out.to_numpy(), expected)
        out = LagWindowFeatures(lags=[2], windows=[3], time="t").fit_transform(
            pl.DataFrame(
                {"load": table["load"].to_numpy(), "temp": table["temp"].to_numpy(), "t": table.index.to_numpy()}
            )
        )
        np.testing.assert_array_equal(out, expected)

    def test_polars_out(self):
        table = pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 0.0]})
        out = LagWindowFeatures().set_output(transform="polars").fit_transform(table)
        assert isinstance(out, pl.DataFrame)
        assert out.columns == ["a__lag_1__value", "b__lag_1__value"]


class TestLaterRows:
    @given(st.integers(1, 59))
    def test_go_on_from_the_history(self, cut):
        table = frame()
        features = LagWindowFeatures(**EVERYTHING)
        whole = features.fit_transform(table)
        if cut < 5:  # too few rows were kept to reach back that far: what is there is right
            out = features.fit(table[:cut]).transform(table[cut:])
            pd.testing.assert_frame_equal(out[out.notna()], whole[cut:].where(out.notna()), check_freq=False)
        else:
            pd.testing.assert_frame_equal(features.fit(table[:cut]).transform(table[cut:]), whole[cut:])

    def test_of_each_series(self):
        long = pd.concat([frame(seed=s).assign(id=s) for s in range(2)]).sort_index(kind="stable")
        features = LagWindowFeatures(lags=[3], windows=[5], series="id")
        whole = features.fit_transform(long)
        pd.testing.assert_frame_equal(features.fit(long[:70]).transform(long[70:]), whole[70:])

    def test_say_which_rows_are_missing(self):
        table = frame()
        features = LagWindowFeatures(lags=[1]).fit(table[:30])
        with pytest.warns(UserWarning, match=r"missing \(NaN\): 4 rows between 2024-01-02T05.* and 2024-01-02T10.*"):
            out = features.transform(table[34:])
        assert out.iloc[0].isna().all()
        assert out.iloc[1:].notna().all().all()

    def test_say_which_series_is_new(self):
        features = LagWindowFeatures(series="id").fit(frame().assign(id="a"))
        with pytest.warns(UserWarning, match="series 'b' was not seen in fit"):
            features.transform(frame(start="2024-02-01").assign(id="b"))

    def test_of_the_past_itself_start_anew(self):
        table = frame()
        features = LagWindowFeatures(lags=[4]).fit(table)
        pd.testing.assert_frame_equal(features.transform(table), features.fit_transform(table))


@pytest.mark.parametrize(
    ("params", "table", "message"),
    [
        ({"lags": [-1]}, frame(), r"'lags' parameter .* ints >= 0. Got \[-1\]"),
        ({"windows": [0]}, frame(), r"'windows' parameter .* ints >= 1"),
        ({"window_lag": -1}, frame(), r"'window_lag' parameter .* Got -1"),
        ({"statistics": ["mode"]}, frame(), r"'statistics' parameter .* Got \['mode'\]"),
        ({"calendar": ["moon"]}, frame(), r"'calendar' parameter .* Got \['moon'\]"),
        ({"lags": []}, frame(), "nothing to make"),
        ({"series": "id"}, frame(), "X has no column 'id'"),
        ({"calendar": ["hour"]}, np.zeros((5, 2)), "'calendar' and 'seasonal' parameters need times"),
        ({}, pd.concat([frame(), frame()]), "Two rows have the time 2024-01-01T00.* 'series' parameter"),
    ],
)
def test_bad_parameters_and_rows(params, table, message):
    with pytest.raises(ValueError, match=message):
        LagWindowFeatures(**params).fit(table)


def test_names_are_groups_for_the_selector():
    """Of four channels one drives the target, two rows later; it is kept with all its features, and alone."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        rng.normal(size=(600, 4)), columns=list("abcd"), index=pd.date_range("2024", periods=600, freq="h")
    )
    y = table["b"].shift(2).fillna(0).to_numpy() + 0.3 * rng.normal(size=600)
    windows = LagWindowFeatures(lags=[1, 2, 3])
    for group, expected in ((by_channel, {f"b__lag_{k}__value" for k in (1, 2, 3)}), (None, {"b__lag_2__value"})):
        selector = PruningSelector(null="circular", feature_groups=group, n_estimators=25, random_state=0)
        model = make_pipeline(windows, selector).set_output(transform="pandas").fit(table, y)
        assert set(model.transform(table).columns) == expected
    assert windows.fit(table).feature_parts_[0] == ("a", 1, "value")
    assert by_lag("b__lag_2__value") == "lag_2"
    assert by_channel("F_x__abs_energy") == "F_x"  # as tsfresh names its features


class TestTsfresh:
    """Its features as they come: with missing, infinite and constant values, and names of its own."""

    @staticmethod
    def check(table, y):
        assert "a__variance" in PruningSelector(random_state=0).fit(table, y).get_feature_names_out()
        selector = PruningSelector(feature_groups=by_channel, random_state=0).set_output(transform="pandas")
        kept = selector.fit_transform(table, y)
        channels = {by_channel(name) for name in kept}
        assert "a" in channels
        assert channels < set("abc")
        pd.testing.assert_frame_equal(kept, table[[name for name in table if by_channel(name) in channels]])

    def test_by_name(self):
        rng = np.random.default_rng(0)
        y = rng.integers(0, 2, 200)
        table = pd.DataFrame(index=[f"case {i}" for i in range(200)])
        for channel in "abc":
            table[f"{channel}__variance"] = rng.chisquare(20, 200) * (1 + y if channel == "a" else 1)
            table[f"{channel}__sample_entropy"] = np.where(rng.random(200) < 0.1, np.inf, rng.random(200))
            table[f'{channel}__agg_linear_trend__attr_"rvalue"__chunk_len_10__f_agg_"max"'] = rng.normal(size=200)
            table[f"{channel}__friedrich_coefficients__coeff_0__m_3__r_30"] = np.nan
            table[f"{channel}__has_duplicate"] = 0.0
        self.check(table, y)

    def test_itself(self):
        tsfresh = pytest.importorskip("tsfresh")
        rng = np.random.default_rng(0)
        y, case = rng.integers(0, 2, 150), np.repeat(np.arange(150), 10)
        long = pd.DataFrame(rng.normal(size=(1500, 3)), columns=["a", "b", "c"])
        long["a"] *= 1 + y[case]
        calculators = {"variance": None, "maximum": None, "sample_entropy": None, "has_duplicate": None}
        table = tsfresh.extract_features(
            long.assign(case=case), calculators, column_id="case", n_jobs=0, disable_progressbar=True
        )
        self.check(table, y)


class TestPanels:
    def test_select_channels_and_intervals(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(300, 3, 40)), rng.integers(0, 2, 300)
        X[y == 1, 1, 10:20] += 1.0
        features = IntervalFeatures(n_intervals=[4], statistics=["mean", "max"])
        for group, expected in ((by_channel, {"x1"}), (by_lag, {"10_20"})):
            selector = PruningSelector(feature_groups=group, n_estimators=25, random_state=0)
            model = make_pipeline(features.set_output(transform="pandas"), selector).fit(X, y)
            assert {group(name) for name in model[:-1].get_feature_names_out()[model[-1].get_support()]} == expected

    def test_values(self):
        X = np.random.default_rng(0).normal(size=(5, 2, 9))
        features = IntervalFeatures(n_intervals=[1, 2], statistics=["mean", "change"])
        out = pd.DataFrame(features.fit_transform(X), columns=features.get_feature_names_out())
        np.testing.assert_allclose(out["x1__0_4__mean"], X[:, 1, :4].mean(axis=1))
        np.testing.assert_allclose(out["x0__0_9__change"], X[:, 0, -1] - X[:, 0, 0])
        assert out.shape == (5, 2 * 3 * 2)

    def test_bad(self):
        with pytest.raises(ValueError, match=r"shape \(n_cases, n_channels, n_timepoints\). Got shape \(3, 2\)"):
            IntervalFeatures().fit(np.zeros((3, 2)))
        with pytest.raises(ValueError, match=r"cases of shape \(1, 9\), but .* fitted with \(1, 8\)"):
            IntervalFeatures().fit(np.zeros((3, 1, 8))).transform(np.zeros((3, 1, 9)))
        with pytest.raises(ValueError, match="from 1 to the 4 time points"):
            IntervalFeatures().fit(np.zeros((3, 1, 4)))


@pytest.mark.parametrize(("hours", "n_missing"), [(1.0, 0), (1.45, 0), (1.55, 1), (2.0, 1), (3.0, 2), (11.0, 10)])
def test_rows_are_missing_from_one_and_a_half_steps_on(hours, n_missing):
    """Half a step of leeway for clocks that are not exact; the number of rows missing is a rounded one."""
    times = pd.date_range("2024-01-01", periods=24, freq="h")
    table = pd.DataFrame({"a": np.arange(24.0)}, index=times)
    features = LagWindowFeatures(lags=(1,), windows=()).fit(table)
    later = pd.DataFrame({"a": [100.0]}, index=[times[-1] + pd.Timedelta(hours=hours)])
    if n_missing:
        with pytest.warns(UserWarning, match=f"{n_missing} rows? between"):
            out = features.transform(later)
        assert np.isnan(out.to_numpy()).all()
    else:
        assert features.transform(later).to_numpy().tolist() == [[23.0]]
