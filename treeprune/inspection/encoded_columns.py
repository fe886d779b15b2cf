"""Columns of a table before encoding: conditions on what reaches the tree become conditions on what stands there."""

import warnings
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from ..exceptions import UnsupportedModelError
from ..narrowing.narrow import comes_out_sparse, narrow, passes
from .columns import Column, Encoded, Refused, Unchanged
from .conditions import CategoryCondition, Condition

_ENCODERS = (OrdinalEncoder, OneHotEncoder, TargetEncoder)
_SCALERS = (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler)


def columns_behind(steps: list[tuple[str, Any]], sparse_zeros_are_missing: bool = False) -> list[Column]:
    """For each column that comes out of fitted transformers, one after the other, the column of the table behind it.

    Parameters
    ----------
    steps : list of (str, object)
        Names and transformers.
    sparse_zeros_are_missing : bool, default=False
        Whether the model takes zeros for missing values if sparse rows come out.

    Raises
    ------
    UnsupportedModelError
        A transformer is none of those that leave, choose, fill, scale or encode columns, and does not tell how many it
        gives; the message names it. Where it tells, it is `Refused` columns that come of it.
    """
    name, first = steps[0]
    is_sparse = False
    if hasattr(first, "n_features_in_"):
        columns: list[Column] = [Unchanged(place) for place in range(first.n_features_in_)]
    else:  # it takes no table: texts, dictionaries
        columns, steps = _refused(name, first), steps[1:]
        is_sparse = bool(comes_out_sparse(first, False, True))
    columns, is_sparse = _through_all(steps, columns, is_sparse)
    return [c.with_zeros_missing() for c in columns] if is_sparse and sparse_zeros_are_missing else columns


def conditions_on_table(
    conditions: list[dict[int, Condition | CategoryCondition]], columns: list[Column]
) -> list[dict[int, Condition | CategoryCondition]]:
    """Conditions of rules by columns of the table, from those by the columns that reach the tree."""
    translated: dict[int, Any] = {}
    for reached in sorted({column for rule in conditions for column in rule}):
        of_tree = [rule[reached] for rule in conditions if reached in rule]
        translated[reached] = iter(columns[reached].conditions(of_tree))
    found = []
    for rule in conditions:
        on_table: dict[int, Any] = {}
        for reached in rule:
            place, condition = columns[reached].place, next(translated[reached])
            on_table[place] = on_table[place].and_also(condition) if place in on_table else condition
        found.append(on_table)
    return found


def _through_all(steps, columns, is_sparse):
    """The columns behind those that come out of transformers, and whether sparse rows do."""
    for name, step in steps:
        if not passes(step):
            columns = _through(name, step, columns, is_sparse)
            is_sparse = bool(comes_out_sparse(step, is_sparse, True))
    return columns, is_sparse


def _through(name, step, columns, is_sparse):
    """The columns behind those that come out of a transformer, from those behind the ones that go in."""
    if isinstance(step, Pipeline):
        return _through_all(step.steps, columns, is_sparse)[0]
    if isinstance(step, ColumnTransformer):
        return _side_by_side(step, columns)
    if isinstance(step, FeatureUnion):
        parts = [part for part in step.transformer_list if not _is_dropped(part[1])]
        return [column for part in parts for column in _through_all([part], columns, is_sparse)[0]]
    if isinstance(step, FunctionTransformer) and step.func is None:
        return columns
    if hasattr(step, "get_support"):
        return [column for column, kept in zip(columns, step.get_support(), strict=True) if kept]
    if isinstance(step, _SCALERS):
        return [column.then(_one_column(step, place, is_sparse)) for place, column in enumerate(columns)]
    if isinstance(step, SimpleImputer) and _is_missing(step.missing_values):
        return _imputed(step, columns)
    if isinstance(step, _ENCODERS) and all(isinstance(column, Unchanged) and not column.steps for column in columns):
        return _encoded(step, columns)
    return _refused(name, step)


def _refused(name, step, n_columns=None):
    reason = (
        f"Rules over the columns of the table cannot be made through {type(step).__name__} (the step {name!r}). "
        "Those over the columns that reach the tree are the rules of the last step, `model[-1]`."
    )
    try:
        n_columns = len(step.get_feature_names_out()) if n_columns is None else n_columns
    except (AttributeError, ValueError) as error:
        raise UnsupportedModelError(reason) from error
    return [Refused(reason)] * n_columns


def _is_dropped(step):
    return isinstance(step, str) and step == "drop"


def _is_missing(value):
    import pandas as pd

    return bool(pd.isna(value))


def _one_column(scaler, place, is_sparse):
    """What a scaler does to the numbers of one column: a function of arrays, computed by the scaler itself."""
    alone = narrow(scaler, np.arange(scaler.n_features_in_) == place, is_sparse, True).step

    def scaled(numbers):
        rows = sparse.csr_matrix(numbers[:, None]) if is_sparse else numbers[:, None].copy()
        with warnings.catch_warnings(), np.errstate(over="ignore"):
            warnings.simplefilter("ignore")  # of names that an array lacks
            found = alone.transform(rows)
        return _dense(found)[:, 0]

    return scaled


def _imputed(imputer, columns):
    """Columns with something in the place of missing values, and flags that tell where they were missing."""
    fills = imputer.statistics_.tolist()
    left = [not _is_missing(fill) or imputer.keep_empty_features for fill in fills]
    filled = [c.filled(fill) for c, fill, stays in zip(columns, fills, left, strict=True) if stays]
    flagged = imputer.indicator_.features_ if imputer.add_indicator else []
    is_text = imputer._fit_dtype.kind == "O"
    return filled + [columns[place].flag(is_text) for place in flagged]


def _side_by_side(transformer, columns):
    found = [None] * max(s.stop for s in transformer.output_indices_.values())
    names = getattr(transformer, "feature_names_in_", None)
    for name, step, chosen in transformer.transformers_:
        if _is_dropped(step):
            continue
        going_in = [columns[place] for place in _places(chosen, names, len(columns))]
        comes_out = transformer.output_indices_[name]
        if going_in:
            try:
                found[comes_out] = _through_all([(name, step)], going_in, False)[0]
            except UnsupportedModelError:  # it does not tell how many columns it gives, but they are counted here
                found[comes_out] = _refused(name, step, comes_out.stop - comes_out.start)
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
        fill = columns[place].fill
        if not _is_missing(fill):  # an imputer stands before the encoder
            of_missing, knows_missing = by_value.get(fill, of_unknown), True
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
    return _dense(found)


def _dense(rows):
    return np.asarray(rows.toarray() if sparse.issparse(rows) else rows, np.float64)
