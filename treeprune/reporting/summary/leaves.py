"""The leaves: how many training rows each has, what share of all, and how certain its prediction is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.forest import Forest
from ...inspection.rules import Rules
from .intervals import wilson
from .numbers import records

#: Leaves with fewer training rows than this are marked.
FEW_ROWS = 20


def low_support(forest: Forest) -> dict[str, Any]:
    """How many leaves rest on few training rows; None where the model does not store these."""
    rows = None if forest.n_node_samples is None else forest.n_node_samples[forest.is_leaf]
    return {"few_rows": FEW_ROWS, "n_low_support": None if rows is None else int((rows < FEW_ROWS).sum())}


def leaf_table(subject, found: Rules, listed: NDArray[np.intp]) -> list[dict[str, Any]]:
    """The listed rules with number, conditions, prediction, training rows and certainty.

    For a class, `low` and `high` bound its share in the leaf with 95 % (Wilson 1927); for a number, they are the leaf's
    mean minus and plus one standard deviation of its training rows, where it grew by squared error.
    """
    forest = subject.forest
    leaf = np.flatnonzero(forest.is_leaf)[listed]
    columns = {"number": (listed + 1).tolist(), "rule": found.texts, "value": [_text(v) for v in found.values]}
    columns["code"] = _codes(forest, leaf)
    if found.support is not None:
        total = max(int(forest.n_node_samples[0]), 1)
        columns |= {"rows": found.support.tolist(), "share": (found.support / total).tolist()}
        columns["few"] = (found.support < FEW_ROWS).tolist()
    low, high = _bounds(forest, leaf, found)
    if found.confidence is not None:
        columns["confidence"] = found.confidence.tolist()
    if low is not None:
        columns |= {"low": low.tolist(), "high": high.tolist()}
    return records(columns)


def _bounds(forest, leaf, found):
    if found.confidence is not None and found.support is not None:
        return wilson(found.confidence, found.support)
    if forest.criterion == "squared_error" and found.impurity is not None:
        spread, mean = np.sqrt(np.maximum(found.impurity, 0.0)), forest.value[leaf, 0, 0]
        return mean - spread, mean + spread
    return None, None


def _codes(forest, leaf):
    """The mark that stands for the class that a leaf predicts; all numbers have the same."""
    return forest.value[leaf, 0].argmax(axis=1).tolist() if forest.task == "classification" else [1] * len(leaf)


def _text(value):
    return f"{value:.6g}" if isinstance(value, float) else str(value)
