"""How much more two series that have nothing to do with each other agree by chance, because neighbouring rows do."""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft


def autocorrelation(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Autocorrelation of each series at lags of 1 up to a quarter of its length.

    Parameters
    ----------
    rows : ndarray of float64, shape (n_series, n_times)

    Returns
    -------
    ndarray of float64, shape (n_series, n_lags)
        Of a constant series 0.
    """
    n = rows.shape[1]
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = next_fast_len(n + n // 4, real=True)
    lagged = irfft(np.abs(rfft(centred, length, axis=1)) ** 2, length, axis=1)[:, : n // 4 + 1]
    return lagged[:, 1:] / np.maximum(lagged[:, :1], 1e-12)


def inflation(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of the correlation of each of some series with each of others, times that of independent rows.

    It is 1 plus twice the sum over lags of the product of their autocorrelations, if the series are stationary and
    independent of each other (Bartlett 1935). Less than 1 is not believed.

    Parameters
    ----------
    one, other : ndarray of float64, shapes (n, n_lags) and (m, n_lags)
        Autocorrelations.

    Returns
    -------
    ndarray of float64, shape (n, m)

    References
    ----------
    M. S. Bartlett (1935). Some aspects of the time-correlation problem in regard to tests of significance. Journal of
    the Royal Statistical Society 98, 536-543.
    """
    return np.maximum(1.0 + 2.0 * one @ other.T, 1.0)
