"""How fast is cost-complexity pruning of one fitted tree, beside scikit-learn's?

``python -m benchmarks.pruning`` takes some minutes, nearly all of them scikit-learn's.
"""

import argparse
from time import perf_counter

import numpy as np
from sklearn.datasets import make_classification, make_friedman1
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.tree._tree import ccp_pruning_path

from benchmarks.common import report, seconds
from treeprune import prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.methods import CostComplexity
from treeprune.testing import same_arrays


def regression(n_rows):
    return make_friedman1(n_rows, n_features=10, noise=1.0, random_state=0)


def full_path(model):
    path = pruning_path(model)
    return path.alphas, path.n_leaves, path.impurities


def against_scikit_learn(n_rows):
    """The whole path of one regression tree, and what a refit at one alpha costs."""
    X, y = regression(n_rows)
    fit, model = seconds(lambda: DecisionTreeRegressor(random_state=0).fit(X, y))
    ours, (alphas, n_leaves, _) = seconds(lambda: full_path(model), repeat=5)
    theirs, _ = seconds(lambda: ccp_pruning_path(model.tree_))
    step = int(np.searchsorted(-n_leaves, -n_leaves[0] // 4))
    alpha = float(np.sqrt(alphas[step] * alphas[step + 1]))
    prune_time, small = seconds(lambda: prune(model, CostComplexity(alpha=alpha)), repeat=5)
    refit, refitted = seconds(lambda: DecisionTreeRegressor(random_state=0, ccp_alpha=alpha).fit(X, y))
    if not same_arrays(small, refitted):
        raise AssertionError("the pruned tree differs from scikit-learn's")
    row = {"problem": "regression", "rows": n_rows, "nodes": model.tree_.node_count, "plain fit s": fit}
    return [
        row | {"what": "whole path", "scikit-learn s": theirs, "treeprune s": ours, "ratio": theirs / ours},
        row | {"what": "fit, prune at alpha", "scikit-learn s": refit, "treeprune s": fit + prune_time}
        | {"ratio": refit / (fit + prune_time)},
    ]  # fmt: skip


def share_of_fit(n_rows=100_000):
    """prune() from the fitted model to the fitted model, beside the fit."""
    X, y = make_classification(n_rows, 20, n_informative=8, flip_y=0.1, random_state=0)
    fit, model = seconds(lambda: DecisionTreeClassifier(random_state=0).fit(X, y))
    alphas = pruning_path(model).alphas
    ours, _ = seconds(lambda: prune(model, CostComplexity(alpha=float(np.median(alphas)))), repeat=5)
    return {
        "problem": "classification", "rows": n_rows, "nodes": model.tree_.node_count, "plain fit s": fit,
        "what": "prune(model) alone, as a share of the fit", "treeprune s": ours, "ratio": ours / fit,
    }  # fmt: skip


def scaling(sizes):
    """Seconds of the path by size of the tree."""
    rows = []
    for n_rows in sizes:
        X, y = regression(n_rows)
        model = DecisionTreeRegressor(random_state=0).fit(X, y)
        ours, _ = seconds(lambda model=model: full_path(model), repeat=7)
        adapter = find_adapter(model)
        read, _ = seconds(lambda adapter=adapter: adapter._read().validate().canonical())
        rows.append({
            "problem": "regression", "rows": n_rows, "nodes": model.tree_.node_count,
            "what": f"whole path (of this, reading: {read:.3g} s)", "treeprune s": ours,
        })  # fmt: skip
    growth = (rows[-1]["treeprune s"] / rows[0]["treeprune s"]) ** (1 / np.log2(sizes[-1] / sizes[0]))
    rows.append({"what": "mean growth of the time per doubling of the nodes", "ratio": float(growth)})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small trees only")
    quick = parser.parse_args().quick
    start = perf_counter()
    full_path(DecisionTreeRegressor(max_depth=3).fit(*regression(1000)))
    compile_time = perf_counter() - start
    rows = against_scikit_learn(10_000 if quick else 100_000)
    rows.append(share_of_fit(20_000 if quick else 100_000))
    rows += scaling([25_000, 50_000] if quick else [25_000, 50_000, 100_000, 200_000, 400_000, 1_000_000])
    columns = ("what", "problem", "rows", "nodes", "plain fit s", "scikit-learn s", "treeprune s", "ratio")
    rows = [{name: row.get(name, float("nan") if name != "problem" else "") for name in columns} for row in rows]
    report(
        "pruning",
        "Cost-complexity pruning of one tree",
        rows,
        f"The least of 5 or 7 runs. The first call in a process took {compile_time:.2f} s, loading numba and, where "
        "no cache of it is found, compiling.\nPruned trees are equal to scikit-learn's refits, array by array.",
    )


if __name__ == "__main__":
    main()
