"""Upper confidence limits of error counts, as C4.5 takes them."""

import math

import numpy as np

from ..core.compilation import kernel, part


def error_limits(n, errors, confidence, z):
    """Upper limit of the number of errors among n rows of which `errors` are wrong; 0 without rows.

    Parameters
    ----------
    n, errors : ndarray of float64, shape (n_nodes,)
        Weights of rows, all and misclassified.
    confidence : float
        The CF of C4.5.
    z : float
        The normal deviate that is exceeded with that probability.
    """
    limits = np.empty(len(n))
    _error_limits(n, errors, confidence, z, limits)
    return limits


@kernel
def _error_limits(n, errors, confidence, z, limits):
    for node in range(len(n)):
        limits[node] = error_limit(n[node], errors[node], confidence, z)


@part
def error_limit(n, errors, confidence, z):
    """Upper limit of one count (Quinlan 1993): exact at no error, linear up to one, then Wilson's with continuity."""
    if n <= 0.0:
        return 0.0
    if confidence > 0.5:
        return errors
    if errors < 1.0:
        none = n * (1.0 - math.pow(confidence, 1.0 / n))
        return none + errors * (_normal_limit(n, 1.0, z) - none)
    return _normal_limit(n, errors, z)


@part
def _normal_limit(n, errors, z):
    if errors + 0.5 >= n:
        return max(n, errors)
    f = (errors + 0.5) / n
    root = math.sqrt(f / n - f * f / n + z * z / (4.0 * n * n))
    return n * (f + z * z / (2.0 * n) + z * root) / (1.0 + z * z / n)
