"""Cross-validated scores of prunings: the table in GridSearchCV's form, standard errors and the choice of a row."""

from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from .scoring import StepScores

if TYPE_CHECKING:
    import pandas as pd


#: Columns of sizes: rules compare the first that a table has.
SIZES = ("n_leaves", "n_weights")


def size_column(results: dict[str, Any]) -> str:
    """Name of the column that says how large the candidates are."""
    return next(name for name in SIZES if name in results)


def score_columns(folds: list[StepScores], kind: str) -> dict[str, NDArray]:
    """Scores of each fold, their mean and standard deviation over folds; `kind` is "test" or "train"."""
    scores = np.array([fold.score for fold in folds])
    columns = {f"split{fold}_{kind}_score": of_fold for fold, of_fold in enumerate(scores)}
    return columns | {f"mean_{kind}_score": scores.mean(axis=0), f"std_{kind}_score": scores.std(axis=0)}


def ranks(mean: NDArray[np.float64]) -> NDArray[np.int32]:
    """Ranks of scores, 1 for the best; scores that are not finite come last."""
    return rankdata(-np.where(np.isfinite(mean), mean, -np.inf), method="min").astype(np.int32)


def error_of_rows(folds: list[StepScores]) -> NDArray[np.float64]:
    """Standard error of a mean loss over the held-out rows of all folds (Breiman et al. 1984, section 3.4.3).

    With row weights, that of R's rpart: a weight counts as a number of rows.
    """
    loss, square = (sum(np.asarray(getattr(fold, name)) for fold in folds) for name in ("loss", "square"))
    weight = sum(fold.weight for fold in folds)
    return np.sqrt(np.maximum(square - loss**2 / weight, 0.0)) / weight


def error_of_folds(folds: list[StepScores]) -> NDArray[np.float64]:
    """Standard error of the mean of the folds' scores; NaN for one fold."""
    scores = np.array([fold.score for fold in folds])
    if len(scores) == 1:
        return np.full(scores.shape[1], np.nan)
    return scores.std(axis=0, ddof=1) / np.sqrt(len(scores))


def choose(rule: str | Callable, results: dict[str, Any]) -> int:
    """Row of the table that a rule chooses.

    Raises
    ------
    ValueError
        No candidate has a finite score.
    TypeError, IndexError
        A callable returns something other than the number of a row.
    """
    if callable(rule):
        index = rule(results)
        if not isinstance(index, Integral):
            raise TypeError(f"The 'rule' parameter, called, must return an int. Got {index!r}.")
        if not 0 <= int(index) < len(results["params"]):
            raise IndexError(f"The 'rule' parameter, called, must return a row of cv_results_. Got {index!r}.")
        return int(index)
    mean, sizes = results["mean_test_score"], results[size_column(results)]
    if not np.isfinite(mean).any():
        raise ValueError("All the test scores are non-finite: there is nothing to choose from.")
    score = np.where(np.isfinite(mean), mean, -np.inf)
    best = _smallest(np.flatnonzero(score == score.max()), sizes, score)
    if rule == "best":
        return best
    error = results["standard_error"][best]
    return _smallest(np.flatnonzero(score >= score[best] - (error if np.isfinite(error) else 0.0)), sizes, score)


def _smallest(candidates, sizes, score):
    """Of some candidates the smallest one, then with the best score, then the last."""
    order = np.lexsort((candidates, score[candidates], -sizes[candidates]))
    return int(candidates[order[-1]])


def results_frame(
    results: dict[str, Any], chosen: int, best: int, relative_error: NDArray[np.float64] | None
) -> "pd.DataFrame":
    """The table as R's rpart prints it."""
    import pandas as pd

    n_candidates = len(results["params"])
    columns = {name.removeprefix("param_"): array for name, array in results.items() if name.startswith("param_")}
    columns[size_column(results)] = results[size_column(results)]
    if relative_error is not None:
        columns["relative_error"] = relative_error
    columns |= {"cv_score": results["mean_test_score"], "standard_error": results["standard_error"]}
    mark = np.full(n_candidates, "", dtype=object)
    mark[best] = "best"
    mark[chosen] = "chosen, best" if chosen == best else "chosen"
    index = results.get("step", np.arange(n_candidates))
    return pd.DataFrame(columns | {"mark": mark}, index=pd.Index(index, name="step"))
