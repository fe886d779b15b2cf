"""Size of compact files of every family, and time to save and load them, beside joblib's and the libraries' own files.

``python -m benchmarks.compact`` takes about two minutes, on one thread.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import xgboost
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from benchmarks.common import cpu_seconds, report
from treeprune import load_compact, prune, save_compact
from treeprune.adapters import find_adapter
from treeprune.methods import JointPruning

N_ROWS, REPEATS = 5_000, 3


def models():
    """Name and fitted model, one by one."""
    X, y = make_classification(N_ROWS, 20, n_informative=8, flip_y=0.1, random_state=0)
    Z, z = make_friedman1(N_ROWS, n_features=10, noise=1.0, random_state=0)
    X, Z = X.astype(np.float32), Z.astype(np.float32)
    forest = RandomForestClassifier(100, random_state=0).fit(X, y)
    yield "RandomForestClassifier, 100 trees", forest
    yield "the same, pruned jointly to a tenth", prune(forest, JointPruning(fraction=0.1), X, y)
    yield "RandomForestRegressor, 100 trees", RandomForestRegressor(100, random_state=0).fit(Z, z)
    yield "ExtraTreesClassifier, 100 trees", ExtraTreesClassifier(100, random_state=0).fit(X, y)
    yield "BaggingClassifier, 50 trees", BaggingClassifier(n_estimators=50, random_state=0).fit(X, y)
    boosted = AdaBoostClassifier(DecisionTreeClassifier(max_depth=8), n_estimators=100, random_state=0)
    yield "AdaBoostClassifier, 100 trees of depth 8", boosted.fit(X, y)
    yield (
        "GradientBoostingClassifier, 100 trees of depth 6",
        GradientBoostingClassifier(max_depth=6, random_state=0).fit(X, y),
    )
    yield (
        "HistGradientBoostingClassifier, 300 trees",
        HistGradientBoostingClassifier(max_iter=300, early_stopping=False, random_state=0).fit(X, y),
    )
    yield "IsolationForest, 100 trees", IsolationForest(random_state=0).fit(X)
    params = {"max_depth": 6, "nthread": 1, "objective": "binary:logistic"}
    yield "XGBoost Booster, 300 trees", xgboost.train(params, xgboost.DMatrix(X, y), 300)
    yield (
        "XGBRegressor, 300 trees of depth 8",
        xgboost.XGBRegressor(n_estimators=300, max_depth=8, n_jobs=1).fit(Z, z),
    )
    params = {"objective": "binary", "num_threads": 1, "verbose": -1}
    yield "LightGBM Booster, 300 trees", lightgbm.train(params, lightgbm.Dataset(X, y), 300)
    yield "LGBMRegressor, 300 trees", lightgbm.LGBMRegressor(n_estimators=300, n_jobs=1, verbose=-1).fit(Z, z)


def measured(save: Callable, load: Callable) -> tuple[float, float]:
    """CPU seconds of saving, and of loading: the least of some calls."""
    return cpu_seconds(save)[0], min(cpu_seconds(load)[0] for _ in range(REPEATS))


def native_size(model) -> int | None:
    """Bytes of the library's own file; None where it has none."""
    model = model.get_booster() if hasattr(model, "get_booster") else getattr(model, "booster_", model)
    if hasattr(model, "save_raw"):
        return len(model.save_raw("ubj"))
    return len(model.model_to_string(num_iteration=-1)) if hasattr(model, "model_to_string") else None


def row(name: str, model, path: Path) -> dict:
    n_nodes = find_adapter(model).forest.n_nodes
    size, seconds = {}, {}
    for level in ("predict", "full"):
        seconds[level] = measured(lambda level=level: save_compact(model, path, level), lambda: load_compact(path))
        size[level] = path.stat().st_size
    for compress in (0, 3):
        seconds[compress] = measured(lambda c=compress: joblib.dump(model, path, compress=c), lambda: joblib.load(path))
        size[compress] = path.stat().st_size
    native = native_size(model)
    return {
        "model": name,
        "nodes": n_nodes,
        "predict, bytes per node": size["predict"] / n_nodes,
        "full": size["full"] / n_nodes,
        "joblib": size[0] / n_nodes,
        "joblib, compress=3": size[3] / n_nodes,
        "own file": np.nan if native is None else native / n_nodes,
        "load predict / load joblib": seconds["predict"][1] / seconds[0][1],
        "load full": seconds["full"][1] / seconds[0][1],
        "load predict / load compressed joblib": seconds["predict"][1] / seconds[3][1],
        "save predict / save compressed joblib": seconds["predict"][0] / seconds[3][0],
        "load predict, CPU s": seconds["predict"][1],
        "save predict, CPU s": seconds["predict"][0],
    }


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        row("loads the kernels", DecisionTreeClassifier().fit([[0], [1]], [0, 1]), Path(folder) / "model")
        for name, model in models():
            rows.append(row(name, model, Path(folder) / "model"))
            report(
                "compact",
                "Compact files beside pickles and the libraries' own files",
                rows,
                "Sizes in bytes per node; times in CPU seconds as ratios (loading: least of three). A file of level "
                "`predict` gives the same predictions and leaf ids bit for bit, one of level `full` all arrays. "
                "Own file: UBJSON of XGBoost, text of LightGBM.",
            )


if __name__ == "__main__":
    main()
