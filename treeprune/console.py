"""What every command shares: exit codes, messages, tables, output files and interruption.

Data goes to standard output, everything said about it to standard error.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from .exceptions import UnsupportedModelError

if TYPE_CHECKING:
    import pandas as pd

#: Optional libraries and the extra that brings them.
EXTRAS = {"pyarrow": "parquet", "matplotlib": "plot"}

#: Strengths of splits without gain are positive, but mean nothing as numbers.
_TINY = 1e-300
_SECONDS_TO_UNWIND = 0.5
_unfinished: set[Path] = set()


class ExitCode(IntEnum):
    """What the process ends with."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    BAD_INPUT = 3
    NOT_WRITABLE = 4
    MISSING_EXTRA = 5
    INTERRUPTED = 130


class Failure(click.ClickException):
    """An expected failure: one line for the user, and an exit code."""

    def __init__(self, message: str, code: ExitCode):
        super().__init__(message)
        self.exit_code = code


def run(command: click.Command, args: Sequence[str] | None = None) -> ExitCode:
    """Run a command; whatever happens becomes a message and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # an ASCII terminal shows what it can
    warnings.showwarning = lambda message, *_args, **_kwargs: say(f"Warning: {message}")
    _stop_when_interrupted()
    try:
        return ExitCode(command.main(args, prog_name="treeprune", standalone_mode=False) or ExitCode.OK)
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted.")
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return ExitCode(error.exit_code)
    except Exception as error:
        return _explain(error)


def say(message: str) -> None:
    """Print a line for the user."""
    click.echo(message, err=True)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Show what is going on while it lasts, if a terminal is there to see it."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ..."):
        yield


def emit(frame: "pd.DataFrame", *, as_json: bool, by: Sequence[str] = ()) -> None:
    """Print a table: aligned on a terminal, tab-separated elsewhere, or as a JSON list of objects.

    Parameters
    ----------
    frame : DataFrame
        What to print; its index is not printed.
    as_json : bool
        Print JSON.
    by : sequence of str, optional
        On a terminal, columns whose values make the titles of tables of their own.
    """
    if as_json:
        frame = frame.astype(object).where(frame.notna(), None)
        _write(json.dumps(frame.to_dict("records"), indent=2, allow_nan=False) + "\n")
    elif not sys.stdout.isatty():
        _write(frame.to_csv(sep="\t", index=False, lineterminator="\n"))
    elif not by:
        _write(_render(frame))
    else:
        for values, rows in frame.groupby(list(by), sort=False):
            _write(_render(rows.drop(columns=list(by)), title=", ".join(values)))


@contextmanager
def output_file(path: str | Path) -> Iterator[IO[bytes]]:
    """A file to write bytes to that takes its name only when the block ends well.

    Opened at once, so that an output that cannot be written is known before the work is done; every OSError of the
    block is taken for one of writing.
    """
    path = Path(path).resolve()
    special = path.exists() and not path.is_file()  # a device or a pipe: not ours to replace
    draft = path if special else path.with_name(f".{path.name}.{os.getpid()}.tmp")
    if not special:
        _unfinished.add(draft)
    try:
        with draft.open("wb") as file:
            yield file
        if not special:
            draft.replace(path)
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror or error}", ExitCode.NOT_WRITABLE) from error
    finally:
        _discard_unfinished()


def _discard_unfinished():
    while _unfinished:
        _unfinished.pop().unlink(missing_ok=True)


def _write(text):
    """Write to standard output; a reader that has gone away (`| head`) has seen what it wanted."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush when Python ends
        if not isinstance(error, BrokenPipeError):
            raise Failure(f"cannot write standard output: {error.strerror}", ExitCode.NOT_WRITABLE) from error


def _render(frame, title=None):
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(file=sys.stdout, highlight=False)
    wide = console.width >= 60
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1 if wide else 0),
        header_style="bold",
    )
    for name in frame:
        number = frame[name].dtype.kind in "if"
        table.add_column(
            name.removeprefix("n_").replace("_", " "), justify="right" if number else "left", overflow="fold"
        )
    for row in frame.itertuples(index=False):
        table.add_row(*map(_cell, row))
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def _cell(value):
    if value is None or value != value:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return ">0" if 0 < value < _TINY else f"{value:.4g}"


def _explain(error):
    """Say what went wrong in one line if it is a matter of the input, else in full."""
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        say(f"Error: this needs {error.name}: pip install 'treeprune[{EXTRAS[error.name]}]'")
        return ExitCode.MISSING_EXTRA
    if isinstance(error, (ValueError, OSError, UnsupportedModelError)):
        say(f"Error: {error}")
        return ExitCode.BAD_INPUT
    if isinstance(error, MemoryError):
        say("Error: out of memory.")
        return ExitCode.INTERNAL
    say(
        "".join(traceback.format_exception(error))
        + "Error: an error in treeprune itself; please report the lines above."
    )
    return ExitCode.INTERNAL


def _stop_when_interrupted():
    """Make Ctrl-C end the process soon even while compiled code does not return to Python.

    Python runs a signal's handler between two of its own instructions; a library that grows a tree may not come to
    the next one for minutes. The file descriptor here is written to at once, and a thread watches it.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(readable,), daemon=True).start()


def _watch(readable):
    while os.read(readable, 1)[0] != signal.SIGINT:
        pass
    time.sleep(_SECONDS_TO_UNWIND)  # KeyboardInterrupt, the ordinary way out, goes first
    _discard_unfinished()
    say("Interrupted.")
    os._exit(ExitCode.INTERRUPTED)
