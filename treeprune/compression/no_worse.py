"""Whether models are worse than another one: paired comparisons on held-out rows, corrected for their number.

The losses of two models on the same rows are compared row by row. Rows that belong together (repeats of one another, or
of one group) are one observation: their differences are added up before the standard error is taken.

Of many models the best looks better than it is. So a model is called no worse only if the upper limit of its mean
difference is at most 0, where the limits of all models hold at the same time with probability ``1 - level``. Their
width is the quantile of the largest of all studentised errors. The bootstrap estimates it with the correlation of the
models (Romano & Wolf 2005) and with the skewness of their differences (Hall 1988): a model that is a little better on
most rows and much worse on a few looks better than it is. The width is between that of one comparison and Bonferroni's,
and near the former where models differ little, as those of a path do. Whichever of them is chosen then, and by whatever
rule, the probability that it is worse is about the level, or less.

References
----------
J. P. Romano, M. Wolf (2005). Stepwise multiple testing as formalized data snooping. Econometrica 73(4), 1237-1282.

P. Hall (1988). Theoretical comparison of bootstrap confidence intervals. Annals of Statistics 16(3), 927-953.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t

#: One-sided probability of calling a model no worse that is worse.
LEVEL = 0.05
#: With fewer independent observations nothing is claimed.
FEWEST_UNITS = 30
_DRAWS = 2000
_BLOCKS = 1000


@dataclass(frozen=True, eq=False)
class Comparison:
    """Mean differences of the losses of models from those of another one.

    Attributes
    ----------
    mean, standard_error : ndarray of shape (n_models,)
        Above 0 is worse.
    n_units : int
        Independent observations.
    width : float
        Half the width of simultaneous limits, in standard errors.
    level : float
        At which those limits hold, one-sided.
    """

    mean: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    n_units: int
    width: float
    level: float

    @property
    def no_worse(self) -> NDArray[np.bool_]:
        """Which models are shown to be no worse, all at one level."""
        return (self.mean + self.width * self.standard_error <= 0.0) & (self.n_units >= FEWEST_UNITS)

    @property
    def worse(self) -> NDArray[np.bool_]:
        """Which are worse by more than noise, each at the level by itself: where nothing is promised."""
        return (self.mean > quantile(LEVEL, self.n_units) * self.standard_error) & (self.n_units >= FEWEST_UNITS)


def compared(
    losses: ArrayLike,
    other: ArrayLike,
    weight: ArrayLike | None = None,
    units: ArrayLike | None = None,
    level: float = LEVEL,
) -> Comparison:
    """Compare models with another one.

    Parameters
    ----------
    losses : array-like of shape (n_models, n_rows)
    other : array-like of shape (n_rows,)
        Losses of the model that the others are compared with.
    weight : array-like of shape (n_rows,), optional
    units : array-like of int of shape (n_rows,), optional
        The same for rows that are one observation together; None: each row is one.
    level : float
        One-sided level for all models together.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(2, 500))
    >>> compared(noise + [[-1.0], [1.0]], np.zeros(500)).no_worse
    array([ True, False])
    """
    difference = np.asarray(losses, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    n_rows = difference.shape[1]
    weight = np.ones(n_rows) if weight is None else np.asarray(weight, dtype=np.float64)
    weight = weight / weight.sum()
    mean = difference @ weight
    centred = (difference - mean[:, None]) * weight
    of_units = np.arange(n_rows) if units is None else np.unique(units, return_inverse=True)[1]
    sums = _added(centred, of_units)
    n_units = sums.shape[1]
    error = np.sqrt((sums**2).sum(axis=1) * n_units / max(n_units - 1, 1))
    return Comparison(mean, error, n_units, _width(sums[error > 0.0], level), level)


def _added(values, places):
    """Sums of the columns that have the same place."""
    n_places = int(places.max(initial=-1)) + 1
    return np.stack([np.bincount(places, row, n_places) for row in values]) if len(values) else np.empty((0, n_places))


def quantile(level: float, n_units: int) -> float:
    """Of Student's distribution: the width of the limit of one comparison, in standard errors."""
    return float(t.ppf(1.0 - level, max(n_units - 1, 1)))


def _width(sums, level):
    """The quantile of the largest of all studentised errors, over draws of units with replacement (bootstrap-t)."""
    n_units = sums.shape[1]
    if len(sums) == 0 or n_units < 2:
        return 0.0
    if n_units > _BLOCKS:  # sums of many units are as independent as they
        sums = _added(sums, np.random.default_rng(0).permutation(n_units) % _BLOCKS)
    n = sums.shape[1]
    drawn = _drawn(n)
    scaled = (sums / np.sqrt((sums**2).sum(axis=1, keepdims=True))).T
    total, square = drawn @ scaled, drawn @ scaled**2
    spread = np.sqrt(np.maximum(square - total**2 / n, 1e-12))
    return float(max(np.quantile((-total / spread).max(axis=1), 1.0 - level), quantile(level, n_units)))


@lru_cache(maxsize=2)
def _drawn(n):
    """How often each of n is drawn, shape (n_draws, n)."""
    return np.random.default_rng(0).multinomial(n, np.full(n, 1.0 / n), _DRAWS).astype(np.float64)
