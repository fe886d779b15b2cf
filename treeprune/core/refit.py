"""Estimate the values of nodes again, on the rows that grew the tree or on others."""

from dataclasses import replace

import numpy as np

from ..exceptions import UnsupportedModelError
from .plan import Plan
from .risk import node_risk
from .rows import Rows


def refit_plan(rows: Rows) -> Plan:
    """The plan that gives every node the value and the statistics that it has on the rows.

    The structure stays. A node that no row reaches keeps what it has.

    Parameters
    ----------
    rows : Rows
        Rows routed through the forest to estimate again.

    Raises
    ------
    UnsupportedModelError
        The forest's values are no estimates of the target (boosted trees, isolation trees).
    """
    forest, statistics = rows.forest, rows.statistics
    weight = statistics.weight
    reached = weight > 0
    safe = np.where(reached, weight, 1.0)[:, None]
    if forest.task == "classification":
        value = statistics.class_weight / safe[:, :, None]
    elif forest.task != "regression":
        raise UnsupportedModelError("Leaves can be refitted only where they estimate the target itself.")
    elif forest.criterion == "absolute_error":
        value = _medians(rows)
    else:
        value = (statistics.center + statistics.total / safe)[:, :, None]
    value = np.where(reached[:, None, None], value, forest.value)
    refitted = replace(forest, value=value)
    risk, _ = node_risk(refitted, "impurity", Rows(refitted, rows.leaf_ids, rows.target, rows.sample_weight))
    return Plan(
        value=value,
        n_node_samples=np.where(reached, statistics.n_rows, forest.n_node_samples),
        weighted_n_node_samples=np.where(reached, weight, forest.weighted_n_node_samples),
        impurity=np.where(reached, risk / safe[:, 0], forest.impurity),
    )


def _medians(rows: Rows):
    """Weighted median of the target at each node; in preorder a node's rows are a slice of the rows by leaf."""
    forest = rows.forest
    value = forest.value.copy()
    for tree, (first, last) in enumerate(zip(forest.start[:-1], forest.start[1:], strict=True)):
        leaf = rows.leaf_ids(tree)
        order = np.argsort(leaf, kind="stable")
        nodes = np.arange(first, last)
        low, high = np.searchsorted(leaf[order], nodes), np.searchsorted(leaf[order], forest.end[nodes])
        for node, start, stop in zip(nodes, low, high, strict=True):
            of_node = order[start:stop]
            if rows.sample_weight[of_node].sum() > 0:
                value[node, :, 0] = [
                    _weighted_median(column, rows.sample_weight[of_node]) for column in rows.target[of_node].T
                ]
    return value


def _weighted_median(y, weight):
    order = np.argsort(y, kind="stable")
    y, cumulated = y[order], np.cumsum(weight[order])
    half = cumulated[-1] / 2
    middle = np.searchsorted(cumulated, half)
    if cumulated[middle] == half:  # half of the weight lies on each side: any value between the two is a median
        above = np.searchsorted(cumulated, half, side="right")
        return (y[middle] + y[above]) / 2
    return y[middle]
