"""Scores: of the cross-validation that chose the strength, and on the rows given to the report."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import metrics
from sklearn.base import is_classifier

from .intervals import change_of_accuracy, change_of_folds, change_of_means, change_of_r2, wilson
from .numbers import count, plain, records

#: Scores that are shares, shown in per cent.
SHARES = {"accuracy", "balanced accuracy"}
#: Groups with fewer rows than this are marked.
FEW_ROWS_OF_GROUP = 30
#: Most classes for which a table of confusions is made.
_MOST_CONFUSIONS = 12
_MOST_GROUPS = 30


def scores(subject) -> dict[str, Any]:
    """All scores: `cv`, and on the rows given `on_rows`, `measures`, `by_class`, `confusion` and `by_group`."""
    found = {"cv": _cv(subject), "on_rows": None, "measures": None, "by_class": None, "by_group": None}
    found["held_out"] = subject.held_out
    scored = hasattr(subject.predictor, "predict") and hasattr(subject.predictor, "score")  # a Booster has no score
    if subject.y is None or not scored or subject.n_outputs > 1:
        return found
    y = np.asarray(subject.y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    predictor, X = subject.predictor_after()
    after = np.asarray(predictor.predict(X))
    if y.ndim > 1 or after.size > len(y):  # several targets, or several quantiles of one
        return found
    after = after.reshape(len(y))
    before = subject.predictor_before()
    before = None if before is None else np.asarray(before[0].predict(before[1])).reshape(len(y))
    found["on_rows"] = {"score": float(predictor.score(X, subject.y)), "n_rows": len(y)}
    found["measures"] = _measures(subject, y, before, after)
    if subject.is_classifier:
        found |= _by_class(subject, y, before, after)
    if subject.groups is not None:
        found["by_group"] = _by_group(subject, y, before, after)
    return found


def name_of_score(scoring: Any, of_classifier: bool) -> tuple[str, bool]:
    """Name of a score, None being the model's own, and whether it is a share."""
    name = ("accuracy" if of_classifier else "R²") if scoring is None else scoring
    name = name.replace("_", " ") if isinstance(name, str) else "score"
    return name, name in SHARES


def metric_of(search: Any) -> str:
    """Name in `cv_results_` of the score that a search chose by; of several scores, that of its `refit`."""
    if not search.multimetric_:
        return "score"
    names = list(search.scorer_)
    return search.refit if search.refit in names else names[0]


def name_of_search_score(search: Any) -> tuple[str, bool]:
    """Name, as readers know it, of the score that a search chose by, and whether it is a share."""
    return name_of_score(metric_of(search) if search.multimetric_ else search.scoring, is_classifier(search))


def _cv_of_parameter_search(search):
    """The score of the setting that a search over parameters has chosen."""
    results, metric = search.cv_results_, metric_of(search)
    name, is_share = name_of_search_score(search)
    score, spread = (results[f"{what}_test_{metric}"][search.best_index_] for what in ("mean", "std"))
    error = spread / np.sqrt(search.n_splits_ - 1) if search.n_splits_ > 1 else np.nan
    after, error = plain([score, error])
    found = {"name": name, "is_share": is_share, "before": None, "after": after, "standard_error": error}
    rule = f"the best score of {count(len(results['params']), 'setting')}"
    return found | {"change": None, "n_splits": int(search.n_splits_), "out_of_bag": False, "rule": rule}


def _cv(subject):
    pruner = subject.pruner
    if not hasattr(pruner, "cv_results_"):
        return None if subject.search is None else _cv_of_parameter_search(subject.search)
    results, place = pruner.cv_results_, pruner.best_index_
    name, is_share = name_of_score(pruner.scoring, is_classifier(pruner))
    first, score, error = plain(
        [results["mean_test_score"][0], results["mean_test_score"][place], results["standard_error"][place]]
    )
    first = first if _starts_unpruned(results) else None
    out_of_bag = isinstance(pruner.cv, str)
    return {"name": name, "is_share": is_share, "before": first, "after": score, "standard_error": error} | {
        "change": None if first is None else _change_of_cv(results, place, int(pruner.n_splits_)),
        "n_splits": int(pruner.n_splits_),
        "out_of_bag": out_of_bag,
        "rule": pruner.rule if isinstance(pruner.rule, str) else "a rule of the caller's own",
    }


