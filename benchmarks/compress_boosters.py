"""XGBoost's models pruned jointly, beside its own pruning and models trained anew, at the same numbers of nodes.

``python -m benchmarks.compress_boosters --data FOLDER`` takes about ten minutes on one thread; without ``--data``, the
generated problems only. A quarter of the rows is for the test and touched by no choice; a quarter of the rest chooses
among what is within a number of nodes. ``refresh,prune`` is XGBoost's ``process_type="update"``.
"""

import argparse
import os
import warnings

import numpy as np
import xgboost
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

from benchmarks.common import report
from benchmarks.data import load
from datasets.generators import XGBOOST_FRIEDMAN, noisy_classes, noisy_friedman
from treeprune import pruning_path
from treeprune.adapters import find_adapter
from treeprune.methods import JointPruning

N_ROUNDS = 300
METHODS = [
    *(JointPruning(reg=reg, shrink_to="zero") for reg in (30.0, 100.0)),
    *(JointPruning(reg=reg, shrink_to="values") for reg in (100.0, 300.0, 1000.0, 3000.0)),
]
GAMMAS = (1.0, 2.0, 4.0, 6.0, 9.0, 14.0, 20.0)
SHARES = (2, 4, 8, 16, 32, 64)
DEPTHS, STAGES = (3, 4, 6, 8), 20
MOST_ROWS = 20_000


class Contest:
    """One problem: a booster of 300 rounds, and everything that is tried beside it."""

    def __init__(self, name):
        X, y = {"friedman1": noisy_friedman, "make_classification": noisy_classes}.get(name, lambda: load(name)[:2])()
        rows = np.random.default_rng(0).permutation(len(y))[:MOST_ROWS]
        X, y = X[rows].astype(np.float32), y[rows]
        self.classes = None if y.dtype.kind == "f" else y
        X, self.X_test, y, self.y_test = train_test_split(X, y, test_size=0.25, stratify=self.classes, random_state=0)
        X, self.X_judge, y, self.y_judge = train_test_split(
            X, y, test_size=0.25, stratify=None if self.classes is None else y, random_state=0
        )
        self.name, self.X, self.y, self.matrix = name, X, y, xgboost.DMatrix(X, y)
        objective = "reg:squarederror" if self.classes is None else "binary:logistic"
        self.params = XGBOOST_FRIEDMAN | {"objective": objective, "nthread": 1}

    def judged(self, what, booster, nodes=None):
        """Losses of half the rows each: squared error or log-loss."""
        loss, score = (mean_squared_error, r2_score) if self.classes is None else (log_loss, accuracy_score)
        judge, test = (booster.predict(xgboost.DMatrix(X)) for X in (self.X_judge, self.X_test))
        return {
            "problem": self.name,
            "what": what,
            "nodes": find_adapter(booster).forest.n_nodes if nodes is None else nodes,
            "loss, held out": float(loss(self.y_judge, judge)),
            "loss, test": float(loss(self.y_test, test)),
            "score, test": float(score(self.y_test, test if self.classes is None else test > 0.5)),
        }

    def refreshed(self, booster):
        """XGBoost's own pruning, at several gammas."""
        update = {"process_type": "update", "updater": "refresh,prune", "refresh_leaf": True}
        params = {name: value for name, value in self.params.items() if name != "tree_method"} | update
        scale = 1.0 if self.classes is not None else float(np.var(self.y))
        for gamma in GAMMAS:
            small = xgboost.train(params | {"gamma": gamma * scale}, self.matrix, N_ROUNDS, xgb_model=booster)
            yield self.judged(f"refresh,prune, gamma={gamma * scale:.3g}", small)

    def joint(self, booster):
        """Steps of the paths of several penalties, from one to the next a seventh smaller."""
        for method in METHODS:
            path, last = pruning_path(booster, method, self.X, self.y), np.inf
            for step, size in enumerate(path.n_leaves):
                if size < 0.85 * last:
                    last = size
                    yield self.judged(f"joint, reg={method.reg:g} to {method.shrink_to}", path.prune(step=step))

    def anew(self):
        """XGBoost itself, at several depths, stopped early."""
        for depth in DEPTHS:
            booster = xgboost.train(self.params | {"max_depth": depth}, self.matrix, N_ROUNDS)
            sizes = np.cumsum([tree.count("\n") for tree in booster.get_dump()])
            for stage in np.unique(np.geomspace(1, N_ROUNDS, STAGES).astype(int)):
                yield self.judged(f"anew, depth={depth}, rounds={stage}", booster[:stage], int(sizes[stage - 1]))


def contest(name):
    c = Contest(name)
    booster = xgboost.train(c.params, c.matrix, N_ROUNDS)
    full = c.judged("full", booster)
    refreshed, joint, anew = list(c.refreshed(booster)), list(c.joint(booster)), list(c.anew())
    rows = [full]
    for theirs in refreshed:
        rows += [theirs, best(joint, theirs["nodes"], "joint"), best(anew, theirs["nodes"], "anew")]
    for share in SHARES:
        budget = full["nodes"] // share
        rows += [best(joint, budget, f"joint, at most 1/{share}"), best(anew, budget, f"anew, at most 1/{share}")]
    return rows


def best(candidates, nodes, what):
    """Of those with at most so many nodes, the one with the least loss on held-out rows."""
    allowed = [row for row in candidates if row["nodes"] <= nodes] or [min(candidates, key=lambda row: row["nodes"])]
    found = min(allowed, key=lambda row: row["loss, held out"])
    return found | {"what": f"{what} ({found['what'].partition(', ')[2]})"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the real tables")
    parser.add_argument("--problems", help="names, separated by commas")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*updater.*")
    if args.data:
        os.environ["TREEPRUNE_DATA"] = args.data
    names = ["make_classification", "friedman1", *(["adult", "spambase"] if args.data else [])]
    rows = []
    for name in args.problems.split(",") if args.problems else names:
        rows += contest(name)
        report("compress_boosters", "XGBoost's models made smaller", rows, NOTES)


NOTES = """
Loss: squared error or log-loss; score: R squared or accuracy. The full model has 300 rounds of depth 8 at a learning
rate of 0.1. Below each result of refresh,prune stand joint pruning and XGBoost trained anew (depths 3 to 8, up to 300
rounds) with at most as many nodes, then both by share of the full model's nodes; penalty, depth and rounds are those
with the least loss on held-out rows.
"""

if __name__ == "__main__":
    main()
