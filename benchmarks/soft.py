"""Do pruning and shrinking add up? ``python -m benchmarks.soft`` takes half a minute.

20,000 rows of Friedman's first problem with noise of variance 1: 60 % grow a full regression tree, 20 % choose the
strengths, 20 % give the score. Shrinking alone, pruning alone, and both: pruned first, then shrunk.
"""

import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeRegressor

from benchmarks.common import report
from treeprune import prune, pruning_path
from treeprune.methods import HierarchicalShrinkage

REGS = (0, 1, 3, 10, 20, 30, 50, 100)


def best(models, X, y):
    return max(models, key=lambda model: model.score(X, y))


def one_se(model, X, y):
    """Standard error of the R2 of a model."""
    return ((y - model.predict(X)) ** 2).std() / np.sqrt(len(y)) / y.var()


def main():
    X, y = make_friedman1(20_000, noise=1.0, random_state=0)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.25, random_state=0)
    tree = DecisionTreeRegressor(random_state=0).fit(X, y)
    shrunk = best([prune(tree, HierarchicalShrinkage(reg)) for reg in REGS], X_val, y_val)
    path = pruning_path(tree)
    sizes = np.unique(np.geomspace(50, tree.get_n_leaves() // 4, 25).astype(int))
    pruned = [path.prune(n_leaves=n) for n in sizes]
    both = [best([prune(small, HierarchicalShrinkage(reg)) for reg in REGS], X_val, y_val) for small in pruned]
    enough = shrunk.score(X_val, y_val) - one_se(shrunk, X_val, y_val)
    models = {
        "unpruned": tree,
        "shrunk": shrunk,
        "pruned": best(pruned, X_val, y_val),
        "pruned, then shrunk": best(both, X_val, y_val),
        "the smallest such within one standard error on the validation rows": next(
            model for model in both if model.score(X_val, y_val) >= enough
        ),
    }
    rows = [
        {"model": name, "leaves": int(model.get_n_leaves()), "R2": float(model.score(X_test, y_test))}
        for name, model in models.items()
    ]
    report(
        "soft",
        "Pruning and shrinking",
        rows,
        f"One standard error of the R2 of the shrunk tree: {one_se(shrunk, X_test, y_test):.4f}.",
    )


if __name__ == "__main__":
    main()
