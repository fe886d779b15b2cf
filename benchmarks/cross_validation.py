"""What does it cost to choose the pruning strength by cross-validation, and how good is the tree?

``python -m benchmarks.cross_validation`` takes about an hour, nearly all of it scikit-learn's; with ``--quick`` a
minute or two. Each side runs in a process of its own, on one core.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_classification, make_friedman1
from sklearn.model_selection import GridSearchCV, check_cv
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from benchmarks.common import cpu_seconds, report
from treeprune import TreePrunerCV, pruning_path
from treeprune.estimators.candidates import PathCandidates
from treeprune.methods import CostComplexity

FOLDS, ALPHAS = 5, 50
#: Problems: rows, columns, and how many of the grid's alphas and folds scikit-learn is measured at (0: not at all).
PROBLEMS = {
    "classification 5,000 x 20": (5_000, 20, ALPHAS, FOLDS),
    "classification 20,000 x 20": (20_000, 20, ALPHAS, FOLDS),
    "classification 100,000 x 20": (100_000, 20, 2, 1),
    "regression 20,000 x 10": (20_000, 10, 5, 1),
    "regression 100,000 x 10": (100_000, 10, 0, 0),
    "regression 1,000,000 x 10": (1_000_000, 10, 0, 0),
}
QUICK = {"classification 5,000 x 20": (5_000, 20, 10, 1), "regression 5,000 x 10": (5_000, 10, 10, 1)}
NO_R = {"regression 1,000,000 x 10"}
N_TEST = 20_000
NODES_OF_RPART = "TreePrunerCV, nodes of rpart's sizes"

R_SCRIPT = """
library(rpart)
a <- commandArgs(trailingOnly = TRUE)
train <- read.csv(a[1]); test <- read.csv(a[2])
if (a[3] == "class") train$y <- factor(train$y)
set.seed(0)
knobs <- rpart.control(cp = 1e-5, xval = 5, maxcompete = 0, maxsurrogate = 0, usesurrogate = 0)
time <- system.time(fit <- rpart(y ~ ., train, method = a[3], control = knobs))
cp <- fit$cptable
best <- which.min(cp[, "xerror"])
step <- which(cp[, "xerror"] <= cp[best, "xerror"] + cp[best, "xstd"])[1]
small <- prune(fit, cp = cp[step, "CP"])
score <- if (a[3] == "class") mean(predict(small, test, type = "class") == test$y) else
  1 - sum((test$y - predict(small, test))^2) / sum((test$y - mean(test$y))^2)
cat(sprintf('{"wall": %f, "cpu": %f, "score": %f, "n_leaves": %d}', time[["elapsed"]],
            time[["user.self"]] + time[["sys.self"]], score, sum(small$frame$var == "<leaf>")))
"""


def data(problem):
    n_rows, n_columns = (PROBLEMS | QUICK)[problem][:2]
    if problem.startswith("classification"):
        tree = DecisionTreeClassifier(random_state=0)
        X, y = make_classification(n_rows + N_TEST, n_columns, n_informative=8, flip_y=0.1, random_state=0)
    else:
        tree = DecisionTreeRegressor(random_state=0)
        X, y = make_friedman1(n_rows + N_TEST, n_columns, noise=1.0, random_state=0)
    return tree, X[:n_rows], y[:n_rows], X[n_rows:], y[n_rows:]


def plain_fits(tree, X, y):
    """One fit on all rows and one per fold."""
    models = [clone(tree).fit(X, y)]
    for grow, _ in check_cv(FOLDS, y, classifier=is_classifier(tree)).split(X, y):
        models[1:] = [clone(tree).fit(X[grow], y[grow])]
    return models[0]


def grid_search(tree, X, y, alphas, n_folds):
    splits = list(check_cv(FOLDS, y, classifier=is_classifier(tree)).split(X, y))[:n_folds]
    whole = n_folds == FOLDS and len(alphas) == ALPHAS
    search = GridSearchCV(tree, {"ccp_alpha": alphas}, cv=splits, refit=whole).fit(X, y)
    return search.best_estimator_ if whole else None


def measure(problem, side):
    """One side in this process: seconds, peak memory in MB, size and score of the tree."""
    tree, X, y, X_test, y_test = data(problem)
    TreePrunerCV(tree).fit(X[:200], y[:200])  # compiled code is loaded once
    alphas, n_folds = None, None
    if side == "GridSearchCV":
        _, _, n_alphas, n_folds = (PROBLEMS | QUICK)[problem]
        path = pruning_path(clone(tree).fit(X, y))
        alphas = PathCandidates.from_path(CostComplexity(), path, ALPHAS).alphas
        alphas = alphas[np.linspace(0, len(alphas) - 1, n_alphas).astype(int)]
    before = _peak()
    sides = {
        "plain fits": lambda: plain_fits(tree, X, y),
        "TreePrunerCV": lambda: TreePrunerCV(tree).fit(X, y),
        NODES_OF_RPART: lambda: TreePrunerCV(
            clone(tree).set_params(min_samples_split=20, min_samples_leaf=7, max_depth=30)
        ).fit(X, y),
        "GridSearchCV": lambda: grid_search(tree, X, y, alphas, n_folds),
    }
    start = perf_counter()
    cpu, model = cpu_seconds(sides[side])
    found = {"wall": perf_counter() - start, "cpu": cpu, "peak": _peak(), "before": before}
    if side == "GridSearchCV":
        scale = (ALPHAS * FOLDS + 1) / (len(alphas) * n_folds + (model is not None))
        found |= {"wall": found["wall"] * scale, "cpu": cpu * scale, "scale": scale}
    if model is not None:
        inner = getattr(model, "estimator_", model)
        found |= {"n_leaves": int(inner.get_n_leaves()), "score": model.score(X_test, y_test)}
    return found


def measured(problem, side):
    """`measure` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.cross_validation", "--side", side, "--problem", problem]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def rpart(problem):
    """R's rpart: the same rows, its own folds, the same rule; cp=1e-5, its default smallest nodes."""
    tree, X, y, X_test, y_test = data(problem)
    with tempfile.TemporaryDirectory() as folder:
        names = [f"{folder}/{name}.csv" for name in ("train", "test")]
        header = ",".join([f"x{i}" for i in range(X.shape[1])] + ["y"])
        for name, rows in zip(names, (np.c_[X, y], np.c_[X_test, y_test]), strict=True):
            np.savetxt(name, rows, delimiter=",", header=header, comments="")
        script = Path(folder, "rpart.R")
        script.write_text(R_SCRIPT)
        kind = "class" if is_classifier(tree) else "anova"
        return json.loads(subprocess.run(["Rscript", script, *names, kind], check=True, capture_output=True).stdout)


