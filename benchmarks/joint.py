"""Joint pruning of forests: what a path costs, what confining leaves to probabilities costs, and what links give.

``python -m benchmarks.joint --data FOLDER`` takes some minutes on one thread; without ``--data``, digits and generated
problems only. ``--only path`` (or constraint, links) makes one table.
"""

import argparse
import os
from copy import copy
from functools import partial

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from benchmarks.common import cpu_seconds, report
from benchmarks.data import load
from datasets.generators import noisy_classes, noisy_friedman
from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.links import best_temperature, linked, unlinked
from treeprune.methods import JointPruning, TreeSelection

N_ALPHAS, N_ROWS, N_RUNS = 25, 15_000, 5
REGS = (10.0, 30.0, 100.0)
TREES = (3, 5, 10, 20, 100)
MOST_ROWS = 12_000


def path_table():
    rows = []
    for name, (X, y), cls in (
        ("friedman1", noisy_friedman(), RandomForestRegressor),
        ("make_classification", noisy_classes(), RandomForestClassifier),
    ):
        X, y = X[:N_ROWS], y[:N_ROWS]
        forest = cls(100, max_features=1 / 3, random_state=0).fit(X, y)
        prune(forest, JointPruning(alpha=1.0), X[:500], y[:500])  # compiles the kernels
        alphas = np.geomspace(1e-6, 1e-3, N_ALPHAS) * 0.5 * np.var(y)
        runs = [cpu_seconds(partial(sizes_along, forest, alphas, X, y)) for _ in range(N_RUNS)]
        seconds, sizes = min(runs)
        rows.append({"problem": name, "nodes": find_adapter(forest).forest.n_nodes})
        rows[-1] |= {"first": sizes[0], "last": sizes[-1], "CPU s": seconds, "most": max(runs)[0]}
    report("joint_path", "A path of joint pruning over 25 alphas, 15,000 rows and 100 trees", rows, PATH, "joint")


def sizes_along(forest, alphas, X, y):
    adapter = find_adapter(forest)
    _, steps = JointPruning().prunings(adapter.forest, adapter.rows(X, y), alphas)
    return [pruning.n_nodes for _, pruning in steps]


class Problem:
    """A classification problem: rows to grow and prune by, to choose by, and to test by."""

    def __init__(self, name):
        if name == "digits":
            X, y = load_digits(return_X_y=True)
        else:
            X, y = noisy_classes() if name == "make_classification" else load(name)[:2]
        rows = np.random.default_rng(0).permutation(len(y))[:MOST_ROWS]
        X, y = np.nan_to_num(X[rows], nan=-999.0), y[rows]
        X, self.X_test, y, self.y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
        self.X, self.X_judge, self.y, self.y_judge = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
        self.name, self.forest = name, RandomForestClassifier(100, random_state=0).fit(self.X, self.y)
        self.nodes = find_adapter(self.forest).forest.n_nodes

    def judged(self, model):
        """Size, and scores on the test rows."""
        p = model.predict_proba(self.X_test)
        kept = find_adapter(model).forest if not hasattr(model, "calibrated_classifiers_") else None
        size = {} if kept is None else {"trees": kept.n_trees, "nodes": kept.n_nodes}
        return size | {
            "accuracy": float((p.argmax(axis=1) == self.y_test).mean()),
            "Brier": brier(p, self.y_test),
            "log-loss": float(log_loss(self.y_test, p)),
        }

    def best(self, forest, share, **params):
        """Pruned with the penalty that has the least Brier score on the rows to choose by."""
        methods = [JointPruning(max_nodes=self.nodes // share, reg=reg, **params) for reg in REGS]
        found = [prune(forest, method, self.X, self.y) for method in methods]
        return min(found, key=lambda model: brier(model.predict_proba(self.X_judge), self.y_judge))


def brier(p, y):
    return float(((p - np.eye(p.shape[1])[y]) ** 2).sum(axis=1).mean())


def constraint_table(names):
    rows = []
    for name in names:
        problem = Problem(name)
        rows.append({"problem": name, "share": "1", "what": "full forest"} | problem.judged(problem.forest))
        for share in (5, 10):
            head = {"problem": name, "share": f"1/{share}"}
            rows.append(head | {"what": "free leaves, link"} | problem.judged(problem.best(problem.forest, share)))
            for n_trees in TREES:
                few = prune(problem.forest, TreeSelection(n_trees), problem.X_judge, problem.y_judge)
                small = problem.best(few, share, constraint="leaf")
                rows.append(head | {"what": f"leaves confined, {n_trees} trees"} | problem.judged(small))
        report("joint_constraint", 'What constraint="leaf" costs', rows, CONSTRAINT, "joint")


def link_table(names):
    rows = []
    for name in names:
        problem = Problem(name)
        rows.append({"problem": name, "what": "full forest"} | problem.judged(problem.forest))
        small = problem.best(problem.forest, 10)
        temperature = best_temperature(unlinked(small).predict_proba(problem.X_judge), problem.y_judge)
        stock = CalibratedClassifierCV(FrozenEstimator(unlinked(small)), method="sigmoid")
        models = {
            "simplex": small,
            f"softmax, temperature {temperature:.3f}": linked(copy(small), "softmax", temperature),
            "plain: sigmoid calibration": stock.fit(problem.X_judge, problem.y_judge),
        }
        rows += [{"problem": name, "what": what} | problem.judged(model) for what, model in models.items()]
        report("joint_links", "Links of forests pruned jointly to a tenth of their nodes", rows, LINKS, "joint")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the real tables")
    parser.add_argument("--only", choices=["path", "constraint", "links"])
    args = parser.parse_args()
    if args.data:
        os.environ["TREEPRUNE_DATA"] = args.data
    real = ["letter"] if args.data else []
    tables = {
        "path": path_table,
        "constraint": lambda: constraint_table(["digits", *real]),
        "links": lambda: link_table(["make_classification", "digits", *real, *(["adult"] if args.data else [])]),
    }
    for name, table in tables.items():
        if args.only in (None, name):
            table()


PATH = """
CPU seconds, the least and the most of five runs, hold the routing of the rows, too. First and last: nodes at the least
and the greatest alpha.
"""
CONSTRAINT = """
Shares are of the nodes of the full forest of 100 trees; penalties (10, 30, 100) chosen by the Brier score of held-out
rows. The trees to confine are the first of the greedy order; all of them stay.
"""
LINKS = """
Temperature and sigmoid are fitted on held-out rows. "plain" is stock scikit-learn: `CalibratedClassifierCV` over the
frozen forest without its link. Each pruned forest uses the whole tenth, though adult does better with fewer nodes.
"""

if __name__ == "__main__":
    main()
