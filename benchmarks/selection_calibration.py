"""How often does selection from pure noise pick anything? Part of ``benchmarks.selection``, and its command line."""

import warnings
from dataclasses import dataclass
from time import process_time

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from benchmarks.common import GrowingTable
from datasets import generators
from treeprune import PruningSelector


@dataclass(frozen=True)
class Setting:
    """Rows and columns of one kind of data, of which the first `n_true` columns matter.

    The next `n_beside` are correlated with these, 0.8, and say nothing beyond them.
    """

    data: str
    n_rows: int
    n_columns: int
    task: str = "classification"
    n_true: int = 0
    n_estimators: int = 50
    n_beside: int = 0

    def draw(self, seed):
        """X and y of one run."""
        rng = np.random.default_rng([seed, self.n_rows, self.n_columns])
        if "AR(1)" in self.data:
            Z = generators.autoregressive(rng, self.n_rows, self.n_columns + 1)
            return Z[:, :-1], Z[:, -1] + Z[:, : self.n_true].sum(axis=1)
        X = rng.normal(size=(self.n_rows, self.n_columns))
        for column in range(self.n_true, self.n_true + self.n_beside):
            X[:, column] = 0.8 * X[:, column % self.n_true] + 0.6 * X[:, column]
        if "correlated noise" in self.data:
            noise = X[:, self.n_true :]
            noise[:] = noise @ (0.3 * rng.normal(size=(noise.shape[1],) * 2) + np.eye(noise.shape[1]))
        if "mixed" in self.data:
            X[:, ::2] = X[:, ::2] > rng.normal(size=X[:, ::2].shape[1])
        if "missing" in self.data:
            X[:, ::3] = np.round(X[:, ::3])
            X[rng.random(X.shape) < 0.3 * rng.random(self.n_columns)] = np.nan
        error = rng.standard_t(2, size=self.n_rows) if "heavy" in self.data else rng.normal(size=self.n_rows)
        signal = X[:, : self.n_true].sum(axis=1) + max(self.n_true, 1) ** 0.5 * error
        if self.task == "regression":
            return X, signal
        cuts = {"5 classes": [0.2, 0.4, 0.6, 0.8], "rare class": [0.9]}.get(self.data.rpartition(", ")[2], [0.5])
        return X, np.searchsorted(np.quantile(signal, cuts), signal)

    def key(self):
        """What tells its rows of the table."""
        return {"data": self.data, "task": self.task, "rows": self.n_rows, "columns": self.n_columns}


SETTINGS = [
    Setting("noise", 200, 20),
    Setting("noise", 200, 20, "regression"),
    Setting("noise", 500, 50),
    Setting("noise", 500, 200, "regression"),
    Setting("noise", 2000, 100),
    Setting("noise", 2000, 20, "regression"),
    Setting("noise", 200, 2000),
    Setting("noise", 200, 2000, "regression"),
    Setting("noise, 10 trees a set", 200, 500, n_estimators=10),
    Setting("mixed binary and continuous noise", 500, 50),
    Setting("mixed binary and continuous noise", 200, 100, "regression"),
    Setting("mixed binary and continuous noise", 2000, 50),
    Setting("correlated noise", 500, 50),
    Setting("correlated noise", 500, 100, "regression"),
    Setting("noise, whole numbers, missing values", 500, 50),
    Setting("noise, heavy-tailed target", 500, 50, "regression"),
    Setting("noise, 5 classes", 500, 50),
    Setting("noise, rare class", 500, 50),
    Setting("AR(1) noise", 600, 20, "regression"),
    Setting("5 of them matter", 500, 50, n_true=5),
    Setting("5 of them matter", 500, 100, "regression", n_true=5),
    Setting("5 of them matter", 200, 2000, "regression", n_true=5),
    Setting("mixed, 5 of them matter", 500, 50, n_true=5),
    Setting("correlated noise, 5 others matter", 500, 50, "regression", n_true=5),
    Setting("5 of them matter, 10 are correlated with these", 500, 50, n_true=5, n_beside=10),
    Setting("5 of them matter, 10 are correlated with these", 500, 50, "regression", n_true=5, n_beside=10),
    Setting("AR(1), 3 of them matter", 600, 20, "regression", n_true=3),
    Setting("1 of them matters", 500, 20, n_true=1),
    Setting("1 of them matters", 500, 500, "regression", n_true=1),
]

