"""Splitters for rows in time."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _num_samples, column_or_1d


class PurgedTimeSeriesSplit:
    """Folds in time, with a gap between train and test rows that know of each other.

    Where a row's features or target reach over several rows (lags, windows, horizons), neighbours on both sides of
    a cut share information. Rows must be in time.

    Parameters
    ----------
    n_splits : int, default=5
        Number of splits.
    purge : int, default=0
        Rows left out right before the test rows: as many as a target, or a window, reaches over.
    embargo : int, default=0
        Rows left out right after the test rows. Matters only where later rows train (``past_only=False``).
    past_only : bool, default=True
        Whether all train rows are earlier than the test rows (walk forward: the first of ``n_splits + 1`` parts only
        trains, and each of the others is the test fold once). If not, rows on both sides of the test fold train
        (purged k-fold; López de Prado 2018, chapter 7).

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

    def __init__(self, n_splits: int = 5, purge: int = 0, embargo: int = 0, *, past_only: bool = True):
        for name, value, low in (
            ("n_splits", n_splits, 1 if past_only else 2),
            ("purge", purge, 0),
            ("embargo", embargo, 0),
        ):
            if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
                raise ValueError(
                    f"The {name!r} parameter of PurgedTimeSeriesSplit must be an int in the range [{low}, inf). "
                    f"Got {value!r} instead."
                )
        self.n_splits = n_splits
        self.purge = purge
        self.embargo = embargo
        self.past_only = past_only

    def __repr__(self):
        return (
            f"PurgedTimeSeriesSplit(n_splits={self.n_splits}, purge={self.purge}, embargo={self.embargo}, "
            f"past_only={self.past_only})"
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
        X : array-like of shape (n_rows, n_features)
            Rows in time.
        y : object
            Not used.
        groups : array-like of shape (n_rows,), optional
            The series that each row belongs to; each series is split at the same parts of its length.

        Yields
        ------
        train, test : ndarray of int
            Ascending.

        Raises
        ------
        ValueError
            A series is too short.
        """
        groups = np.zeros(_num_samples(X), int) if groups is None else column_or_1d(groups)
        series = [np.flatnonzero(groups == label) for label in np.unique(groups)]
        n_parts = self.n_splits + self.past_only
        shortest = min(map(len, series))
        if shortest < n_parts or (self.past_only and shortest // n_parts + shortest % n_parts <= self.purge):
            raise ValueError(
                f"A series of {shortest} rows is too short for n_splits={self.n_splits} and purge={self.purge}."
            )
        for number in range(self.n_splits):
            folds = [self._fold(len(rows), number) for rows in series]
            yield tuple(
                np.sort(np.concatenate([r[f] for r, f in zip(series, side, strict=True)]))
                for side in zip(*folds, strict=True)
            )

    def _fold(self, n_rows, number):
        """Train and test rows of one series in one split; what does not divide evenly comes first."""
        size = n_rows // (self.n_splits + self.past_only)
        first = n_rows - (self.n_splits - number) * size
        if number == 0 and not self.past_only:
            first, size = 0, n_rows - (self.n_splits - 1) * size
        row = np.arange(n_rows)
        train = row < first - self.purge
        if not self.past_only:
            train |= row >= first + size + self.embargo
        return row[train], row[first : first + size]
