"""Intervals that hold with 95 %: of a share, and of the change of a score between two models on the same rows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

#: Quantile of the normal distribution for an interval that holds with 95 %.
_Z95 = 1.959964


def wilson(share: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of a share among n rows (Wilson 1927). They are apart even where the share is 0 or 1."""
    share, n = np.asarray(share, float), np.maximum(np.asarray(n, float), 1.0)
    middle = (share + _Z95**2 / (2 * n)) / (1 + _Z95**2 / n)
    half = _Z95 / (1 + _Z95**2 / n) * np.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def change_of_accuracy(hit_before: NDArray[np.bool_], hit_after: NDArray[np.bool_]) -> tuple[float, float]:
    """Bounds of the change of the share of rows that are predicted rightly, the rows being the same.

    Agresti & Min (2005), Simple improved confidence intervals for comparing matched proportions: half a row is added to
    each of the four kinds of rows (right before or not, right after or not).
    """
    gained, lost = np.sum(hit_after & ~hit_before) + 0.5, np.sum(hit_before & ~hit_after) + 0.5
    n = len(hit_after) + 2
    middle = (gained - lost) / n
    half = _Z95 * np.sqrt(gained + lost - (gained - lost) ** 2 / n) / n
    return max(float(middle - half), -1.0), min(float(middle + half), 1.0)


def change_of_r2(y: NDArray, before: NDArray, after: NDArray) -> tuple[float, float] | None:
    """Bounds of the change of R² on the same rows, from the rows' squared errors; the spread of y counts as known.

    None for a single row, or targets that are all alike.
    """
    if len(y) < 2 or np.ptp(y) == 0:
        return None
    gain = ((y - before) ** 2 - (y - after) ** 2) / np.var(y)
    half = _Z95 * gain.std(ddof=1) / np.sqrt(len(y))
    return float(gain.mean() - half), float(gain.mean() + half)


def change_of_folds(before: NDArray[np.float64], after: NDArray[np.float64]) -> tuple[float, float] | None:
    """Bounds of the change of a mean over folds, each scored by both models; None for a single fold.

    Folds share training rows, for which the variance is corrected (Nadeau & Bengio 2003, Inference for the
    generalization error).
    """
    k, gain = len(after), after - before
    if k < 2 or not np.isfinite(gain).all():
        return None
    half = stdtrit(k - 1, 0.975) * np.sqrt((1 / k + 1 / (k - 1)) * gain.var(ddof=1))
    return float(gain.mean() - half), float(gain.mean() + half)


def change_of_means(before: float, after: float, standard_error: float) -> tuple[float, float] | None:
    """Bounds of a change from the standard error of one end alone: wide, as both ends count as independent."""
    half = _Z95 * np.sqrt(2) * standard_error
    return (float(after - before - half), float(after - before + half)) if np.isfinite(half) else None
