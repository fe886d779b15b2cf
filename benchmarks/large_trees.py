"""How long does each method take to prune a tree of 200,000 nodes?

``python -m benchmarks.large_trees`` takes about a minute, most of it growing the trees.
"""

from sklearn.datasets import make_classification, make_friedman1
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from benchmarks.common import report, seconds
from treeprune import prune
from treeprune.methods import (
    CostComplexity,
    CriticalValue,
    ErrorBased,
    MaxDepth,
    MergeEqualLeaves,
    MinImpurityDecrease,
    MinimumDescriptionLength,
    MinimumError,
    MinSamples,
    OptimalSubtree,
    PessimisticError,
    ReducedError,
    Significance,
)

METHODS = [
    CostComplexity(alpha=1e-5), CriticalValue(1e-3), ErrorBased(raising=False), ErrorBased(), MaxDepth(12),
    MergeEqualLeaves(), MinimumDescriptionLength(), MinimumError(m=2), MinImpurityDecrease(1e-5), MinSamples(leaf=5),
    OptimalSubtree(n_leaves=100), OptimalSubtree(n_leaves=500), PessimisticError(), ReducedError(), Significance(),
]  # fmt: skip


def trees():
    """Fully grown trees of about 200,000 nodes, with their rows."""
    X, y = make_friedman1(100_000, n_features=10, noise=1.0, random_state=0)
    yield "regression", DecisionTreeRegressor(random_state=0).fit(X, y), X, y
    X, y = make_classification(300_000, 10, n_informative=5, flip_y=0.6, random_state=0)
    yield "classification", DecisionTreeClassifier(random_state=0, max_features=3).fit(X, y), X, y


def main():
    rows = []
    for task, tree, X, y in trees():
        for method in METHODS:
            if not method.takes(task):
                continue
            judge = (X, y) if method.needs_rows or method.needs_training_rows else ()
            prune(tree, method, *judge)  # compiles
            taken, small = seconds(lambda t=tree, m=method, j=judge: prune(t, m, *j), repeat=3)
            row = {"tree": task, "nodes": tree.tree_.node_count, "rows routed": len(judge[0]) if judge else 0}
            rows.append(row | {"method": str(method), "s": taken, "nodes after": small.tree_.node_count})
    report(
        "large_trees",
        "Pruning a large tree, by every hard method",
        rows,
        "From fitted model to fitted model, the least of three runs, compilation aside; routing rows included.",
    )


if __name__ == "__main__":
    main()
