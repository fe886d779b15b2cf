"""All methods side by side on one table of rows."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import KFold, StratifiedKFold

from ..estimators import TreePrunerCV
from ..methods import ALIASES, PathMethod
from .workflow import BEFORE, grow, hold_out, judged_by_rows, new_tree, prune_by, size

#: Data sets that come with scikit-learn, for the demonstration.
DEMO_DATA = ("breast_cancer", "wine", "digits", "diabetes")


def compared_methods(task: str) -> list[str]:
    """Aliases of the methods that prune a single tree for a task with their default parameters."""
    return sorted(
        alias
        for alias, method in ALIASES.items()
        if not (method.needs_parameters or method.for_ensembles) and method().takes(task)
    )


def compare(
    X: ArrayLike,
    y: ArrayLike,
    task: str,
    *,
    cv: int = 5,
    test: float | None = None,
    validation: float = 0.25,
    seed: int = 0,
    show: Callable[[str], None] = lambda what: None,
) -> pd.DataFrame:
    """The tree that each method makes of a fully grown one, judged by rows that neither grew nor pruned it.

    Strengths of nested trees are chosen by folds within the growing rows (`TreePrunerCV`, rule "best"). Methods that
    judge by other rows, and strengths that folds cannot choose, have a share of the growing rows held out for that:
    their trees grow on the rest. All others grow, like the tree before pruning, on all growing rows.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_columns)
        Numbers.
    y : array-like of shape (n_rows,)
        The target.
    task : {"classification", "regression"}
        What it is.
    cv : int, default=5
        Number of folds; each row is scored once. Also the number of folds within, where a strength is chosen by such.
    test : float, optional
        Instead of folds: the share of the rows that is scored, once.
    validation : float, default=0.25
        Share of the growing rows that is held out as said above.
    seed : int, default=0
        Drives all that is random.
    show : callable, optional
        Told what is being done, in words.

    Returns
    -------
    DataFrame
        The unpruned tree, then the methods, the best first:

        - method, and where its strength comes from: "folds", "held out" rows, "default" of its parameter, "none";
        - held_out, the share of the growing rows that was held out;
        - n_leaves, depth: means over the folds;
        - score: accuracy or R2 over all rows that are scored, and its standard error over these rows;
        - change: of the score by pruning, and its standard error (the same rows are compared).

    Raises
    ------
    ValueError
        There are too few rows for so many folds.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from treeprune.cli.comparison import compare
    >>> frame = compare(*load_breast_cancer(return_X_y=True), "classification", cv=3)
    >>> strength = frame.set_index("method")["strength"]
    >>> strength[["cost_complexity", "optimal_subtree", "error_based", "mdl"]].tolist()
    ['folds', 'held out', 'default', 'none']
    """
    X, y = np.asarray(X), np.asarray(y)
    found, tested = {}, []
    for train, scored in _splits(y, task, cv, test, seed):
        tested.append(y[scored])
        for row, tree in _models(X[train], y[train], task, cv, validation, seed):
            show(f"Part {len(tested)} of {1 if test else cv}: {row['method']}")
            row, sizes, predicted = found.setdefault(row["method"], (row, [], []))
            sizes.append(size(tree))
            predicted.append(tree.predict(X[scored]))
    y = np.concatenate(tested)
    before = _row_scores(y, np.concatenate(found[BEFORE][2]), task)
    rows = []
    for row, sizes, predicted in found.values():
        of_rows = _row_scores(y, np.concatenate(predicted), task)
        row |= pd.DataFrame(sizes).mean().to_dict()
        row["score"], row["std_error"] = _mean(of_rows)
        row["change"], row["change_error"] = _mean(of_rows - before)
        rows.append(row)
    first, others = pd.DataFrame(rows[:1]), pd.DataFrame(rows[1:])
    others = others.sort_values(["score", "n_leaves", "method"], ascending=[False, True, True])
    return pd.concat([first, others], ignore_index=True)


def demo(name: str, cv: int, seed: int, show: Callable[[str], None] = lambda what: None) -> pd.DataFrame:
    """`compare` on one of `DEMO_DATA`, whose name and measure the table starts with."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    task = "classification" if y.dtype.kind == "i" else "regression"
    frame = compare(X, y, task, cv=cv, seed=seed, show=lambda what: show(f"{name}, {what}"))
    frame.insert(0, "measure", measure(task))
    frame.insert(0, "data", name)
    return frame


def measure(task: str) -> str:
    """Name of the score."""
    return "accuracy" if task == "classification" else "R2"


def _splits(y, task, cv, test, seed) -> Iterator[tuple[NDArray, NDArray]]:
    """Row numbers that grow and that are scored."""
    if test is not None:
        numbers = np.arange(len(y))
        train, scored, *_ = hold_out(numbers, y, task, test, seed)
        yield train, scored
        return
    stratified = task == "classification" and np.unique(y, return_counts=True)[1].min() >= cv
    splitter = (StratifiedKFold if stratified else KFold)(cv, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros((len(y), 1)), y)


def _models(X, y, task, cv, validation, seed) -> Iterator[tuple[dict, Any]]:
    """The tree before pruning, and after it by each method; and how each was guided."""
    whole = grow(X, y, task, seed)
    X_grow, X_judge, y_grow, y_judge = hold_out(X, y, task, validation, seed)
    part = grow(X_grow, y_grow, task, seed)
    yield {"method": BEFORE, "strength": "none", "held_out": 0.0}, whole
    for alias in compared_methods(task):
        method = ALIASES[alias]()
        if isinstance(method, PathMethod) and method.nested and not method.needs_rows:
            folds = list(_splits(y, task, cv, None, seed))
            pruner = TreePrunerCV(new_tree(task, seed), method, cv=folds, rule="best").fit(X, y)
            yield {"method": alias, "strength": "folds", "held_out": 0.0}, pruner.estimator_
        elif judged_by_rows(method):
            small, _ = prune_by(part, method, (X_judge, y_judge), (X_grow, y_grow))
            yield {"method": alias, "strength": _strength(method), "held_out": validation}, small
        else:
            small, _ = prune_by(whole, method, train=(X, y))
            yield {"method": alias, "strength": _strength(method), "held_out": 0.0}, small


def _strength(method):
    """Where the strength of a method comes from that is not chosen by folds."""
    if isinstance(method, PathMethod):
        return "held out"
    return "default" if any(isinstance(value, float) for value in method.get_params().values()) else "none"


def _row_scores(y, predicted, task):
    """Scores of single rows, whose mean is the accuracy or R2."""
    if task == "classification":
        return (y == predicted).astype(float)
    spread = np.var(y)
    return 1.0 - (y - predicted) ** 2 / spread if spread > 0 else np.where(y == predicted, 1.0, 0.0)


def _mean(of_rows):
    return of_rows.mean(), of_rows.std(ddof=1) / np.sqrt(len(of_rows)) if len(of_rows) > 1 else np.nan
