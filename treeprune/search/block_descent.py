"""Block descent over the trees of an ensemble: each step finds the best pruning of one tree, with all others fixed.

The ensemble is additive: the score of a row is a constant plus the values of the leaves that it reaches. Minimised is

    sum of w loss(y, score) + ridge / 2 |values of the leaves|^2 + penalty (number of nodes + prices of the splits).

To second order (exactly, for the squared error), what one tree adds to the loss with all others fixed is a sum over
its leaves of ``-G v + H v^2 / 2``, with G and H the sums of negative gradients and of hessians over the leaf's rows. A
leaf's best value is then ``G / (H + ridge)``, and it wins ``G^2 / (2 (H + ridge))`` (Chen & Guestrin 2016, eq. 5 and
6); where values are shrunk towards priors in place of zero, ``(G + ridge prior) / (H + ridge)``. With the rows sorted
by leaf, the rows of every node are a slice, and running sums over the rows give G and H of any node. One bottom-up pass
over costs finds the best of all prunings of the tree, in O(rows + nodes); a tree that does not earn its nodes is
dropped.

No branch can win more than its rows would if each had a value of its own, ``Q = sum of g^2 / 2 h``. If a node's Q
exceeds what the node wins as a leaf by no more than the price of a split and a leaf, no pruning of its branch can pay.
The branch is then skipped, which saves much of the work on deep trees and does not change the result.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import descent_kernels as kernels
from .descent_arrays import Options, Prunings, Quadratic, Scratch, Trees


class BlockDescent:
    """The state of the descent; `cycle` and `descend` move it.

    Parameters
    ----------
    trees : Trees
    model : Quadratic
        Of the loss; its gradients change as the score moves.
    ridge : float
        Penalty of squared values, in the unit of the model's hessians.
    values : {"free", "given", "simplex"}
        Whether leaves take their best value, keep the one that they have at the start, or take the best value with
        ``value - low >= 0`` in every column and ``sum of (value - low) == total`` (``<= total`` if there is but one).
    low, total : ndarray of float64 of shape (n_columns,), float
        Of the simplex.
    layers : bool
        Whether a tree may only be cut at a depth, the same for all of its branches.
    drop : bool
        Whether trees may be dropped.
    anchored : bool
        Whether `ridge` shrinks each leaf towards the value that its node has at the start, in place of zero.

    Attributes
    ----------
    prunings : Prunings
        The present pruning of each tree.
    """

    def __init__(
        self,
        trees: Trees,
        model: Quadratic,
        *,
        ridge: float = 0.0,
        values: str = "free",
        low: ArrayLike | None = None,
        total: float = 1.0,
        layers: bool = False,
        drop: bool = True,
        anchored: bool = False,
    ):
        self.trees, self.model, self.prunings = trees, model, trees.unpruned()
        mode = ("free", "given", "simplex").index(values)
        low = np.zeros(trees.given.shape[1]) if low is None else np.array(low, dtype=np.float64)
        self.options = Options(mode, float(ridge), low, float(total), bool(anchored), bool(layers), bool(drop))
        self._scratch, self._unpruned = Scratch.for_trees(trees), self.n_nodes

    @property
    def n_nodes(self) -> int:
        """Nodes of all trees as they are now."""
        return self.prunings.n_nodes

    def leaves(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Leaves of the trees that are not dropped, by their place among the nodes of all trees, and their values."""
        kept = ~self.prunings.dropped
        places = self.prunings.places(kept)
        first = np.repeat(self.trees.start[:-1][kept], self.prunings.n_leaves[kept])
        return first + self.prunings.leaf[places], self.prunings.value[places]

    def objective(self, penalty: float) -> float:
        """The present value of what is minimised, under the model of the loss."""
        return self.model.loss + self._cost(penalty)

    def step(self, tree: int, penalty: float, within: bool = False) -> float:
        """Give one tree its best pruning; by how much the objective falls (0: the tree stays as it is).

        With `within`, nodes that are pruned already stay so, which is faster.
        """
        return self._steps(penalty, within, tree, tree + 1)

    def cycle(self, penalty: float, within: bool = False) -> float:
        """One step for each tree; by how much the objective falls."""
        return self._steps(penalty, within, 0, len(self.trees.model))

    def _steps(self, penalty, within, first, last):
        return kernels.cycle(
            self.trees, self.prunings, self.model, self.options, self._scratch, float(penalty), within, first, last
        )

    def descend(self, penalty: float, tol: float = 1e-3, max_cycles: int = 30) -> None:
        """Cycle until one over whole trees wins no more than `tol` of the objective."""
        within = self.n_nodes < self._unpruned  # pruned before: first prune that further
        for _ in range(max_cycles):
            done = self.cycle(penalty, within) <= tol * self.objective(penalty)
            if done and not within:
                break
            within = not done  # once pruning further wins nothing, look at whole trees again

    def take_out(self) -> None:
        """Take the trees' values out of gradients that are those of the score without them."""
        self._exchange(self.trees.nothing(), self.prunings)

    def state(self) -> Prunings:
        """What `restore` needs to come back to the present prunings."""
        return self.prunings.copy()

    def restore(self, state: Prunings) -> None:
        """Go back to the prunings of an earlier `state`."""
        self._exchange(self.prunings, state)
        self.prunings.take_over(state)

    def _exchange(self, old, new):
        kernels.exchange(self.trees, old, new, self.model.hessian, self.model.constant, self.model.gradient)

    def _cost(self, penalty):
        """Ridge penalty and price of the present prunings."""
        leaf, value = self.leaves()
        away = value - self.trees.given[leaf] if self.options.anchored else value
        return 0.5 * self.options.ridge * float((away**2).sum()) + penalty * float(self.prunings.price.sum())
