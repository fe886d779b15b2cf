"""``treeprune compress``: an ensemble within a budget."""

import sys
import warnings

import click

from ..console import emit, optional_output_file, output_file, patient, progress, say
from ..figures import save_figure
from ..help import Command
from ..inputs import read, rows_for
from ..options import (
    FiniteRange,
    check_needs_model,
    class_weight_option,
    data_argument,
    drop_option,
    json_option,
    model_option,
    offset_option,
    plot_option,
    reading_options,
    scoring_option,
    seed_option,
    target_option,
    task_option,
    trust_option,
)

_EFFORTS = ("quick", "balanced", "thorough")
_ESTIMATORS = ["random_forest", "extra_trees", "gradient_boosting", "hist_gradient_boosting"]


@click.command(cls=Command)
@data_argument
@target_option
@model_option
@trust_option
@click.option(
    "--estimator", type=click.Choice(_ESTIMATORS), help="What to grow, without --model. [default: random_forest]"
)
@click.option("--max-nodes", metavar="N", type=click.IntRange(min=1), help="Most nodes of all trees.")
@click.option(
    "--max-bytes", metavar="N", type=click.IntRange(min=1), help="Most bytes of the compact file of all that is saved."
)
@click.option(
    "--max-latency-ratio",
    metavar="R",
    type=FiniteRange(0, min_open=True),
    help="Most time to predict, over that of the unpruned model.",
)
@click.option(
    "--max-loss",
    metavar="SHARE",
    type=FiniteRange(0),
    help="Smallest model whose loss rises by at most this share.",
)
@click.option(
    "--faithful",
    metavar="SHARE",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    help="Smallest model that says what the unpruned one says on this share of new rows. DATA: rows that --model was "
    "not fitted on.",
)
@click.option(
    "--tolerance",
    metavar="T",
    type=FiniteRange(0),
    help="With --faithful: largest difference of two predicted numbers that are the same.",
)
@click.option(
    "--keep",
    "form",
    type=click.Choice(["link", "plain", "forest"]),
    default="link",
    show_default=True,
    help="What a forest of classes becomes: one with a link, a calibrated stock one, or a stock one whose labels are "
    "right and whose probabilities are not.",
)
@click.option("--loss", metavar="NAME", help="Loss of boosting to judge and refit by. [default: the model's own]")
@scoring_option
@class_weight_option
@offset_option
@click.option("--effort", type=click.Choice(_EFFORTS), default="balanced", show_default=True, help="How much is tried.")
@click.option(
    "--time-limit",
    metavar="SECONDS",
    type=FiniteRange(0, min_open=True),
    help="Give the best that was found after so long.",
)
@click.option("--no-retrain", is_flag=True, help="Train no models anew for comparison.")
@click.option("--slim", is_flag=True, help="Let columns go that no split uses any more.")
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to save the model (joblib).")
@plot_option
@task_option
@drop_option
@reading_options
@seed_option
@json_option
def compress(
    data,
    target,
    model_file,
    trust,
    estimator,
    offset,
    form,
    no_retrain,
    slim,
    output,
    plot,
    task,
    drop,
    seed,
    as_json,
    **chosen,
):
    """Make an ensemble as good as it can be within a budget.

    Grows an ensemble on DATA, or loads a model that was fitted on DATA, be it a Pipeline or another that holds tree
    models; tries joint pruning, depth pruning and the
    selection of trees, and does to it what did best within the budget on rows held out. Without a budget, the smallest
    model is saved that is shown to be no worse than the one it was made of. The table has, of all that was tried, what
    no smaller model beats, beside models retrained at smaller sizes. Ctrl-C ends the search with what was found by
    then, and a second one the command.

    \b
    Examples:
      treeprune compress wine.csv --target cultivar \\
          --max-nodes 200 -o small.joblib
      treeprune compress wine.csv --target cultivar \\
          --model big.joblib --trust --max-loss 0.01 \\
          -o small.joblib --plot frontier.png
      treeprune compress new_wines.csv --faithful 0.99 \\
          --model big.joblib --trust -o small.joblib
    """
    import joblib

    from ...compression import compress
    from ...wrappers import fitted_model
    from ..workflow import best_of_each_size

    if model_file and estimator:
        raise click.UsageError("--model and --estimator exclude each other.")
    check_needs_model(model_file, offset=offset, class_weight=chosen["class_weight"] is None)
    if chosen["faithful"] is not None and not model_file:
        raise click.UsageError("--faithful needs --model: rows that the model was fitted on cannot test it.")
    with output_file(output) as file, optional_output_file(plot) as figure:
        faithful = chosen["faithful"] is not None
        model, X, y, offsets = _model_and_rows(
            data, target, model_file, trust, estimator, offset, task, drop, seed, any_target=faithful
        )
        if plot:
            fitted_model(model)  # says why there is none to draw
        with patient(), warnings.catch_warnings():
            # said below
            warnings.filterwarnings(
                "ignore", message=".*(Training anew does better|costs more than noise|was fitted on these rows)"
            )
            settings = {"retrain": not no_retrain, "random_state": seed, "verbose": sys.stderr.isatty()}
            y = None if faithful else y
            result = compress(model, X, y, slim=slim, output=form, **offsets, **settings, **chosen)
        if plot:
            from ...inspection import SizeFrontierDisplay

            save_figure(SizeFrontierDisplay.from_result(result).figure_, figure, plot)
        joblib.dump(result.model, file)
    emit(best_of_each_size(result.frontier), as_json=as_json)
    say(result.message)
    say(f"Saved {output}." + (f" Saved {plot}." if plot else ""))


def _model_and_rows(data, target, model_file, trust, estimator, offset, task, drop, seed, any_target):
    """A fitted model, or a Pipeline that ends in a grown one, rows and their target as it takes them, and offsets."""
    from sklearn.pipeline import Pipeline

    from .. import workflow

    if model_file:
        model = workflow.load_model(model_file, trust=trust)
        return model, *rows_for(model, data, target, drop, offset=offset, any_target=any_target)
    X, y, task, encoder = read(data, target, task, drop, infinite=estimator == "hist_gradient_boosting")
    grown = workflow.new_estimator(estimator or "random_forest", task, seed)
    with progress("Growing"):
        return Pipeline([("encoder", encoder), ("ensemble", grown)]).fit(X, y), X, y, {}
