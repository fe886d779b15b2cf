"""Joint prunings whose raw scores are near those of the model itself: what keeps nearly all labels keeps the scores.

The target is the model's own margin, the mean probabilities of its trees, or the mean number, and the loss the squared
error, whatever the model's own is. Leaves are shrunk towards the model's values, so that it is what paths start from.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from ..adapters import find_adapter
from ..adapters.base import Adapter
from ..core.additive import Additive, Pruning
from ..core.losses import Quantiles
from ..core.plan import Plan
from ..core.rows import Rows
from ..methods import JointPruning


def has_scores(adapter: Adapter) -> bool:
    """Whether a model has raw scores of its trees, and can have new leaves for them."""
    forest, needed = adapter.forest, {"value"}
    if isinstance(adapter.loss, Quantiles) or forest.task == "path_length":
        return False
    if forest.task == "classification" and forest.n_trees > 1:
        needed |= {"link"}
    averages = not adapter.votes and np.ptp(forest.tree_weight) == 0
    one_label = forest.task != "classification" or forest.n_outputs == 1
    return (forest.task == "margin" or (averages and one_label)) and needed <= adapter.operations


def prunings_by_scores(
    model: Any, X: Any, reg: float, tol: float = 1e-2
) -> Iterator[tuple[JointPruning, Pruning, Adapter, Plan]]:
    """Prunings of a tree model that `has_scores` along rising prices of nodes, each with the adapter and its plan.

    Parameters
    ----------
    model : object
    X : array-like
        Rows to prune by, as the tree model takes them.
    reg : float
        How much leaves are shrunk towards the model's values.
    tol : float
        As `JointPruning` takes it.
    """
    said = find_adapter(model).predict(X) if hasattr(model, "fit") else np.zeros(len(X))
    adapter, rows = find_adapter(model).with_rows(X, said)
    rows = _with_own_scores(rows)
    loss = "squared_error" if rows.forest.task == "margin" else None
    method = JointPruning(reg=reg, shrink_to="values", tol=tol, loss=loss)
    additive, steps = method.prunings(rows.forest, rows)
    for alpha, pruning in steps:
        if len(pruning.leaf) == 0:
            break
        found = JointPruning(reg=reg, shrink_to="values", tol=tol, loss=loss, alpha=alpha)
        yield found, pruning, adapter, _plan(additive, pruning, adapter)


def _plan(additive: Additive, pruning: Pruning, adapter: Adapter) -> Plan:
    """The plan of a pruning; outputs of a regression become classes again."""
    plan = additive.plan(pruning)
    if adapter.forest.task != "classification" or plan.value is None:
        return plan
    value = plan.value.transpose(0, 2, 1)
    if adapter.forest.n_trees == 1:
        return replace(plan, value=value.clip(0.0, 1.0))
    return replace(plan, value=value, link=("simplex", 1.0))


def _with_own_scores(rows: Rows) -> Rows:
    """Rows whose targets are the scores that the model gives them; classes become outputs of a regression."""
    own, forest = copy(rows), rows.forest
    if forest.task == "margin":
        own.target = np.asarray(rows.margin, dtype=np.float64)
        return own.judged_by("squared_error")
    if forest.task == "classification":
        own.forest = replace(forest, task="regression", value=np.ascontiguousarray(forest.value.transpose(0, 2, 1)))
    own.target = sum(own.forest.value[rows.leaf_ids(tree), :, 0] for tree in range(forest.n_trees)) / forest.n_trees
    return own
