"""IntervalFeatures: panels of series as a table of statistics of their intervals."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .window_statistics import STATISTICS


class IntervalFeatures(TransformerMixin, BaseEstimator):
    """Statistics of intervals of each channel of a panel ``(n_cases, n_channels, n_timepoints)``.

    Features are named ``channel__interval__statistic``, so that a `PruningSelector` selects channels
    (``feature_groups=by_channel``) or intervals (``feature_groups=by_lag``). Panels are no tables: scikit-learn's
    checks of 2-D input do not apply.

    Parameters
    ----------
    n_intervals : sequence of int, default=(1, 2, 4, 8)
        The series is cut into so many equal intervals, once for each number.
    statistics : sequence of str, default=("mean", "std", "min", "max", "change")
        As for `LagWindowFeatures`.

    Attributes
    ----------
    intervals_ : list of (start, end)
        First and one past the last time point of each interval.
    channels_ : int
        Number of channels.

    Examples
    --------
    >>> import numpy as np
    >>> from treeprune.feature_selection import IntervalFeatures
    >>> features = IntervalFeatures(n_intervals=[2], statistics=["mean"]).fit(np.zeros((5, 1, 10)))
    >>> list(features.get_feature_names_out())
    ['x0__0_5__mean', 'x0__5_10__mean']
    """

    def __init__(self, n_intervals=(1, 2, 4, 8), statistics=("mean", "std", "min", "max", "change")):
        self.n_intervals = n_intervals
        self.statistics = statistics

    def fit(self, X: ArrayLike, y: Any = None) -> "IntervalFeatures":
        """Lay out the intervals.

        Parameters
        ----------
        X : array-like of shape (n_cases, n_channels, n_timepoints)
        y : object
            Not used.
        """
        X = _panel(X)
        unknown = [name for name in self.statistics if name not in STATISTICS]
        if unknown:
            raise ValueError(
                f"The 'statistics' parameter of IntervalFeatures must be among {tuple(STATISTICS)}. Got {unknown}."
            )
        self.channels_, n = X.shape[1:]
        if not len(self.n_intervals) or min(self.n_intervals) < 1 or max(self.n_intervals) > n:
            raise ValueError(
                f"The 'n_intervals' parameter of IntervalFeatures must hold ints from 1 to the {n} time points. "
                f"Got {self.n_intervals!r}."
            )
        cuts = [np.linspace(0, n, number + 1).round().astype(int) for number in self.n_intervals]
        pairs = (pair for cut in cuts for pair in zip(cut[:-1].tolist(), cut[1:].tolist(), strict=True))
        self.intervals_ = list(dict.fromkeys(pairs))
        self.n_timepoints_ = n
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Statistics of the intervals, shape (n_cases, n_channels * n_intervals * n_statistics)."""
        check_is_fitted(self)
        X = _panel(X)
        if X.shape[1:] != (self.channels_, self.n_timepoints_):
            raise ValueError(
                f"X has cases of shape {X.shape[1:]}, but IntervalFeatures was fitted with "
                f"{(self.channels_, self.n_timepoints_)}."
            )
        columns = [
            STATISTICS[name](X[:, channel, first:last], axis=-1)
            for channel in range(self.channels_)
            for first, last in self.intervals_
            for name in self.statistics
        ]
        return np.stack(columns, axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the features: ``channel__start_end__statistic``."""
        check_is_fitted(self)
        names = [f"x{i}" for i in range(self.channels_)] if input_features is None else input_features
        parts = ((c, first, last, s) for c in names for first, last in self.intervals_ for s in self.statistics)
        return np.array([f"{c}__{first}_{last}__{s}" for c, first, last, s in parts], dtype=object)


def _panel(X):
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 3:
        raise ValueError(f"A panel has shape (n_cases, n_channels, n_timepoints). Got shape {X.shape}.")
    return X
