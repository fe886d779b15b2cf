"""Size and speed of reports, and of the pages of others for the same trees: ``python -m benchmarks.reports``.

supertree and dtreeviz (which needs Graphviz's ``dot``) are measured where they are installed, and redrawing where
playwright and a Chromium are.
"""

import argparse
import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

import treeprune

from .common import cpu_seconds, report

_SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_PLACES, _REPEATS = 12, 4
_REDRAW = """(place) => new Promise((done) => {
  const slider = document.getElementById("slider"), start = performance.now();
  slider.value = place;
  slider.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start), 0));
})"""


def data(n_rows: int, n_features: int = 20, noise: float = 0.3) -> tuple:
    """Rows with noisy classes, on which trees grow large."""
    rng = np.random.default_rng(0)
    X = rng.random((n_rows, n_features))
    score = X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(0, noise, n_rows)
    return X, (score > np.median(score)).astype(int)


def write_report(model, X, y, path):
    treeprune.report(model).save(path)


def write_supertree(model, X, y, path):
    from supertree import SuperTree

    names = [f"x{column}" for column in range(X.shape[1])]
    SuperTree(model, X, y, names, ["0", "1"]).save_html(str(path.with_suffix("")))


def write_dtreeviz(model, X, y, path):
    import dtreeviz

    names = [f"x{column}" for column in range(X.shape[1])]
    drawn = dtreeviz.model(model, X, y, feature_names=names, target_name="y", class_names=["0", "1"])
    drawn.view(fancy=False).save(str(path.with_suffix(".svg")))
    path.with_suffix(".svg").rename(path)


def browse(path: Path) -> dict[str, float]:
    """Wall milliseconds to open a page and, by its slider, to redraw its tree (the least of some for each place)."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_SWITCHES)
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(path.as_uri())
        opened = tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        times = []
        if tab.locator("#slider").count():
            last = int(tab.locator("#slider").get_attribute("max"))
            places = np.linspace(last, 0, _PLACES).round().tolist() * _REPEATS
            times = np.reshape([tab.evaluate(_REDRAW, place) for place in places], (_REPEATS, -1)).min(axis=0)
        browser.close()
    return {"ms to open": opened} | (
        {"ms to redraw, median": float(np.median(times)), "most": float(max(times))} if len(times) else {}
    )


def measure(tool: str, what: str, write: Callable, model, X, y, folder: Path) -> dict:
    """One page: its size, CPU seconds to write it, and what a browser does with it."""
    path = folder / f"{tool}.html"
    seconds, _ = cpu_seconds(lambda: write(model, X, y, path))
    row = {"page": what, "of": tool, "KiB": path.stat().st_size / 1024, "CPU s to write": seconds}
    if tool == "treeprune" and importlib.util.find_spec("playwright"):
        row |= browse(path)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the pages of others, which take long")
    quick = parser.parse_args().quick
    X, y = data(6_000)
    small, thousand = (DecisionTreeClassifier(max_leaf_nodes=n, random_state=0).fit(X, y) for n in (101, 501))
    _ = treeprune.report(small).html  # compile, import
    many_X, many_y = data(290_000, noise=2.0)
    large = DecisionTreeClassifier(max_leaf_nodes=50_001, random_state=0).fit(many_X, many_y)
    forest = RandomForestClassifier(500, random_state=0).fit(X[:2_000], y[:2_000])
    pages = [
        ("treeprune", write_report, f"tree of {small.tree_.node_count:,} nodes", small, X, y),
        ("treeprune", write_report, f"tree of {thousand.tree_.node_count:,} nodes", thousand, X, y),
        ("treeprune", write_report, f"tree of {large.tree_.node_count:,} nodes", large, many_X, many_y),
        ("treeprune", write_report, f"forest of {len(forest.estimators_)} trees", forest, X, y),
    ]
    notes = []
    for tool, write in () if quick else (("dtreeviz", write_dtreeviz), ("supertree", write_supertree)):
        if importlib.util.find_spec(tool) is None:
            notes.append(f"{tool} is not installed.")
        else:
            pages.append((tool, write, *pages[0][2:]))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for tool, write, what, model, *of_model in pages:
            rows.append(measure(tool, what, write, model, *of_model, Path(folder)))
            report("reports", "Reports: size and speed", rows, " ".join(notes))


if __name__ == "__main__":
    main()
