"""Slow, obvious twins of what treeprune computes fast: rational arithmetic, recursion, enumeration.

Twins of kernels take what the kernels take. Strategies (`forests`, `risks`) make the small random forests that
both are run on.
"""

import itertools
import math
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from treeprune.core.forest import Forest

SMALLEST = Fraction(math.ulp(0.0))

# Kernels -------------------------------------------------------------------------------------------------------------


def is_sound(root, start, children_left, children_right):
    """Whether every tree is a binary tree of its own nodes in which no node is reached twice."""
    for r, low, high in zip(root, start[:-1], start[1:], strict=True):
        seen, waiting = set(), [int(r)]
        while waiting:
            node = waiting.pop()
            if node in seen or not low <= node < high:
                return False
            seen.add(node)
            children = [int(children_left[node]), int(children_right[node])]
            if children.count(-1) == 1:
                return False
            waiting += [child for child in children if child != -1]
    return True


def preorder(root, children_left, children_right):
    """Node ids, depth first, left child first."""

    def below(node):
        if children_left[node] < 0:
            return [node]
        return [node, *below(int(children_left[node])), *below(int(children_right[node]))]

    return [node for r in root for node in below(int(r))]


def subtree(forest, node):
    """Ids of a node and of all below it, in preorder."""
    return preorder([node], forest.children_left, forest.children_right)


def subtree_end(forest):
    """One past the last id of each node's subtree."""
    return [max(subtree(forest, node)) + 1 for node in range(forest.n_nodes)]


def ancestors(forest, node):
    """Ids above a node, from its parent to its root."""
    above = [p for p in range(forest.n_nodes) if node in (forest.children_left[p], forest.children_right[p])]
    return above + (ancestors(forest, above[0]) if above else [])


def node_depth(forest):
    """Number of nodes above each."""
    return [len(ancestors(forest, node)) for node in range(forest.n_nodes)]


def survivors(root, children_left, children_right, collapse, source):
    """Origin, children and roots of the nodes that remain, by recursion."""
    origin, left, right = [], [], []

    def visit(node):
        node = int(source[node])
        new = len(origin)
        origin.append(node)
        left.append(-1)
        right.append(-1)
        if children_left[node] >= 0 and not collapse[node]:
            left[new] = visit(children_left[node])
            right[new] = visit(children_right[node])
        return new

    roots = [visit(r) for r in root]
    return origin, left, right, roots


def two_sum(a, b):
    """Rounded sum and its error."""
    exact = Fraction(a) + Fraction(b)
    return float(exact), float(exact - Fraction(float(exact)))


def two_product(a, b):
    """Rounded product and its error."""
    exact = Fraction(a) * Fraction(b)
    return float(exact), float(exact - Fraction(float(exact)))


def sums_by_index(index, weight, x, n):
    """Exact sums of ``weight * x`` at each index below n."""
    sums = [Fraction(0)] * n
    for i, w, v in zip(index, weight, x, strict=True):
        sums[i] += Fraction(float(w)) * Fraction(float(v))
    return sums


def accumulate(forest, sums):
    """Sums over each node's leaves, of numbers that only leaves hold."""
    return [sum(sums[i] for i in subtree(forest, node)) for node in range(forest.n_nodes)]


def add_pruned_values(forest, leaf_ids, of_leaf, strength, alphas):
    """Value of the topmost collapsed node above a row's leaf, else of its leaf, shape (n_rows, n_alphas, n_values)."""
    total = np.zeros((len(leaf_ids), len(alphas), of_leaf.shape[1]))
    for row, leaf in enumerate(leaf_ids):
        for step, alpha in enumerate(alphas):
            if leaf >= 0:
                collapsed = [node for node in ancestors(forest, leaf) if strength[node] <= alpha]
                total[row, step] = forest.value[min(collapsed)].ravel() if collapsed else of_leaf[row]
    return total


