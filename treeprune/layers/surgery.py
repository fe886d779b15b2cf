"""The optimal brain surgeon: inputs of units taken out one by one, the others making up for each."""

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

#: What is added to the diagonal of a covariance that is to be inverted, in units of its mean (Frantar & Alistarh 2022).
DAMPING = 1e-2


def elimination(
    moments: NDArray[np.float64], weights: NDArray[np.float64], damping: float = DAMPING, *, n_each: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The order in which inputs leave units, and what each costs when it does.

    Parameters
    ----------
    moments : ndarray of float64, shape (n_in, n_in)
        Covariance of the inputs.
    weights : ndarray of float64, shape (n_in, n_units)
        Their weights. An input leaves all units at once.
    damping : float
        What is added to the diagonal of `moments`, in units of its mean.
    n_each : int, default=1
        Inputs leave together, so many that stand one behind the other.

    Returns
    -------
    order : ndarray of int, shape (n_in / n_each,)
        Numbers of inputs, or of groups of them.
    cost : ndarray of float64, shape (n_in / n_each,)
        Half of the mean square by which what all units give changes more than before, in that order: equation 5 of
        Hassibi & Stork (1993), summed over units.
    """
    from .kernels import eliminate

    diagonal = np.diag(moments)
    damped = moments + np.eye(len(moments)) * damping * (diagonal.mean() or 1.0)
    inverse, left = linalg.inv(damped, check_finite=False), np.array(weights, order="C")
    if n_each > 1:
        return _eliminate_groups(inverse, left, n_each)
    order, cost = np.arange(len(moments)), np.empty(len(moments))
    eliminate(inverse, left, order, cost)
    return order[::-1], cost[::-1]


def _eliminate_groups(inverse, weights, n_each):
    """The same for groups of inputs: squares become quadratic forms. What is given is used up."""
    n_groups = len(inverse) // n_each
    order, cost = np.empty(n_groups, np.int64), np.empty(n_groups)
    left = np.arange(n_groups)
    for step in range(n_groups):
        own = inverse.reshape(n_groups, n_each, n_groups, n_each)[left, :, left]  # of each group with itself
        lost = weights.reshape(n_groups, n_each, -1)[left]
        costs = np.einsum("gij,gij->g", lost, np.linalg.solve(own, lost)) / 2.0
        least = int(costs.argmin())
        order[step], cost[step] = left[least], costs[least]
        leaving = slice(left[least] * n_each, (left[least] + 1) * n_each)
        factor = linalg.solve(own[least], inverse[leaving], assume_a="sym", check_finite=False).T
        weights -= factor @ lost[least]
        inverse -= factor @ inverse[leaving]
        left = np.delete(left, least)
    return order, cost
