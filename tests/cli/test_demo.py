"""``treeprune demo``: all methods on bundled data, and a report."""

import os
import sys

import pytest

from tests.processes import as_frame, process
from treeprune.cli.comparison import DEMO_DATA, compared_methods


def test_shows_each_method_beside_the_unpruned_tree_and_writes_a_report(tmp_path):
    code, out, err = process("demo", "--cv", "2", cwd=tmp_path)
    assert code == 0, err
    frame = as_frame(out)
    assert frame["data"].unique().tolist() == list(DEMO_DATA)
    assert set(frame["measure"]) == {"accuracy", "R2"}
    for name, rows in frame.groupby("data"):
        assert rows["method"].iloc[0] == "none (before)"
        assert sorted(rows["method"].iloc[1:]) == compared_methods(
            "regression" if name == "diabetes" else "classification"
        )
        assert rows["change"].to_numpy() == pytest.approx(rows["score"] - rows["score"].iloc[0], abs=2e-6)
    assert os.listdir(tmp_path) == ["treeprune-demo.html"]
    assert "Saved treeprune-demo.html" in err
    assert "<h1>Pruning report: breast cancer</h1>" in (tmp_path / "treeprune-demo.html").read_text("utf-8")


def test_without_the_extra_says_how_to_have_a_report(command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setattr("treeprune.cli.comparison.DEMO_DATA", ("wine",))
    code, _, err = command("demo", "--cv", "2")
    assert code == 0, err
    assert "No report: jinja2 is not installed: pip install 'treeprune[report]'" in err
    assert not os.listdir(tmp_path)
