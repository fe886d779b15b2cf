"""``treeprune report``: a page about a tree and its pruning, or about a saved model."""

import click
from click.core import ParameterSource

from ..console import output_file, progress, say
from .help import Command
from .inputs import check_path, read, rows_for
from .options import (
    data_argument,
    drop_option,
    method_option,
    model_option,
    seed_option,
    target_option,
    task_option,
    trust_option,
)


@click.command(cls=Command)
@data_argument
@target_option
@method_option
@click.option("--cv", type=click.IntRange(min=2), metavar="FOLDS", default=5, help="Folds to score by. [default: 5]")
@model_option
@click.option("--before", metavar="FILE", help="The saved model before it was pruned, to compare with.")
@trust_option
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to write the page (HTML).")
@task_option
@drop_option
@seed_option
def report(data, target, method, cv, model_file, before, trust, output, task, drop, seed):
    """Write a page about a tree grown on DATA and pruned, or about a saved model.

    The page shows the tree at every strength, its scores by folds and its rules (also as Python and SQL). It is one
    file that loads nothing. The tree chosen is the smallest within one standard error of the best.

    A saved model is scored on all rows of DATA, if DATA is given.

    \b
    Examples:
      treeprune report wine.csv --target cultivar -o wine.html
      treeprune report later.csv --target cultivar \\
          --model small.joblib --before big.joblib --trust \\
          -o small.html
    """
    from ..extras import import_extra
    from ..inspection.report import report as report_on

    _check_options(model_file, before)
    import_extra("jinja2", "report")
    with output_file(output) as file:
        if model_file:
            model, before, *rows = _saved(data, target, model_file, before, trust, drop)
        else:
            model, *rows = _pruned(data, target, method, cv, task, drop, seed)
        with progress("Drawing"):
            page = report_on(model, *rows, before=before, title=f"Pruning report: {target or model_file}")
            file.write(page.html.encode())
    say(f"{page.summary['sentence']}. Saved {output}.")


def _check_options(model_file, before):
    """Refuse options that tell how to prune together with a model that is not pruned here, and the reverse."""
    if before and not model_file:
        raise click.UsageError("--before needs --model.")
    source = click.get_current_context().get_parameter_source
    for name in ("method", "cv"):
        if model_file and source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(f"--{name} has no use for a saved model.")


def _pruned(data, target, method, cv, task, drop, seed):
    """A TreePrunerCV fitted on a table."""
    from ..estimators import TreePrunerCV
    from ..workflow import new_tree

    check_path(method, nested=True)
    X, y, task, encoder = read(data, target, task, drop)
    with progress("Growing and pruning"):
        return [TreePrunerCV(new_tree(task, seed), method, cv=cv).fit(encoder.fit_transform(X), y)]


def _saved(data, target, model_file, before, trust, drop):
    """The last steps of a saved model and, if given, of that before pruning; rows of a table as they take them."""
    from ..io import last_step
    from ..workflow import load_model

    model = load_model(model_file, trust=trust)
    before = last_step(load_model(before, trust=trust)) if before else None
    return last_step(model), before, *(rows_for(model, data, target, drop) if data else ())
