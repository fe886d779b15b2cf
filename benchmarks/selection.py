"""Which features does a selector find, at what price, and how often does it fool itself?

``python -m benchmarks.selection [tables | real | series | anomaly] [--data FOLDER]`` (all of them by default; an hour,
nearly all of it the peers'), and ``python -m benchmarks.selection --calibration`` (200 runs of pure noise in each
setting). Peers: BorutaPy if it is installed, RFECV, SelectFromModel.
"""

import argparse
import os
import warnings
from importlib.util import find_spec

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.feature_selection import RFECV, SelectFdr, SelectFromModel, f_regression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from benchmarks import data
from benchmarks.common import cpu_seconds, report
from benchmarks.selection_calibration import boruta, calibration
from datasets import generators
from treeprune import PruningSelector
from treeprune.feature_selection import AnomalyPruningSelector, LagWindowFeatures
from treeprune.model_selection import PurgedTimeSeriesSplit

SEEDS = range(3)
PEERS = """Held-out score: of a forest of 200 trees on the columns kept. BorutaPy: forests of 50 trees, 50 iterations
(its defaults are 1,000 and 100). RFECV: forests of 50 trees, a tenth of the columns at a time, 3 folds.
SelectFromModel: a forest of 100 trees, importances above their mean."""
TABLES = ("classification", "friedman1", "madelon_like", "cancer")
REAL = ("madelon", "isolet_1560", "spambase", "bike_sharing_hour")
ANOMALY = ("ad_thyroid", "ad_shuttle", "ad_http")


def forest(task, n_trees=100, **params):
    return (RandomForestClassifier if task == "classification" else RandomForestRegressor)(n_trees, **params)


def selectors(task, seed):
    """Unfitted selectors by name."""
    found = {"PruningSelector": PruningSelector(task=task, random_state=seed)}
    if find_spec("boruta"):
        found["BorutaPy"] = boruta(task, seed)
    found["RFECV"] = RFECV(forest(task, 50, random_state=seed), step=0.1, cv=3)
    found["SelectFromModel"] = SelectFromModel(forest(task, random_state=seed))
    return found


def held_out(task, X, y, X_test, y_test, mask):
    """Score of a forest on the chosen columns."""
    return forest(task, 200, random_state=0).fit(X[:, mask], y).score(X_test[:, mask], y_test) if mask.any() else 0.0


def fitted_mask(selector, X, y):
    """CPU seconds, and the columns chosen."""
    seconds, _ = cpu_seconds(lambda: selector.fit(X, y))
    return seconds, np.asarray(selector.support_ if hasattr(selector, "support_") else selector.get_support())


def tables():
    """Generated problems, of which it is known what matters."""
    rows = []
    for name in TABLES:
        task = "regression" if name == "friedman1" else "classification"
        found = []
        for seed in SEEDS:
            X, y, X_test, y_test, true = generators.selection(name, seed)
            for who, selector in selectors(task, seed).items():
                seconds, mask = fitted_mask(selector, X, y)
                score = held_out(task, X, y, X_test, y_test, mask)
                precision = mask[true].sum() / max(mask.sum(), 1)
                found.append((who, precision, mask[true].mean(), score, seconds))
        frame = pd.DataFrame(found, columns=["selector", "precision", "recall", "held-out score", "CPU s"])
        means = frame.groupby("selector", sort=False).mean().reset_index()
        means["CPU s / ours"] = means["CPU s"] / means["CPU s"].iloc[0]
        rows += [{"data": name, **row} for row in means.to_dict("records")]
        print(means, flush=True)
    report(
        "selection_tables",
        f"Selection where the truth is known, means of {len(SEEDS)} seeds",
        rows,
        module="selection tables",
    )


