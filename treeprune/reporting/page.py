"""The page: the figures of a report drawn by templates, in one file that loads nothing."""

import base64
import hashlib
import json
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from ..extras import import_extra
from .summary import MOST_RULES, show_change_of, show_score, show_with_error, with_minus

_TEMPLATES = Path(__file__).parent / "templates"
_STYLES = ("base.css", "tree.css", "charts.css", "print.css")
_SCRIPTS = ("state.js", "text.js", "layout.js", "tree.js", "keyboard.js", "rules.js", "selection.js", "main.js")
#: What the script reads of the figures.
_DRAWN = ("knob", "tree", "classes", "features", "chosen", "marks", "is_share", "score_name", "few_rows")
#: The sections of each kind of report, by their file, with their headings.
_SECTIONS = {
    "tree": {
        "rules": "Rules",
        "path": "All strengths",
        "branches": "What pruning took away",
        "columns": "Columns and bytes",
        "features": "Features",
        "scores": "Scores",
    },
    "ensemble": {
        "sizes": "Outlines of the trees",
        "anomaly": "Anomaly scores",
        "columns": "Columns and bytes",
        "features": "Features",
        "scores": "Scores",
    },
    "layers": {
        "layers": "Layers",
        "largest": "Largest weights",
        "columns": "Columns and bytes",
        "inputs": "Features",
        "scores": "Scores",
    },
    "selection": {"ranking": "Features", "stages": "From all features to those kept"},
}
_LAST_SECTIONS = {
    "tried": "Settings tried",
    "settings": "Data and settings",
    "limits": "Limits",
    "glossary": "Glossary",
}
#: Most rows of the static table of steps; the slider has more.
_MOST_STEPS = 60


def render(summary: dict[str, Any]) -> str:
    """The page of a report.

    Raises
    ------
    MissingExtraError
        Jinja2 is not installed.
    """
    template = _template()
    from markupsafe import Markup

    from . import drawing

    style = "".join((_TEMPLATES / "style" / name).read_text("utf-8") for name in _STYLES)
    script = "".join((_TEMPLATES / "script" / name).read_text("utf-8") for name in _SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    drawn = _drawn(summary) if summary["kind"] == "tree" else None
    return template.render(
        summary,
        style=Markup(style),
        script=Markup(script) if drawn else None,
        data=Markup(json.dumps(drawn, separators=(",", ":")).replace("<", "\\u003c")),
        style_hash=_hash(style),
        script_hash=_hash(script) if drawn else None,
        sections=_sections(summary),
        listed=_listed_steps(summary),
        most_rules=MOST_RULES,
        show=lambda score, is_share: no_break(show_score(score, is_share)),
        show_with_error=lambda score, error, is_share: no_break(show_with_error(score, error, is_share)),
        show_change_of=show_change_of,
        draw=drawing,
    )


@cache
def _template():
    jinja = import_extra("jinja2", "report")
    environment = jinja.Environment(
        loader=jinja.FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "number": number, "count": count}
    environment.filters |= {"no_break": no_break, "with_minus": with_minus}
    return environment.get_template("report.html")


def _sections(summary):
    """The sections that have something to say; isolation forests, which have no targets, have no scores."""
    left_out = {name for name in ("anomaly", "columns", "largest", "stages", "tried") if not summary.get(name)}
    left_out |= {"scores"} if "anomaly" in summary else set()
    sections = _SECTIONS[summary["kind"]] | _LAST_SECTIONS
    return {name: heading for name, heading in sections.items() if name not in left_out}


def _drawn(summary):
    """What the script reads, steps as columns and with the digits that it shows."""
    steps = summary["steps"]
    columns = {name: [_rounded(step[name]) for step in steps] for name in steps[0] if name != "relative_error"}
    return {name: summary[name] for name in _DRAWN} | {"steps": columns, "most_rules": MOST_RULES}


def _rounded(figure):
    return float(f"{figure:.6g}") if isinstance(figure, float) else figure


def no_break(words: str) -> str:
    """Words in which no line breaks within a figure, such as 67.2 % or 0.3 ± 0.1."""
    return re.sub(r"(?<=\d) (?=[%±])|(?<=±) (?=\d)|(?<=[−+\d]) (?=points)", "\xa0", words)


def percent(share: float | None, digits: int = 1) -> str:
    """A share in per cent; halves are rounded up, as the script does."""
    if share is None:
        return "unknown"
    return f"{math.floor(100 * share * 10**digits + 0.5) / 10**digits:.{digits}f}\xa0%"


def number(value: float | None) -> str:
    """A number with four digits that count, a whole one with all of its own."""
    if value is None:
        return "unknown"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return with_minus(f"{int(value):,}")
    text = f"{value:.4g}"
    return with_minus(f"{float(text):,.0f}" if 1000 <= abs(float(text)) < 1e15 else text)


def count(value: int | None) -> str:
    """A whole number with commas."""
    return "unknown" if value is None else f"{value:,}"


def _listed_steps(summary):
    """Places in the static table of steps: all, or evenly spread ones and those that are marked."""
    steps = range(len(summary.get("steps", ())))
    if len(steps) <= _MOST_STEPS:
        return list(steps)
    marked = {summary["chosen"], len(steps) - 1, *summary["marks"].values()}
    return sorted(marked | set(steps[:: -(-len(steps) // _MOST_STEPS)]))


def _hash(text):
    """What a content-security policy names an inline script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
