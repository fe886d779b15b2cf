"""The report: its figures are summarised first, then drawn, then put on a page."""

from .report import Report, report

__all__ = ["Report", "report"]
