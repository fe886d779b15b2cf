"""Timing and tables for all benchmarks."""

import platform
import resource
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

RESULTS = Path(__file__).parent / "results"


def seconds(function: Callable, repeat: int = 1) -> tuple[float, object]:
    """Least wall seconds of `repeat` calls, and the last result."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
    return best, result


def cpu_seconds(function: Callable) -> tuple[float, object]:
    """CPU seconds of one call, those of its child processes included, and its result."""
    start = _cpu()
    result = function()
    return _cpu() - start, result


def _cpu():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def report(name: str, title: str, rows: list[dict], notes: str = "", module: str | None = None) -> pd.DataFrame:
    """Print rows as a markdown table and save it as ``benchmarks/results/NAME.md``; `module`: if not of that name."""
    frame = pd.DataFrame(rows)
    text = f"# {title}\n\n`python -m benchmarks.{module or name}` on {machine()}.\n\n{markdown(frame)}\n"
    text += f"\n{notes.strip()}\n" if notes else ""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text)
    print(text)
    return frame


class GrowingTable:
    """A table of selectors on data that is saved with every row; what is not measured anew stays as it was saved.

    Parameters
    ----------
    name, title, module : str
        As for `report`.
    notes : callable
        What to say of the rows, a list of dict.
    anew : callable
        Whether a selector, the second argument, is measured anew on data, the first: its saved row is thrown away.
    """

    def __init__(self, name: str, title: str, module: str, notes: Callable, anew: Callable[[str, str], bool]):
        self.name, self.title, self.module, self.notes, self.anew = name, title, module, notes, anew
        self.rows: list[dict] = []

    def add(self, row: dict) -> None:
        """Add a row, whose columns before "selector" name the data."""
        self.rows.append(row)
        rows = self.rows + [old for old in _saved(self.name) if not self.anew(old["data"], old["selector"])]
        n_data = list(row).index("selector")
        of_data: dict = {}
        for one in rows:
            of_data.setdefault(tuple(list(one.values())[:n_data]), []).append(one)
        rows = [one for same in of_data.values() for one in same]
        report(self.name, self.title, rows, self.notes(rows), self.module)


def _saved(name):
    """Rows of a saved table, as far as their digits go; none if there is no table."""
    path = RESULTS / f"{name}.md"
    lines = [line for line in path.read_text().splitlines() if line.startswith("| ")] if path.exists() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], map(_value, row), strict=True)) for row in cells[2:]]


def _value(cell):
    for read in (int, float):
        try:
            return read(cell.replace(",", "") or "nan")
        except ValueError:
            continue
    return cell


def markdown(frame: pd.DataFrame) -> str:
    """A markdown table; numbers with four significant digits."""
    cells = [[_cell(value) for value in row] for row in frame.itertuples(index=False)]
    lines = [list(map(str, frame.columns)), ["---"] * frame.shape[1], *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value):
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def machine() -> str:
    """Python, processor count and the versions that matter, for the head of a table."""
    import os

    names = ("numpy", "scikit-learn", "numba", "xgboost", "xgboost-cpu", "lightgbm")
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {', '.join(found)}"
