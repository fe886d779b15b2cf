"""Splitters for rows in time."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _num_samples, column_or_1d

from .times import (
    ROW_NUMBERS,
    RowsInTime,
    Times,
    check_span,
    earlier,
    later,
    read_rows_in_time,
    read_span,
    series_numbers,
    warn_of_numbers_out_of_order,
)


class PurgedTimeSeriesSplit:
    """Folds in time, with a gap between train and test rows that know of each other.

    Where a row's features or target reach over several rows (lags, windows, horizons), neighbours on both sides of
    a cut share information. Rows are ordered by their times, wherever they stand in the table, and all series of a
    panel are cut at the same instants.

    Parameters
    ----------
    n_splits : int, default=5
        Number of splits.
    purge : int, str, timedelta or pandas offset, default=0
        What is left out right before the test rows, as much as a target, or a window, reaches over: rows of each
        series, a length of time ("2D"), or steps of a calendar ("2B").
    embargo : int, str, timedelta or pandas offset, default=0
        What is left out right after the test rows. Matters only where later rows train (``past_only=False``).
    past_only : bool, default=True
        Whether all train rows are earlier than the test rows (walk forward: the first of ``n_splits + 1`` parts only
        trains, and each of the others is the test fold once). If not, rows on both sides of the test fold train
        (purged k-fold; López de Prado 2018, chapter 7).
    time : str, optional
        Column, or level of the index, of the time; None: the index if it is one of times (dates with or without a
        zone, periods, time spans, ISO 8601 text), else rows are in time as they come.

    References
    ----------
    M. López de Prado (2018). Advances in Financial Machine Learning. Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> from treeprune.model_selection import PurgedTimeSeriesSplit
    >>> for train, test in PurgedTimeSeriesSplit(n_splits=2, purge=1).split(np.zeros((9, 1))):
    ...     print(train, test)
    [0 1] [3 4 5]
    [0 1 2 3 4] [6 7 8]
    """

    def __init__(
        self,
        n_splits: int = 5,
        purge: Any = 0,
        embargo: Any = 0,
        *,
        past_only: bool = True,
        time: str | None = None,
    ):
        low = 1 if past_only else 2
        if not isinstance(n_splits, Integral) or isinstance(n_splits, bool) or n_splits < low:
            raise ValueError(
                f"The 'n_splits' parameter of PurgedTimeSeriesSplit must be an int in the range [{low}, inf). "
                f"Got {n_splits!r} instead."
            )
        for name, value in (("purge", purge), ("embargo", embargo)):
            try:
                read_span(value)
            except ValueError:
                raise ValueError(
                    f"The {name!r} parameter of PurgedTimeSeriesSplit must be an int >= 0, a length of time or a "
                    f"pandas offset. Got {value!r} instead."
                ) from None
        self.n_splits: int = n_splits
        self.purge = purge
        self.embargo = embargo
        self.past_only = past_only
        self.time = time

    def __repr__(self):
        time = "" if self.time is None else f", time={self.time!r}"
        return (
            f"PurgedTimeSeriesSplit(n_splits={self.n_splits}, purge={self.purge!r}, embargo={self.embargo!r}, "
            f"past_only={self.past_only}{time})"
        )

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of splits."""
        return self.n_splits

    def split(
        self, X: Any, y: Any = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Row numbers of the train and the test rows of each split.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Rows, in time if they have no times.
        y : object
            Not used.
        groups : array-like of shape (n_rows,), optional
            The series that each row belongs to; None: the other levels of a MultiIndex with times, else there is one
            series. The test parts have equally many distinct times, or, where later rows train and the times do not
            divide evenly, the first ones have one more. Without times, the first rows of all series are simultaneous,
            and so on.

        Returns
        -------
        iterator of (train, test), ndarrays of int
            Ascending. No train row is at the time of a test row.

        Raises
        ------
        ValueError
            There are too few times for the splits, purge and embargo; a row has no time or no series; or it cannot be
            known which rows of two series come first.

        Warns
        -----
        UserWarning
            Rows have no times, and the numbers in their index are not in order.
        """
        rows = self._rows(X, groups)
        for name in ("purge", "embargo"):
            check_span(read_span(getattr(self, name)), rows.times.kind, name)
        return iter(self._folds(rows))

    def _rows(self, X, groups):
        """When each row is, and of which series."""
        n, times, labels = _num_samples(X), None, None
        if isinstance(X, pd.Series):
            X = X.to_frame()
        if hasattr(X, "columns"):
            in_time = read_rows_in_time(X, self.time)
            times, labels = in_time.times, in_time.labels
        elif self.time is not None:
            raise ValueError(f"The 'time' parameter needs X to be a DataFrame. Got time={self.time!r}.")
        if groups is not None:
            labels = column_or_1d(groups)
            if len(labels) != n:
                raise ValueError(f"'groups' must have a label for each of {n} rows. Got {len(labels)}.")
        series, _ = series_numbers(labels, n)
        warn_of_numbers_out_of_order(X, RowsInTime(n, times, None if labels is None else list(labels)))
        return _Timeline(_places_as_times(series) if times is None else times, series)

    def _folds(self, rows):
        """All folds, so that one that cannot be is known before the first is used."""
        n = len(rows.instants)
        n_parts = self.n_splits + self.past_only
        wanted = f"n_splits={self.n_splits} and purge={self.purge!r}"
        if not self.past_only:
            wanted += f" and embargo={self.embargo!r}"
        what = f"A series of {n} rows" if n == len(rows.when) else f"A panel of {n} distinct times"
        if n < n_parts:
            raise ValueError(f"{what} is too short for {wanted}.")
        if self.past_only:
            cuts = n - n // n_parts * np.arange(self.n_splits, -1, -1)  # what does not divide evenly only trains
        else:
            cuts = np.cumsum([0, *map(len, np.array_split(rows.instants, n_parts))])
        folds = []
        for number, (first, end) in enumerate(pairwise(cuts)):
            train = rows.before(first, read_span(self.purge))
            if not self.past_only:
                train |= rows.after(end, read_span(self.embargo))
            if not train.any():
                raise ValueError(f"{what} is too short for {wanted}: no row is left to train on in split {number}.")
            folds.append((np.flatnonzero(train), np.flatnonzero((rows.when >= first) & (rows.when < end))))
        return folds


class _Timeline:
    """Rows in time: `instants` are all distinct times in order, `when` is the position of each row's time in them."""

    def __init__(self, times: Times, series: NDArray[np.intp]):
        self.times, self.series = times, series
        self.instants, self.when = np.unique(times.values, return_inverse=True)
        # Of each row: how many earlier instants its series has.
        pairs, row = np.unique(series * len(self.instants) + self.when, return_inverse=True)
        own = pairs // len(self.instants)
        self.place = (np.arange(len(pairs)) - np.searchsorted(own, own))[row]

    def before(self, cut, span):
        """Rows before an instant, less the last ones, within a span of it."""
        early = self.when < cut
        if isinstance(span, int):
            return early & (self.place < self._n_before(cut) - span)
        return early & (self.times.values < earlier(self._times(cut), span)[0])

    def after(self, cut, span):
        """Rows from an instant on, less the first ones, within a span of the instant before it."""
        late = self.when >= cut
        if isinstance(span, int):
            return late & (self.place >= self._n_before(cut) + span)
        return late & (self.times.values > later(self._times(cut - 1), span)[0])

    def _n_before(self, cut):
        """For each row, at how many instants before one its series has rows."""
        number = np.zeros(self.series.max() + 1, int)
        early = self.when < cut
        np.maximum.at(number, self.series[early], self.place[early] + 1)
        return number[self.series]

    def _times(self, number):
        return replace(self.times, values=self.instants[number : number + 1])


def _places_as_times(series):
    """Rows without times: the first rows of all series are simultaneous, the second ones, and so on."""
    place = pd.Series(series).groupby(series).cumcount().to_numpy()
    lengths = np.bincount(series)
    if len(set(lengths)) > 1 and (np.diff(place) < 0).any():
        raise ValueError(
            f"The series have from {lengths.min()} to {lengths.max()} rows and no times, so that it is not known which "
            "rows come first: give X an index of dates, or name its column in the 'time' parameter."
        )
    return Times(place, ROW_NUMBERS)
