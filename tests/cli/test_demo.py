"""``treeprune demo``."""

import json

import pytest

from tests.processes import as_frame, process
from treeprune.methods import ALIASES


def test_shows_each_method_beside_the_unpruned_tree():
    code, out, err = process("demo", "--repeats", "3")
    assert code == 0
    frame = as_frame(out)
    assert "3 random splits" in err
    for name, rows in frame.groupby("data"):
        task = "regression" if name == "diabetes" else "classification"
        methods = {alias for alias, method in ALIASES.items() if task in (method.tasks or (task,))}
        assert rows["method"].iloc[0] == "none (before)"
        assert set(rows["method"].iloc[1:]) == methods - {"selected_nodes", "sequence"}
        assert (rows["n_leaves"].iloc[1:] <= rows["n_leaves"].iloc[0]).all()
        assert rows["change"].to_numpy() == pytest.approx(rows["score"] - rows["score"].iloc[0])
    assert frame["data"].nunique() >= 3
    assert set(frame["measure"]) == {"accuracy", "R2"}


def test_json_of_one_split_has_no_standard_error(command):
    code, out, _ = command("demo", "--repeats", 1, "--json")
    assert code == 0
    assert {record["std_error"] for record in json.loads(out)} == {None}
