"""From the arguments of a command to rows and models."""

import click

from .console import say


def read(data, target, task, drop):
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


def column_aside(data, name, target):
    """A column of a table that is not there to predict by, for the rows that have a target."""
    from .tables import check_columns, read_table

    frame = read_table(data)
    check_columns(frame, [name])
    return frame.loc[frame[target].notna(), name]


def rows_for(model, data, target, drop):
    """Rows of a table, and their target, as a saved model takes them."""
    from sklearn.base import is_classifier

    from ..wrappers import rows_for_tree

    X, y, _, _ = read(data, target, "classification" if is_classifier(model) else "regression", drop)
    return rows_for_tree(model, X), y


def check_path(method, *, nested):
    """Refuse methods that have no path of trees, or none that folds can score."""
    from ..methods import PathMethod

    if not isinstance(method, PathMethod) or method.needs_rows:
        raise click.UsageError(f"{method.alias} has no path of trees on training rows.")
    if nested and not method.nested:
        raise click.UsageError(f"the trees of {method.alias} are not nested: --cv cannot compare them across folds.")