def real():
    """Real tables: columns kept and held-out score."""
    rows = []
    for name in REAL:
        X, y, task = data.load(name)
        found = []
        for seed in SEEDS:
            stratify = y if task == "classification" else None
            X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed, stratify=stratify)
            X_train, y_train = X_train[:4000], y_train[:4000]
            everything = np.ones(X.shape[1], bool)
            found.append(("all columns", X.shape[1], held_out(task, X_train, y_train, X_test, y_test, everything), 0.0))
            for who, selector in selectors(task, seed).items():
                seconds, mask = fitted_mask(selector, X_train, y_train)
                found.append((who, mask.sum(), held_out(task, X_train, y_train, X_test, y_test, mask), seconds))
        frame = pd.DataFrame(found, columns=["selector", "columns kept", "held-out score", "CPU s"])
        means = frame.groupby("selector", sort=False).mean().reset_index()
        rows += [{"data": name, "columns": X.shape[1], **row} for row in means.to_dict("records")]
        print(means, flush=True)
    rows += forecast()
    notes = (
        "At most 4,000 training rows. etth1: the next hour's oil temperature from lags and windows of all seven "
        "channels, the first 4,000 hours train, the 2,000 after them test."
    )
    report(
        "selection_real", f"Selection on real tables, means of {len(SEEDS)} seeds", rows, notes, module="selection real"
    )


def forecast(n_train=4000, n_test=2000):
    """One hour ahead from lags and windows."""
    frame = pd.read_csv(data.folder() / "etth1.csv.gz", parse_dates=["date"]).set_index("date")
    frame = frame.iloc[: n_train + n_test + 200]
    windows = LagWindowFeatures(
        lags=[1, 2, 3, 6, 12, 24], windows=[6, 24], statistics=["mean", "std"], calendar=["hour"]
    )
    table = windows.fit_transform(frame)[200:]
    y, change = frame["OT"][200:].to_numpy(), frame["OT"].diff()[200:].to_numpy()
    X, cut = table.to_numpy(), n_train
    groups = [part[0] for part in windows.feature_parts_]
    contestants = {
        "all columns": None,
        "PruningSelector, circular": PruningSelector(null="circular", random_state=0),
        "the same, pruned by later rows": PruningSelector(
            null="circular", validation=PurgedTimeSeriesSplit(5, purge=24), random_state=0
        ),
        "the same, whole channels": PruningSelector(null="circular", feature_groups=groups, random_state=0),
        "SelectFromModel": SelectFromModel(forest("regression", random_state=0)),
    }
    rows = []
    for who, selector in contestants.items():
        seconds, mask = (
            (0.0, np.ones(X.shape[1], bool)) if selector is None else fitted_mask(selector, X[:cut], change[:cut])
        )
        model = forest("regression", 200, random_state=0, min_samples_leaf=5).fit(X[:cut][:, mask], change[:cut])
        predicted = X[cut:, table.columns.get_loc("OT__lag_1__value")] + model.predict(X[cut:][:, mask])
        score = 1 - np.mean((y[cut:] - predicted) ** 2) / np.var(y[cut:])
        row = {
            "data": "etth1, one hour ahead",
            "columns": X.shape[1],
            "selector": who,
            "columns kept": float(mask.sum()),
        }
        rows.append(row | {"held-out score": score, "CPU s": seconds})
    return rows


def series(n_runs=40, n_boruta=3):
    """Autocorrelated columns, of which none or three drive the target."""
    kinds = {"AR(1), none matters": (0, False), "AR(1), 3 matter": (3, False), "random walks, none matters": (0, True)}
    kinds |= {"random walks, 3 matter": (3, True), "the same, differenced": (3, True)}
    rows = []
    for kind, (n_true, walks) in kinds.items():
        for who, make in series_selectors().items():
            recall, false, runs = [], [], n_boruta if who == "BorutaPy" else n_runs
            for seed in range(runs):
                rng = np.random.default_rng(seed)
                Z = rng.normal(size=(600, 21)).cumsum(axis=0) if walks else generators.autoregressive(rng, 600, 21)
                X, y = Z[:, :20], Z[:, 20] + Z[:, :n_true].sum(axis=1)
                if "differenced" in kind:
                    X, y = np.diff(X, axis=0), np.diff(y)
                selector = make(seed).fit(X, y)
                mask = np.asarray(selector.support_ if hasattr(selector, "support_") else selector.get_support())
                recall.append(mask[:n_true].mean() if n_true else np.nan)
                false.append(mask[n_true:].sum())
            row = {"data": kind, "selector": who, "runs": runs, "false picks": float(np.mean(false))}
            rows.append(row | {"of": 20 - n_true, "recall": float(np.mean(recall))})
            print(rows[-1], flush=True)
    notes = (
        "600 rows, 20 columns, phi = 0.97; the target is a series of the same kind plus the sum of the columns that "
        "matter. Recommended in time: circular or block."
    )
    report("selection_series", "Selection among autocorrelated columns", rows, notes, module="selection series")


