"""The base of the methods that prune all trees of an ensemble by block descent."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.additive import Additive, Pruning
from ..core.forest import Forest
from ..core.losses import Squared, step_derivatives
from ..core.plan import Plan
from ..core.rows import Rows
from ..core.sequence_path import SequencePath
from .base import PathMethod

if TYPE_CHECKING:
    from ..search.block_descent import BlockDescent
    from ..search.descent_arrays import Trees

#: Alphas of a path per factor of ten, and its ends, over the loss of the best constant score.
ALPHAS_PER_DECADE = 8
ALPHA_RANGE = (1e-7, 1e-1)
_BISECTIONS = 5
#: Losses that are proportional to the distance promise as much for a long step as for a short one. Only in short steps
#: do trees share what there is to explain; else the first takes it all, and the others seem not worth their price.
_DOUBLINGS_OF_LINEAR = 7


class DescentMethod(PathMethod):
    """A method that minimises an ensemble's loss plus a price of its nodes, one tree at a time.

    Has the parameters `fraction`, `alpha`, `max_nodes`, `max_leaves`, `max_trees`, `max_bytes`, `reg`, `shrink_to`,
    `price`, `loss`, `tol` and `max_cycles`.
    """

    needs_training_rows = True
    counts_rows = True
    nested = False
    tasks = ("regression", "classification", "margin")
    for_ensembles = True

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The pruning at the strength, and the values of its leaves."""
        self._check_parameters()
        if rows is None:
            raise ValueError(f"{type(self).__name__} estimates leaves on rows: give X and y.")
        additive, descent, unit = self._start(forest, rows)
        if self.alpha is not None:
            last = self.alpha * rows.row_weight.sum()
            penalties = _penalties(unit)
            for penalty in (*penalties[penalties < last], last):
                descent.descend(penalty, self.tol, self.max_cycles)
            return self._plan(additive, snapshot(additive, descent), rows)
        return self._within_budget(additive, descent, _penalties(unit), rows)

    def path(self, forest: Forest, rows: Rows | None = None) -> SequencePath:
        """Prunings as alpha rises, from the largest to the smallest."""
        if rows is None:
            raise ValueError(f"{type(self).__name__} estimates leaves on rows: give X and y.")
        self._check_parameters()
        additive, descent, unit = self._start(forest, rows)
        total = rows.row_weight.sum()
        found: list[Pruning] = []
        losses: list[float] = []
        for penalty in _penalties(unit):
            descent.descend(penalty, self.tol, self.max_cycles)
            pruning = snapshot(additive, descent)
            if len(pruning.leaf) and (not found or pruning.n_leaves < found[-1].n_leaves):
                found.append(pruning)
                losses.append(descent.model.loss / total)
        risk = np.zeros(forest.n_nodes)
        risk[forest.root[0]] = unit / total  # of the constant alone
        sizes = np.array([pruning.n_leaves for pruning in found])
        plans = partial(self._plan_of, additive, found, rows)
        return SequencePath(forest, risk, sizes, np.array(losses), plans)

    def _plan_of(self, additive, prunings, rows, step):
        return self._plan(additive, prunings[step], rows)

    def _plan(self, additive, pruning, rows):
        return replace(additive.plan(pruning), link=self._link(additive, pruning, rows))

    def _link(self, additive, pruning, rows):
        """The link that turns scores into probabilities, for methods that need one."""

    def prunings(
        self,
        forest: Forest,
        rows: Rows,
        alphas: ArrayLike | None = None,
        *,
        per_decade: int = ALPHAS_PER_DECADE,
        least: float = 0.0,
    ) -> tuple[Additive, Iterator[tuple[float, Pruning]]]:
        """Prunings along rising alphas, each starting from the one before.

        Parameters
        ----------
        forest : Forest
            A canonical forest.
        rows : Rows
            Rows to prune by.
        alphas : array-like of shape (n_steps,), optional
            Rising strengths; None: all that may matter.
        per_decade : int, default=8
            Then so many per factor of ten.
        least : float
            Then from this alpha on.

        Returns
        -------
        additive : Additive
            Makes plans of prunings and scores rows by them.
        steps : iterator of (float, Pruning)
            Alpha and pruning of each step, worked out when asked for.
        """
        self._check_parameters()
        additive, descent, unit = self._start(forest, rows)
        total = rows.row_weight.sum()
        if alphas is None:
            penalties = _penalties(unit, per_decade)
            penalties = penalties[penalties >= least * total * (1.0 - 1e-9)]
        else:
            penalties = np.asarray(alphas, dtype=np.float64) * total

        def steps():
            for penalty in penalties:
                descent.descend(penalty, self.tol, self.max_cycles)
                yield penalty / total, snapshot(additive, descent)

        return additive, steps()

    def _check_parameters(self):
        self._check_number("fraction", 0.0, 1.0, closed="right")
        self._check_choice("shrink_to", (None, "zero", "values"))
        for name in ("alpha", "reg", "tol"):
            self._check_number(name, 0.0, none=name == "alpha")
        for name in ("max_nodes", "max_leaves", "max_trees", "max_bytes", "max_cycles"):
            self._check_number(name, 1, kind=Integral, none=name != "max_cycles")

    def _options(self, additive: Additive) -> dict:
        """Options of the search besides `ridge`."""
        return {}

    def _start(self, forest, rows):
        """The forest in additive form, the descent at its start, and the loss of the best constant score."""
        from ..search.block_descent import BlockDescent
        from ..search.descent_arrays import Quadratic
        from ..search.newton_descent import NewtonDescent

        self._check_task(forest)
        rows = rows.judged_by(self.loss)
        additive = Additive(forest, rows)
        trees = _trees(additive, rows, _split_price(self.price, forest))
        is_square = not additive.is_margin or rows.loss == Squared()
        anchored = not is_square if self.shrink_to is None else self.shrink_to == "values"
        options = {"ridge": self.reg, "anchored": anchored} | self._options(additive)
        weight = rows.row_weight
        if not is_square:
            base = additive.base(rows)
            slope = step_derivatives(rows.require_loss(), rows.target, weight, base)
            gradient, hessian = slope(base)
            unit = 0.5 * (gradient**2 / np.maximum(hessian, 1e-16)).sum()
            doublings = _DOUBLINGS_OF_LINEAR if getattr(rows.loss, "is_linear", False) else 0
            return additive, NewtonDescent(trees, slope, base, doublings, **options), float(unit)
        residual = (rows.target if additive.is_margin else additive.target(rows)) - additive.base(rows)
        scale = _scale(trees, len(weight))  # where some trees do not count a row, the others stand in for them
        pull = residual * (weight * scale)[:, None]
        pull = np.ascontiguousarray(pull.T)[:, :, None] if additive.is_margin else pull[None]
        model = Quadratic.from_derivatives(pull, np.tile(weight * scale**2, (len(pull), 1)))
        unit = model.loss
        descent = BlockDescent(trees, model, **options)
        descent.take_out()
        return additive, descent, unit

    def _within_budget(self, additive, descent, penalties, rows):
        """The plan of the largest pruning found along the path that is within all budgets."""
        low, state = None, descent.state()
        for penalty in chain(penalties, (float(penalties[-1]) * 10.0**k for k in range(1, 300))):
            descent.descend(penalty, self.tol, self.max_cycles)
            best = snapshot(additive, descent)
            plan = self._fitting(additive, best, rows)
            if plan is not None:
                break
            if not len(best.leaf):
                limits = ", ".join(f"{name}={value}" for name, value in self._limits().items())
                raise ValueError(f"No model fits {limits}: with no split left, it has {best.n_nodes} nodes.")
            low, state = penalty, descent.state()
        high = penalty
        for _ in range(_BISECTIONS if low is not None else 0):
            middle = float(np.sqrt(low * high))
            descent.restore(state)
            descent.descend(middle, self.tol, self.max_cycles)
            found = snapshot(additive, descent)
            found_plan = self._fitting(additive, found, rows)
            if found_plan is None:
                low, state = middle, descent.state()
                continue
            high = middle
            if found.n_nodes >= best.n_nodes:
                best, plan = found, found_plan
        return plan

    def _fitting(self, additive, pruning, rows):
        """The plan of a pruning if it is within all budgets, else None."""
        if not self._fits(additive.forest.n_nodes, pruning):
            return None
        plan = self._plan(additive, pruning, rows)
        return plan if self.max_bytes is None or rows.n_bytes(plan) <= self.max_bytes else None

    def _fits(self, n_nodes, pruning):
        sizes = {"max_nodes": pruning.n_nodes, "max_leaves": pruning.n_leaves, "max_trees": pruning.n_trees}
        limits = self._limits()
        if not limits:  # a share of the nodes; nothing is smaller than a model without splits
            return pruning.n_nodes <= self.fraction * n_nodes or not len(pruning.leaf)
        return all(size <= limits.get(name, np.inf) for name, size in sizes.items())

    def _limits(self):
        names = ("max_nodes", "max_leaves", "max_trees", "max_bytes")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


