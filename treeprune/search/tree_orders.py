"""Orders in which the trees of an ensemble that averages them are kept: its first m trees make an ensemble of m trees.

One pass over the rows serves ensembles of all sizes: errors of averages are computed from a Gram matrix of the trees'
errors, and votes are added up tree by tree. `error` is that Gram matrix; `correct` says which trees vote right, bool,
shape (n_trees, n_rows).
"""

import numpy as np
from numpy.typing import NDArray


def gram(predictions: list[NDArray[np.float64]], target: NDArray[np.float64], weight: NDArray) -> NDArray[np.float64]:
    """Weighted inner products of the trees' errors, shape (n_trees, n_trees).

    Parameters
    ----------
    predictions : list of ndarray of float64, each of shape (n_trees, n_rows)
        One for each column of the target.
    target : ndarray of float64, shape (n_rows, n_columns)
    weight : ndarray of float64, shape (n_rows,)
    """
    total, root = 0.0, np.sqrt(weight)
    for of_column, y in zip(predictions, target.T, strict=True):
        errors = (of_column - y) * root
        total = total + errors @ errors.T
    return total


def individual_error(
    predictions: list[NDArray[np.float64]], target: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Trees by their own squared error; parameters as of `gram`."""
    own = sum(((of_column - y) ** 2) @ weight for of_column, y in zip(predictions, target.T, strict=True))
    return np.argsort(own, kind="stable")


def reduced_error(error: NDArray[np.float64]) -> NDArray[np.intp]:
    """Next comes the tree that makes the squared error of the average least (Margineantu & Dietterich 1997)."""
    own, with_chosen, total = np.diag(error), np.zeros(len(error)), 0.0
    order, waiting = [], np.ones(len(error), bool)
    for _ in range(len(error)):
        sums = np.where(waiting, total + 2.0 * with_chosen + own, np.inf)
        tree = int(np.argmin(sums))
        total, waiting[tree] = sums[tree], False
        with_chosen += error[tree]
        order.append(tree)
    return np.array(order)


def average_errors(error: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.float64]:
    """Squared error of the average of the first 1, 2, ... trees of an order, shape (n_trees,)."""
    ordered = error[np.ix_(order, order)]
    sums = np.cumsum(np.diag(ordered)) + 2.0 * np.cumsum(np.triu(ordered, 1).sum(axis=0))
    return sums / np.arange(1, len(order) + 1) ** 2


def complementariness(votes: NDArray, y: NDArray, weight: NDArray[np.float64]) -> NDArray[np.intp]:
    """Next comes the tree that is right on most rows where the vote so far is wrong (Martinez-Munoz & Suarez 2004)."""
    counts, correct = np.zeros((len(y), votes.max() + 1)), np.ascontiguousarray((votes == y).T)
    wrong, scores = np.ones(len(y), bool), weight @ correct

    def take(tree):
        counts[np.arange(len(y)), votes[tree]] += 1
        now = counts.argmax(axis=1) != y
        for sign, changed in ((1.0, now & ~wrong), (-1.0, wrong & ~now)):
            scores[:] += sign * (weight[changed] @ correct[changed])
        wrong[:] = now

    return _greedy(len(votes), lambda step: scores, take)


def margin_distance(correct: NDArray[np.bool_], weight: NDArray[np.float64], point: float = 0.075) -> NDArray[np.intp]:
    """Next comes the tree that brings the mean signature nearest to a point (Martinez-Munoz & Suarez 2004).

    A tree's signature is 1 where it votes right and -1 where not; the point has all coordinates `point`.
    """
    n_trees, root = len(correct), np.sqrt(weight)
    signature = np.where(correct, root, -root)
    products = signature @ signature.T  # |point - (sum + c) / T|^2 is, up to a constant, -2 c.(point - sum / T) / T
    towards = point * (signature @ root)

    def take(tree):
        towards[:] -= products[tree] / n_trees

    return _greedy(n_trees, lambda step: towards, take)


def orientation(correct: NDArray[np.bool_], weight: NDArray[np.float64]) -> NDArray[np.intp]:
    """Trees by the angle of their signature to a reference (Martinez-Munoz & Suarez 2006).

    The reference is the part of the diagonal (right on all rows) that is orthogonal to the mean signature.
    """
    signature = np.where(correct, 1.0, -1.0)
    mean = signature.mean(axis=0)
    reference = 1.0 - mean * (weight @ mean) / max(weight @ mean**2, np.finfo(float).tiny)
    return np.argsort(-(signature @ (weight * reference)), kind="stable")  # signatures are of equal length


def diversity(votes: NDArray, weight: NDArray[np.float64]) -> NDArray[np.intp]:
    """Trees in pairs, from the pair that agrees least, by kappa (Margineantu & Dietterich 1997)."""
    n_classes, total, root = votes.max() + 1, weight.sum(), np.sqrt(weight)
    agree, shares = 0.0, []
    for label in range(n_classes):
        of_label = np.where(votes == label, root, 0.0)
        agree = agree + of_label @ of_label.T  # a matrix and itself: half the products
        shares.append(of_label @ root / total)
    shares = np.stack(shares, axis=1)
    chance = shares @ shares.T
    kappa = (agree / total - chance) / np.maximum(1.0 - chance, np.finfo(float).eps)
    first, second = np.triu_indices(len(votes), 1)
    pairs = np.argsort(kappa[first, second], kind="stable")
    trees = np.stack([first[pairs], second[pairs]], axis=1).ravel()
    _, at = np.unique(trees, return_index=True)
    return trees[np.sort(at)] if len(votes) > 1 else np.zeros(1, np.intp)


def drep(votes: NDArray, y: NDArray, weight: NDArray[np.float64], share: float = 0.4) -> NDArray[np.intp]:
    """Next comes, of the `share` of trees that differ most from the vote, the one that helps it most (Li et al. 2012).

    The paper stops when the error no longer falls; all trees are ordered here.
    """
    of_row, n_classes, row = np.ascontiguousarray(votes.T), votes.max() + 1, np.arange(len(y))
    counts, vote = np.zeros((len(y), n_classes)), np.full(len(y), -1)
    differs, waiting = np.full(len(votes), weight.sum()), np.ones(len(votes), bool)

    def score(step):
        if step == 0:
            return weight @ (of_row == y[:, None])
        right = np.stack([(counts + (label == np.arange(n_classes))).argmax(axis=1) == y for label in range(n_classes)])
        open_ = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0))  # rows that one more vote decides
        scores = weight[open_] @ right[of_row[open_], open_[:, None]]
        n_kept = max(int(np.ceil(share * waiting.sum())), 1)
        ranked = np.argsort(np.where(waiting, -differs, np.inf), kind="stable")
        scores[ranked[n_kept:]] = -np.inf
        return scores

    def take(tree):
        waiting[tree] = False
        counts[row, votes[tree]] += 1
        new = counts.argmax(axis=1)
        changed = np.flatnonzero(new != vote)
        for sign, labels in ((1.0, new), (-1.0, vote)):
            differs[:] += sign * (weight[changed] @ (of_row[changed] != labels[changed, None]))
        vote[:] = new

    return _greedy(len(votes), score, take)


def _greedy(n_trees, score, take):
    """Order by taking, again and again, the waiting tree with the largest score; ties go to the first."""
    order, waiting = [], np.ones(n_trees, bool)
    for step in range(n_trees):
        tree = int(np.argmax(np.where(waiting, score(step), -np.inf)))
        if not waiting[tree]:
            tree = int(np.argmax(waiting))
        waiting[tree] = False
        take(tree)
        order.append(tree)
    return np.array(order)
