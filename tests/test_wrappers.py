"""Models inside Pipelines, and libraries that an extra installs."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from treeprune import MissingExtraError
from treeprune.extras import import_extra
from treeprune.wrappers import columns_of, rows_for_model


def test_rows_go_through_the_steps_before_the_tree():
    table = pd.DataFrame({"a": np.arange(6.0), "b": np.arange(6.0) ** 2, "other": 0.0})
    model = make_pipeline(StandardScaler(), DecisionTreeRegressor()).fit(table[["b", "a"]], table["a"])
    rows = rows_for_model(model, columns_of(model, table))
    np.testing.assert_array_equal(rows, StandardScaler().fit_transform(table[["b", "a"]]))
    np.testing.assert_array_equal(model[-1].predict(rows), model.predict(table[["b", "a"]]))
    with pytest.raises(ValueError, match="columns that the model was fitted with are missing: b"):
        columns_of(model, table[["a", "other"]])


def test_what_a_library_itself_lacks_is_not_put_down_to_the_extra(tmp_path, monkeypatch):
    (tmp_path / "broken_library.py").write_text("import a_part_that_is_not_there")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="a_part_that_is_not_there") as caught:
        import_extra("broken_library")
    assert not isinstance(caught.value, MissingExtraError)
    with pytest.raises(MissingExtraError, match=r"pip install 'treeprune\[plot\]'"):
        import_extra("no_such_library", "plot")
