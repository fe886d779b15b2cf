"""What takes tables of numbers says by name which columns are none, before any work."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.tree import DecisionTreeRegressor

from treeprune.feature_selection import (
    AnomalyPruningSelector,
    LagWindowFeatures,
    PruningPathSelector,
    PruningRFE,
    PruningSelector,
)


class Untouched(DecisionTreeRegressor):
    """Is not fitted: that would be work."""

    def fit(self, X, y, sample_weight=None):
        raise AssertionError


SELECTORS = {
    "PruningSelector": PruningSelector(Untouched()),
    "knockoffs": PruningSelector(null="knockoff"),
    "PruningRFE": PruningRFE(Untouched()),
    "PruningPathSelector": PruningPathSelector(Untouched()),
    "AnomalyPruningSelector": AnomalyPruningSelector(),
    "LagWindowFeatures": LagWindowFeatures(),
}
DAYS = pd.date_range("2024", periods=8)
NUMBERS = pd.DataFrame({"a": np.arange(8.0), "b": np.arange(8) % 2, "c": pd.array([1, 2] * 4, dtype="Int64")})
ODD = {
    "dates": (DAYS, "column 'odd' holds times"),
    "dates with a zone": (DAYS.tz_localize("Europe/Berlin"), "column 'odd' holds times"),
    "spans": (DAYS - DAYS[0], "column 'odd' holds times"),
    "periods": (DAYS.to_period("D"), "column 'odd' holds times"),
    "text": (["1", "2", None, "Total"] * 2, "column 'odd' holds text ('Total')"),
    "categories": (pd.Categorical(["x", "y"] * 4), "column 'odd' holds categories ('x')"),
    "lists": ([[1]] * 8, "column 'odd' holds mixed values ([1])"),
    "complex": ([1j] * 8, "column 'odd' holds complex numbers"),
    "infinity": ([np.inf, *[1.0] * 7], "X contains infinity (column 'odd')"),
}
IN_POLARS = ["dates", "text", "infinity"]


@pytest.mark.parametrize("name", SELECTORS)
@pytest.mark.parametrize(("kind", "library"), [*((k, "pandas") for k in ODD), *((k, "polars") for k in IN_POLARS)])
def test_a_column_that_is_none_is_named(name, kind, library):
    values, message = ODD[kind]
    X = NUMBERS.assign(odd=values)
    X = pl.from_pandas(X) if library == "polars" else X
    with pytest.raises(ValueError, match=re.escape(message)):
        SELECTORS[name].fit(X, np.arange(8) % 2)


@pytest.mark.parametrize("name", SELECTORS)
def test_all_of_them_are_named(name):
    X = NUMBERS.assign(day=DAYS, city=list("abcdefgh"))
    with pytest.raises(ValueError, match=r"column 'day' holds times; column 'city' holds text \('a'\)\. \w+"):
        SELECTORS[name].fit(X, np.arange(8) % 2)
    many = pd.DataFrame({f"x{i}": list("abcdefgh") for i in range(9)})
    with pytest.raises(ValueError, match=r"column 'x4' holds text \('a'\) and 4 more\."):
        SELECTORS[name].fit(many, np.arange(8) % 2)


@pytest.mark.parametrize("name", SELECTORS)
def test_names_that_are_there_twice_are_said(name):
    X = pd.concat([NUMBERS, NUMBERS[["c", "a"]]], axis=1)
    with pytest.raises(ValueError, match=r"X has several columns 'a', 'c': give each a name of its own\."):
        SELECTORS[name].fit(X, np.arange(8) % 2)


def test_numbers_of_all_kinds_are_taken():
    y = np.arange(8) % 2
    X = NUMBERS.assign(text=["1.5"] * 8, objects=pd.Series([1, 2.5] * 4, dtype=object), truth=y == 1)
    selector = PruningPathSelector(DecisionTreeRegressor(), alpha=0.0).fit(X, y)
    assert selector.get_support().sum() == 1
