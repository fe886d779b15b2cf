"""Time: any index or column as instants, spans between them, and the step at which a series' rows follow."""

from .instants import DATES, NUMBERS, ROW_NUMBERS, SPANS, ZONED, Times, as_zone, index_times, read_times
from .spans import Span, check_span, earlier, later, read_span
from .steps import Step, own_step
from .tables import TimeTable, read_time_table

__all__ = [
    "DATES",
    "NUMBERS",
    "ROW_NUMBERS",
    "SPANS",
    "ZONED",
    "Span",
    "Step",
    "TimeTable",
    "Times",
    "as_zone",
    "check_span",
    "earlier",
    "index_times",
    "later",
    "own_step",
    "read_span",
    "read_time_table",
    "read_times",
]
