"""Any index or column of times as numbers that order rows: UTC nanoseconds where they are dates."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.offsets import BaseOffset

DATES, ZONED, SPANS = "dates without a zone", "dates with a zone", "time spans"
NUMBERS, ROW_NUMBERS = "numbers", "row numbers"

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
#: Text that means a time to a reader, in whatever order.
_LOOKS_LIKE_A_TIME = re.compile(
    rf"""\s*(?:
    \d{{1,4}}[-./]\d{{1,2}}[-./]\d{{1,4}}(?!\d)  # day, month and year
    | \d{{1,4}}[-\s.,]+{_MONTH}\b | {_MONTH}[-\s.,]+\d{{1,4}}\b
    | (?:0?[1-9]|1[0-2])[-./](?:19|20)\d\d\s*$  # month and year
    | (?:19|20)\d\d(?:[-./](?:0?[1-9]|1[0-2]))?\s*$  # year, with a month or without
    | (?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)  # year, month and day
    | (?:19|20)\d\d[-\s]?[qw]\d\d?\b  # quarters and weeks
    | (?:[01]\d|2[0-3]):[0-5]\d(?!\d)  # clock
    )""",
    re.I | re.X,
)
#: ISO 8601 as far as pandas reads it, the year first; whether it is a date is left to pandas.
_ISO = re.compile(r"\d{4}[-/.\d]*(?:[T ][\d:.,]+\s?(?:Z|[+-]\d\d(?::?\d\d)?)?)?")
_OFFSET = r"(Z|UTC|[+-]\d\d(?::?\d\d)?)$"


@dataclass(frozen=True, eq=False)
class Times:
    """Times of rows.

    Attributes
    ----------
    values : ndarray of int64 or float64, shape (n_rows,)
        What orders the rows. Dates: nanoseconds since 1970 in UTC (dates without a zone are taken as they stand).
        Spans: nanoseconds. Numbers: as given.
    kind : str
        "dates without a zone", "dates with a zone", "time spans" or "numbers".
    zone : tzinfo or None
        The zone of dates that have one; None as well where text or objects have several offsets.
    freq : pandas offset or None
        The step of periods.
    """

    values: NDArray[np.int64] | NDArray[np.float64]
    kind: str
    zone: tzinfo | None = None
    freq: BaseOffset | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Any) -> "Times":
        return replace(self, values=self.values[rows])

    def then(self, other: "Times") -> "Times":
        """These times and others of the same kind after them."""
        return replace(self, values=np.concatenate([self.values, other.values]))

    def in_zone(self, zone: tzinfo | None) -> "Times":
        """The same instants where another zone's clocks and calendars are; dates without a zone stay as they are."""
        return replace(self, zone=zone) if self.kind == ZONED else self

    @property
    def are_dates(self) -> bool:
        """Whether there is a calendar to these times."""
        return self.kind in (DATES, ZONED)

    def wall(self) -> pd.DatetimeIndex:
        """What clocks and calendars show at each time, where the zone is (UTC if it is not known)."""
        index = pd.DatetimeIndex(self.values.view("M8[ns]"))
        return index if self.zone is None else index.tz_localize("UTC").tz_convert(self.zone).tz_localize(None)

    def show(self, value: int | float) -> str:
        """One of the values as text: ISO 8601 for dates, in their zone."""
        if self.kind == NUMBERS:
            return str(value)
        if self.kind == SPANS:
            return str(pd.Timedelta(value, "ns"))
        time = pd.Timestamp(value, tz="UTC").tz_convert(self.zone)
        return (time if self.kind == ZONED else time.tz_localize(None)).isoformat()


def read_times(column: Any, time_format: str | None = None) -> Times:
    """Times of any kind of column.

    Dates with and without a zone, periods (they stand at their start), time spans, date and datetime objects of
    Python, NumPy, Polars and Arrow, ISO 8601 text, other text in a given format, and numbers.

    Parameters
    ----------
    column : array-like, Series or Index of shape (n_rows,)
        The times, of one kind.
    time_format : str, optional
        Format of text, as of `datetime.strptime`; None: ISO 8601, year first.

    Raises
    ------
    ValueError
        A time is missing, text is not in the format, or the values are of another kind or of mixed kinds.
    """
    index = _as_index(column)
    if len(index) and index.isna().any():
        raise ValueError(f"{index.isna().sum()} of {len(index)} rows have no time.")
    if isinstance(index, pd.DatetimeIndex):
        return _of_dates(index)
    if isinstance(index, pd.PeriodIndex):
        return replace(_of_dates(index.to_timestamp(how="start")), freq=index.freq)
    if isinstance(index, pd.TimedeltaIndex):
        return Times(index.as_unit("ns").asi8, SPANS)
    if pd.api.types.is_numeric_dtype(index.dtype) and index.dtype.kind in "iuf":
        return _of_numbers(index)
    kind = index.inferred_type
    if kind == "string":
        return _of_text(index, time_format)
    if kind in ("date", "datetime"):
        return _of_objects(index)
    raise ValueError(
        f"Times must be dates, periods, time spans, ISO 8601 text or numbers. Got values of the kind {kind!r}, such as "
        f"{', '.join(map(repr, index[:2].tolist()))}."
    )


