"""The weights of a layer that stay, solved again by least squares on rows.

Each unit is to give the sums that are wanted of it with the inputs that are left to it. The change of its weights is
penalised by a ridge, shared by all units of the layer, so that without enough rows to tell better the weights stay as
they are. The ridge is that with which rows that are held out are best met.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from .layers import Layer, Mask
from .moments import mean, variance

#: Ridges that are tried, in units of the mean variance of the inputs; without end: the bias alone changes.
RIDGES = (np.inf, *(10.0 ** np.arange(4, -9, -1)))
#: Folds of rows that the ridge is chosen by (of sparse rows, which take longer, the first alone), and how many units at
#: most are looked at for it.
FOLDS, MOST_UNITS = 4, 32
#: Fewest rows to solve weights on.
FEWEST_ROWS = 10
#: Sparse rows: how small the gradient is, beside that of no change, at which a solution is one, and one that is good
#: enough to judge a ridge by; and most iterations.
_EXACT, _ROUGH, _MOST_ITERATIONS = 1e-7, 1e-2, 1000


class Change(NamedTuple):
    """What is added to the weights of some units, shape (n_in, n_units), and to their biases, shape (n_units,)."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]


def solved_again(
    layer: Layer, kept: Mask, rows: Any, wanted: NDArray[np.float64], row_weight: NDArray[np.float64] | None = None
) -> tuple[Layer, float]:
    """A layer with other weights where it has any, and the ridge of these.

    Parameters
    ----------
    layer : Layer
        Its weights are zero where they do not stay.
    kept : ndarray of bool, shape (n_in, n_units)
        Which weights may be other than zero.
    rows : ndarray or sparse matrix of float64, shape (n_rows, n_in)
        What the layer is fed.
    wanted : ndarray of float64, shape (n_rows, n_units)
        The sums that its units should give.
    row_weight : ndarray of float64, shape (n_rows,), optional
        How much each row counts.
    """
    weight = np.ones(len(wanted)) if row_weight is None else row_weight / row_weight.mean()
    missing = wanted - layer.sums(rows)
    ridge = _best_ridge(rows, missing, weight, kept, layer.has_bias)
    change = _problem(rows, missing, weight, layer.has_bias).change(kept, ridge)
    return replace(layer, weights=layer.weights + change.weights, bias=layer.bias + change.bias), ridge


def _best_ridge(rows, missing, weight, kept, has_bias):
    """The ridge with which held-out rows are best met, in cross-validation: from infinity down, until it gets worse.

    Infinity if all rows that count are in one fold.
    """
    some = np.unique(np.linspace(0, missing.shape[1] - 1, MOST_UNITS).astype(int))
    missing, kept = missing[:, some], kept[:, some]
    fold = np.random.default_rng(0).permutation(len(weight)) % FOLDS
    splits = [
        [_problem(rows[part], missing[part], weight[part], has_bias) for part in (fold != held, fold == held)]
        for held in range(1 if sparse.issparse(rows) else FOLDS)
        if weight[fold == held].any() and weight[fold != held].any()
    ]
    best, least = np.inf, np.inf
    for ridge in RIDGES if splits else ():
        error = sum(judge.error(fitted.change(kept, ridge, _ROUGH)) for fitted, judge in splits)
        if error > least:
            break
        best, least = ridge, error
    return best


def _problem(rows, missing, weight, has_bias):
    return (_Sparse if sparse.issparse(rows) else _Dense)(rows, missing, weight, has_bias)


