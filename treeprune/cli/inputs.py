"""From the arguments of a command to rows and models."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import click

from .console import on_one_line, say


@dataclass(frozen=True)
class DataFile:
    """A file with a table, and what the user says of how it is written; read once, when it is needed."""

    path: str
    written: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def table(self):
        """The table, and notes on what was guessed."""
        from .reading import TextFormat, read_table

        return read_table(self.path, TextFormat(**self.written))

    def __str__(self):
        return self.path


def read(data, target, task, drop, *, aside=(), any_target=False, infinite=False):
    """Columns and target of a table, the task, and an encoder of the columns, not fitted; says what was decided.

    Parameters
    ----------
    data : DataFile
    target, task, drop
        As in `split_target`.
    aside : sequence of str
        Columns with a use of their own: they are not there to predict by.
    any_target : bool
        Whether there may be no target: then it and the task are None.
    infinite : bool
        Whether values may be infinite in single precision: they are said, not refused.
    """
    from .tables import column_encoder, row_numbers

    X, y, task, notes = _split(data, target, task, drop, aside, any_target)
    frame, _ = data.table
    encoder, more = column_encoder(X, row_numbers(frame))
    _say_of(data, X, [*notes, *more, *_beyond(X, infinite)])
    return X, y, task, encoder


def _split(data, target, task, drop, aside, any_target):
    """Columns and target of a table, the task, and notes on what was decided."""
    from .tables import check_columns, split_target

    if not data or not (target or any_target):
        raise click.UsageError("Missing argument 'DATA'." if not data else "Missing option '--target'.")
    frame, notes = data.table
    drop = (*drop, *aside)
    if not target:
        check_columns(frame, drop)
        return frame.drop(columns=list(drop)), None, None, notes
    X, y, task, more = split_target(frame, target, task=task, drop=drop)
    return X, y, task, [*notes, *more]


def _beyond(X, infinite):
    """Notes on columns with values beyond single precision; an error, unless there may be such."""
    from .tables import beyond_float32

    beyond = ", ".join(beyond_float32(X))
    if beyond and not infinite:
        raise ValueError(
            f"values are infinite, or beyond 3.4e38, which a tree cannot split: {beyond}. Leave them out (--drop), or "
            "say what is missing (--na-values inf)."
        )
    return [f"infinite, or beyond 3.4e38: {beyond}"] if beyond else []


def _say_of(data, X, notes):
    from .tables import count

    say(f"{data}: {count(len(X), 'row')}, {count(len(X.columns), 'column')}")
    for note in notes:
        say(f"  {on_one_line(note)}")


def column_aside(data, name, target):
    """A column of a table that is not there to predict by, for the rows that have a target."""
    from .tables import check_columns

    frame, _ = data.table
    check_columns(frame, [name])
    return frame.loc[frame[target].notna(), name]


def rows_for(model, data, target, drop, *, offset=None, any_target=False):
    """Rows of a table, as a saved model takes them, their target and their offsets.

    Parameters
    ----------
    model : object
        The saved model.
    data, target, drop
        As in `read`.
    offset : str, optional
        Column with the offsets that the model was fitted with; None: it was fitted without.
    any_target : bool
        As in `read`.

    Returns
    -------
    X : DataFrame
    y : Series
    offsets : dict of str to Series
        By the name of the parameter that takes them, here and in the model's library; empty without.
    """
    from sklearn.base import is_classifier

    from ..wrappers import columns_of

    name = _offset_parameter(model) if offset else None
    aside = [offset] if offset else []
    task = None  # Boosters do not say
    if hasattr(model, "__sklearn_tags__"):
        task = "classification" if is_classifier(model) else "regression"
    X, y, _, notes = _split(data, target, task, drop, aside, any_target)
    _say_of(data, X, [*notes, *_beyond(X, infinite=True)])
    X = columns_of(model, X)  # as they are: the model encodes what it has to
    offsets = {name: column_aside(data, offset, target)} if offset else {}
    return X, y, offsets


def _offset_parameter(model):
    from ..adapters.offsets import offset_name
    from ..composites.exchange import tree_models

    names = filter(None, map(offset_name, tree_models(model)))
    name = next(names, None)
    if name is None:
        raise click.UsageError(f"--offset has no use: {type(model).__name__} is fitted without offsets.")
    return name


def check_path(method, *, nested):
    """Refuse methods that have no path of trees, or none that folds can score."""
    from ..methods import PathMethod

    if not isinstance(method, PathMethod) or method.needs_rows:
        raise click.UsageError(f"{method.alias} has no path of trees on training rows.")
    if nested and not method.nested:
        raise click.UsageError(f"the trees of {method.alias} are not nested: --cv cannot compare them across folds.")
