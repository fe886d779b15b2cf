"""A report's figures as a model card of skops."""

from typing import TYPE_CHECKING, Any

from ..extras import import_extra
from .summary import show_score

if TYPE_CHECKING:
    from skops.card import Card


def model_card(summary: dict[str, Any], model: Any) -> "Card":
    """A card with what was pruned, the scores, the rules or features, the limits and the settings.

    Raises
    ------
    MissingExtraError
        skops is not installed.
    """
    card = import_extra("skops.card", "skops").Card(model, template=None, model_diagram=False)
    card.add(**{_name(summary["title"]): summary["sentence"] + "."})
    _add_scores(card, summary)
    if summary["kind"] == "tree":
        card.add(Rules="\n".join(f"{i}. `{rule}`" for i, rule in enumerate(summary["rules"], 1)))
    if summary["kind"] == "layers":
        _add_table(card, "Layers", summary["layers"], ("name", "units_before", "units", "weights_before", "weights"))
    if summary["kind"] in ("ensemble", "layers"):
        _add_table(card, "Size", summary["together"], ("name", "before", "after"))
    if summary["columns"] is not None:
        _add_columns(card, summary["columns"])
    if summary["kind"] == "selection":
        judged = summary["measure"]["name"]
        _add_table(card, "Features", summary["ranking"], ("name", "kept", judged, "dropped_in", "p_value"))
    else:
        columns = ("name", "kept", "importance", "splits", "weights", "folds")
        _add_table(card, "Features", summary["feature_table"], columns)
    card.add(Limits="\n".join(f"- {text}" for text in summary["limitations"]))
    for group in summary["settings"]:
        rows = [{"name": name, "value": value} for name, value in group["pairs"]]
        _add_table(card, f"Settings/{group['title']}", rows, ("name", "value"))
    card.add(Versions=", ".join(f"{name} {number}" for name, number in summary["versions"].items()))
    return card


def _add_scores(card, summary):
    cv = summary.get("cv")
    if cv is not None:
        after = show_score(cv["after"], cv["is_share"])
        error = show_score(cv["standard_error"], cv["is_share"])
        card.add(**{"Scores/Cross-validation": f"{cv['name']} {after}, standard error {error}; it chose the size."})
    if summary.get("measures"):
        name = f"Scores/{summary['on_rows']['n_rows']} rows given to the report"
        _add_table(card, name, summary["measures"]["table"], ("name", "before", "after", "interval"))
    if summary.get("by_class"):
        _add_table(card, "Scores/By class", summary["by_class"], ("name", "n_rows", "recall", "precision"))
    if summary.get("by_group"):
        group = summary["by_group"]
        _add_table(card, f"Scores/By {_name(group['column'])}", group["table"], ("name", "n_rows", "before", "after"))


def _add_columns(card, columns):
    rows = [
        {"name": "columns that go in", "before": columns["n_before"], "after": columns["n_needed"]},
        {"name": "bytes, pickled", "before": columns["bytes_before"], "after": columns["bytes"]},
    ]
    _add_table(card, "Columns and bytes", rows, ("name", "before", "after"))


def _add_table(card, name, rows, columns):
    """A table of those columns that hold anything."""
    columns = [column for column in columns if any(row.get(column) is not None for row in rows)]
    if rows:
        table = {column.replace("_", " "): [_text(row.get(column)) for row in rows] for column in columns}
        card.add_table(**{name: table})
        card.select(name).title = name.rpartition("/")[2]


def _name(words):
    """Words as the name of a section, in which a slash would begin one within it."""
    return words.replace("/", "∕")


def _text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " to ".join(_text(bound) for bound in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")
