"""XGBoost's models pruned jointly, beside its own pruning and models trained anew, at the same numbers of nodes.

``python -m benchmarks.compress_boosters --data FOLDER`` takes about half an hour on one thread; without ``--data``, the
generated problems only. What is done is kept in ``results/compress_boosters.jsonl`` and not done again: the run can be
stopped and resumed. For each of three seeds, of the split and of the model, a quarter of the rows is for the test and
touched by no choice; a quarter of the rest chooses among what is within a number of nodes. ``refresh,prune`` is
XGBoost's ``process_type="update"``.
"""

import argparse
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xgboost
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split

from benchmarks.common import RESULTS, report
from benchmarks.data import load
from datasets.generators import XGBOOST_FRIEDMAN, noisy_classes, noisy_friedman
from treeprune import pruning_path
from treeprune.adapters import find_adapter
from treeprune.methods import JointPruning

GENERATED = {"make_classification": noisy_classes, "friedman1": noisy_friedman}
REAL = ("adult", "spambase")
N_ROUNDS = 300
N_SEEDS = 3
METHODS = [
    *(JointPruning(reg=reg, shrink_to="zero") for reg in (30.0, 100.0)),
    *(JointPruning(reg=reg, shrink_to="values") for reg in (100.0, 300.0, 1000.0, 3000.0)),
]
GAMMAS, MILD = (1.0, 2.0, 4.0, 6.0, 9.0, 14.0, 20.0), 9.0
SHARES = (2, 4, 8, 16, 32, 64)
DEPTHS, STAGES = (3, 4, 6, 8), 20
MOST_ROWS = 20_000


@dataclass(frozen=True, eq=False)
class Candidate:
    """A smaller model: its size, its loss on held-out rows and that of every test row."""

    settings: str
    nodes: int
    held_out: float
    test: np.ndarray = field(repr=False)
    score: float

    def worse_by_se(self, other: "Candidate") -> float:
        """The mean paired difference of the losses on the test rows over its standard error."""
        difference = self.test - other.test
        mean, error = difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))
        return float(mean / error) if error > 0 else 0.0


class Contest:
    """One problem and split: a booster of 300 rounds, and everything that is tried beside it."""

    def __init__(self, name, seed):
        X, y = GENERATED[name]() if name in GENERATED else load(name)[:2]
        rows = np.random.default_rng(seed).permutation(len(y))[:MOST_ROWS]
        X, y = X[rows].astype(np.float32), y[rows]
        self.classifies = y.dtype.kind != "f"
        X, self.X_test, y, self.y_test = self._split(X, y, seed)
        self.X, self.X_judge, self.y, self.y_judge = self._split(X, y, seed)
        self.matrix = xgboost.DMatrix(self.X, self.y)
        objective = "binary:logistic" if self.classifies else "reg:squarederror"
        self.params = XGBOOST_FRIEDMAN | {"objective": objective, "nthread": 1, "seed": seed}
        self.booster = xgboost.train(self.params, self.matrix, N_ROUNDS)

    def _split(self, X, y, seed):
        return train_test_split(X, y, test_size=0.25, stratify=y if self.classifies else None, random_state=seed)

    def judged(self, settings, booster, nodes=None) -> Candidate:
        """A smaller booster, by its losses."""
        held_out, test = (booster.predict(xgboost.DMatrix(X)) for X in (self.X_judge, self.X_test))
        score = accuracy_score(self.y_test, test > 0.5) if self.classifies else r2_score(self.y_test, test)
        nodes = find_adapter(booster).forest.n_nodes if nodes is None else nodes
        loss = self.loss(self.y_judge, held_out).mean()
        return Candidate(settings, int(nodes), float(loss), self.loss(self.y_test, test), float(score))

    def loss(self, y, predicted):
        """Of each row: log-loss, or squared error."""
        if not self.classifies:
            return (y - predicted.astype(np.float64)) ** 2
        return -np.log(np.clip(np.where(y == 1, predicted, 1.0 - predicted).astype(np.float64), 1e-12, 1.0))

    def refreshed(self) -> Iterator[tuple[float, Candidate]]:
        """XGBoost's own pruning, at several gammas: of the log-loss, or over the variance of the target."""
        update = {"process_type": "update", "updater": "refresh,prune", "refresh_leaf": True}
        params = {name: value for name, value in self.params.items() if name != "tree_method"} | update
        scale = 1.0 if self.classifies else float(np.var(self.y))
        for gamma in GAMMAS:
            small = xgboost.train(params | {"gamma": gamma * scale}, self.matrix, N_ROUNDS, xgb_model=self.booster)
            yield gamma, self.judged("", small)

    def joint(self) -> Iterator[Candidate]:
        """Steps of the paths of several penalties, from one to the next a seventh smaller."""
        for method in METHODS:
            path, last = pruning_path(self.booster, method, self.X, self.y), np.inf
            for step, size in enumerate(path.n_leaves):
                if size < 0.85 * last:
                    last = size
                    yield self.judged(f"reg={method.reg:g} to {method.shrink_to}", path.prune(step=step))

    def anew(self) -> Iterator[Candidate]:
        """XGBoost itself, at several depths, stopped early."""
        for depth in DEPTHS:
            booster = xgboost.train(self.params | {"max_depth": depth}, self.matrix, N_ROUNDS)
            sizes = np.cumsum([tree.count("\n") for tree in booster.get_dump()])
            for stage in np.unique(np.geomspace(1, N_ROUNDS, STAGES).astype(int)):
                yield self.judged(f"depth={depth}, rounds={stage}", booster[:stage], sizes[stage - 1])


