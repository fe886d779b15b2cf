"""AnomalyPruningSelector: columns in which anomalies show, found without labels."""

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator
from sklearn.ensemble import IsolationForest
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..adapters import find_adapter
from .survival import benjamini_hochberg

#: In the first round, columns up to this p-value go on: all others still hide what they agree with.
_FIRST_ROUND = 0.2


class AnomalyPruningSelector(SelectorMixin, BaseEstimator):
    """Keep the columns whose extremes agree with what the other columns call anomalous.

    Isolation forests lose their way among columns of noise. Here a forest is grown in which each tree sees few
    columns. The extremes of a column are compared with the anomaly scores of the trees that do not use it: more
    agreement than permuted copies of the column reach, and it is kept (Benjamini & Hochberg over columns). The forest
    is then grown again on the columns kept, and all columns are compared with it, until nothing changes.

    A column that is anomalous all by itself cannot be told from heavy-tailed noise without labels. Hence columns are
    dropped only where noise prevails (see `least_noise`).

    Parameters
    ----------
    n_estimators : int, default=300
        Number of isolation trees in each round.
    max_samples : int, default=256
        Rows that each tree is grown on, at most.
    fdr : float, default=0.1
        Expected share of false picks among the columns kept, in each round.
    least_noise : float, default=0.5
        Columns are dropped only if they are at least this share of all.
    n_permutations : int, default=20
        Permuted copies of each column.
    max_rounds : int, default=5
        Number of forests grown, at most.
    n_jobs : int or None, default=None
        Jobs that grow trees. The result does not depend on it.
    random_state : int, RandomState or None, default=None
        Drives trees and permutations.

    Attributes
    ----------
    agreement_ : ndarray of float64, shape (n_features,)
        Correlation of each column's extremes with the scores of the trees that do not use it.
    p_values_ : ndarray of float64, shape (n_features,)
        Of the last round, before the correction for their number; with labels, the lesser of two, doubled.
    shadow_agreement_ : ndarray of float64, shape (n_features, n_permutations)
        Agreement of the permuted copies.
    ranking_ : ndarray of int, shape (n_features,)
        1 for the columns that are kept; 2, 3, ... for the others, the strongest first.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Their names, where they were all strings.

    References
    ----------
    F. T. Liu, K. M. Ting, Z.-H. Zhou (2008). Isolation forest. IEEE International Conference on Data Mining.

    Examples
    --------
    >>> import numpy as np
    >>> from treeprune.feature_selection import AnomalyPruningSelector
    >>> X = np.random.default_rng(1).normal(size=(500, 20))
    >>> X[:20, :5] += 3
    >>> selector = AnomalyPruningSelector(random_state=0).fit(X)
    >>> selector.get_support(indices=True)
    array([0, 1, 2, 3, 4])

    From there to a smaller isolation forest, without leaves of a single row:

    >>> from treeprune import TreePruner
    >>> from treeprune.methods import MinSamples
    >>> Z = selector.transform(X)
    >>> pruner = TreePruner(IsolationForest(random_state=0), MinSamples(leaf=2)).fit(Z)
    >>> print(type(pruner.estimator_).__name__, pruner.n_features_in_)
    IsolationForest 5
    >>> print((pruner.score_samples(Z).argsort()[:10] < 20).all())
    True
    """

    def __init__(
        self,
        n_estimators=300,
        *,
        max_samples=256,
        fdr=0.1,
        least_noise=0.5,
        n_permutations=20,
        max_rounds=5,
        n_jobs=None,
        random_state=None,
    ):
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.fdr = fdr
        self.least_noise = least_noise
        self.n_permutations = n_permutations
        self.max_rounds = max_rounds
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike | None = None) -> "AnomalyPruningSelector":
        """Find the columns that agree on what is anomalous.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Numbers; a missing value is not extreme.
        y : array-like of shape (n_rows,), optional
            A few labels: 1 for known anomalies, 0 for all other rows (or -1 and 1, as scikit-learn's outlier
            detectors have it). Columns whose extremes agree with them are kept, too.

        Returns
        -------
        AnomalyPruningSelector
            Itself.
        """
        self._check_parameters()
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
        tails = _standardised(_extremes(X))
        known = None if y is None else self._known(y, len(X))
        kept, fdr = np.ones(X.shape[1], bool), self.fdr
        for number in range(self.max_rounds):
            scores = _standardised(self._scores(X, kept, rng))
            p = self._compare(tails, scores, rng)
            if known is not None:
                p = np.minimum(1.0, 2 * np.minimum(p, self._compare(tails, known, rng, keep=False)))
            passed = benjamini_hochberg(p, fdr)
            grown_on, kept = kept, passed if number else passed | (p <= _FIRST_ROUND)
            if not kept.any() or (kept == grown_on).all():
                break
        self.p_values_ = p
        self._decide(passed)
        return self

    def _scores(self, X, kept, rng):
        """Anomaly score of each row by the trees that do not use each column, shape (n_features, n_rows)."""
        columns = np.flatnonzero(kept)
        forest = IsolationForest(
            n_estimators=self.n_estimators,
            max_samples=min(self.max_samples, len(X)),
            max_features=max(1, int(np.sqrt(len(columns)))),
            n_jobs=self.n_jobs,
            random_state=int(rng.integers(2**31)),
        ).fit(X[:, columns])
        adapter = find_adapter(forest)
        trees, leaf = adapter.forest, adapter.leaf_ids(X[:, columns])
        score = np.stack([-trees.value[leaf(tree), 0, 0] for tree in range(trees.n_trees)])
        uses = np.zeros((trees.n_trees, X.shape[1]), bool)
        tree = np.repeat(np.arange(trees.n_trees), np.diff(trees.start))[trees.internal]
        uses[tree, columns[trees.feature[trees.internal]]] = True
        return (~uses).T.astype(np.float64) @ score

    def _compare(self, tails, scores, rng, keep=True):
        """p-value of each column: the share of all permuted copies that agree with its scores as much as it does."""
        n_rows = tails.shape[1]
        agreement = (tails * scores).sum(axis=1) / n_rows
        orders = (rng.permutation(n_rows) for _ in range(self.n_permutations))
        shadow = np.stack([(tails[:, order] * scores).sum(axis=1) / n_rows for order in orders], axis=1)
        if keep:
            self.agreement_, self.shadow_agreement_ = agreement, shadow
        pool = np.sort(shadow, axis=None)
        return (1 + len(pool) - np.searchsorted(pool, agreement)) / (1 + len(pool))

    def _decide(self, passed):
        order = np.lexsort((-self.agreement_, self.p_values_))
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)])
        if not passed.any():
            best = ", ".join(f"{names[i]} (p = {self.p_values_[i]:.3g})" for i in order[:3])
            warnings.warn(
                f"No column agrees with the others more than chance allows at fdr={self.fdr}: all are kept. The "
                f"strongest candidates are {best}.",
                UserWarning,
                stacklevel=3,
            )
        keep_all = not passed.any() or np.mean(~passed) < self.least_noise
        self.support_ = np.ones(len(passed), bool) if keep_all else passed
        self.ranking_ = np.ones(len(passed), int)
        dropped = order[~self.support_[order]]
        self.ranking_[dropped] = np.arange(2, 2 + len(dropped))

    def _known(self, y, n_rows):
        y = column_or_1d(y)
        if len(y) != n_rows:
            raise ValueError(f"y has {len(y)} labels for {n_rows} rows.")
        anomaly = y == (-1 if set(np.unique(y)) == {-1, 1} else 1)
        return _standardised(anomaly[None].astype(np.float64))

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_parameters(self):
        for name in ("n_estimators", "max_samples", "n_permutations", "max_rounds"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
                raise ValueError(
                    f"The {name!r} parameter of AnomalyPruningSelector must be an int in the range [1, inf). "
                    f"Got {value!r} instead."
                )
        for name in ("fdr", "least_noise"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= value <= 1:
                raise ValueError(
                    f"The {name!r} parameter of AnomalyPruningSelector must be a float in the range [0.0, 1.0]. "
                    f"Got {value!r} instead."
                )


def _extremes(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus the logarithm of each value's two-sided tail in its column, shape (n_features, n_rows)."""
    tails = np.zeros(X.shape[::-1])
    for column, x in enumerate(X.T):
        known = ~np.isnan(x)
        n = np.count_nonzero(known)
        rank = rankdata(x[known])
        tails[column, known] = -np.log(np.minimum(1.0, 2 * np.minimum(rank, n + 1 - rank) / (n + 1)))
    return tails


def _standardised(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = rows - rows.mean(axis=1, keepdims=True)
    scale = np.sqrt((rows**2).mean(axis=1, keepdims=True))
    return np.divide(rows, scale, out=np.zeros_like(rows), where=scale > 1e-12 * np.abs(rows).max(initial=0.0))
