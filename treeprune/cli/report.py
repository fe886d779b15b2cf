"""``treeprune report``: a page about a tree and its pruning."""

import click

from ..console import output_file, progress, say
from .help import Command
from .inputs import check_path, read
from .options import data_argument, drop_option, method_option, seed_option, target_option, task_option


@click.command(cls=Command)
@data_argument
@target_option
@method_option
@click.option("--cv", type=click.IntRange(min=2), metavar="FOLDS", default=5, help="Folds to score by. [default: 5]")
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to write the page (HTML).")
@task_option
@drop_option
@seed_option
def report(data, target, method, cv, output, task, drop, seed):
    """Write a page about a tree grown on DATA and pruned.

    The page shows the tree at every strength, its scores by folds and its rules (also as Python and SQL). It is one
    file that loads nothing. The tree chosen is the smallest within one standard error of the best.

    \b
    Example:
      treeprune report wine.csv --target cultivar -o wine.html
    """
    from ..estimators import TreePrunerCV
    from ..extras import import_extra
    from ..inspection.report import report as report_on
    from ..workflow import new_tree

    check_path(method, nested=True)
    import_extra("jinja2", "report")
    X, y, task, encoder = read(data, target, task, drop)
    with output_file(output) as file:
        with progress("Growing, pruning and drawing"):
            pruner = TreePrunerCV(new_tree(task, seed), method, cv=cv).fit(encoder.fit_transform(X), y)
            page = report_on(pruner, title=f"Pruning report: {target}")
        file.write(page.html.encode())
    say(f"{page.summary['sentence']}. Saved {output}.")
