"""How small can a forest become, and would training anew have done better?

``python -m benchmarks.compress --data FOLDER`` takes hours on all sets; ``--quick`` takes one seed and 6,000 rows of
each, ``--sets a,b`` some sets. A quarter of the rows is for the test and touched by no choice; a quarter of the rest
judges strengths, penalties, orders and sizes; what was chosen is then done again on all of the rest.
"""

import argparse
import os
from collections.abc import Callable
from itertools import islice

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_digits
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.model_selection import train_test_split

from benchmarks.common import cpu_seconds, report
from benchmarks.data import load
from datasets.generators import noisy_classes, noisy_friedman
from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.compression import Scorer
from treeprune.methods import DepthPruning, JointPruning, ReducedError, TreeSelection

GENERATED = {"make_classification": noisy_classes, "friedman1": noisy_friedman}
REAL = ("concrete", "abalone", "bike_sharing_hour", "california_housing", "diamonds", "adult", "letter", "spambase")
SHARES = {"1/5": 5, "1/10": 10, "1/50": 50, "1/200": 200}
REGS = {JointPruning: (10.0, 30.0, 100.0, 300.0), DepthPruning: (30.0, 300.0)}
BOOSTED_REGS = (3.0, 30.0, 100.0)


def problem(name, seed, most_rows):
    if name == "digits":
        X, y = load_digits(return_X_y=True)
    else:
        X, y = GENERATED[name]() if name in GENERATED else load(name)[:2]
    rows = np.random.default_rng(seed).permutation(len(y))[:most_rows]
    X, y = np.nan_to_num(X[rows], nan=-999.0).astype(np.float32), y[rows]
    stratify = y if y.dtype.kind in "iub" else None
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, stratify=stratify, random_state=seed)
    stratify = y if y.dtype.kind in "iub" else None
    use, judge = train_test_split(np.arange(len(y)), test_size=0.25, stratify=stratify, random_state=seed)
    return X, y, X_test, y_test, use, judge


def forest_for(name, y, seed):
    if y.dtype.kind == "f":
        return RandomForestRegressor(100, max_features=1 / 3, random_state=seed)
    return RandomForestClassifier(200 if name == "digits" else 100, random_state=seed)


def boosting_for(y, seed, rounds=None, leaves=31):
    rounds = rounds or (300 if y.dtype.kind == "f" or len(np.unique(y)) == 2 else 30)
    cls = HistGradientBoostingRegressor if y.dtype.kind == "f" else HistGradientBoostingClassifier
    return cls(max_iter=rounds, max_leaf_nodes=leaves, early_stopping=False, random_state=seed)


def n_nodes(model):
    return find_adapter(model).forest.n_nodes


