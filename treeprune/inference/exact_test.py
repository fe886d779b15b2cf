"""Fisher's exact test of many tables at once."""

from math import exp, lgamma

import numpy as np

from ..core.compilation import kernel, part


def fisher_exact(both, in_first_row, in_first_column, total):
    """Two-sided p-values of 2 x 2 tables of whole numbers, as float64 arrays of one shape.

    The sum of the probabilities, given the margins, of all tables that are no more likely than the one observed.

    Parameters
    ----------
    both : ndarray
        Count in the first row and first column.
    in_first_row, in_first_column, total : ndarray
        Margins.
    """
    p = np.empty(len(both))
    _fisher_exact(both, in_first_row, in_first_column, total, p)
    return p


@kernel
def _fisher_exact(both, in_first_row, in_first_column, total, p):
    """Fill in the p-values, each a sum over all tables that have the margins of the observed one.

    Margins leave one count free: with ``low + k`` in the first row and column, the other three counts follow. The
    probability of a table is hypergeometric. Here it is divided by that of the observed table, which the quotient of
    the two sums takes out again. So one term of both sums is exactly 1, and neither can underflow.
    """
    for i in range(len(both)):
        row, column, n = in_first_row[i], in_first_column[i], total[i]
        low, high = max(0.0, row + column - n), min(row, column)
        observed = _log_ways(both[i], row, column, n)
        at_all, as_rare = 0.0, 0.0
        for k in range(int(high - low) + 1):
            log_ways = _log_ways(low + k, row, column, n) - observed
            at_all += exp(min(log_ways, 700.0))  # a larger exponent overflows; p is 0 to all digits then
            if log_ways <= 1e-7:  # tables as likely as the observed one, but for rounding
                as_rare += exp(log_ways)
        p[i] = min(as_rare / at_all, 1.0)


@part
def _log_ways(k, row, column, n):
    """Logarithm of the number of ways to fill a table, up to a constant for its margins."""
    return -(lgamma(k + 1) + lgamma(row - k + 1) + lgamma(column - k + 1) + lgamma(n - row - column + k + 1))
