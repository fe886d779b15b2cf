"""What the command line looks like on terminals of any kind."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest

from tests.processes import ON_WINE, process, terminal, terminal_within


@pytest.mark.parametrize("columns", [80, 40])
def test_table_fits(columns):
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal_within("path", *ON_WINE, columns=columns))
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
    text = terminal_within("compare", *ON_WINE, "--test", "0.3", columns=40)
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


ODD = "size;pa\x1b[31mint;y\n" + "".join(f"{i % 7},5;{i % 3};{'ja' if i % 7 > 3 else 'nein'}\n" for i in range(60))


def test_names_cannot_steer_the_terminal_nor_break_a_row(table, command):
    path = table('"a\nb";' + ODD.replace("\n", "\n1;").removesuffix("1;"))
    options = ["--target", "y", "--cv", "2"]
    text = terminal_within("select", str(path), *options[:2])
    assert "pa\\x1b[31mint" in text
    assert "\x1b[31mint" not in text
    assert re.search(r"^a\\nb +no", text, re.MULTILINE)
    code, out, err = command("select", path, *options[:2])
    assert code == 0
    assert len(out.splitlines()) == 4
    assert "\x1b" not in out + err
    code, out, _ = command("select", path, *options[:2], "--json")
    assert {row["column"] for row in json.loads(out)} == {"a\nb", "size", "pa\x1b[31mint"}  # data are data


def test_notes_are_set_apart_where_they_fold(table):
    path = table("a;b\n1;NA\n2;x\n" * 3, "a_rather_long_name_of_a_table.csv")
    lines = terminal_within("path", str(path), "--target", "b", columns=30).replace("\r", "").split("\n")
    at = lines.index("  'NA' is read as text (see")
    assert lines[at + 1] == "    --na-values): b"


def test_numbers_in_a_pipe_are_tidy(table, command):
    rows = "".join(f"{i},{i * 0.1 + 0.07}\n" for i in range(0, 90, 3))
    for name in ("path", "compare"):
        code, out, _ = command(name, table("size,y\n" + rows), "--target", "y")
        assert code == 0
        digits = [re.sub(r"^-?0*\.?0*|\.|e.*", "", cell) for cell in re.findall(r"(?<=\t)[-\d.e]+", out)]
        assert max(map(len, digits)) == 6
    code, exact, _ = command("path", table("size,y\n" + rows), "--target", "y", "--json")
    code, out, _ = command("path", table("size,y\n" + rows), "--target", "y")
    alphas = [float(line.split("\t")[1]) for line in out.splitlines()[1:]]
    assert all(shown >= row["alpha"] for shown, row in zip(alphas, json.loads(exact), strict=True))


def test_a_warning_is_said_once():
    code = (
        "import warnings, sys; from treeprune.cli.console import prepare_process; prepare_process()\n"
        "warnings.simplefilter('always')\n"
        "for i in range(24): warnings.warn(f'so and so in fold {i} of 24'); i != 7 or warnings.warn('another of x7')\n"
        "warnings.warn('another of x8')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines() == [
        "Warning: so and so in fold 0 of 24",
        "Warning: another of x7",
        "Warning: another of x8",
    ]