class Contest:
    """One problem: everything that is tried on it, at every size."""

    def __init__(self, name, seed, most_rows):
        self.X, self.y, self.X_test, self.y_test, use, judge = problem(name, seed, most_rows)
        self.use, self.judge = (self.X[use], self.y[use]), (self.X[judge], self.y[judge])
        self.model = forest_for(name, self.y, seed).fit(self.X, self.y)
        self.grown = clone(self.model).fit(*self.use)
        self.whole, self.seed = n_nodes(self.model), seed

    def pruned(self, cls, model, grown, regs) -> Callable[[int], object]:
        """By budget: a descent method whose penalty was chosen on held-out rows."""
        adapter = find_adapter(grown)
        held_out, tried = adapter.rows(*self.judge), []
        scorer, rows = Scorer(adapter.forest, held_out), adapter.rows(*self.use)
        for reg in regs:
            additive, steps = cls(reg=reg).prunings(adapter.forest, rows)
            base = additive.base(held_out)
            for _, pruning in steps:
                if len(pruning.leaf) == 0:
                    break
                loss, _ = scorer.of_score(additive.score(pruning, held_out, base))
                tried.append((pruning.n_nodes, loss, reg))

        def at(budget):
            size, _, reg = min((t for t in tried if t[0] <= budget), key=lambda t: t[1])
            limit = budget if size > 0.6 * budget else int(1.3 * size)  # on a third more rows, a third more nodes
            return prune(model, cls(reg=reg, max_nodes=min(limit, budget)), self.X, self.y)

        return at

    def selected(self, budget):
        """The longest greedy order of trees that the budget allows."""
        per_tree = self.whole / len(self.model.estimators_)
        chosen = TreeSelection(max(int(budget / per_tree), 1))
        drop = chosen.plan(find_adapter(self.grown).forest, find_adapter(self.grown).rows(*self.judge)).drop_tree
        kept = prune(self.model, "cost_complexity")
        kept.estimators_ = [tree for tree, gone in zip(self.model.estimators_, drop, strict=True) if not gone]
        kept.n_estimators = len(kept.estimators_)
        return kept

    def boosted_anew(self) -> Callable[[int], object]:
        """By budget: boosting of that many nodes, its leaves and rounds chosen on held-out rows."""
        per_round = 1 if self.y.dtype.kind == "f" or len(np.unique(self.y)) == 2 else len(np.unique(self.y))
        tried = []
        for leaves in (8, 16, 31):
            rounds = int(np.clip(self.whole // 5 // (per_round * (2 * leaves - 1)), 1, 400 if per_round == 1 else 100))
            model = boosting_for(self.y, self.seed, rounds, leaves).fit(*self.use)
            staged = model.staged_predict_proba if is_classifier(model) else model.staged_predict
            sizes = np.cumsum([sum(len(tree.nodes) for tree in stage) for stage in model._predictors])
            for stage, (size, found) in enumerate(zip(sizes, islice(staged(self.judge[0]), rounds), strict=True), 1):
                tried.append((size, per_row(found, self.judge[1]).mean(), leaves, stage))

        def at(budget):
            allowed = [t for t in tried if t[0] <= budget] or [min(tried)]
            _, _, leaves, stage = min(allowed, key=lambda t: t[1])
            return boosting_for(self.y, self.seed, stage, leaves).fit(self.X, self.y)

        return at

    def judged(self, model, loss_of_full=None):
        """Score, Brier score and, beside the full forest, the paired difference in standard errors."""
        found = model.predict_proba(self.X_test) if is_classifier(model) else model.predict(self.X_test)
        row = {"nodes": n_nodes(model), "score": float(model.score(self.X_test, self.y_test))}
        loss = hits(found, self.y_test) if is_classifier(model) else per_row(found, self.y_test)
        if is_classifier(model):
            row["Brier"] = float(per_row(found, self.y_test).mean())
        if loss_of_full is not None:
            difference = loss - loss_of_full
            row["worse by SE"] = float(difference.mean() / max(difference.std() / np.sqrt(len(difference)), 1e-12))
        return row, loss


def per_row(found, y):
    """Squared error or Brier score of each row."""
    if found.ndim == 1:
        return (found - y) ** 2
    return (found**2).sum(axis=1) + 1 - 2 * found[np.arange(len(y)), y.astype(int)]


def hits(found, y):
    return (found.argmax(axis=1) != y).astype(float)


def contest(name, seed, most_rows):
    c = Contest(name, seed, most_rows)
    head = {"set": name, "seed": seed}
    row, full = c.judged(c.model)
    rows = [head | {"share": "1", "what": "full forest"} | row]
    joint_seconds, joint = cpu_seconds(lambda: c.pruned(JointPruning, c.model, c.grown, REGS[JointPruning]))
    boosting = boosting_for(c.y, seed).fit(c.X, c.y), boosting_for(c.y, seed).fit(*c.use)
    contenders = {
        "joint": joint,
        "depth": c.pruned(DepthPruning, c.model, c.grown, REGS[DepthPruning]),
        "tree selection": c.selected,
        "fewer trees": lambda budget: fewer_trees(c, budget),
        "boosting anew": c.boosted_anew(),
        "joint, of boosting": c.pruned(JointPruning, *boosting, BOOSTED_REGS),
    }
    adapter = find_adapter(c.model)
    oob = adapter.prune(ReducedError(loss="error").plan(adapter.forest, adapter.oob_rows(c.X, c.y)))
    rows.append(head | {"share": "", "what": "each tree, out of bag"} | c.judged(oob, full)[0])
    for share, parts in SHARES.items():
        for what, at in contenders.items():
            seconds, model = cpu_seconds(lambda at=at, parts=parts: at(c.whole // parts))
            row = head | {"share": share, "what": what} | c.judged(model, full)[0]
            rows.append(row | {"CPU s": seconds + (joint_seconds if what == "joint" else 0.0)})
    return rows


def fewer_trees(c, budget):
    count = max(int(budget / c.whole * len(c.model.estimators_)), 1)
    return clone(c.model).set_params(n_estimators=count).fit(c.X, c.y)


def mean_over_seeds(rows):
    import pandas as pd

    frame = pd.DataFrame(rows)
    keys = ["set", "share", "what"]
    return frame.groupby(keys, sort=False).mean(numeric_only=True).drop(columns="seed").reset_index().to_dict("records")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the real tables")
    parser.add_argument("--quick", action="store_true", help="one seed, at most 6,000 rows of each set")
    parser.add_argument("--sets", help="names, separated by commas")
    args = parser.parse_args()
    if args.data:
        os.environ["TREEPRUNE_DATA"] = args.data
    names = args.sets.split(",") if args.sets else (*GENERATED, "digits", *REAL)
    rows, name, command = [], *(("compress_quick", "compress --quick") if args.quick else ("compress", "compress"))
    for set_name in names:
        for seed in range(1 if args.quick else 3):
            rows += contest(set_name, seed, 6000 if args.quick else None)
        report(name, TITLE, mean_over_seeds(rows), NOTES, module=command)


TITLE = "Forests made smaller, beside models trained anew"
NOTES = """
Shares are of the full forest's nodes. Score: R squared or accuracy on test rows. "worse by SE": the mean paired
difference to the full forest on the test rows (squared errors; misclassifications) over its standard error; below 0 is
better than the full forest. "joint, of boosting" prunes 300 rounds of HistGradientBoosting (30 for more than two
classes) on its own loss. CPU seconds of "joint" hold the whole search, once for all sizes.
"""

if __name__ == "__main__":
    main()
