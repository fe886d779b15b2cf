"""What a search over parameters tried, and what each setting scored."""

from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ...wrappers import last_step
from .numbers import plain
from .scores import metric_of, name_of_search_score
from .settings import as_text

#: Most settings that are listed, the best.
MOST_SETTINGS = 60


def best_of_parameter_search(given: Any) -> tuple[Any, Any]:
    """The search over parameters, or None if there is none, and the model to report on: the best one of the search.

    Searches are scikit-learn's GridSearchCV and RandomizedSearchCV, and those that have a `best_estimator_` as they
    do. One at the end of a Pipeline is replaced within a copy of the Pipeline.

    Raises
    ------
    NotFittedError
        The search is not fitted, or has no best estimator for want of ``refit``.
    """
    search = last_step(given)
    if not isinstance(search, (GridSearchCV, RandomizedSearchCV)) and not hasattr(search, "best_estimator_"):
        return None, given
    message = "The report needs the best model of this %(name)s: fit it with refit=True."
    check_is_fitted(search, "best_estimator_", msg=message)
    best = search.best_estimator_
    if not hasattr(given, "steps"):
        return search, best
    return search, Pipeline([*given.steps[:-1], *(getattr(best, "steps", None) or [(given.steps[-1][0], best)])])


def summarise_parameter_search(subject) -> dict[str, Any]:
    """The settings tried, the best first, with their parameters as texts."""
    search = subject.search
    if search is None:
        return {"tried": None}
    results, metric = search.cv_results_, metric_of(search)
    every = results["params"]
    names = [name.removeprefix("param_") for name in results if name.startswith("param_")]
    order = np.argsort(results[f"rank_test_{metric}"], kind="stable")[:MOST_SETTINGS]
    score, spread = (plain(results[f"{what}_test_{metric}"]) for what in ("mean", "std"))
    rows = [
        {"values": [as_text(every[place][name]) if name in every[place] else "" for name in names]}
        | {"score": score[place], "spread": spread[place], "chosen": bool(place == search.best_index_)}
        for place in order
    ]
    found = {"class": type(search).__name__, "parameters": names, "settings": rows, "n_settings": len(every)}
    name, is_share = name_of_search_score(search)
    return {"tried": found | {"n_splits": int(search.n_splits_), "score_name": name, "is_share": is_share}}