def counts(forest):
    """Rows of each node by their weights: repetitions if all are whole, else shares of the tree's number of rows."""
    n, weight, leaf = forest.n_node_samples, forest.weighted_n_node_samples, np.flatnonzero(forest.is_leaf)
    classes = forest.value if forest.task == "classification" else np.ones((forest.n_nodes, 1, 1))
    sums = [weight[i] * share for i in leaf for share in classes[i].ravel()]
    if all(abs(x - round(x)) < 1e-9 for x in sums):
        largest = int(min(weight[leaf] / n[leaf]) + 1e-9)
        unit = next((u for u in range(largest, 0, -1) if all(round(x) % u == 0 for x in sums)), None)
        if unit:
            return weight / unit
    root = [forest.root[np.searchsorted(forest.start, node, side="right") - 1] for node in range(forest.n_nodes)]
    return np.array([weight[node] * n[top] / weight[top] for node, top in enumerate(root)])


def node_loss(forest, leaf_ids, target, weight, loss):
    """Exact sum of a loss of one row (target, value) -> number over the rows of each node."""
    total = [Fraction(0)] * forest.n_nodes
    for tree in range(forest.n_trees):
        for leaf, y, w in zip(leaf_ids(tree), target, weight, strict=True):
            for node in [int(leaf), *ancestors(forest, int(leaf))]:
                total[node] += Fraction(float(w)) * Fraction(float(loss(y, forest.value[node])))
    return total


# Prunings ------------------------------------------------------------------------------------------------------------


def all_prunings(forest):
    """Every pruning, as the frozenset of nodes that become leaves (none below another)."""

    def of(node):
        if forest.children_left[node] < 0:
            return [frozenset()]
        left, right = of(forest.children_left[node]), of(forest.children_right[node])
        return [frozenset([int(node)]), *(a | b for a, b in itertools.product(left, right))]

    for parts in itertools.product(*(of(root) for root in forest.root)):
        yield frozenset().union(*parts)


def pruned(forest, collapsed):
    """Leaves and splits of a pruning, as two lists of node ids. `collapsed` may hold nodes below others."""
    leaves, splits = [], []

    def visit(node):
        if forest.children_left[node] < 0 or node in collapsed:
            leaves.append(node)
        else:
            splits.append(node)
            visit(int(forest.children_left[node]))
            visit(int(forest.children_right[node]))

    for root in forest.root:
        visit(int(root))
    return leaves, splits


def cost(forest, collapsed, leaf_cost, split_cost=None):
    """Exact cost of a pruning."""
    leaves, splits = pruned(forest, collapsed)
    total = sum(Fraction(leaf_cost[leaf]) for leaf in leaves)
    return total + (0 if split_cost is None else sum(Fraction(split_cost[split]) for split in splits))


def cheapest(forest, leaf_cost, split_cost=None):
    """The cheapest of all prunings and, among equals, the smallest: leaves and splits."""
    best = min(
        all_prunings(forest),
        key=lambda p: (cost(forest, p, leaf_cost, split_cost), len(pruned(forest, p)[0])),
    )
    return pruned(forest, best)


# Cost-complexity -----------------------------------------------------------------------------------------------------


def optimal_at(forest, risk, alpha, total_weight=1):
    """Splits of the smallest tree that minimises risk / total_weight + alpha * leaves: exact dynamic program."""
    best, stop = {}, set()
    price = Fraction(alpha) * Fraction(total_weight)
    for node in reversed(preorder(forest.root, forest.children_left, forest.children_right)):
        best[node] = Fraction(risk[node]) + price
        if forest.children_left[node] >= 0:
            branch = best[forest.children_left[node]] + best[forest.children_right[node]]
            if best[node] <= branch:
                stop.add(node)
            best[node] = min(best[node], branch)
    return pruned(forest, stop)[1]


def weakest_link(forest, risk, total_weight=1):
    """Exact strength of each node that splits, by looking at every node again after every collapse."""
    strength, alpha = {}, None
    while splits := pruned(forest, strength)[1]:
        links = {}
        for node in splits:
            leaves = [leaf for leaf in subtree(forest, node) if leaf in pruned(forest, strength)[0]]
            gain = Fraction(risk[node]) - sum(Fraction(risk[leaf]) for leaf in leaves)
            links[node] = gain / (len(leaves) - 1) / Fraction(total_weight)
        weakest = min(links.values())
        alpha = weakest if alpha is None else max(alpha, weakest)
        for node, link in links.items():
            if link <= alpha:
                strength |= {i: alpha for i in subtree(forest, node) if forest.children_left[i] >= 0 and i in splits}
    return strength


