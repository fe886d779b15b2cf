"""The weights of a layer that stay, solved again by least squares on rows.

Each unit is to give the sums that are wanted of it with the inputs that are left to it. The change of its weights is
penalised by a ridge, shared by all units of the layer, so that without enough rows to tell better the weights stay as
they are. The ridge is that with which rows that are held out are best met.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import reduce
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from .layers import Layer, Mask, Seen
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


def solved_again(layer: Layer, kept: Mask, seen: Seen, wanted: NDArray[np.float64]) -> tuple[Layer, float]:
    """A layer with other weights where it has any, and the ridge of these.

    Parameters
    ----------
    layer : Layer
        Its weights are zero where they do not stay.
    kept : ndarray of bool, shape (n_in, n_units)
        Which weights may be other than zero.
    seen : Seen
        What the units see of rows.
    wanted : ndarray of float64, shape (n_rows * n_places, n_units)
        The sums that they should give.
    """
    weight = np.ones(len(wanted)) if seen.weight is None else seen.weight / seen.weight.mean()
    fold = np.random.default_rng(0).permutation(len(wanted) // seen.n_places) % FOLDS
    missing, fold = wanted - layer.sums(seen.rows), np.repeat(fold, seen.n_places)
    problem = _Sparse if sparse.issparse(seen.rows) else _Dense
    whole, splits = problem.folded(seen.rows, missing, weight, layer.has_bias, fold)
    ridge = _best_ridge(splits, kept)
    change = whole.change(kept, ridge)
    return replace(layer, weights=layer.weights + change.weights, bias=layer.bias + change.bias), ridge


def _best_ridge(splits, kept):
    """The ridge with which held-out rows are best met, in cross-validation: from infinity down, until it gets worse.

    Infinity if all rows that count are in one fold.
    """
    kept = kept[:, _some(kept.shape[1])]
    best, least = np.inf, np.inf
    for ridge in RIDGES if splits else ():
        error = sum(judge.error(fitted.change(kept, ridge, _ROUGH)) for fitted, judge in splits)
        if error > least:
            break
        best, least = ridge, error
    return best


def _some(n_units):
    """The units that are looked at for the ridge."""
    return np.unique(np.linspace(0, n_units - 1, MOST_UNITS).astype(int))


def _same(kept: Mask) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The inputs of units, and the units that have the same ones."""
    packed, group = np.unique(np.packbits(kept, axis=0), axis=1, return_inverse=True)
    for which in range(packed.shape[1]):
        units = np.flatnonzero(group == which)
        yield np.flatnonzero(kept[:, units[0]]), units


class _Problem(ABC):
    """Rows, and what is missing of the sums of each unit."""

    #: Mean of each input, and of what each unit misses; zero where no bias can take them up.
    means: tuple[NDArray[np.float64], NDArray[np.float64]]
    #: Mean variance of the inputs that vary.
    unit: float

    @classmethod
    @abstractmethod
    def folded(cls, rows: Any, missing: Any, weight: Any, has_bias: bool, fold: Any) -> tuple[Self, list]:
        """The problem of all rows, and pairs of those to fit and to judge a ridge by, of some units."""

    def change(self, kept: Mask, ridge: float, tolerance: float = _EXACT) -> Change:
        """What least squares adds to the weights that are kept, and to the biases."""
        weights = self._solved(kept, ridge * self.unit, tolerance) if np.isfinite(ridge) else np.zeros(kept.shape)
        return Change(weights, self.means[1] - self.means[0] @ weights)

    @abstractmethod
    def _solved(self, kept: Mask, ridge: float, tolerance: float) -> NDArray[np.float64]:
        """The change of the weights."""

    @abstractmethod
    def error(self, change: Change) -> float:
        """Sum of the squares of what is missing still."""


