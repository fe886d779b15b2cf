"""LagWindowFeatures: what a row may know of the rows before it."""

import warnings
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

#: Statistics of windows (last axis), by name.
STATISTICS = {
    "mean": np.mean,
    "std": np.std,
    "min": np.min,
    "max": np.max,
    "median": np.median,
    "change": lambda x, axis: np.take(x, -1, axis) - np.take(x, 0, axis),
}
CALENDAR = ("hour", "day_of_week", "day", "day_of_year", "month", "quarter", "year")


def by_channel(name: str) -> str:
    """Channel of a feature, from its name: groups for `PruningSelector` that keep or drop whole channels.

    Takes names of LagWindowFeatures, IntervalFeatures and tsfresh: whatever stands before the first ``__``.

    Examples
    --------
    >>> from treeprune.feature_selection import by_channel
    >>> [by_channel(name) for name in ["load__lag_1__value", "load__lag_24__mean_7", "heat__lag_1__value"]]
    ['load', 'load', 'heat']
    """
    return name.partition("__")[0]


def by_lag(name: str) -> str:
    """Lag (or interval, or tsfresh's statistic) of a feature, from its name: groups for `PruningSelector`.

    Examples
    --------
    >>> from treeprune.feature_selection import by_lag
    >>> [by_lag(name) for name in ["load__lag_1__value", "load__lag_24__mean_7", "heat__lag_1__value"]]
    ['lag_1', 'lag_24', 'lag_1']
    """
    return name.split("__")[1]


