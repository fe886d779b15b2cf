"""What the cells of the table of faults are judged by: right values that treeprune has no part in."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.fault_models import RowLoss, derivatives_of
from tests.naive_methods import reduced_error_of_boosting, reduced_error_of_trees
from tests.walk import walk_of
from treeprune import MissingStatisticError, compress, prune
from treeprune.adapters import find_adapter
from treeprune.methods import (
    CostComplexity,
    DepthPruning,
    JointPruning,
    LeafRefit,
    MaxDepth,
    ReducedError,
    SelectedNodes,
)

ALPHA = 1e-3
METHODS = {
    "reduced error": ReducedError(),
    "joint": JointPruning(alpha=ALPHA, shrink_to="values", reg=1.0),
    "depth": DepthPruning(alpha=ALPHA, shrink_to="values", reg=1.0),
    "leaf refit": LeafRefit(),
}
#: All that judge by rows.
BY_ROWS = (*METHODS, "compress")

#: A check has the name of what it tries, and raises `Wrong` if that is not right.
Checks = Iterator[tuple[str, Callable[[], None]]]


class Wrong(AssertionError):
    """A result is not the right value."""


class RefusedByLibrary(Exception):
    """The model's own library refuses the rows."""


def close(found: Any, right: Any, tolerance: float = 1e-4) -> None:
    """Whether predictions are the right ones, up to a share of their spread."""
    found, right = (np.concatenate([np.ravel(part) for part in _listed(array)]) for array in (found, right))
    if right.dtype.kind in "OUSb":
        if (found != right).any():
            raise Wrong(f"{np.mean(found != right):.0%} of predictions differ")
        return
    off = np.abs(found - right).max()
    if not off <= tolerance * max(1.0, np.ptp(right)):
        raise Wrong(f"predictions are off by up to {off:.3g}")


def _listed(array):
    return array if isinstance(array, list) else [array]


