"""What nodes have in common with those above or below them: a limit, a label."""

from ..core.kernels import kernel


def lowest_above(forest, x):
    """Smallest value among each node and its ancestors, shape (n_nodes,).

    A rule that cuts a node if it, or anything above it, has ``x <= limit`` leaves those with a result above it.
    """
    return _lowest_above(forest.parent, x)


def common_label(forest, label):
    """The label that all leaves of each node's subtree share, -1 where they differ. Labels are integers >= 0."""
    return _common_label(forest.children_left, forest.children_right, label)


@kernel
def _lowest_above(parent, x):
    lowest = x.copy()
    for node in range(len(x)):
        if parent[node] >= 0:
            lowest[node] = min(lowest[node], lowest[parent[node]])
    return lowest


@kernel
def _common_label(children_left, children_right, label):
    common = label.copy()
    for node in range(len(label) - 1, -1, -1):
        if children_left[node] >= 0:
            left, right = common[children_left[node]], common[children_right[node]]
            common[node] = left if left == right else -1
    return common