def contest(name, seed):
    c = Contest(name, seed)
    full, joint, anew = c.judged("", c.booster), list(c.joint()), list(c.anew())
    rows = [row("full", "full", full)]
    for gamma, theirs in c.refreshed():
        within, budget = f"gamma={gamma:g}", theirs.nodes
        ours, rival = best(joint, budget), best(anew, budget)
        rows.append(row(within, "refresh,prune", theirs))
        rows.append(row(within, "joint", ours, {"refresh,prune": theirs, "anew": rival}))
        rows.append(row(within, "anew", rival))
    for share in SHARES:
        within, budget = f"1/{share}", full.nodes // share
        ours, rival = best(joint, budget), best(anew, budget)
        rows.append(row(within, "joint", ours, {"anew": rival}))
        rows.append(row(within, "anew", rival))
    return [{"problem": name, "seed": seed} | one for one in rows]


def row(within, what, candidate, beside=()):
    return {
        "within": within,
        "what": what,
        "nodes": candidate.nodes,
        "loss, held out": candidate.held_out,
        "loss": float(candidate.test.mean()),
        "score": candidate.score,
        **{f"worse than {name} by SE": candidate.worse_by_se(other) for name, other in dict(beside).items()},
        "settings": candidate.settings,
    }


def best(candidates, nodes) -> Candidate:
    """Of those with at most so many nodes, the one with the least loss on held-out rows."""
    allowed = [one for one in candidates if one.nodes <= nodes] or [min(candidates, key=lambda one: one.nodes)]
    return min(allowed, key=lambda one: one.held_out)


def mean_over_seeds(rows):
    frame = pd.DataFrame(rows).sort_values("seed", kind="stable")
    groups = frame.groupby(["problem", "within", "what"], sort=False)
    mean = groups.mean(numeric_only=True).drop(columns="seed")
    mean.insert(0, "seeds", groups.size())
    mean["nodes"] = mean["nodes"].round().astype(int)
    return mean.assign(settings=groups["settings"].agg("; ".join).where(lambda text: text.str.strip("; ") != "", ""))


def summary(mean):
    """One row for each problem and gamma: the three models within the nodes that refresh,prune leaves."""
    rows = []
    for problem, within in dict.fromkeys(key[:2] for key in mean.index if key[1].startswith("gamma")):
        theirs, ours, anew = (mean.loc[(problem, within, what)] for what in ("refresh,prune", "joint", "anew"))
        found = {"problem": problem, "seeds": int(ours["seeds"]), "refresh,prune at": within}
        for what, one in (("refresh,prune", theirs), ("joint", ours), ("anew", anew)):
            found |= {f"nodes, {what}": int(one["nodes"]), f"loss, {what}": float(one["loss"])}
        names = ("worse than refresh,prune by SE", "worse than anew by SE")
        rows.append(found | {f"joint {name}": float(ours[name]) for name in names})
    return rows


def save(rows):
    mean = mean_over_seeds(rows)
    found = summary(mean)
    lines = []
    for problem in dict.fromkeys(one["problem"] for one in found):
        of_problem = [one for one in found if one["problem"] == problem]
        lines += [f"- {problem}, beside {rival}: {counts(of_problem, rival)}." for rival in ("refresh,prune", "anew")]
    text = COUNTS.strip() + "\n\n" + "\n".join(lines) + "\n\n" + SUMMARY_NOTES.strip()
    report("compress_boosters", TITLE, found, text)
    report("compress_boosters_all", TITLE, mean.reset_index().to_dict("records"), NOTES, module="compress_boosters")


def counts(rows, rival):
    """At how many of the sizes, and of those of mild gammas, joint pruning is no worse and better."""
    frame = pd.DataFrame(rows)
    mild = frame["refresh,prune at"].str.removeprefix("gamma=").astype(float) <= MILD
    no_worse = frame[f"joint worse than {rival} by SE"] <= 1.0
    better = frame["loss, joint"] < frame[f"loss, {rival}"]
    all_sizes = f"no worse at {no_worse.sum()} of {len(rows)} ({no_worse[mild].sum()} of {mild.sum()})"
    return f"{all_sizes}, better at {better.sum()} ({better[mild].sum()})"


def kept(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the real tables")
    parser.add_argument("--problems", help="names, separated by commas")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*updater.*")
    if args.data:
        os.environ["TREEPRUNE_DATA"] = args.data
    names = args.problems.split(",") if args.problems else (*GENERATED, *(REAL if args.data else ()))
    path = RESULTS / "compress_boosters.jsonl"
    for seed in range(N_SEEDS):
        for name in names:
            if any(row["problem"] == name and row["seed"] == seed for row in kept(path)):
                continue
            found = contest(name, seed)
            with path.open("a") as file:
                file.write("".join(json.dumps(row) + "\n" for row in found))
            save(kept(path))
    save(kept(path))


TITLE = "XGBoost's models made smaller"
COUNTS = f"""
At how many of the sizes joint pruning is no worse than a rival, by one standard error, and at how many it is better in
the mean; in brackets: where refresh,prune is mild, with gamma up to {MILD:g}.
"""
SUMMARY_NOTES = """
The full model has 300 rounds of depth 8 at a learning rate of 0.1. Loss on test rows: log-loss, of friedman1 squared
error (whose gammas are times the variance of the target). Joint pruning and XGBoost trained anew (depths 3 to 8, up to
300 rounds) have at most as many nodes as refresh,prune leaves; which of them is what has the least loss on held-out
rows. "worse by SE": the mean paired difference of the losses of the test rows over its standard error, the mean over
the seeds; below 0 is better. By share of the full model's nodes, and what was chosen: `compress_boosters_all.md`.
"""
NOTES = """
Means over the seeds, as in `compress_boosters.md`, also within shares of the full model's nodes; score: R squared or
accuracy on test rows; settings: those chosen, by seed.
"""

if __name__ == "__main__":
    main()
