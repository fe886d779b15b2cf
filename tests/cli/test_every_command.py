"""What holds for every command: refusals, outputs, interruption, help."""

import os
import re
import signal

import joblib
import numpy as np
import pandas as pd
import pytest

from tests.processes import ON_WINE, process, start
from treeprune.cli import COMMANDS, cli
from treeprune.cli.console import run

#: Commands that read a table, with the options that they need besides.
ON_TABLES = {
    "path": ["--cv", "3", "--plot", "out.png"],
    "prune": ["-o", "out"],
    "compare": [],
    "select": ["-o", "out"],
    "compress": ["-o", "out"],
    "report": ["-o", "out"],
}
#: Commands that read a model, with what they need, as a function of its file.
ON_MODELS = {
    "prune": lambda model: [*ON_WINE, "--model", model, "--trust", "-o", "out"],
    "compress": lambda model: [*ON_WINE, "--model", model, "--trust", "-o", "out"],
    "check": lambda model: [model, "--trust"],
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ON_TABLES)
def test_bad_tables_are_code_3_and_leave_nothing(command, tmp_path, name):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "binary.csv").write_bytes(b"\x00\xff\xfe\x01junk" * 20)
    before = sorted(os.listdir())
    for table, target, message in (
        ("empty.csv", "y", "empty.csv"),
        ("binary.csv", "y", "binary.csv"),
        ("no.csv", "y", "no.csv"),
        (ON_WINE[0], "grape", "no column 'grape'; there are: alcohol, "),
    ):
        code, out, err = command(name, table, "--target", target, *ON_TABLES[name])
        assert (code, out) == (3, ""), err
        assert message in err
        assert "Traceback" not in err
        assert sorted(os.listdir()) == before


@pytest.mark.parametrize("name", ON_MODELS)
def test_bad_models_are_code_3_and_leave_nothing(command, tmp_path, name):
    joblib.dump({"no": "model"}, "dict.joblib")
    (tmp_path / "junk").write_bytes(b"junk")
    before = sorted(os.listdir())
    for model in before:
        code, out, err = command(name, *ON_MODELS[name](model))
        assert (code, out) == (3, ""), err
        assert model in err or "dict" in err
        assert sorted(os.listdir()) == before


@pytest.mark.parametrize("name", [name for name, options in ON_TABLES.items() if options])
def test_an_output_that_cannot_be_written_is_code_4_before_any_work(command, name):
    options = [option.replace("out", "no/out") for option in ON_TABLES[name]]
    code, out, err = command(name, *ON_WINE, *options)
    assert (code, out) == (4, "")
    assert "no/out" in err
    assert not os.listdir()


@pytest.mark.parametrize("name", ON_TABLES)
def test_interrupted_is_code_130_and_leaves_no_file_and_no_worker(name):
    rng = np.random.default_rng(0)
    pd.DataFrame(rng.random((100_000, 20))).add_prefix("x").to_parquet("big.parquet")
    child = start(
        *[name, "big.parquet", "--target", "x0", *ON_TABLES[name]],
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert "100000 rows" in child.stderr.readline()
    child.stderr.readline()  # the last word before the work
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=600)
    assert child.returncode == 130, err
    assert out == ""
    assert "Interrupted" in err
    assert "Traceback" not in err
    assert os.listdir() == ["big.parquet"]
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)


@pytest.mark.parametrize("name", [command.name for command in COMMANDS if command.name != "report"])
def test_a_reader_that_goes_away_is_no_error(name, saved_tree, monkeypatch, capsys):
    """As in ``treeprune ... | head``; all commands print a table but `report`, which writes a page."""
    monkeypatch.setattr("treeprune.cli.comparison.DEMO_DATA", ("wine",))
    options = {command: of_model(str(saved_tree[1])) for command, of_model in ON_MODELS.items()}
    options["compress"] += ["--no-retrain", "--max-nodes", "9"]
    options |= {"demo": ["--cv", "2", "-o", "out"], "path": ON_WINE, "compare": [*ON_WINE, "--test", "0.5"]}
    options["select"] = [*ON_WINE, "-o", "out"]
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as nobody:
        monkeypatch.setattr("sys.stdout", nobody)
        code = run(cli, [name, *options[name]])
    err = capsys.readouterr().err
    assert code == 0, err
    assert "Traceback" not in err
    assert "Broken pipe" not in err
    assert ("out" in os.listdir()) == ("out" in options[name])


def test_an_output_is_replaced_only_by_a_whole_one(command, tmp_path):
    (tmp_path / "out").write_text("old")
    code, *_ = command("prune", *ON_WINE, "--drop", "grape", "-o", "out")
    assert code == 3
    assert (tmp_path / "out").read_text() == "old"
    code, *_ = command("prune", *ON_WINE, "-o", "out")
    assert code == 0
    assert joblib.load("out")
    assert os.listdir() == ["out"]


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_help_has_examples_that_parse(command, name):
    code, out, _ = command(name, "--help")
    assert code == 0
    examples = re.search(r"Examples?:\n((?: {4}.*\n)+)", out)[1].replace("\\\n", " ")
    found = next(command for command in COMMANDS if command.name == name)
    for line in examples.strip().splitlines():
        program, used, *args = line.split()
        assert (program, used) == ("treeprune", name)
        found.make_context(name, args)


def test_module_runs_as_the_program_does():
    code, out, _ = process("--version")
    assert code == 0
    assert re.fullmatch(r"treeprune \d+\.\d+\.\d+\n", out)
