"""PurgedTimeSeriesSplit: folds in time with gaps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, check_cv, cross_val_score
from sklearn.tree import DecisionTreeRegressor

from tests.naive_time import purged_train_rows
from treeprune import PruningSelector, TreePruner
from treeprune.model_selection import PurgedTimeSeriesSplit

STEPS = st.lists(st.sampled_from(["15min", "1h", "1h", "1h", "2h", "1D", "3D"]), min_size=4, max_size=20)
SPANS = st.sampled_from([0, 1, 3, "30min", "2h", "2D", pd.offsets.BDay(2), pd.DateOffset(days=1)])


@settings(max_examples=200)
@given(
    st.sampled_from([None, "UTC", "Europe/Berlin"]),
    st.lists(st.tuples(st.integers(0, 40), STEPS), min_size=1, max_size=3),
    st.integers(1, 4),
    SPANS,
    SPANS,
    st.booleans(),
    st.sampled_from(["groups", "levels", "periods", "column"]),
    st.randoms(use_true_random=False),
)
def test_panels_of_any_times(zone, series, n_splits, purge, embargo, past_only, form, random):
    """Series that start and step as they please, with gaps, in any order: cut by date, and far enough apart."""
    rows = []
    for label, (delay, steps) in enumerate(series):
        time = pd.Timestamp("2024-10-25 20:00", tz=zone) + pd.Timedelta(hours=delay)
        for step in ["0h", *steps]:
            time += pd.Timedelta(step)
            rows.append((label, time))
    random.shuffle(rows)
    labels, times = [label for label, _ in rows], pd.DatetimeIndex([time for _, time in rows])
    if form == "periods":
        zone, times = None, times.tz_localize(None).to_period("min")
    X = pd.DataFrame({"x": np.zeros(len(rows))}, index=pd.MultiIndex.from_arrays([labels, times]))
    X = X if form == "levels" else X.reset_index(names=["id", "t"]) if form == "column" else X.set_index(times)
    groups = None if form == "levels" else labels
    times = times.to_timestamp() if form == "periods" else times
    splitter = PurgedTimeSeriesSplit(
        max(n_splits, 2 - past_only), purge, embargo, past_only=past_only, time="t" if form == "column" else None
    )
    try:
        splits = list(splitter.split(X, groups=groups))
    except ValueError as error:
        assert "is too short for n_splits" in str(error)  # noqa: PT017
        return
    assert len(splits) == splitter.get_n_splits()
    instants = sorted(set(times))
    tested = [t for _, test in splits for t in sorted(set(times[test]))]
    assert tested == instants[len(instants) - len(tested) :]  # each time once, and in order
    assert past_only or tested == instants
    n_times = [len(set(times[test])) for _, test in splits]
    assert n_times == sorted(n_times, reverse=True)
    assert n_times[0] - n_times[-1] <= (not past_only)  # as even as they can be
    for train, test in splits:
        assert len(train)
        assert len(test)
        assert set(np.flatnonzero(times.isin(times[test]))) == set(test)
        if past_only:
            assert times[train].max() < times[test].min()
        assert train.tolist() == purged_train_rows(list(times), labels, test, purge, embargo, past_only)


@given(st.integers(1, 200), st.integers(1, 8), st.integers(0, 10), st.integers(0, 10), st.booleans(), st.integers(1, 3))
def test_rows_without_times(n_rows, n_splits, purge, embargo, past_only, n_series):
    """Series side by side, or of one length below each other: the first rows are simultaneous, and so on."""
    splitter = PurgedTimeSeriesSplit(max(n_splits, 2 - past_only), purge, embargo, past_only=past_only)
    for labels in (np.arange(n_rows) % n_series, np.repeat(range(n_series), n_rows // n_series)):
        if not len(labels):
            return
        times = [int(np.sum(labels[:row] == label)) for row, label in enumerate(labels)]
        try:
            splits = list(splitter.split(np.zeros((len(labels), 1)), groups=labels))
        except ValueError as error:
            assert "too short" in str(error)  # noqa: PT017
            return
        if not past_only:
            parts = np.array_split(np.arange(max(times) + 1), len(splits))
            assert [np.unique(np.array(times)[test]).tolist() for _, test in splits] == [p.tolist() for p in parts]
        for train, test in splits:
            assert len(train)
            assert train.tolist() == purged_train_rows(times, labels, test, purge, embargo, past_only)


@pytest.mark.parametrize("n_rows", [12, 100, 101])
def test_is_scikit_learns_without_a_purge(n_rows):
    X = np.zeros((n_rows, 1))
    for gap in (0, 1):
        ours, theirs = PurgedTimeSeriesSplit(4, purge=gap).split(X), TimeSeriesSplit(4, gap=gap).split(X)
        for (train, test), (their_train, their_test) in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(train, their_train)
            np.testing.assert_array_equal(test, their_test)


def test_k_folds_test_every_row():
    splits = list(PurgedTimeSeriesSplit(3, purge=1, embargo=2, past_only=False).split(np.zeros((10, 1))))
    assert [test.tolist() for _, test in splits] == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert [train.tolist() for train, _ in splits] == [[6, 7, 8, 9], [0, 1, 2, 9], [0, 1, 2, 3, 4, 5]]


class TestTimes:
    days = pd.date_range("2024-01-01", periods=12)

    def split(self, index, **params):
        X = pd.DataFrame({"x": np.zeros(len(index))}, index=index)
        return [(train.tolist(), test.tolist()) for train, test in PurgedTimeSeriesSplit(2, **params).split(X)]

    def test_a_length_of_time_is_so_many_rows_of_a_regular_series(self):
        for past_only in (False, True):
            in_rows = self.split(self.days, purge=2, embargo=1, past_only=past_only)
            assert self.split(self.days, purge="2D", embargo="1D", past_only=past_only) == in_rows

    def test_business_days(self):
        """The tests begin on Friday the 5th and Tuesday the 9th; two business days before are the 3rd and the 5th."""
        assert [len(train) for train, _ in self.split(self.days, purge="2B")] == [2, 4]

    @pytest.mark.parametrize(
        "index",
        [days, days.tz_localize("Europe/Berlin"), days.to_period("D"), days - days[0], days.strftime("%Y-%m-%d")],
    )
    def test_rows_in_any_order(self, index):
        order = np.random.default_rng(0).permutation(12)
        for (train, test), (mixed_train, mixed_test) in zip(self.split(index), self.split(index[order]), strict=True):
            assert sorted(order[mixed_train]) == train
            assert sorted(order[mixed_test]) == test

    def test_row_numbers_out_of_order(self):
        with pytest.warns(UserWarning, match="numbers in the index are not in order"):
            self.split(pd.RangeIndex(12)[::-1])

    def test_an_hour_that_clocks_show_twice(self):
        hours = pd.date_range("2024-10-26 22:00", periods=8, freq="h", tz="Europe/Berlin")
        assert self.split(hours, purge="2h") == [([0, 1], [4, 5]), ([0, 1, 2, 3], [6, 7])]

    def test_a_selector_hands_its_table_on(self):
        """Rows that stand from the last to the first: were their index lost, later ones would train."""
        seen = []

        class Splitter(PurgedTimeSeriesSplit):
            def split(self, X, y=None, groups=None):
                seen.extend(super().split(X, y, groups))
                return iter(seen)

        rng = np.random.default_rng(0)
        X = pd.DataFrame(rng.normal(size=(90, 2)), columns=["a", "b"], index=pd.date_range("2024", periods=90)[::-1])
        y, weight = rng.normal(size=90), np.r_[np.zeros(30), np.ones(60)]
        PruningSelector(null="circular", validation=Splitter(2), n_estimators=2, random_state=0).fit(
            X, y, sample_weight=weight
        )
        assert len(seen) == 2
        for train, test in seen:
            assert train.min() > test.max()
            assert test.max() < 60


def test_in_scikit_learn():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    splitter = PurgedTimeSeriesSplit(3, purge=2)
    assert check_cv(splitter) is splitter
    assert len(cross_val_score(LinearRegression(), X, y, cv=splitter)) == 3
    search = GridSearchCV(DecisionTreeRegressor(), {"max_depth": [1, 2]}, cv=splitter)
    clone(search).fit(X, y)
    pruner = TreePruner(DecisionTreeRegressor(random_state=0), "reduced_error", validation=splitter).fit(X, y)
    train, _ = next(splitter.split(X))
    assert pruner.estimator_.tree_.n_node_samples[0] == len(train)
    assert repr(splitter) == "PurgedTimeSeriesSplit(n_splits=3, purge=2, embargo=0, past_only=True)"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_splits": 0}, "'n_splits' parameter .* Got 0"),
        ({"n_splits": 1, "past_only": False}, r"'n_splits' parameter .* range \[2, inf\). Got 1"),
        ({"purge": -1}, "'purge' parameter .* Got -1"),
        ({"embargo": 0.5}, "'embargo' parameter .* Got 0.5"),
        ({"purge": "-2D"}, "'purge' parameter .* Got '-2D'"),
        ({"embargo": "soon"}, "'embargo' parameter .* Got 'soon'"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        PurgedTimeSeriesSplit(**params)


@pytest.mark.parametrize(
    ("params", "X", "groups", "message"),
    [
        ({}, np.zeros((5, 1)), None, "series of 5 rows is too short for n_splits=5 and purge=0"),
        ({}, np.zeros((0, 1)), None, "series of 0 rows is too short"),
        (
            {"n_splits": 2, "purge": 6, "embargo": 6, "past_only": False},
            np.zeros((12, 1)),
            None,
            "12 rows is too short for n_splits=2 and purge=6 and embargo=6: no row is left to train on in split 0",
        ),
        ({"n_splits": 2}, np.zeros((3, 1)), ["a", None, "b"], "1 of 3 rows have no series label"),
        ({"n_splits": 2}, np.zeros((3, 1)), [1.0, np.nan, np.nan], "2 of 3 rows have no series label"),
        ({"n_splits": 2}, np.zeros((3, 1)), [1, 2], "'groups' must have a label for each of 3 rows. Got 2"),
        ({"n_splits": 2}, np.zeros((9, 1)), [0] * 3 + [1] * 6, "from 3 to 6 rows and no times.*'time' parameter"),
        ({"purge": "2D"}, np.zeros((9, 1)), None, "'purge' parameter holds a length of time, .* row numbers"),
        ({"time": "t"}, np.zeros((9, 1)), None, "'time' parameter needs X to be a DataFrame"),
        ({"time": "t"}, pd.DataFrame({"x": [1]}), None, "X has no column 't'"),
        ({}, pd.DataFrame({"x": [1]}, index=pd.DatetimeIndex([None])), None, "1 of 1 rows have no time"),
        ({}, pd.DataFrame({"x": [1]}, index=["01.02.2024"]), None, "ISO 8601"),
    ],
)
def test_no_folds(params, X, groups, message):
    """Said before the first fold is used."""
    with pytest.raises(ValueError, match=message):
        PurgedTimeSeriesSplit(**params).split(X, groups=groups)
