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
from ..composites.exchange import Inside, inside, learns_from_trees, passes_on, refitted, size, with_tree_models
from .budget import Budget, Whole, latency_ratio, n_bytes
from .result import CompressionResult
from .search import Search
from .shares import at_one_rate, in_proportion
from .trials import Cut, Trials
from .watch import Watch
from .whole_look import SplitRows, Splitting, WholeLook, seen_whole, seen_within

_ATTEMPTS = 8
_VERDICTS = ("worse", "within noise", "no worse")

#: Gives the trials of a tree model, its rows, and those to judge by: given, cut from its rows, or to be split off.
Trying = Callable[..., Trials]


def compressed(
    model: Any,
    data: Given,
    held_out: Given | None,
    budget: Budget,
    trying: Trying,
    rule: Splitting,
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
    rule : Splitting
        Of the rows, where there are none to judge by.
    watch : Watch
    output, retrain, by
        As `Search` takes them.

    Raises
    ------
    ValueError
        No model within the budget was found.
    """
    held = list(inside(model, *(rows for rows in (data, held_out) if rows is not None)))
    if passes_on(model):
        (one,) = held
        whole = Whole(model, one.model, (held_out or data).X)
        budget = budget if one.model is model else replace(budget, whole=whole)
        check_groups(rule.groups, data, one.seen[0])
        search = Search(trying(one.model, *one.seen, groups=rule.groups), budget, watch)
        result = search.result(search.made(budget, output), budget, watch, retrain, by)
        said = _flattered_by(model) if held_out is None else ""
        small = deepcopy(model) if result.method is None else whole.holding(result.model)
        return replace(result, model=small, message=result.message + said)
    return _Holding(model, data, held_out, budget, held, trying, rule, watch, output).result(retrain, by)


class _Holding:
    """A model that says something else than one tree model inside it does: it is compared as a whole."""

    def __init__(
        self,
        model: Any,
        data: Given,
        held_out: Given | None,
        budget: Budget,
        held: Sequence[Inside],
        trying: Trying,
        rule: Splitting,
        watch: Watch,
        output: str,
    ):
        self.model, self.budget, self.held, self.watch, self.output = model, budget, held, watch, output
        self.X, self.held_out, self.learns = (held_out or data).X, held_out, learns_from_trees(model)
        self.sizes = [find_adapter(one.model).forest.n_nodes for one in held]
        for one in held:
            check_groups(rule.groups, data, one.seen[0])
        self.rows = rows = SplitRows(model, data, held_out, rule, held[0].seen[0])
        cuts = [None] * len(held) if held_out is not None else [_cut(one, rows) for one in inside(model, *rows.cut)]
        self.searches: list[Search] = []
        for place, (one, cut, share) in enumerate(zip(held, cuts, self._shares(), strict=True)):
            watch_of_it = watch.share(len(held) - place + 1)  # the whole takes its time, too
            trials = trying(one.model, *one.seen, cut=cut)
            trials.holds_back = self.learns
            self.searches.append(Search(trials, share, watch_of_it))
            watch.stopped = watch_of_it.stopped
        self.look = WholeLook(model, self.searches, rows, trying, output, self._has_one_loss)

    def result(self, retrain: bool, by: str) -> CompressionResult:
        """The whole with its tree models compressed: within the budget, or shown to be no worse."""
        seen = seen_whole(self.look, self.searches, self.watch) if self.budget.is_open else None
        seen = None if self.look.why_not else seen  # then each is what it is by itself
        at_rate = self._at_one_rate()
        if seen is not None:
            shares, made = self._shares(), self._made(self._shares(), seen.chosen)
            small = self._holding(made)
        else:
            shares, small, made = self._within(at_rate or self._shares())
        small, anew = self._finished(small, made)
        if seen is None:
            seen = seen_within(self.look, self.searches, [one.chosen for one in made], self.watch)
        parts = tuple(
            search.result(one, share, self.watch, retrain, by)
            for search, one, share in zip(self.searches, made, shares, strict=True)
        )
        said = f"{seen.words(self.budget.is_open, self.look)}{anew}"
        said += _flattered_by(self.model) if self.held_out is None else ""
        if len(parts) == 1:
            (part,) = parts
            message = f"Of the tree model inside {type(self.model).__name__}: {part.message} {said}"
            return replace(
                part, model=small, message=message, verdict=seen.verdict, smallest_no_worse=seen.smallest_no_worse
            )
        return CompressionResult(
            small,
            None,
            _frontiers(parts),
            any(part.retrained_wins for part in parts),
            f"{self._message(small, parts, at_rate is not None)} {said}",
            seen.verdict,
            seen.smallest_no_worse,
            parts,
        )

    def _finished(self, small, made):
        """The whole as it is if nothing was pruned; else with calibrators of what it predicts now, and in words so."""
        if all(one.method is None for one in made) and self._excess(self.model) <= 1.0:
            return deepcopy(self.model), ""
        if not self.learns:
            return small, ""
        said = " Calibrators and tuned thresholds are fitted anew on the rows that judged."
        return refitted(small, self.rows.judge), said

    def _made(self, shares, chosen=None):
        """What is made of each tree model within its share, or of the trial that is chosen for it."""
        only = [None] * len(self.searches) if chosen is None else chosen
        return [
            search.made(share, self.output, one) for search, share, one in zip(self.searches, shares, only, strict=True)
        ]

    def _holding(self, made):
        return with_tree_models(self.model, {id(one.model): m.model for one, m in zip(self.held, made, strict=True)})

    def _shares(self, scale: float = 1.0) -> list[Budget]:
        """A budget for each: nodes and bytes in proportion to their own, the same limits of latency and loss."""
        budget, n = self.budget, len(self.held)
        if n == 1:
            return [replace(budget, whole=Whole(self.model, self.held[0].model, self.X))]
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
            made = self._made(shares)
            small = self._holding(made)
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
            ratios.append(latency_ratio(small, self.model, self.X) / self.budget.max_latency_ratio)
        return max(ratios)

    def _message(self, small, parts, at_rate):
        before, after = size(self.model)[1], size(small)[1]
        nodes = f"{len(parts)} tree models inside {type(self.model).__name__}: {after:,} of {before:,} nodes."
        wins = sum(part.retrained_wins for part in parts)
        last = f" Training anew does better for {wins} of them." if wins else ""
        last += f" {self.watch.stopped}" if self.watch.stopped else ""
        if self.budget.is_open and all(part.method is None for part in parts):
            return f"{nodes}{last}"
        counts = {verdict: sum(part.verdict == verdict for part in parts) for verdict in reversed(_VERDICTS)}
        untested = sum(part.verdict is None for part in parts)
        said = [f"{verdict}: {count}" for verdict, count in counts.items() if count]
        said += [f"not tested: {untested}"] if untested else []
        return f"{nodes} {self._how(at_rate)} Each by its own loss beside itself as it is, {', '.join(said)}.{last}"

    def _how(self, at_rate):
        budget = self.budget
        if budget.is_open and self.look.why_not:
            return "Each is the smallest that is shown to be no worse by its own loss."
        if budget.is_open:
            return "They are pruned as far as the whole was shown to be no worse."
        if at_rate:
            return "Nodes are where they lower the loss most, at one rate for all."
        if budget.max_nodes is not None or budget.max_bytes is not None:
            return "They share the budget in proportion to their sizes."
        return "The limit is the same for each."


def _cut(one, rows):
    """What a tree model sees of rows that are cut already."""
    use, judge = one.seen
    return Cut(use, judge, rows.judge_groups)


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
