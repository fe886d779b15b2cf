"""Other sizes that were tried, by `compress` or in cross-validation, and how the one chosen did."""

from typing import Any

from sklearn.base import is_classifier

from .numbers import plain, records
from .scores import name_of_score
from .verdict import first_sentence


def frontier(subject: Any, compressed: str, pruned: str) -> dict[str, Any] | None:
    """Other sizes that were tried, by method, each with its loss or score; None where nothing was.

    Parameters
    ----------
    subject : Subject
    compressed, pruned : str
        What `compress` and cross-validation count: "nodes", "leaves" or "weights".
    """
    if subject.compression is not None:
        points = [
            {"method": row["method"], "size": int(row[f"n_{compressed}"]), "loss": row["loss"], "score": row["score"]}
            | {"parameters": row["parameters"], "rival": bool(row["rival"]), "chosen": bool(row["chosen"])}
            for row in subject.compression.frontier.to_dict("records")
        ]
        return {"size": compressed, "measure": "loss on held-out rows", "better": "low", "points": points}
    results = getattr(subject.pruner, "cv_results_", {})
    if "step" not in results and "param_amount" not in results:
        return None
    size, score, error = (results[name] for name in (f"n_{pruned}", "mean_test_score", "standard_error"))
    points = records({"size": plain(size), "score": plain(score), "error": plain(error)})
    for place, point in enumerate(points):
        point["chosen"] = place == subject.pruner.best_index_
    name, is_share = name_of_score(subject.pruner.scoring, is_classifier(subject.pruner))
    return {"size": pruned, "measure": f"CV {name}", "better": "high", "is_share": is_share, "points": points}


def sentence_of_compression(summary: dict[str, Any], before: int | None, after: int) -> str:
    """By the rows given, if they are held out and the model before pruning is known; else by the rows that chose.

    Parameters
    ----------
    summary : dict
        The figures so far; the verdict of the rows that chose is added to them.
    before, after : int
        Sizes; None: that of the frontier.
    """
    points, counted = summary["frontier"]["points"], summary["frontier"]["size"]
    unpruned = next(point for point in points if point["method"] == "unpruned")
    chosen = next(point for point in points if point["chosen"])
    if chosen is unpruned:
        return f"{after:,} {counted}; not pruned; loss on held-out rows {unpruned['loss']:.4g}"
    before = unpruned["size"] if before is None else before
    sizes = f"{before:,} {counted} → {after:,} {counted}"
    if summary["held_out"] and summary["verdicts"]:
        return first_sentence(summary, sizes)
    losses = unpruned["loss"], chosen["loss"]
    than_before = "the same" if losses[0] == losses[1] else "less" if losses[1] < losses[0] else "more"
    summary["verdicts"] = [_verdict_of_losses(*losses), *summary["verdicts"]]
    return (
        f"Smaller, with {than_before} loss: {sizes}; loss on held-out rows, which chose it, "
        f"{losses[0]:.4g} → {losses[1]:.4g}"
    )


def _verdict_of_losses(before, after):
    """A loss is marked as such, though it may be due to chance."""
    found = {"name": "loss on held-out rows", "is_share": False, "before": before, "after": after, "change": None}
    return found | {"outcome": "loss" if after > before else None, "certain": True}
