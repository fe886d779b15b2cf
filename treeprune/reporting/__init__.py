"""The report: what is to be said is summarised first, then drawn, and put on a page."""

from .report import Report, report

__all__ = ["Report", "report"]
