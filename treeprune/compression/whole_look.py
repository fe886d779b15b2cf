"""Whole models that hold tree models, compared on rows that chose nothing.

Parts that are each no worse need not make a whole that is: calibrators are fitted on few rows, one tree model makes up
for another, a vote turns. So the whole is compared with the one that was given. The rows that judged its parts are
spent. The others are cut into parts; for each, the whole is fitted anew on all rows but the part, its tree models are
pruned by the same methods at the same strengths, its calibrators and thresholds are fitted as those of the result are,
and both are judged on the part.

Choices of a pruning for each tree model are tested in one fixed order, from those that did best where the judging rows
were to smaller ones, until one fails. Such an order needs no correction for the number of tests (`second_look`).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier
from sklearn.utils.validation import _num_samples

from ..composites.base import Given
from ..composites.exchange import inside, learns_from_trees, refitted, tree_models, with_tree_models
from ..composites.fitting import fitted_anew
from .no_worse import FEWEST_UNITS, LEVEL, Comparison, compared
from .repeats import dealt, split, units_of
from .scoring import can_stratify
from .search import Search, as_asked
from .second_look import MOST_UNITS
from .trial import Trial
from .trials import Cut
from .watch import Watch
from .whole_losses import WholeLosses

#: How much of what the best pruning of a tree model wins a smaller one has to keep, one after the other.
KEPT = (1.0, 0.75, 0.5, 0.25, 0.0)
_PARTS = 3


class Splitting(NamedTuple):
    """How rows are split: the share that judges, the seed, and the groups of rows or None."""

    validation: float
    random_state: int | None
    groups: ArrayLike | None


class SplitRows:
    """Rows as the whole takes them: those that judge its tree models, and those that chose nothing.

    Parameters
    ----------
    model : object
        The whole.
    data, held_out : Given
        Its rows, and those to judge by; None: a share of its rows.
    rule : Splitting
    first_seen : Given
        What the first tree model inside sees of the rows.
    """

    def __init__(self, model: Any, data: Given, held_out: Given | None, rule: Splitting, first_seen: Given):
        self.data, self.are_given, self.random_state = data, held_out is not None, rule.random_state
        units, self._labels = _units(data, rule.groups, first_seen), _labels(model, data.y)
        self.judge_groups = None
        if held_out is not None:
            self.use_at, self.judge = np.arange(len(units)), held_out
        else:
            self.use_at, judge_at = split(units, self._labels, rule.validation, rule.random_state)
            self.judge = data.at(judge_at)
            self.judge_groups = None if rule.groups is None else units[judge_at]
        self.use, self.units = data.at(self.use_at), units[self.use_at]

    @property
    def cut(self) -> tuple[Given, Given]:
        """Rows that chose nothing, and those that judge."""
        return self.use, self.judge

    def parts(self, n_parts: int) -> list[NDArray[np.intp]]:
        """Places, among those that chose nothing, of the rows of each of `_PARTS` parts, the first so many of them."""
        labels = None if self._labels is None else self._labels[self.use_at]
        part_of = dealt(self.units, labels, _PARTS, self.random_state)
        return [np.flatnonzero(part_of == part) for part in range(n_parts)]


def _units(data, groups, first_seen):
    try:
        return units_of(data.X, groups)
    except TypeError:  # rows that have no hash, such as dictionaries
        n_rows = _num_samples(data.X)
        return units_of(first_seen.X) if _num_samples(first_seen.X) == n_rows else np.arange(n_rows)


def _labels(model, y):
    """Classes by which rows are split in proportion; None: numbers, or several columns."""
    if not is_classifier(model) or np.ndim(y) != 1 or not can_stratify(y):
        return None
    return np.unique(np.asarray(y), return_inverse=True)[1]


def choices(searches: Sequence[Search]) -> list[tuple[Trial, ...]]:
    """A trial for each tree model, from those that did best to smaller ones: by the rows that judged them."""
    found = [tuple(_smallest(search, kept) for search in searches) for kept in KEPT]
    as_they_are = tuple(search.trials.unpruned for search in searches)
    return [later for before, later in pairwise([as_they_are, *found]) if later != before]


def _smallest(search, kept):
    """The smallest trial that wins so large a share of what the best wins over the model as it is."""
    unpruned = search.trials.unpruned
    exact = [unpruned, *(trial for trial in search.evidence.pruned if trial.is_exact)]
    least = min(trial.loss for trial in exact)
    most = unpruned.loss - kept * (unpruned.loss - least) if kept < 1.0 else least
    return min((trial for trial in exact if trial.loss <= most), key=lambda trial: (trial.n_nodes, trial.loss))


class WholeLook:
    """Wholes with pruned tree models, beside the whole as it is, on rows that chose none of them.

    Parameters
    ----------
    model : object
    searches : sequence of Search
        Of its tree models.
    rows : SplitRows
    trying : callable
        Gives the trials of a tree model (`wholes.Trying`).
    output : str
        As in `compress`.
    one_loss : bool
        Whether all tree models are judged by the same loss.

    Attributes
    ----------
    why_not : str
        Why nothing can be shown; empty: it can.
    """

    def __init__(
        self, model: Any, searches: Sequence[Search], rows: SplitRows, trying: Any, output: str, one_loss: bool
    ):
        trials = searches[0].trials
        n_units = len(np.unique(rows.units))
        few = trials.effort.again and n_units <= _PARTS * MOST_UNITS
        self.n_parts, self._together = (_PARTS if few else 1), trials.together
        self.model, self.rows, self._settings = model, rows, (trying, output, one_loss)
        self._refits: list[_Refit] = []
        self.why_not = next(filter(None, (search.trials.why_nothing_is_shown for search in searches)), "")
        if not self.why_not and rows.data.offset is not None:
            self.why_not = "the offset of its tree model is not one of the whole"

    def seconds(self, searches: Sequence[Search]) -> float:
        """About how long a comparison takes."""
        return self.n_parts * sum(2.0 * s.trials.seconds_of_fit + s.trials.seconds_to_carry_out for s in searches)

    def compared(self, trials: Sequence[Trial]) -> Comparison | None:
        """The whole with these prunings of its tree models beside the whole as it is; None: see `why_not`."""
        if not self.why_not and not self._refits:
            try:
                self._refits = self._together(self._refit, self.rows.parts(self.n_parts))
            except (ValueError, TypeError) as error:
                self.why_not = f"{type(self.model).__name__} cannot be fitted anew on fewer rows: {error}".rstrip(".")
        if self.why_not:
            return None
        found = self._together(lambda refit: refit.losses(trials), self._refits)
        small, whole = (np.concatenate(losses) for losses in zip(*found, strict=True))
        weights = [refit.weight for refit in self._refits]
        weight = None if weights[0] is None else np.concatenate(weights)
        return compared(small[None], whole, weight, np.concatenate([refit.units for refit in self._refits]))

    def _refit(self, part):
        return _Refit(self.model, self.rows, part, *self._settings)


class _Refit:
    """The whole fitted anew on all rows but a part of those that chose nothing, which judges."""

    def __init__(self, model, rows, part, trying, output, one_loss):
        rest = np.delete(np.arange(len(rows.use_at)), part)
        use, judge = rows.use.at(rest), rows.use.at(part)
        grown_on = rows.data.at(np.setdiff1d(np.arange(_num_samples(rows.data.X)), rows.use_at[part]))
        self.whole, self.output = fitted_anew(model, grown_on), output
        self.calibrating, self.learns = rows.judge, learns_from_trees(model)
        held = list(inside(self.whole, grown_on, use, self.calibrating, judge))
        before = list(tree_models(model))
        if len(held) != len(before) or {id(one.model) for one in held} & {id(one) for one in before}:
            raise ValueError("its tree models are not all fitted with it")
        self.trials = []
        for one in held:
            seen, seen_use, seen_calibrating, _ = one.seen
            stay_out = (self.learns or output == "plain") and not rows.are_given
            cut = Cut(seen_use, seen_calibrating, None)
            trials = trying(one.model, seen, cut=cut) if stay_out else trying(one.model, seen, seen_calibrating)
            trials.holds_back = self.learns
            self.trials.append(trials)
        self.models = [one.model for one in held]
        scorer = self.trials[0].scorer_of(self.trials[0].grown, held[0].seen[3]) if one_loss else None
        self.judged = WholeLosses(self.whole, judge, scorer)
        self.units, self.weight = rows.units[part][self.judged.known], self.judged.weight
        self.of_whole = self.judged(self.whole)

    def losses(self, chosen):
        """Losses of the rows by the whole with chosen prunings, and by the whole as it is."""
        others = {}
        for model, trials, trial in zip(self.models, self.trials, chosen, strict=True):
            small, _ = trials.carry_out(trial, self.output, of_trial=True)
            others[id(model)] = as_asked(small, trials, self.output)
        small = with_tree_models(self.whole, others)
        small = refitted(small, self.calibrating) if self.learns else small
        return self.judged(small), self.of_whole


class Seen(NamedTuple):
    """How a whole did beside the model as it is.

    Attributes
    ----------
    chosen : tuple of Trial
        For each tree model; all of them as they are, if nothing smaller was shown to be no worse.
    is_smaller : bool
        Whether one of them is pruned.
    compared : tuple of Trial or None
        Those of the comparison: the choice, or what was tried first and failed.
    comparison : Comparison or None
        None: nothing was compared.
    """

    chosen: tuple[Trial, ...]
    is_smaller: bool
    compared: tuple[Trial, ...] | None
    comparison: Comparison | None

    @property
    def verdict(self) -> str | None:
        """As that of a `CompressionResult`."""
        if not self.is_smaller:
            return "no worse"
        if self.comparison is None or self.comparison.n_units < FEWEST_UNITS:
            return None
        if self.comparison.no_worse[0]:
            return "no worse"
        return "worse" if self.comparison.worse[0] else "within noise"

    @property
    def smallest_no_worse(self) -> int | None:
        """Nodes of the choice, if it was shown to be no worse."""
        is_shown = self.is_smaller and self.verdict == "no worse"
        return sum(trial.n_nodes for trial in self.chosen) if is_shown else None

    def words(self, is_open: bool, look: WholeLook) -> str:
        """What was shown, in sentences; `is_open`: there is no budget."""
        if look.why_not:
            return f"Whether the whole is no worse than the model as it is was not tested: {look.why_not}."
        if self.comparison is None:
            if not self.is_smaller:
                return "The whole stays as it is: no smaller one was compared with it."
            return "Whether the whole is no worse than the model as it is was not tested: there was no time left."
        n_units = self.comparison.n_units
        if n_units < FEWEST_UNITS:
            return (
                f"Whether the whole is no worse was not tested: it takes {FEWEST_UNITS} rows that chose nothing and "
                f"are independent of each other, and there are {n_units}."
            )
        mean, error = self.comparison.mean[0], self.comparison.standard_error[0]
        by = f"{'higher' if mean > 0 else 'lower'} by {abs(mean):.3g} (standard error {error:.2g})"
        how = f"on {n_units:,} rows that chose nothing, of wholes fitted anew without them"
        if not is_open:
            return f"{_COSTS[str(self.verdict)]}, as for the whole: its loss is {by}, {how}."
        level = f"at a one-sided level of {LEVEL:.0%}"
        if self.is_smaller:
            return (
                f"The whole is shown to be no worse than the model as it is: its loss is {by}, {how}, {level}, in an "
                "order that others had chosen."
            )
        n_nodes = sum(trial.n_nodes for trial in self.compared or ())
        return (
            f"No smaller whole was shown to be no worse than the model as it is, {how}, {level}. The first that was "
            f"tried, of {n_nodes:,} nodes, has a loss that is {by}. A budget (max_nodes, or max_loss=0.01) gives a "
            "smaller one."
        )


_COSTS = {
    "no worse": "The budget costs nothing",
    "within noise": "What the budget costs is within noise",
    "worse": "The budget costs more than noise",
}


def seen_whole(look: WholeLook, searches: Sequence[Search], watch: Watch) -> Seen:
    """Without a budget: the smallest of `choices` before the first that is not shown to be no worse."""
    as_it_is = tuple(search.trials.unpruned for search in searches)
    seen = Seen(as_it_is, False, None, None)
    for chosen in choices(searches):
        comparison = _in_time(look, searches, chosen, watch)
        if comparison is None:
            break
        if not comparison.no_worse[0]:
            return seen if seen.is_smaller else Seen(as_it_is, False, chosen, comparison)
        seen = Seen(chosen, True, chosen, comparison)
    return seen


def seen_within(look: WholeLook, searches: Sequence[Search], chosen: Sequence[Trial], watch: Watch) -> Seen:
    """With a budget: what was chosen within it."""
    chosen = tuple(chosen)
    is_smaller = any(one is not search.trials.unpruned for one, search in zip(chosen, searches, strict=True))
    comparison = _in_time(look, searches, chosen, watch) if is_smaller else None
    return Seen(chosen, is_smaller, chosen, comparison)


def _in_time(look, searches, chosen, watch):
    """A comparison, if there is time for it."""
    if watch.seconds_left < look.seconds(searches) or (watch.stopped and watch.time_limit is None):
        return None
    watch.show("Comparing the whole with the model as it is")
    try:
        return look.compared(chosen)
    except KeyboardInterrupt:
        watch.interrupt()
        return None
