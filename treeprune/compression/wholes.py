"""compress for models that hold tree models: what they share, and the whole that is put together again."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.feature_selection import SelectorMixin, VarianceThreshold
from sklearn.utils import get_tags
from sklearn.utils.validation import _num_samples

from ..adapters import find_adapter
from ..composites import find_composite
from ..composites.base import Given
from ..composites.exchange import Inside, inside, learns_from_trees, refitted, size, with_tree_models
from .budget import Budget, Whole, latency_ratio, n_bytes
from .result import CompressionResult
from .search import Search
from .shares import at_one_rate, in_proportion
from .trials import Trials
from .watch import Watch

_ATTEMPTS = 8
_VERDICTS = ("worse", "within noise", "no worse")

#: Gives the trials of a tree model, its rows, and those to judge by or None.
Trying = Callable[[Any, Given, Given | None], Trials]


def compressed(
    model: Any,
    data: Given,
    held_out: Given | None,
    budget: Budget,
    trying: Trying,
    watch: Watch,
    *,
    output: str,
    retrain: bool,
    by: str,
) -> CompressionResult:
    """Compress the tree models inside a model, each by what it sees.

    Parameters
    ----------
    model : object
        A tree model, or a fitted model that holds some.
    data, held_out : Given
        Rows as the model takes them; held_out may be None.
    budget : Budget
        Of the whole.
    trying : callable
    watch : Watch
    output, retrain, by
        As `Search` takes them.

    Raises
    ------
    ValueError
        No model within the budget was found.
    """
    held = list(inside(model, *(rows for rows in (data, held_out) if rows is not None)))
    if len(held) == 1:
        (one,) = held
        whole = Whole(model, one.model, (held_out or data).X)
        budget = budget if one.model is model else replace(budget, whole=whole)
        search = Search(_trials(model, one, trying), budget, watch)
        result = search.result(search.made(budget, output), budget, watch, retrain, by)
        if result.method is None and budget.excess(one.model, one.model, whole.X) <= 1.0:
            small, said = deepcopy(model), ""
        else:
            small, said = _refitted(model, whole.holding(result.model), data, held_out, [search])
        said += _flattered_by(model) if held_out is None else ""
        return replace(result, model=small, message=result.message + said)
    return _Several(model, data, held_out, budget, held, trying, watch, output).result(retrain, by)


def _trials(model, one, trying):
    trials = trying(one.model, *_seen(one))
    trials.holds_back = learns_from_trees(model)
    return trials


def _refitted(model, small, data, held_out, searches):
    """The whole, and what the message says of it: with calibrators and thresholds of what it predicts now."""
    if not learns_from_trees(model):
        return small, ""
    trials, rows = searches[0].trials, held_out or data
    if held_out is None and len(trials.all.y) == len(data.y):
        rows = data.at(trials.judge_at)
    return refitted(small, rows), " Calibrators and tuned thresholds are fitted anew on the rows that judged."


def _seen(one: Inside) -> tuple[Given, Given | None]:
    data, *held_out = one.seen
    return data, held_out[0] if held_out else None


class _Several:
    """Several tree models inside a model, which share a budget."""

    def __init__(
        self,
        model: Any,
        data: Given,
        held_out: Given | None,
        budget: Budget,
        held: Sequence[Inside],
        trying: Trying,
        watch: Watch,
        output: str,
    ):
        self.model, self.budget, self.held, self.watch, self.output = model, budget, held, watch, output
        self.rows, self.data, self.held_out = (held_out or data).X, data, held_out
        self.sizes = [find_adapter(one.model).forest.n_nodes for one in held]
        self.searches = []
        for place, (one, share) in enumerate(zip(held, self._shares(), strict=True)):
            watch_of_it = watch.share(len(held) - place)
            self.searches.append(Search(_trials(model, one, trying), share, watch_of_it))
            watch.stopped = watch_of_it.stopped

    def result(self, retrain: bool, by: str) -> CompressionResult:
        """The whole with all of them compressed, within the budget."""
        at_rate = self._at_one_rate()
        shares, small, made = self._within(at_rate or self._shares())
        parts = tuple(
            search.result(one, share, self.watch, retrain, by)
            for search, one, share in zip(self.searches, made, shares, strict=True)
        )
        if all(part.method is None for part in parts) and self._excess(self.model) <= 1.0:
            small, said = deepcopy(self.model), ""
        else:
            small, said = _refitted(self.model, small, self.data, self.held_out, self.searches)
        verdicts = [part.verdict for part in parts]
        smallest = [part.smallest_no_worse for part in parts if part.smallest_no_worse is not None]
        return CompressionResult(
            small,
            None,
            _frontiers(parts),
            any(part.retrained_wins for part in parts),
            self._message(small, parts, at_rate is not None) + said,
            None if None in verdicts else min(verdicts, key=_VERDICTS.index),
            sum(smallest) if len(smallest) == len(parts) else None,
            parts,
        )

    def _shares(self, scale: float = 1.0) -> list[Budget]:
        """A budget for each: nodes and bytes in proportion to their own, the same limits of latency and loss."""
        budget, n = self.budget, len(self.held)
        nodes: list[int | None] = [None] * n
        sizes: list[int | None] = [None] * n
        if budget.max_nodes is not None:
            nodes = [max(int(share), 1) for share in in_proportion(self.sizes, budget.max_nodes * scale)]
        if budget.max_bytes is not None:
            own, rest = self._bytes
            if rest >= budget.max_bytes:
                raise ValueError(f"No model within the budget was found: what is no tree model takes {rest:,} bytes.")
            sizes = [max(int(share), 1) for share in in_proportion(own, (budget.max_bytes - rest) * scale)]
        ratio = None if budget.max_latency_ratio is None else budget.max_latency_ratio * scale
        return [
            replace(budget, max_nodes=most, max_bytes=size, max_latency_ratio=ratio)
            for most, size in zip(nodes, sizes, strict=True)
        ]

    @cached_property
    def _bytes(self):
        """Of each tree model, and of the rest."""
        own = [n_bytes(one.model, self.budget.bytes_of) for one in self.held]
        return own, max(n_bytes(self.model, self.budget.bytes_of) - sum(own), 0)

    def _at_one_rate(self) -> list[Budget] | None:
        """A budget of nodes where a node does as much in each; None: there is no such limit, or losses differ."""
        if self.budget.max_nodes is None or self.budget.seeks_size or not self._has_one_loss:
            return None
        frontiers = [([c.n_nodes for c in search.found], [c.loss for c in search.found]) for search in self.searches]
        nodes = at_one_rate(frontiers, self.budget.max_nodes)
        if nodes is None:
            return None
        return [replace(share, max_nodes=most) for share, most in zip(self._shares(), nodes, strict=True)]

    @property
    def _has_one_loss(self):
        """Whether losses can be added: all classify by one kind of loss, or all predict the same targets by one."""
        scorers = [search.trials.scorer for search in self.searches]
        if len({(scorer.task, type(scorer.rows.loss), scorer.is_classifier) for scorer in scorers}) > 1:
            return False
        first = self.held[0].seen[0].y
        return scorers[0].is_classifier or all(np.array_equal(one.seen[0].y, first) for one in self.held[1:])

    def _within(self, shares):
        """Budgets with which the whole keeps its own, the whole, and what was made of each."""
        scale = 1.0
        for _ in range(_ATTEMPTS):
            made = [search.made(share, self.output) for search, share in zip(self.searches, shares, strict=True)]
            small = with_tree_models(
                self.model, {id(one.model): m.model for one, m in zip(self.held, made, strict=True)}
            )
            over = self._excess(small)
            if over <= 1.0:
                return shares, small, made
            scale /= max(over, 1.02)
            shares = self._shares(scale)
        raise ValueError(f"No model within the budget was found: the last takes {over:.3g} times as much.")

    def _excess(self, small):
        """How much of the tightest limit the whole uses, as a ratio."""
        ratios = [0.0]
        if self.budget.max_nodes is not None:
            ratios.append(size(small)[1] / self.budget.max_nodes)
        if self.budget.max_bytes is not None:
            ratios.append(n_bytes(small, self.budget.bytes_of) / self.budget.max_bytes)
        if self.budget.max_latency_ratio is not None:
            ratios.append(latency_ratio(small, self.model, self.rows) / self.budget.max_latency_ratio)
        return max(ratios)

    def _message(self, small, parts, at_rate):
        before, after = size(self.model)[1], size(small)[1]
        counts = {verdict: sum(part.verdict == verdict for part in parts) for verdict in reversed(_VERDICTS)}
        untested = sum(part.verdict is None for part in parts)
        said = [f"{verdict}: {count}" for verdict, count in counts.items() if count]
        said += [f"not tested: {untested}"] if untested else []
        wins = sum(part.retrained_wins for part in parts)
        return (
            f"{len(parts)} tree models inside {type(self.model).__name__}: {after:,} of {before:,} nodes. "
            f"{self._how(at_rate)} Beside the model as it is, {', '.join(said)}."
            + (f" Training anew does better for {wins} of them." if wins else "")
            + (f" {self.watch.stopped}" if self.watch.stopped else "")
            + ("" if self.held_out is not None else _flattered_by(self.model))
        )

    def _how(self, at_rate):
        budget = self.budget
        if budget.is_open:
            return "Each is the smallest that is shown to be no worse by its own loss; the whole is not compared."
        if at_rate:
            return "Nodes are where they lower the loss most, at one rate for all."
        if budget.max_nodes is not None or budget.max_bytes is not None:
            return "They share the budget in proportion to their sizes."
        return "The limit is the same for each."


def _frontiers(parts):
    import pandas as pd

    frames = [part.frontier.assign(tree_model=place) for place, part in enumerate(parts)]
    return pd.concat(frames, ignore_index=True)


def _flattered_by(model):
    """In words, which steps of pipelines looked at the targets of the rows that judge."""
    names = sorted(set(_steps_that_look_at_targets(model)))
    if not names:
        return ""
    return (
        f" The step {', '.join(map(repr, names))} looked at the targets of all rows, those held out as well, which "
        "flatters all models: give rows of their own as X_val and y_val."
    )


def _steps_that_look_at_targets(model: Any) -> Iterator[str]:
    composite = find_composite(model)
    if composite is None:
        return
    for name, step in getattr(model, "steps", [])[:-1]:
        if not isinstance(step, str) and step is not None and _looks_at_targets(step):
            yield name
    for part in composite.parts():
        yield from _steps_that_look_at_targets(part.model)


def _looks_at_targets(step):
    held = [one for _, one, *_ in getattr(step, "transformers_", [])]  # of a ColumnTransformer
    held += [one for _, one in getattr(step, "transformer_list", []) + getattr(step, "steps", [])]
    if held:
        return any(_looks_at_targets(one) for one in held if not isinstance(one, str) and one is not None)
    if isinstance(step, SelectorMixin):  # most have no such tag
        return not isinstance(step, VarianceThreshold)
    try:
        return get_tags(step).target_tags.required
    except (AttributeError, TypeError, ValueError):  # of a step of one's own that has no tags
        return False


def check_groups(groups: Any, data: Given, seen: Given) -> None:
    """Raise ValueError where a model inside sees other rows than the groups are of."""
    if groups is not None and _num_samples(seen.X) != _num_samples(data.X):
        raise ValueError("The 'groups' parameter must be None where a model inside sees some of the rows only.")