def series_selectors():
    found = {
        f"PruningSelector, {null}": lambda seed, null=null: PruningSelector(null=null, random_state=seed)
        for null in ("circular", "block", "permute")
    }
    found["PruningSelector, circular, pruned by later rows"] = lambda seed: PruningSelector(
        null="circular", validation=PurgedTimeSeriesSplit(), random_state=seed
    )
    found["SelectFdr"] = lambda _: SelectFdr(f_regression, alpha=0.1)
    found["SelectFromModel"] = lambda seed: SelectFromModel(forest("regression", 50, random_state=seed))
    if find_spec("boruta"):
        found["BorutaPy"] = lambda seed: boruta("regression", seed)
    return found


def anomaly():
    """ROC AUC of isolation forests before and after, and how often noise alone is seen through."""
    rows = []
    for kind in ("shift", "scatter", "cluster"):
        for noise in ("gauss", "heavy"):
            found = []
            for seed in SEEDS:
                X, y = generators.anomalies(kind, noise, seed)
                order = np.random.RandomState(seed).permutation(len(X))
                found.append(before_and_after(X[order[:1000]], X[order[1000:]], y[order[1000:]], seed))
            rows.append({"data": f"{kind}, {noise} noise", "columns": 220, **_mean(found)})
            print(rows[-1], flush=True)
    if os.environ.get("TREEPRUNE_DATA"):
        for name in ANOMALY:
            X, y, _ = data.load(name)
            found = []
            for seed in SEEDS:
                order = np.random.RandomState(seed).permutation(len(X))[:60_000]
                train, test = np.array_split(order, 2)
                found.append(before_and_after(X[train], X[test], y[test], seed))
            rows.append({"data": name, "columns": X.shape[1], **_mean(found)})
            print(rows[-1], flush=True)
    picks = []
    for seed in range(20):
        selector = AnomalyPruningSelector(random_state=seed).fit(np.random.default_rng(seed).normal(size=(1000, 60)))
        picks.append(0 if selector.get_support().all() else selector.get_support().sum())
    notes = (
        f"Of 20 tables of 60 columns of noise alone, in {np.count_nonzero(picks)} a few columns were taken to agree "
        f"({np.max(picks)} at most); the others were kept whole, with a warning."
    )
    report(
        "selection_anomaly",
        f"Isolation forests without labels, means of {len(SEEDS)} seeds",
        rows,
        notes,
        module="selection anomaly",
    )


def before_and_after(X, X_test, y_test, seed):
    selector = AnomalyPruningSelector(random_state=seed)
    seconds, _ = cpu_seconds(lambda: selector.fit(X))
    mask = selector.get_support()
    before, after = (
        np.mean([
            roc_auc_score(y_test, -IsolationForest(n_estimators=200, random_state=s).fit(A).score_samples(B))
            for s in SEEDS
        ])
        for A, B in ((X, X_test), (X[:, mask], X_test[:, mask]))
    )  # fmt: skip
    return {
        "AUC, all columns": before,
        "AUC, kept": after,
        "gain": after - before,
        "kept": mask.sum(),
        "CPU s": seconds,
    }


def _mean(found):
    return pd.DataFrame(found).mean().to_dict()


PARTS = {"tables": tables, "real": real, "series": series, "anomaly": anomaly}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--data", metavar="FOLDER", help="folder of real tables; else TREEPRUNE_DATA")
    parser.add_argument("--calibration", action="store_true", help="only this")
    parser.add_argument("--runs", type=int, default=200, help="of each setting; 0: leave ours as saved")
    parser.add_argument("--boruta-runs", type=int, default=20, help="of Boruta; 0: as saved")
    given = parser.parse_args()
    if given.data:
        os.environ["TREEPRUNE_DATA"] = given.data
    warnings.simplefilter("ignore")
    PruningSelector(n_estimators=1).fit(np.eye(20), np.arange(20) % 2)  # compiles
    if given.calibration:
        runs = {"PruningSelector": given.runs, "BorutaPy": given.boruta_runs if find_spec("boruta") else 0}
        calibration({selector: number for selector, number in runs.items() if number})
        return
    for part in given.parts or PARTS:
        PARTS[part]()


if __name__ == "__main__":
    main()
