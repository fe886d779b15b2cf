"""Columns of a table before encoding: conditions on codes become conditions on the values that they stand for."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, TargetEncoder

from ..exceptions import UnsupportedModelError
from .conditions import CategoryCondition, Condition

_ENCODERS = (OrdinalEncoder, OneHotEncoder, TargetEncoder)


@dataclass(frozen=True)
class Unchanged:
    """A column that reaches the tree as it stands at a place of the table."""

    place: int

    def condition(self, of_tree: Condition | CategoryCondition) -> Condition | CategoryCondition:
        """The condition on the column that a condition on its encoded form means."""
        return of_tree

    def mentions_missing(self, learned: bool) -> bool:
        """Whether text mentions missing values, given whether the tree learned where they go."""
        return learned


@dataclass(frozen=True)
class Encoded:
    """A column that reaches the tree as numbers for its values.

    Parameters
    ----------
    place : int
        Of the column in the table.
    codes : dict of value to float
        What stands for each value that the encoder knows.
    missing, unknown : float or None
        What stands for missing values and for all others; None: the encoder refuses them.
    knows_missing : bool
        Whether missing values are among what the encoder was fitted on.
    """

    place: int
    codes: dict[Any, float]
    missing: float | None
    unknown: float | None
    knows_missing: bool

    def condition(self, of_tree: Condition | CategoryCondition) -> CategoryCondition:
        """The condition on the column that a condition on its encoded form means."""
        missing = self.missing is not None and of_tree.holds(self.missing)
        chosen = frozenset(value for value, code in self.codes.items() if of_tree.holds(code))
        if self.unknown is not None and of_tree.holds(self.unknown):
            return CategoryCondition(frozenset(self.codes) - chosen, False, missing)
        return CategoryCondition(chosen, True, missing)

    def mentions_missing(self, learned: bool) -> bool:
        """Whether text mentions missing values, given whether the tree learned where they go."""
        return learned if self.missing is not None and np.isnan(self.missing) else self.knows_missing


def columns_behind(steps: list) -> list[Unchanged | Encoded]:
    """For each column that comes out of fitted transformers, one after the other, the column of the table behind it.

    Raises
    ------
    UnsupportedModelError
        A transformer is none of those that leave, choose or encode columns; the message names it.
    """
    columns: list[Unchanged | Encoded] = [Unchanged(place) for place in range(steps[0].n_features_in_)]
    for step in steps:
        columns = _through(step, columns)
    return columns


def conditions_on_table(
    conditions: list[dict[int, Condition | CategoryCondition]], columns: list[Unchanged | Encoded]
) -> list[dict[int, Condition | CategoryCondition]]:
    """Conditions of rules by columns of the table, from those by the columns that reach the tree."""
    found = []
    for rule in conditions:
        on_table: dict[int, Any] = {}
        for column, of_tree in rule.items():
            place, condition = columns[column].place, columns[column].condition(of_tree)
            if place in on_table:
                condition = on_table[place].and_also(condition)
            on_table[place] = condition
        found.append(on_table)
    return found


def _through(step, columns):
    """The columns behind those that come out of a transformer, from those behind the ones that go in."""
    if step is None or isinstance(step, str):  # "passthrough"
        return columns
    if isinstance(step, Pipeline):
        for _, inner in step.steps:
            columns = _through(inner, columns)
        return columns
    if isinstance(step, ColumnTransformer):
        return _side_by_side(step, columns)
    if isinstance(step, FunctionTransformer) and step.func is None:
        return columns
    if hasattr(step, "get_support"):
        return [column for column, kept in zip(columns, step.get_support(), strict=True) if kept]
    if isinstance(step, _ENCODERS) and all(isinstance(column, Unchanged) for column in columns):
        return _encoded(step, columns)
    raise UnsupportedModelError(
        f"Rules over the columns of the table cannot be made through {type(step).__name__}. "
        "Those over the columns that reach the tree are the rules of the last step, `model[-1]`."
    )


def _side_by_side(transformer, columns):
    found = [None] * max(s.stop for s in transformer.output_indices_.values())
    names = getattr(transformer, "feature_names_in_", None)
    for name, step, chosen in transformer.transformers_:
        if isinstance(step, str) and step == "drop":
            continue
        going_in = [columns[place] for place in _places(chosen, names, len(columns))]
        if going_in:
            found[transformer.output_indices_[name]] = _through(step, going_in)
    return found


def _places(chosen, names, n_columns):
    """Places of the columns that a ColumnTransformer gives to one of its transformers."""
    import pandas as pd

    places = pd.Series(np.arange(n_columns), index=names)
    chosen = [chosen] if isinstance(chosen, (str, int, np.integer)) else chosen
    by_name = not isinstance(chosen, slice) and len(chosen) and all(isinstance(c, str) for c in chosen)
    by_name |= isinstance(chosen, slice) and isinstance(chosen.start or chosen.stop, str)
    return (places.loc if by_name else places.iloc)[chosen].tolist()


def _encoded(encoder, columns):
    """The codes of each column's values, found by passing the values through the encoder."""
    outputs = [_outputs(encoder, place) for place in range(len(columns))]
    n_columns = max(np.shape(codes)[1] for _, codes, *_ in outputs)
    if isinstance(encoder, OrdinalEncoder):
        source = np.arange(n_columns)
    else:  # each comes of the one column that it changes with; of the first if it never changes
        changes = [np.ptp(_all_rows(codes, *others), axis=0) > 0 for _, codes, *others, _ in outputs]
        source = np.argmax(changes, axis=0)
    found = []
    for output, place in enumerate(source):
        values, codes, missing, unknown, knows_missing = outputs[place]
        of_missing, of_unknown = (None if row is None else float(row[output]) for row in (missing, unknown))
        by_value = dict(zip(values, codes[:, output].tolist(), strict=True))
        found.append(Encoded(columns[place].place, by_value, of_missing, of_unknown, knows_missing))
    return found


def _all_rows(codes, missing, unknown):
    return np.vstack([codes, *(row for row in (missing, unknown) if row is not None)])


def _outputs(encoder, place):
    """Values that an encoder knows of a column, its rows of output for them, for a missing and for an unknown one."""
    import pandas as pd

    categories = encoder.categories_[place]
    present = ~pd.isna(categories)
    values = categories[present].tolist()
    missing = _transformed(encoder, place, [*categories[~present], np.nan][:1])  # None and NaN are not the same there
    other = max(values, default=0) + 1 if categories.dtype.kind in "iuf" else "unknown " + "".join(map(str, values))
    unknown = None if categories.dtype.kind == "b" else _transformed(encoder, place, [other])
    codes = _transformed(encoder, place, values) if values else missing[:0]  # without values, it knows missing ones
    return values, codes, *(None if rows is None else rows[0] for rows in (missing, unknown)), not present.all()


def _transformed(encoder, place, values):
    """What comes out for values of a column, the others at their first category; None: the encoder refuses them."""
    import pandas as pd

    columns = {}
    for other, categories in enumerate(encoder.categories_):
        of_column = values if other == place else [categories[0]] * len(values)
        columns[other] = pd.Series(of_column, dtype=float if categories.dtype.kind in "iuf" else object)
    rows = pd.DataFrame(columns)
    if hasattr(encoder, "feature_names_in_"):
        rows.columns = encoder.feature_names_in_
    else:
        rows = rows.to_numpy()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values never seen
            found = encoder.transform(rows)
    except ValueError:
        return None
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=float)