@dataclass(frozen=True)
class _Sums:
    """Sums over rows, which count by their weights: of products of columns, and of columns.

    Of inputs (x) and of what is missing (m), whose means over all rows were taken off.
    """

    weight: Any
    x: Any
    m: Any
    xx: Any
    xm: Any
    mm: Any

    @classmethod
    def of(cls, rows, missing, weight):
        """The sums of these rows."""
        weighed = (rows * weight[:, None]).T
        return cls(
            weight.sum(), weighed.sum(axis=1), weight @ missing, weighed @ rows, weighed @ missing, weight @ missing**2
        )

    def plus(self, other):
        """The sums of the rows of both."""
        return _Sums(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def of_units(self, some):
        """The sums of some units."""
        return replace(self, m=self.m[some], xm=self.xm[:, some], mm=self.mm[some])


class _Dense(_Problem):
    """Solved by the normal equations, from sums over rows, which are those of the folds added up."""

    def __init__(self, sums: _Sums, origin: tuple[Any, Any], has_bias: bool):
        x, m = sums.x / sums.weight, sums.m / sums.weight
        spread = np.diag(sums.xx) / sums.weight - x**2
        self.unit = spread[spread > 0].mean() if (spread > 0).any() else 1.0
        if not has_bias:
            x, m = np.zeros_like(x), np.zeros_like(m)
        self.means = origin[0] + x, origin[1] + m
        self._weight = sums.weight
        self._gram = sums.xx / sums.weight - np.outer(x, x)
        self._moment = sums.xm / sums.weight - np.outer(x, m)
        self._square = sums.mm / sums.weight - m**2

    @classmethod
    def folded(cls, rows, missing, weight, has_bias, fold):
        """The rows are gone through once."""
        origin = np.zeros(rows.shape[1]), np.zeros(missing.shape[1])
        if has_bias:
            origin = mean(rows, weight), mean(missing, weight)
        sums = [
            _Sums.of(rows[part] - origin[0], missing[part] - origin[1], weight[part])
            for part in (fold == held for held in range(FOLDS))
            if weight[part].any()
        ]
        some = _some(missing.shape[1])
        start, splits = (origin[0], origin[1][some]), []
        for held in range(len(sums) if len(sums) > 1 else 0):
            others = reduce(_Sums.plus, [one.of_units(some) for i, one in enumerate(sums) if i != held])
            splits.append([cls(one, start, has_bias) for one in (others, sums[held].of_units(some))])
        return cls(reduce(_Sums.plus, sums), origin, has_bias), splits

    def _solved(self, kept, ridge, tolerance):
        weights = np.zeros(kept.shape)
        for inputs, units in _same(kept):
            if len(inputs):
                left = self._gram[np.ix_(inputs, inputs)]
                left[np.diag_indices_from(left)] += ridge
                right = self._moment[np.ix_(inputs, units)]
                weights[np.ix_(inputs, units)] = linalg.solve(left, right, assume_a="pos", check_finite=False)
        return weights

    def error(self, change: Change) -> float:
        """From the sums over rows alone."""
        off = self.means[1] - self.means[0] @ change.weights - change.bias
        quadratic = np.einsum("ij,ij->j", change.weights, self._gram @ change.weights - 2.0 * self._moment)
        return float((self._square + quadratic + off**2).sum() * self._weight)


class _Sparse(_Problem):
    """Solved by conjugate gradients, all units side by side: rows of texts have too many columns for their products.

    It is the algorithm CGLS of Bjorck (1996), Numerical Methods for Least Squares Problems, section 7.4.
    """

    def __init__(self, rows: Any, missing: NDArray[np.float64], weight: NDArray[np.float64], has_bias: bool):
        self.rows, self.missing, self.weight = rows, missing, weight
        spread = variance(rows, weight)
        self.unit = spread[spread > 0].mean() if (spread > 0).any() else 1.0
        self.means = np.zeros(rows.shape[1]), np.zeros(missing.shape[1])
        if has_bias:
            self.means = mean(rows, weight), mean(missing, weight)

    @classmethod
    def folded(cls, rows, missing, weight, has_bias, fold):
        """One fold alone judges."""
        some, held = _some(missing.shape[1]), fold == 0
        parts = [part for part in (~held, held) if weight[part].any()]
        judges = [cls(rows[part], missing[part][:, some], weight[part], has_bias) for part in parts]
        return cls(rows, missing, weight, has_bias), [judges] if len(judges) == 2 else []

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
        """From what is left in each row."""
        left = self.missing - self.rows @ change.weights - change.bias
        return float((self.weight @ left**2).sum())


def _ratio(above, below):
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
