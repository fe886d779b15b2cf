"""The layout of ``--help``."""

import shutil

import click

EXIT_CODES = """\b
Exit codes:
  0    done
  1    error in treeprune
  2    wrong usage
  3    unusable data or model
  4    output not writable
  5    optional library missing
  130  interrupted"""


class _Formatter(click.HelpFormatter):
    """Help that fits narrow terminals too."""

    def __init__(self, **_):
        super().__init__(width=min(shutil.get_terminal_size().columns, 80) - 1)

    def write_dl(self, rows, col_max=30, col_spacing=2):
        """Write terms and what they mean in two columns."""
        super().write_dl(rows, min(col_max, self.width // 3), col_spacing)


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command with such help."""

    context_class = _Context


class Group(click.Group):
    """A group of commands with such help, listed in the order in which they are added."""

    context_class = _Context

    def list_commands(self, ctx):
        """Names of the commands."""
        return list(self.commands)
