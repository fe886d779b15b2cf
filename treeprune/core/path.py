"""Paths: series of ever smaller pruned trees. A PruningPath is nested, so that one number per node says it all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .forest import Forest
from .parameters import is_number
from .plan import Plan

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Knob:
    """The parameter of a method that sets how much is pruned, and how it relates to the strengths of a path.

    The functions must not be lambdas, so that a path can be pickled.

    Parameters
    ----------
    name : str
        Name of the parameter.
    of_alpha : callable
        Turns an array of strengths into values of the parameter. Where the parameter is a whole number, a strength may
        lie between two values: it gives the one that prunes less. Strength 0 gives the value that prunes least.
    to_alpha : callable
        Turns an array of values of the parameter into strengths.
    """

    name: str = "alpha"
    of_alpha: Callable[[NDArray], NDArray] = np.asarray
    to_alpha: Callable[[NDArray], NDArray] = np.asarray


class Path:
    """What every path offers: trees in order of falling size, by step, by number of leaves, and as a table."""

    __dataclass_fields__: ClassVar[dict[str, Any]]  # every path is a dataclass, which `replace` takes
    forest: Forest
    risk: NDArray[np.float64]
    n_leaves: NDArray[np.int64]
    impurities: NDArray[np.float64]
    write: Callable[[Plan], Any] | None
    #: Strength of each step; None where trees have none.
    alphas: NDArray[np.float64] | None = None
    #: The method's own parameter as a function of `alphas`.
    knob: Knob = Knob()

    def __len__(self) -> int:
        return len(self.n_leaves)

    def step(self, *, alpha: float | None = None, n_leaves: int | None = None, step: int | None = None) -> int:
        """Index of the tree at a strength, of the largest tree with at most `n_leaves`, or a checked `step`."""
        self._check(alpha, n_leaves, step)
        if step is not None:
            return int(step) % len(self)
        if n_leaves is not None:
            return int(np.argmax(self.n_leaves <= n_leaves))
        return int(np.searchsorted(self.alphas, alpha, side="right")) - 1

    def plan(self, *, alpha: float | None = None, n_leaves: int | None = None, step: int | None = None) -> Plan:
        """The plan of one tree of the path; exactly one of the three must be given."""
        raise NotImplementedError

    def prune(self, *, alpha: float | None = None, n_leaves: int | None = None, step: int | None = None) -> Any:
        """The pruned model at a strength, a number of leaves or a step of the path.

        Parameters
        ----------
        alpha : float, optional
            Every node whose strength is at most this becomes a leaf. 0 prunes nothing.
        n_leaves : int, optional
            The largest tree of the path with at most this many leaves.
        step : int, optional
            Index into `n_leaves`; negative counts from the end.

        Returns
        -------
        object
            A fitted model of the same class as the one that the path was taken of.
        """
        return self.write(self.plan(alpha=alpha, n_leaves=n_leaves, step=step))

    def to_frame(self) -> "pd.DataFrame":
        """The path as a table, in the manner of rpart's ``printcp``.

        Returns
        -------
        DataFrame
            One row per step: alpha and the method's own parameter (where there are such), n_leaves, impurity and
            impurity relative to that of the root alone.
        """
        import pandas as pd

        root = self.risk[self.forest.root].sum()
        columns = {}
        if self.alphas is not None:
            columns = {"alpha": self.alphas, self.knob.name: self.knob.of_alpha(self.alphas)}
        columns["n_leaves"] = self.n_leaves
        columns["impurity"] = self.impurities
        columns["relative_impurity"] = self.impurities / root if root else np.ones(len(self))
        return pd.DataFrame(columns).rename_axis("step")

    def _check(self, alpha, n_leaves, step):
        if sum(knob is not None for knob in (alpha, n_leaves, step)) != 1:
            raise ValueError("Give exactly one of 'alpha', 'n_leaves' and 'step'.")
        if alpha is not None and self.alphas is None:
            raise ValueError(
                f"The trees of this path have no strength: give 'n_leaves' or 'step'. Got alpha={alpha!r}."
            )
        if alpha is not None and not (is_number(alpha, Real) and 0 <= alpha < np.inf):
            raise ValueError(f"The 'alpha' parameter must be a float in the range [0.0, inf). Got {alpha!r}.")
        if n_leaves is not None and not (is_number(n_leaves, Integral) and n_leaves >= self.n_leaves[-1]):
            raise ValueError(
                f"The 'n_leaves' parameter must be an int and at least {self.n_leaves[-1]}, the leaves of the "
                f"smallest tree of the path. Got {n_leaves!r}."
            )
        if step is not None and not (is_number(step, Integral) and -len(self) <= step < len(self)):
            raise ValueError(
                f"The 'step' parameter must be an int in the range [{-len(self)}, {len(self)}). Got {step!r}."
            )


@dataclass(frozen=True, eq=False)
class PruningPath(Path):
    """All trees that a method gives as its strength rises, each nested in the one before.

    A node collapses when the strength reaches its own: tree ``i`` is what is left when every node with
    ``strength <= alphas[i]`` has become a leaf. ``alphas[0] = 0`` is the unpruned tree.

    Parameters
    ----------
    forest : Forest
        The unpruned trees.
    strength : ndarray of float64, shape (n_nodes,)
        Smallest alpha at which a node is a leaf; ``inf`` never, 0 at leaves. A child's strength never exceeds its
        parent's.
    risk : ndarray of float64, shape (n_nodes,)
        Risk of each node as a leaf, per unit of row weight; on training impurity, scikit-learn's impurities.
    resolution : float, default=0.0
        Strengths closer than this differ by rounding only: they share one step, at the largest of them.
    knob : Knob
        The method's own parameter as a function of alpha; by default alpha itself.
    write : callable, optional
        Turns a Plan into a fitted model; see `prune`.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import pruning_path
    >>> path = pruning_path(DecisionTreeClassifier(random_state=0).fit(*load_wine(return_X_y=True)))
    >>> path.n_leaves
    array([12, 11,  9,  8,  7,  6,  5,  4,  3,  2,  1])
    >>> path.prune(n_leaves=4)
    DecisionTreeClassifier(random_state=0)
    >>> path.to_frame().loc[path.step(n_leaves=4)].round(3)
    alpha                0.038
    n_leaves             4.000
    impurity             0.140
    relative_impurity    0.213
    Name: 7, dtype: float64
    """

    forest: Forest
    strength: NDArray[np.float64]
    risk: NDArray[np.float64]
    resolution: float = 0.0
    knob: Knob = Knob()
    write: Callable[[Plan], Any] | None = field(default=None, repr=False)

    @cached_property
    def alphas(self) -> NDArray[np.float64]:
        """Strength of each step, shape (n_steps,), strictly rising from 0."""
        strengths = self._rising_strengths[np.isfinite(self._rising_strengths)]
        last = np.ones(len(strengths), bool)  # of each run of strengths that differ by rounding only
        last[:-1] = np.diff(strengths) > self.resolution
        steps = strengths[last]
        if len(steps) and steps[0] <= self.resolution:
            steps[0] = self.resolution  # splits without gain: below the resolution, alphas differ by rounding only
        return np.concatenate([[0.0], steps])

    @cached_property
    def n_leaves(self) -> NDArray[np.int64]:
        """Leaves of each tree (for an ensemble: of all its trees), shape (n_steps,)."""
        return self._n_splits(self.alphas) + self.forest.n_trees

    @cached_property
    def impurities(self) -> NDArray[np.float64]:
        """Sum of the risks of the leaves of each tree, shape (n_steps,)."""
        sums, negative, stored = self.totals(self.risk), self.risk < 0, self.forest.impurity
        if not negative.any() or (stored is not None and (stored[negative] < 0).all()):
            return np.maximum(sums, 0.0)  # risks below zero are impurities of zero that were rounded
        return sums

    def totals(self, node_score: NDArray[np.float64], alphas: ArrayLike | None = None) -> NDArray[np.float64]:
        """Sum of an additive score over the leaves of every tree of the path, in one sweep.

        Parameters
        ----------
        node_score : ndarray of float64, shape (n_nodes,) or (n_nodes, k)
            Score of each node as a leaf.
        alphas : array-like of float64, shape (n_steps,), optional
            Strengths to prune at, in place of the path's own: those of another model's path, for instance.

        Returns
        -------
        ndarray of float64, shape (n_steps,) or (n_steps, k)
        """
        forest, node = self.forest, self.forest.internal
        change = node_score[node] - node_score[forest.children_left[node]]  # in preorder: reads memory in order
        change -= node_score[forest.children_right[node]]
        leaves = node_score[forest.is_leaf].sum(axis=0, keepdims=True)
        sums = np.concatenate([leaves, leaves + np.cumsum(change[self._rising], axis=0)])
        return sums[len(node) - self._n_splits(self.alphas if alphas is None else alphas)]

    def plan(self, *, alpha: float | None = None, n_leaves: int | None = None, step: int | None = None) -> Plan:
        """The plan of one tree of the path; exactly one of the three must be given."""
        if alpha is None:
            alpha = self.alphas[self.step(n_leaves=n_leaves, step=step)]
        else:
            self._check(alpha, n_leaves, step)
        return Plan() if alpha == 0 else Plan(collapse=(self.strength <= alpha) & ~self.forest.is_leaf)

    @cached_property
    def _rising(self):
        """Order of the nodes that split, from the one that collapses first to the one that collapses last."""
        return np.argsort(self.strength[self.forest.internal])

    @cached_property
    def _rising_strengths(self):
        return self.strength[self.forest.internal][self._rising]

    def _n_splits(self, alphas):
        """Number of nodes that still split at each strength."""
        rising = self._rising_strengths
        return len(rising) - np.where(np.asarray(alphas) > 0, np.searchsorted(rising, alphas, side="right"), 0)
