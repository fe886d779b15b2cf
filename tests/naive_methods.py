"""Slow, obvious twins of whole methods: recursion over nodes, sums over all prunings."""

import math

import numpy as np

from tests import naive


def error_limit(n, errors, confidence, z):
    """Errors of a leaf plus those that C4.5 adds."""

    def added(e):
        if confidence > 0.5 or n == 0:
            return 0.0
        if e < 1:
            none = n * (1 - confidence ** (1 / n))
            return none if e == 0 else none + e * (added(1.0) - none)
        if e + 0.5 >= n:
            return max(n - e, 0.0)
        f = (e + 0.5) / n
        r = (f + z * z / (2 * n) + z * math.sqrt(f / n - f * f / n + z * z / (4 * n * n))) / (1 + z * z / n)
        return r * n - e

    return errors + added(errors)


def prune_and_raise(forest, X, code, weight, limit, slack):
    """Origins of the nodes in preorder after J48's recursion; ``limit(class weights)`` estimates a leaf's errors."""

    class Node:
        def __init__(self, i, rows):
            self.i, self.rows = i, rows
            split = forest.children_left[i] >= 0
            self.sons = [Node(c, rows[s]) for c, s in zip(children(i), sides(i, rows), strict=True)] if split else []

    def children(i):
        return int(forest.children_left[i]), int(forest.children_right[i])

    def sides(i, rows):
        left = X[rows, forest.feature[i]] <= forest.threshold[i]
        return left, ~left

    def of(rows):
        return limit(np.bincount(code[rows], weight[rows], minlength=forest.value.shape[2]))

    def estimate(node, rows):
        if not node.sons:
            return of(rows)
        return sum(estimate(son, rows[side]) for son, side in zip(node.sons, sides(node.i, rows), strict=True))

    def move(node, rows):
        node.rows = rows
        for son, side in zip(node.sons, sides(node.i, rows), strict=False):
            move(son, rows[side])

    def prune(node):
        if not node.sons:
            return
        for son in node.sons:
            prune(son)
        left, right = node.sons
        large = left if weight[left.rows].sum() > weight[right.rows].sum() else right
        own, branch, raised = of(node.rows), estimate(node, node.rows), estimate(large, node.rows)
        if own <= branch + slack and own <= raised + slack:
            node.sons = []
        elif raised <= branch + slack:
            node.i, node.sons = large.i, large.sons
            move(node, node.rows)
            prune(node)

    def visit(node):
        return [(node.i, len(node.rows)), *(found for son in node.sons for found in visit(son))]

    tree = Node(0, np.arange(len(X)))
    prune(tree)
    return visit(tree)


def average_of_prunings(forest, loss, split_probability):
    """Each node's value averaged over all prunings of a single tree: below a node, they count as stopping there."""
    values, weight_of = np.zeros(forest.value.shape), {}
    for pruning in naive.all_prunings(forest):
        leaves, splits = naive.pruned(forest, pruning)
        stopped = [leaf for leaf in leaves if forest.children_left[leaf] >= 0]
        weight = split_probability ** len(splits) * (1 - split_probability) ** len(stopped)
        weight_of[pruning] = weight * math.exp(-sum(loss[leaf] for leaf in leaves))
    total = sum(weight_of.values())
    for node in range(forest.n_nodes):
        for pruning, weight in weight_of.items():
            at = next((i for i in reversed([node, *naive.ancestors(forest, node)]) if i in pruning), node)
            values[node] += weight / total * forest.value[at]
    return values
