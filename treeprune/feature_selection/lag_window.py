"""LagWindowFeatures: features of a row from the rows before it."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ..times import ROW_NUMBERS, Times, own_step, read_rows_in_time, warn_of_numbers_out_of_order
from .lag_parameters import check_times, is_number, read_freq, read_reach, span_name, zone_of
from .numeric_columns import check_names, numbers_of
from .series_rows import History, SeriesWithPast
from .window_statistics import window_features

_MONDAY = np.datetime64("1970-01-05", "ns")
_MOST_NAMED = 5
_NO_CHANNELS = (
    "Name a column of times in 'time' and one that tells series apart in 'series', or leave such columns out of "
    "'channels'."
)


class LagWindowFeatures(TransformerMixin, BaseEstimator):
    """Lags, window statistics, calendar and seasonal terms of rows in time. Never a value from the future.

    Features are named ``channel__lag_K__statistic``, which `by_channel` and `by_lag` turn into groups.

    Parameters
    ----------
    lags : sequence of int, str, timedelta or pandas offset, default=(1,)
        Values so far back: numbers of rows (0 is the row's own), lengths of time ("6h", "1D", which is 24 hours), or
        steps of a calendar ("1B", the business day before, or any pandas offset, in local time).
    windows : sequence of int, str, timedelta or pandas offset, default=()
        Lengths of windows, likewise. A window in time holds the rows of the half-open interval (end - length, end].
    statistics : sequence of str, default=("mean", "std")
        Of each window: "mean", "std", "min", "max", "median", "change" (last less first).
    window_lag : int, str, timedelta or pandas offset, default=1
        How far back the last row of a window is; 0: the row itself.
    calendar : sequence of str, default=()
        Of the local time: "hour", "day_of_week", "day", "day_of_year", "month", "quarter", "year".
    seasonal : sequence of str, timedelta or number, default=()
        Periods, each as a sine and a cosine of the local time: time spans ("1D"), or numbers if times are numbers.
    channels : sequence of str, optional
        Columns to make features of; None: all but `time` and `series`.
    time : str, optional
        Column, or level of the index, of the time; None: the index if it is one of times (dates with or without a
        zone, periods, time spans, ISO 8601 text), else rows are taken as they come.
    series : str, optional
        Column, or level of the index, that says which series a row belongs to; None: the other levels of a MultiIndex
        with times, else there is one series.
    time_format : str, optional
        Format of times that are text, such as "%d.%m.%Y %H:%M"; None: ISO 8601, year first.
    time_zone : str or tzinfo, optional
        The zone of calendars and clocks; None: that of the times in `fit`. Needed where times are text with several
        offsets, which name no zone.
    freq : str, timedelta or pandas offset, optional
        The step of all series, by which missing rows are known; None: each series' own, as it was in `fit`.
    tolerance : str or timedelta, default="0s"
        How much older the row of a lag in time may be, where no row is exactly so far back.

    Attributes
    ----------
    channels_ : list of str
        The channels.
    feature_parts_ : list of (channel, lag, statistic)
        What each feature is. Calendar and seasonal terms have the channel "time" and the lag 0.
    time_zone_ : tzinfo or None
        The zone of calendars and clocks.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str
        Names of the columns, where they were all strings.

    Notes
    -----
    Instants order the rows: across a change of the clocks, and whichever zone a table has, an hour is an hour. Local
    time only makes calendar and seasonal terms, and is what pandas offsets are counted in.

    A feature is NaN where it reaches back beyond the first row, where a lag in time meets no row, and where a value it
    needs is. A window in time also takes in the stretch before its first row, which at the start of a series is taken
    to be as long as the first step.

    `fit` keeps the last rows of each series. In `transform`, rows that follow them in time can reach back to them. If
    rows in between are missing, if rows come before those kept, or if a series is new, a warning says so, and features
    that reach back are missing (NaN). A warning is also given where rows inside a table are missing: lags and windows
    in rows count the rows of the table and so reach over the gap; those in time do not. Rows without time never reach
    back to those of `fit`. Rows come back in the order in which they are given.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from treeprune.feature_selection import LagWindowFeatures
    >>> frame = pd.DataFrame({"x": np.arange(6.0)}, index=pd.date_range("2024", periods=6, freq="h"))
    >>> features = LagWindowFeatures(lags=["1h"], windows=[2], statistics=["mean"], calendar=["hour"])
    >>> features.fit(frame[:4]).transform(frame[4:])
                         x__lag_1h__value  x__lag_1__mean_2  time__lag_0__hour
    2024-01-01 04:00:00               3.0               2.5                4.0
    2024-01-01 05:00:00               4.0               3.5                5.0
    """

    def __init__(
        self,
        lags=(1,),
        windows=(),
        statistics=("mean", "std"),
        *,
        window_lag=1,
        calendar=(),
        seasonal=(),
        channels=None,
        time=None,
        series=None,
        time_format=None,
        time_zone=None,
        freq=None,
        tolerance="0s",
    ):
        self.lags = lags
        self.windows = windows
        self.statistics = statistics
        self.window_lag = window_lag
        self.calendar = calendar
        self.seasonal = seasonal
        self.channels = channels
        self.time = time
        self.series = series
        self.time_format = time_format
        self.time_zone = time_zone
        self.freq = freq
        self.tolerance = tolerance

    def fit(self, X: Any, y: Any = None) -> "LagWindowFeatures":
        """Keep the last rows of each series.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            Rows in time, in any order if they have times.
        y : object
            Not used.

        Raises
        ------
        ValueError
            A parameter is out of range or does not fit the times, a column is missing or holds no numbers, a row has
            no time or no series, or a series has a time twice.
        """
        self._reach = read_reach(self)
        X = self._table(X, reset=True)
        special = (self.time, self.series)
        self.channels_ = list([n for n in X.columns if n not in special] if self.channels is None else self.channels)
        in_time, values = self._read(X)
        times = in_time.times
        check_times(self, self._reach, times)
        self.time_zone_ = zone_of(self, self._reach, times)
        self._kind = None if times is None else times.kind
        self.feature_parts_ = self._parts()
        self._history = {}
        for label, rows in in_time.series():
            if times is not None:
                own = times[rows].in_zone(self.time_zone_)
                step = own_step(own, read_freq(self.freq))
                self._history[label] = History.from_series(values[rows], own, step, self._reach)
        return self

    def transform(self, X: Any) -> NDArray[np.float64] | pd.DataFrame:
        """Features of rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            Rows seen in `fit`, or later ones.

        Returns
        -------
        ndarray of float64 or DataFrame, shape (n_rows, n_features_out)
            A DataFrame, with its index, of a pandas one.

        Warns
        -----
        UserWarning
            Rows are missing, or what they reach back to is; or rows without times seem to be out of order.
        """
        check_is_fitted(self)
        in_time, values = self._read(self._table(X, reset=False))
        times = in_time.times
        self._check_kind(times)
        of_time = [] if times is None else self._time_features(times.in_zone(self.time_zone_))
        of_rows = np.empty((len(values), len(self.feature_parts_) - len(of_time)))
        unknown: list[str] = []
        gaps: list[str] = []
        for label, rows in in_time.series():
            if times is None:
                known = SeriesWithPast(values[rows], Times(np.arange(len(rows)), ROW_NUMBERS))
            else:
                known = self._with_past(label, values[rows], times[rows].in_zone(self.time_zone_), unknown, gaps)
            of_rows[rows] = self._row_features(known)
        _warn("What reaches back is missing (NaN)", unknown)
        _warn("Rows are missing, and lags and windows in rows reach over them", gaps)
        out = np.column_stack([of_rows, *of_time])
        if isinstance(X, pd.DataFrame):
            return pd.DataFrame(out, index=X.index, columns=self.get_feature_names_out())
        return out

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the features: ``channel__lag_K__statistic``."""
        check_is_fitted(self)
        return np.array([f"{c}__lag_{lag}__{statistic}" for c, lag, statistic in self.feature_parts_], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _parts(self):
        parts = [(c, span_name(lag), "value") for c in self.channels_ for lag in self.lags]
        parts += [
            (c, span_name(self.window_lag), f"{name}_{span_name(window)}")
            for c in self.channels_
            for window in self.windows
            for name in self.statistics
        ]
        parts += [("time", 0, name) for name in self.calendar]
        return parts + [("time", 0, f"{wave}_{span_name(p)}") for p in self.seasonal for wave in ("sin", "cos")]

    def _with_past(self, label, values, times, unknown, gaps):
        """The rows of a series, with those kept in `fit` before them; adds what is missing to `unknown` and `gaps`."""
        if not self._reach:
            return SeriesWithPast(values, times)
        history = self._history.get(label)
        if history is None:
            unknown.append(f"series {label!r} was not seen in fit")
            return SeriesWithPast(values, times)
        of = "" if label is None else f"series {label!r}: "
        known, missing = history.then(values, times)
        if missing:
            unknown.append(of + missing)
        found = np.flatnonzero(history.step.gaps(times))
        if len(found):
            more = f" ({len(found)} gaps in all)" if len(found) > 1 else ""
            gaps.append(f"{of}{history.step.missing(times[found[0] : found[0] + 2])}{more}")
        return known

    def _row_features(self, known):
        """Lags and windows of the rows of one series, shape (n_rows, n_features)."""
        reach, channels = self._reach, known.values.T
        back = [known.rows_back(lag, reach.tolerance) for lag in reach.lags]
        made = [_taken(x, rows) for x in channels for rows in back]
        if reach.windows:
            ends = known.rows_back(reach.window_lag, reach.tolerance)
            starts = [known.window_starts(window) for window in reach.windows]
            for x in channels:
                for first in starts:
                    made += [_taken(of_window, ends) for of_window in window_features(x, first, self.statistics)]
        return np.reshape(made, (len(made), len(known.values) - known.n_past)).T

    def _time_features(self, times):
        if times.are_dates:
            wall = times.wall()
            columns = [getattr(wall, name).to_numpy(np.float64) for name in self.calendar]
            since = (wall - _MONDAY).as_unit("ns").asi8
        else:
            columns, since = [], times.values
        periods = [p if is_number(p) else pd.Timedelta(p).as_unit("ns").value for p in self.seasonal]
        return columns + [wave(2 * np.pi * (since / period)) for period in periods for wave in (np.sin, np.cos)]

    def _table(self, X, reset):
        """A DataFrame, after scikit-learn's checks."""
        if hasattr(X, "columns"):
            check_names(X)
            validate_data(self, X, skip_check_array=True, reset=reset)
            return X
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=reset)
        return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])

    def _read(self, X):
        in_time = read_rows_in_time(X, self.time, self.series, self.time_format)
        if self._reach:
            warn_of_numbers_out_of_order(X, in_time)
        values = numbers_of(X, self.channels_, _NO_CHANNELS)
        return in_time, check_array(values, ensure_all_finite="allow-nan", ensure_min_features=0)

    def _check_kind(self, times):
        if (times is None) != (self._kind is None):
            raise ValueError("Give rows with times in both fit and transform, or in neither.")
        if times is not None and times.kind != self._kind:
            raise ValueError(f"The times were {self._kind} in fit, and are {times.kind} now.")


def _taken(x, rows):
    """Values of rows; NaN where the row is -1."""
    return np.where(rows < 0, np.nan, x[rows])


def _warn(what, cases):
    if cases:
        more = f"; and {len(cases) - _MOST_NAMED} more series" if len(cases) > _MOST_NAMED else ""
        warnings.warn(f"{what}: {'; '.join(cases[:_MOST_NAMED])}{more}.", UserWarning, stacklevel=3)
