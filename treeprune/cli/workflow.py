"""The work of the commands on rows: grow a tree, choose a strength, prune, measure."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.exceptions import NotFittedError

from ..adapters import find_adapter
from ..composites.base import Given
from ..composites.exchange import exchanged, forests, inside, passes_on, tree_models
from ..core.graft import graft
from ..core.path import PruningPath
from ..core.risk import node_risk
from ..estimators.stepwise import starting_from
from ..exceptions import MissingExtraError, ModelFormatError, UnsupportedModelError
from ..io import read_model
from ..methods import PathMethod, PruningMethod, as_method
from ..pruning import offset_inside, prune, pruning_path

Rows = tuple[Any, ArrayLike]

#: Stands in tables for the tree before pruning.
BEFORE = "none (before)"
_MARKS = ["unpruned", "chosen", "retrained"]


#: Models that commands grow, by name: the module of scikit-learn and the stem of the class.
ESTIMATORS = {
    "random_forest": ("ensemble", "RandomForest"),
    "extra_trees": ("ensemble", "ExtraTrees"),
    "gradient_boosting": ("ensemble", "GradientBoosting"),
    "hist_gradient_boosting": ("ensemble", "HistGradientBoosting"),
    "tree": ("tree", "DecisionTree"),
}


def new_estimator(name: str, task: str, seed: int, **parameters: Any) -> Any:
    """One of `ESTIMATORS`, not fitted."""
    module, stem = ESTIMATORS[name]
    kind = "Classifier" if task == "classification" else "Regressor"
    return getattr(import_module(f"sklearn.{module}"), stem + kind)(random_state=seed, **parameters)


def new_tree(task: str, seed: int) -> Any:
    """A scikit-learn tree that grows as far as it can, not fitted."""
    return new_estimator("tree", task, seed)


def grow(X: Any, y: ArrayLike, task: str, seed: int) -> Any:
    """A fully grown scikit-learn tree."""
    return new_tree(task, seed).fit(X, y)


def hold_out(X: Any, y: ArrayLike, task: str, fraction: float, seed: int) -> list:
    """X and y of the rows that stay and of those held out: ``X, X_out, y, y_out``.

    Proportions of classes are kept where there are rows enough; of each class, some rows stay.
    """
    from sklearn.model_selection import train_test_split
    from sklearn.utils import _safe_indexing

    stratify = None
    if task == "classification":
        n_rows = np.unique(y, return_counts=True)[1]
        n_out = int(np.ceil(fraction * len(y)))
        if n_rows.min() > 1 and min(n_out, len(y) - n_out) >= len(n_rows):
            stratify = y
    stay, out = train_test_split(np.arange(len(y)), test_size=fraction, stratify=stratify, random_state=seed)
    if task == "classification":
        known = np.isin(np.asarray(y)[out], np.asarray(y)[stay])
        stay, out = np.concatenate([stay, out[~known]]), out[known]
    return [_safe_indexing(rows, part) for rows in (X, y) for part in (stay, out)]


def prune_by(
    model: Any,
    method: PruningMethod | str,
    judge: Rows | None = None,
    train: Rows | None = None,
    judging: dict[str, Any] | None = None,
    **strength: float,
) -> tuple[Any, dict[str, Any]]:
    """Prune at a strength. If none is given, choose it by rows that did not grow the model.

    Parameters
    ----------
    model : object
        A fitted model, or one that holds such models. Several of them are pruned at one strength, which must be given.
    method : PruningMethod or str
        How to prune.
    judge : tuple of X and y, optional
        Rows for methods that judge by rows, and for the choice of a strength: the tree of the path with the least
        error on them, the smallest among equals.
    train : tuple of X and y, optional
        The rows that grew the model, for methods that need them.
    judging : dict, optional
        How `judge` judges: ``class_weight`` and offsets, as `prune` takes them. None: by the model's own weights of
        classes, without offsets.
    **strength : float
        ``alpha`` or ``n_leaves``, for methods with a path.

    Returns
    -------
    model : object
        The pruned model.
    strength : dict of str to number
        The method's own parameter that gives it; empty where there is none.
    """
    method, judging = as_method(method), judging or {}
    by_judge = method.needs_rows and not method.needs_training_rows
    rows = (train if method.needs_training_rows else judge if by_judge else None) or ()
    told = judging if by_judge else {}
    if not isinstance(method, PathMethod):
        knob = method.knob
        return prune(model, method, *rows, **told), {} if knob is None else {knob: getattr(method, knob)}
    if "alpha" in strength and len(list(tree_models(model))) > 1:  # a strength for all of them
        pruned = exchanged(
            model, lambda tree, seen: pruning_path(tree, method, *seen[:2], **told).prune(**strength), Given(*rows)
        )
        return pruned, dict(strength)
    path = pruning_path(model, method, *rows, **told)
    step = path.step(**strength) if strength else _best_step(path, model, *judge, **judging)
    model = path.prune(step=step)
    if path.alphas is None:
        return model, {}
    return model, {path.knob.name: path.knob.of_alpha(path.alphas[[step]]).item()}


def judged_by_rows(method: PruningMethod, **strength: float) -> bool:
    """Whether `prune_by` needs rows that did not grow the tree: to judge by, or to choose the strength."""
    return method.needs_rows or (isinstance(method, PathMethod) and not strength)


def _best_step(path, model, X, y, class_weight="model", **offsets):
    given = Given(X, y, offset=offset_inside(model, X, **offsets))
    ((tree_model, (seen,), _),) = inside(model, given)
    adapter = find_adapter(tree_model)
    rows = (adapter if class_weight == "model" else adapter.without_class_weights()).rows(*seen)
    if not passes_on(model):  # what the tree model predicts is not what the whole does
        if given.offset is not None:
            raise ValueError(f"{type(model).__name__} predicts without offsets: no strength can be chosen. Give one.")
        loss = np.array([-path.prune(step=step).score(X, y) for step in range(len(path))])
        return _last_least(loss)
    error, _ = node_risk(path.forest, "error", rows)
    if isinstance(path, PruningPath):
        loss = path.totals(error)
    else:
        loss = np.array([_loss(path, step, error, given, rows.sample_weight) for step in range(len(path))])
    return _last_least(loss)


def _last_least(loss):
    return int(np.flatnonzero(loss <= loss.min() + 1e-12 * np.abs(loss).max())[-1])


def _loss(path, step, error, given, weight):
    """Error of the leaves of a step's trees; where the step changes what they predict, that of its model."""
    plan = path.plan(step=step)
    if plan.operations <= {"collapse"}:
        pruned, origin = graft(path.forest, plan)
        return error[origin[pruned.is_leaf]].sum()
    ((tree_model, (seen,), _),) = inside(path.prune(step=step), given)
    return -starting_from(seen.offset, tree_model, seen.X).score(seen.X, seen.y, sample_weight=weight)


