"""How small can a forest become, and would training anew have done better?

``python -m benchmarks.compress --data FOLDER`` takes about four hours; ``--quick`` takes one seed and 6,000 rows of
each set, ``--sets a,b`` some sets. What is done is kept in ``results/compress.jsonl`` and not done again: the run can
be stopped and resumed, and several processes can share the sets. A quarter of the rows is for the test and touched by
no choice; a quarter of the rest judges strengths, penalties, starts, orders and sizes; what was chosen is then done
again on all of the rest. Prunings are tried as by ``treeprune.compress``.
"""

import argparse
import json
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

from benchmarks.common import RESULTS, cpu_seconds, report
from benchmarks.data import load
from datasets.generators import noisy_classes, noisy_friedman
from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.compression.budget import Budget
from treeprune.compression.choice import carried_out
from treeprune.compression.trial import Aim
from treeprune.compression.trials import Trials
from treeprune.methods import DepthPruning, ReducedError, TreeSelection

ANEW = "boosting anew"
N_CLASSES = {"make_classification": 2, "adult": 2, "spambase": 2, "digits": 10, "letter": 26}
GENERATED = {"make_classification": noisy_classes, "friedman1": noisy_friedman}
REAL = ("concrete", "adult", "california_housing", "abalone", "bike_sharing_hour", "diamonds", "spambase", "letter")
MOST_ROWS = 20_000
SHARES = {"1/5": 5, "1/10": 10, "1/50": 50, "1/200": 200}


def problem(name, seed, most_rows):
    if name == "digits":
        X, y = load_digits(return_X_y=True)
    else:
        X, y = GENERATED[name]() if name in GENERATED else load(name)[:2]
    rows = np.random.default_rng(seed).permutation(len(y))[:most_rows]
    X, y = np.nan_to_num(X[rows], nan=-999.0).astype(np.float32), y[rows]
    stratify = y if y.dtype.kind in "iub" else None
    return train_test_split(X, y, test_size=0.25, stratify=stratify, random_state=seed)


def forest_for(name, y, seed):
    if y.dtype.kind == "f":
        return RandomForestRegressor(100, max_features=1 / 3, random_state=seed)
    return RandomForestClassifier(200 if name == "digits" else 100, random_state=seed)


def boosting_for(y, seed, rounds=None, leaves=31):
    n_classes = 1 if y.dtype.kind == "f" else len(np.unique(y))
    rounds = rounds or (300 if n_classes <= 2 else 30 if n_classes <= 10 else 10)
    cls = HistGradientBoostingRegressor if y.dtype.kind == "f" else HistGradientBoostingClassifier
    return cls(max_iter=rounds, max_leaf_nodes=leaves, early_stopping=False, random_state=seed)


def n_nodes(model):
    return find_adapter(model).forest.n_nodes


