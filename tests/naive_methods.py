"""Slow, obvious twins of whole methods: recursion over nodes, sums over all prunings, walks of libraries' own dumps."""

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


def reduced_error_of_boosting(walk, X, y, derivatives, weight=None):
    """Raw output of a boosted ensemble of which each tree is pruned at the margin before its stage.

    ``derivatives(y, margin)`` gives the gradient and hessian of each row of the loss, of shape (n_rows, n_columns).
    """
    rows, ways, found = walk.rows(X), walk.ways(X), []
    weight = np.ones(len(rows)) if weight is None else weight
    margin = walk.output(np.zeros((len(ways), len(rows))), X)
    for first in range(0, len(ways), walk.per_stage):
        gradient, hessian = derivatives(y, margin)
        for tree, of_rows in list(zip(walk.trees, ways, strict=True))[first : first + walk.per_stage]:
            slope, curvature = gradient[:, tree.column], hessian[:, tree.column]

            def loss(node, row, tree=tree, slope=slope, curvature=curvature):
                value = tree.value(node, rows[row])
                return weight[row] * (slope[row] * value + curvature[row] * value**2 / 2)

            found.append(_stops(of_rows, _not_worth_their_branch(tree, of_rows, loss)))
            margin[:, tree.column] += [tree.value(way[-1], row) for way, row in zip(of_rows, rows, strict=True)]
    return walk.output(walk.values(X, found), X)


def reduced_error_of_trees(walk, X, target, of_classes, weight=None):
    """Output of trees that average, each pruned by itself; targets (class codes) of shape (n_rows, n_outputs)."""
    rows, ways, found = walk.rows(X), walk.ways(X), []
    weight = np.ones(len(rows)) if weight is None else weight
    for tree, of_rows in zip(walk.trees, ways, strict=True):

        def loss(node, row, tree=tree):
            value = tree.value(node, rows[row])
            of_outputs = value.argmax(axis=1) != target[row] if of_classes else (value[:, 0] - target[row]) ** 2
            return weight[row] * np.mean(of_outputs)

        found.append(_stops(of_rows, _not_worth_their_branch(tree, of_rows, loss)))
    return walk.output(walk.values(X, found), X)


def _not_worth_their_branch(tree, ways, loss):
    """Nodes where the best and smallest pruning of a tree stops, by recursion; ``loss(node, row)``."""
    total = {}
    for row, way in enumerate(ways):
        for node in way:
            total[node] = total.get(node, 0.0) + loss(node, row)
    cut, rounding = set(), 1e-12 * max(map(abs, total.values()))

    def best(node):
        own = total.get(node, 0.0)
        if node not in tree.children:
            return own
        branch = sum(map(best, tree.children[node]))
        if own <= branch + rounding:
            cut.add(node)
            return own
        return branch

    best(tree.root)
    return cut


def _stops(ways, cut):
    """Where each row ends if trees are cut there."""
    return [next((node for node in way if node in cut), way[-1]) for way in ways]
