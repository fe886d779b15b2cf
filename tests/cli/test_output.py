"""Output: whole or not at all, and what ends it early."""

import os

import pytest

from tests.processes import ON_WINE, process, start
from treeprune.cli.console import Failure, output_file


def test_unwritable_is_code_4(command, tmp_path):
    for output in (tmp_path / "no" / "small.joblib", tmp_path):
        code, out, err = command("prune", *ON_WINE, "--method", "mdl", "-o", output)
        assert (code, out) == (4, "")
        assert str(output) in err


def test_full_disk_is_code_4(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        code, _, err = process("path", *ON_WINE, stdout=full)
    assert code == 4
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_appears_only_when_whole(tmp_path):
    (tmp_path / "model").write_text("old")
    with pytest.raises(TypeError), output_file(tmp_path / "model") as file:
        file.writelines([b"half", None])
    assert (tmp_path / "model").read_text() == "old"
    assert os.listdir(tmp_path) == ["model"]
    with output_file(tmp_path / "model") as file:
        file.write(b"new")
    assert (tmp_path / "model").read_text() == "new"
    assert os.listdir(tmp_path) == ["model"]


def test_a_device_is_written_to_not_replaced():
    with output_file("/dev/null") as file:
        file.write(b"x")
    assert not os.path.isfile("/dev/null")
    with pytest.raises(Failure, match="Is a directory"), output_file("/dev"):
        pass


def test_reader_that_goes_away_is_no_error():
    child = start("path", *ON_WINE)
    child.stdout.close()
    err = child.stderr.read()
    assert child.wait(timeout=600) == 0
    assert "Traceback" not in err
    assert "Broken pipe" not in err
