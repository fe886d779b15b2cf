"""Curves: the score by pruning strength, and the loss or score by size."""

from collections.abc import Sequence
from math import log
from typing import Any

from markupsafe import Markup

from ..summary.numbers import show_score
from .svg import N_MARKS, element, line, mark, picture, scale, text

_WIDTH, _HEIGHT = 440, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 28, 44


def cv_curve(steps: Sequence[dict], marks: dict[str, int], chosen: int, name: str, is_share: bool) -> Markup:
    """The cross-validated score along the slider, with a band of one standard error and marks for best and 1-SE."""
    known = [(place, step["score"], step["standard_error"] or 0.0) for place, step in enumerate(steps)]
    known = [point for point in known if point[1] is not None]
    low, high = min(score - error for _, score, error in known), max(score + error for _, score, error in known)
    x = scale(0, len(steps) - 1, _LEFT, _WIDTH - _RIGHT)
    y = scale(low, high, _HEIGHT - _BOTTOM, _TOP)
    upper = [(x(place), y(score + error)) for place, score, error in known]
    lower = [(x(place), y(score - error)) for place, score, error in reversed(known)]
    parts = [*_axis_of_scores(low, high, y, lambda score: show_score(score, is_share))]
    parts.append(line([*upper, *lower], class_="band"))
    parts += _marks(marks, x)
    parts.append(line([(x(place), y(score)) for place, score, _ in known], class_="line", id="curve-line"))
    if steps[chosen]["score"] is not None:
        parts.append(element("circle", class_="here", id="curve-here", cx=x(chosen), cy=y(steps[chosen]["score"]), r=6))
    parts += _axis_of_leaves([step["n_leaves"] for step in steps], x)
    label = f"CV {name} by pruning strength; the figures are in the table of all strengths."
    return picture(_WIDTH, _HEIGHT, label, *parts)


def _marks(marks, x):
    """Dashed lines at best and 1-SE, their names side by side and within the picture."""
    places = {name: marks[name] for name in ("best", "1-SE") if name in marks}
    for place in set(places.values()):
        yield line([(x(place), _TOP - 6), (x(place), _HEIGHT - _BOTTOM)], class_="rule")
    if len(set(places.values())) == 1:
        yield text(min(max(x(place), _LEFT + 30), _WIDTH - 40), _TOP - 12, "best, 1-SE")
        return
    (first, left), (second, right) = sorted(places.items(), key=lambda item: item[1])
    start = max(min(x(right) - 2, _WIDTH - 34), _LEFT + 40)
    yield text(min(x(left) + 2, start - 8), _TOP - 12, first, "end")
    yield text(start, _TOP - 12, second, "start")


def _axis_of_scores(low, high, y, show):
    for score in (low, (low + high) / 2, high) if high > low else (low,):
        yield line([(_LEFT, y(score)), (_WIDTH - _RIGHT, y(score))], class_="grid")
        yield text(_LEFT - 7, y(score) + 4, show(score), "end", "soft")


def _axis_of_leaves(n_leaves, x):
    """Numbers of leaves at about five places, and the title of the axis."""
    last = len(n_leaves) - 1
    for place in sorted({round(part * last / 4) for part in range(5)}):
        anchor = "end" if place == last and last else "middle"
        yield text(x(place) + (6 if anchor == "end" else 0), _HEIGHT - 26, f"{n_leaves[place]:,}", anchor, "soft")
    yield text(_LEFT, _HEIGHT - 7, "leaves: unpruned", "start", "soft")
    yield text(_WIDTH - _RIGHT, _HEIGHT - 7, "pruned most", "end", "soft")


def frontier(points: Sequence[dict[str, Any]], measure: str, size: str, better: str, is_share: bool = False) -> Markup:
    """Loss or score by size for each method: only points that no smaller one of the same method beats."""
    key = "loss" if better == "low" else "score"
    points = [point for point in points if point[key] is not None]
    values = [point[key] for point in points]
    ends = [point.get("error") or 0.0 for point in points]
    low = min(value - end for value, end in zip(values, ends, strict=True))
    high = max(value + end for value, end in zip(values, ends, strict=True))
    sizes = [_log(point["size"]) for point in points]
    x = scale(min(sizes), max(sizes), _LEFT + 8, _WIDTH - _RIGHT - 8)
    y = scale(low, high, _HEIGHT - _BOTTOM, _TOP)
    place = [(x(_log(point["size"])), y(point[key])) for point in points]
    parts = [*_axis_of_scores(low, high, y, lambda value: show_score(value, is_share))]
    for code, method in enumerate(dict.fromkeys(point.get("method", "") for point in points)):
        of_method = [i for i, point in enumerate(points) if point.get("method", "") == method]
        parts += _method(points, place, of_method, code % N_MARKS, key, better, y)
    for i, point in enumerate(points):
        if point.get("chosen"):
            parts.append(element("circle", class_="here", cx=place[i][0], cy=place[i][1], r=6))
    parts += _axis_of_sizes(points, size, x)
    return picture(_WIDTH, _HEIGHT, f"{measure} by number of {size}; the figures are in the table.", *parts)


def _log(size):
    """A model that nothing is left of stands where one of a single weight does."""
    return log(max(size, 1))


def _method(points, place, of_method, code, key, better, y):
    """Points of one method, the best in a line (dashed: models trained again), with errors where there are any."""
    sign, best, kept = (1 if better == "low" else -1), float("inf"), []
    for i in sorted(of_method, key=lambda i: (points[i]["size"], sign * points[i][key])):
        if "error" in points[i] or sign * points[i][key] < best:
            best = sign * points[i][key]
            kept.append(i)
    for i in kept:
        error = points[i].get("error")
        if error:
            at = place[i][0]
            yield line([(at, y(points[i][key] - error)), (at, y(points[i][key] + error))], class_="error")
    dashed = "6 4" if points[of_method[0]].get("rival") else None
    yield line([place[i] for i in kept], class_=f"series s{code}", stroke_dasharray=dashed)
    for i in kept:
        yield mark(code, *place[i], 4.0)


def _axis_of_sizes(points, size, x):
    ends = sorted({min(point["size"] for point in points), max(point["size"] for point in points)})
    for index, end in enumerate(ends):
        yield text(
            x(_log(end)), _HEIGHT - 26, f"{end:,}", ("start", "end")[index] if len(ends) > 1 else "middle", "soft"
        )
    yield text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 7, f"number of {size}, on a logarithmic scale", css="soft")
