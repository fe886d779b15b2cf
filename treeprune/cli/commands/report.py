"""``treeprune report``: a page about a tree and its pruning, or about a saved model."""

import click
from click.core import ParameterSource

from ..console import output_file, progress, say
from ..help import Command
from ..inputs import check_path, column_aside, read, rows_for
from ..options import (
    DEFAULT_VALIDATION,
    FiniteRange,
    check_needs_model,
    data_argument,
    drop_option,
    method_option,
    model_option,
    offset_option,
    reading_options,
    scoring_option,
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
@click.option(
    "--validation",
    metavar="FRACTION",
    type=FiniteRange(0, 1, max_open=True),
    default=DEFAULT_VALIDATION,
    show_default=True,
    help="Share of the rows held out from growing and choosing, to score the tree before and after; 0: none.",
)
@click.option("--subgroup", metavar="COL", help="Split these scores by a column of DATA, even one that is left out.")
@scoring_option
@model_option
@offset_option
@click.option("--before", metavar="FILE", help="The saved model before it was pruned, to compare with.")
@trust_option
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to write the page (HTML).")
@task_option
@drop_option
@reading_options
@seed_option
def report(
    data,
    target,
    method,
    cv,
    scoring,
    validation,
    subgroup,
    model_file,
    before,
    offset,
    trust,
    output,
    task,
    drop,
    seed,
):
    """Write a page about a tree grown on DATA and pruned, or about a saved model.

    The page shows the tree at every strength, its scores by folds and on rows held out, and its rules (also as Python
    and SQL). It is one file that loads nothing. The tree chosen is the smallest within one standard error of the best.

    A saved model is scored on all rows of DATA, if DATA is given.

    \b
    Examples:
      treeprune report wine.csv --target cultivar -o wine.html
      treeprune report people.csv --target income --drop sex \\
          --subgroup sex -o income.html
      treeprune report later.csv --target cultivar \\
          --model small.joblib --before big.joblib --trust \\
          -o small.html
    """
    from ...extras import import_extra
    from ...reporting import report as report_on
    from ..workflow import load_model

    _check_options(model_file, before, offset, validation, subgroup, data)
    import_extra("jinja2", "report")
    with output_file(output) as file:
        if model_file:
            model, X, y, groups, offsets = _saved(data, target, model_file, offset, trust, drop, subgroup)
            before = load_model(before, trust=trust) if before else None
        else:
            offsets = {}
            model, X, y, groups = _pruned(data, target, method, cv, scoring, validation, task, drop, seed, subgroup)
        with progress("Drawing"):
            title = f"Pruning report: {target or model_file}"
            of_rows = {"subgroup": groups, "held_out": not model_file, **offsets}
            page = report_on(model, X, y, before=before, title=title, **of_rows)
            file.write(page.html.encode())
    say(f"{page.summary['sentence']}. Saved {output}.")


def _check_options(model_file, before, offset, validation, subgroup, data):
    """Refuse options that tell how to prune together with a model that is not pruned here, and the reverse."""
    if subgroup and not (data if model_file else validation):
        raise click.UsageError(f"--subgroup needs rows to score: {'DATA' if model_file else '--validation above 0'}.")
    check_needs_model(model_file, before=before, offset=offset)
    if offset and not data:
        raise click.UsageError("--offset is a column of DATA: give it.")
    source = click.get_current_context().get_parameter_source
    for name in ("method", "cv", "scoring", "validation"):
        if model_file and source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(f"--{name} has no use for a saved model.")


def _pruned(data, target, method, cv, scoring, validation, task, drop, seed, subgroup):
    """An encoder and a TreePrunerCV fitted on a table, and X, y and groups of the rows held out from that."""
    from sklearn.pipeline import Pipeline

    from ...estimators import TreePrunerCV
    from ..workflow import hold_out, new_tree

    check_path(method, nested=True)
    X, y, task, encoder = read(data, target, task, drop)
    groups = column_aside(data, subgroup, target) if subgroup else None
    with progress("Growing and pruning"):
        encoder.fit(X)
        X_out, y_out = None, None
        if validation:
            X, X_out, y, y_out = hold_out(X, y, task, validation, seed)
        pruner = TreePrunerCV(new_tree(task, seed), method, cv=cv, scoring=scoring).fit(encoder.transform(X), y)
    model = Pipeline([("encoder", encoder), ("pruner", pruner)])
    return model, X_out, y_out, None if groups is None else groups.loc[X_out.index]


def _saved(data, target, model_file, offset, trust, drop, subgroup):
    """A saved model; X, y, groups and offsets of a table's rows, as the model takes them."""
    from ..workflow import load_model

    model = load_model(model_file, trust=trust)
    X, y, offsets = rows_for(model, data, target, drop, offset=offset) if data else (None, None, {})
    return model, X, y, column_aside(data, subgroup, target) if subgroup else None, offsets
