"""What pruning does to ensembles: time and memory beside the fit, and scores, nodes and bytes on real tables.

``python -m benchmarks.ensembles --data FOLDER`` takes about ten minutes on two idle cores, most of them fits of large
forests.
"""

import argparse
import os
import pickle
import tracemalloc
from functools import partial
from importlib.util import find_spec

import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from benchmarks import data
from benchmarks.common import cpu_seconds, report
from treeprune import prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.methods import CostComplexity, MergeEqualLeaves, ReducedError

CLASSIFICATION = ("spambase", "pima_diabetes", "ionosphere", "mlc_churn", "credit_g", "titanic")
REGRESSION = ("abalone", "california_housing", "concrete", "bike_sharing_hour")
ANOMALY = ("ad_thyroid", "ad_shuttle")
MOST_ROWS = 6000


def families(task, n_trees=100):
    """Unfitted models by family; boosting with trees deep enough to be worth pruning."""
    classification = task == "classification"
    tree = DecisionTreeClassifier(max_depth=6) if classification else DecisionTreeRegressor(max_depth=6)
    deep = {"n_estimators": n_trees, "max_depth": 6, "random_state": 0}
    found = {
        "random forest": (RandomForestClassifier, RandomForestRegressor, {"n_estimators": n_trees}),
        "extra trees": (ExtraTreesClassifier, ExtraTreesRegressor, {"n_estimators": n_trees, "bootstrap": True}),
        "bagging": (BaggingClassifier, BaggingRegressor, {"n_estimators": n_trees}),
        "AdaBoost": (AdaBoostClassifier, AdaBoostRegressor, {"n_estimators": n_trees // 2, "estimator": tree}),
        "gradient boosting": (GradientBoostingClassifier, GradientBoostingRegressor, deep),
        "hist. gradient boosting": (
            HistGradientBoostingClassifier,
            HistGradientBoostingRegressor,
            {"max_iter": n_trees, "early_stopping": False},
        ),
    }
    if find_spec("xgboost"):
        from xgboost import XGBClassifier, XGBRegressor

        found["XGBoost"] = XGBClassifier, XGBRegressor, deep | {"learning_rate": 0.1, "n_jobs": 1}
    if find_spec("lightgbm"):
        from lightgbm import LGBMClassifier, LGBMRegressor

        found["LightGBM"] = LGBMClassifier, LGBMRegressor, deep | {"n_jobs": 1, "verbose": -1}
    return {
        name: (a if classification else b)(**{"random_state": 0} | params) for name, (a, b, params) in found.items()
    }


def by_own_rows(model, X_train, y_train, X_val, y_val):
    """Reduced error: by out-of-bag rows where the family has them, else by held-out rows."""
    method = ReducedError("brier" if hasattr(model, "classes_") and hasattr(model, "estimators_samples_") else "error")
    if not hasattr(model, "estimators_samples_"):
        return prune(model, method, X_val, y_val)
    adapter = find_adapter(model)
    return adapter.prune(method.plan(adapter.forest, adapter.oob_rows(X_train, y_train)))


def by_validation(model, X_train, y_train, X_val, y_val, n_steps=12):
    """Cost-complexity: of some steps of the path, the last whose held-out score no other exceeds."""
    path = pruning_path(model, CostComplexity())
    leaves = np.geomspace(path.n_leaves[0], path.n_leaves[-1], n_steps + 1)[:-1]
    candidates = [path.prune(n_leaves=int(n)) for n in leaves]
    scores = [candidate.score(X_val, y_val) for candidate in candidates]
    return candidates[np.flatnonzero(np.array(scores) == max(scores))[-1]]


def size(model):
    """Nodes of all trees, and bytes of the pickled model."""
    return find_adapter(model).forest.n_nodes, len(pickle.dumps(model))


def row(name, family, method, before, after, scores, seconds):
    nodes, n_bytes = zip(size(before), size(after), strict=True)
    return {
        "data": name, "family": family, "pruned by": method, "score": scores[0], "score pruned": scores[1],
        "nodes": nodes[0], "nodes pruned": nodes[1], "kB": n_bytes[0] // 1000, "kB pruned": n_bytes[1] // 1000,
        "fit CPU s": seconds[0], "prune CPU s": seconds[1],
    }  # fmt: skip


def on_real_data(name):
    """Every family on one table: a fifth of the rows guides the pruning, a fifth gives the score."""
    X, y, task = data.load(name)
    if len(X) > MOST_ROWS:
        keep = np.random.default_rng(0).choice(len(X), MOST_ROWS, replace=False)
        X, y = X[keep], y[keep]
    X = SimpleImputer(strategy="median").fit_transform(X)
    split = partial(train_test_split, random_state=0)
    X, X_test, y, y_test = split(X, y, test_size=0.2, stratify=y if task == "classification" else None)
    X, X_val, y, y_val = split(X, y, test_size=0.25, stratify=y if task == "classification" else None)
    rows = []
    for family, model in families(task).items():
        fit, model = cpu_seconds(lambda model=model: model.fit(X, y))
        for title, how in (("reduced error", by_own_rows), ("cost-complexity, held-out score", by_validation)):
            seconds, small = cpu_seconds(lambda how=how, model=model: how(model, X, y, X_val, y_val))
            scores = [float(m.score(X_test, y_test)) for m in (model, small)]
            rows.append(row(name, family, title, model, small, scores, (fit, seconds)))
    return rows


def isolation(name):
    """Isolation forests lose the splits that tell two rows apart: no score changes."""
    X, y, _ = data.load(name)
    fit, model = cpu_seconds(lambda: IsolationForest(random_state=0).fit(X))
    seconds, small = cpu_seconds(lambda: prune(model, MergeEqualLeaves()))
    if not np.array_equal(model.score_samples(X), small.score_samples(X)):
        raise AssertionError("merging leaves changed a score")
    scores = [float(roc_auc_score(y, -m.score_samples(X))) for m in (model, small)]
    return row(name, "isolation forest", "merge equal leaves", model, small, scores, (fit, seconds))


def large_forest(n_rows, held_out, n_trees=500):
    """A forest of 500 trees: reduced error by out-of-bag or held-out rows, time beside the fit, memory."""
    X, y = make_classification(
        2 * n_rows,
        20,
        n_informative=8,
        n_redundant=4,
        n_clusters_per_class=4,
        flip_y=0.1,
        class_sep=0.8,
        random_state=1,
    )
    X_test, y_test, X, y = X[n_rows:], y[n_rows:], X[:n_rows], y[:n_rows]
    fit, model = cpu_seconds(lambda: RandomForestClassifier(n_trees, random_state=0, n_jobs=-1).fit(X, y))

    def pruned():
        adapter = find_adapter(model)
        rows = adapter.rows(X_test, y_test) if held_out else adapter.oob_rows(X, y)
        return adapter.prune(ReducedError().plan(adapter.forest, rows))

    by_own_rows(
        RandomForestClassifier(50, random_state=0).fit(X[:500], y[:500]), X[:500], y[:500], None, None
    )  # compiles
    seconds, small = cpu_seconds(pruned)
    tracemalloc.start()
    again = pruned()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    states = [tree.tree_.__getstate__() for tree in model.estimators_]
    own = sum(state["nodes"].nbytes + state["values"].nbytes for state in states)
    if size(again) != size(small):
        raise AssertionError("pruned twice, two sizes")
    return {
        "rows": n_rows, "trees": n_trees, "judged by": "held-out rows" if held_out else "out-of-bag rows",
        "nodes": size(model)[0], "nodes pruned": size(small)[0], "fit CPU s": fit, "prune CPU s": seconds,
        "share of fit": seconds / fit, "model MB": own / 1e6, "peak MB beside it": peak / 1e6,
        "leaf ids of all trees would be MB": 4 * n_rows * n_trees / 1e6,
        "score": float(model.score(X_test, y_test)) if not held_out else float("nan"),
        "score pruned": float(small.score(X_test, y_test)) if not held_out else float("nan"),
    }  # fmt: skip


def tables(names, anomalies):
    """Every family on every table."""
    with threadpool_limits(1):  # CPU seconds of threads that wait for one another say nothing
        rows = [row for name in names for row in on_real_data(name)]
    report(
        "ensembles_on_real_data",
        "Ensembles, pruned, on real tables",
        rows + [isolation(name) for name in anomalies],
        "Scores on rows that neither grew nor pruned the model: accuracy or R2; ROC AUC of isolation forests on all "
        "rows. Reduced error is judged by out-of-bag rows (Brier score or squared error) where a family has them, "
        "otherwise by held-out rows. kB: the pickled model.",
        module="ensembles",
    )


def forests():
    """Large forests, the table written anew after each."""
    rows = []
    for n_rows, held_out in ((20_000, False), (100_000, True)):
        rows.append(large_forest(n_rows, held_out))
        report(
            "ensembles",
            "Large forests pruned by reduced error",
            rows,
            "Peak memory is what Python and NumPy allocate while reading, judging, grafting and writing, beside the "
            "model's own arrays; leaf ids are held for one tree at a time.",
        )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of tables")
    parser.add_argument("--only", choices=["tables", "forests"], help="one half of the benchmark")
    options = parser.parse_args(arguments)
    if options.data:
        os.environ["TREEPRUNE_DATA"] = options.data
    if options.only != "forests":
        tables(CLASSIFICATION + REGRESSION, ANOMALY)
    if options.only != "tables":
        forests()


if __name__ == "__main__":
    main()
