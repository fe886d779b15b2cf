"""Trees that are each pruned by what they say themselves: for models whose leaves cannot be set together."""

from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from ..adapters import find_adapter
from ..adapters.base import Adapter
from ..core.forest import Forest
from ..core.plan import Plan
from ..core.rows import Rows
from ..methods import PruningMethod
from .scoring import Judged
from .trial import Trial

#: Shares of the trees, and of their splits, that stay.
_TREES = (1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05)
_SPLITS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02)


class Imitation(PruningMethod):
    """Keep the first trees, each pruned along its weakest links by how far leaves then are from what it said.

    The risk of a node is the sum, over the rows that reach it, of the squared distance between its own value and that
    of the leaf at which the row ended. No target is needed. Splits that change nothing go first. Where trees vote, a
    value is the vote; path lengths are values like others.

    Parameters
    ----------
    splits : float
        Share of the splits that stay.
    trees : float
        Share of the trees that stay; of boosted trees, of their stages.
    votes : bool
        Whether classes vote.
    """

    alias = "imitation"
    needs_rows = True
    for_ensembles = True

    def __init__(self, splits=1.0, trees=1.0, votes=False):
        self.splits = splits
        self.trees = trees
        self.votes = votes

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """Splits that go, and trees."""
        if rows is None:
            raise ValueError("Imitation compares leaves on rows: give X.")
        return self.plan_of(forest, strengths(forest, rows, self.votes))

    def plan_of(self, forest: Forest, strength: np.ndarray) -> Plan:
        """`plan`, with strengths of nodes that were worked out before."""
        stages = max(int(np.ceil(self.trees * forest.n_trees / forest.per_stage - 1e-9)), 1)
        drop = np.arange(forest.n_trees) >= stages * forest.per_stage
        split = ~forest.is_leaf & ~drop[forest.node_tree]
        alpha = np.quantile(strength[split], 1.0 - self.splits, method="lower") if split.any() else 0.0
        collapse = split & (strength <= alpha) & (self.splits < 1.0)
        return Plan(collapse=collapse if collapse.any() else None, drop_tree=drop if drop.any() else None)


def strengths(forest: Forest, rows: Rows, votes: bool) -> np.ndarray:
    """At which price of a leaf each split goes, shape (n_nodes,); see `search.weakest_link`."""
    from ..core.kernels import accumulate
    from ..search.weakest_link import strengths as weakest

    said = forest.value[:, 0] if votes else forest.value.reshape(forest.n_nodes, -1)
    if votes:
        said = (said.argmax(axis=1)[:, None] == np.arange(said.shape[1])).astype(np.float64)
    n_rows = np.zeros(forest.n_nodes)
    for tree in range(forest.n_trees):
        n_rows += np.bincount(rows.leaf_ids(tree), minlength=forest.n_nodes)

    def below(of_leaf):
        total = np.ascontiguousarray(of_leaf)
        accumulate(forest.parent, total, np.zeros_like(total))
        return total

    sums = np.stack([below(n_rows * column) for column in said.T], axis=1)
    risk = below(n_rows * (said**2).sum(axis=1)) - 2.0 * (said * sums).sum(axis=1)
    risk += below(n_rows) * (said**2).sum(axis=1)
    weight = forest.tree_weight[forest.node_tree] ** 2
    return weakest(forest, np.maximum(risk, 0.0) * weight, float(len(rows.target)))


def imitations(adapter: Adapter, rows: Rows, judge: Callable[[Any], Judged]) -> Generator[Trial, None, None]:
    """Prunings by falling shares of the trees, and of their splits, each judged as a model.

    Parameters
    ----------
    adapter : Adapter
    rows : Rows
        To prune by.
    judge : callable
        ``judge(model)``
    """
    forest, votes = adapter.forest, adapter.votes and adapter.forest.task == "classification"
    strength = strengths(forest, rows, votes)
    shares = _TREES if "drop_tree" in adapter.operations else _TREES[:1]
    for n_trees in dict.fromkeys(int(np.ceil(share * forest.n_trees - 1e-9)) for share in shares):
        trees = n_trees / forest.n_trees
        for splits in _SPLITS:
            if splits == trees == 1.0:
                continue
            method = Imitation(splits, trees, votes)
            small = adapter.prune(method.plan_of(forest, strength))
            judged, pruned = judge(small), find_adapter(small).forest
            text = f"trees={trees:.2g}, splits={splits:.2g}"
            yield Trial("Imitation", text, pruned.n_nodes, pruned.n_trees, *judged, method=method)
