"""What does it cost to choose the pruning strength of an ensemble by cross-validation?

``python -m benchmarks.ensemble_cross_validation`` takes two or three minutes on one thread, most of them fits.
"""

import numpy as np
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from threadpoolctl import threadpool_limits

from benchmarks.common import cpu_seconds, report
from benchmarks.ensembles import families
from treeprune import TreePruner, TreePrunerCV
from treeprune.methods import CostComplexity

N_ROWS, FOLDS = 1_000, 5


def plain_fits(estimator, X, y):
    """One fit per fold and one on all rows."""
    for grow, _ in StratifiedKFold(FOLDS).split(X, y):
        clone(estimator).fit(X[grow], y[grow])
    clone(estimator).fit(X, y)


def row(family, estimator, X, y):
    TreePrunerCV(clone(estimator), cv=2, n_candidates=3).fit(X[:300], y[:300])  # compiles
    fits, _ = cpu_seconds(lambda: plain_fits(estimator, X, y))
    ours, pruner = cpu_seconds(lambda: TreePrunerCV(estimator, cv=FOLDS).fit(X, y))
    alphas, scores = (pruner.cv_results_[name] for name in ("param_alpha", "mean_test_score"))
    grid = {"alpha": alphas.tolist()}
    each, other = cpu_seconds(lambda: TreePrunerCV(estimator, cv=FOLDS, param_grid=grid).fit(X, y))
    middle = len(alphas) // 2
    search = GridSearchCV(
        TreePruner(estimator, CostComplexity()), {"method__alpha": [alphas[middle]]}, cv=FOLDS, refit=False
    )
    refits, _ = cpu_seconds(lambda: search.fit(X, y))
    differences = [np.abs(scores - other.cv_results_["mean_test_score"]).max()]
    differences.append(abs(scores[middle] - search.cv_results_["mean_test_score"][0]))
    return {
        "family": family, "candidates": len(alphas), "plain fits, CPU s": fits, "TreePrunerCV, CPU s": ours,
        "pruned models, CPU s": each, "GridSearchCV, CPU s": refits * len(alphas) + fits / (FOLDS + 1),
        "beyond the fits": ours - fits, "pruned models beyond the fits": each - fits,
        "TreePrunerCV / fits": ours / fits, "pruned models / fits": each / fits,
        "GridSearchCV / TreePrunerCV": (refits * len(alphas) + fits / (FOLDS + 1)) / ours,
        "largest difference of scores": float(max(differences)),
    }  # fmt: skip


def main():
    X, y = make_classification(N_ROWS, 20, n_informative=8, flip_y=0.1, random_state=0)
    rows = []
    for family, estimator in reversed(families("classification").items()):  # the quick ones first
        with threadpool_limits(1):
            rows.append(row(family, estimator, X, y))
        report(
            "ensemble_cross_validation",
            "The pruning strength of ensembles by cross-validation",
            rows,
            f"Accuracy by {FOLDS} folds of {N_ROWS:,} rows and 20 columns; 100 trees (AdaBoost: 50) of depth 6, "
            "forests and bagging fully grown. Plain fits: one per fold and one on all rows. Pruned models: these fits, "
            "and each candidate pruned from them and asked for its predictions. GridSearchCV over TreePruner was "
            "measured at one of the candidates by all folds and is scaled to all of them.",
        )


if __name__ == "__main__":
    main()
