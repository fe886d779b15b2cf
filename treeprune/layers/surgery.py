"""The optimal brain surgeon: inputs of units taken out one by one, the others making up for each."""

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

#: What is added to the diagonal of a covariance that is to be inverted, in units of its mean (Frantar & Alistarh 2022).
DAMPING = 1e-2


def elimination(
    moments: NDArray[np.float64], weights: NDArray[np.float64], damping: float = DAMPING
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

    Returns
    -------
    order : ndarray of int, shape (n_in,)
    cost : ndarray of float64, shape (n_in,)
        Half of the mean square by which what all units give changes more than before, in that order: equation 5 of
        Hassibi & Stork (1993), summed over units.
    """
    from .kernels import eliminate

    diagonal = np.diag(moments)
    damped = moments + np.eye(len(moments)) * damping * (diagonal.mean() or 1.0)
    order, cost = np.arange(len(moments)), np.empty(len(moments))
    eliminate(linalg.inv(damped, check_finite=False), np.array(weights, order="C"), order, cost)
    return order[::-1], cost[::-1]
