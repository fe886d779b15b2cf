"""How small and how good does each method make a tree? All methods, in the manner of Esposito et al. (1997).

``python -m benchmarks.methods --data FOLDER`` takes ten minutes or so. Ten times, each data set is split at random into
70 % of rows for training and 30 % for the score. Methods that need no rows of their own prune a tree that was grown on
all training rows. For the others, and to choose the strength of methods with a path, 30 % of the training rows are held
out, and the rest grow the tree. The unpruned tree is grown on all training rows.

F. Esposito, D. Malerba, G. Semeraro (1997). A comparative analysis of methods for pruning decision trees. IEEE
Transactions on Pattern Analysis and Machine Intelligence 19, 476-491.
"""

import argparse
import os
from time import process_time

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks.common import RESULTS, markdown, report
from benchmarks.data import load, names
from treeprune.cli.workflow import grow, prune_by
from treeprune.methods import (
    AllPruningsAverage,
    CostComplexity,
    CriticalValue,
    ErrorBased,
    HierarchicalShrinkage,
    MaxDepth,
    MinImpurityDecrease,
    MinimumDescriptionLength,
    MinimumError,
    MinSamples,
    OptimalSubtree,
    PathMethod,
    PessimisticError,
    ReducedError,
    Sequence,
    Significance,
)

UNPRUNED = "unpruned"
METHODS = {
    "CostComplexity": CostComplexity(),
    "CostComplexity(risk=error)": CostComplexity(risk="error"),
    "ReducedError": ReducedError(),
    "OptimalSubtree(max_leaves=300)": OptimalSubtree(max_leaves=300),
    "CriticalValue": CriticalValue(),
    "MinImpurityDecrease": MinImpurityDecrease(),
    "MinSamples(leaf)": MinSamples(),
    "MaxDepth": MaxDepth(),
    "Significance": Significance(),
    "Significance(level=0.05)": Sequence([Significance()]),  # as it stands, its level not chosen
    "PessimisticError": PessimisticError(),
    "ErrorBased": ErrorBased(),
    "ErrorBased(raising=False)": ErrorBased(raising=False),
    "MinimumError(m=2)": MinimumError(),
    "MinimumDescriptionLength": MinimumDescriptionLength(),
    "HierarchicalShrinkage(reg=25)": HierarchicalShrinkage(25),
    "AllPruningsAverage": AllPruningsAverage(),
}


def takes(method, task):
    return method.takes(task) and (task == "classification" or getattr(method, "risk", None) != "error")


def one_split(X, y, task, seed):
    """Leaves, score and CPU seconds of every method on one split."""
    classes = y if task == "classification" and np.bincount(y).min() > 3 else None
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=classes)
    classes = None if classes is None else y
    X_grow, X_judge, y_grow, y_judge = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=classes)
    start = process_time()
    full, grown = grow(X, y, task, seed), grow(X_grow, y_grow, task, seed)
    yield UNPRUNED, full.get_n_leaves(), full.score(X_test, y_test), process_time() - start
    for name, method in METHODS.items():
        if takes(method, task):
            start = process_time()
            if method.needs_rows or isinstance(method, PathMethod):
                small, _ = prune_by(grown, method, (X_judge, y_judge))
            else:
                small, _ = prune_by(full, method, train=(X, y))
            seconds = process_time() - start
            yield name, small.get_n_leaves(), small.score(X_test, y_test), seconds


def run(max_rows, repeats):
    """One row for each data set, split and method."""
    rows = []
    for name in names():
        X, y, task = load(name)
        if len(X) > max_rows:
            kept = np.random.default_rng(0).choice(len(X), max_rows, replace=False)
            X, y = X[kept], y[kept]
        for seed in range(repeats):
            found = one_split(X, y, task, seed)
            rows += [(name, task, seed, *figures) for figures in found]
        print(name, X.shape, task, flush=True)
    return pd.DataFrame(rows, columns=["data", "task", "seed", "method", "leaves", "score", "seconds"])


def summary(found):
    """By task and method: leaves and score next to the unpruned tree's, means over data sets."""
    means = found.groupby(["task", "data", "method"], sort=False)[["leaves", "score", "seconds"]].mean().reset_index()
    base = means[means.method == UNPRUNED].set_index("data")
    means["share"] = means.leaves / means.data.map(base.leaves)
    means["change"] = means.score - means.data.map(base.score)
    means["better"] = means.change > 0
    groups = means.groupby(["task", "method"], sort=False)
    table = groups.agg(
        data_sets=("data", "size"),
        leaves=("share", lambda share: float(np.exp(np.log(share).mean()))),
        score=("score", "mean"),
        change=("change", "mean"),
        better=("better", "sum"),
        seconds=("seconds", "mean"),
    )
    return table.reset_index()


def by_data(found, task):
    """Score and leaves of every method on every data set, as text."""
    of_task = found[found.task == task]
    means = of_task.groupby(["data", "method"], sort=False)[["score", "leaves"]].mean()
    cells = means.apply(lambda row: f"{row.score:.3f} ({row.leaves:,.0f})", axis=1)
    return cells.unstack("data").reindex(index=of_task.method.unique(), columns=of_task.data.unique()).reset_index()


def draw(table):
    """By task, one line for each method, the best on top: change of the score, and share of the leaves."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 4, figsize=(15, 6), layout="constrained")
    for (task, rows), (change, leaves) in zip(table.groupby("task", sort=False), panels.reshape(2, 2), strict=True):
        rows = rows.sort_values("change")
        change.axvline(0, color="0.8", zorder=0)
        change.plot(rows.change, rows.method, "o", color="C0")
        change.set_xlabel(f"{'accuracy' if task == 'classification' else 'R²'} less that\nof the unpruned tree (mean)")
        change.set_title(f"{task}, {rows.data_sets.max()} data sets")
        leaves.plot(rows.leaves, rows.method, "o", color="C1")
        leaves.set_xscale("log")
        ticks = [tick for tick in (0.01, 0.03, 0.1, 0.3, 1) if tick > rows.leaves.min() / 2]
        leaves.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
        leaves.minorticks_off()
        leaves.set_yticklabels([])
        leaves.set_xlabel("leaves, next to the unpruned tree\n(geometric mean)")
        for panel in (change, leaves):
            panel.grid(axis="y", color="0.92")
            panel.set_axisbelow(True)
    figure.savefig(RESULTS / "methods.png", dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with catalog.json (default: TREEPRUNE_DATA)")
    parser.add_argument("--rows", type=int, default=5000, help="most rows of a data set")
    parser.add_argument("--repeats", type=int, default=10)
    arguments = parser.parse_args()
    if arguments.data:
        os.environ["TREEPRUNE_DATA"] = arguments.data
    found = run(arguments.rows, arguments.repeats)
    table = summary(found)
    notes = "\n\n".join(f"{task}: score (leaves)\n\n{markdown(by_data(found, task))}" for task in found.task.unique())
    legend = (
        "Means over data sets of means over splits. leaves: share of the unpruned tree's (geometric mean); score: "
        "accuracy or R²; change: score less the unpruned tree's; better: data sets on which that is positive; seconds: "
        "CPU time of pruning, the choice of the strength included (for the unpruned tree, of growing both trees)."
    )
    title = (
        f"All methods, {found.data.nunique()} data sets of at most {arguments.rows} rows, {arguments.repeats} splits"
    )
    report("methods", title, table.to_dict("records"), f"{legend}\n\n{notes}")
    draw(table)


if __name__ == "__main__":
    main()
