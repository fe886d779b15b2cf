"""Weakest-link pruning: every tree of the cost-complexity path at once."""

import numpy as np

from ..core.compilation import kernel, part
from ..core.kernels import pair_sum, two_product, two_sum

#: Strength of a split that gains nothing: it collapses at every alpha above zero.
SMALLEST = float(np.nextafter(0.0, 1.0))


def strengths(forest, risk, total_weight=1.0):
    """Smallest alpha at which each node is a leaf of the optimally pruned tree.

    The tree of Breiman et al. (1984, chapter 10.2) at alpha is the smallest one that minimises
    ``risk of its leaves / total_weight + alpha * number of leaves``. A node that splits collapses at the alpha where
    its own cost equals that of its branch, the branch itself being pruned optimally at that alpha. As a function of
    alpha the cost of a pruned branch is concave and piecewise linear, with a breakpoint wherever a node below
    collapses, so one bottom-up pass that keeps each branch's breakpoints in a max-heap finds them all: a node takes
    over the heaps of its children, and pops what would collapse after itself. Heaps are made of the branch's own
    nodes, which stand side by side in preorder, and so stay in cache.

    Sums are kept in double-double, and each strength is rounded up to the next float64: at every float64 alpha,
    "strength <= alpha" is the exact answer for the given risks.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    risk : ndarray of float64, shape (n_nodes,)
        Risk of each node as a leaf.
    total_weight : float or ndarray of float64, shape (n_nodes,), default=1.0
        What risks are divided by; in a forest each tree has its own, the same for all of its nodes.

    Returns
    -------
    ndarray of float64, shape (n_nodes,)
        0 at leaves; positive at nodes that split; a child's never exceeds its parent's. O(n log n).
    """
    n_nodes = forest.n_nodes
    weight = np.broadcast_to(np.asarray(total_weight, dtype=np.float64), n_nodes).copy()
    strength, n_leaves = np.zeros(n_nodes), np.ones(n_nodes, np.int64)
    branch = np.stack([risk, np.zeros(n_nodes)], axis=1)
    heap, path = np.full((n_nodes, 2), -1, np.int32), np.empty(n_nodes, np.int32)
    _weakest_link(forest.children_left, forest.children_right, risk, weight, strength, n_leaves, branch, heap, path)
    return strength


@kernel
def _weakest_link(children_left, children_right, risk, total_weight, strength, n_leaves, branch, heap, path):
    """Fill ``strength``, children before parents.

    ``n_leaves[node]`` and ``branch[node]`` (a risk, as a double-double) are those of the node's branch as it is pruned
    just before the node itself collapses. The heap of a branch holds its node, on top, and the splits that collapse
    before it; those that would collapse later are popped, as they go together with it. ``path`` is scratch space.
    """
    for node in range(len(risk) - 1, -1, -1):
        left, right = children_left[node], children_right[node]
        if left < 0:
            continue
        high, low = two_sum(risk[left], risk[right])
        n_leaves[node] = 2
        a, b = left if children_left[left] >= 0 else -1, right if children_left[right] >= 0 else -1
        while True:
            top = _meld(a, b, strength, heap, path)
            own = _strength(risk[node], high, low, n_leaves[node], total_weight[node])
            if top < 0 or strength[top] <= own:
                break
            high, low = pair_sum(high, low, branch[top, 0], branch[top, 1])
            high, low = pair_sum(high, low, -risk[top], 0.0)
            n_leaves[node] += n_leaves[top] - 1
            a, b = heap[top, 0], heap[top, 1]
        strength[node] = own
        branch[node, 0], branch[node, 1] = high, low
        heap[node, 0], heap[node, 1] = top, -1
    for node in range(len(risk)):  # what was popped collapses together with its ancestor
        left, right = children_left[node], children_right[node]
        if left >= 0:
            strength[left] = min(strength[left], strength[node])
            strength[right] = min(strength[right], strength[node])


@part
def _meld(a, b, key, heap, path):
    """Meld two skew heaps (Sleator & Tarjan 1986) with the largest key on top; the root of the result.

    ``heap[node]`` holds the left and the right child of a node in its heap, -1 where there is none. Down: of the two
    roots, the one with the larger key is put on ``path``, and its right child is melded with the other root, until one
    heap is used up. Up: each node on ``path`` gets the melded heap as its left child and its old left child as its
    right one. Swapping the children in this way keeps the right-hand paths short, so that a meld takes O(log n) on
    average over all melds, though no balance is kept.
    """
    size = 0
    while a >= 0 and b >= 0:
        if key[a] < key[b]:
            a, b = b, a
        path[size] = a
        size += 1
        a = heap[a, 1]
    melded = a if a >= 0 else b
    for i in range(size - 1, -1, -1):
        top = path[i]
        heap[top, 1] = heap[top, 0]
        heap[top, 0] = melded
        melded = top
    return melded


@part
def _strength(risk, branch_high, branch_low, n_leaves, total_weight):
    """Smallest positive float64 alpha >= (risk - branch) / ((n_leaves - 1) total_weight)."""
    high, low = two_sum(risk, -branch_high)
    high, low = two_sum(high, low - branch_low)
    if high <= 0.0:
        return SMALLEST
    divisor, divisor_low = two_product(float(n_leaves - 1), total_weight)
    alpha = high / divisor
    for _ in range(2):  # rounding has moved it by two units in the last place at most
        if not _remainder(alpha, divisor, divisor_low, high, low) > 0.0:
            break
        alpha = np.nextafter(alpha, np.inf)
    for _ in range(2):
        below = np.nextafter(alpha, 0.0)
        if not _remainder(below, divisor, divisor_low, high, low) <= 0.0:
            break
        alpha = below
    return max(alpha, SMALLEST)


@part
def _remainder(alpha, divisor, divisor_low, high, low):
    """``high + low - alpha (divisor + divisor_low)``, right in its sign where alpha is close to the quotient."""
    product, error = two_product(alpha, divisor)
    rest, rest_low = two_sum(high - product, -error)  # high - product is exact, being small
    return rest + (rest_low + low - alpha * divisor_low)
