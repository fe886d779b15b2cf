"""Whether pruning helped: the best evidence that the report has, and what the first sentence says of it."""

from typing import Any

from .numbers import count, show_change_of, show_score, show_with_error

#: How the first sentence begins, by the outcome.
_OPENINGS = {
    "gain": "Pruning helped",
    "loss": "Pruning did harm",
    "lower": "{smaller}, with a lower score, which chance may explain",
    "unclear": "{smaller}, with no clear change in score",
}


def verdicts(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Scores before and after pruning, with their outcomes, the best evidence first.

    Held-out rows come first, then the folds that chose, then rows of which the report cannot know whether they grew the
    model. The outcome is "gain" or "loss" where the interval of the change does not reach zero, else "lower" or
    "unclear"; None where no interval is known.
    """
    found = []
    cv, measures = summary["cv"], summary["measures"]
    if measures is not None:
        row = measures["table"][0]
        n_rows = summary["on_rows"]["n_rows"]
        which = count(n_rows, "held-out row") if summary["held_out"] else f"{count(n_rows, 'row')} given"
        found.append(verdict_of(row, f"{row['name']} on {which}", summary["held_out"]))
    if cv is not None:
        of_cv = verdict_of(cv, f"{'out-of-bag' if cv['out_of_bag'] else 'CV'} {cv['name']}")
        found.insert(1 if summary["held_out"] else 0, of_cv)
    return [verdict for verdict in found if verdict["before"] is not None]


def verdict_of(row: dict[str, Any], name: str, certain: bool = True) -> dict[str, Any]:
    """A score before and after pruning, with its outcome; `certain`: of rows that did not grow the models."""
    before, after, interval = row["before"], row["after"], row.get("change")
    found = {"name": name, "is_share": row["is_share"], "before": before, "after": after, "change": interval}
    return found | {"outcome": _outcome(before, after, interval), "certain": certain}


def _outcome(before, after, interval):
    if interval is None or before is None or after is None:
        return None
    low, high = interval
    if low > 0 or high < 0:
        return "gain" if low > 0 else "loss"
    return "lower" if after < before else "unclear"


def first_sentence(summary: dict[str, Any], sizes: str, smaller: str = "Smaller") -> str:
    """Whether pruning helped, what it did to the sizes, and the scores that tell; without the full stop."""
    found = summary["verdicts"]
    if not found:
        return f"Whether pruning helped is not known: {sizes}{score_in_words(summary)}"
    best = found[0]
    opening = _OPENINGS.get(best["outcome"], smaller).format(smaller=smaller)
    if best["outcome"] == "loss" and not best["certain"]:
        opening += ", unless the rows given grew the model"
    return f"{opening}: {sizes}; {best['name']} {show_change_of(best)}"


def score_in_words(summary: dict[str, Any]) -> str:
    """The score of a model alone, to be added to a sentence; empty where there is none of rows that it has not seen."""
    cv, measures = summary["cv"], summary["measures"]
    if measures is not None and summary["held_out"]:
        row = measures["table"][0]
        on = count(summary["on_rows"]["n_rows"], "held-out row")
        return f"; {row['name']} on {on} {show_score(row['after'], row['is_share'])}"
    if cv is None:
        return ""
    by = "out-of-bag" if cv["out_of_bag"] else "CV"
    return f"; {by} {cv['name']} {show_with_error(cv['after'], cv['standard_error'], cv['is_share'])}"


def other_losses(verdicts: list[dict[str, Any]]) -> list[str]:
    """Losses that the first sentence does not mention."""
    found = []
    for verdict in verdicts[1:]:
        if verdict["outcome"] == "loss":
            name = verdict["name"][0].upper() + verdict["name"][1:]
            unless = "" if verdict["certain"] else "; if these rows grew the model, a fall is to be expected"
            found.append(f"{name} fell: {show_change_of(verdict)}{unless}")
    return found
