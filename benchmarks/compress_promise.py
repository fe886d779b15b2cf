"""Does what compress promises hold on rows that it never saw?

``python -m benchmarks.compress_promise --data FOLDER`` takes about half an hour; ``--splits 1`` a fifth of it, and
``--sets "a;b"`` some sets. What is done is kept in ``results/compress_promise.jsonl`` and not done again. For each set
and split, a model is fitted on up to 1,000 rows and compressed twice: without a budget, where the result promises to be
no worse, and within a twentieth of its nodes, where the message says what that costs. Both are then compared with the
model on up to 4,000 other rows. Rows with the same features are on one side of every split, and count once.
"""

import argparse
import json
import os
import re
import warnings
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import t
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from benchmarks.common import RESULTS, cpu_seconds, report
from benchmarks.data import load
from datasets.generators import noisy_classes, noisy_friedman
from treeprune import compress
from treeprune.adapters import find_adapter
from treeprune.compression import Scorer

GENERATED = {"make_classification": noisy_classes, "friedman1": noisy_friedman}
BUNDLED = ("breast_cancer", "digits", "diabetes")
REAL = (
    *("abalone", "adult", "bike_sharing_hour", "california_housing", "concrete", "credit_g", "diamonds", "higgs_7500"),
    *("ionosphere", "letter", "madelon", "mlc_churn", "mushroom", "pima_diabetes", "spambase", "titanic"),
)
#: Drawn with replacement to twice their rows, with y as it is or with noise of its own in each copy.
REPEATED = tuple(
    f"{name}, {how}" for name in ("abalone", "bike_sharing_hour", "concrete") for how in ("repeated", "repeated, noisy")
)
MOST_ROWS, MOST_TEST_ROWS = 1_000, 4_000
_SHARE = 20


def rows_of(name, rng):
    """X, y of a set, and which rows are copies of one."""
    base, *how = name.split(", ")
    X, y = GENERATED[base]() if base in GENERATED else load(base)[:2]
    X = np.nan_to_num(X, nan=-999.0)
    order = rng.permutation(len(y))[: MOST_ROWS + MOST_TEST_ROWS]
    if how:
        order = rng.choice(order[: 2 * MOST_ROWS], 2 * min(len(order), 2 * MOST_ROWS))
    X, y = X[order], y[order]
    if "noisy" in how:
        y = y + rng.normal(0.0, 0.3 * y.std(), len(y))
    return X, y, np.unique(X, axis=0, return_inverse=True)[1].ravel()


def split(name, seed):
    """Train and test rows; half of small sets tests."""
    rng = np.random.default_rng(seed)
    X, y, copies = rows_of(name, rng)
    trains = rng.permutation(copies.max() + 1)[copies] < min(MOST_ROWS / len(y), 0.6) * (copies.max() + 1)
    seen = trains | (np.isin(y, y[trains]) if y.dtype.kind in "iub" else True)
    test = np.flatnonzero(~trains & seen)
    return X[trains], y[trains], X[test], y[test], copies[test]


def model_for(y, seed):
    """A forest of 30 trees for even seeds, boosting for the others."""
    classifies = y.dtype.kind in "iub"
    if seed % 2:
        cls = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
        rounds = 10 if classifies and len(np.unique(y)) > 2 else 60
        return cls(max_iter=rounds, early_stopping=False, random_state=seed)
    if classifies:
        return RandomForestClassifier(30, random_state=seed)
    return RandomForestRegressor(30, max_features=1 / 3, random_state=seed)


def on_test_rows(small, model, X, y, copies):
    """By how many standard errors the small model's loss is higher, and the quantile from which on it is worse."""
    scorer = Scorer(find_adapter(model), (X, y, None))
    difference = scorer.judge_model(small, X).row_losses - scorer.judge_model(model, X).row_losses
    if not difference.any():
        return 0.0, np.inf
    of_copies = np.bincount(copies, difference - difference.mean())[np.unique(copies)]
    n = len(of_copies)
    error = np.sqrt((of_copies**2).sum() * n / (n - 1)) / len(difference)
    return float(difference.mean() / error), float(t.ppf(0.95, n - 1))