def snapshot(additive: Additive, descent: "BlockDescent") -> Pruning:
    """The pruning that a descent has reached."""
    leaf, value = descent.leaves()
    return additive.pruning(leaf.astype(np.int32), value)


def _penalties(unit, per_decade=ALPHAS_PER_DECADE):
    decades = np.log10(ALPHA_RANGE[1] / ALPHA_RANGE[0])
    return unit * np.geomspace(*ALPHA_RANGE, round(decades * per_decade) + 1)


def _trees(additive: Additive, rows: Rows, split_price: NDArray[np.float64]) -> "Trees":
    from ..search.descent_arrays import Trees

    forest = additive.forest
    model = forest.tree_class if additive.is_margin else np.zeros(forest.n_trees, np.int32)
    leaf_ids = map(rows.leaf_ids, range(forest.n_trees))
    return Trees.from_forest(forest.start, forest.end, forest.depth, split_price, leaf_ids, additive.value, model)


def _split_price(price, forest):
    """Price of each node's split, in nodes; empty: all are free."""
    if price is None:
        return np.empty(0)
    try:
        prices = np.asarray(price, dtype=np.float64)
    except (TypeError, ValueError):
        prices = np.empty(0)  # not one number per feature either
    if prices.shape != (forest.n_features,) or not np.isfinite(prices).all() or (prices < 0).any():
        raise ValueError(
            f"The 'price' parameter must hold {forest.n_features} finite numbers >= 0, one per feature. Got {price!r}."
        )
    return np.append(prices, 0.0)[np.maximum(forest.feature, -1)]


def _scale(trees, n_rows):
    seen = np.bincount(trees.row, minlength=n_rows)
    return np.divide(len(trees.model), seen, out=np.zeros(n_rows), where=seen > 0)