#: Others take Boruta longer.
OF_BORUTA = [
    setting
    for setting in SETTINGS
    if setting.task == "classification" and setting.n_columns <= 50 and setting.n_rows <= 500
    if not setting.data.endswith(("missing values", "classes", "rare class"))
]
NOTES = """P(any false): share of the runs in which a column is kept that says nothing of the target. Where no column
matters, it should be at most "allowed": 0.1 and two binomial standard errors. FDR: share of such columns among those
kept, on average; it should be at most 0.1 everywhere. FDR given the others: share of the columns that say nothing
beyond those that matter; of these the marginal null promises nothing, null="knockoff" does. AR(1): shadows by circular
shift. BorutaPy: forests of 50 trees, 50 iterations (its defaults are 1,000 and 100); for time fewer runs, and only on
some of the data."""


def boruta(task, seed):
    """BorutaPy on 50 trees for 50 iterations: its defaults are 1,000 and 100."""
    from boruta import BorutaPy

    forest = (RandomForestClassifier if task == "classification" else RandomForestRegressor)(50)
    return BorutaPy(forest, n_estimators=50, max_iter=50, random_state=seed)


def calibration(n_runs, is_wanted):
    """Measure selectors, each in as many runs of each setting wanted; rows of others stay in the table saved."""
    title, module = "False picks at fdr = 0.1", "selection --calibration"
    table = GrowingTable(
        "selection_calibration", title, module, _notes, lambda data, who: who in n_runs and is_wanted(data)
    )
    for selector, runs in n_runs.items():
        for setting in SETTINGS:
            if is_wanted(setting.data) and (selector == "PruningSelector" or setting in OF_BORUTA):
                table.add(setting.key() | {"selector": selector} | _measure(setting, selector, runs))


def _notes(rows):
    found = []
    for selector in dict.fromkeys(row["selector"] for row in rows):
        own = [row for row in rows if row["selector"] == selector]
        noise = [row for row in own if row["allowed"] == row["allowed"]]
        passed = sum(row["P(any false)"] <= row["allowed"] for row in noise)
        signal = [row for row in own if row not in noise]
        found.append(
            f"{selector}: P(any false) is up to what is allowed in {passed} of {len(noise)} kinds of noise, the FDR up "
            f"to 0.1 in {sum(row['FDR'] <= 0.1 for row in signal)} of {len(signal)} settings where columns matter."
        )
    return "\n".join([NOTES, "", *found])


def _measure(setting, selector, n_runs):
    any_false, fdr, given_others, recall, start = 0, 0.0, 0.0, 0.0, process_time()
    true = np.arange(setting.n_columns) < setting.n_true
    tied = np.arange(setting.n_columns) < setting.n_true + setting.n_beside
    for seed in range(n_runs):
        X, y = setting.draw(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if selector == "BorutaPy":
                chosen = boruta(setting.task, seed).fit(X, y).support_
            else:
                null = "circular" if "AR(1)" in setting.data else "permute"
                selector_ = PruningSelector(null=null, n_estimators=setting.n_estimators, random_state=seed)
                chosen = selector_.fit(X, y).get_support()
        any_false += (chosen & ~tied).any()
        fdr += (chosen & ~tied).sum() / max(chosen.sum(), 1)
        given_others += (chosen & ~true).sum() / max(chosen.sum(), 1) if setting.n_beside else np.nan
        recall += chosen[true].mean() if setting.n_true else np.nan
    bound = float("nan") if setting.n_true else 0.1 + 2 * (0.1 * 0.9 / n_runs) ** 0.5
    figures = {
        "P(any false)": any_false,
        "FDR": fdr,
        "FDR given the others": given_others,
        "recall": recall,
        "CPU s": process_time() - start,
    }
    means = {name: float(total / n_runs) for name, total in figures.items()}
    return {"runs": n_runs, "P(any false)": means.pop("P(any false)"), "allowed": bound, **means}
