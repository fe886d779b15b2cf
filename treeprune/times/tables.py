"""When, and to which series, each row of a table belongs."""

import warnings
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .instants import DATES, NUMBERS, Times, index_times, read_times


@dataclass(frozen=True, eq=False)
class RowsInTime:
    """When, and to which series, each row belongs.

    Attributes
    ----------
    n_rows : int
        Number of rows.
    times : Times or None
        None: rows are in order as they come.
    labels : list of hashable, or None
        The series of each row; None: there is one.
    """

    n_rows: int
    times: Times | None
    labels: list[Hashable] | None

    @property
    def in_order(self) -> bool:
        """Whether the rows of each series come in order of time."""
        codes, _ = series_numbers(self.labels, self.n_rows)
        order = np.argsort(codes, kind="stable")
        times = np.zeros(self.n_rows) if self.times is None else self.times.values
        return bool(((np.diff(times[order]) >= 0) | (np.diff(codes[order]) > 0)).all())

    def series(self) -> Iterator[tuple[Hashable, NDArray[np.intp]]]:
        """Label and row numbers, in order of time, of each series, in order of appearance.

        Raises
        ------
        ValueError
            A series has two rows of one time.
        """
        codes, labels = series_numbers(self.labels, self.n_rows)
        order = np.lexsort((np.arange(self.n_rows) if self.times is None else self.times.values, codes))
        parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
        for label, rows in zip(labels, parts, strict=True):
            if self.times is not None:
                self._check_no_time_twice(label, rows)
            yield label, rows

    def _check_no_time_twice(self, label, rows):
        times = self.times[rows]
        same = np.flatnonzero(times.values[1:] == times.values[:-1])
        if len(same):
            of = "" if label is None else f" of series {label!r}"
            clocks = ", and if clocks went back, give the times their zone" if times.kind == DATES else ""
            raise ValueError(
                f"Two rows{of} have the time {times.show(times.values[same[0]])}; if they belong to different series, "
                f"name the column that says which in the 'series' parameter{clocks}."
            )


def series_numbers(labels: Any, n_rows: int) -> tuple[NDArray[np.intp], NDArray]:
    """The series of each row, numbered in order of appearance, and their labels.

    Raises
    ------
    ValueError
        A row has no label.
    """
    if labels is None:
        return np.zeros(n_rows, int), np.array([None])
    objects = np.empty(len(labels), dtype=object)
    objects[:] = labels
    numbers, known = pd.factorize(objects)
    if (numbers < 0).any():
        raise ValueError(f"{(numbers < 0).sum()} of {len(numbers)} rows have no series label.")
    return numbers, known


def read_rows_in_time(
    X: Any, time: str | None = None, series: str | None = None, time_format: str | None = None
) -> RowsInTime:
    """Read times and series from a pandas or Polars DataFrame.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        The table.
    time, series : str, optional
        Names of columns or of levels of the index. None: an index of times is the time, and the other levels of a
        MultiIndex with times are the series.
    time_format : str, optional
        Format of times that are text; None: ISO 8601.

    Raises
    ------
    ValueError
        A column is not there or there twice, a row has no time or no series, or times cannot be read.
    """
    index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(X))
    levels = [index.get_level_values(number) for number in range(index.nlevels)]
    for name in (time, series):
        if name is not None and name not in X.columns and name not in index.names:
            raise ValueError(f"X has no column {name!r}.")
        if list(X.columns).count(name) > 1:
            raise ValueError(f"X has several columns {name!r}.")
    times: Times | None
    if time is not None and time in X.columns:
        times, others = read_times(X[time], time_format), []
    elif time is not None or index.nlevels > 1:
        number = _level_of_time(index, time_format) if time is None else index.names.index(time)
        times, others = read_times(levels[number], time_format), levels[:number] + levels[number + 1 :]
    else:
        times, others = index_times(index, time_format), []
    if series is not None:
        others = [X[series] if series in X.columns else levels[index.names.index(series)]]
    return RowsInTime(len(X), times, _labels(others))


def warn_of_numbers_out_of_order(X: Any, rows: RowsInTime) -> None:
    """Warn where rows are taken in order as they come, although the numbers in the index say that they are not."""
    if rows.times is not None or not isinstance(X, pd.DataFrame) or not pd.api.types.is_numeric_dtype(X.index.dtype):
        return
    if not replace(rows, times=Times(X.index.to_numpy(np.float64, na_value=np.nan), NUMBERS)).in_order:
        warnings.warn(
            "The numbers in the index are not in order, and rows without times are taken as they come: sort them by "
            "sort_index, or, if they are of several series, say which.",
            UserWarning,
            stacklevel=4,
        )


def index_in_time(X: Any) -> RowsInTime | None:
    """Times and series in the index of a table, for advice: None where the index holds none that can be read."""
    if not isinstance(X, pd.DataFrame):
        return None
    try:
        rows = read_rows_in_time(X)
    except ValueError:
        return None
    return None if rows.times is None else rows


def _level_of_time(index, time_format):
    found = [i for i, level in enumerate(index.levels) if index_times(level, time_format) is not None]
    if len(found) != 1:
        raise ValueError(
            f"{len(found) or 'None'} of the levels {list(index.names)} of the index "
            f"{'hold' if len(found) > 1 else 'holds'} times: name the one that orders the rows in the 'time' "
            "parameter, or take the index away by reset_index."
        )
    return found[0]


def _labels(columns):
    if not columns:
        return None
    lists = [column.to_list() for column in columns]
    if len(lists) == 1:
        return lists[0]
    missing = np.any([pd.isna(column) for column in columns], axis=0)
    return [None if gone else label for gone, label in zip(missing, zip(*lists, strict=True), strict=True)]
