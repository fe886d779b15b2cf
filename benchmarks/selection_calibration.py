"""How often does selection from pure noise pick anything? Part of ``benchmarks.selection``, and its command line."""

import warnings
from dataclasses import dataclass
from time import process_time

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from treeprune import PruningSelector


@dataclass(frozen=True)
class Setting:
    """Rows and columns of one kind of data."""

    name: str
    n_rows: int
    n_columns: int
    task: str = "classification"
    n_true: int = 0
    n_estimators: int = 50

    def rows(self, seed):
        """X and y of one run; the first `n_true` columns matter."""
        rng = np.random.default_rng([seed, self.n_rows, self.n_columns])
        X = rng.normal(size=(self.n_rows, self.n_columns))
        if "correlated" in self.name:
            X = X @ (0.3 * rng.normal(size=(self.n_columns, self.n_columns)) + np.eye(self.n_columns))
        if "mixed" in self.name:
            X[:, ::2] = X[:, ::2] > rng.normal(size=X[:, ::2].shape[1])
        signal = X[:, : self.n_true].sum(axis=1) + max(self.n_true, 1) ** 0.5 * rng.normal(size=self.n_rows)
        return X, (signal > np.median(signal)).astype(int) if self.task == "classification" else signal


SETTINGS = [
    Setting("noise", 200, 20),
    Setting("noise", 200, 20, "regression"),
    Setting("noise", 500, 50),
    Setting("noise", 500, 200, "regression"),
    Setting("noise", 2000, 100),
    Setting("noise", 2000, 20, "regression"),
    Setting("noise", 200, 2000),
    Setting("noise, 10 trees a set", 200, 500, n_estimators=10),
    Setting("mixed binary and continuous noise", 500, 50),
    Setting("mixed binary and continuous noise", 200, 100, "regression"),
    Setting("correlated noise", 500, 50),
    Setting("correlated noise", 500, 100, "regression"),
    Setting("5 of them matter", 500, 50, n_true=5),
    Setting("5 of them matter", 500, 100, "regression", n_true=5),
    Setting("mixed, 5 of them matter", 500, 50, n_true=5),
    Setting("1 of them matters", 500, 20, n_true=1),
    Setting("1 of them matters", 500, 500, "regression", n_true=1),
]


def boruta(task, seed):
    """BorutaPy on 50 trees for 50 iterations: its defaults are 1,000 and 100."""
    from boruta import BorutaPy

    forest = (RandomForestClassifier if task == "classification" else RandomForestRegressor)(50)
    return BorutaPy(forest, n_estimators=50, max_iter=50, random_state=seed)


def calibration(n_runs, n_boruta):
    """One row for each setting."""
    rows = []
    for setting in SETTINGS:
        row = {"data": setting.name, "task": setting.task, "rows": setting.n_rows, "columns": setting.n_columns}
        rows.append(row | _measure(setting, n_runs, _treeprune))
        print(rows[-1], flush=True)
    for setting, row in zip(SETTINGS, rows, strict=True):
        peer = _measure(setting, n_boruta, _boruta) if n_boruta and setting.n_columns <= 200 else {}
        for name in ("runs", "P(any false)", "FDR", "recall"):
            row[f"Boruta {name}"] = peer.get(name, float("nan"))
        print(row, flush=True)
    return rows


def _measure(setting, n_runs, select):
    any_false, fdr, recall, start = 0, 0.0, 0.0, process_time()
    true = np.arange(setting.n_columns) < setting.n_true
    for seed in range(n_runs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chosen = select(setting, seed, *setting.rows(seed))
        any_false += (chosen & ~true).any()
        fdr += (chosen & ~true).sum() / max(chosen.sum(), 1)
        recall += chosen[true].mean() if setting.n_true else np.nan
    bound = 0.1 + 2 * (0.1 * 0.9 / n_runs) ** 0.5
    found = {
        "runs": n_runs,
        "P(any false)": any_false / n_runs,
        "allowed": bound if not setting.n_true else float("nan"),
    }
    found |= {"FDR": fdr / n_runs, "recall": recall / n_runs, "CPU s a run": (process_time() - start) / n_runs}
    return {name: float(value) if name != "runs" else value for name, value in found.items()}


def _treeprune(setting, seed, X, y):
    return PruningSelector(n_estimators=setting.n_estimators, random_state=seed).fit(X, y).get_support()


def _boruta(setting, seed, X, y):
    return boruta(setting.task, seed).fit(X, y).support_
