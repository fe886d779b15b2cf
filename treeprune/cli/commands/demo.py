"""``treeprune demo``: see what the methods do, on data that need no file."""

import click

from ...exceptions import MissingExtraError
from ...extras import import_extra
from ..console import emit, output_file, progress, say
from ..help import Command
from ..options import json_option, seed_option
from .compare import explain

DEFAULT_PAGE = "treeprune-demo.html"


@click.command(cls=Command)
@click.option("--cv", type=click.IntRange(min=2), metavar="FOLDS", default=3, show_default=True, help="Folds.")
@click.option("-o", "--output", metavar="FILE", help=f"Where to write the report (HTML). [default: {DEFAULT_PAGE}]")
@seed_option
@json_option
def demo(cv, output, seed, as_json):
    """Prune trees on data that comes with scikit-learn, by each method.

    Prints for each of four data sets what `treeprune compare` prints for a file, and writes a report on a tree of the
    first, as `treeprune report` does.

    \b
    Examples:
      treeprune demo
      treeprune demo --cv 10 -o demo.html
    """
    import pandas as pd

    from ..comparison import DEMO_DATA, demo

    if output:
        import_extra("jinja2", "report")
    with progress("Growing and pruning") as show:
        frame = pd.concat([demo(name, cv, seed, show) for name in DEMO_DATA])
    emit(frame, as_json=as_json, by=("data", "measure"))
    explain("accuracy or R2", f"{cv} folds")
    try:
        import_extra("jinja2", "report")
    except MissingExtraError as error:
        say(f"No report: {error}")
    else:
        _write_report(output or DEFAULT_PAGE, seed)


def _write_report(output, seed):
    """Write a page about a tree on the first of the data sets."""
    from sklearn.datasets import load_breast_cancer

    from ...estimators import TreePrunerCV
    from ...reporting import report
    from ..workflow import new_tree

    with output_file(output) as file, progress("Drawing"):
        X, y = load_breast_cancer(return_X_y=True, as_frame=True)
        pruner = TreePrunerCV(new_tree("classification", seed)).fit(X, y)
        file.write(report(pruner, title="Pruning report: breast cancer").html.encode())
    say(f"Saved {output}, a report on a tree of the first data set: open it in a browser.")
