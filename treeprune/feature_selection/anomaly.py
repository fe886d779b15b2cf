"""AnomalyPruningSelector: columns in which anomalies show, found without labels."""

import warnings
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import ClassifierTags, check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ..core.parameters import check_number
from .dependence import BodyDependence, correlated_blocks, decorrelated, normal_scores, ranks
from .numeric_columns import validate_numbers
from .survival import benjamini_hochberg

#: A column counts among the others by what its agreement is above this, in standard deviations of chance.
_LEAST_AGREEMENT = 1.5


class AnomalyPruningSelector(SelectorMixin, BaseEstimator):
    """Keep the columns whose extremes agree with those of the other columns, more than their dependence explains.

    Isolation forests lose their way among columns of noise. Here the extremes of a column, minus the logarithm of each
    value's two-sided tail, are compared with the sum of those of the other columns (Fisher's combination of their
    p-values), in which columns weigh what they in turn agree with the others. None of it knows the column in
    question: more agreement than copies of it reach that are shifted along the rows, from the end to the start, and it
    is kept (Benjamini & Hochberg). Shifts keep what neighbouring rows have in common.

    Dependence between healthy columns is not anomaly. So columns are first transformed to uncorrelated normal scores,
    by correlations that extreme values do not matter to. Columns that still depend on each other where neither is
    extreme form a group, with a warning. They are compared with the columns outside of it only, and are kept or
    dropped together, by Simes' p-value of the group. If a single group passes, nothing that it agrees with does, and
    it is taken for chance.

    The null hypothesis of a group is that its extremes are independent of those of all other columns, once the
    correlations of the body are taken out. The share of groups kept for which it holds is to be at most `fdr`, on
    average. This assumes that rows are independent, or a stationary series in order, and that healthy columns
    that depend beyond correlation can be seen to do so in the body of the data. Where they cannot, as with a common
    volatility of standard deviation 0.2 (of its logarithm) in 15 columns of 800 rows, **false picks are many more than
    promised**: some in 64 % of tables without anomalies, 42 % of the columns kept in others (13 % at 0.3).
    ``python -m benchmarks.selection anomaly --calibration`` measures them in 18 settings. Healthy columns that are
    independent in the body and extreme together cannot be told from anomalies at all.

    Nor can a column that is anomalous all by itself be told from heavy-tailed noise without labels. Hence columns are
    dropped only where noise prevails (see `least_noise`).

    Parameters
    ----------
    fdr : float, default=0.1
        Expected share of false picks among the groups kept; a column that depends on no other is a group of its own.
    least_noise : float, default=0.5
        Columns are dropped only if they are at least this share of all.
    n_permutations : int, default=100
        Shifted copies of each column; at most one less than there are rows.
    max_rounds : int, default=3
        How often the columns are weighed anew.
    random_state : int, RandomState or None, default=None
        Drives shifts.

    Attributes
    ----------
    agreement_ : ndarray of float64, shape (n_features,)
        Correlation of each column's extremes with the weighted sum of those of the others.
    p_values_ : ndarray of float64, shape (n_features,)
        Of the group of each column, before the correction for their number; with labels, columns have the lesser of
        two, doubled.
    shadow_agreement_ : ndarray of float64, shape (n_features, n_permutations)
        Agreement of the shifted copies.
    groups_ : ndarray of int, shape (n_features,)
        Group of each column: those of a group depend on each other beyond correlation.
    anomaly_label_ : object
        The label that was taken for anomalies; None without labels.
    ranking_ : ndarray of int, shape (n_features,)
        1 for the columns that are kept; 2, 3, ... for the others, the strongest first.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Their names, where they were all strings.

    References
    ----------
    Y. Benjamini, Y. Hochberg (1995). Controlling the false discovery rate. Journal of the Royal Statistical Society
    B 57, 289-300.

    R. A. Fisher (1932). Statistical methods for research workers, 4th edition, section 21.1: combining p-values.

    F. T. Liu, K. M. Ting, Z.-H. Zhou (2008). Isolation forest. IEEE International Conference on Data Mining.

    R. J. Simes (1986). An improved Bonferroni procedure for multiple tests of significance. Biometrika 73, 751-754.

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

    >>> from sklearn.ensemble import IsolationForest
    >>> from treeprune import TreePruner
    >>> from treeprune.methods import MinSamples
    >>> Z = selector.transform(X)
    >>> pruner = TreePruner(IsolationForest(random_state=0), MinSamples(leaf=2)).fit(Z)
    >>> print(type(pruner.estimator_).__name__, pruner.n_features_in_)
    IsolationForest 5
    >>> print((pruner.score_samples(Z).argsort()[:10] < 20).all())
    True
    """

    def __init__(self, *, fdr=0.1, least_noise=0.5, n_permutations=100, max_rounds=3, random_state=None):
        self.fdr = fdr
        self.least_noise = least_noise
        self.n_permutations = n_permutations
        self.max_rounds = max_rounds
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike | None = None) -> "AnomalyPruningSelector":
        """Find the columns that agree on what is anomalous.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Numbers; a missing value is not extreme.
        y : array-like of shape (n_rows,), optional
            A few labels: 1 for known anomalies, 0 for all other rows; -1 and 1, as scikit-learn's outlier detectors
            have it; or any two labels, text among them, of which the rarer (of two as frequent the
            latter in order) is that of anomalies (`anomaly_label_`).
            Columns whose extremes agree with them are kept, too, be it by dependence on another column.

        Returns
        -------
        AnomalyPruningSelector
            Itself.

        Raises
        ------
        ValueError
            A parameter is out of range, or the labels are not of one or two classes.
        """
        self._check_parameters()
        X = validate_numbers(self, X, nan=True)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
        known = self._known(y, len(X))
        shifts = 1 + rng.permutation(len(X) - 1)[: self.n_permutations]
        by_label = None if known is None else _compare(_standardised(_extremes(X)), known, shifts)[0]
        scores = normal_scores(X)
        blocks = correlated_blocks(scores)
        scores = decorrelated(scores, blocks)
        body = BodyDependence.of(scores, ~np.isnan(X))
        tails = _standardised(_extremes(np.where(np.isnan(X), np.nan, scores)))
        groups, joined = None, body.groups(blocks)
        while groups is None or joined.max() < groups.max():  # fewer groups
            groups = joined
            passed = self._passed(tails, groups, by_label, shifts)
            joined = body.groups_joined_among(np.flatnonzero(passed), groups)
        self.groups_ = groups
        self._warn_of_groups()
        self._decide(passed)
        return self

    def _passed(self, tails, groups, by_label, shifts):
        """Columns of the groups of which a column agrees with those outside, or with the labels."""
        others = _standardised(_weights_of_others(tails, groups, self.max_rounds) @ tails)
        p, self.agreement_, self.shadow_agreement_ = _compare(tails, others, shifts)
        if by_label is not None:
            p = np.minimum(1.0, 2 * np.minimum(p, by_label))
        of_group = _simes(p, groups)
        self.p_values_ = of_group[groups]
        passed = benjamini_hochberg(of_group, self.fdr)
        if by_label is None and np.count_nonzero(passed) == 1:
            passed[:] = False  # what it agrees with would not be kept
        return passed[groups]

    def _decide(self, passed):
        order = np.lexsort((-self.agreement_, self.p_values_))
        names = self._names()
        if not passed.any():
            best = ", ".join(f"{names[i]} (p = {self.p_values_[i]:.3g})" for i in order[:3])
            warnings.warn(
                f"No column agrees with the others more than chance allows at fdr={self.fdr}, or one alone: all are "
                f"kept. The strongest candidates are {best}.",
                UserWarning,
                stacklevel=3,
            )
        keep_all = not passed.any() or np.mean(~passed) < self.least_noise
        self.support_ = np.ones(len(passed), bool) if keep_all else passed
        self.ranking_ = np.ones(len(passed), int)
        dropped = order[~self.support_[order]]
        self.ranking_[dropped] = np.arange(2, 2 + len(dropped))

    def _names(self):
        return getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)])

    def _warn_of_groups(self):
        size = np.bincount(self.groups_)
        if size.max() == 1:
            return
        names, largest = self._names(), np.argsort(-size, kind="stable")[: min(3, np.sum(size > 1))]
        groups = [", ".join(str(names[i]) for i in np.flatnonzero(self.groups_ == group)[:5]) for group in largest]
        several = f", in {np.sum(size > 1)} groups, of the largest" if np.sum(size > 1) > 1 else ""
        warnings.warn(
            f"{size[size > 1].sum()} columns depend on each other beyond correlation{several}: {'; '.join(groups)}. "
            "Anomalies that show only within a group are not found.",
            UserWarning,
            stacklevel=3,
        )

    def _known(self, y, n_rows):
        """The labels as a standardised row; None without labels."""
        self.anomaly_label_ = None
        if y is None:
            return None
        y = column_or_1d(y)
        if len(y) != n_rows:
            raise ValueError(f"y has {len(y)} labels for {n_rows} rows.")
        if pd.isna(y).any():
            raise ValueError("The labels y must have no missing values: 0 for rows that are not known to be anomalies.")
        labels, count = np.unique(y, return_counts=True)
        values = set(labels.tolist())
        if values <= {0, 1}:
            self.anomaly_label_ = labels.dtype.type(1)
        elif values <= {-1, 1}:
            self.anomaly_label_ = labels.dtype.type(-1)
        elif len(labels) == 2:
            self.anomaly_label_ = labels[int(count[1] <= count[0])]
        else:
            raise ValueError(
                "The labels y must be 1 for anomalies and 0 for other rows, -1 and 1, or two labels of which the rarer "
                f"is that of anomalies. Got {dict(list(zip(labels.tolist(), count.tolist(), strict=True))[:5])}."
            )
        known = y == self.anomaly_label_
        if known.mean() > 0.5:
            warnings.warn(
                f"{known.sum():,} of {n_rows:,} rows have the label {self.anomaly_label_!r}, which is taken for that "
                "of anomalies: are the labels the other way round?",
                UserWarning,
                stacklevel=3,
            )
        return _standardised(known[None].astype(np.float64))

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags = ClassifierTags(multi_class=False)  # two labels, if any
        return tags

    def _check_parameters(self):
        for name in ("n_permutations", "max_rounds"):
            check_number(self, name, 1, kind=Integral)
        for name in ("fdr", "least_noise"):
            check_number(self, name, 0, 1, closed="both")


