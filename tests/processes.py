"""The command line as a process of its own, in a pipe or on a terminal."""

import os
import pty
import subprocess
import sys
from io import StringIO

import pandas as pd

import datasets

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
    chunks = []
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            chunk = b""
        if not chunk:
            break
        chunks.append(chunk)
    os.close(ours)
    assert child.wait(timeout=600) == 0
    return b"".join(chunks).decode()


def as_frame(tsv):
    return pd.read_csv(StringIO(tsv), sep="\t")
