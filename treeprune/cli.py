"""The command line: a thin shell over the library. Heavy imports wait until a command runs."""

import math
import shutil
import sys

import click

from . import __version__
from .console import emit, output_file, prepare_process, progress, run, say

#: Share of the rows held out where rows are needed to judge by and --validation does not say how many.
DEFAULT_VALIDATION = 0.25
NOTHING_TO_PRUNE = "The tree is a single leaf: nothing to prune."

EXIT_CODES = """\b
Exit codes:
  0    done
  1    error in treeprune
  2    wrong usage
  3    unusable data or model
  4    output not writable
  5    optional library missing
  130  interrupted"""


def _method(context, parameter, name):
    from .methods import ALIASES

    if name not in ALIASES:
        raise click.BadParameter(f"{name!r} is none of {', '.join(sorted(ALIASES))}.")
    return ALIASES[name]()


class _Formatter(click.HelpFormatter):
    """Help that fits narrow terminals too."""

    def __init__(self, **_):
        super().__init__(width=min(shutil.get_terminal_size().columns, 80) - 1)

    def write_dl(self, rows, col_max=30, col_spacing=2):
        """Write terms and what they mean in two columns."""
        super().write_dl(rows, min(col_max, self.width // 3), col_spacing)


class _Context(click.Context):
    formatter_class = _Formatter


class _Command(click.Command):
    context_class = _Context


class _Group(click.Group):
    context_class = _Context
    command_class = _Command


class FiniteRange(click.FloatRange):
    """Numbers in a range; NaN, which compares with nothing, and infinity are in none."""

    def convert(self, value, param, ctx):
        """The number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


data_argument = click.argument("data", required=False)
target_option = click.option("--target", metavar="COL", help="Column of DATA to predict.")
task_option = click.option(
    "--task",
    type=click.Choice(["classification", "regression"]),
    help="What to make of the target. [default: classification for text and for up to 20 distinct whole numbers]",
)
drop_option = click.option("--drop", metavar="COL", multiple=True, help="Leave out a column; can be repeated.")
seed_option = click.option("--seed", default=0, show_default=True, help="Drives all that is random.")
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


def main() -> None:
    """Run the command line and end the process with its exit code."""
    prepare_process()
    sys.exit(run(cli))


@click.group(cls=_Group, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="treeprune", message="%(prog)s %(version)s")
def cli():
    """Prune fitted tree models: same class, smaller, no worse.

    DATA is a CSV (.csv, .tsv, also .gz) or Parquet file. Tables come out aligned on a terminal, tab-separated in a
    pipe, or as JSON.
    """


@cli.command()
@click.option("--repeats", type=click.IntRange(min=1), default=10, show_default=True, help="Random splits to average.")
@seed_option
@json_option
def demo(repeats, seed, as_json):
    """Prune trees on data that comes with scikit-learn, by each method.

    Each time, 60 % of the rows grow a tree, 20 % guide the pruning, and the score is that of the other 20 %. The
    table has means over the splits, the change of the score by pruning, and its standard error.
    """
    import pandas as pd

    from . import workflow

    with progress("Growing and pruning"):
        frame = pd.concat([workflow.demo(name, repeats, seed) for name in workflow.DEMO_DATA])
    emit(frame, as_json=as_json, by=("data", "measure"))
    say(f"Means over {repeats} random splits. Of the rows, 60 % grow a tree, 20 % guide the pruning, 20 % score it.")


@cli.command()
@data_argument
@target_option
@method_option
@click.option("--cv", type=click.IntRange(min=2), metavar="FOLDS", help="Score each tree by this many folds.")
@click.option("--rule", type=click.Choice(["1se", "best"]), help="Which tree to mark as chosen. [default: 1se]")
@click.option("--plot", metavar="FILE", help="Draw the scores (.png, .svg, .pdf).")
@task_option
@drop_option
@seed_option
@json_option
def path(data, target, method, cv, rule, plot, task, drop, seed, as_json):
    """Print all trees that a method gives as its strength rises.

    Grows a tree on all rows of DATA. Each row of the table is one tree: the strength (alpha) from which it holds,
    its leaves, its impurity on the training rows, and that impurity relative to a single leaf's.

    With --cv, the score of each tree on rows that did not grow it (accuracy or R2), its standard error, and two
    marks: the tree with the best score, and the one that the rule chooses. By 1se, that is the smallest tree within
    one standard error of the best. The alpha is then one from the middle of the tree's range.

    \b
    Examples:
      treeprune path datasets/wine.csv.gz --target cultivar
      treeprune path datasets/wine.csv.gz --target cultivar \\
          --cv 5 --plot wine.png
    """
    from .pruning import pruning_path
    from .workflow import grow

    _check_path(method, nested=cv is not None)
    if cv is None and (rule or plot):
        raise click.UsageError(f"{'--rule' if rule else '--plot'} needs --cv.")
    X, y, task, encoder = _read(data, target, task, drop)
    X = encoder.fit_transform(X)
    if cv:
        _scored_path(X, y, task, method, cv, rule or "1se", plot, seed, as_json)
        return
    with progress("Growing and pruning"):
        steps = pruning_path(grow(X, y, task, seed), method)
    emit(steps.to_frame().reset_index(), as_json=as_json)
    if len(steps) == 1:
        say(NOTHING_TO_PRUNE)


def _check_path(method, *, nested):
    from .methods import PathMethod

    if not isinstance(method, PathMethod) or method.needs_rows:
        raise click.UsageError(f"{method.alias} has no path of trees on training rows.")
    if nested and not method.nested:
        raise click.UsageError(f"the trees of {method.alias} are not nested: --cv cannot compare them across folds.")


def _scored_path(X, y, task, method, cv, rule, plot, seed, as_json):
    """Print the path with its scores by folds, and draw it."""
    from contextlib import nullcontext

    from .estimators import TreePrunerCV
    from .workflow import new_tree

    kind = _kind_of_figure(plot) if plot else None
    pruner = TreePrunerCV(new_tree(task, seed), method, cv=cv, rule=rule, refit=False, return_train_score=bool(plot))
    with output_file(plot) if plot else nullcontext() as file:
        with progress("Growing and pruning"):
            pruner.fit(X, y)
        if plot:
            from .inspection import PruningPathDisplay

            PruningPathDisplay.from_estimator(pruner).figure_.savefig(file, format=kind, dpi=150)
    emit(pruner.to_frame().reset_index(), as_json=as_json)
    if len(pruner.pruning_path_) == 1:
        say(NOTHING_TO_PRUNE)


def _kind_of_figure(name):
    """The format that a file's name asks for, once matplotlib is there to draw it without a screen."""
    import matplotlib

    matplotlib.use("agg")
    kind = name.rpartition(".")[2].lower()
    if kind not in ("png", "svg", "pdf"):
        raise click.UsageError(f"--plot draws .png, .svg and .pdf. Got {name}.")
    return kind


@cli.command()
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
    from .estimators import TreePrunerCV
    from .extras import import_extra
    from .inspection.report import report as report_on
    from .workflow import new_tree

    _check_path(method, nested=True)
    import_extra("jinja2", "report")
    X, y, task, encoder = _read(data, target, task, drop)
    with output_file(output) as file:
        with progress("Growing, pruning and drawing"):
            pruner = TreePrunerCV(new_tree(task, seed), method, cv=cv).fit(encoder.fit_transform(X), y)
            page = report_on(pruner, title=f"Pruning report: {target}")
        file.write(page.html.encode())
    say(f"{page.summary['sentence']}. Saved {output}.")


@cli.command()
@data_argument
@target_option
@method_option
@click.option("--alpha", type=FiniteRange(min=0), help="Strength of the pruning.")
@click.option("--leaves", type=click.IntRange(min=1), help="Instead of --alpha: the most leaves to keep.")
@click.option(
    "--validation",
    metavar="FRACTION",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    help="Share of the rows held out: for methods that judge by other rows, and to choose the strength where neither "
    f"--alpha nor --leaves is given. [default: {DEFAULT_VALIDATION} for these]",
)
@click.option("--model", "model_file", metavar="FILE", help="Prune this saved model.")
@trust_option
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to save the pruned model (joblib).")
@task_option
@drop_option
@seed_option
@json_option
def prune(data, target, method, alpha, leaves, validation, model_file, trust, output, task, drop, seed, as_json):
    """Grow a tree on DATA, prune it and save it, or prune a saved model.

    What is saved is a scikit-learn Pipeline that predicts rows as they stand in DATA. A saved model keeps its class;
    all rows of DATA, if given, then serve to judge by.

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

    from . import workflow
    from .io import last_step

    strength = {name: value for name, value in (("alpha", alpha), ("n_leaves", leaves)) if value is not None}
    judged = _judged_by_rows(method, strength)
    _check_sources(judged, data, validation, model_file)
    with output_file(output) as file:
        if model_file:
            model = workflow.load_model(model_file, trust=trust)
            judge, train = (_rows_for(model, data, target, drop) if judged else None), None
        else:
            fraction = (validation or DEFAULT_VALIDATION) if judged else None
            model, judge, train = _grow(data, target, task, drop, fraction, seed)
        before = last_step(model)
        with progress("Pruning"):
            after, alpha = workflow.prune_by(before, method, judge, train, **strength)
        joblib.dump(workflow.with_tree(model, after), file)
    rows = ((workflow.BEFORE, None, before), (method.alias, alpha, after))
    sizes = [{"method": name, "alpha": strength} | workflow.size(tree) for name, strength, tree in rows]
    emit(pd.DataFrame(sizes), as_json=as_json)
    nothing = "The tree is a single leaf: nothing to prune. " if sizes[0]["n_leaves"] == 1 else ""
    say(f"{nothing}Saved {output}.")


@cli.command()
@click.argument("model")
@trust_option
@json_option
def check(model, trust, as_json):
    """Check a model file, and say what is in it.

    The structure of its trees is checked before the model's own library sees them. XGBoost (.json, .ubj), LightGBM
    (.txt) and skops files; pickles with --trust.

    \b
    Examples:
      treeprune check model.ubj
      treeprune check --trust model.joblib
    """
    import pandas as pd

    from .io import check_model
    from .workflow import load_model

    found = load_model(model, trust=trust, load=check_model)
    emit(pd.DataFrame([found]), as_json=as_json)
    say(f"{model}: sound.")


def _judged_by_rows(method, strength):
    """Whether the pruning is guided by rows that did not grow the tree."""
    from .methods import PathMethod

    if len(strength) > 1:
        raise click.UsageError("--alpha and --leaves exclude each other.")
    if strength and not isinstance(method, PathMethod):
        raise click.UsageError(f"--alpha and --leaves have no meaning for {method.alias}.")
    return method.needs_rows or (isinstance(method, PathMethod) and not strength)


def _check_sources(judged, data, validation, model_file):
    """Whether what is to be pruned, and by which rows, is told once and in full."""
    wrong = None
    if not model_file and not data:
        wrong = "Missing argument 'DATA' (or --model)."
    elif model_file and judged and not data:
        wrong = "without a strength (--alpha, --leaves), the method needs rows to judge by: give DATA and --target."
    elif model_file and data and not judged:
        wrong = "neither the method nor the strength given has a use for DATA with --model."
    elif validation is not None and (model_file or not judged):
        wrong = "--validation has a use only for methods that judge by rows of DATA, or to choose a strength by them."
    if wrong:
        raise click.UsageError(wrong)


def _read(data, target, task, drop):
    """Columns and target of a table, the task, and an encoder of the columns, not fitted; says what was decided."""
    from .tables import column_encoder, count, read_table, split_target

    if not data or not target:
        raise click.UsageError("Missing argument 'DATA'." if not data else "Missing option '--target'.")
    X, y, task, notes = split_target(read_table(data), target, task=task, drop=drop)
    encoder, more = column_encoder(X)
    say(f"{data}: {count(len(X), 'row')}, {count(len(X.columns), 'column')}")
    for note in [*notes, *more]:
        say(f"  {note}")
    return X, y, task, encoder


def _grow(data, target, task, drop, fraction, seed):
    """A Pipeline of encoder and tree, the rows held out from growing it (if a fraction is), and those that grew it."""
    from sklearn.pipeline import Pipeline

    from . import workflow

    X, y, task, encoder = _read(data, target, task, drop)
    with progress("Growing"):
        X = encoder.fit_transform(X)
        judge = None
        if fraction:
            X, X_judge, y, y_judge = workflow.hold_out(X, y, task, fraction, seed)
            judge = X_judge, y_judge
        return Pipeline([("encoder", encoder), ("tree", workflow.grow(X, y, task, seed))]), judge, (X, y)


def _rows_for(model, data, target, drop):
    """Rows of a table, and their target, as a saved model takes them."""
    from sklearn.base import is_classifier

    from . import workflow

    X, y, _, _ = _read(data, target, "classification" if is_classifier(model) else "regression", drop)
    return workflow.rows_for_tree(model, X), y


@cli.command()
@data_argument
@target_option
@click.option(
    "--kind",
    type=click.Choice(["tabular", "series", "anomaly"]),
    default="tabular",
    show_default=True,
    help="Independent rows; rows in time; or columns in which anomalies show, for which the target is not needed.",
)
@click.option("--groups", metavar="COL", help="Column that says which series a row belongs to (--kind series).")
@click.option("--time", metavar="COL", help="Column to sort the rows by (--kind series).")
@click.option("-o", "--output", metavar="FILE", help="Where to write the names of the columns kept, one in a line.")
@task_option
@drop_option
@seed_option
@json_option
def select(data, target, kind, groups, time, output, task, drop, seed, as_json):
    """Tell the columns of DATA that matter from those that do not.

    A column is kept if its splits survive pruning in more trees than those of its shadows, which have lost their tie
    to the target: of the columns kept, at most one in ten should be there by chance. The table has the share of the
    trees in which each column survives, and its p-value.

    For anomalies no target is needed: a column is kept if its extremes agree with what the other columns call
    anomalous. A target, if there is one, is 1 for known anomalies.

    \b
    Examples:
      treeprune select wine.csv --target cultivar -o columns.txt
      treeprune select load.csv --target load --kind series --time hour
      treeprune select sensors.csv --kind anomaly
    """
    from contextlib import nullcontext

    from . import workflow
    from .tables import column_encoder, read_table

    if kind != "series" and (time or groups):
        raise click.UsageError(f"{'--time' if time else '--groups'} has a use only for --kind series.")
    if kind == "anomaly" and data and not target:
        X, y, task = read_table(data).drop(columns=list(drop)), None, None
        encoder, _ = column_encoder(X)
    else:
        X, y, task, encoder = _read(data, target, task, (*drop, *filter(None, (groups, time))))
    with output_file(output) if output else nullcontext() as file:
        with progress("Growing and pruning"):
            aside = read_table(data).loc[X.index] if time or groups else None
            order = None if time is None else aside[time].argsort(kind="stable").to_numpy()
            series = None if groups is None else aside[groups].to_numpy()
            frame = workflow.selection(encoder.fit_transform(X), y, kind, task, seed, order, series)
        if output:
            file.write("".join(f"{name}\n" for name in frame["column"][frame["kept"]]).encode())
    emit(frame, as_json=as_json)
    say(f"{frame['kept'].sum()} of {len(frame)} columns are kept." + (f" Saved {output}." if output else ""))
