"""The figure that a feature was judged by, as a dot on a scale, with those of its shadows."""

from math import log
from typing import Any

from markupsafe import Markup

from .svg import element, scale

_LENGTH, _HEIGHT, _SIDE = 200, 18, 6


def rail(value: float, is_kept: bool, measure: dict[str, Any], shadows: dict[str, float] | None) -> Markup:
    """A dot on a line, filled if the feature is kept; a band up to the largest shadow, with a mark at the median."""
    place = _places(measure)
    parts = [element("rect", class_="rail", x=_SIDE, y=8, width=_LENGTH, height=2)]
    if shadows:
        parts.append(element("rect", class_="shadow", x=_SIDE, y=2, width=place(shadows["largest"]) - _SIDE, height=14))
        parts.append(element("rect", class_="axis", x=place(shadows["median"]) - 0.5, y=2, width=1, height=14))
    parts.append(element("circle", class_="here" if is_kept else "split", cx=place(value), cy=9, r=5 if is_kept else 4))
    size = {"width": _LENGTH + 2 * _SIDE, "height": _HEIGHT}
    view = f"0 0 {size['width']} {_HEIGHT}"
    return element("svg", *parts, class_="survival", viewBox=view, aria_hidden="true", **size)


def _places(measure):
    """A function from a value to its position; on a logarithmic scale, zero is at the left end."""
    low, high = measure["low"], measure["high"]
    if not measure["log"] or low <= 0:
        return scale(low, high, float(_SIDE), float(_SIDE + _LENGTH))
    of_log = scale(log(low), log(high), _SIDE + 12.0, float(_SIDE + _LENGTH))
    return lambda value: of_log(log(value)) if value > 0 else float(_SIDE)
