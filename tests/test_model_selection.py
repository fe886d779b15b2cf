"""PurgedTimeSeriesSplit: folds in time with gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, check_cv, cross_val_score
from sklearn.tree import DecisionTreeRegressor

from treeprune import TreePruner
from treeprune.model_selection import PurgedTimeSeriesSplit


@given(st.integers(1, 200), st.integers(1, 8), st.integers(0, 10), st.integers(0, 10), st.booleans(), st.integers(1, 3))
def test_gaps_and_coverage(n_rows, n_splits, purge, embargo, past_only, n_series):
    n_splits = max(n_splits, 1 if past_only else 2)
    splitter = PurgedTimeSeriesSplit(n_splits, purge, embargo, past_only=past_only)
    groups = np.arange(n_rows) % n_series
    if n_rows < n_series:
        return
    try:
        splits = list(splitter.split(np.zeros((n_rows, 1)), groups=groups))
    except ValueError as error:
        assert "too short" in str(error)  # noqa: PT017
        return
    assert len(splits) == splitter.get_n_splits() == n_splits
    tested = np.concatenate([test for _, test in splits])
    assert len(set(tested)) == len(tested)
    for train, test in splits:
        assert len(train)
        assert len(test)
        assert not set(train) & set(test)
        for series in range(n_series):
            rows = np.flatnonzero(groups == series)
            a, b = (
                np.searchsorted(rows, train[groups[train] == series]),
                np.searchsorted(rows, test[groups[test] == series]),
            )
            assert (np.diff(b) == 1).all()
            before, after = a[a < b[0]], a[a > b[-1]]
            assert len(after) == 0 or (not past_only and after[0] - b[-1] > embargo)
            assert len(before) == 0 or before.tolist() == list(range(b[0] - purge))


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
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        PurgedTimeSeriesSplit(**params)


def test_too_short():
    with pytest.raises(ValueError, match="series of 5 rows is too short for n_splits=5 and purge=0"):
        list(PurgedTimeSeriesSplit().split(np.zeros((5, 1))))
