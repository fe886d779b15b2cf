"""What the command line looks like on terminals of any kind."""

import re

import pandas as pd
import pytest

from tests.processes import ON_WINE, process, terminal


@pytest.mark.parametrize("columns", [80, 40])
def test_table_fits(columns):
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal("path", *ON_WINE, columns=columns))
    lines = text.replace("\r", "\n").split("\n")
    assert max(map(len, lines)) <= columns
    assert any(line.split() == ["10", "0.2518", "1", "0.6583", "1.0000"] for line in lines)
    assert "…" not in text


@pytest.mark.parametrize("columns", [100, 40])
@pytest.mark.parametrize("args", [["--help"], ["prune", "--help"]])
def test_help_fits(monkeypatch, command, columns, args):
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, _ = command(*args)
    assert code == 0
    prose = re.sub(r"Examples:\n( {4}.*\n)+", "", out)  # commands are for copying, not for folding
    assert 30 < max(map(len, prose.split("\n"))) <= min(columns, 80)


def test_too_wide_a_table_becomes_a_list():
    text = terminal("compare", *ON_WINE, "--test", "0.3", columns=40)
    assert re.search(r"method\s+cost_complexity\s+strength\s+folds\s", text)
    assert "…" not in text


def test_no_color_and_ascii():
    text = terminal("path", *ON_WINE, env={"NO_COLOR": "1", "PYTHONIOENCODING": "ascii", "TERM": "dumb"})
    assert text.isascii()
    assert "\x1b[3" not in text


def test_names_of_any_script_on_an_ascii_terminal(table):
    path = table("größe,y\n1,ä\n2,ß\n3,ä\n4,ß\n")
    code, _, err = process("path", str(path), "--target", "größe\N{EM DASH}", env={"PYTHONIOENCODING": "ascii"})
    assert code == 3
    assert "Traceback" not in err


def test_strength_next_to_nothing_is_not_shown_as_a_number():
    from treeprune.cli.console import _cells

    assert [*_cells(pd.Series([0.0, 5e-324, 0.123456], name="alpha"))] == ["0", ">0", "0.1235"]
