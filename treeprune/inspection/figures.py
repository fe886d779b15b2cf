"""Helpers of all displays: axes of matplotlib (loaded when needed), colours, and names of a legible length."""

from typing import TYPE_CHECKING

from ..extras import import_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, GREY, ORANGE = "#1f5fa8", "#6b7280", "#c2410c"
#: Colours that can be told apart with any kind of colour vision, of curves and classes; then they repeat.
COLORS = (BLUE, "#0f766e", "#a16207", "#7c3aed", "#be185d", "#0891b2", "#4d7c0f", GREY)


def axes(ax: "Axes | None", figsize: tuple[float, float]) -> "Axes":
    """`ax`, or that of a new figure of a size in inches.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    import_extra("matplotlib", "plot")
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figsize, layout="constrained")[1] if ax is None else ax


def plain(ax: "Axes", grid: str = "y") -> None:
    """Remove frame lines that a chart does not need, and draw faint lines across."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="0.92", linewidth=0.8)
    ax.set_axisbelow(True)


def shorten(name: str, length: int = 32) -> str:
    """A name on one line, with the middle left out if it is too long, and dollar signs that do not start formulas."""
    name = " ".join(str(name).split())
    if len(name) > length:
        name = f"{name[: length - length // 3 - 1]}…{name[-(length // 3) :]}"
    return name.replace("$", r"\$")
