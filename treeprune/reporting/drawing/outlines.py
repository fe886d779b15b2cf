"""The outline of a tree: how many nodes it has at each depth."""

from collections.abc import Sequence
from math import sqrt

from markupsafe import Markup

from ..summary.numbers import count
from .svg import element, picture

_WIDTH, _HEIGHT = 88, 96


def outline(tree: int, after: Sequence[int], before: Sequence[int] | None, widest: int, deepest: int) -> Markup:
    """The tree before pruning as a pale outline, after it as a filled one; all trees of an ensemble share a scale.

    The width grows with the root of the number of nodes, so that small trees beside large ones can be seen.
    """
    step = (_HEIGHT - 8) / max(deepest, 1)
    parts = [] if before is None else [element("path", class_="outline-before", d=_path(before, widest, step))]
    parts.append(element("path", class_="outline-after", d=_path(after, widest, step)))
    was = "" if before is None else f", before {sum(before):,}"
    return picture(_WIDTH, _HEIGHT, f"Tree {tree}: {count(sum(after), 'node')}{was}", *parts, css="outline")


def _path(counts, widest, step):
    half = [(_WIDTH / 2 - 3) * sqrt(n / widest) + 0.8 for n in counts]
    if len(half) == 1:  # a root alone
        half, step = half * 2, 4.0
    right = [f"{_WIDTH / 2 + w:.0f} {4 + i * step:.0f}" for i, w in enumerate(half)]
    left = [f"{_WIDTH / 2 - w:.0f} {4 + i * step:.0f}" for i, w in enumerate(half)]
    return "M" + "L".join([*right, *reversed(left)]) + "z"