def size(model: Any) -> dict[str, int]:
    """Leaves of all trees of a fitted model, or inside it, and the greatest depth."""
    found = forests(model)
    return {
        "n_leaves": sum(forest.n_leaves for forest in found),
        "depth": max(int(forest.depth.max()) for forest in found),
    }


def load_model(path: str | Path, *, trust: bool, load: Callable = read_model) -> Any:
    """Load a model, or one that holds models, for a command; see `treeprune.read_model`.

    Parameters
    ----------
    path : str or Path
        A model file.
    trust : bool
        Whether pickles are loaded.
    load : callable, default=read_model
        `read_model`, or `check_model` to know what the file holds.

    Raises
    ------
    ValueError
        The file cannot be loaded; the message names it.
    UnsupportedModelError
        The model cannot be pruned, or its file may be loaded with `trust` only.
    MissingExtraError
        The library of the model is not installed.
    """
    try:
        return load(path, trust=trust)
    except UnsupportedModelError as error:
        raise UnsupportedModelError(str(error).replace("give trust=True", "add --trust")) from error
    except (ModelFormatError, MissingExtraError, NotFittedError):
        raise
    except Exception as error:  # a pickle can fail in any way
        raise ValueError(f"{path} cannot be loaded as a model ({type(error).__name__}: {error}).") from error


