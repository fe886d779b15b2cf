"""Numbers as Python's own types, and as text."""

import numpy as np
from numpy.typing import ArrayLike


def plain(column: ArrayLike) -> list:
    """Numbers as Python's own types; those that are not finite, which JSON cannot hold, as None."""
    return [None if number != number or abs(number) == np.inf else number for number in np.asarray(column).tolist()]


def short(number: float) -> float | int | str:
    """A number to six digits; an infinite one as JavaScript's name for it."""
    if not np.isfinite(number):
        return "Infinity" if number > 0 else "-Infinity"
    number = float(f"{number:.6g}")
    return int(number) if number.is_integer() else number


def records(columns: dict[str, list]) -> list[dict]:
    """Columns of equal length as a list of rows."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def show_score(score: float | None, is_share: bool) -> str:
    """A score as the page shows it."""
    if score is None:
        return "unknown"
    return f"{100 * score:.1f} %" if is_share else with_minus(f"{score:.4g}")


def with_minus(number: str) -> str:
    """A number as text with the sign for minus, and without one if it is zero."""
    return number.replace("-", "−") if float(number.replace(",", "")) else number.lstrip("-")


def show_with_error(score: float | None, error: float | None, is_share: bool) -> str:
    """A score and its standard error as the page shows them."""
    if score is None or error is None:
        return show_score(score, is_share)
    return f"{100 * score:.1f} ± {100 * error:.1f} %" if is_share else f"{with_minus(f'{score:.4g}')} ± {error:.2g}"


def show_change_of(verdict: dict) -> str:
    """A score before and after, with the interval of the change where it is known."""
    before, after, is_share = verdict["before"], verdict["after"], verdict["is_share"]
    words = f"{show_score(before, is_share)} → {show_score(after, is_share)}"
    if verdict["change"] is None or before is None or after is None:
        return words
    low, high = (_signed(bound, is_share) for bound in verdict["change"])
    points = " points" if is_share else ""
    return f"{words} ({_signed(after - before, is_share)}{points}, 95 % interval {low} to {high})"


def _signed(change, is_share):
    text = f"{100 * change:+.1f}" if is_share else f"{change:+.2g}"
    return "0" + text[2:] if float(text) == 0 else text.replace("-", "−")


def count(number: int, singular: str, plural: str | None = None) -> str:
    """A number of things in words."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def n_leaves_in_words(number: int) -> str:
    """A number of leaves."""
    return count(number, "leaf", "leaves")
