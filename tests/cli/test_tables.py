"""What a table's columns are taken for: a target of classes or numbers, codes, names."""

import numpy as np
import pandas as pd
import pytest

from treeprune.cli.tables import column_encoder, split_target


@pytest.mark.parametrize(("n_distinct", "task"), [(2, "classification"), (20, "classification"), (21, "regression")])
def test_whole_numbers_of_at_most_twenty_values_are_classes(n_distinct, task):
    frame = pd.DataFrame({"x": np.arange(100.0), "y": np.arange(100) % n_distinct})
    assert split_target(frame, "y")[2] == task


@pytest.mark.parametrize(
    ("n_rows", "n_values", "kept"), [(30, 20, True), (30, 21, False), (100, 50, True), (100, 51, False)]
)
def test_text_of_more_than_twenty_values_and_half_the_rows_is_left_out(n_rows, n_values, kept):
    frame = pd.DataFrame({"size": np.arange(float(n_rows)), "name": [f"n{i % n_values}" for i in range(n_rows)]})
    encoder, notes = column_encoder(frame)
    assert encoder.fit_transform(frame).shape[1] == 1 + kept
    coded = f"coded as ordered numbers: name ({n_values})"
    assert notes == [coded if kept else "left out, text of too many values: name"]


@pytest.mark.parametrize(
    ("values", "are_dates"),
    [
        (["2024-01-31", "2023-02-01"], True),
        (["2024-01-31T10:00Z", "2023-02-01 09:30"], True),
        (["31.01.2024", "1.2.2023"], True),
        (["1/31/2024 10:00", "02/01/2023 9:30 PM"], True),
        (["1-31-2024", "02-01-2023"], True),
        (["1.2.3", "10.20.30"], False),
        (["2024-01", "2023-02"], False),
        (["31.01-2024", "1.2.2023"], False),
        (["31.01.2024", "never"], False),
    ],
)
def test_dates_as_text_are_left_out_and_no_target(values, are_dates):
    frame = pd.DataFrame({"size": [1.0, 2.0], "when": values})
    _, notes = column_encoder(frame)
    assert notes == ["left out, dates: when" if are_dates else "coded as ordered numbers: when (2)"]
    if are_dates:
        with pytest.raises(ValueError, match="the target 'when' holds dates"):
            split_target(frame, "when")
    else:
        assert split_target(frame, "when")[2] == "classification"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "2", "Total"], "holds text, not numbers: the first is 'Total'"),
        (["1", "2", "3"], "holds text, not numbers: the first is '1'"),
        ([True, False, True], "holds text, not numbers: the first is 'True'"),
        (pd.Categorical(["x", "y", None]), "holds text, not numbers: the first is 'x'"),
        (pd.date_range("2024", periods=3), "holds dates, not numbers: the first is '2024-01-01 00:00:00'"),
    ],
)
def test_a_target_that_is_no_number_is_shown(values, message):
    with pytest.raises(ValueError, match=f"the target 'y' {message}"):
        split_target(pd.DataFrame({"x": [1, 2, 3], "y": values}), "y", task="regression")