def _starts_unpruned(results):
    """Whether the first candidate is the unpruned model, which it need not be in a grid of parameters."""
    return "step" in results or results.get("param_amount", [None])[0] == 0.0


def _change_of_cv(results, place, n_splits):
    """Bounds of the change from the unpruned model to the one chosen."""
    if place == 0:
        return None
    folds = np.array([results[f"split{fold}_test_score"] for fold in range(n_splits)])
    if len(folds) > 1:
        return change_of_folds(folds[:, 0], folds[:, place])
    mean = results["mean_test_score"]
    return change_of_means(mean[0], mean[place], results["standard_error"][place])


def _measures(subject, y, before, after):
    """Some measures on the rows given, before and after."""
    if subject.is_classifier:
        columns = {"accuracy": metrics.accuracy_score, "balanced accuracy": _balanced_accuracy}
    else:
        columns = {
            "R²": metrics.r2_score if len(y) > 1 else lambda *_: np.nan,
            "root mean squared error": metrics.root_mean_squared_error,
            "mean absolute error": metrics.mean_absolute_error,
        }
    table = []
    for name, measure in columns.items():
        row = {"name": name, "is_share": name in SHARES, "after": plain([measure(y, after)])[0]}
        row["before"] = None if before is None else plain([measure(y, before)])[0]
        if name == "accuracy":
            row["interval"] = interval_of(y == after)
            row["change"] = None if before is None else change_of_accuracy(y == before, y == after)
        if name == "R²":
            row["change"] = None if before is None else change_of_r2(y, before, after)
        table.append(row)
    return {"table": table, "agreement": None if before is None else _agreement(subject, before, after)}


def _agreement(subject, before, after):
    """Share of the rows whose class is as before pruning; for numbers, the correlation."""
    if subject.is_classifier:
        return float(np.mean(before == after))
    if np.ptp(before) == 0 or np.ptp(after) == 0:
        return None
    return float(np.corrcoef(before, after)[0, 1])


def interval_of(hit: NDArray[np.bool_]) -> list[float]:
    """Bounds of the share of rows that are predicted rightly, which hold with 95 %."""
    return [float(bound) for bound in wilson(hit.mean(), len(hit))]


def _balanced_accuracy(y: ArrayLike, predicted: ArrayLike) -> float:
    return float(np.mean([np.mean(predicted[y == label] == label) for label in np.unique(y)]))


def _by_class(subject, y, before, after):
    """Recall of each class, before and after pruning, and its precision."""
    labels = getattr(subject.model, "classes_", np.unique(y))
    names = subject.classes or [str(label) for label in labels]
    columns = {"name": names, "n_rows": [int((y == label).sum()) for label in labels]}
    columns["recall"] = plain([_share(after[y == label] == label) for label in labels])
    if before is not None:
        columns["recall_before"] = plain([_share(before[y == label] == label) for label in labels])
    columns["precision"] = plain([_share(y[after == label] == label) for label in labels])
    confusion = None
    if len(labels) <= _MOST_CONFUSIONS:
        confusion = metrics.confusion_matrix(y, after, labels=labels).tolist() if len(y) else None
    return {"by_class": records(columns), "confusion": confusion}


def _share(hit):
    return hit.mean() if len(hit) else np.nan


def _by_group(subject, y, before, after):
    """The score in each group of the column named."""
    name, labels, group = subject.groups
    table = []
    for label in labels[:_MOST_GROUPS]:
        rows = group == label
        row = {"name": label, "n_rows": int(rows.sum()), "few": bool(rows.sum() < FEW_ROWS_OF_GROUP)}
        row |= {"after": _score(subject, y[rows], after[rows])}
        row |= {"before": None if before is None else _score(subject, y[rows], before[rows])}
        if subject.is_classifier:
            row["interval"] = interval_of(y[rows] == after[rows])
        table.append(row)
    measure = "accuracy" if subject.is_classifier else "mean absolute error"
    left_out = len(labels) - len(table)
    return {"column": name, "measure": measure, "table": table, "n_left_out": left_out, "few_rows": FEW_ROWS_OF_GROUP}


def _score(subject, y, predicted):
    return float(np.mean(y == predicted) if subject.is_classifier else np.mean(np.abs(y - predicted)))
