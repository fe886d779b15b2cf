"""Knockoffs: copies of columns that go with the other columns as they do, and know of the target only through them.

Swapping any units of columns with their knockoffs leaves the joint distribution of columns and knockoffs as it is. So
a unit that says nothing of the target once the others are known is as likely to look weaker than its knockoff as to
look stronger, and the knockoffs that win tell how many picks are false (Candès, Fan, Janson & Lv 2018, model-X).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dger
from scipy.special import ndtr, ndtri
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .correlation import scaled_normal_scores

#: A column of at most so many distinct values, and five rows for each, is one of classes.
MOST_CLASSES = 10

#: Share of no correlation in the correlation matrix, so that repeated columns leave something to invert. As much as
#: is best for the matrix itself (Ledoit & Wolf) would loosen the ties of knockoffs to the other columns: columns would
#: stand in for those that matter better than their knockoffs do, and win although they add nothing.
_SHRINKAGE = 1e-3
#: Penalty of the regressions, on the squares of coefficients: next to none, for the same reason.
_PENALTY = 1.0


def sample_knockoffs(X: NDArray[np.float64], unit: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.float64]:
    """Knockoffs of columns: by a Gaussian copula, or one column after another where some hold classes.

    Parameters
    ----------
    X : ndarray of float64, shape (n_rows, n_columns)
        Finite.
    unit : ndarray of int, shape (n_columns,)
        Unit of each column. Columns of a unit are swapped together, and their knockoffs may differ from them more.
    rng : numpy Generator

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)
        Each column holds values of its original only. That of a constant column is itself.

    References
    ----------
    E. Candès, Y. Fan, L. Janson, J. Lv (2018). Panning for gold: 'model-X' knockoffs for high dimensional controlled
    variable selection. Journal of the Royal Statistical Society B 80, 551-577.
    M. Kormaksson, L. J. Kelly, X. Zhu, S. Haemmerle, L. Pricop, D. Ohlssen (2021). Sequential knockoffs for
    continuous and categorical predictors. Statistics in Medicine 40, 3313-3328.
    """
    knockoffs = X.copy()
    varies = np.flatnonzero(np.ptp(X, axis=0) > 0)
    if len(varies):
        n_values = np.array([len(np.unique(X[:, column])) for column in varies])
        of_classes = n_values <= min(MOST_CLASSES, len(X) / 5)
        uniform = np.clip(rng.random((len(X), len(varies))), 1e-12, 1 - 1e-12)
        if of_classes.any():
            knockoffs[:, varies] = _one_after_another(X[:, varies], unit[varies], of_classes, uniform)
        else:
            knockoffs[:, varies] = _gaussian(X[:, varies], unit[varies], uniform)
    return knockoffs


def knockoff_threshold(statistic: NDArray[np.float64], fdr: float) -> float:
    """The least statistic at which the share of false picks is estimated to be at most `fdr` (knockoff+).

    Parameters
    ----------
    statistic : ndarray of float64, shape (n_units,)
        By how much each unit is stronger than its knockoff; negative where the knockoff is.
    fdr : float

    Returns
    -------
    float
        Infinite where there is none. As one is added to the knockoffs that win, fewer than ``1 / fdr`` units are
        never picked.

    References
    ----------
    R. F. Barber, E. J. Candès (2015). Controlling the false discovery rate via knockoffs. Annals of Statistics 43,
    2055-2085.
    """
    candidates = np.unique(np.abs(statistic[statistic != 0]))
    won = np.array([(statistic >= least).sum() for least in candidates])
    lost = np.array([(statistic <= -least).sum() for least in candidates])
    held = candidates[1 + lost <= fdr * np.maximum(won, 1)] if len(candidates) else candidates
    return float(held.min(initial=np.inf))


def exchangeable_part(correlation: NDArray[np.float64], unit: NDArray[np.intp], n_sweeps: int = 50) -> NDArray:
    """The matrix S, block-diagonal by units, such that columns and knockoffs have the covariance C - S.

    It makes columns as hard as possible to tell from all others and the knockoffs: minimum variance-based
    reconstructability, by coordinate descent. Units of several columns are made uncorrelated within themselves first,
    after which S is diagonal.

    Parameters
    ----------
    correlation : ndarray of float64, shape (n_columns, n_columns)
        C, positive definite.
    unit : ndarray of int, shape (n_columns,)
    n_sweeps : int

    Returns
    -------
    ndarray of float64, shape (n_columns, n_columns)
        Positive definite, as is ``2 C - S``.

    References
    ----------
    A. Spector, L. Janson (2022). Powerful knockoffs via minimizing reconstructability. Annals of Statistics 50,
    252-276.
    R. Dai, R. F. Barber (2016). The knockoff filter for FDR control in group-sparse and multitask regression. ICML.
    """
    colour = np.eye(len(unit))  # the roots of the units' own correlations
    for one in np.unique(unit[np.bincount(unit)[unit] > 1]):
        within = np.ix_(*2 * [np.flatnonzero(unit == one)])
        colour[within] = _root(correlation[within])
    whiten = np.linalg.inv(colour)
    white = whiten @ correlation @ whiten.T
    s = np.full(len(unit), min(1.0, np.linalg.eigvalsh(white)[0]))
    inverse = np.asfortranarray(np.linalg.inv(2 * white - np.diag(s)))
    for _ in range(n_sweeps):
        before = s.copy()
        for j in range(len(s)):
            # What minimises trace(inverse) + sum(1 / s) over s[j] alone, by the formula of Sherman and Morrison.
            row = inverse[j].copy()
            norm = np.sqrt(row @ row)
            step = (1 - norm * s[j]) / (norm + row[j])
            s[j] += step
            inverse = dger(step / (1 - step * row[j]), row, row, a=inverse, overwrite_a=True)
        if np.abs(s - before).max() < 1e-4:
            break
    return colour @ np.diag(s) @ colour.T


def _gaussian(X, unit, uniform):
    """Second-order knockoffs of the normal scores."""
    Z = np.column_stack([scaled_normal_scores(x) for x in X.T])
    C = (1 - _SHRINKAGE) * Z.T @ Z / len(Z) + _SHRINKAGE * np.eye(Z.shape[1])
    S = exchangeable_part(C, unit)
    explained = np.linalg.solve(C, S)
    mean = Z - Z @ explained
    noise = ndtri(uniform) @ _root(2 * S - S @ explained)
    return np.column_stack([_back(x, z) for x, z in zip(X.T, (mean + noise).T, strict=True)])


def _one_after_another(X, unit, of_classes, uniform):
    """Sequential conditional knockoffs: each column anew from all others, and from the knockoffs so far.

    Numbers by a ridge regression of their normal scores, classes by a logistic regression. Columns of a unit are
    drawn from what is outside it; those before in the unit are replaced by their knockoffs.
    """
    columns = [_encoded(x[:, None], kind) for x, kind in zip(X.T, of_classes, strict=True)]
    knockoffs, drawn = X.copy(), {}
    for one in np.unique(unit):
        members = np.flatnonzero(unit == one)
        given = [columns[j] for j in range(len(unit)) if unit[j] != one] + list(drawn.values())
        for number, j in enumerate(members):
            design = np.hstack([np.ones((len(X), 1)), *given, *(columns[k] for k in members[:number])])
            anew = np.hstack([np.ones((len(X), 1)), *given, *(drawn[k] for k in members[:number])])
            draw = _draw_class if of_classes[j] else _draw_number
            knockoffs[:, j] = draw(design, X[:, j], anew, uniform[:, j])
            drawn[j] = _encoded(knockoffs[:, [j]], of_classes[j], X[:, [j]])
    return knockoffs


def _draw_number(design, x, anew, uniform):
    z = scaled_normal_scores(x)
    model = Ridge(_PENALTY).fit(design, z)
    n_free = len(z) - min(design.shape[1], len(z) // 2)
    error = np.sqrt(((z - model.predict(design)) ** 2).sum() / n_free)
    return _back(x, model.predict(anew) + error * ndtri(uniform))


def _draw_class(design, x, anew, uniform):
    values, code = np.unique(x, return_inverse=True)
    model = LogisticRegression(C=1 / _PENALTY, max_iter=200).fit(design, code)
    share = np.cumsum(model.predict_proba(anew), axis=1)
    return values[np.minimum((uniform[:, None] > share).sum(axis=1), len(values) - 1)]


def _encoded(x, is_class, like=None):
    """A column as a regression takes it, scaled as another that it is like."""
    like = x if like is None else like
    if not is_class:
        return scaled_normal_scores(x[:, 0], like[:, 0])[:, None]
    encoder = OneHotEncoder(drop="first", sparse_output=False).fit(like)
    return StandardScaler().fit(encoder.transform(like)).transform(encoder.transform(x))


def _back(x, z):
    """The values of `x` at the quantiles that normal scores stand for."""
    return np.sort(x)[np.minimum((ndtr(z) * len(x)).astype(np.intp), len(x) - 1)]


def _root(matrix):
    """The symmetric root, which does not depend on the order of columns."""
    value, vector = np.linalg.eigh(matrix)
    return (vector * np.sqrt(np.maximum(value, 0.0))) @ vector.T