def run(name, seed):
    X, y, X_test, y_test, copies = split(name, seed)
    model = model_for(y, seed).fit(X, y)
    whole = find_adapter(model).forest.n_nodes
    row = {"set": name, "split": seed, "model": type(model).__name__, "rows": len(y), "nodes": whole}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*costs more than noise")
        seconds, found = cpu_seconds(partial(compress, model, X, y, retrain=False))
        within = compress(model, X, y, max_nodes=max(whole // _SHARE, 10), retrain=False)
    off, limit = on_test_rows(found.model, model, X_test, y_test, copies)
    row |= {"CPU s": seconds, "kept": find_adapter(found.model).forest.n_nodes, "worse by SE": off}
    row |= {"worse": off > limit}
    off, limit = on_test_rows(within.model, model, X_test, y_test, copies)
    said = re.search(r"(higher|lower) by (\S+) \(standard error (\S+)\)", within.message)
    row["said by SE"] = (1 if said[1] == "higher" else -1) * float(said[2]) / float(said[3]) if said else None
    return row | {"verdict": within.verdict, "budget worse by SE": off, "budget worse": off > limit}


def agrees(row):
    """Whether the words on the budget are right: "worse" of what is worse on test rows, the others of what is not."""
    if row["verdict"] == "worse":
        return row["budget worse by SE"] > 0
    return not row["budget worse"]


def save(rows):
    frame = pd.DataFrame(rows)
    frame["agrees"] = frame.apply(agrees, axis=1)
    table = [
        {
            "set": name,
            "splits": len(of_set),
            "rows": int(of_set["rows"].median()),
            "nodes": int(of_set["nodes"].median()),
            "nodes, over those kept (median)": float((of_set["nodes"] / of_set["kept"]).median()),
            "as it is": int((of_set["nodes"] == of_set["kept"]).sum()),
            "worse": int(of_set["worse"].sum()),
            "worse by SE, each": " ".join(f"{value:.1f}" for value in of_set["worse by SE"]),
            "words agree": int(of_set["agrees"].sum()),
            "CPU s (median)": float(of_set["CPU s"].median()),
        }
        for name, of_set in frame.groupby("set", sort=False)
    ]
    forests = frame["model"].str.startswith("RandomForest")
    shrinkage = frame["nodes"] / frame["kept"]
    regression = frame["model"].str.endswith("Regressor")
    medians = ", ".join(
        f"{kind} {shrinkage[which].median():.1f}"
        for kind, which in (
            ("forests for regression", forests & regression),
            ("for classes", forests & ~regression),
            ("boosting for regression", ~forests & regression),
            ("for classes", ~forests & ~regression),
        )
        if which.any()
    )
    words = frame.groupby("verdict", dropna=False)["agrees"].agg(["sum", "count"])
    said = ", ".join(f'"{word}" {of.iloc[0]} of {of.iloc[1]}' for word, of in words.iterrows())
    counts = (
        f"Without a budget, worse on test rows in {frame['worse'].sum()} of {len(frame)} runs "
        f"({frame['worse'].mean():.1%}). Nodes over nodes kept, median: {shrinkage.median():.1f} ({medians}); given as "
        f"it is in {(shrinkage == 1).sum()}. Within a twentieth of the nodes, the words agree with the test rows in "
        f"{frame['agrees'].sum()} of {len(frame)} runs ({said})."
    )
    report("compress_promise", TITLE, table, counts + "\n" + NOTES)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the real tables")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--sets", help="names, separated by semicolons")
    args = parser.parse_args()
    if args.data:
        os.environ["TREEPRUNE_DATA"] = args.data
    names = args.sets.split(";") if args.sets else [*GENERATED, *BUNDLED]
    if not args.sets and os.environ.get("TREEPRUNE_DATA"):
        names += [*REAL, *REPEATED]
    path = RESULTS / "compress_promise.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    for seed in range(args.splits):
        for name in names:
            if any(row["set"] == name and row["split"] == seed for row in rows):
                continue
            rows.append(run(name, seed))
            with path.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    save(rows)


TITLE = "Models that compress shows to be no worse, on rows that it never saw"
NOTES = """
Splits 0, 2 and 4 are of forests (30 trees), 1 and 3 of HistGradientBoosting (60 rounds, 10 for more than two classes).
"worse": the mean paired difference of the losses on the test rows is above 0 at a one-sided level of 5 % (Brier score
of forests, squared error, log-loss); of models that are exactly as good, one in twenty would be. "worse by SE, each":
that difference over its standard error, for each split. "words agree": with a budget of a twentieth of the nodes, the
result is called "worse" and has the higher mean on the test rows, or is called "within noise" or "no worse" and is not
worse on them.
"""

if __name__ == "__main__":
    main()
