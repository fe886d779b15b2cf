"""Dependence between columns in the body of the data, where there are no anomalies: taken out, or said."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtri
from scipy.stats import norm, rankdata

from .autocorrelation import autocorrelation, inflation

#: Chance that any of the pairs of independent columns is taken for dependent.
_LEVEL = 0.01

#: The same of columns whose extremes agree, all together. Anomalies that are not extreme in each of their columns
#: make the bodies agree, too, if less: this is how much less likely by chance dependence has to be.
_LEVEL_TOGETHER = 1e-4

#: A column is of those that depend if its sum over the others is above this, in standard deviations of chance.
_LEAST = 1.0

#: Rows in the least extreme part of both columns, of this size, are the body of a pair.
_BODY = 0.9


def ranks(X: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Rank of each value in its column, among those not missing, and their number in each column.

    Parameters
    ----------
    X : ndarray of float64, shape (n_rows, n_columns)
        NaN where missing: such a value has a rank beyond all others.
    """
    missing = np.isnan(X)
    return rankdata(np.where(missing, np.inf, X), axis=0), len(X) - missing.sum(axis=0)


def normal_scores(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks of each column as quantiles of the normal distribution; missing values are 0, the median."""
    rank, n_known = ranks(X)
    return np.where(np.isnan(X), 0.0, ndtri(rank / (n_known + 1)))


def correlated_blocks(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Block of each column: columns that are correlated in the body of the data, directly or through others.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_rows, n_columns)
        Normal scores.

    Returns
    -------
    ndarray of int, shape (n_columns,)
    """
    body = _wrapped(scores)
    memory = autocorrelation(body.T)
    deviations = np.abs(_correlation(body)) * np.sqrt(len(scores) / inflation(memory, memory))
    return connected_components(deviations > _chance(len(deviations)))[1]


def decorrelated(scores: NDArray[np.float64], blocks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Normal scores of the columns without the correlation of their body.

    The columns of a block are multiplied by the inverse root of their correlation matrix, which of all transformations
    to uncorrelated columns keeps each nearest to what it was (Kessy, Lewin, Strimmer 2018). Correlations are those of
    wrapped scores, to which extreme values do not matter (Raymaekers, Rousseeuw 2021). Columns with a normal copula, a
    common factor for one, become independent.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_rows, n_columns)
        Normal scores.
    blocks : ndarray of int, shape (n_columns,)
        Block of each column.

    References
    ----------
    A. Kessy, A. Lewin, K. Strimmer (2018). Optimal whitening and decorrelation. The American Statistician 72, 309-314.

    J. Raymaekers, P. J. Rousseeuw (2021). Fast robust correlation for high-dimensional data. Technometrics 63, 184-198.
    """
    for _ in range(2):  # once more for what wrapping hid of strong correlations
        correlation, found = _correlation(_wrapped(scores)), scores.copy()
        for block in np.flatnonzero(np.bincount(blocks) > 1):
            columns = np.flatnonzero(blocks == block)
            size, direction = np.linalg.eigh(correlation[np.ix_(columns, columns)])
            root = np.where(size > 1e-8, np.maximum(size, 1e-8) ** -0.5, 0.0)  # equal columns do not differ
            found[:, columns] = scores[:, columns] @ (direction * root) @ direction.T
        scores = normal_scores(found)
    return scores


@dataclass(frozen=True, eq=False)
class BodyDependence:
    """How uncorrelated columns still go together where neither is extreme, in standard deviations of chance.

    Parameters
    ----------
    by_size : ndarray of float64, shape (n_columns, n_columns)
        Correlation of the sizes of two columns, times the root of the number of rows.
    by_value : ndarray of float64, shape (n_columns, n_columns)
        Of the size of one with the value of the other, as of a square with what is squared; without its sign.
    """

    by_size: NDArray[np.float64]
    by_value: NDArray[np.float64]

    @classmethod
    def of(cls, scores: NDArray[np.float64], known: NDArray[np.bool_]) -> "BodyDependence":
        """From uncorrelated normal scores, and where they are not missing; both of shape (n_rows, n_columns)."""
        size = rankdata(np.abs(scores), axis=0) / (len(scores) + 1)
        body = (known & (size < _BODY)).astype(np.float64)
        n_rows = np.maximum(body.T @ body, 1.0)
        of_size, of_value = autocorrelation(size.T), autocorrelation(_wrapped(scores).T)
        by_size = _correlation_in(body, size, size) * np.sqrt(n_rows / inflation(of_size, of_size))
        by_value = np.abs(_correlation_in(body, size, scores)) * np.sqrt(n_rows / inflation(of_size, of_value))
        return cls(by_size, np.maximum(by_value, by_value.T))

    def groups(self, blocks: NDArray[np.intp]) -> NDArray[np.intp]:
        """Group of each column: columns that depend on each other, directly or through others.

        Pairs are looked at one by one, and those of a block of columns that were correlated all together: what is
        left of a common cause that is not normal is little in each pair.

        Parameters
        ----------
        blocks : ndarray of int, shape (n_columns,)
            Block of each column.

        Returns
        -------
        ndarray of int, shape (n_columns,)
        """
        joined = np.maximum(self.by_size, self.by_value) > _chance(len(self.by_size))
        for block in np.flatnonzero(np.bincount(blocks) > 1):
            pairs = np.ix_(blocks == block, blocks == block)
            if _sum_of_pairs(self.by_size[pairs]) > norm.isf(_LEVEL / (blocks.max() + 1)):
                joined[pairs] = True
        return connected_components(joined)[1]

    def groups_joined_among(self, columns: NDArray[np.intp], groups: NDArray[np.intp]) -> NDArray[np.intp]:
        """Groups, with those joined that agree in the body, too, among columns whose extremes agree.

        What they have in common, weak volatility for one, may be too little in each pair to be seen before.

        Parameters
        ----------
        columns : ndarray of int, shape (n,)
            Columns whose extremes agree.
        groups : ndarray of int, shape (n_columns,)
            Group of each column.

        Returns
        -------
        ndarray of int, shape (n_columns,)
            The same groups where there is no more dependence than by chance.
        """
        between = groups[columns][:, None] != groups[columns]
        pairs = np.where(between, self.by_size[np.ix_(columns, columns)], 0.0)
        if pairs.sum() <= norm.isf(_LEVEL_TOGETHER) * np.sqrt(2 * between.sum()):  # each pair is there twice
            return groups
        with_others = pairs.sum(axis=1) > _LEAST * np.sqrt(between.sum(axis=1))
        joined = np.isin(groups, groups[columns[with_others]])
        return np.unique(np.where(joined, -1, groups), return_inverse=True)[1]


def _correlation_in(body, one, other):
    """Correlation of each column of `one` with each of `other`, in the rows that are in the body of both."""
    one, other, n = one * body, other * body, np.maximum(body.T @ body, 1.0)
    covariance = one.T @ other / n - (one.T @ body / n) * (body.T @ other / n)
    of_one = (one**2).T @ body / n - (one.T @ body / n) ** 2
    of_other = body.T @ (other**2) / n - (body.T @ other / n) ** 2
    return covariance / np.sqrt(np.maximum(of_one, 1e-12) * np.maximum(of_other, 1e-12))


def _wrapped(scores):
    """Scores, standardised, in which extreme ones count the less the more extreme they are."""
    size = np.abs(scores)  # b = 1.5, c = 4, and constants that make the function and its slope continuous
    wrapped = np.where(size < 1.5, size, np.where(size < 4, 1.540793 * np.tanh(0.8622731 * (4 - size)), 0.0))
    wrapped *= np.sign(scores)
    wrapped -= wrapped.mean(axis=0)
    return wrapped / np.maximum(np.sqrt((wrapped**2).mean(axis=0)), 1e-12)


def _correlation(wrapped):
    """Correlation matrix; 0 for a constant column."""
    return wrapped.T @ wrapped / len(wrapped)


def _chance(n_columns):
    """Standard deviations that no correlation of any pair of independent columns reaches, but by `_LEVEL`."""
    return norm.isf(_LEVEL / max(n_columns * (n_columns - 1) // 2, 1))


def _sum_of_pairs(deviations):
    """Sum over all pairs of columns, in standard deviations of chance."""
    pairs = deviations[np.triu_indices(len(deviations), 1)]
    return pairs.sum() / len(pairs) ** 0.5
