"""``treeprune compare``: all methods on a file."""

import click

from ..console import emit, progress, say
from ..help import Command
from ..inputs import read
from ..options import (
    DEFAULT_VALIDATION,
    SHARE,
    data_argument,
    drop_option,
    json_option,
    reading_options,
    seed_option,
    target_option,
    task_option,
)


@click.command(cls=Command)
@data_argument
@target_option
@click.option(
    "--cv",
    type=click.IntRange(min=2),
    metavar="FOLDS",
    default=5,
    show_default=True,
    help="Folds to score by, and within the growing rows to choose strengths by.",
)
@click.option("--test", metavar="FRACTION", type=SHARE, help="Score once, by this share of the rows, not by folds.")
@click.option(
    "--validation",
    metavar="FRACTION",
    type=SHARE,
    default=DEFAULT_VALIDATION,
    show_default=True,
    help="Share of the growing rows held out for methods that judge by other rows.",
)
@task_option
@drop_option
@reading_options
@seed_option
@json_option
def compare(data, target, cv, test, validation, task, drop, seed, as_json):
    """Grow trees on DATA and prune them by each method.

    One row for each method, the best score first, under that of the tree before pruning: mean leaves and depth, the
    score (accuracy or R2) on rows that neither grew nor pruned the trees, its change by pruning, and the standard
    errors of both.

    The strength of a method is chosen by folds within the growing rows, or by rows held out from growing; or it is
    its default, and not tuned; or there is none.

    \b
    Examples:
      treeprune compare wine.csv --target cultivar
      treeprune compare wine.csv --target cultivar --cv 10 --json
      treeprune compare big.csv --target y --test 0.3
    """
    from ..comparison import compare, measure

    X, y, task, encoder = read(data, target, task, drop)
    with progress("Growing and pruning") as show:
        X = encoder.fit_transform(X)
        frame = compare(X, y, task, cv=cv, test=test, validation=validation, seed=seed, show=show)
    emit(frame, as_json=as_json)
    explain(measure(task), f"{test:.0%} of the rows" if test else f"{cv} folds")


def explain(measure, parts):
    """Say how the scores came about."""
    say(f"Score: {measure} on {parts} that neither grew nor pruned the trees, with its standard error.")
    say("Strength: chosen by folds within the growing rows or by rows held out of them, the default, or none needed.")
