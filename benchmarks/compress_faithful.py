"""Does a faithful compression keep the share of labels that it promises, on rows that it never saw?

``python -m benchmarks.compress_faithful`` takes some minutes. For each model and seed, the model is fitted on 1,000
rows and compressed with ``faithful=`` on 3,000 others without labels; 20,000 untouched ones tell on which share it says
what the model says. A share below the promise breaks it: that may happen in at most 5 % of the runs. Only runs in which
a smaller model was given count, for the model as it is breaks no promise.
"""

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.datasets import make_classification
from sklearn.ensemble import AdaBoostClassifier, IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from benchmarks.common import report
from treeprune import compress
from treeprune.composites.exchange import size

SEEDS = 20
#: Model, tolerance, promise.
MODELS = {
    "tree, labels": (DecisionTreeClassifier, {}, None, 0.9),
    "forest of 10 trees, labels": (RandomForestClassifier, {"n_estimators": 10}, None, 0.9),
    "AdaBoost of 10 trees, labels": (
        AdaBoostClassifier,
        {"estimator": DecisionTreeClassifier(max_depth=4), "n_estimators": 10},
        None,
        0.9,
    ),
    "forest of 10 trees, values within 0.5": (RandomForestRegressor, {"n_estimators": 10}, 0.5, 0.9),
    "isolation forest of 20 trees, scores within 0.02": (IsolationForest, {"n_estimators": 20}, 0.02, 0.9),
}


def run(name, seed):
    """Nodes before and after, the limit that was shown, and the share on untouched rows."""
    kind, params, tolerance, promise = MODELS[name]
    X, y = make_classification(24_000, 8, n_informative=5, n_classes=3, random_state=seed)
    fitted_on, new, untouched = np.split(X, (1_000, 4_000))
    y = X[:1_000, 0] * 2 + X[:1_000, 1] if kind is RandomForestRegressor else y[:1_000]
    model = kind(**params, random_state=seed).fit(fitted_on, y)
    found = compress(model, new, faithful=promise, tolerance=tolerance, effort="quick", random_state=seed)
    said = [
        m.score_samples(untouched) if kind is IsolationForest else m.predict(untouched) for m in (model, found.model)
    ]
    same = said[0] == said[1] if tolerance is None else np.abs(said[0] - said[1]) <= tolerance
    return {
        "model": name,
        "nodes": size(model)[1],
        "left": size(found.model)[1],
        "limit": found.agreement_bound,
        "untouched": same.mean(),
        "smaller": found.method is not None,
        "broken": same.mean() < promise,
        "below the limit": same.mean() < found.agreement_bound,
    }


def main():
    """Run all, and write the table."""
    runs = pd.DataFrame([run(name, seed) for name in MODELS for seed in range(SEEDS)])
    rows = []
    for name, of_model in runs.groupby("model", sort=False):
        smaller = of_model[of_model["smaller"]]
        broken = int(smaller["broken"].sum())
        rows.append(
            {
                "model": name,
                "runs": len(of_model),
                "smaller": len(smaller),
                "promise broken": broken,
                "untouched below the limit": int(smaller["below the limit"].sum()),
                "p, if 5 % were": round(binomtest(broken, len(smaller), 0.05, "greater").pvalue, 3)
                if len(smaller)
                else "",
                "nodes left, median": f"{(smaller['left'] / smaller['nodes']).median():.3f}",
                "untouched, median": f"{smaller['untouched'].median():.4f}",
            }
        )
    report("compress_faithful", "Faithful compressions on untouched rows", rows)


if __name__ == "__main__":
    main()
