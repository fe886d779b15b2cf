"""Figures that commands save."""

import click

_KINDS = ("png", "svg", "pdf")


def check_figure(context, parameter, name):
    """Make sure, before long work starts, that a figure can be drawn, without a screen; a callback of an option."""
    if name is None:
        return None
    if name.rpartition(".")[2].lower() not in _KINDS:
        raise click.BadParameter(f"figures are .png, .svg or .pdf. Got {name}.")
    from ..extras import import_extra

    import_extra("matplotlib", "plot").use("agg")
    return name


def save_figure(figure, file, name):
    """Write a matplotlib Figure in the format that the name asks for."""
    figure.savefig(file, format=name.rpartition(".")[2].lower(), dpi=150)
