"""Two sets of labelled rows as one, the second below the first."""

import numpy as np
from sklearn.utils.validation import _num_samples

from ..composites.base import Given


def stacked(data: tuple, held_out: tuple) -> Given:
    """All rows; those without weights weigh 1 if the others have any.

    Categories of frames are the same if their values are, whatever the order in which they are declared.

    Parameters
    ----------
    data, held_out : tuple of (X, y, sample_weight, offset)
        The last two may be absent.

    Raises
    ------
    ValueError
        The tables are of different kinds, or have other columns.
    """
    parts = [Given(*data), Given(*held_out)]
    if [part.sample_weight is None for part in parts].count(True) == 1:
        weights = [np.ones(_num_samples(p.X)) if p.sample_weight is None else p.sample_weight for p in parts]
        parts = [part._replace(sample_weight=weight) for part, weight in zip(parts, weights, strict=True)]
    others = zip(*(part[1:] for part in parts), strict=True)
    below = [None if first is None else np.concatenate([first, second]) for first, second in others]
    return Given(_tables(data[0], held_out[0]), *below)


def _tables(X, X_val):
    kinds = [_kind(table) for table in (X, X_val)]
    if kinds[0] != kinds[1]:
        raise ValueError(f"X_val must be a table of the same kind as X. Got {kinds[1]} and {kinds[0]}.")
    if kinds[0] == "a sparse matrix":
        from scipy.sparse import vstack

        return vstack([X, X_val]).tocsr()
    if kinds[0] == "an array":
        return np.concatenate([np.asarray(X), np.asarray(X_val)])
    if list(X.columns) != list(X_val.columns):
        raise ValueError(f"X_val must have the columns of X, in their order: {[*X.columns]}. Got {[*X_val.columns]}.")
    if kinds[0] == "a pandas frame":
        import pandas as pd

        return pd.concat(_same_categories(X, X_val), ignore_index=True)
    import polars as pl

    return pl.concat([X, X_val], how="vertical_relaxed")


def _kind(table):
    if hasattr(table, "columns"):
        return "a pandas frame" if hasattr(table, "iloc") else "a frame"
    return "a sparse matrix" if hasattr(table, "tocsr") else "an array"


def _same_categories(X, X_val):
    """Both frames, with the categories of X in its order and then those that only X_val declares."""
    frames = X.copy(deep=False), X_val.copy(deep=False)
    for name in X.columns:
        known, other = (getattr(frame[name].dtype, "categories", None) for frame in frames)
        if (known is None) != (other is None):
            raise ValueError(
                f"The column {name!r} must hold categories in both X and X_val, or in neither. Got dtypes "
                f"{X[name].dtype} and {X_val[name].dtype}."
            )
        if known is not None:
            every = known.append(other.difference(known, sort=False))
            for frame in frames:
                frame[name] = frame[name].cat.set_categories(every)
    return frames
