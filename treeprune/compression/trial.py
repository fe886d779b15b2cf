"""What compress compares: pruned models and models trained anew, each with its size and how it was judged."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..methods import PruningMethod


@dataclass(frozen=True, eq=False)
class Trial:
    """A pruned model or one trained anew, its size and how it was judged: a point of the frontier."""

    name: str
    parameters: str
    n_nodes: int
    n_trees: int
    loss: float
    score: float
    row_losses: NDArray[np.float64] | None = field(default=None, repr=False)  # on the judging rows, shape (n_rows,)
    method: PruningMethod | None = field(default=None, repr=False)  # None: it was trained anew, or is unpruned
    out_of_bag: bool = False  # it starts from trees that out-of-bag rows have pruned

    @property
    def is_rival(self) -> bool:
        """Whether it was trained anew."""
        return self.method is None and self.name != "unpruned"
