"""Elements of SVG as safe markup, and scales."""

from collections.abc import Callable, Iterable

from markupsafe import Markup, escape

#: Number of marks that differ in form and colour.
N_MARKS = 6


def element(name: str, *children: str, **attributes: object) -> Markup:
    """An element; text among the children and attributes is escaped. ``_`` in names of attributes stands for ``-``."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_written(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")


def picture(width: float, height: float, label: str, *children: str, css: str = "chart", **attributes) -> Markup:
    """An SVG image with a label for screen readers."""
    return element(
        "svg",
        *children,
        class_=css,
        viewBox=f"0 0 {_written(width)} {_written(height)}",
        width=width,
        height=height,
        role="img",
        aria_label=label,
        **attributes,
    )


def text(x: float, y: float, words: str, anchor: str = "middle", css: str | None = None) -> Markup:
    """A text element at a position."""
    return element("text", words, x=x, y=y, text_anchor=anchor, class_=css)


def line(points: Iterable[tuple[float, float]], **attributes: object) -> Markup:
    """A line through points."""
    written = " ".join(f"{_written(x)},{_written(y)}" for x, y in points)
    return element("polyline", points=written, **attributes)


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """A linear function from [low, high] to [start, end]; if low equals high, everything is put in the middle."""
    if not high > low:
        return lambda value: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def mark(code: int, x: float, y: float, r: float) -> Markup:
    """The mark of a class or series; marks differ in form as well as in colour."""
    code %= N_MARKS
    side, high, half = round(1.76 * r, 1), round(1.95 * r, 1), round(1.2 * r, 1)
    start, d = (
        ((x - side / 2, y - side / 2), f"h{side}v{side}h-{side}z"),
        ((x - r, y), f"a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 -{2 * r} 0z"),
        ((x, y - half), f"l{half} {high}h-{2 * half}z"),
        ((x, y - half), f"l{half} {half}l-{half} {half}l-{half} -{half}z"),
        ((x, y + half), f"l{half} -{high}h-{2 * half}z"),
        ((x - half, y - r / 2), f"h{2 * half}v{r}h-{2 * half}z"),
    )[code]
    return element("path", class_=f"c{code}", d=f"M{start[0]:.1f} {start[1]:.1f}{d}")


def shorten(words: str, most: int) -> str:
    """Words cut to a number of characters."""
    return words if len(words) <= most else words[: max(most - 1, 1)] + "…"


def _written(value):
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
