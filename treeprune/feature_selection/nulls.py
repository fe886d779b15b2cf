"""Shadows: copies of features in another order of rows, which breaks their relation to the target and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Orders that the rows of shadows can be in.
NULLS = ("permute", "circular", "block")

#: Tau of a Dickey-Fuller test with a constant above which a unit root is not rejected at 5 % (Fuller 1976, table
#: 8.5.2, large samples).
_DICKEY_FULLER = -2.86


@dataclass(frozen=True, eq=False)
class Shadows:
    """Which features are grown on: the real columns, then copies of the units of columns in other row orders.

    Parameters
    ----------
    column, order : ndarray of int32, shape (n_features,)
        Column of each feature, and the row order that it is in, 0 being the real one.
    unit : ndarray of int, shape (n_features,)
        Unit of each feature: real units first, then one for each copy of a unit.
    copied : ndarray of int, shape (n_shadows,)
        The real unit that each shadow unit is a copy of.
    """

    column: NDArray[np.int32]
    order: NDArray[np.int32]
    unit: NDArray[np.intp]
    copied: NDArray[np.intp]

    @property
    def n_orders(self) -> int:
        """Number of row orders, the real one included."""
        return int(self.order.max()) + 1

    def columns(self, columns: NDArray, orders: NDArray[np.uint32]) -> Iterator[NDArray]:
        """The features, each of shape (n_rows,).

        Parameters
        ----------
        columns : ndarray of shape (n_columns, n_rows)
        orders : ndarray of uint32, shape (n_orders, n_rows)
            Row numbers in each order.
        """
        return (columns[c][orders[o]] for c, o in zip(self.column, self.order, strict=True))

    @classmethod
    def from_units(cls, unit: NDArray[np.intp], copies: NDArray[np.intp]) -> "Shadows":
        """Shadows of units of columns.

        Parameters
        ----------
        unit : ndarray of int, shape (n_columns,)
            Unit of each column. The columns of a unit are copied in one row order, and so stay a unit.
        copies : ndarray of int, shape (n_units,)
            Number of copies of each unit.
        """
        n_columns, n_units = len(unit), len(copies)
        column, order, of_unit = [np.arange(n_columns)], [np.zeros(n_columns, int)], [unit]
        copied: list[NDArray] = []
        for copy in range(copies.max(initial=0)):
            with_copy = np.flatnonzero(copies > copy)
            columns = np.flatnonzero(np.isin(unit, with_copy))
            column.append(columns)
            order.append(np.full(len(columns), copy + 1))
            of_unit.append(n_units + len(copied) + np.searchsorted(with_copy, unit[columns]))
            copied.extend(with_copy)
        arrays = [np.concatenate(parts) for parts in (column, order, of_unit)]
        return cls(arrays[0].astype(np.int32), arrays[1].astype(np.int32), arrays[2], np.array(copied, np.intp))


def levels(n_values: NDArray[np.intp], unit: NDArray[np.intp]) -> NDArray[np.intp]:
    """Level of each unit: the logarithm to base 2, rounded down, of the number of places it can be cut at.

    Parameters
    ----------
    n_values : ndarray of int, shape (n_columns,)
        Number of distinct binned values of each column.
    unit : ndarray of int, shape (n_columns,)
        Unit of each column.

    Returns
    -------
    ndarray of int, shape (n_units,)
    """
    return np.log2(np.maximum(np.bincount(unit, n_values - 1), 1)).astype(np.intp)


def copies_needed(level: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number of shadows of each unit in a set, so that each unit is compared with at least as many as there are units.

    A unit is compared with shadows of its own level and above. With ``1 / fdr`` sets, p-values then are fine enough
    to find a unit that is alone in surviving.
    """
    copies, above = np.zeros(len(level), np.intp), 0
    for one in np.unique(level)[::-1]:
        units = level == one
        copies[units] = max(1, -(-(len(level) - above) // units.sum()))
        above += copies[units].sum()
    return copies


def shadow_order(
    null: str, series: list[NDArray[np.intp]], rng: np.random.Generator, block_length: int | None = None
) -> NDArray[np.intp]:
    """An order of rows in which the columns know nothing of the target.

    Parameters
    ----------
    null : {"permute", "circular", "block"}
        All rows at random (rows without order); each series shifted by a random number of rows, at least a tenth of
        its length, its end going on at its beginning; or each series cut into blocks, which change places.
    series : list of ndarray of int
        Row numbers of each series, in time.
    rng : numpy Generator
    block_length : int, optional
        Rows of a block; None: the sixth part of a series.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        The row whose values each row takes.
    """
    order = np.empty(sum(map(len, series)), np.intp)
    for rows in series:
        n = len(rows)
        if null == "permute":
            moved = rng.permutation(n)
        elif null == "circular":
            least = max(n // 10, min(1, n - 1))
            moved = np.roll(np.arange(n), rng.integers(least, n - least + 1))
        else:
            length = max(1, n // 6) if block_length is None else block_length
            blocks = np.array_split(np.roll(np.arange(n), rng.integers(n)), max(1, n // length))
            moved = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
        order[rows] = rows[moved]
    return order


def looks_like_random_walk(x: NDArray[np.float64]) -> bool:
    """Whether a series may have a unit root: a Dickey-Fuller test with a constant does not reject it at 5 %.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows,)
        In time; missing and infinite values are left out.

    References
    ----------
    D. A. Dickey, W. A. Fuller (1979). Distribution of the estimators for autoregressive time series with a unit
    root. Journal of the American Statistical Association 74, 427-431.
    """
    x = x[np.isfinite(x)]
    if len(x) < 20 or np.ptp(x) == 0:
        return False
    before, step = x[:-1] - x[:-1].mean(), np.diff(x)
    slope = before @ step / (before @ before)
    residual = step - step.mean() - slope * before
    error = np.sqrt(residual @ residual / (len(step) - 2) / (before @ before))
    return bool(slope > _DICKEY_FULLER * error)
