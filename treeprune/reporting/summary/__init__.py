"""What a report says, as plain figures: made first, drawn afterwards. One file for each section of the page."""

from datetime import UTC, datetime
from typing import Any

from .anomaly import summarise_anomaly
from .columns import summarise_columns
from .ensemble import summarise_ensemble
from .layers import summarise_layers
from .layers_subject import LayersSubject
from .numbers import show_change_of, show_score, show_with_error, with_minus
from .parameter_search import best_of_parameter_search, summarise_parameter_search
from .selection import summarise_selection
from .settings import settings, versions
from .subject import Subject
from .tree import MOST_RULES, summarise_tree
from .verdict import other_losses
from .words import glossary, limitations

__all__ = [
    "MOST_RULES",
    "LayersSubject",
    "Subject",
    "best_of_parameter_search",
    "show_change_of",
    "show_score",
    "show_with_error",
    "summarise",
    "with_minus",
]


def summarise(subject: Subject, title: str | None = None) -> dict[str, Any]:
    """The figures of a report, as lists, numbers and text; see `treeprune.report`."""
    name = type(subject.selector if subject.selector is not None else subject.model).__name__
    summary = {"title": title or f"Pruning report: {name}", "model": name, "features": subject.names}
    summary |= {"created": f"{datetime.now(UTC):%Y-%m-%d}", "versions": versions(subject)}
    summary["message"] = None if subject.compression is None else subject.compression.message
    summary |= _of_kind(subject)
    summary |= summarise_columns(subject) | summarise_parameter_search(subject)
    summary["warnings"] = other_losses(summary["verdicts"])
    summary["settings"] = settings(subject)
    summary["limitations"] = limitations(summary)
    summary["glossary"] = glossary(summary)
    return summary


def _of_kind(subject):
    if subject.selector is not None:
        return summarise_selection(subject)
    if isinstance(subject, LayersSubject):
        return summarise_layers(subject)
    if subject.forest.task == "path_length":
        return summarise_ensemble(subject) | summarise_anomaly(subject)
    if subject.is_single_tree:
        return summarise_tree(subject)
    return summarise_ensemble(subject)
