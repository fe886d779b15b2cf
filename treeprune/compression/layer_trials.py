"""compress for models made of weights: prunings at many amounts, and models that training makes small, side by side.

All are judged as wholes, by what they predict of held-out rows. Sizes are counted in weights other than zero.
"""

import warnings
from collections.abc import Generator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from ..adapters.base import check_weights
from ..composites.base import Given
from ..composites.exchange import inside, layers_size, passes_on
from ..composites.fitting import fitted_anew, step_to_fit
from ..composites.kinds import LAYERS
from ..layer_pruning import prune_layers
from ..layers.adapters import find_adapter
from ..layers.methods import LayerMethod, MagnitudePruning, OptimalBrainSurgeon, SparsityPruning, UnitPruning
from .budget import Budget, n_bytes
from .choice import allowed_by_loss, best_so_far, better_rival
from .evidence import Evidence
from .no_worse import LEVEL, Comparison, compared
from .repeats import fingerprints, share_repeated, units_of
from .result import CompressionResult
from .scoring import scorer_for
from .search import frontier_of
from .trial import Trial
from .watch import Watch
from .whole_look import SplitRows, Splitting
from .whole_losses import WholeLosses
from .wording import message_of

#: How many amounts are tried of each method, by effort.
AMOUNTS = {"quick": 5, "balanced": 10, "thorough": 20}
#: The shares that stay, at the ends of the amounts.
_MOST, _LEAST = 0.75, 0.01
#: Sizes of a trial that the frontier has.
_SIZES = ("n_nodes", "n_units", "n_bytes")


@dataclass(frozen=True, eq=False)
class LayerTrial(Trial):
    """A model made of weights: `n_nodes` is the number of its weights."""

    n_units: int = 0
    n_bytes: int = 0
    counted: ClassVar[str] = "weights"


class LayerTrials:
    """Trials of prunings of a model made of weights, or one that holds such: what `Trials` is for a tree model.

    Parameters
    ----------
    model : object
        The model to prune in the end.
    data : Given
        Its training rows.
    held_out : Given or None
        Rows to judge by; None: a share of the others.
    rule : Splitting
        How that share is split off.
    scoring : str or callable, optional
        Scorer that judges in the place of the loss.
    effort : {"quick", "balanced", "thorough"}
    stores : bool
        Whether weights are stored as sparse matrices where that takes fewer bytes.

    Attributes
    ----------
    grown : object
        The model that the trials prune: a clone, fitted on the rows that do not judge, or the model itself.
    unpruned : LayerTrial
        `grown` as it is.
    use, judge : Given
        Rows to fit and solve weights on, and rows to judge by.
    units : ndarray of int, shape (n_known_judging_rows,)
        The same for judging rows that belong together.
    """

    counted, limit = "weights", "max_bytes"
    class_weighting = None

    def __init__(
        self,
        model: Any,
        data: Given,
        held_out: Given | None,
        rule: Splitting,
        scoring: Any = None,
        effort: str = "balanced",
        stores: bool = False,
    ):
        self.model, self.data, self.effort, self.stores = model, data, effort, stores
        self.rows_to_judge_are_given, self.has_groups = held_out is not None, rule.groups is not None
        held = [find_adapter(one.model) for one in inside(model, kind=LAYERS)]
        self.is_network = all(adapter.layers.hidden for adapter in held)
        self.has_outputs = any(adapter.layers[-1].n_units > 1 for adapter in held)
        self.scoring = scorer_for(model, scoring, data)
        rows = SplitRows(model, data, held_out, rule, data)
        self.use, self.judge = rows.use, rows.judge
        start = perf_counter()
        self.grown = model if held_out is not None else fitted_anew(model, rows.use)
        self.seconds_of_fit, self.seconds_of_pruning = perf_counter() - start, 0.0
        self.losses = WholeLosses(self.grown, self.judge, None)
        units = units_of(self.judge.X) if rows.judge_groups is None else rows.judge_groups
        self.units = units[self.losses.known]
        if held_out is None:
            self.repeated = share_repeated(units_of(data.X, rule.groups))
        else:
            self.repeated = float(np.isin(fingerprints(self.judge.X), fingerprints(data.X)).mean())
        self.unpruned = self._trial("unpruned", "", self.grown)

    @property
    def n_units(self) -> int:
        """Independent observations among the judging rows."""
        return len(np.unique(self.units))

    @property
    def why_nothing_is_shown(self) -> str:
        """Why the losses of held-out rows do not show what is no worse; empty: they do."""
        return "" if self.scoring is None else "scoring= gives one number, and no loss of each row"

    def compared(self, found: Sequence[Trial], level: float = LEVEL) -> Comparison | None:
        """Some trials beside the model as it is, on the judging rows; None if that shows nothing."""
        if self.why_nothing_is_shown or not found:
            return None
        losses = [trial.row_losses for trial in found]
        comparison = compared(losses, self.unpruned.row_losses, self.losses.weight, self.units, level)
        if not self.losses.are_of_labels:
            return comparison
        # Labels that are the same on all these rows need not be on others: as uncertain as with one that differs.
        least = [0.0 if trial is self.unpruned else 1.0 / comparison.n_units for trial in found]
        return replace(comparison, standard_error=np.maximum(comparison.standard_error, least))

    def pruned(self) -> Generator[LayerTrial, None, None]:
        """The model by all methods at all amounts."""
        stay = np.geomspace(_MOST, _LEAST, AMOUNTS[self.effort])
        for method in self._methods():
            sizes = {layers_size(self.grown)}
            for amount in (1.0 - stay).round(3).tolist():
                start, asked = perf_counter(), method.at(amount)
                small = self._prune(self.grown, asked, self.use)
                self.seconds_of_pruning = max(self.seconds_of_pruning, perf_counter() - start)
                if layers_size(small) not in sizes:  # amounts round to the same number of weights
                    sizes.add(layers_size(small))
                    name = type(asked).__name__
                    yield self._trial(name, repr(asked)[len(name) + 1 : -1], small, asked)

    def _methods(self) -> list[LayerMethod]:
        """Units leave networks in the order of the brain surgeon; texts have too many columns for it."""
        methods: list[LayerMethod] = [MagnitudePruning()]
        if self.is_network:
            methods.append(UnitPruning())
        elif self.has_outputs:  # of one output, a column is a weight
            methods.append(UnitPruning(criterion="norm"))
        if self.is_network and self.effort == "thorough":
            methods.append(OptimalBrainSurgeon())
        return methods

    def carried_out(self, trial: LayerTrial) -> Any:
        """The model itself, pruned as in a trial, on all rows that it was fitted on."""
        return deepcopy(self.model) if trial.method is None else self._prune(self.model, trial.method, self.data)

    def _prune(self, model, method, rows):
        small = prune_layers(model, method, rows.X, rows.y, rows.sample_weight)
        return prune_layers(small, SparsityPruning()) if self.stores else small

    def rivals(self) -> Generator[LayerTrial, None, None]:
        """Models that training makes small, on the rows that the trials use: fewer hidden units, or an L1 penalty.

        None where the model does something else than a Pipeline or search does whose last step it is.
        """
        whole = self.model
        prefix, step = step_to_fit(whole)
        if not passes_on(whole) or not LAYERS.takes(step):
            return
        (found,) = inside(whole, kind=LAYERS)
        for parameters, smaller in find_adapter(found.model).trained_smaller(self.use.y):
            anew = clone(whole).set_params(**{prefix.removesuffix("__"): smaller}) if prefix else smaller
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                yield self._trial(type(smaller).__name__, parameters, fitted_anew(anew, self.use))

    def _trial(self, name, parameters, model, method=None):
        n_weights, n_units = layers_size(model)
        judge, weight = self.judge, self.judge.sample_weight
        weights = {} if weight is None else {"sample_weight": weight}
        if self.scoring is not None:
            score, row_losses = float(self.scoring(model, judge.X, judge.y, **weights)), None
            loss = -score
        else:
            score, row_losses = float(model.score(judge.X, judge.y, **weights)), self.losses(model)
            loss = float(np.average(row_losses, weights=self.losses.weight))
        size = n_bytes(self.model if name == "unpruned" else model, "native")
        judged = (loss, score, row_losses, method)
        return LayerTrial(name, parameters, n_weights, 0, *judged, n_units=n_units, n_bytes=size)


