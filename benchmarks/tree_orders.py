"""CPU seconds of every order of the trees of a forest, beside the definitions written out in plain NumPy.

``python -m benchmarks.tree_orders`` takes about a minute, on one thread. No maintained package orders the trees of a
fitted scikit-learn forest (PyPruning is not on PyPI), hence the twins below.
"""

import itertools
from collections.abc import Callable
from copy import copy

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import lars_path
from threadpoolctl import threadpool_limits

from benchmarks.common import cpu_seconds, report
from treeprune.adapters import find_adapter
from treeprune.methods import TreeSelection
from treeprune.methods.tree_selection import ORDERS

N_TREES, N_TWIN, N_ROWS = 500, 50, 20_000


def greedy(n_trees: int, cost: Callable[[list[int], int], float]) -> list[int]:
    """Each tree next of the least cost beside those chosen; ties go to the first."""
    chosen: list[int] = []
    while len(chosen) < n_trees:
        waiting = [tree for tree in range(n_trees) if tree not in chosen]
        chosen.append(min(waiting, key=lambda tree: cost(chosen, tree)))
    return chosen


class _Twin:
    """The orders as their papers state them, tree by tree. `p`: probability of class 1, shape (n_trees, n_rows)."""

    def __init__(self, p: NDArray, y: NDArray):
        self.p, self.y, self.n = p, y, len(p)
        self.votes = (p > 0.5).astype(np.int64)
        self.signature = np.where(self.votes == y, 1.0, -1.0)

    def vote(self, trees):
        return (2 * self.votes[trees].sum(axis=0) > len(trees)).astype(np.int64)

    def individual_error(self):
        return np.argsort([((p - self.y) ** 2).sum() for p in self.p], kind="stable")

    def reduced_error(self):
        return greedy(self.n, lambda chosen, t: ((self.p[[*chosen, t]].mean(axis=0) - self.y) ** 2).sum())

    def complementariness(self):
        def cost(chosen, tree):
            wrong = self.vote(chosen) != self.y if chosen else np.ones(len(self.y), bool)
            return -((self.votes[tree] == self.y) & wrong).sum()

        return greedy(self.n, cost)

    def margin_distance(self):
        def cost(chosen, tree):
            return ((0.075 - self.signature[[*chosen, tree]].sum(axis=0) / self.n) ** 2).sum()

        return greedy(self.n, cost)

    def orientation(self):
        mean = self.signature.mean(axis=0)
        reference = 1.0 - mean * mean.sum() / (mean @ mean)
        return np.argsort([-(row @ reference) for row in self.signature], kind="stable")

    def diversity(self):
        def kappa(pair):
            a, b = self.votes[list(pair)]
            chance = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
            return ((a == b).mean() - chance) / (1 - chance)

        pairs = sorted(itertools.combinations(range(self.n), 2), key=kappa)
        return list(dict.fromkeys(itertools.chain.from_iterable(pairs)))

    def drep(self):
        def cost(chosen, tree):
            return (self.vote([*chosen, tree]) != self.y).sum()

        chosen = [min(range(self.n), key=lambda tree: cost([], tree))]
        while len(chosen) < self.n:
            waiting, now = [t for t in range(self.n) if t not in chosen], self.vote(chosen)
            waiting.sort(key=lambda t: (self.votes[t] == now).sum())
            kept = sorted(waiting[: max(int(np.ceil(0.4 * len(waiting))), 1)])
            chosen.append(min(kept, key=lambda t: cost(chosen, t)))
        return chosen

    def lasso(self):
        center = self.y.mean()
        entered = lars_path((self.p - center).T, self.y - center, method="lasso", positive=True)[1]
        return [*entered, *(tree for tree in range(self.n) if tree not in set(entered))]


def ours(order: str, forest: RandomForestClassifier, X: NDArray, y: NDArray) -> Callable[[], NDArray]:
    """A call of the order alone: what the trees say of the rows is known."""
    method, adapter = TreeSelection(order=order), find_adapter(forest)
    rows = adapter.rows(X, y)
    additive, predictions = method._start(adapter.forest, rows)
    return lambda: method._order(additive, predictions, rows)


def main():
    X, y = make_classification(2 * N_ROWS, 20, n_informative=8, flip_y=0.1, random_state=0)
    forest = RandomForestClassifier(N_TREES, max_samples=0.1, random_state=0).fit(X[:N_ROWS], y[:N_ROWS])
    X, y = X[N_ROWS:], y[N_ROWS:]
    few = copy(forest)
    few.estimators_, few.n_estimators = forest.estimators_[:N_TWIN], N_TWIN
    twin = _Twin(np.stack([tree.predict_proba(X)[:, 1] for tree in few.estimators_]), y)
    rows = []
    with threadpool_limits(1):
        for order in ORDERS:
            many, call = ours(order, forest, X, y), ours(order, few, X, y)
            seconds = min(cpu_seconds(many)[0] for _ in range(3))
            own, found = min((cpu_seconds(call) for _ in range(3)), key=lambda timed: timed[0])
            other, expected = cpu_seconds(getattr(twin, order))
            rows.append(
                {
                    "order": order,
                    f"{N_TREES} trees, CPU s": seconds,
                    f"{N_TWIN} trees, CPU s": own,
                    f"NumPy twin, {N_TWIN} trees, CPU s": other,
                    "twin / ours": other / own,
                    "same trees among the first ten": len({*found[:10]} & {*expected[:10]}),
                }
            )
            total = sum(row[f"{N_TREES} trees, CPU s"] for row in rows)
            report(
                "tree_orders",
                f"Orders of the trees of a random forest, on {N_ROWS:,} rows",
                rows,
                f"One thread, least of three. Counted is the order alone, from what each tree says of each row: "
                f"routing {N_ROWS:,} rows through {N_TREES} trees takes several times as long and is the same for all. "
                f"All orders of {N_TREES} trees together: {total:.3g} CPU s. Rounding may break ties another way.",
            )


if __name__ == "__main__":
    main()
