"""graft: the only structural surgery in the project."""

import numpy as np
from numpy.typing import NDArray

from .forest import Forest
from .plan import Plan

_ARRAYS = ("value", "n_node_samples", "weighted_n_node_samples", "impurity")


def graft(forest: Forest, plan: Plan) -> tuple[Forest, NDArray[np.int32]]:
    """Carry out a plan.

    Parameters
    ----------
    forest : Forest
        A canonical forest. It is not changed.
    plan : Plan
        What to do with its nodes.

    Returns
    -------
    forest : Forest
        A canonical forest of the nodes that remain.
    origin : ndarray of int32, shape (n_nodes of the result,)
        The node of the old forest that each new node comes from.
    """
    from .kernels import survivors

    collapse = np.zeros(forest.n_nodes, bool) if plan.collapse is None else plan.collapse
    source = np.arange(forest.n_nodes, dtype=np.int32) if plan.source is None else plan.source
    origin, left, right, root = survivors(forest.root, forest.children_left, forest.children_right, collapse, source)
    arrays = {name: getattr(plan, name) for name in _ARRAYS}
    changes = {name: array[origin] for name, array in arrays.items() if array is not None}
    return forest.take(origin, left, right, root, **changes), origin