def compressed_layers(
    model: Any,
    data: Given,
    held_out: Given | None,
    budget: Budget,
    rule: Splitting,
    watch: Watch,
    *,
    scoring: Any,
    effort: str,
    retrain: bool,
) -> CompressionResult:
    """The best pruning within a budget of a model made of weights, or of one that holds such.

    Parameters are those of `LayerTrials`.

    Raises
    ------
    ValueError
        No model within the budget was found.
    """
    data = data._replace(sample_weight=check_weights(data.sample_weight, len(data.y)))
    budget = replace(budget, bytes_of="native")
    trials = LayerTrials(model, data, held_out, rule, scoring, effort, stores=budget.max_bytes is not None)
    found: list[Trial] = [trials.unpruned]
    best = partial(best_so_far, budget=budget, limit=np.inf)
    watch.follow(trials.pruned(), found, lambda: 2.0 * trials.seconds_of_pruning, best)
    evidence = Evidence(trials, found)
    chosen, small = _chosen(trials, found, budget, evidence)
    others: list[Trial] = []
    if retrain and not watch.stopped and watch.seconds_left > trials.seconds_of_fit:
        watch.follow(trials.rivals(), others, needed=False)
    winner = _winner(trials, others, chosen, budget)
    by = "loss" if scoring is None else "score"
    return CompressionResult(
        model=small,
        method=chosen.method,
        frontier=frontier_of(trials, [*found, *others], chosen, _SIZES).rename(columns={"n_nodes": "n_weights"}),
        retrained_wins=winner is not None,
        message=message_of(evidence, chosen, budget, winner, by, watch.stopped),
        verdict=evidence.verdict(chosen),
        smallest_no_worse=None if evidence.smallest is None else evidence.smallest.n_nodes,
    )


def _chosen(trials, found, budget, evidence):
    """The best trial whose model is within the budget, and the model."""
    if budget.seeks_size:
        wanted = sorted(allowed_by_loss(trials, found, budget, evidence), key=lambda c: (c.n_nodes, c.loss))
    else:
        wanted = sorted(found, key=lambda c: (c.loss, c.n_nodes))
    for trial in wanted:
        if budget.max_bytes is None or trial.n_bytes <= budget.max_bytes:
            small = trials.carried_out(trial)
            if budget.excess(small, trials.model, trials.judge.X) <= 1.0:
                return trial, small
    least = min(found, key=lambda c: c.n_bytes)
    raise ValueError(
        f"No model within the budget was found. The smallest pickle of all that were tried, whatever its loss, has "
        f"{least.n_bytes:,} bytes ({least.name}, {least.parameters})."
    )


def _winner(trials, rivals, chosen, budget):
    """The model trained anew that does better than the one chosen, if any; a budget of bytes is that of rivals, too."""
    if budget.max_bytes is None or budget.seeks_size:
        return better_rival(trials, rivals, chosen, budget)
    within = [c for c in rivals if c.n_bytes <= budget.max_bytes and c.loss < chosen.loss]
    return min(within, key=lambda c: c.loss, default=None)
