"""Arguments and options that several commands share."""

import math
from functools import wraps

import click

from .figures import check_figure
from .inputs import DataFile

#: Share of the growing rows held out where rows are needed to judge by and --validation does not say how many.
DEFAULT_VALIDATION = 0.25


class FiniteRange(click.FloatRange):
    """Numbers in a range; NaN, which compares with nothing, and infinity are in none."""

    def convert(self, value, param, ctx):
        """The number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def _method(context, parameter, name):
    from ..methods import ALIASES

    if name not in ALIASES:
        raise click.BadParameter(f"{name!r} is none of {', '.join(sorted(ALIASES))}.")
    return ALIASES[name]()


data_argument = click.argument("data", required=False)


#: A share of the rows that leaves some on both sides.
SHARE = FiniteRange(0, 1, min_open=True, max_open=True)


def _separator(context, parameter, sep):
    """A separator as it is typed: names and escapes for those that cannot be."""
    return {"tab": "\t", r"\t": "\t", "": None}.get(sep, sep)


def _encoding(context, parameter, name):
    try:
        "".encode(name or "utf-8")
    except LookupError:
        raise click.BadParameter(f"{name!r} is not an encoding that Python knows.") from None
    return name


#: How DATA is written, where the file itself does not show it.
_READING = {
    "sep": click.option("--sep", metavar="CHAR", callback=_separator, help="What separates values. [default: guessed]"),
    "decimal": click.option(
        "--decimal",
        type=click.Choice([".", ","]),
        help="Decimal mark. [default: guessed]",
    ),
    "encoding": click.option(
        "--encoding", metavar="NAME", callback=_encoding, help="Encoding of the text. [default: guessed]"
    ),
    "na_values": click.option(
        "--na-values", metavar="TEXT", multiple=True, help="A mark of missing values in all columns; can be repeated."
    ),
    "index_col": click.option(
        "--index-col", metavar="COL", help="Column that only names the rows: its name, or its place from 0."
    ),
}


def reading_options(command):
    """How DATA is written; with these the command is given DATA as a `DataFile`, or None."""

    @wraps(command)
    def with_data(*args, data, **values):
        written = {name: values.pop(name) for name in _READING}
        if data is None and any(written.values()):
            name = next(name for name in written if written[name])
            raise click.UsageError(f"--{name.replace('_', '-')} has no use without DATA.")
        return command(*args, data=data and DataFile(data, written), **values)

    for option in reversed(_READING.values()):
        with_data = option(with_data)
    return with_data


target_option = click.option("--target", metavar="COL", help="Column of DATA to predict.")
task_option = click.option(
    "--task",
    type=click.Choice(["classification", "regression"]),
    help="What to make of the target. [default: classification for text and for up to 20 distinct whole numbers]",
)
drop_option = click.option("--drop", metavar="COL", multiple=True, help="Leave out a column; can be repeated.")
seed_option = click.option("--seed", default=0, show_default=True, help="Drives all that is random.")
model_option = click.option("--model", "model_file", metavar="FILE", help="Take this saved model; grow none.")
trust_option = click.option(
    "--trust", is_flag=True, help="Load a model even if its file is a pickle, which can run any code."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
method_option = click.option(
    "--method",
    metavar="NAME",
    default="cost_complexity",
    show_default=True,
    callback=_method,
    help="How to prune: cost_complexity, reduced_error, mdl, ... A name that does not exist lists all.",
)


def _class_weight(context, parameter, name):
    return None if name == "none" else name


class_weight_option = click.option(
    "--class-weight",
    type=click.Choice(["model", "none"]),
    default="model",
    show_default=True,
    callback=_class_weight,
    help="How rows of each class count: as in the training of --model, or all once.",
)
offset_option = click.option(
    "--offset",
    metavar="COL",
    help="Column of DATA with the offsets (base_margin, init_score) that --model was fitted with; not one to predict "
    "by.",
)
scoring_option = click.option(
    "--scoring", metavar="NAME", help="Scorer of scikit-learn's to judge by. [default: accuracy or R2]"
)


def check_needs_model(model_file, **options):
    """Refuse options that tell of a saved model, where they are given without one."""
    for name, value in options.items():
        if value and not model_file:
            raise click.UsageError(f"--{name.replace('_', '-')} needs --model.")


plot_option = click.option(
    "--plot", metavar="FILE", callback=check_figure, help="Draw a figure of the table (.png, .svg, .pdf)."
)