class Contest:
    """One problem: everything that is tried on it, at every size."""

    def __init__(self, name, seed, most_rows):
        self.X, self.X_test, self.y, self.y_test = problem(name, seed, most_rows)
        self.seed, self.model = seed, forest_for(name, self.y, seed).fit(self.X, self.y)
        self.whole, self.trials = n_nodes(self.model), self.trials_of(self.model)
        self.use, self.judge, self.grown = self.trials.use[:2], self.trials.judge[:2], self.trials.grown

    def trials_of(self, model):
        """The trials of `compress`, their rows split by the seed."""
        return Trials(model, (self.X, self.y, None), None, 0.25, self.seed)

    def pruned(self, trials, tried) -> Callable[[int], object]:
        """By budget: the best of those tried, done again on all rows."""
        found = list(tried)

        def at(nodes):
            return carried_out(trials, found, Budget(nodes, None, None, None, "compact"), nodes, "link")[1]

        return at

    def joint(self, model=None):
        """Joint pruning of the forest or of another model."""
        trials = self.trials if model is None else self.trials_of(model)
        return self.pruned(trials, trials.jointly_pruned(Aim(self.whole // 10)))

    def by_depth(self):
        """Pruning of the forest by depth."""
        return self.pruned(self.trials, self._best_depths())

    def _best_depths(self):
        best = yield from self.trials.climb(DepthPruning(reg=100.0), Aim(self.whole // 10))
        yield from self.trials.path(best.method)

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

    def judged(self, model, others=None):
        """Score and Brier score, and the paired difference to each of some others' losses, in standard errors."""
        found = model.predict_proba(self.X_test) if is_classifier(model) else model.predict(self.X_test)
        row = {"nodes": n_nodes(model), "score": float(model.score(self.X_test, self.y_test))}
        loss = hits(found, self.y_test) if is_classifier(model) else per_row(found, self.y_test)
        if is_classifier(model):
            row["Brier"] = float(per_row(found, self.y_test).mean())
        for other, loss_of_other in (others or {}).items():
            difference = loss - loss_of_other
            error = max(difference.std() / np.sqrt(len(difference)), 1e-12)
            row[f"worse than {other} by SE"] = float(difference.mean() / error)
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
    head = {"set": name, "seed": seed, "rows": len(c.y) + len(c.y_test)}
    row, full = c.judged(c.model)
    rows = [head | {"share": "1", "what": "full forest"} | row]
    row, _ = c.judged(out_of_bag(c.model, c.X, c.y), {"full": full})
    rows.append(head | {"share": "", "what": "each tree, out of bag"} | row)
    boosted = boosting_for(c.y, seed).fit(c.X, c.y)
    searches = {"joint": c.joint, "joint, of boosting": lambda: c.joint(boosted), "depth": c.by_depth}
    searched = {what: cpu_seconds(search) for what, search in searches.items()}
    anew = c.boosted_anew()
    contenders = {
        **{what: at for what, (_, at) in searched.items()},
        "tree selection": c.selected,
        "fewer trees": lambda budget: fewer_trees(c, budget),
        "fewer leaves": lambda budget: fewer_leaves(c, budget),
    }
    for share, parts in SHARES.items():
        budget, head["share"] = c.whole // parts, share
        seconds, model = cpu_seconds(lambda budget=budget: anew(budget))
        row, of_anew = c.judged(model, {"full": full})
        rows.append(head | {"what": ANEW} | row | {"CPU s": seconds})
        for what, at in contenders.items():
            seconds, model = cpu_seconds(lambda at=at, budget=budget: at(budget))
            row, _ = c.judged(model, {"full": full, "anew": of_anew})
            searching = {"CPU s of the search": searched[what][0]} if what in searched else {}
            rows.append(head | {"what": what} | row | {"CPU s": seconds} | searching)
    return rows


def out_of_bag(model, X, y):
    """Each tree pruned alone, by the rows that it was not grown on."""
    adapter = find_adapter(model)
    return adapter.prune(ReducedError().plan(adapter.forest, adapter.oob_rows(X, y)))


def fewer_trees(c, budget):
    count = max(int(budget / c.whole * len(c.model.estimators_)), 1)
    return clone(c.model).set_params(n_estimators=count).fit(c.X, c.y)


def fewer_leaves(c, budget):
    leaves = max((budget // len(c.model.estimators_) + 1) // 2, 2)
    return clone(c.model).set_params(max_leaf_nodes=leaves).fit(c.X, c.y)


def mean_over_seeds(rows):
    import pandas as pd

    frame = pd.DataFrame(rows)
    keys = ["set", "share", "what"]
    mean = frame.groupby(keys, sort=False).mean(numeric_only=True).drop(columns="seed")
    mean.insert(0, "seeds", frame.groupby(keys, sort=False).size())
    return mean.reset_index()


def summary(mean):
    """One row for each set: what the goals speak of."""
    table = mean.set_index(["set", "share", "what"])
    rows = []
    for name in mean["set"].unique():
        full = table.loc[name, "1", "full forest"]
        classes = N_CLASSES.get(name, 0)
        tenth, fifth, boosted, anew = (
            table.loc[name, share, what]
            for share, what in (("1/10", "joint"), ("1/5", "joint"), ("1/10", "joint, of boosting"), ("1/10", ANEW))
        )
        goal = (fifth if classes > 2 else tenth)["worse than full by SE"]
        rows.append(
            {
                "set": name,
                "seeds": int(full["seeds"]),
                "rows": int(full["rows"]),
                "full forest": full["score"],
                "joint, 1/10": tenth["score"],
                "joint, 1/5": fifth["score"],
                "worse than full by SE": goal,
                "no worse": "yes" if goal <= 1.0 else "no",
                "boosting anew, 1/10": anew["score"],
                "joint of boosting, 1/10": boosted["score"],
                "worse than anew by SE": min(boosted["worse than anew by SE"], tenth["worse than anew by SE"]),
                "level with anew": "yes" if max(boosted["score"], tenth["score"]) >= anew["score"] else "no",
                "Brier, full": full["Brier"] if classes else np.nan,
                "Brier, joint, 1/10": tenth["Brier"] if classes else np.nan,
                "CPU s of joint, all sizes": tenth["CPU s of the search"],
            }
        )
    return rows


def save(name, command, rows):
    import pandas as pd

    mean = mean_over_seeds(rows)
    found = pd.DataFrame(summary(mean))
    classifiers = found[found["Brier, full"].notna()]
    no_worse, level = ((found[column] == "yes").sum() for column in ("no worse", "level with anew"))
    sharper = (classifiers["Brier, joint, 1/10"] < classifiers["Brier, full"]).sum()
    counts = (
        f"No worse than the full forest: {no_worse} of {len(found)} sets. At least level with boosting anew: "
        f"{level} of {len(found)}. Brier score at 1/10 below the full forest's: {sharper} of {len(classifiers)}."
    )
    report(name, TITLE, found.to_dict("records"), counts + "\n" + SUMMARY_NOTES, module=command)
    report(f"{name}_all", TITLE, mean.to_dict("records"), NOTES, module=command)


def kept(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the real tables")
    parser.add_argument("--quick", action="store_true", help="one seed, at most 6,000 rows of each set")
    parser.add_argument("--sets", help="names, separated by commas")
    args = parser.parse_args()
    if args.data:
        os.environ["TREEPRUNE_DATA"] = args.data
    names = args.sets.split(",") if args.sets else (*GENERATED, "digits", *REAL)
    name, command = ("compress_quick", "compress --quick") if args.quick else ("compress", "compress")
    path = RESULTS / f"{name}.jsonl"
    for seed in range(1 if args.quick else 3):
        for set_name in names:
            if any(row["set"] == set_name and row["seed"] == seed for row in kept(path)):
                continue
            found = contest(set_name, seed, 6000 if args.quick else MOST_ROWS)
            with path.open("a") as file:
                file.write("".join(json.dumps(row) + "\n" for row in found))
            save(name, command, kept(path))
    save(name, command, kept(path))


TITLE = "Forests made smaller, beside models trained anew"
SUMMARY_NOTES = """
Shares are of the full forest's nodes; scores are R squared or accuracy on test rows. "worse than full by SE": the mean
paired difference on the test rows (squared errors; misclassifications) over its standard error, at 1/10 of the nodes,
at 1/5 for more than two classes; below 0 is better than the full forest. "worse than anew by SE": the same at 1/10 for
the better of joint pruning of the forest and of boosting, beside boosting trained anew within as many nodes. Of sets
with more than 20,000 rows, as many are drawn. All that was tried, at every size: `compress_all.md`.
"""
NOTES = """
Shares are of the full forest's nodes. Score: R squared or accuracy on test rows. "worse by SE": the mean paired
difference to the full forest (or to boosting anew at that share) on the test rows (squared errors; misclassifications)
over its standard error; below 0 is better. "joint" is what `compress` searches. "joint, of boosting" prunes
HistGradientBoosting of 300 rounds (digits 30, letter 10) on its own loss. "depth" and "tree selection" stand
for ForestPrune and PyPruning, as DepthPruning and TreeSelection. CPU seconds are those of the model of that size; those
of a search, once for all sizes, stand beside them.
"""

if __name__ == "__main__":
    main()
