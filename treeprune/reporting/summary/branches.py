"""What each pruned branch changed: the rows it held, and the error with it and without it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.forest import Forest
from ...core.risk import branch_sums, node_risk
from ...exceptions import MissingStatisticError
from .numbers import plain, records

#: Most branches that are listed, those with the most rows.
MOST_BRANCHES = 40


def pruned_branches(subject) -> dict[str, Any]:
    """A table of the branches that have become leaves, and whether the tree before pruning is known."""
    before = subject.forest_before if subject.forest_before is not None else subject.path.forest
    origin = node_origin(subject.forest, before)
    leaf = np.flatnonzero(subject.forest.is_leaf)
    collapsed = leaf[(origin[leaf] >= 0) & ~before.is_leaf[origin[leaf]]]
    node = origin[collapsed]
    number = np.cumsum(subject.forest.is_leaf)[collapsed]  # of the leaf's rule, from 1
    columns = {"leaf": number.tolist(), "n_leaves": branch_sums(before, before.is_leaf.astype(float))[node].astype(int)}
    if before.n_node_samples is not None:
        columns["n_rows"] = before.n_node_samples[node]
    columns |= _errors(before, None, node, "training") | _errors_on_rows(subject, before, node)
    order = np.argsort(-np.asarray(columns.get("n_rows", columns["n_leaves"])), kind="stable")[:MOST_BRANCHES]
    table = records({name: plain(np.asarray(column)[order]) for name, column in columns.items()})
    known = subject.forest_before is not None or subject.path.forest.n_leaves > subject.forest.n_leaves
    return {"branches": table, "n_branches": len(node), "raised": bool((origin < 0).any()), "before_known": known}


def node_origin(after: Forest, before: Forest) -> NDArray[np.intp]:
    """The node of the larger tree that each node of the smaller one was, -1 where branches have been raised.

    Both are walked from the root; a node that splits as its counterpart does has children who are counterparts.
    """
    origin = np.full(after.n_nodes, -1)
    waiting = [(int(after.root[0]), int(before.root[0]))]
    while waiting:
        node, old = waiting.pop()
        if after.is_leaf[node]:
            origin[node] = old
        elif after.feature[node] == before.feature[old] and after.threshold[node] == before.threshold[old]:
            origin[node] = old
            for children in ("children_left", "children_right"):
                waiting.append((int(getattr(after, children)[node]), int(getattr(before, children)[old])))
    return origin


def _errors_on_rows(subject, before, node):
    """The same on the rows given, which do not count by the model's weights of classes: errors are numbers of rows."""
    if subject.y is None or subject.model_before is None:
        return {}
    rows = subject.adapter_before.without_class_weights().rows(subject.rows_before, subject.y)
    return {"given_rows": rows.statistics.n_rows[node]} | _errors(before, rows, node, "given")


def _errors(forest, rows, node, name):
    """Error of each branch before and after: rows predicted wrongly, or the root of the mean squared error."""
    try:
        risk, _ = node_risk(forest, "error", rows)
    except MissingStatisticError:
        return {}
    columns = {"before": branch_sums(forest, np.where(forest.is_leaf, risk, 0.0))[node], "after": risk[node]}
    if forest.task == "regression":
        weight = forest.weighted_n_node_samples if rows is None else rows.statistics.weight
        weight = np.maximum(weight[node], 1e-300)
        columns = {when: np.sqrt(np.maximum(error, 0.0) / weight) for when, error in columns.items()}
    return {f"{name}_{when}": error for when, error in columns.items()}