def output(model: Any, X: Any, **options) -> Any:
    """What a model says of rows: probabilities where it has them, else predictions."""
    return (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(X, **options)


def taken_by(model: Any, X: Any) -> None:
    """Let the model's own library refuse the rows first."""
    try:
        output(model, X)
    except Exception as refusal:
        raise RefusedByLibrary(str(refusal).split("\n")[0]) from refusal


def pruned(name: str, model: Any, X: Any, y: Any, **options) -> Any:
    """The model pruned by a method of that name; options that it does not know yet are left out."""
    known = inspect.signature(compress if name == "compress" else prune).parameters
    options = {key: value for key, value in options.items() if key in known}
    if name == "compress":
        half = max(find_adapter(model).forest.n_nodes // 2, find_adapter(model).forest.per_stage)
        return compress(model, X, y, max_nodes=half, retrain=False, **options).model
    return prune(model, METHODS[name], X, y, **options)


def as_pruned_otherwise(one: tuple, other: tuple, X: Any, names: tuple[str, ...] = BY_ROWS) -> Checks:
    """Two models with rows and options that the library takes for the same: results must be the same.

    Each is ``(model, X, y, options)``; `X` is what the first's results predict, and the second's with its own rows.
    """

    def check(name):
        right = pruned(name, *other[:3], **other[3])
        close(output(pruned(name, *one[:3], **one[3]), X), output(right, other[1]))

    taken_by(one[0], one[1])
    close(output(one[0], X), output(other[0], other[1]))  # the library does take them for the same
    for name in names:
        yield name, lambda name=name: check(name)


def as_its_dump_says(model: Any, X: Any) -> Checks:
    """Pruned without rows: predictions are those of a walk of the pruned model's own dump."""

    def check(method):
        taken_by(model, X)
        small = _without_rows(model, method)
        walk = walk_of(small)
        close(walk.said(X), walk.output(walk.values(X, walk.leaves(X)), X))

    yield "max depth", lambda: check(MaxDepth(2))
    if hasattr(model, "predict") and not hasattr(model, "score_samples"):
        yield "cost-complexity", lambda: check(CostComplexity(alpha=_some_alpha(model)))


def _without_rows(model, method, *rows):
    try:
        return prune(model, method)
    except MissingStatisticError:
        if not rows:
            raise
        return prune(model, method, *rows)


def _some_alpha(model):
    from treeprune import pruning_path

    alphas = pruning_path(model).alphas
    return float(alphas[len(alphas) // 2])


def as_a_naive_twin(model: Any, X: Any, y: Any, loss: RowLoss | None = None, weight: Any = None) -> Checks:
    """Reduced error against a recursion over the dump; of boosted trees with derivatives of `loss` by differences.

    Half of the targets change places first, so that there is something to prune.
    """
    y = np.array(y)
    y[::2] = y[::2][::-1]

    def check():
        taken_by(model, X)
        walk = walk_of(model)
        if loss is not None:
            target = np.reshape(y, (len(y), -1))
            right = reduced_error_of_boosting(walk, X, target, derivatives_of(loss), weight)
        else:
            code, of_classes = _codes(model, y)
            right = reduced_error_of_trees(walk, X, code, of_classes, weight)
        small = prune(model, "reduced_error", X, y, sample_weight=weight)
        close(walk_of(small).said(X), right)

    yield "reduced error", check


def _codes(model, y):
    y = np.reshape(y, (len(y), -1))
    if not hasattr(model, "classes_"):
        return y, False
    known = model.classes_ if isinstance(model.classes_, list) else [model.classes_]
    return np.stack([np.searchsorted(k, column) for k, column in zip(known, y.T, strict=True)], axis=1), True


def as_grown_smaller(fit: Callable[[int], Any], X: Any, y: Any) -> Checks:
    """A model of one round, cut at depth 2, predicts what the library makes of the same rows with ``max_depth=2``."""

    def check():
        small = _without_rows(fit(4), MaxDepth(2), X, y)
        close(walk_of(small).said(X), walk_of(fit(2)).said(X))

    yield "max depth", check


def as_grown_smaller_last(go_on: Callable[[int], Any], X: Any) -> Checks:
    """A model whose last round is cut at depth 2 predicts what the library makes of it if that round has that depth."""

    def check():
        model = go_on(4)
        tree = walk_of(model).trees[-1]
        at, nodes = [tree.root], []
        for _ in range(2):
            at = [son for node in at for son in tree.children.get(node, ())]
        nodes = [(len(walk_of(model).trees) - 1, node) for node in at if node in tree.children]
        close(walk_of(prune(model, SelectedNodes(nodes))).said(X), walk_of(go_on(2)).said(X))

    yield "selected nodes", check


def own_loss_keeps_its_bound(
    model: Any, X: Any, y: Any, mean_loss: Callable[[Any], float], names: tuple[str, ...] = BY_ROWS, **options
) -> Checks:
    """The model's own loss, by the library's predictions, rises by no more than the price of the nodes that went.

    That is what descent on loss plus ``alpha`` per node promises if leaves are shrunk towards what they were. What
    `compress` makes, which goes by rows held out, keeps a third of what the model wins over a constant.
    """

    def check(name):
        small = pruned(name, model, X, y, **options)
        forest, left = find_adapter(model).forest, find_adapter(small).forest
        before, after = mean_loss(model), mean_loss(small)
        if name == "compress":
            limit = (before + 2 * mean_loss(None)) / 3
        else:
            price = 0.0 if name == "leaf refit" else ALPHA
            limit = before + price * (forest.n_nodes - left.n_nodes + forest.n_trees)
        if not after <= limit + 1e-5 * abs(before):
            raise Wrong(f"the loss goes from {before:.4g} to {after:.4g}, {limit:.4g} is allowed")

    taken_by(model, X)
    for name in names:
        if name != "reduced error":
            yield name, lambda name=name: check(name)


def raw_loss(loss: RowLoss, model: Any, X: Any, y: Any, weight: Any = None) -> Callable[[Any], float]:
    """The mean of a loss at a boosted model's own raw scores; of None, at the best of many constants.

    `model` is one of those to be judged.
    """
    columns = walk_of(model).said(X[:1]).shape[1]

    def mean(margin):
        return float(np.average(loss(y, margin), weights=weight))

    def mean_loss(model):
        if model is not None:
            return mean(walk_of(model).said(X))
        return min(mean(np.full((len(y), columns), constant)) for constant in np.linspace(-3, 3, 61))

    return mean_loss


def brier_or_squared(X: Any, y: Any, weight: Any = None) -> Callable[[Any], float]:
    """Half the squared error or half the Brier score, the loss of trees that average; of None, that of the mean."""

    def mean_loss(model):
        target = np.reshape(y, (len(y), -1)).astype(float)
        of_classes = np.asarray(y).dtype.kind in "iu"
        if of_classes:
            target = (np.reshape(y, (-1, 1)) == np.unique(y)).astype(float)
            if target.shape[1] == 2:
                target = target[:, 1:]
        if model is None:
            said = np.average(target, axis=0, weights=weight)
        else:
            said = output(model, X)
            said = np.reshape(said, (len(y), -1))
            said = said[:, 1:] if of_classes and said.shape[1] == 2 else said
        return float(np.average(((target - said) ** 2).sum(axis=1) / 2, weights=weight))

    return mean_loss


def monotone(model: Any, X: Any, y: Any, signs: list[int], names: tuple[str, ...] = BY_ROWS) -> Checks:
    """On dense grids through many rows, no step goes against a constraint."""
    grid = np.linspace(X.min() - 0.1, X.max() + 0.1, 150)

    def check(name):
        small = pruned(name, model, X, y)
        for column, sign in enumerate(signs):
            lines = np.repeat(X[:60], len(grid), axis=0)
            lines[:, column] = np.tile(grid, 60)
            said = output(small, lines)
            said = said[:, 1] if said.ndim == 2 else said
            worst = (-sign * np.diff(said.reshape(60, -1), axis=1)).max()
            if worst > 1e-6:
                raise Wrong(f"a step of {worst:.3g} against the constraint of column {column}")

    for name in names:
        yield name, lambda name=name: check(name)
