"""The known rows of one series: which row lies how far back, and which rows a window holds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..times import Span, Step, Times, earlier, earliest_from

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Reach:
    """How far features reach back.

    Attributes
    ----------
    lags, windows : list of spans
        Of `LagWindowFeatures`.
    window_lag : span
        How far back the last row of a window is.
    tolerance : Timedelta
        How much older the row of a lag in time may be.
    """

    lags: list[Span]
    windows: list[Span]
    window_lag: Span
    tolerance: pd.Timedelta

    def __bool__(self) -> bool:
        """Whether any feature needs more than the row itself."""
        return any(map(bool, self.lags)) or bool(
            self.windows and (self.window_lag or any(w != 1 for w in self.windows))
        )

    def first_needed(self, times: Times) -> int:
        """The first of these rows to which rows that come after all of them may reach back."""
        needed = [self._met(times, lag) for lag in self.lags]
        if self.windows:
            end = int(np.clip(self._met(times, self.window_lag), 0, len(times) - 1))
            for window in self.windows:
                if isinstance(window, int):
                    needed.append(end - window + 1)
                else:
                    needed.append(np.searchsorted(times.values, earliest_from(times[end : end + 1], window), "right"))
        return int(max(0, min(needed, default=len(times))))

    def _met(self, times, lag):
        if isinstance(lag, int):
            return len(times) - lag
        return np.searchsorted(times.values, earliest_from(times[-1:], lag) - self.tolerance.value, "left")


@dataclass(frozen=True, eq=False)
class SeriesWithPast:
    """Rows in order: some of the past, then those that features are made for.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows, n_channels)
        Channels.
    times : Times
        Their times.
    n_past : int
        Number of rows of the past.
    is_joined : bool
        Whether nothing is missing between the past and the other rows.
    before : int or None
        Time of the last row that was there before the first, and is not known; None: there was none.
    """

    values: NDArray[np.float64]
    times: Times
    n_past: int = 0
    is_joined: bool = True
    before: int | None = None

    @property
    def _break(self):
        return 0 if self.is_joined else self.n_past

    def rows_back(self, lag: Span, tolerance: pd.Timedelta) -> NDArray[np.intp]:
        """For each row after the past, the row that is a lag further back; -1: there is none."""
        if isinstance(lag, int):
            rows = np.arange(self.n_past, len(self.values)) - lag
            return np.where(rows < self._break, -1, rows)
        wanted = earlier(self.times[self.n_past :], lag)
        rows = np.searchsorted(self.times.values, wanted, "right") - 1
        too_old = self.times.values[rows] < wanted - tolerance.value
        return np.where((rows < 0) | too_old, -1, rows)

    def window_starts(self, window: Span) -> NDArray[np.intp]:
        """For each row, the first row of the window that ends with it; -1: the window begins before what is known."""
        row, cut = np.arange(len(self.values)), self._break
        if isinstance(window, int):
            first = row - window + 1
            return np.where(first < np.where(row < cut, 0, cut), -1, first)
        since = earlier(self.times, window)
        known = np.full(len(row), self._known_since(0, cut or len(row), self.before))
        if cut:
            known[cut:] = self._known_since(cut, len(row), None)
            known[cut:] = np.maximum(known[cut:], self.times.values[cut - 1])
            known[cut] = _NEVER
        if self.before is None:
            known[0] = _NEVER  # how long the first row lasts is known only from the second
        return np.where(since < known, -1, np.searchsorted(self.times.values, since, "right"))

    def _known_since(self, first, end, before):
        if before is not None:
            return before
        if end - first < 2:
            return _NEVER
        return 2 * self.times.values[first] - self.times.values[first + 1]


@dataclass(frozen=True, eq=False)
class History:
    """The last rows of a series in `fit`.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows, n_channels)
        Channels of the rows kept.
    times : Times
        Their times.
    first : int
        Time of the first of all rows.
    before : int or None
        Time of the last row not kept.
    step : Step
        The step of the series.
    """

    values: NDArray[np.float64]
    times: Times
    first: int
    before: int | None
    step: Step

    @classmethod
    def from_series(cls, values: NDArray[np.float64], times: Times, step: Step, reach: Reach) -> "History":
        """Keep what later rows may reach back to."""
        start = reach.first_needed(times)
        before = times.values[start - 1] if start else None
        return cls(values[start:].copy(), times[start:], times.values[0], before, step)

    def then(self, values: NDArray[np.float64], times: Times) -> tuple[SeriesWithPast, str]:
        """Rows that follow those kept, together with these, and a text that says what is missing (or is empty)."""
        n_past = np.searchsorted(self.times.values, times.values[0])
        if not n_past:
            missing = "" if times.values[0] == self.first else self._begins_early(times)
            return SeriesWithPast(values, times), missing
        past = self.times[:n_past]
        between = past[-1:].then(times[:1])
        gap = bool(self.step.gaps(between)[0])
        rows = SeriesWithPast(
            np.concatenate([self.values[:n_past], values]), past.then(times), n_past, not gap, self.before
        )
        if gap:
            return rows, f"{self.step.missing(between)} were not given"
        return rows, self._begins_early(times) if n_past < len(self.times) and self.before is not None else ""

    def _begins_early(self, times):
        first, kept = times.show(times.values[0]), self.times.show(self.times.values[0])
        return f"of the rows in fit only those from {kept} on were kept, too late for the rows from {first} on"