def _same(kept: Mask) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The inputs of units, and the units that have the same ones."""
    packed, group = np.unique(np.packbits(kept, axis=0), axis=1, return_inverse=True)
    for which in range(packed.shape[1]):
        units = np.flatnonzero(group == which)
        yield np.flatnonzero(kept[:, units[0]]), units


@dataclass(frozen=True, eq=False)
class _Problem:
    """Rows, and what is missing of the sums of each unit."""

    rows: Any
    missing: NDArray[np.float64]
    weight: NDArray[np.float64]
    has_bias: bool

    @cached_property
    def means(self):
        """Mean of each input, and of what each unit misses; zero where no bias can take them up."""
        if not self.has_bias:
            return np.zeros(self.rows.shape[1]), np.zeros(self.missing.shape[1])
        return mean(self.rows, self.weight), mean(self.missing, self.weight)

    @cached_property
    def unit(self):
        """Mean variance of the inputs that vary."""
        spread = variance(self.rows, self.weight)
        return spread[spread > 0].mean() if (spread > 0).any() else 1.0

    def change(self, kept: Mask, ridge: float, tolerance: float = _EXACT) -> Change:
        """What least squares adds to the weights that are kept, and to the biases."""
        weights = self._solved(kept, ridge * self.unit, tolerance) if np.isfinite(ridge) else np.zeros(kept.shape)
        return Change(weights, self.means[1] - self.means[0] @ weights)

    def _solved(self, kept: Mask, ridge: float, tolerance: float) -> NDArray[np.float64]:
        """The change of the weights."""
        raise NotImplementedError


class _Dense(_Problem):
    """Solved by the normal equations, whose sums over rows are taken once."""

    @cached_property
    def _sums(self):
        rows, missing = self.rows - self.means[0], self.missing - self.means[1]
        weighed = (rows * self.weight[:, None]).T
        total = self.weight.sum()
        return weighed @ rows / total, weighed @ missing / total, (self.weight @ missing**2) / total

    def _solved(self, kept, ridge, tolerance):
        (gram, moment, _), weights = self._sums, np.zeros(kept.shape)
        for inputs, units in _same(kept):
            if len(inputs):
                left = gram[np.ix_(inputs, inputs)]
                left[np.diag_indices_from(left)] += ridge
                right = moment[np.ix_(inputs, units)]
                weights[np.ix_(inputs, units)] = linalg.solve(left, right, assume_a="pos", check_finite=False)
        return weights

    def error(self, change: Change) -> float:
        """Sum of the squares of what is missing still, from the sums over rows alone."""
        gram, moment, square = self._sums
        off = self.means[1] - self.means[0] @ change.weights - change.bias
        quadratic = np.einsum("ij,ij->j", change.weights, gram @ change.weights - 2.0 * moment)
        return float((square + quadratic + off**2).sum() * self.weight.sum())


class _Sparse(_Problem):
    """Solved by conjugate gradients, all units side by side: rows of texts have too many columns for their products.

    It is the algorithm CGLS of Bjorck (1996), Numerical Methods for Least Squares Problems, section 7.4.
    """

    def _solved(self, kept, ridge, tolerance):
        used = kept.any(axis=1)
        rows, kept, centre = self.rows[:, np.flatnonzero(used)], kept[used], self.means[0][used]
        turned, penalty = rows.T.tocsr(), ridge * self.weight.sum()

        def gradient(residual):
            weighed = self.weight[:, None] * residual
            return kept * (turned @ weighed - np.outer(centre, weighed.sum(axis=0)))

        residual, weights = self.missing - self.means[1], np.zeros(kept.shape)
        slope = gradient(residual)
        direction, square = slope, (slope**2).sum(axis=0)
        enough = tolerance**2 * square
        for _ in range(_MOST_ITERATIONS):
            if (square <= enough).all():
                break
            moved = rows @ direction - centre @ direction
            curvature = self.weight @ moved**2 + penalty * (direction**2).sum(axis=0)
            length = _ratio(square, curvature)
            weights += length * direction
            residual = residual - length * moved
            slope = gradient(residual) - penalty * weights
            before, square = square, (slope**2).sum(axis=0)
            direction = slope + _ratio(square, before) * direction
        whole = np.zeros((len(used), kept.shape[1]))
        whole[used] = weights
        return whole

    def error(self, change: Change) -> float:
        """Sum of the squares of what is missing still."""
        left = self.missing - self.rows @ change.weights - change.bias
        return float((self.weight @ left**2).sum())


def _ratio(above, below):
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
