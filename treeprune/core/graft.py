"""graft: the only structural surgery in the project."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .forest import Forest, preorder_children
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

    Raises
    ------
    ValueError
        The plan drops every tree.
    """
    kept = np.arange(forest.n_trees) if plan.drop_tree is None else np.flatnonzero(~plan.drop_tree)
    if len(kept) == 0:
        raise ValueError("A plan must keep at least one tree. Got drop_tree that is True for all.")
    origin, split, root = forest.preorder(forest.root[kept], plan.collapse, plan.source)
    arrays = {name: getattr(plan, name) for name in _ARRAYS}
    changes = {name: array[origin] for name, array in arrays.items() if array is not None}
    weight = forest.tree_weight if plan.tree_weight is None else plan.tree_weight
    changes |= {name: getattr(forest, name)[kept] for name in ("tree_id", "tree_class")}
    grafted = forest.take(origin, *preorder_children(split), root, tree_weight=weight[kept], **changes)
    if forest.task == "path_length" and plan.source is not None:  # what is raised is nearer to the root
        deeper = grafted.depth - forest.depth[origin]
        grafted = replace(grafted, value=grafted.value + deeper[:, None, None])
    return grafted, origin