def compare(problem):
    """One row of the table for each side."""
    n_alphas = (PROBLEMS | QUICK)[problem][2]
    found = {side: measured(problem, side) for side in ("plain fits", "TreePrunerCV")}
    if n_alphas:
        found["GridSearchCV"] = measured(problem, "GridSearchCV")
    if shutil.which("Rscript") and problem not in NO_R:
        found[NODES_OF_RPART] = measured(problem, NODES_OF_RPART)
        found["rpart"] = rpart(problem)
    ours, plain = found["TreePrunerCV"], found["plain fits"]
    for side, result in found.items():
        row = {
            "problem": problem,
            "side": side,
            "wall s": result["wall"],
            "CPU s": result["cpu"],
            "CPU s / TreePrunerCV's": result["cpu"] / ours["cpu"],
            "CPU s / plain fits'": result["cpu"] / plain["cpu"],
            "peak MB": result.get("peak", np.nan),
            "peak / plain fits'": result.get("peak", np.nan) / plain["peak"],
            "leaves": result.get("n_leaves", ""),
            "score on new rows": result.get("score", np.nan),
        }
        if result.get("scale", 1.0) > 1.0:
            row["side"] = f"{side}, scaled by {result['scale']:.4g}"
        yield row


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


NOTES = f"""
- plain fits: one `fit` on all rows and one per fold, nothing else; the score is that of the unpruned tree.
- TreePrunerCV: the same {FOLDS} + 1 fits, all steps of the path scored on all folds, the 1-SE rule, the pruned tree.
- GridSearchCV: {ALPHAS} alphas from the same path, {FOLDS} folds, and a refit; best mean score. "Scaled" means
  that some of its fits were timed and the seconds multiplied: measured in full, the large problems take hours.
- rpart: `cp=1e-5`, {FOLDS} folds, no surrogates, otherwise its defaults (nodes of 20 rows and more are split, depth at
  most 30; the same for TreePrunerCV in the row "nodes of rpart's sizes"), the 1-SE rule; seconds of `rpart()` alone,
  which grows, prunes and cross-validates.
- peak MB: largest resident size of the process, data included. Scores are accuracy and R2 on {N_TEST:,} new rows.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small problems only")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--problem", action="append", help="only this problem; can be repeated")
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(measure(arguments.problem[0], arguments.side)))
        return
    notes = NOTES
    if not shutil.which("Rscript"):
        notes += "- rpart was left out: there is no Rscript on this machine.\n"
    problems = arguments.problem or (QUICK if arguments.quick else PROBLEMS)
    name, rows = "cross_validation_quick" if arguments.quick else "cross_validation", []
    for problem in problems:  # saved as it grows, since the whole takes long
        rows += compare(problem)
        report(name, "The pruning strength by cross-validation", rows, notes)


if __name__ == "__main__":
    main()