def _compare(tails, scores, shifts):
    """Share of all shifted copies that agree with their scores as much as each column, and both agreements."""
    n_rows = tails.shape[1]
    tails, scores = (np.ascontiguousarray(np.broadcast_to(rows, tails.shape).T) for rows in (tails, scores))
    found = [np.einsum("ij,ij->j", np.roll(tails, shift, axis=0), scores) / n_rows for shift in (0, *shifts)]
    agreement, shadow = found[0], np.stack(found[1:], axis=1)
    pool = np.sort(shadow, axis=None)
    return (1 + len(pool) - np.searchsorted(pool, agreement)) / (1 + len(pool)), agreement, shadow


def _weights_of_others(tails: NDArray[np.float64], groups: NDArray[np.intp], n_rounds: int) -> NDArray[np.float64]:
    """For each column (row), what the columns outside of its group weigh in the sum it is compared with.

    In each round a column weighs what its extremes agree with the last sum. Each sum is found without the column that
    it is for, so if that is independent of all others, shifting it gives the distribution of its agreement.
    """
    together = tails @ tails.T / tails.shape[1]
    outside = groups[:, None] != groups
    links, weights = np.where(outside, together, 0.0), outside.astype(np.float64)
    for _ in range(n_rounds):
        scale = np.sqrt(np.maximum(((weights @ together) * weights).sum(axis=1, keepdims=True), 1e-12))
        agreement = weights @ links / scale * np.sqrt(tails.shape[1])
        found = np.where(outside, np.maximum(agreement - _LEAST_AGREEMENT, 0.0), 0.0)
        weights = np.where(found.any(axis=1, keepdims=True), found, outside)
        weights /= np.maximum(weights.max(axis=1, keepdims=True), 1e-12)
    return weights


def _extremes(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus the logarithm of each value's two-sided tail in its column, 0 where missing, (n_features, n_rows)."""
    rank, n = ranks(X)
    tail = np.minimum(1.0, 2 * np.minimum(rank, n + 1 - rank) / (n + 1))
    return np.ascontiguousarray(-np.log(np.where(np.isnan(X), 1.0, tail)).T)


def _simes(p: NDArray[np.float64], groups: NDArray[np.intp]) -> NDArray[np.float64]:
    """A p-value for each group of columns (Simes 1986): the least p-value, times what a share of them is below it."""
    found = np.empty(groups.max() + 1)
    for group in range(len(found)):
        ordered = np.sort(p[groups == group])
        found[group] = np.min(ordered * len(ordered) / np.arange(1, len(ordered) + 1))
    return found


def _standardised(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = rows - rows.mean(axis=1, keepdims=True)
    scale = np.sqrt((rows**2).mean(axis=1, keepdims=True))
    return np.divide(rows, scale, out=np.zeros_like(rows), where=scale > 1e-12 * np.abs(rows).max(initial=0.0))
