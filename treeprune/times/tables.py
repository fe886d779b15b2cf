"""When, and to which series, each row of a table belongs."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .instants import DATES, Times, index_times, read_times


@dataclass(frozen=True, eq=False)
class TimeTable:
    """Columns by name, and when and to which series each row belongs.

    Attributes
    ----------
    columns : DataFrame of shape (n_rows, n_columns)
        All columns.
    times : Times or None
        None: rows are in order as they come.
    labels : list of hashable, or None
        The series of each row; None: there is one.
    """

    columns: pd.DataFrame
    times: Times | None
    labels: list[Hashable] | None

    def series(self) -> Iterator[tuple[Hashable, NDArray[np.intp]]]:
        """Label and row numbers, in order of time, of each series, in order of appearance.

        Raises
        ------
        ValueError
            A series has two rows of one time.
        """
        n = len(self.columns)
        codes, labels = (np.zeros(n, int), [None]) if self.labels is None else pd.factorize(_objects(self.labels))
        order = np.lexsort((np.arange(n) if self.times is None else self.times.values, codes))
        for label, rows in zip(labels, np.split(order, np.flatnonzero(np.diff(codes[order])) + 1), strict=True):
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


def read_time_table(
    X: Any, time: str | None = None, series: str | None = None, time_format: str | None = None
) -> TimeTable:
    """Read a pandas or Polars DataFrame.

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
    if not isinstance(X, pd.DataFrame):
        of_time = None if time is None or time not in X.columns else read_times(X[time], time_format)
        X = pd.DataFrame({name: np.asarray(X[name]) for name in X.columns})
    else:
        of_time = None
    if not X.columns.is_unique:
        raise ValueError(f"X has several columns named {X.columns[X.columns.duplicated()][0]!r}.")
    levels = {name: X.index.get_level_values(number) for number, name in enumerate(X.index.names)}
    for name in (time, series):
        if name is not None and name not in X.columns and name not in levels:
            raise ValueError(f"X has no column {name!r}.")
    labels = [] if series is None else [X[series] if series in X.columns else levels[series]]
    if of_time is None and time is not None:
        of_time = read_times(X[time] if time in X.columns else levels[time], time_format)
    elif of_time is None and isinstance(X.index, pd.MultiIndex):
        number, of_time = _time_level(X.index, time_format)
        labels = labels or [X.index.get_level_values(i) for i in range(X.index.nlevels) if i != number]
    elif of_time is None:
        of_time = index_times(X.index, time_format)
    return TimeTable(X, of_time, _labels(labels))


def _time_level(index, time_format):
    times = {i: index_times(index.levels[i], time_format) for i in range(index.nlevels)}
    found = [i for i, of_level in times.items() if of_level is not None]
    if len(found) != 1:
        raise ValueError(
            f"The index has {len(found)} levels of times among {list(index.names)}: name the one that orders the rows "
            "in the 'time' parameter, and the one that says which series a row belongs to in 'series'."
        )
    return found[0], read_times(index.get_level_values(found[0]), time_format)


def _labels(columns):
    if not columns:
        return None
    missing = np.any([pd.isna(column) for column in columns], axis=0)
    if missing.any():
        raise ValueError(f"{missing.sum()} of {len(missing)} rows have no series label.")
    lists = [column.tolist() for column in columns]
    return lists[0] if len(lists) == 1 else list(zip(*lists, strict=True))


def _objects(labels):
    out = np.empty(len(labels), dtype=object)
    out[:] = labels
    return out
