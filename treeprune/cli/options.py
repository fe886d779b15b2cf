"""Arguments and options that several commands share."""

import math

import click

from .figures import check_figure

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


#: A share of the rows that leaves some on both sides.
SHARE = FiniteRange(0, 1, min_open=True, max_open=True)

data_argument = click.argument("data", required=False)
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
plot_option = click.option(
    "--plot", metavar="FILE", callback=check_figure, help="Draw a figure of the table (.png, .svg, .pdf)."
)
