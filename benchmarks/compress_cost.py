"""What does `compress` cost beside a fit of the model, and how does that grow with rows and classes?

``python -m benchmarks.compress_cost --data FOLDER`` takes some minutes; without ``--data``, letter is left out.
``--only models`` (or growth) makes one table, ``--most-rows N`` ends the growth earlier. All figures of a row are of
one process and one run, on one thread: where others use the machine, CPU seconds grow for all of them, and the ratios
hold.
"""

import argparse
import os
import warnings
from functools import partial

from sklearn.base import clone, is_classifier
from sklearn.datasets import load_digits, make_classification, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import GridSearchCV, ShuffleSplit

from benchmarks.common import cpu_seconds, report
from benchmarks.data import load
from treeprune import compress
from treeprune.adapters import find_adapter

#: Most CPU seconds that each may take on an idle core.
BARS = {"digits": 4, "XGBoost, 7 classes": 10, "forest, 7 classes": 12, "forest, regression": 15, "forest, letter": 40}
ROWS = (2_000, 6_000, 20_000, 60_000, 200_000)
CLASSES = (2, 5, 13, 26)
#: What a user would try without pruning.
GRIDS = {
    "RandomForest": {"n_estimators": [10, 30, 100], "max_leaf_nodes": [16, 64, 256, None]},
    "XGB": {"n_estimators": [10, 30, 100], "max_depth": [2, 3, 4, 6]},
}


def classes_of(n_rows, n_classes, n_features=54):
    return make_classification(
        n_rows, n_features, n_informative=20, n_classes=n_classes, n_clusters_per_class=1, flip_y=0.05, random_state=0
    )


def forest_for(y, n_trees=100):
    cls = RandomForestRegressor if y.dtype.kind == "f" else RandomForestClassifier
    return cls(n_trees, random_state=0)


def problem(name):
    """A model to fit, and its rows."""
    if name == "XGBoost, 7 classes":
        from xgboost import XGBClassifier

        return XGBClassifier(n_estimators=100, n_jobs=1), *classes_of(3_500, 7)
    if name == "forest, 7 classes":
        X, y = classes_of(3_500, 7)
    elif name == "forest, letter":
        X, y = (part[:15_000] for part in load("letter")[:2])
    elif name == "forest, regression":
        X, y = make_friedman1(20_000, 20, noise=1.0, random_state=0)
    else:
        X, y = load_digits(return_X_y=True)
    return forest_for(y), X, y


def measured(model, X, y):
    """CPU seconds of a fit and of compress, and what it found."""
    fit, _ = cpu_seconds(partial(model.fit, X, y))
    n_nodes = find_adapter(model).forest.n_nodes
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*Training anew does better")
        seconds, result = cpu_seconds(partial(compress, model, X, y))
    small = find_adapter(result.model).forest.n_nodes
    return {"nodes": n_nodes, "nodes kept": small, "fit, CPU s": fit, "CPU s": seconds, "fits": seconds / fit}


def warm_up():
    """Compile the kernels for forests and for boosting."""
    X, y = classes_of(300, 3, 30)
    for model in (forest_for(y, 3), problem("XGBoost, 7 classes")[0].set_params(n_estimators=3)):
        measured(model, X, y)


def models_table(names):
    rows = []
    for name in names:
        model, X, y = problem(name)
        found = measured(model, X, y)
        grid = next(grid for start, grid in GRIDS.items() if type(model).__name__.startswith(start))
        scoring = "neg_log_loss" if is_classifier(model) else "neg_mean_squared_error"
        split = ShuffleSplit(1, test_size=0.25, random_state=0)
        retrained = GridSearchCV(clone(model), grid, cv=split, scoring=scoring)
        seconds, _ = cpu_seconds(partial(retrained.fit, X, y))
        of_grid = {"grid, CPU s": seconds, "compress / grid": found["CPU s"] / seconds, "bar, CPU s": BARS[name]}
        rows.append({"model": name, "rows": len(y)} | found | of_grid)
        report("compress_cost", MODELS_TITLE, rows, MODELS)


def growth_table(most_rows):
    rows = []
    for n_rows in (n for n in ROWS if n <= most_rows):
        X, y = make_friedman1(n_rows, 20, noise=1.0, random_state=0)
        rows.append({"task": "regression", "rows": n_rows, "classes": 1} | measured(forest_for(y, 20), X, y))
        report("compress_cost_growth", GROWTH_TITLE, rows, GROWTH, "compress_cost")
    for n_classes in CLASSES:
        X, y = classes_of(6_000, n_classes)
        row = {"task": "classification", "rows": len(y), "classes": n_classes}
        rows.append(row | measured(forest_for(y, 20), X, y))
        report("compress_cost_growth", GROWTH_TITLE, rows, GROWTH, "compress_cost")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the real tables")
    parser.add_argument("--only", choices=["models", "growth"])
    parser.add_argument("--most-rows", type=int, default=max(ROWS))
    args = parser.parse_args()
    if args.data:
        os.environ["TREEPRUNE_DATA"] = args.data
    at_hand = [name for name in BARS if name != "forest, letter" or os.environ.get("TREEPRUNE_DATA")]
    warm_up()
    if args.only != "growth":
        models_table(at_hand)
    if args.only != "models":
        growth_table(args.most_rows)


MODELS_TITLE = "What compress costs beside fitting the model and beside training a grid"
MODELS = """
`compress` with its defaults, kernels compiled before. The grid holds twelve sizes of the same class (`GRIDS`), judged
on a quarter of the rows; the best is fitted again. "bar": what compress should take on an idle core. On a shared one
CPU seconds are several times as many; then compare fits.
"""
GROWTH_TITLE = "How the cost of compress grows with rows and classes"
GROWTH = """
Forests of 20 trees, `compress` with its defaults; 20 features for regression (friedman1), 54 for classification.
"""

if __name__ == "__main__":
    main()
