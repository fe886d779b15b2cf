"""How often is dependence taken for anomaly? Part of ``benchmarks.selection``, and its command line."""

import warnings
from time import process_time

import numpy as np

from benchmarks.common import report
from treeprune.feature_selection import AnomalyPruningSelector

N_ROWS, N_COLUMNS, N_ANOMALOUS = 800, 35, 8


def factor(rho, heavy=False):
    """Columns 8 to 22 share a factor."""

    def draw(rng, X):
        common = rng.standard_t(3, size=(len(X), 1)) if heavy else rng.normal(size=(len(X), 1))
        X[:, 8:23] = np.sqrt(rho) * common + np.sqrt(1 - rho) * X[:, 8:23]

    return draw


def chain(rng, X):
    for column in range(9, X.shape[1]):
        X[:, column] = 0.8 * X[:, column - 1] + 0.6 * X[:, column]


def twins(rng, X):
    X[:, 20:26] = X[:, 8:14]
    X[:, 26:29] = X[:, 14:17] + 0.05 * X[:, 26:29]


def heavy(rng, X):
    X[:, 8:] = rng.standard_t(2, size=X[:, 8:].shape)


def squares(rng, X):
    X[:, 20:26] = X[:, 8:14] ** 2 + 0.3 * X[:, 20:26]


def volatility(strength):
    def draw(rng, X):
        X[:, 8:23] *= np.exp(strength * rng.normal(size=(len(X), 1)))

    return draw


def coarse(rng, X):
    factor(0.6)(rng, X)
    X[:, 8:15] = X[:, 8:15] > 0.5
    X[:, 15:19] = np.round(X[:, 15:19])


def skewed(rng, X):
    X[:, 8:23] = rng.exponential(size=(len(X), 1)) + rng.exponential(size=(len(X), 15))


def autoregressive(rng, X):
    for row in range(1, len(X)):
        X[row] = 0.9 * X[row - 1] + 0.19**0.5 * X[row]


def windows(rng, X):
    """Nine channels without anomalies as they are, and their moving means and maxima over six rows."""
    moving = np.lib.stride_tricks.sliding_window_view(rng.normal(size=(len(X) + 5, 9)), 6, axis=0)
    X[:, 8:] = np.hstack([moving[..., -1], moving.mean(axis=2) * 6**0.5, moving.max(axis=2)])


def t_copula(rng, X):
    X[:, 8:23] = (0.5**0.5 * rng.normal(size=(len(X), 1)) + 0.5**0.5 * X[:, 8:23]) / rng.chisquare(
        5, (len(X), 1)
    ) ** 0.5


SETTINGS = {
    "independent, normal": lambda rng, X: None,
    "15 columns, correlation 0.1": factor(0.1),
    "15 columns, correlation 0.5": factor(0.5),
    "15 columns, correlation 0.8": factor(0.8),
    "15 columns, correlation 0.95": factor(0.95),
    "15 columns, heavy-tailed factor": factor(0.6, heavy=True),
    "chain, correlation 0.8": chain,
    "6 columns twice, 3 nearly": twins,
    "heavy-tailed, t(2)": heavy,
    "6 columns and their squares": squares,
    "15 columns, common volatility": volatility(0.7),
    "15 columns, weak common volatility": volatility(0.3),
    "15 columns, still weaker common volatility": volatility(0.2),
    "15 columns, correlated, 11 of them coarse": coarse,
    "15 columns, skewed factor": skewed,
    "15 columns, multivariate t(5), correlation 0.5": t_copula,
    "all columns: rows AR(1), 0.9": autoregressive,
    "9 channels, their moving means and maxima": windows,
}


def dependence(n_runs):
    """Measure false picks with and without anomalies in columns 0 to 7, where the other columns depend as stated."""
    rows = []
    for name, depend in SETTINGS.items():
        start, found = process_time(), {True: [], False: []}
        for anomalous in found:
            for seed in range(n_runs):
                rng = np.random.default_rng([seed, anomalous])
                X = rng.normal(size=(N_ROWS, N_COLUMNS))
                depend(rng, X)
                X[:16, :N_ANOMALOUS] += 2.2 * anomalous
                with warnings.catch_warnings(record=True) as said:
                    warnings.simplefilter("always")
                    selector = AnomalyPruningSelector(least_noise=0.0, random_state=seed).fit(X)
                picked = not any("No column agrees" in str(one.message) for one in said)
                mask = selector.get_support() & picked
                warned = any("depend on each other" in str(one.message) for one in said)
                found[anomalous].append((mask[:8].mean(), mask[8:].sum() / max(mask.sum(), 1), mask.any(), warned))
        recall, fdr, _, warned = np.mean(found[True], axis=0)
        rows.append({
            "other columns": name,
            "runs": n_runs,
            "P(any pick), no anomaly": np.mean(found[False], axis=0)[2],
            "FDR": fdr,
            "recall": recall,
            "warned": warned,
            "CPU s a run": (process_time() - start) / (2 * n_runs),
        })  # fmt: skip
        print(rows[-1], flush=True)
    error = 2 * (0.1 * 0.9 / n_runs) ** 0.5
    held = [row["P(any pick), no anomaly"] <= 0.1 + error and row["FDR"] <= 0.1 + error for row in rows]
    broken = ", ".join(row["other columns"] for row, within in zip(rows, held, strict=True) if not within)
    notes = (
        f"{N_ROWS} rows, {N_COLUMNS} columns; 16 rows shifted by 2.2 in columns 0 to 7, and the same without. "
        "Warned: share of the runs with anomalies in which columns were named that depend beyond correlation. "
        f"Both rates of false picks are up to 0.1 and two binomial standard errors ({0.1 + error:.3f}) in "
        f"{sum(held)} of {len(rows)} settings{'; not in: ' + broken if broken else ''}."
    )
    report(
        "selection_dependence",
        "Anomaly selection among columns that depend on each other, fdr = 0.1",
        rows,
        notes,
        module="selection anomaly --calibration",
    )