def rounded_up(exact):
    """Smallest positive float64 that is not below an exact number."""
    exact = max(exact, SMALLEST)
    nearest = float(exact)
    return nearest if Fraction(nearest) >= exact else math.nextafter(nearest, math.inf)


# Random forests ------------------------------------------------------------------------------------------------------


def grow(rng, n_leaves):
    """Children of a random binary tree, in the order in which its nodes were split (no preorder)."""
    left, right, leaves = [-1], [-1], [0]
    while len(leaves) < n_leaves:
        node = leaves.pop(rng.integers(len(leaves)))
        left[node], right[node] = len(left), len(left) + 1
        leaves += [len(left), len(left) + 1]
        left += [-1, -1]
        right += [-1, -1]
    return np.array(left, np.int32), np.array(right, np.int32)


def chain(n_splits, side="right", **changes):
    """A canonical tree of `n_splits` splits of which each has a leaf on one side and the rest on the other."""
    n_nodes = 2 * n_splits + 1
    node = np.arange(n_nodes, dtype=np.int32)
    if side == "right":  # split, leaf, split, leaf, ..., leaf
        split = (node % 2 == 0) & (node < n_nodes - 1)
        left, right = np.where(split, node + 1, -1), np.where(split, node + 2, -1)
    else:  # all splits, then the leaves from the deepest up
        split = node < n_splits
        left, right = np.where(split, node + 1, -1), np.where(split, n_nodes - 1 - node, -1)
    return Forest(
        root=np.zeros(1, np.int32),
        children_left=left.astype(np.int32),
        children_right=right.astype(np.int32),
        feature=np.where(split, 0, -2).astype(np.int32),
        threshold=np.where(split, node.astype(float), -2.0),
        value=node.astype(float)[:, None, None],
        n_features=1,
        task="regression",
        criterion="squared_error",
        **changes,
    )


def random_forest(rng, n_leaves, task="classification", n_outputs=1, n_values=3, n_features=4):
    """A Forest, one tree for each number of leaves, not in preorder, its nodes' statistics added up from leaves.

    Leaves hold few rows with small integer weights, so that sums are exact and ties are common.
    """
    first = np.concatenate([[0], np.cumsum([2 * n - 1 for n in n_leaves])])
    shapes = [grow(rng, n) for n in n_leaves]
    left, right = (
        np.concatenate(
            [np.where(shape[side] < 0, -1, shape[side] + at) for shape, at in zip(shapes, first, strict=False)]
        )
        for side in (0, 1)
    )
    n_nodes, leaf = first[-1], left < 0
    n_values = n_values if task == "classification" else 1
    sums = np.zeros((n_nodes, n_outputs, n_values + 2))  # per class (or the total), then the squares, then the weight
    rows = np.where(leaf, rng.integers(1, 4, n_nodes), 0)
    for node in np.flatnonzero(leaf):
        for _ in range(rows[node]):
            weight, y = rng.integers(1, 3), rng.integers(0, 3, n_outputs)
            column = y if task == "classification" else np.zeros(n_outputs, int)
            sums[node, np.arange(n_outputs), column] += weight * (1 if task == "classification" else y)
            sums[node, :, -2] += weight * y**2
            sums[node, :, -1] += weight
    for node in range(n_nodes - 1, -1, -1):  # children are younger than their parents
        if not leaf[node]:
            sums[node] = sums[left[node]] + sums[right[node]]
            rows[node] = rows[left[node]] + rows[right[node]]
    value, weight = sums[:, :, :n_values] / sums[:, :, -1:], sums[:, 0, -1]
    if task == "classification":
        impurity = 1 - (value**2).sum(axis=2)
    else:
        impurity = np.maximum(sums[:, :, -2] / sums[:, :, -1] - value[:, :, 0] ** 2, 0)
    return Forest(
        root=first[:-1].astype(np.int32),
        children_left=left.astype(np.int32),
        children_right=right.astype(np.int32),
        feature=np.where(leaf, -2, rng.integers(0, n_features, n_nodes)).astype(np.int32),
        threshold=np.where(leaf, -2.0, rng.integers(-4, 5, n_nodes) / 2),
        value=value,
        n_features=n_features,
        task=task,
        criterion="gini" if task == "classification" else "squared_error",
        n_classes=np.full(n_outputs, n_values, np.int32) if task == "classification" else None,
        missing_go_to_left=np.where(leaf, False, rng.integers(0, 2, n_nodes) == 1),
        n_node_samples=rows.astype(np.int64),
        weighted_n_node_samples=weight,
        impurity=impurity.mean(axis=1),
    )