class LagWindowFeatures(TransformerMixin, BaseEstimator):
    """Lags, window statistics, calendar and seasonal terms of rows in time. Never a value from the future.

    Features are named ``channel__lag_K__statistic``, which `by_channel` and `by_lag` turn into groups.

    Parameters
    ----------
    lags : sequence of int, default=(1,)
        Values so many rows back; 0 is the row's own.
    windows : sequence of int, default=()
        Lengths of windows, in rows.
    statistics : sequence of str, default=("mean", "std")
        Of each window: "mean", "std", "min", "max", "median", "change" (last less first).
    window_lag : int, default=1
        How many rows back windows end; 0: with the row itself.
    calendar : sequence of str, default=()
        Of the time: "hour", "day_of_week", "day", "day_of_year", "month", "quarter", "year".
    seasonal : sequence of str or number, default=()
        Periods, each as a sine and a cosine of the time: pandas time spans ("1D"), or numbers if times are numbers.
    channels : sequence of str, optional
        Columns to make features of; None: all but `time` and `series`.
    time : str, optional
        Column of the time; None: the DatetimeIndex if there is one, else rows are taken as they come.
    series : str, optional
        Column that says which series a row belongs to.

    Attributes
    ----------
    channels_ : list of str
        The channels.
    feature_parts_ : list of (channel, lag, statistic)
        What each feature is. Calendar and seasonal terms have the channel "time" and the lag 0.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str
        Names of the columns, where they were all strings.

    Notes
    -----
    The last rows of each series are kept at `fit`. In `transform`, rows that follow them in time go on from there;
    where rows in between are missing, or a series is new, a warning says so and what reaches back is missing (NaN).
    Rows without time always start anew. Rows come back in the order in which they are given.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from treeprune.feature_selection import LagWindowFeatures
    >>> frame = pd.DataFrame({"load": np.arange(6.0)}, index=pd.date_range("2024", periods=6, freq="h"))
    >>> features = LagWindowFeatures(lags=[1], windows=[2], statistics=["mean"], calendar=["hour"])
    >>> features.fit(frame[:4]).transform(frame[4:])
                         load__lag_1__value  load__lag_1__mean_2  time__lag_0__hour
    2024-01-01 04:00:00                 3.0                  2.5                4.0
    2024-01-01 05:00:00                 4.0                  3.5                5.0
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

    def fit(self, X: Any, y: Any = None) -> "LagWindowFeatures":
        """Keep the last rows of each series.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            Rows in time; sorted by time within a series if there is one.
        y : object
            Not used.

        Raises
        ------
        ValueError
            A parameter is out of range, a column is missing, or a series has a time twice.
        """
        self._check_parameters()
        values, times, labels = self._read(X, reset=True)
        self.feature_parts_ = self._parts()
        self._history = {}
        self._step = None
        for label, rows in _series(times, labels):
            tail = rows[len(rows) - min(self._lookback(), len(rows)) :]
            self._history[label] = values[tail], times[tail]
            if len(rows) > 1:
                step = np.median(np.diff(times[rows]).astype(np.float64))
                self._step = step if self._step is None else min(step, self._step)
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
            A DataFrame, with its index, of a pandas one. NaN where a feature reaches back beyond the first row.
        """
        check_is_fitted(self)
        values, times, labels = self._read(X, reset=False)
        out = np.full((len(values), len(self.feature_parts_)), np.nan)
        missing: list = []
        for label, rows in _series(times, labels):
            past = self._past(label, times[rows], missing)
            x = np.concatenate([past, values[rows]])
            out[rows] = self._reach_back(x, times[rows])[len(past) :]
        if missing:
            warnings.warn("What reaches back is missing (NaN): " + "; ".join(missing[:5]) + ".", stacklevel=2)
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
        parts = [(c, lag, "value") for c in self.channels_ for lag in self.lags]
        parts += [
            (c, self.window_lag, f"{name}_{window}")
            for c in self.channels_
            for window in self.windows
            for name in self.statistics
        ]
        parts += [("time", 0, name) for name in self.calendar]
        return parts + [("time", 0, f"{wave}_{period}") for period in self.seasonal for wave in ("sin", "cos")]

    def _lookback(self):
        return max([0, *self.lags, *(self.window_lag + window - 1 for window in self.windows)])

    def _reach_back(self, x, times):
        """All features of one series; x has the rows of the past before those of `times`."""
        n, columns = len(x), []
        for c in range(x.shape[1]):
            columns += [_shifted(x[:, c], lag) for lag in self.lags]
        for c in range(x.shape[1]):
            for window in self.windows:
                views = sliding_window_view(x[:, c], window) if n >= window else np.empty((0, window))
                for name in self.statistics:
                    column = np.full(n, np.nan)
                    column[n - len(views) :] = STATISTICS[name](views, axis=-1)
                    columns.append(_shifted(column, self.window_lag))
        of_time = np.full((n, len(self.feature_parts_) - len(columns)), np.nan)
        of_time[n - len(times) :] = np.array(self._of_time(times)).reshape(-1, len(times)).T
        return np.c_[np.array(columns).reshape(-1, n).T, of_time]

    def _of_time(self, times):
        if times.dtype.kind == "M":
            index = pd.DatetimeIndex(times)
            columns = [getattr(index, name).to_numpy(np.float64) for name in self.calendar]
            since = times - np.datetime64("1970-01-05")  # a Monday
            phases = [since / pd.Timedelta(period).to_timedelta64() for period in self.seasonal]
        else:
            columns, phases = [], [times / period for period in self.seasonal]
        return columns + [wave(2 * np.pi * phase) for phase in phases for wave in (np.sin, np.cos)]

    def _past(self, label, times, missing):
        """Rows kept at fit that come before, if they lead up to the first of `times`."""
        none = np.empty((0, len(self.channels_)))
        if not self._timed or not self._lookback():
            return none
        if label not in self._history:
            missing.append(f"series {label!r} was not seen in fit")
            return none
        values, then = self._history[label]
        values, then = values[then < times[0]], then[then < times[0]]
        gap = float(times[0] - then[-1]) / self._step if len(then) and self._step else 1.0
        if gap > 1.5:
            of = f"of series {label!r} " if self.series is not None else ""
            missing.append(f"{round(gap) - 1} rows {of}between {then[-1]} and {times[0]} were not given")
            return none
        return values

    def _read(self, X, reset):
        """Channels as float64, times and series labels of each row, from any kind of table."""
        if not hasattr(X, "columns"):
            X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=reset)
            X = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
        else:
            validate_data(self, X, skip_check_array=True, reset=reset)
            if not isinstance(X, pd.DataFrame):
                X = pd.DataFrame({name: np.asarray(X[name]) for name in X.columns})
        special = [name for name in (self.time, self.series) if name is not None]
        if reset:
            self.channels_ = (
                [c for c in X.columns if c not in special] if self.channels is None else list(self.channels)
            )
        unknown = [name for name in (*special, *self.channels_) if name not in X.columns]
        if unknown:
            raise ValueError(f"X has no column {', '.join(map(repr, unknown))}.")
        values = check_array(
            X[self.channels_].to_numpy(), dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_features=0
        )
        labels = np.zeros(len(X), int) if self.series is None else X[self.series].to_numpy()
        times = self._times(X, reset)
        return values, times, labels

    def _times(self, X, reset):
        if self.time is not None:
            times = X[self.time]
        elif isinstance(X.index, pd.DatetimeIndex):
            times = X.index
        else:
            times = None
        if reset:
            self._timed = times is not None
        elif self._timed != (times is not None):
            raise ValueError("Give rows with a time index in both fit and transform, or in neither.")
        if times is None:
            if self.calendar or self.seasonal:
                raise ValueError("The 'calendar' and 'seasonal' parameters need times: a DatetimeIndex, or 'time'.")
            return np.arange(len(X))
        if not pd.api.types.is_numeric_dtype(times):
            times = pd.DatetimeIndex(pd.to_datetime(times)).tz_localize(None).as_unit("ns")
        elif self.calendar:
            raise ValueError("The 'calendar' parameter needs dates, and times are numbers.")
        if pd.isna(times).any():
            raise ValueError("Some rows have no time.")
        return np.asarray(times)

    def _check_parameters(self):
        for name, low in (("lags", 0), ("windows", 1), ("window_lag", 0)):
            value = getattr(self, name)
            for number in [value] if name == "window_lag" else value:
                if not isinstance(number, Integral) or number < low:
                    raise ValueError(
                        f"The {name!r} parameter of LagWindowFeatures must hold ints >= {low}. Got {value!r}."
                    )
        for name, known in (("statistics", tuple(STATISTICS)), ("calendar", CALENDAR)):
            unknown = [value for value in getattr(self, name) if value not in known]
            if unknown:
                raise ValueError(f"The {name!r} parameter of LagWindowFeatures must be among {known}. Got {unknown}.")
        if not (len(self.lags) or len(self.windows) or len(self.calendar) or len(self.seasonal)):
            raise ValueError("LagWindowFeatures has nothing to make: give lags, windows, calendar or seasonal terms.")


def _series(times: NDArray, labels: NDArray) -> list[tuple[Any, NDArray[np.intp]]]:
    """Label and row numbers, in time, of each series."""
    found = []
    for label in pd.unique(labels):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(times[rows], kind="stable")]
        same = times[rows][1:] == times[rows][:-1]
        if same.any():
            raise ValueError(
                f"Two rows have the time {times[rows][1:][same][0]}; if they belong to different series, name the "
                "column that says which in the 'series' parameter."
            )
        found.append((label, rows))
    return found


def _shifted(x: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    return np.concatenate([np.full(min(by, len(x)), np.nan), x[: max(len(x) - by, 0)]])
