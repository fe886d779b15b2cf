"""Budgets of compress, and how much of them a model uses."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from time import perf_counter
from typing import Any

import numpy as np

from ..adapters import find_adapter
from ..compact import packed
from ..composites.exchange import with_tree_models
from ..composites.kinds import TREES
from ..core.parameters import is_number

#: Rounds in which the latencies of two models are measured, in turn.
_ROUNDS = 9
_LEAST_SECONDS = 2e-3
#: Kind and lower end of each limit, and whether the end may be taken.
_BOUNDS = (
    ("max_nodes", Integral, 1, True),
    ("max_bytes", Integral, 1, True),
    ("max_latency_ratio", Real, 0, False),
    ("max_loss", Real, 0, True),
)


@dataclass(frozen=True, eq=False)
class Whole:
    """What a tree model stands in: bytes and latency are those of the whole.

    Parameters
    ----------
    model : object
        The whole.
    inside : object
        The tree model.
    X : array-like
        Rows as the whole takes them.
    """

    model: Any
    inside: Any
    X: Any

    def holding(self, small: Any) -> Any:
        """A copy with another model in the place of the tree model."""
        return with_tree_models(self.model, {id(self.inside): small})


@dataclass(frozen=True)
class Budget:
    """Limits; None is no limit. Without any, a model must be shown to be no worse.

    Parameters
    ----------
    max_nodes, max_bytes : int, optional
    max_latency_ratio : float, optional
    max_loss : float, optional
        Rise of the loss, as a share of the unpruned model's.
    bytes_of : {"compact", "native"}
        What `max_bytes` counts.
    whole : Whole or None
        What the tree model stands in.
    """

    max_nodes: int | None
    max_bytes: int | None
    max_latency_ratio: float | None
    max_loss: float | None
    bytes_of: str
    whole: Whole | None = None

    def __post_init__(self):
        for name, kind, low, closed in _BOUNDS:
            value = getattr(self, name)
            if value is not None and not (is_number(value, kind) and low <= value < np.inf and (closed or value > low)):
                noun = "an int" if kind is Integral else "a finite number"
                raise ValueError(
                    f"The {name!r} parameter of compress must be {noun} {'>=' if closed else '>'} {low} or None. "
                    f"Got {value!r}."
                )

    @property
    def is_open(self) -> bool:
        """Whether there is no limit."""
        return all(getattr(self, name) is None for name, *_ in _BOUNDS)

    @property
    def seeks_size(self) -> bool:
        """Whether the smallest of all that are good enough is sought, in place of the best within a size."""
        return self.is_open or self.max_loss is not None

    def first_limit(self, model: Any) -> float:
        """How many nodes the budget may allow: exactly, or a guess that `excess` corrects."""
        limit = np.inf if self.max_nodes is None else float(self.max_nodes)
        if self.max_bytes is not None:
            measured = model if self.whole is None else self.whole.model
            limit = min(limit, find_adapter(model).forest.n_nodes * self.max_bytes / n_bytes(measured, self.bytes_of))
        return limit

    def excess(self, small: Any, model: Any, X: Any) -> float:
        """How much of the tightest limit a model uses, as a ratio: up to 1 it is within the budget."""
        ratios = [0.0]
        if self.max_nodes is not None:
            ratios.append(find_adapter(small).forest.n_nodes / self.max_nodes)
        if self.whole is not None:
            small, model, X = self.whole.holding(small), self.whole.model, self.whole.X
        if self.max_bytes is not None:
            ratios.append(n_bytes(small, self.bytes_of) / self.max_bytes)
        if self.max_latency_ratio is not None:
            ratios.append(latency_ratio(small, model, X) / self.max_latency_ratio)
        return max(ratios)


def n_bytes(model: Any, bytes_of: str = "compact") -> int:
    """Size of a model's file: of `save_compact` at level "predict", or the library's own (UBJSON, text, pickle).

    That of a model that holds others, or is made of weights, is a pickle.
    """
    if bytes_of == "compact":
        return len(packed(model))
    return find_adapter(model).n_bytes if TREES.takes(model) else len(pickle.dumps(model))


def latency_ratio(small: Any, model: Any, X: Any) -> float:
    """Time in which a model predicts rows, over that of another one.

    The two take turns, so that other work of the machine slows both. The least time of each counts, because other work
    can only add to it.
    """
    times: list[tuple[Callable[[], Any], list[float]]]
    times = [(partial((find_adapter(m) if TREES.takes(m) else m).predict, X), []) for m in (small, model)]
    repeats = [max(1, int(np.ceil(_LEAST_SECONDS / max(_seconds(call, 1), 1e-9)))) for call, _ in times]
    for _ in range(_ROUNDS):
        for (call, found), n in zip(times, repeats, strict=True):
            found.append(_seconds(call, n))
    return min(times[0][1]) / min(times[1][1])


def _seconds(call, n):
    start = perf_counter()
    for _ in range(n):
        call()
    return (perf_counter() - start) / n
