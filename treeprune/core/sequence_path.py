"""SequencePath: a family of pruned trees that are not nested, one plan for each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .forest import Forest
from .path import Path
from .plan import Plan


@dataclass(frozen=True, eq=False)
class SequencePath(Path):
    """Trees in order of falling size, each with a plan of its own; a smaller one need not lie within a larger one.

    Parameters
    ----------
    forest : Forest
        The unpruned trees.
    risk : ndarray of float64, shape (n_nodes,)
        Risk of each node as a leaf, per unit of row weight.
    n_leaves : ndarray of int64, shape (n_steps,)
        Leaves of each tree (for an ensemble: of all its trees), strictly falling.
    impurities : ndarray of float64, shape (n_steps,)
        Sum of the risks of the leaves of each tree.
    plan_of : callable
        ``plan_of(step)`` gives the Plan of a tree.
    write : callable, optional
        Turns a Plan into a fitted model; see `prune`.
    """

    forest: Forest
    risk: NDArray[np.float64]
    n_leaves: NDArray[np.int64]
    impurities: NDArray[np.float64]
    plan_of: Callable[[int], Plan] = field(repr=False)
    write: Callable[[Plan], Any] | None = field(default=None, repr=False)

    def plan(self, *, alpha: float | None = None, n_leaves: int | None = None, step: int | None = None) -> Plan:
        """The plan of one tree of the path, by `n_leaves` or `step`; there is no `alpha`."""
        return self.plan_of(self.step(alpha=alpha, n_leaves=n_leaves, step=step))
