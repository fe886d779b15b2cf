"""What the README shows is so."""

import doctest
import re
from pathlib import Path

import pytest

from treeprune.methods import ALIASES, LAYER_ALIASES

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_examples_run():
    assert doctest.testfile(str(README), module_relative=False).failed == 0


def test_every_method_is_in_the_table():
    listed = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", TEXT, flags=re.MULTILINE))
    assert listed == {alias: method.__name__ for alias, method in ALIASES.items()} | LAYER_ALIASES


@pytest.mark.parametrize("session", re.findall(r"^\$ treeprune (.*\n(?:[^$`].*\n)*)", TEXT, flags=re.MULTILINE))
def test_command_line_prints_what_is_shown(session, tmp_path, monkeypatch):
    from tests.processes import terminal

    monkeypatch.chdir(README.parent)
    command, *expected = session.rstrip().split("\n")
    args = command.replace("small.joblib", str(tmp_path / "small.joblib")).split()
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal(*args)).replace("\r", "\n")
    shown = [line.split() for line in text.split("\n")]
    for line in expected:
        if not line.startswith("Saved"):
            assert line.split() in shown
