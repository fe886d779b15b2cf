"""The command line as a process of its own, in a pipe or on a terminal."""

import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from unittest.mock import patch

import pandas as pd

import datasets
from treeprune.cli import cli
from treeprune.cli.console import run

WINE = str(datasets.path("wine"))
ON_WINE = [WINE, "--target", "cultivar"]


def start(*args, env=(), **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"} | options
    return subprocess.Popen([sys.executable, "-m", "treeprune", *args], env=os.environ | dict(env), **options)


def process(*args, **options):
    """Exit code, standard output and standard error of a process of its own."""
    child = start(*args, **options)
    out, err = child.communicate(timeout=600)
    return child.returncode, out, err


def terminal(*args, columns=80, env=()):
    """What a process writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    sizes = {"COLUMNS": str(columns), "LINES": "40", "TERM": "xterm-256color"}
    child = start(*args, stdout=theirs, stderr=theirs, stdin=theirs, env=sizes | dict(env))
    os.close(theirs)
    shown = _all_of(ours)
    assert child.wait(timeout=600) == 0
    return shown


def terminal_within(*args, columns=80):
    """As `terminal`, but within this process and hence quick."""
    ours, theirs = pty.openpty()
    sizes = {"COLUMNS": str(columns), "LINES": "40", "TERM": "xterm-256color"}
    with ThreadPoolExecutor(1) as reader, patch.dict(os.environ, sizes):
        shown = reader.submit(_all_of, ours)
        with open(theirs, "w", encoding="utf-8") as screen, patch.multiple(sys, stdout=screen, stderr=screen):
            code = run(cli, list(args))
        assert code == 0
        return shown.result()


def _all_of(terminal):
    """What is written to a terminal until its other end is closed."""
    chunks = []
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            chunk = b""
        if not chunk:
            os.close(terminal)
            return b"".join(chunks).decode()
        chunks.append(chunk)


def as_frame(tsv):
    return pd.read_csv(StringIO(tsv), sep="\t")
