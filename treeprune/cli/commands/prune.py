"""``treeprune prune``: grow and prune a tree, or prune a saved model."""

import click

from ..console import emit, output_file, progress, say
from ..help import Command
from ..inputs import read, rows_for
from ..options import (
    DEFAULT_VALIDATION,
    SHARE,
    FiniteRange,
    check_needs_model,
    class_weight_option,
    data_argument,
    drop_option,
    json_option,
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
@click.option("--alpha", type=FiniteRange(min=0), help="Strength, as in the column alpha of `treeprune path`.")
@click.option("--leaves", type=click.IntRange(min=1), help="Instead of --alpha: the most leaves to keep.")
@click.option(
    "--validation",
    metavar="FRACTION",
    type=SHARE,
    help="Share of the rows held out: for methods that judge by other rows, and to choose the strength where neither "
    f"--alpha nor --leaves is given. [default: {DEFAULT_VALIDATION} for these]",
)
@click.option("--loss", metavar="NAME", help="Loss to judge by, for methods that judge by one. [default: theirs]")
@scoring_option
@class_weight_option
@offset_option
@model_option
@trust_option
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to save the pruned model (joblib).")
@task_option
@drop_option
@reading_options
@seed_option
@json_option
def prune(
    data,
    target,
    method,
    alpha,
    leaves,
    validation,
    loss,
    scoring,
    class_weight,
    offset,
    model_file,
    trust,
    output,
    task,
    drop,
    seed,
    as_json,
):
    """Grow a tree on DATA, prune it and save it, or prune a saved model.

    What is saved is a scikit-learn Pipeline that predicts rows as they stand in DATA. A saved model keeps its class;
    all rows of DATA, if given, then serve to judge by. It may hold tree models as deep as they stand (Pipelines,
    searches, calibrated, voting, stacked models); several are pruned at one strength, --alpha.

    \b
    Examples:
      treeprune prune wine.csv --target cultivar -o small.joblib
      treeprune prune wine.csv --target cultivar \\
          --method mdl -o small.joblib
      treeprune prune --model big.joblib --trust \\
          --leaves 5 -o small.joblib
    """
    import joblib
    import pandas as pd

    from .. import workflow

    strength = {name: value for name, value in (("alpha", alpha), ("n_leaves", leaves)) if value is not None}
    _check_strength(method, strength)
    _set_judge(method, loss=loss, scoring=scoring)
    judged = workflow.judged_by_rows(method, **strength)
    told = {"class_weight": class_weight is None, "offset": offset}
    check_needs_model(model_file, **told)
    _check_sources(judged, data, validation, model_file, any(told.values()))
    with output_file(output) as file:
        if model_file:
            model = workflow.load_model(model_file, trust=trust)
            *judge, offsets = rows_for(model, data, target, drop, offset=offset) if judged else ({},)
            train, judging = None, {"class_weight": class_weight, **offsets}
        else:
            fraction = (validation or DEFAULT_VALIDATION) if judged else None
            (model, judge, train), judging = _grow(data, target, task, drop, fraction, seed), None
        with progress("Pruning"):
            pruned, found = workflow.prune_by(model, method, judge, train, judging, **strength)
        joblib.dump(pruned, file)
    rows = ((workflow.BEFORE, dict.fromkeys(found), model), (method.alias, found, pruned))
    sizes = [{"method": name} | strength | workflow.size(tree) for name, strength, tree in rows]
    emit(pd.DataFrame(sizes).astype(dict.fromkeys(found, object)), as_json=as_json)
    nothing = "The tree is a single leaf: nothing to prune. " if sizes[0]["n_leaves"] == 1 else ""
    say(f"{nothing}Saved {output}.")


def _check_strength(method, strength):
    """Whether the method has the strength that is given."""
    from ...methods import PathMethod

    if len(strength) > 1:
        raise click.UsageError("--alpha and --leaves exclude each other.")
    if strength and not isinstance(method, PathMethod):
        raise click.UsageError(f"--alpha and --leaves have no meaning for {method.alias}.")


def _set_judge(method, **settings):
    """Set by what the method judges, where it has a choice."""
    for name, value in settings.items():
        if value is not None:
            if name not in method.get_params():
                raise click.UsageError(f"--{name} has no meaning for {method.alias}.")
            method.set_params(**{name: value})


def _check_sources(judged, data, validation, model_file, told):
    """Whether what is to be pruned, and by which rows, is told once and in full."""
    wrong = None
    if not model_file and not data:
        wrong = "Missing argument 'DATA' (or --model)."
    elif model_file and judged and not data:
        wrong = "without a strength (--alpha, --leaves), the method needs rows to judge by: give DATA and --target."
    elif told and not judged:
        wrong = "--class-weight and --offset have a use only where rows of DATA judge."
    elif model_file and data and not judged:
        wrong = "neither the method nor the strength given has a use for DATA with --model."
    elif validation is not None and (model_file or not judged):
        wrong = "--validation has a use only for methods that judge by rows of DATA, or to choose a strength by them."
    if wrong:
        raise click.UsageError(wrong)


def _grow(data, target, task, drop, fraction, seed):
    """A Pipeline of encoder and tree, the rows held out from growing it (if a fraction is), and those that grew it."""
    from sklearn.pipeline import Pipeline

    from .. import workflow

    X, y, task, encoder = read(data, target, task, drop)
    with progress("Growing"):
        encoder.fit(X)
        judge = None
        if fraction:
            X, X_judge, y, y_judge = workflow.hold_out(X, y, task, fraction, seed)
            judge = X_judge, y_judge
        tree = workflow.grow(encoder.transform(X), y, task, seed)
        return Pipeline([("encoder", encoder), ("tree", tree)]), judge, (X, y)
