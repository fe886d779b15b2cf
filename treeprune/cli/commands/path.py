"""``treeprune path``: all trees that a method gives."""

import click

from ..console import emit, optional_output_file, progress, say
from ..figures import save_figure
from ..help import Command
from ..inputs import check_path, read
from ..options import (
    data_argument,
    drop_option,
    json_option,
    method_option,
    plot_option,
    reading_options,
    scoring_option,
    seed_option,
    target_option,
    task_option,
)

NOTHING_TO_PRUNE = "The tree is a single leaf: nothing to prune."


@click.command(cls=Command)
@data_argument
@target_option
@method_option
@click.option("--cv", type=click.IntRange(min=2), metavar="FOLDS", help="Score each tree by this many folds.")
@click.option("--rule", type=click.Choice(["1se", "best"]), help="Which tree to mark as chosen. [default: 1se]")
@scoring_option
@plot_option
@task_option
@drop_option
@reading_options
@seed_option
@json_option
def path(data, target, method, cv, rule, scoring, plot, task, drop, seed, as_json):
    """Print all trees that a method gives as its strength rises.

    Grows a tree on all rows of DATA. Each row of the table is one tree: the strength (alpha) from which it holds,
    its leaves, its impurity on the training rows, and that impurity relative to a single leaf's.

    With --cv, the score of each tree on rows that did not grow it (accuracy or R2, unless --scoring names
    another), its standard error, and two marks: the tree with the best score, and the one that the rule chooses. By
    1se, that is the smallest tree within one standard error of the best. The alpha is then one from the middle of the
    tree's range.

    \b
    Examples:
      treeprune path datasets/wine.csv.gz --target cultivar
      treeprune path datasets/wine.csv.gz --target cultivar \\
          --cv 5 --plot wine.png
    """
    from ...pruning import pruning_path
    from ..workflow import grow

    check_path(method, nested=cv is not None)
    for name, value in {"--rule": rule, "--scoring": scoring, "--plot": plot}.items():
        if value and cv is None:
            raise click.UsageError(f"{name} needs --cv.")
    X, y, task, encoder = read(data, target, task, drop)
    X = encoder.fit_transform(X)
    if cv:
        _scored_path(X, y, task, method, cv, rule or "1se", scoring, plot, seed, as_json)
        return
    with progress("Growing and pruning"):
        steps = pruning_path(grow(X, y, task, seed), method)
    emit(steps.to_frame().reset_index(), as_json=as_json)
    if len(steps) == 1:
        say(NOTHING_TO_PRUNE)


def _scored_path(X, y, task, method, cv, rule, scoring, plot, seed, as_json):
    """Print the path with its scores by folds, and draw it."""
    from ...estimators import TreePrunerCV
    from ..workflow import new_tree

    settings = {"cv": cv, "rule": rule, "scoring": scoring, "refit": False, "return_train_score": bool(plot)}
    pruner = TreePrunerCV(new_tree(task, seed), method, **settings)
    with optional_output_file(plot) as file:
        with progress("Growing and pruning"):
            pruner.fit(X, y)
        if plot:
            from ...inspection import PruningPathDisplay

            save_figure(PruningPathDisplay.from_estimator(pruner).figure_, file, plot)
    emit(pruner.to_frame().reset_index(), as_json=as_json)
    if len(pruner.pruning_path_) == 1:
        say(NOTHING_TO_PRUNE)
