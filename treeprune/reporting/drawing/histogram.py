"""Histogram of a number over the rows, before and after pruning."""

from collections.abc import Sequence

from markupsafe import Markup

from .svg import element, line, picture, scale, text

_WIDTH, _HEIGHT, _SIDE, _TOP, _BOTTOM = 440, 220, 14, 26, 42


def histogram(
    edges: Sequence[float], after: Sequence[int], before: Sequence[int] | None, threshold: float, what: str
) -> Markup:
    """Bars after pruning, a stepped line before it, and a dashed line at the threshold."""
    x = scale(edges[0], edges[-1], _SIDE, _WIDTH - _SIDE)
    y = scale(0, max([1, *after, *(before or [])]), _HEIGHT - _BOTTOM, _TOP)
    parts = []
    for low, high, n in zip(edges[:-1], edges[1:], after, strict=True):
        if n:
            width = max(x(high) - x(low) - 1, 1.0)
            parts.append(element("rect", class_="bars", x=x(low), y=y(n), width=width, height=y(0) - y(n)))
    if before is not None:
        steps = [(x(edges[0]), y(0))]
        for low, high, n in zip(edges[:-1], edges[1:], before, strict=True):
            steps += [(x(low), y(n)), (x(high), y(n))]
        parts.append(line([*steps, (x(edges[-1]), y(0))], class_="before"))
    parts.append(line([(_SIDE, y(0)), (_WIDTH - _SIDE, y(0))], class_="axis"))
    if edges[0] <= threshold <= edges[-1]:
        parts.append(line([(x(threshold), _TOP - 8), (x(threshold), y(0))], class_="rule"))
        anchor = "start" if x(threshold) < _WIDTH / 2 else "end"
        parts.append(text(x(threshold) + (4 if anchor == "start" else -4), _TOP - 10, "threshold", anchor))
    for at, anchor in ((edges[0], "start"), (edges[-1], "end")):
        parts.append(text(x(at), _HEIGHT - 25, f"{at:.3g}", anchor, "soft"))
    parts.append(text(_SIDE, _HEIGHT - 7, "← stands out", "start", "soft"))
    parts.append(text(_WIDTH - _SIDE, _HEIGHT - 7, what, "end", "soft"))
    return picture(_WIDTH, _HEIGHT, f"{what} of the rows given, as a histogram.", *parts)
