"""What compress compares: models, pruned or trained anew, with their sizes and how they were judged; and its aim."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..methods import PruningMethod
from ..methods.descent import DescentMethod


@dataclass(frozen=True, eq=False)
class Trial:
    """A pruned model or one trained anew, its size and how it was judged: a point of the frontier."""

    name: str
    parameters: str
    n_nodes: int  # of models made of weights: weights
    n_trees: int
    loss: float
    score: float
    row_losses: NDArray[np.float64] | None = field(default=None, repr=False)  # on the judging rows, shape (n_rows,)
    method: Any = field(default=None, repr=False)  # None: it was trained anew, or is unpruned
    out_of_bag: bool = False  # it starts from trees that out-of-bag rows have pruned
    is_exact: bool = True  # the method by itself takes the path on which this was judged
    temperature: float | None = None  # of the link "softmax" that it was judged with
    counted: ClassVar[str] = "nodes"

    @property
    def is_rival(self) -> bool:
        """Whether it was trained anew."""
        return self.method is None and self.name != "unpruned"


class Aim(NamedTuple):
    """What makes one path better than another.

    Attributes
    ----------
    n_nodes : float
        Most nodes.
    loss : float or None
        None: the least loss is sought; else the smallest size with at most this one.
    exact : bool
        Whether only trials count that the method makes by itself as they were judged.
    """

    n_nodes: float = np.inf
    loss: float | None = None
    exact: bool = False

    def reached(self, path: Sequence[Trial]) -> tuple[tuple[bool, float], int]:
        """How far trials of falling sizes come, less being better, and which of them comes so far.

        Sizes are interpolated up to where the loss is exceeded, so that paths of few trials can be compared.
        """
        least = min(range(len(path)), key=lambda i: (path[i].n_nodes > self.n_nodes, path[i].loss))
        good = [i for i, trial in enumerate(path) if self.loss is not None and trial.loss <= self.loss]
        if self.loss is None or not good:
            return (path[least].n_nodes > self.n_nodes or self.loss is not None, path[least].loss), least
        last = min(good, key=lambda i: path[i].n_nodes)
        size = float(np.log(path[last].n_nodes))
        if last + 1 < len(path) and path[last + 1].loss > self.loss:
            rise = path[last + 1].loss - path[last].loss
            share = (self.loss - path[last].loss) / rise
            size += share * (float(np.log(path[last + 1].n_nodes)) - size)
        return (False, size), last


LEAST_LOSS = Aim()


def has_alpha(method: PruningMethod | None) -> bool:
    """Whether what made a trial has a strength; selections of trees, imitations and rivals have none."""
    return isinstance(method, DescentMethod)
