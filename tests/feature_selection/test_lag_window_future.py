"""Whatever happens later, no feature of an earlier row is another: for every option of LagWindowFeatures."""

import inspect
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treeprune.feature_selection import LagWindowFeatures

BERLIN = "Europe/Berlin"
STATISTICS = ["mean", "std", "min", "max", "median", "change"]
CALENDAR = ["hour", "day_of_week", "day", "day_of_year", "month", "quarter", "year"]
FORMAT = "%d.%m.%Y %H:%M:%S %z"

#: Options, by what they change; together all that there are (`test_no_option_is_left_out`).
OPTIONS = {
    "rows": {"lags": [0, 1, 3], "windows": [1, 3], "statistics": STATISTICS, "window_lag": 0},
    "rows before": {"lags": [1, 2], "windows": [2, 4], "statistics": STATISTICS, "window_lag": 2},
    "time": {"lags": ["0s", "30min", "1h", "1D"], "windows": ["90min", "1D"], "statistics": STATISTICS},
    "time before": {"lags": [], "windows": [2, "2h"], "window_lag": "1h", "tolerance": "45min"},
    "business days": {
        "lags": ["1B", pd.DateOffset(days=1)],
        "windows": ["2B"],
        "window_lag": "1B",
        "tolerance": "1D",
        "time_zone": BERLIN,
    },
    "local time": {"lags": [0], "calendar": CALENDAR, "seasonal": ["1D", "7D"], "time_zone": BERLIN},
    "a known step": {"lags": [1, "1h"], "windows": [2], "freq": "1h", "channels": ["x"]},
}
#: Where time and series stand: in the index, in columns, as text.
FORMS = {
    "index": (lambda frame: frame.set_index("time"), {"series": "id"}),
    "levels": (lambda frame: frame.set_index(["id", "time"]), {}),
    "columns": (lambda frame: frame, {"time": "time", "series": "id"}),
    "text": (
        lambda frame: frame.assign(time=frame["time"].dt.strftime(FORMAT)),
        {"time": "time", "series": "id", "time_format": FORMAT},
    ),
    "Polars": (pl.from_pandas, {"time": "time", "series": "id"}),
}

STEPS = st.lists(st.sampled_from(["15min", "30min", "1h", "1h", "1h", "2h", "1D", "3D"]), max_size=12)
STARTS = st.sampled_from(["2024-03-29 20:00", "2024-10-26 20:00", "2024-05-03 12:00"])
VALUES = st.integers(0, 2**32 - 1)


def test_no_option_is_left_out():
    tried = {name for options in [*OPTIONS.values(), *(options for _, options in FORMS.values())] for name in options}
    assert tried == set(inspect.signature(LagWindowFeatures).parameters)


def rows_of(label, times, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"time": times, "x": rng.normal(size=len(times)), "y": rng.normal(size=len(times)), "id": label}
    )


def times_of(start, steps):
    return start + pd.to_timedelta(["0h", *steps]).to_series().cumsum().array


def features_by_row(features, form, table, fit_to):
    """Features, sorted by series and time."""
    shape, params = FORMS[form]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of gaps
        out = features.set_params(**params).fit(shape(fit_to)).transform(shape(table))
    keys = pd.MultiIndex.from_arrays([table["id"], table["time"].dt.tz_convert("UTC")])
    return pd.DataFrame(np.asarray(out), index=keys).sort_index()


def two_futures(data):
    """Two tables with the same rows up to now: later ones have other values, times, series, zones and order."""
    start = pd.Timestamp(data.draw(STARTS), tz=BERLIN)
    series = {label: times_of(start, data.draw(STEPS)) for label in data.draw(st.sampled_from(["a", "ab", "abc"]))}
    known = pd.concat([rows_of(label, times, data.draw(VALUES)) for label, times in series.items()])
    now = data.draw(st.sampled_from(sorted(known["time"])))
    parts = [known[known["time"] <= now]]
    for label in data.draw(st.sampled_from(["", "a", "abc", "d", "ad"])):
        later = times_of(now + pd.Timedelta(data.draw(st.sampled_from(["1min", "1h", "9D"]))), data.draw(STEPS))
        parts.append(rows_of(label, later, data.draw(VALUES)).assign(x=lambda rows: rows["x"] * 1e9))
    other = pd.concat(parts).sample(frac=1, random_state=data.draw(VALUES))
    return known, other.assign(time=other["time"].dt.tz_convert(data.draw(st.sampled_from([BERLIN, "UTC"])))), now


@pytest.mark.parametrize("options", OPTIONS)
@settings(max_examples=25)
@given(form=st.sampled_from(list(FORMS)), from_start=st.booleans(), data=st.data())
def test_the_future_changes_no_feature_of_the_past(options, form, from_start, data):
    """Neither of one table, nor of one that comes after the rows of `fit`."""
    known, other, now = two_futures(data)
    features = LagWindowFeatures(**OPTIONS[options])
    if from_start:
        tables = [features_by_row(features, form, table, fit_to=table) for table in (known, other)]
    else:
        start = data.draw(st.sampled_from(sorted(known.loc[known["time"] <= now, "time"])))
        fit_to = known[known["time"] < start]
        if fit_to.empty:
            return
        later = (table[table["time"] >= start] for table in (known, other))
        tables = [features_by_row(features, form, table, fit_to=fit_to) for table in later]
    before, after = (table[table.index.get_level_values(1) <= now] for table in tables)
    pd.testing.assert_frame_equal(before, after, check_exact=True)
