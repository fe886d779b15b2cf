"""``treeprune select``: the columns that matter."""

import click

from ..console import emit, on_one_line, optional_output_file, progress, say
from ..figures import save_figure
from ..help import Command
from ..inputs import column_aside, read
from ..options import (
    SHARE,
    data_argument,
    drop_option,
    json_option,
    plot_option,
    reading_options,
    seed_option,
    target_option,
    task_option,
)


@click.command(cls=Command)
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
@click.option("--time-format", metavar="FORMAT", help="Of dates that are not like 2026-12-31; for example %d.%m.%Y.")
@click.option(
    "--fdr", metavar="SHARE", type=SHARE, default=0.1, show_default=True, help="Expected share of false picks, at most."
)
@click.option(
    "--given-others",
    is_flag=True,
    help="Keep columns that say something beyond all others, by knockoffs; not all that say something.",
)
@click.option(
    "--statistic",
    type=click.Choice(["survival", "boosted", "lasso"]),
    help="How strong columns look beside their knockoffs (--given-others). [default: boosted]",
)
@click.option(
    "--correlated-together",
    is_flag=True,
    help="Keep or drop columns together of which any two have a correlation of 0.7 or more (not --kind anomaly).",
)
@click.option("-o", "--output", metavar="FILE", help="Where to write the names of the columns kept, one in a line.")
@plot_option
@task_option
@drop_option
@reading_options
@seed_option
@json_option
def select(
    data,
    target,
    kind,
    groups,
    time,
    time_format,
    fdr,
    given_others,
    statistic,
    correlated_together,
    output,
    plot,
    task,
    drop,
    seed,
    as_json,
):
    """Tell the columns of DATA that matter from those that do not.

    A column is kept if its splits survive pruning in more trees than those of its shadows, which have lost their tie
    to the target: of the columns kept, no more than --fdr should be there by chance. The table has the share of the
    trees in which each column survives, and its p-value.

    Of columns that go together all may be kept so, for each says something of the target. With --given-others a column
    is kept only if it says something that no other column says: it is compared with a knockoff, a copy that goes with
    the others as it does. The table has its lead over the knockoff. Of columns that say nearly the same, none may be
    kept then: --correlated-together decides them as one.

    For anomalies no target is needed: a column is kept if its extremes agree with what the other columns call
    anomalous. A target, if there is one, is 1 for known anomalies, or has two labels of which the rarer is theirs.

    \b
    Examples:
      treeprune select wine.csv --target cultivar -o columns.txt
      treeprune select wine.csv --target cultivar --given-others
      treeprune select load.csv --target load --kind series --time hour
      treeprune select sensors.csv --kind anomaly \\
          --fdr 0.05 --plot sensors.png
    """
    from .. import workflow
    from ..tables import count, time_order

    if kind != "series" and (time or groups):
        raise click.UsageError(f"{'--time' if time else '--groups'} has a use only for --kind series.")
    if given_others and kind != "tabular":
        raise click.UsageError("--given-others is for --kind tabular.")
    if statistic and not given_others:
        raise click.UsageError("--statistic has no use without --given-others.")
    if correlated_together and kind == "anomaly":
        raise click.UsageError("--correlated-together has no use for --kind anomaly.")
    if time_format and not time:
        raise click.UsageError("--time-format has no use without --time.")
    aside = [name for name in (groups, time) if name]
    X, y, task, encoder = read(data, target, task, drop, aside=aside, any_target=kind == "anomaly", infinite=True)
    order = time_order(column_aside(data, time, target), time_format) if time else None
    series = column_aside(data, groups, target).to_numpy() if groups else None
    with optional_output_file(output) as file, optional_output_file(plot) as figure:
        with progress("Growing and pruning"):
            beside = (statistic or "boosted") if given_others else None
            together = "auto" if correlated_together else None
            X = encoder.fit_transform(X)
            selector = workflow.selection(X, y, kind, task, seed, fdr, order, series, beside, together)
            frame = workflow.selected_columns(selector)
        if plot:
            from ...inspection import SurvivalDisplay

            save_figure(SurvivalDisplay.from_estimator(selector).figure_, figure, plot)
        if output:
            file.write("".join(f"{on_one_line(name)}\n" for name in frame["column"][frame["kept"]]).encode())
    emit(frame, as_json=as_json)
    saved = "".join(f" Saved {name}." for name in (output, plot) if name)
    label = getattr(selector, "anomaly_label_", None)
    known = "" if label is None else f"Known anomalies are the rows of the label {label}. "
    n_kept = frame["kept"].sum()
    say(f"{known}{n_kept} of {count(len(frame), 'column')} {'is' if n_kept == 1 else 'are'} kept.{saved}")