def best_of_each_size(frontier: pd.DataFrame) -> pd.DataFrame:
    """The best of what `compress` tried: pruned or retrained models that no smaller one of their kind beats.

    Parameters
    ----------
    frontier : DataFrame
        The `frontier` of a `CompressionResult`.

    Returns
    -------
    DataFrame
        Largest first: method, parameters, n_nodes, n_trees, loss, score, and a mark: the unpruned model, the one
        chosen, and all that were retrained. Of several tree models, one after the other, with their places.
    """
    if "tree_model" in frontier:
        of_each = [
            best_of_each_size(rows.drop(columns="tree_model")).assign(tree_model=place)
            for place, rows in frontier.groupby("tree_model")
        ]
        return pd.concat(of_each, ignore_index=True)
    mark = np.select([frontier["method"] == "unpruned", frontier["chosen"], frontier["rival"]], _MARKS, "")
    frame = frontier.assign(mark=mark).sort_values(["n_nodes", "loss"], ignore_index=True)
    best = frame["loss"] < frame.groupby(frame["rival"])["loss"].transform(lambda loss: loss.cummin().shift())
    first = ~frame["rival"].duplicated()
    shown = frame[best | first | frame["mark"].isin(_MARKS[:2])]
    return shown[["method", "parameters", "n_nodes", "n_trees", "loss", "score", "mark"]][::-1].reset_index(drop=True)


def selection(
    X: pd.DataFrame,
    y: ArrayLike | None,
    kind: str,
    task: str | None,
    seed: int,
    fdr: float,
    order: ArrayLike | None = None,
    series: ArrayLike | None = None,
    statistic: str | None = None,
    feature_groups: str | None = None,
) -> Any:
    """A selector that says which columns matter.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Numbers.
    y : array-like of shape (n_rows,), optional
        Target; for anomalies, 1 for those that are known.
    kind : {"tabular", "series", "anomaly"}
        Independent rows, rows in time, or columns in which anomalies show.
    task : {"classification", "regression"}, optional
        What the target is.
    seed : int
        Drives all that is random.
    fdr : float
        Expected share of false picks.
    order : array-like of int, shape (n_rows,), optional
        Row numbers in time.
    series : array-like of shape (n_rows,), optional
        The series that each row belongs to.
    statistic : {"survival", "boosted", "lasso"}, optional
        How strong columns look beside their knockoffs; None: columns are compared with shadows.
    feature_groups : "auto", optional
        Correlated columns are kept or dropped together.

    Returns
    -------
    PruningSelector or AnomalyPruningSelector
        Fitted.
    """
    from ..feature_selection import AnomalyPruningSelector, PruningSelector

    if kind == "anomaly":
        return AnomalyPruningSelector(fdr=fdr, random_state=seed).fit(X, y)
    order = np.arange(len(X)) if order is None else np.asarray(order)
    null = "circular" if kind == "series" else "permute" if statistic is None else "knockoff"
    settings = {"null": null, "statistic": statistic or "survival", "feature_groups": feature_groups}
    selector = PruningSelector(**settings, fdr=fdr, task=task, random_state=seed)
    groups = None if series is None else np.asarray(series)[order]
    return selector.fit(X.iloc[order], np.asarray(y)[order], groups=groups)


def selected_columns(selector: Any) -> pd.DataFrame:
    """What `selection` found, one line for each column, the strongest first.

    Parameters
    ----------
    selector : PruningSelector or AnomalyPruningSelector
        Fitted on a DataFrame.

    Returns
    -------
    DataFrame
        Whether each column is kept, its rank, its survival (or agreement), and its p-value; or its lead over its
        knockoff.
    """
    lead = getattr(selector, "knockoff_statistics_", None)
    judged = "agreement" if hasattr(selector, "agreement_") else "survival"
    frame = pd.DataFrame({"column": selector.feature_names_in_, "kept": selector.get_support()})
    if lead is not None:
        frame = frame.assign(rank=selector.ranking_, lead=lead)
        return frame.sort_values(["rank", "lead"], ascending=[True, False], ignore_index=True)
    frame = frame.assign(**{"rank": selector.ranking_, judged: getattr(selector, f"{judged}_")})
    frame["p_value"] = selector.p_values_
    return frame.sort_values(["rank", "p_value", judged], ascending=[True, True, False], ignore_index=True)
