"""The command line: a thin shell over the library, one file per command. Heavy imports wait until a command runs."""

import sys

import click

from .. import __version__
from .commands import check, compare, compress, demo, path, prune, report, select
from .console import prepare_process, run
from .help import EXIT_CODES, Group

__all__ = ["cli", "main"]

COMMANDS = [
    demo.demo,
    path.path,
    prune.prune,
    compare.compare,
    select.select,
    compress.compress,
    report.report,
    check.check,
]


@click.group(cls=Group, commands=COMMANDS, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="treeprune", message="%(prog)s %(version)s")
def cli():
    """Prune fitted tree models: same class, smaller, no worse.

    DATA is a text file (.csv, .tsv, .txt; also .gz, .zip, ...) or Parquet. Tables come out aligned on a terminal,
    tab-separated in a pipe, or as JSON.
    """


def main() -> None:
    """Run the command line and end the process with its exit code."""
    prepare_process()
    sys.exit(run(cli))
