"""What it takes to read, prune and write back a boosted model, beside the library's own saving and loading.

``python -m benchmarks.boosters`` takes about a minute, on one thread.
"""

import lightgbm
import numpy as np
import xgboost
from sklearn.datasets import make_friedman1

from benchmarks.common import cpu_seconds, report
from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.methods import MinImpurityDecrease

N_TREES, N_LEAVES, REPEATS = 200, 350, 5


def grown_by_xgboost(X, y):
    params = {
        "max_depth": 0,
        "max_leaves": N_LEAVES,
        "grow_policy": "lossguide",
        "eta": 0.05,
        "min_child_weight": 1,
        "nthread": 1,
    }
    return xgboost.train(params, xgboost.DMatrix(X, y), N_TREES)


def grown_by_lightgbm(X, y):
    params = {"num_leaves": N_LEAVES, "learning_rate": 0.05, "min_data_in_leaf": 2, "verbose": -1, "num_threads": 1}
    return lightgbm.train(params, lightgbm.Dataset(X, y), N_TREES)


def xgboost_round_trip(model, form):
    saved = model.save_raw(form)
    xgboost.Booster().load_model(saved)
    return saved


def lightgbm_round_trip(model):
    saved = model.model_to_string(num_iteration=-1)
    lightgbm.Booster(model_str=saved)
    return saved


def least(function):
    """Least CPU seconds of some calls, and the last result."""
    found = [cpu_seconds(function) for _ in range(REPEATS)]
    return min(time for time, _ in found), found[-1][1]


def row(name, model, round_trip, predict):
    forest = find_adapter(model).forest
    gamma = float(np.median(forest.gain[forest.internal]))
    prune(model, MinImpurityDecrease(gamma))  # compiles the kernels
    own, saved = least(lambda: round_trip(model))
    ours, pruned = least(lambda: prune(model, MinImpurityDecrease(gamma)))
    after = find_adapter(pruned).forest.n_nodes
    n_bytes = [len(saved), len(round_trip(pruned))]
    return {
        "model": name,
        "nodes": forest.n_nodes,
        "after": after,
        "save and load, CPU s": own,
        "read, prune, write, CPU s": ours,
        "ratio": ours / own,
        "bytes": n_bytes[0],
        "bytes after": n_bytes[1],
        "nodes left": after / forest.n_nodes,
        "bytes left": n_bytes[1] / n_bytes[0],
        "largest change": float(np.abs(predict(pruned) - predict(model)).max()),
    }


def main():
    X, y = make_friedman1(6_000, n_features=10, noise=1.0, random_state=0)
    booster, other = grown_by_xgboost(X, y), grown_by_lightgbm(X, y)
    matrix = xgboost.DMatrix(X[:1000])
    rows = [
        row(f"XGBoost {form}", booster, lambda model, form=form: xgboost_round_trip(model, form), of_matrix)
        for form, of_matrix in (("ubj", lambda m: m.predict(matrix)), ("json", lambda m: m.predict(matrix)))
    ]
    rows.append(row("LightGBM text", other, lightgbm_round_trip, lambda model: model.predict(X[:1000])))
    report(
        "boosters",
        "Boosted models, pruned in place of their own class",
        rows,
        "CPU seconds, least of five. The model is pruned by MinImpurityDecrease at the median gain of its splits; "
        "reading includes saving by the library, and writing includes loading by it.",
    )


if __name__ == "__main__":
    main()