@st.composite
def forests(draw, max_leaves=10, min_leaves=1, max_trees=1, task=None, n_outputs=1):
    """Random canonical forests."""
    n_leaves = draw(st.lists(st.integers(min_leaves, max_leaves), min_size=1, max_size=max_trees))
    task = task or draw(st.sampled_from(["classification", "regression"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return random_forest(rng, n_leaves, task, n_outputs).canonical()


@st.composite
def risks(draw, forest):
    """Risks of nodes: small integers (many ties), nearly integers, dyadic numbers or arbitrary floats."""
    kind = draw(st.sampled_from(["integer", "nearly", "dyadic", "float"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if kind == "integer":
        return rng.integers(0, 6, forest.n_nodes).astype(np.float64)
    if kind == "nearly":  # every split gains about as much per leaf, up to a few units in the last place
        splits = (forest.end - np.arange(forest.n_nodes)) // 2
        return (3 * splits + rng.integers(0, 3, forest.n_nodes)) * (1 + rng.integers(-2, 3, forest.n_nodes) * 2.0**-51)
    if kind == "dyadic":
        return rng.integers(0, 2**20, forest.n_nodes) / 2**12
    return rng.random(forest.n_nodes) * 10.0 ** rng.integers(-3, 4, forest.n_nodes)


def rows_of(rng, forest, n_rows):
    """Random rows as ``(X, target, weight)`` for a random forest: some far from it, with small integer weights."""
    X = rng.integers(-5, 6, (n_rows, forest.n_features)) / 2
    if forest.task == "classification":
        target = np.stack([rng.integers(0, k, n_rows) for k in forest.n_classes], axis=1).astype(np.int32)
    else:
        target = rng.integers(-2, 5, (n_rows, forest.n_outputs)).astype(np.float64)
    return X, target, rng.integers(0, 6, n_rows).astype(np.float64)


# Joint pruning -------------------------------------------------------------------------------------------------------


def leaf_optimum(gradient, hessian, ridge, given=None, low=None, total=None, prior=0.0):
    """Best value of one leaf, from sums over its rows, and its cost; `total` confines it to a simplex."""
    curvature = hessian + ridge
    free = (gradient + ridge * prior) / curvature if curvature > 0 else np.zeros_like(gradient)
    value = free if given is None else given
    if total is not None:
        value = nearest_in_simplex(free, low, total)
    away = value - prior
    return value, float(value @ (0.5 * hessian * value - gradient) + 0.5 * ridge * away @ away)


def nearest_in_simplex(x, low, total):
    """Nearest point with no entry below `low` and entries summing to `total` above it, over all sets of positive ones.

    A single column need only lie between the two.
    """
    if len(x) == 1:
        return np.clip(x, low, low + total)
    found = []
    for size in range(1, len(x) + 1):
        for kept in map(list, itertools.combinations(range(len(x)), size)):
            point = low.copy()
            point[kept] = x[kept] - ((x - low)[kept].sum() - total) / size
            if (point >= low - 1e-12).all():
                found.append(point)
    return min(found, key=lambda point: ((point - x) ** 2).sum())


def best_pruning(forest, leaf_of_row, gradient, hessian, penalty, ridge, prices=None, drop=True, **constraint):
    """Least cost of all prunings of a tree, the empty one included, by trying each."""
    prices = np.zeros(forest.n_nodes) if prices is None else prices
    given, prior, costs = constraint.pop("given", None), constraint.pop("prior", None), [0.0] if drop else []
    for collapsed in all_prunings(forest):
        leaves, splits = pruned(forest, collapsed)
        cost = penalty * (len(leaves) + sum(1.0 + prices[split] for split in splits))
        for leaf in leaves:
            rows = np.isin(leaf_of_row, subtree(forest, leaf))
            of_leaf = {} if given is None else {"given": given[leaf]}
            of_leaf |= {} if prior is None else {"prior": prior[leaf]}
            sums = gradient[rows].sum(axis=0), hessian[rows].sum()
            cost += leaf_optimum(*sums, ridge, **of_leaf, **constraint)[1]
        costs.append(cost)
    return min(costs)
