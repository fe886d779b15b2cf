"""Compiled loops over weights."""

import numpy as np

from ..core.compilation import kernel


@kernel
def eliminate(inverse, weights, order, cost):
    """Take inputs out of units one by one, each time the one whose loss the others make up for best.

    Those that left stand at the end, the first of them last.

    Parameters
    ----------
    inverse : ndarray of float64, shape (n_in, n_in)
        Inverse of the inputs' covariance; it is used up.
    weights : ndarray of float64, shape (n_in, n_units)
        Their weights; they are used up.
    order : ndarray of int64, shape (n_in,)
        Numbers of the inputs, which are moved: the first to leave is the last.
    cost : ndarray of float64, shape (n_in,)
        Filled, in the same order, with what each costs: half the mean square by which what the units give changes more
        than before.
    """
    for n_left in range(len(weights), 0, -1):
        last = n_left - 1
        leaving, least = 0, np.inf
        for i in range(n_left):
            square = 0.0
            for unit in range(weights.shape[1]):
                square += weights[i, unit] ** 2
            if square / inverse[i, i] < least:
                leaving, least = i, square / inverse[i, i]
        order[leaving], order[last] = order[last], order[leaving]
        cost[last] = least / 2.0
        for unit in range(weights.shape[1]):
            weights[leaving, unit], weights[last, unit] = weights[last, unit], weights[leaving, unit]
        for k in range(n_left):
            inverse[leaving, k], inverse[last, k] = inverse[last, k], inverse[leaving, k]
        for k in range(n_left):
            inverse[k, leaving], inverse[k, last] = inverse[k, last], inverse[k, leaving]
        for i in range(last):
            factor = inverse[last, i] / inverse[last, last]
            for unit in range(weights.shape[1]):
                weights[i, unit] -= factor * weights[last, unit]
            for k in range(last):
                inverse[i, k] -= factor * inverse[last, k]
