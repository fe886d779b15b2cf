"""The optimal brain surgeon: inputs of units taken out one by one, the others making up for each."""

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

#: What is added to the diagonal of a covariance that is to be inverted, in units of its mean (Frantar & Alistarh 2022).
DAMPING = 1e-4


def elimination(
    moments: NDArray[np.float64], weights: NDArray[np.float64], damping: float = DAMPING
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The order in which inputs leave units, and what each costs when it does.

    Parameters
    ----------
    moments : ndarray of float64, shape (n_in, n_in)
        Covariance of the inputs.
    weights : ndarray of float64, shape (n_in, n_units)
        Their weights. An input leaves all units at once.
    damping : float
        What is added to the diagonal of `moments`, in units of its mean.

    Returns
    -------
    order : ndarray of int, shape (n_in,)
    cost : ndarray of float64, shape (n_in,)
        Half of the mean square by which what all units give changes more than before, in that order: equation 5 of
        Hassibi & Stork (1993), summed over units.
    """
    n_left, diagonal = len(moments), np.diag(moments)
    damped = moments + np.eye(n_left) * damping * (diagonal.mean() or 1.0)
    inverse = linalg.inv(damped, check_finite=False)
    weights, place = weights.copy(), np.arange(n_left)
    order, cost = np.empty(n_left, np.intp), np.empty(n_left)
    for step in range(n_left):
        costs = (weights**2).sum(axis=1) / np.diag(inverse)
        leaving = int(np.argmin(costs))
        order[step], cost[step] = place[leaving], costs[leaving] / 2.0
        column = inverse[:, leaving] / inverse[leaving, leaving]
        weights -= np.outer(column, weights[leaving])
        inverse -= np.outer(column, inverse[leaving])
        last = len(inverse) - 1
        for array in (weights, place):
            array[leaving] = array[last]
        inverse[leaving] = inverse[last]
        inverse[:, leaving] = inverse[:, last]
        weights, place, inverse = weights[:last], place[:last], inverse[:last, :last]
    return order, cost
