"""Compiled loops over weights."""

import numpy as np

from ..core.compilation import kernel


@kernel
def eliminate(inverse, weights, order, cost):
    """Take inputs out of units one by one, each time the one whose loss the others make up for best.

    Parameters
    ----------
    inverse : ndarray of float64, shape (n_in, n_in)
        Inverse of the inputs' covariance; it is used up.
    weights : ndarray of float64, shape (n_in, n_units)
        Their weights; they are used up.
    order : ndarray of int64, shape (n_in,)
        Filled with the inputs in the order in which they leave.
    cost : ndarray of float64, shape (n_in,)
        Filled with what each costs: half the mean square by which what the units give changes more than before.
    """
    place = np.arange(len(weights))
    for step in range(len(weights)):
        n_left = len(weights) - step
        leaving, least = 0, np.inf
        for i in range(n_left):
            square = 0.0
            for unit in range(weights.shape[1]):
                square += weights[i, unit] ** 2
            if square / inverse[i, i] < least:
                leaving, least = i, square / inverse[i, i]
        order[step], cost[step] = place[leaving], least / 2.0
        row, lost = inverse[leaving, :n_left].copy(), weights[leaving].copy()
        for i in range(n_left):
            factor = row[i] / row[leaving]
            for unit in range(weights.shape[1]):
                weights[i, unit] -= factor * lost[unit]
            for k in range(n_left):
                inverse[i, k] -= factor * row[k]
        last = n_left - 1  # takes the place of the one that left
        place[leaving] = place[last]
        weights[leaving] = weights[last]
        for k in range(n_left):
            inverse[leaving, k] = inverse[last, k]
        for k in range(n_left):
            inverse[k, leaving] = inverse[k, last]
