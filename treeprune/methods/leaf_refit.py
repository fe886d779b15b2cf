"""Leaf refit: all leaves of an ensemble estimated together, by ridge regression (Ren et al. 2015)."""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, cg

from ..core.additive import Additive
from ..core.forest import Forest
from ..core.losses import step_derivatives
from ..core.monotone import constrained
from ..core.plan import Plan
from ..core.rows import Rows
from .base import PruningMethod

_NEWTON_STEPS = 20
_BISECTIONS = 30


class LeafRefit(PruningMethod):
    r"""Estimate the leaves of all trees together; the trees stay as they are.

    Minimises :math:`\sum_i w_i L(y_i, F_i) + \frac{\lambda}{2} \sum_\ell |v_\ell - v_\ell^0|^2` over the values v of
    all leaves, which are shrunk towards their present values :math:`v^0`. It is solved by conjugate gradients on the
    sparse matrix of the leaves that each row reaches. The loss L is that of `JointPruning`. Losses other than the
    squared error take Newton steps, each shortened until the objective does not rise at its end. Where the model has
    monotonic constraints, leaves go from their present values towards the nearest to the solution that keep to them, as
    far as the loss falls.

    Parameters
    ----------
    reg : float, default=1.0
        :math:`\lambda`, in rows. Forests that average T trees have values that are a T-th of what a leaf stores.
    tol : float, default=1e-6
        Relative residual at which conjugate gradients stop.
    max_iter : int, default=500
        Largest number of their iterations.
    loss : str or callable, optional
        The loss of a boosted ensemble in the place of its own; see `JointPruning`.

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows together as many as they are: `core.counts`.

    References
    ----------
    S. Ren, X. Cao, Y. Wei, J. Sun (2015). Global refinement of random forest. CVPR, 723-730.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from treeprune import prune
    >>> from treeprune.methods import LeafRefit
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(20, max_depth=4, random_state=0).fit(X, y)
    >>> prune(forest, LeafRefit(reg=10.0), X, y).score(X, y) > forest.score(X, y)
    True
    """

    alias = "leaf_refit"
    counts_rows = True
    needs_training_rows = True
    tasks = ("regression", "classification", "margin")
    for_ensembles = True
    soft = True

    def __init__(self, reg=1.0, tol=1e-6, max_iter=500, loss=None):
        self.reg = reg
        self.tol = tol
        self.max_iter = max_iter
        self.loss = loss

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """New values of the leaves."""
        self._check_task(forest)
        self._check_number("reg", 0.0, closed="neither")
        self._check_number("tol", 0.0, closed="neither")
        self._check_number("max_iter", 1)
        if rows is None:
            raise ValueError("LeafRefit estimates leaves on rows: give X and y.")
        rows = rows.judged_by(self.loss)
        additive = Additive(forest, rows)
        leaf = np.flatnonzero(forest.is_leaf).astype(np.int32)
        indicator = _indicator(forest, rows, leaf)
        value = self._refit(additive, rows, indicator, additive.value[leaf])
        plan = additive.plan(additive.pruning(leaf, value))
        if rows.monotonic is not None:
            plan = replace(plan, value=self._within_constraints(additive, rows, leaf, plan.value))
        return replace(plan, collapse=None, link=("simplex", 1.0) if additive.has_free_scores else None)

    @staticmethod
    def _within_constraints(additive, rows, leaf, value):
        """Values on the way from the present ones to the nearest that keep to the constraints: those of least loss.

        The constraints hold at both ends, and so between them.
        """
        nearest = constrained(replace(additive.forest, value=value), rows.monotonic).value
        if nearest is value:
            return value
        present = additive.pruning(leaf, additive.value[leaf])
        old = additive.plan(present).value
        step = additive.pruning(leaf, additive.in_score(nearest - old)[leaf])
        score, change = additive.score(present, rows), additive.score(step, rows) - additive.base(rows)

        derivatives = None
        if additive.is_margin:
            derivatives = step_derivatives(rows.require_loss(), rows.target, rows.row_weight, score)

        def slope(part):
            there = score + part * change
            if derivatives is not None:
                return float((derivatives(there)[0] * change).sum())
            return float(((there - additive.target(rows)) * change * rows.row_weight[:, None]).sum())

        low, high = 0.0, 1.0
        if slope(high) > 0:
            for _ in range(_BISECTIONS):
                middle = (low + high) / 2
                low, high = (low, middle) if slope(middle) > 0 else (middle, high)
            high = low
        return old + high * (nearest - old)

    def _refit(self, additive, rows, indicator, value):
        if additive.is_margin:
            column = additive.forest.tree_class[additive.forest.node_tree[additive.forest.is_leaf]]
            change = self._newton(additive, rows, indicator, column, value[:, 0])
            return value + change[:, None]
        weight = rows.row_weight
        residual = additive.target(rows) - additive.base(rows) - indicator @ value
        pull = indicator.T @ (residual * weight[:, None])
        return value + np.stack([self._solve(indicator, weight, of_column) for of_column in pull.T], axis=1)

    def _newton(self, additive, rows, indicator, column, value):
        base = additive.base(rows)
        slope = step_derivatives(rows.require_loss(), rows.target, rows.row_weight, base)
        parts = [indicator[:, np.flatnonzero(column == c)] for c in range(base.shape[1])]
        change = np.zeros_like(value)

        def score(values):
            return base + np.stack([part @ values[column == c] for c, part in enumerate(parts)], axis=1)

        def uphill(gradient, values):
            pull = np.zeros_like(values)
            for c, part in enumerate(parts):
                pull[column == c] = part.T @ gradient[:, c]
            return pull + self.reg * (values - value)

        for _ in range(_NEWTON_STEPS):
            gradient, hessian = slope(score(value + change))
            rise, step = uphill(gradient, value + change), np.zeros_like(value)
            for c, part in enumerate(parts):
                step[column == c] = self._solve(part, np.maximum(hessian[:, c], 1e-16), -rise[column == c])
            length = 1.0
            while length > 1e-6:  # a convex loss whose slope at the end of the step is downhill has fallen on the way
                there = value + change + length * step
                if uphill(slope(score(there))[0], there) @ step <= 1e-9 * abs(rise @ step):
                    break
                length /= 2
            change = change + length * step
            if abs(rise @ step) <= self.tol * (1.0 + abs(gradient).sum()):
                break
        return change

    def _solve(self, indicator, weight, pull):
        """Solution of the ridge's normal equations, preconditioned by their diagonal."""
        diagonal = indicator.T @ weight + self.reg
        shape = (len(diagonal), len(diagonal))
        matrix = LinearOperator(shape, lambda v: indicator.T @ (weight * (indicator @ v)) + self.reg * v)
        inverse = LinearOperator(shape, lambda v: v / diagonal)
        return cg(matrix, pull, rtol=self.tol, maxiter=self.max_iter, M=inverse)[0]


def _indicator(forest, rows, leaf):
    """Sparse matrix of the leaves (columns) that each row reaches. Where some trees do not count a row, the others
    stand in for them."""
    n_rows, column = len(rows.target), np.full(forest.n_nodes, -1)
    column[leaf] = np.arange(len(leaf))
    ids = np.stack([rows.leaf_ids(tree) for tree in range(forest.n_trees)], axis=1)
    row, tree = np.nonzero(ids >= 0)
    scale = forest.n_trees / np.bincount(row, minlength=n_rows).clip(1)
    return csr_array((scale[row], (row, column[ids[row, tree]])), shape=(n_rows, len(leaf)))
