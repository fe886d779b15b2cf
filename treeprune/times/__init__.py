"""Time: any index or column as instants, spans between them, and the step at which a series' rows follow."""

from .instants import DATES, NUMBERS, ROW_NUMBERS, SPANS, ZONED, Times, as_zone, index_times, read_times
from .spans import Span, check_span, earlier, earliest_from, later, read_span
from .steps import Step, own_step
from .tables import RowsInTime, index_in_time, read_rows_in_time, series_numbers, warn_of_numbers_out_of_order

__all__ = [
    "DATES",
    "NUMBERS",
    "ROW_NUMBERS",
    "SPANS",
    "ZONED",
    "RowsInTime",
    "Span",
    "Step",
    "Times",
    "as_zone",
    "check_span",
    "earlier",
    "earliest_from",
    "index_in_time",
    "index_times",
    "later",
    "own_step",
    "read_rows_in_time",
    "read_span",
    "read_times",
    "series_numbers",
    "warn_of_numbers_out_of_order",
]
