"""Ladders: prunings of a model towards what the model itself says, from large to small. No labels are needed.

Which methods there are depends on the family: each is tried, and those that cannot prune the model are left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..adapters import find_adapter
from ..composites.base import Given
from ..composites.exchange import exchanged, forests, inside, tree_models, with_tree_models
from ..exceptions import MissingStatisticError, UnsupportedModelError
from ..methods import CostComplexity, JointPruning, MaxDepth, MergeEqualLeaves, MinSamples, PathMethod, PruningMethod
from ..pruning import prune, pruning_path
from .own_scores import has_scores, prunings_by_scores

#: Steps of a path that are tried, in a geometric series of sizes.
STEPS = {"quick": 8, "balanced": 16, "thorough": 32}
#: Shares of the nodes where several tree models share one method, and so there is no single path.
_SHARES = (0.9, 0.7, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05)
#: Of isolation trees, fewest rows at a node that stays; with 3, no score changes, for c(2) = 1 + c(1).
_SPLITS = (3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
_JOINT = tuple(JointPruning(reg=reg, shrink_to="values") for reg in (1.0, 30.0, 300.0))
#: By the squared error of raw scores, penalties of leaves.
_REGS_OF_SCORES = {"quick": (30.0,), "balanced": (30.0, 1000.0), "thorough": (1.0, 30.0, 1000.0)}
_METHODS: dict[str, tuple[PruningMethod, ...]] = {
    "quick": (MergeEqualLeaves(), _JOINT[1], MinSamples(), CostComplexity()),
    "balanced": (MergeEqualLeaves(), _JOINT[0], _JOINT[1], MinSamples(), CostComplexity()),
    "thorough": (MergeEqualLeaves(), *_JOINT, MinSamples(), CostComplexity(), MaxDepth()),
}


@dataclass(frozen=True, eq=False)
class Rung:
    """A pruning: the name of its method, its setting as text, the method, and the function that makes the model."""

    name: str
    parameters: str
    method: PruningMethod
    make: Callable[[], Any]


def rungs(model: Any, X: Any, y: NDArray | None, effort: str) -> Iterator[tuple[Rung, Any]]:
    """Prunings of a model by all methods that can, each from large to small, and the models.

    Parameters
    ----------
    model : object
        A fitted tree model, or one that holds some.
    X : array-like of shape (n_rows, n_features)
        Rows to prune by.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs) or None
        What the model itself says of them; None: there are no targets.
    effort : {"quick", "balanced", "thorough"}

    Raises
    ------
    UnsupportedModelError, MissingStatisticError
        No method can prune the model: what the last one says.
    """
    tasks = {forest.task for forest in forests(model)}
    if tasks == {"path_length"}:
        yield from _isolating(model, X)
        return
    several = len(list(tree_models(model))) > 1
    refused, found = None, False
    if not several:
        for rung in _by_scores(model, X, y, effort):
            yield rung, rung.make()
            found = True
    for method in _METHODS[effort]:
        if not all(map(method.takes, tasks)):
            continue
        try:
            for rung in (_by_share if several else _along)(method, model, X, y, STEPS[effort]):
                yield rung, rung.make()
                found = True
        except (UnsupportedModelError, MissingStatisticError) as error:
            refused = error
    if refused is not None and not found:
        raise refused


def _by_scores(model, X, y, effort):
    """Joint prunings towards the raw scores of the tree model."""
    (one,) = inside(model, Given(X, y))
    if not has_scores(find_adapter(one.model)):
        return
    for reg in _REGS_OF_SCORES[effort]:
        found = list(prunings_by_scores(one.model, one.seen[0].X, reg))
        for step in _steps(np.array([pruning.n_leaves for _, pruning, *_ in found] or [1]), STEPS[effort]):
            if step < len(found):
                method, pruning, adapter, plan = found[step]
                said = f"reg={reg:g}, shrink_to=values, n_leaves={pruning.n_leaves}, target=scores"
                yield Rung("JointPruning", said, method, partial(_holding, model, one.model, adapter, plan))


def _holding(model, one, adapter, plan):
    return with_tree_models(model, {id(one): adapter.prune(plan)})


def _isolating(model, X):
    """Nodes of few of the rows that grew the trees become leaves, which add the path length to expect below them.

    The numbers of rows are those that the trees store. Rows X only set the threshold anew where it is a percentile.
    """
    largest = max(int(forest.n_node_samples.max()) for forest in forests(model))
    for split in _SPLITS:
        if split <= largest:
            method = MinSamples(split=split)
            rung = Rung("MinSamples", f"split={split}", method, partial(_by_stored_numbers, model, method, X))
            yield rung, rung.make()
    yield from ((rung, rung.make()) for rung in _along(MaxDepth(), model, X, None, len(_SPLITS)))


def _by_stored_numbers(model, method, X):
    def pruned(tree_model, seen):
        adapter = find_adapter(tree_model).completed(seen.X, None)
        return adapter.prune(method.plan(adapter.forest))

    return exchanged(model, pruned, Given(X, None))


def _along(method, model, X, y, n_steps):
    """Steps of a method's path, or the method as it is where it has none."""
    text = [f"{name}={getattr(method, name)}" for name in ("reg", "shrink_to") if hasattr(method, name)]
    name = type(method).__name__
    if not isinstance(method, PathMethod):
        yield Rung(name, "", method, partial(prune, model, method, X, y))
        return
    path = pruning_path(model, method, X, y)
    for step in _steps(path.n_leaves, n_steps):
        said = ", ".join([*text, f"n_leaves={path.n_leaves[step]}"])
        yield Rung(name, said, method, partial(path.prune, step=step))


def _by_share(method, model, X, y, n_steps):
    """Shares of the nodes of each tree model inside, by joint pruning; other methods only where they have no path."""
    if not isinstance(method, PathMethod):
        yield from _along(method, model, X, y, n_steps)
    elif isinstance(method, JointPruning):
        for share in _SHARES:
            of_share = clone(method).set_params(fraction=share)
            said = f"reg={method.reg}, shrink_to={method.shrink_to}, fraction={share}"
            yield Rung("JointPruning", said, of_share, partial(prune, model, of_share, X, y))


def _steps(n_leaves, n_steps):
    """Steps of a path whose sizes fall about evenly on a logarithmic scale, down to a hundredth."""
    wanted = n_leaves[0] * np.geomspace(1.0, 0.01, n_steps)
    at = [int(np.argmax(n_leaves <= most)) for most in wanted if (n_leaves <= most).any()]
    return list(dict.fromkeys(at))
