"""What every command shares: exit codes, messages, tables, output files and interruption.

Data goes to standard output, everything said about it to standard error.
"""

import json
import math
import os
import re
import shutil
import signal
import sys
import textwrap
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import ROUND_CEILING, Context
from enum import IntEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ..exceptions import MissingExtraError, UnsupportedModelError

if TYPE_CHECKING:
    import pandas as pd

#: Strengths of splits without gain are positive, but mean nothing as numbers.
_TINY = 1e-300
#: How floats of these columns are shown (z: no minus before a zero).
_DIGITS = {"n_leaves": ".1f", "depth": ".1f", "held_out": ".2g", "relative_impurity": ".4f"}
_DIGITS |= {"relative_error": ".4f", "cv_score": ".4f", "standard_error": ".4f"}
_DIGITS |= dict.fromkeys(["score", "change", "std_error", "change_error", "survival", "agreement"], "z.3f")
#: Digits of floats in a pipe; JSON has them all.
_PIPED_DIGITS = 6
_SECONDS_TO_UNWIND = 0.5
_unfinished: set[Path] = set()
_patient = threading.Event()


class ExitCode(IntEnum):
    """Exit codes of the process."""

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


def prepare_process() -> None:
    """Set up the process: encoding of the streams, warnings and interruption."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # an ASCII terminal shows what it can
    said = set()
    warnings.showwarning = lambda message, *_args, **_kwargs: _say_once(f"Warning: {message}", said)
    _stop_when_interrupted()


def run(command: click.Command, args: Sequence[str] | None = None) -> ExitCode:
    """Run a command; whatever happens becomes a message and an exit code."""
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


def _say_once(message, said):
    """Show each warning once, whatever its numbers, since fits on folds and parts of the rows repeat theirs."""
    without_numbers = re.sub(r"\b\d[\d.,]*", "", message)
    if without_numbers not in said:
        said.add(without_numbers)
        say(message)


def on_one_line(text: str) -> str:
    """Text whose control characters, which could break lines or steer a terminal, are written as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def say(message: str) -> None:
    """Print a line for the user, folded to the width of the terminal."""
    message = on_one_line(" ".join(message.split("\n")))
    if sys.stderr.isatty():
        indent = " " * (len(message) - len(message.lstrip()) + 2)
        width = shutil.get_terminal_size().columns
        message = textwrap.fill(message, width, subsequent_indent=indent, break_on_hyphens=False)
    click.echo(message, err=True)


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Show what is going on while it lasts, if a terminal is there to see it; yields a function that changes it."""
    if not sys.stderr.isatty():
        yield lambda what: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ...") as status:
        yield lambda what: status.update(f"{what} ...")


@contextmanager
def patient() -> Iterator[None]:
    """Leave the first Ctrl-C to a block that ends by itself then, with what it has; the second ends the process."""
    _patient.set()
    try:
        yield
    finally:
        _patient.clear()


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
        _write(_tidy(frame).to_csv(sep="\t", index=False, lineterminator="\n"))
    elif not by:
        _write(_render(frame))
    else:
        for values, rows in frame.groupby(list(by), sort=False):
            _write(_render(rows.drop(columns=list(by)), title=", ".join(values)))


@contextmanager
def optional_output_file(path: str | Path | None) -> Iterator[IO[bytes] | None]:
    """`output_file`, or None where no file is asked for."""
    if path:
        with output_file(path) as file:
            yield file
    else:
        yield None


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
        if draft in _unfinished:
            draft.unlink(missing_ok=True)
            _unfinished.discard(draft)


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


def _tidy(frame):
    """The frame for a pipe: floats to `_PIPED_DIGITS`, each row and name on one line."""
    tidy = {}
    for name in frame:
        column = frame[name]
        if column.dtype.kind == "f":
            column = [_rounded(value, _PIPED_DIGITS, up=name == "alpha") for value in column]
        elif column.dtype == object or column.dtype.kind not in "iub":
            column = [on_one_line(value) if isinstance(value, str) else value for value in column]
        tidy[on_one_line(name)] = column
    return type(frame)(tidy, columns=list(tidy))


def _rounded(value, digits, *, up):
    """A float to so many digits; up, so that a strength that is shown, and then given, prunes as much."""
    if not up or not math.isfinite(value):
        return float(f"{value:.{digits}g}")
    return float(Context(prec=digits, rounding=ROUND_CEILING).create_decimal_from_float(value))


def _render(frame, title=None):
    """A table for a terminal; where that is too narrow, closely set, else each row as a list of its values."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False)
    rows = list(zip(*(_cells(frame[name]) for name in frame), strict=True))
    tables = (_table(frame, rows, close) for close in (False, True))
    fitting = (table for table in tables if _width(table, console) <= console.width)
    with console.capture() as capture:
        if title:
            console.print(title, style="bold")
        console.print(next(fitting, None) or _listed(frame, rows))
        console.print()
    return capture.get()


def _table(frame, rows, close):
    """Aligned columns; closely set, one space apart and with words of their names under each other."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0 if close else 1))
    for name in frame:
        header = _header(name).replace(" ", "\n" if close else " ")
        table.add_column(header, justify="right" if frame[name].dtype.kind in "iuf" else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _listed(frame, rows):
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for row in rows:
        for name, cell in zip(frame, row, strict=True):
            table.add_row(_header(name), cell)
        table.add_row()
    return table


def _width(table, console):
    return console.measure(table, options=console.options.update(width=1000)).maximum


def _header(name):
    return name.removeprefix("n_").replace("_", " ")


def _cells(column):
    """The values of a column as text, floats to the number of digits that its name asks for."""
    digits = _DIGITS.get(column.name, ".4g")
    for value in column:
        if value is None or value != value:
            yield "-"
        elif column.dtype == bool:
            yield "yes" if value else "no"
        elif not isinstance(value, float):
            yield on_one_line(str(value))
        elif column.name == "alpha":  # rounded up, so that what is shown, given as a strength, prunes as much
            yield ">0" if 0 < value < _TINY else f"{_rounded(value, 4, up=True):.4g}"
        else:
            yield format(value, digits)


def _explain(error):
    """Report an error: in one line if the input caused it, else in full."""
    if isinstance(error, MissingExtraError):
        say(f"Error: {error}")
        return ExitCode.MISSING_EXTRA
    if isinstance(error, (ValueError, OSError, UnsupportedModelError)):
        say(f"Error: {error}")
        return ExitCode.BAD_INPUT
    if isinstance(error, MemoryError):
        say("Error: out of memory.")
        return ExitCode.INTERNAL
    for line in "".join(traceback.format_exception(error)).splitlines():
        click.echo(on_one_line(line), err=True)
    say("Error: an error in treeprune itself; please report the lines above.")
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
    while os.read(readable, 1)[0] != signal.SIGINT or _patient.is_set():
        _patient.clear()
    time.sleep(_SECONDS_TO_UNWIND)  # KeyboardInterrupt, the ordinary way out, goes first
    _discard_unfinished()
    say("Interrupted.")
    os._exit(ExitCode.INTERRUPTED)
