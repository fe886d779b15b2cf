"""Which trial compress chooses, and the model that is made of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import clone

from ..adapters import find_adapter
from ..methods import PruningMethod
from .budget import Budget
from .evidence import Evidence
from .trial import Trial, has_alpha
from .trials import Trials

_ATTEMPTS = 20
#: A model that takes more than this many times the budget is given up for a smaller trial; else it is pruned further.
_FAR = 1.3
#: Share of the loss by which the model made in the end may do worse than its trial.
_WORSE = 0.1


def carried_out(
    trials: Trials,
    found: Sequence[Trial],
    budget: Budget,
    limit: float,
    output: str,
    evidence: Evidence | None = None,
    only: Trial | None = None,
) -> tuple[Trial, Any, PruningMethod | None]:
    """The best trial whose model is within the budget, the model and its method.

    The model is pruned by more rows than the trial was, and more rows can support more nodes. So it may have more nodes
    than the trial in the same proportion, up to `limit`. Bytes and latency are known only when the model is made. If
    they exceed the budget, the method is made to prune a little more, or a smaller trial is chosen. Without a budget, a
    node has to win as much as in the trial over all rows together, and so less for each; then the trial is `only`, if
    it is given.
    """
    allowed = allowed_by_loss(trials, found, budget, evidence) if only is None else [only]
    chosen = _choose(found, allowed, trials, budget, limit)
    growth = trials.growth(output)
    tried = _sized(chosen, min(limit, growth * chosen.n_nodes)) if np.isfinite(limit) else chosen
    if budget.is_open and has_alpha(chosen.method):
        method = clone(chosen.method)
        tried = replace(chosen, method=method.set_params(alpha=method.alpha / growth))
    for _ in range(_ATTEMPTS):
        small, method = trials.carry_out(tried, output)
        over = budget.excess(small, trials.model, trials.judge[0])
        if over <= 1.0:
            return chosen, *_as_promised(trials, chosen, budget, small, method, output)
        n_nodes = find_adapter(small).forest.n_nodes
        if over > _FAR or not has_alpha(method):
            limit = min(n_nodes / over, tried.n_nodes - 1)
            chosen = tried = _choose(found, allowed, trials, budget, limit)
        else:
            tried = _sized(replace(tried, method=method), tried.n_nodes / max(over, 1.02))
    raise ValueError(
        f"No model within the budget was found: the last of {n_nodes} nodes takes {over:.3g} times as much."
    )


def best_so_far(found: Sequence[Trial], budget: Budget, limit: float) -> Trial | None:
    """The best of some trials by their mean losses, the first of which is the model as it is; None: none fits."""
    within = [c for c in found if c.n_nodes <= limit]
    if not budget.seeks_size:
        return min(within, key=lambda c: c.loss, default=None)
    good = [c for c in within if c.loss <= largest_loss(found[0], budget)]
    return min(good, key=lambda c: (c.n_nodes, c.loss), default=None)


def allowed_by_loss(
    trials: Trials, found: Sequence[Trial], budget: Budget, evidence: Evidence | None = None
) -> list[Trial]:
    """Those of some trials whose loss may be: all without a limit of it; shown to be no worse, without any limit."""
    if budget.max_loss is None and not budget.is_open:
        return list(found)
    if budget.is_open:
        evidence = evidence or Evidence(trials, found)
        if evidence.comparison is not None:
            return [*evidence.no_worse, trials.unpruned]
    return [c for c in found if c.loss <= largest_loss(trials.unpruned, budget)]


def better_rival(trials: Trials, rivals: Sequence[Trial], chosen: Trial, budget: Budget) -> Trial | None:
    """The model trained anew that does better than the one chosen, if any."""
    within = [c for c in rivals if c.n_nodes <= largest_winner(chosen, budget)]
    if budget.seeks_size:
        smaller = [c for c in allowed_by_loss(trials, within, budget) if c.n_nodes < chosen.n_nodes]
        return min(smaller, key=lambda c: c.n_nodes, default=None)
    return min((c for c in within if c.loss < chosen.loss), key=lambda c: c.loss, default=None)


def largest_winner(chosen: Trial, budget: Budget) -> float:
    """How many nodes a model trained anew may have that does better.

    In the place of a model that nothing made smaller, only one of half the size at most is worth training.
    """
    if budget.seeks_size:
        return chosen.n_nodes if chosen.method is not None else chosen.n_nodes / 2
    return max(chosen.n_nodes, budget.max_nodes or 0)


def largest_loss(unpruned: Trial, budget: Budget) -> float:
    """What `max_loss` allows, a share of a loss, or of a score whose negative stands in for it."""
    return unpruned.loss + (budget.max_loss or 0.0) * abs(unpruned.loss)


def _choose(found, allowed, trials, budget, limit):
    """The trial with the least loss within the size; where the smallest is sought, that of those allowed."""
    within = [c for c in found if c.n_nodes <= limit]
    if not within:
        smallest = min(found, key=lambda c: c.n_nodes)
        raise ValueError(
            f"No model within the budget was found: about {max(limit, 0):.0f} nodes are allowed, the smallest tried "
            f"has {smallest.n_nodes} ({smallest.name}, {smallest.parameters})."
        )
    if not budget.seeks_size:
        return min(within, key=lambda c: c.loss)
    good = [c for c in allowed if c.n_nodes <= limit]
    if not good:
        best, most = min(within, key=lambda c: c.loss), largest_loss(trials.unpruned, budget)
        raise ValueError(
            f"No model within the size has a loss of at most {most:.4g}, which max_loss allows: the best, of "
            f"{best.n_nodes} nodes, has {best.loss:.4g}, the unpruned one {trials.unpruned.loss:.4g}."
        )
    return min(good, key=lambda c: (c.n_nodes, c.loss))


def _as_promised(trials, chosen, budget, small, method, output):
    """The model and its method; or those of the trial itself, where more rows have led to a model that is much worse.

    It happens where a path jumps, as under losses that are proportional to the distance. The rows that judge have since
    set the leaves with the others, so that the model should do no worse on them than the trial did.
    """

    def loss(model):
        return trials.scorer.judge_model(model, trials.judge[0]).loss

    if loss(small) <= chosen.loss + _WORSE * abs(chosen.loss):
        return small, method
    of_trial, its_method = trials.carry_out(_sized(chosen, chosen.n_nodes), output, of_trial=True)
    if budget.excess(of_trial, trials.model, trials.judge[0]) <= 1.0 and loss(of_trial) < loss(small):
        return of_trial, its_method
    return small, method


def _sized(trial, n_nodes):
    """The trial at another size."""
    if not has_alpha(trial.method):
        return trial
    most = max(int(n_nodes), 1)
    return replace(trial, method=clone(trial.method).set_params(alpha=None, max_nodes=most), n_nodes=most)
