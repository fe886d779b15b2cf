"""How many of the columns kept add nothing to the others? Part of ``benchmarks.selection``, and its command line."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from benchmarks.common import GrowingTable
from treeprune import PruningSelector
from treeprune.feature_selection.knockoff_statistics import knockoff_statistics
from treeprune.feature_selection.knockoffs import knockoff_threshold, sample_knockoffs
from treeprune.feature_selection.units import units_in_order

N_ROWS, N_COLUMNS, N_TRUE = 500, 30, 15
NOTES = f"""{N_ROWS} rows, {N_COLUMNS} columns, {N_TRUE} of which the target is made of, anywhere among the others; its
noise has half the variance of its signal. False is a column that the target is not made of: it says nothing once the
others are known. FDP: share of such columns among those kept, mean of the runs, and its standard error; power: share of
the {N_TRUE} kept. In groups, groups are counted, and false is one that holds none of the {N_TRUE}. "forest": the same
knockoffs judged by the importances of a random forest of scikit-learn (50 trees, a third of the columns at each node).
"marginal": null="permute", whose fdr is not about this. Both for time in a fifth of the runs."""


def chain(rng, rho):
    """Each column is correlated with the one before it."""
    X = rng.normal(size=(N_ROWS, N_COLUMNS))
    for column in range(1, N_COLUMNS):
        X[:, column] = rho * X[:, column - 1] + (1 - rho**2) ** 0.5 * X[:, column]
    return X


def blocks(rng, rho, size=5):
    """Columns in blocks share a factor; a block of all columns is a factor model."""
    common = np.repeat(rng.normal(size=(N_ROWS, N_COLUMNS // size)), size, axis=1)
    return rho**0.5 * common + (1 - rho) ** 0.5 * rng.normal(size=(N_ROWS, N_COLUMNS))


def loadings(rng):
    """Three factors, on which all columns load as they like."""
    X = rng.normal(size=(N_ROWS, 3)) @ rng.normal(size=(3, N_COLUMNS)) + 1.5 * rng.normal(size=(N_ROWS, N_COLUMNS))
    return X / X.std(axis=0)


def heavy(rng):
    """A chain of columns that are cubed, and so heavy-tailed."""
    X = chain(rng, 0.6) ** 3
    return X / X.std(axis=0)


def multivariate_t(rng):
    """A chain whose rows have a common scale: large values come together, which no normal copula has."""
    return chain(rng, 0.5) / (rng.chisquare(5, (N_ROWS, 1)) / 5) ** 0.5


def mixed(rng):
    """A chain of which three columns in five are cut into two classes, three classes and whole numbers."""
    X = chain(rng, 0.6)
    X[:, ::5] = X[:, ::5] > 0.3
    X[:, 1::5] = np.digitize(X[:, 1::5], [-0.5, 0.5])
    X[:, 2::5] = np.round(2 * X[:, 2::5])
    return X


def linear(rng, Z):
    return Z @ rng.choice([-1.0, 1.0], Z.shape[1])


def bent(rng, Z):
    """Waves, sizes, steps and products."""
    parts = [np.sin(2 * Z[:, ::3]), np.abs(Z[:, 1::3]), 0.8 * np.sign(Z[:, 2::3])]
    return sum(part.sum(axis=1) for part in parts) + Z[:, 0] * Z[:, 2]


@dataclass(frozen=True)
class Setting:
    """Columns and a target."""

    columns: Callable
    signal: Callable = linear
    classes: bool = False
    groups: str | None = None

    def draw(self, seed):
        """X, y and which columns y is made of."""
        rng = np.random.default_rng(seed)
        X, true = self.columns(rng), np.arange(N_COLUMNS) < N_TRUE
        rng.shuffle(true)
        Z = (X - X.mean(axis=0))[:, true]
        signal = self.signal(rng, Z / Z.std(axis=0))
        y = signal + signal.std() * 0.5**0.5 * rng.normal(size=N_ROWS)
        return X, (y > np.median(y)).astype(int) if self.classes else y, true


SETTINGS = {
    "linear, chain 0.5": Setting(partial(chain, rho=0.5)),
    "linear, chain 0.8": Setting(partial(chain, rho=0.8)),
    "bent, chain 0.5": Setting(partial(chain, rho=0.5), bent),
    "bent, chain 0.8": Setting(partial(chain, rho=0.8), bent),
    "linear, three factors": Setting(loadings),
    "bent, blocks of 5, 0.6": Setting(partial(blocks, rho=0.6), bent),
    "two classes, linear, chain 0.5": Setting(partial(chain, rho=0.5), classes=True),
    "mixed columns, linear, chain 0.6": Setting(mixed),
    "heavy tails, bent, chain": Setting(heavy, bent),
    "multivariate t(5), linear, chain 0.5": Setting(multivariate_t),
    "groups, linear, blocks of 2, 0.9": Setting(partial(blocks, rho=0.9, size=2), groups="auto"),
}
SELECTORS = ("lasso", "boosted", "survival", "forest", "marginal")
#: Others than ours get a fifth of the runs.
PART_OF_RUNS = {"forest": 5, "marginal": 5}


def conditional(wanted, n_runs=100):
    """Measure what is kept that adds nothing to the other columns."""
    title = "Columns kept that add nothing to the others, null='knockoff' at fdr = 0.1"
    table = GrowingTable("selection_knockoff", title, "selection knockoff", _notes, wanted)
    for selector in SELECTORS:
        for name, setting in SETTINGS.items():
            if wanted(name, selector):
                runs = -(-n_runs // PART_OF_RUNS.get(selector, 1))
                table.add({"data": name, "selector": selector, "runs": runs} | _measure(setting, selector, runs))


def _measure(setting, selector, n_runs):
    found, start = [], process_time()
    for seed in range(n_runs):
        X, y, true = setting.draw(seed)
        order = np.arange(N_COLUMNS)
        unit = units_in_order(setting.groups, [str(column) for column in order], X, order)
        chosen = _chosen(setting, selector, X, y, unit, seed)
        kept, matters = (np.bincount(unit, mask) > 0 for mask in (chosen, true))
        found.append(((kept & ~matters).sum() / max(kept.sum(), 1), kept[matters].mean()))
    (fdp, power), (error, _) = np.mean(found, axis=0), np.std(found, axis=0) / n_runs**0.5
    return {"FDP": fdp, "s.e.": error, "power": power, "CPU s a run": (process_time() - start) / n_runs}


def _chosen(setting, selector, X, y, unit, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if selector == "forest":
            return _by_forest(setting, X, y, unit, seed)
        how = {} if selector == "marginal" else {"null": "knockoff", "statistic": selector}
        return PruningSelector(**how, feature_groups=setting.groups, random_state=seed).fit(X, y).get_support()


def _by_forest(setting, X, y, unit, seed):
    make = RandomForestClassifier if setting.classes else RandomForestRegressor
    forest = make(50, max_features=1 / 3, random_state=seed)
    lead = knockoff_statistics(
        lambda columns, units: np.bincount(units, forest.fit(columns, y).feature_importances_),
        X,
        sample_knockoffs(X, unit, np.random.default_rng(seed)),
        unit,
    )
    return (lead >= knockoff_threshold(lead, 0.1))[unit]


def _notes(rows):
    said = [NOTES, ""]
    for selector in SELECTORS:
        own = [row for row in rows if row["selector"] == selector]
        if own:
            broken = [row["data"] for row in own if row["FDP"] > 0.1 + 2 * row["s.e."]]
            power = np.mean([row["power"] for row in own])
            said.append(
                f"{selector}: FDP up to 0.1 and two standard errors in {len(own) - len(broken)} of {len(own)} settings"
                f"{', not in: ' + '; '.join(broken) if broken and len(broken) < len(own) else ''}. Mean power "
                f"{power:.3f}."
            )
    return "\n".join(said)
