"""``treeprune demo``: see what the methods do, on data that need no file."""

import click

from ..console import emit, progress, say
from .help import Command
from .options import json_option, seed_option


@click.command(cls=Command)
@click.option("--repeats", type=click.IntRange(min=1), default=10, show_default=True, help="Random splits to average.")
@seed_option
@json_option
def demo(repeats, seed, as_json):
    """Prune trees on data that comes with scikit-learn, by each method.

    Each time, 60 % of the rows grow a tree, 20 % guide the pruning, and the score is that of the other 20 %. The
    table has means over the splits, the change of the score by pruning, and its standard error.
    """
    import pandas as pd

    from .. import workflow

    with progress("Growing and pruning"):
        frame = pd.concat([workflow.demo(name, repeats, seed) for name in workflow.DEMO_DATA])
    emit(frame, as_json=as_json, by=("data", "measure"))
    say(f"Means over {repeats} random splits. Of the rows, 60 % grow a tree, 20 % guide the pruning, 20 % score it.")