def index_times(index: pd.Index, time_format: str | None = None) -> Times | None:
    """Times of an index, if it is one of times.

    Parameters
    ----------
    index : Index
        Of any kind but a MultiIndex.
    time_format : str, optional
        Format of text. Where it is given, text is taken for times.

    Returns
    -------
    Times or None
        None for row numbers, other numbers and names of rows.

    Raises
    ------
    ValueError
        As for `read_times`, and text that looks like times but is not ISO 8601.
    """
    values = _as_index(index)
    kind = values.inferred_type
    if kind == "interval" and isinstance(values.left, pd.DatetimeIndex | pd.TimedeltaIndex):
        raise ValueError("An index of intervals of time says of no row when it is. Use the left or the right ends.")
    if kind == "string":
        like_times = [bool(_LOOKS_LIKE_A_TIME.match(str(value))) for value in values.dropna()]
        of_time = time_format is not None or 2 * sum(like_times) > len(like_times)
        return read_times(values, time_format) if of_time else None
    of_time = kind in ("datetime64", "datetime", "date", "period", "timedelta64", "timedelta", "time")
    return read_times(values, time_format) if of_time else None


def _as_index(column):
    """A pandas index of the values, with their zone; objects and Arrow's types become pandas' own where they can."""
    zone = getattr(getattr(column, "dtype", None), "time_zone", None)  # a Polars column: NumPy gives it in UTC
    if not isinstance(column, pd.Series | pd.Index | np.ndarray | list):
        column = np.asarray(column)
    index = pd.Index(column)
    if zone is not None:
        return pd.DatetimeIndex(index).tz_localize("UTC").tz_convert(zone)
    if isinstance(index, pd.CategoricalIndex):
        index = index.astype(index.categories.dtype)
    kind, is_array = index.inferred_type, isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex | pd.PeriodIndex)
    if is_array:
        return index
    if kind == "datetime64":
        return pd.DatetimeIndex(index)
    if kind in ("timedelta64", "timedelta"):
        return pd.TimedeltaIndex(index)
    return pd.PeriodIndex(index) if kind == "period" else index


def _of_dates(index):
    if index.tz is None:
        return Times(index.as_unit("ns").asi8, DATES)
    return Times(index.tz_convert("UTC").as_unit("ns").asi8, ZONED, index.tz)


def _of_numbers(index):
    values = index.to_numpy(np.int64 if index.dtype.kind in "iu" else np.float64)
    if not np.isfinite(values).all():
        raise ValueError("Times must be finite.")
    return Times(values, NUMBERS)


def _of_objects(index):
    return _instants(index, None, [getattr(value, "tzinfo", None) for value in index])


def _of_text(index, time_format):
    text = pd.Series(index.astype(object)).astype(str).str.strip()
    if time_format is None:
        other = text[~text.str.fullmatch(_ISO)]
        if len(other):
            raise ValueError(
                f"Dates as text must be ISO 8601, the year first. Got {other.iloc[0]!r}, which can be read "
                "otherwise: say how by the 'time_format' parameter (such as '%d.%m.%Y'), or make dates of it by "
                "pandas.to_datetime(..., format=...) or periods by pandas.PeriodIndex."
            )
        offsets = text.where(text.str.contains("[:T]"), "").str.extract(_OFFSET, expand=False)
    elif re.search("%[zZ]", time_format):
        offsets = text.str.extract(_OFFSET, expand=False).fillna("elsewhere in the text")
    else:
        offsets = pd.Series([None], dtype=object)
    zones = [None if pd.isna(offset) else _zone_of_offset(offset) for offset in offsets.unique()]
    return _instants(text, time_format or "ISO8601", zones)


def _zone_of_offset(offset):
    """A zone, or the text itself where it is no number of hours."""
    if offset in ("Z", "UTC"):
        return UTC
    if offset[0] not in "+-":
        return offset
    hours, minutes = int(offset[1:3]), int(offset[3:].strip(":") or 0)
    return timezone((1 if offset[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def _instants(values, time_format, zones):
    """Instants of objects or text; `zones` holds None where one of them has no zone."""
    zones = set(zones)
    if None in zones and len(zones) > 1:
        raise ValueError("Some times have a zone and others have none, so that their order is not known.")
    index = pd.DatetimeIndex(pd.to_datetime(values, format=time_format, utc=True))
    if zones == {None}:
        return _of_dates(index.tz_localize(None))
    (zone,) = zones if len(zones) == 1 else (None,)
    return replace(_of_dates(index), zone=zone if isinstance(zone, tzinfo) else None)


def as_zone(zone: str | tzinfo) -> tzinfo:
    """A time zone, from its name.

    Raises
    ------
    ValueError
        There is no zone of this name.
    """
    try:
        return pd.Timestamp(datetime(2000, 1, 1), tz=zone).tz
    except Exception as error:  # pandas and the zone libraries each have errors of their own
        raise ValueError(f"There is no time zone {zone!r}.") from error
