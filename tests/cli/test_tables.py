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
