"""The smallest model that says what the full one says, on a share of new rows that is promised; no labels are needed.

Rows are cut into three parts that share none: models are pruned by the first, the second puts them in order, and the
third tests them. The order is the front of size and agreement on the second part, from the model that agrees most to
ever smaller ones; it is tested until one fails. An order that the testing rows had no part in needs no correction for
the number of tests (Laufer-Goldshtein et al. 2023; see `second_look`). What is given is the very model that was tested.

The limit is exact for rows that are drawn as the testing ones were and that the model was not fitted on: on rows that
it was fitted on a model may be surer, or less smooth, than on new ones.
"""

import warnings
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from ..adapters import find_adapter
from ..composites.base import Given
from ..composites.exchange import forests, inside, tree_models, with_tree_models
from .agreement import Said, lower_bound, rows_needed
from .budget import Budget, latency_ratio, n_bytes
from .ladders import Rung, rungs
from .no_worse import LEVEL
from .repeats import fingerprints, share_repeated, split, units_of
from .result import CompressionResult
from .seen_rows import was_fitted_on
from .trial import Trial
from .watch import Watch

if TYPE_CHECKING:
    import pandas as pd

_SEEN = (
    "The model was fitted on these rows, where it is surer of what it says than on new ones: the limit is not one for "
    "new rows, of which fewer may agree. Give rows that it was not fitted on, as X or X_val; they need no labels."
)
#: Share of the rows that do not test which put the models in order.
_ORDERING = 0.25


class Parts(NamedTuple):
    """Rows to prune by, to put in order by and to test by, and the same number for testing rows that are one draw."""

    use: Any
    order: Any
    test: Any
    units: NDArray[np.int64]
    repeated: float
    all: Any = None  # rows, where no others were given to test by

    @classmethod
    def of(cls, X: Any, X_val: Any, groups: Any, share: float, random_state: int | None) -> "Parts":
        """Rows X in three parts; or in two, if there are others to test by, of which those leave that are in X, too."""
        units = units_of(X, groups)
        rest, repeated = np.arange(len(units)), share_repeated(units)
        if X_val is None:
            rest, test = split(units, None, share, random_state)
            tested, of_tests = _safe_indexing(X, test), units[test]
        else:
            new = np.flatnonzero(~np.isin(fingerprints(X_val), fingerprints(X)))
            if len(new) == 0:
                raise ValueError("All rows of X_val are in X, too: none can test what was pruned by X.")
            tested = _safe_indexing(X_val, new)
            of_tests = units_of(tested)
        use, order = split(units[rest], None, _ORDERING, random_state)
        return cls(
            _safe_indexing(X, rest[use]),
            _safe_indexing(X, rest[order]),
            tested,
            of_tests,
            repeated,
            X if X_val is None else None,
        )


@dataclass(frozen=True)
class Tested:
    """How many of the independent testing rows agree, and what that shows."""

    n_agreeing: int
    n: int

    @property
    def share(self) -> float:
        """Of the testing rows."""
        return self.n_agreeing / self.n

    @property
    def bound(self) -> float:
        """Lower limit for new rows."""
        return lower_bound(self.n_agreeing, self.n, LEVEL)


def compressed_faithfully(
    model: Any,
    parts: Parts,
    share: float,
    tolerance: float | None,
    budget: Budget,
    watch: Watch,
    *,
    output: str = "link",
    effort: str = "balanced",
) -> CompressionResult:
    """The smallest model whose limit is at least a share; with a budget, the one within it that agrees most.

    Parameters
    ----------
    model : object
        A fitted tree model, or one that holds some.
    parts : Parts
    share, tolerance : float
        As `compress` takes them.
    budget : Budget
        Of nodes, bytes or latency.
    watch : Watch
    output : {"link", "forest"}
    effort : {"quick", "balanced", "thorough"}
    """
    said = Said(model, tolerance)
    seen = f" {_SEEN}" if parts.all is not None and _was_fitted_on(model, parts.all, said) else ""
    if seen:
        warnings.warn(_SEEN, stacklevel=3)
    full = {name: said.of(model, getattr(parts, name)) for name in ("use", "order", "test")}

    def made(found):
        return stock(found) if output == "forest" else found

    def tested(small):
        agrees = said.agree(full["test"], said.of(small, parts.test))
        of_unit = np.ones(parts.units.max() + 1, bool)
        np.logical_and.at(of_unit, parts.units, agrees)
        of_unit = of_unit[np.unique(parts.units)]
        return Tested(int(of_unit.sum()), len(of_unit))

    by_trial: dict[Trial, Rung] = {}
    sizes = forests(model)
    whole = Trial("unpruned", "", sum(f.n_nodes for f in sizes), sum(f.n_trees for f in sizes), 0.0, 1.0)

    def trials():
        for rung, small in rungs(model, parts.use, None if said.is_detector else full["use"], effort):
            agreeing = float(said.agree(full["order"], said.of(small, parts.order)).mean())
            of_trees = forests(small)
            size = sum(f.n_nodes for f in of_trees), sum(f.n_trees for f in of_trees)
            trial = Trial(rung.name, rung.parameters, *size, 1.0 - agreeing, agreeing, method=rung.method)
            by_trial[trial] = rung
            yield trial

    found = [whole]
    watch.follow(trials(), found, best=lambda found: _front(found)[-1], needed=False)
    chosen, small, shown, held = whole, deepcopy(model), None, True
    if budget.is_open:
        for trial in _front(found):
            if trial is whole:
                continue
            other = made(by_trial[trial].make())
            result = tested(other)
            if result.bound < share:
                shown = shown or result
                break
            chosen, small, shown = trial, other, result
        held = chosen is not whole
    else:
        chosen, small = _within(found, by_trial, budget, model, parts.test, made)
        shown = tested(small) if chosen is not whole else None
        held = shown is None or shown.bound >= share
    is_whole = chosen is whole
    return CompressionResult(
        model=small,
        method=chosen.method,
        frontier=_frontier(found, chosen),
        retrained_wins=False,
        message=_message(chosen, whole, shown, held, share, said, parts, budget) + seen + _stop(watch),
        agreement=1.0 if is_whole or shown is None else shown.share,
        agreement_bound=1.0 if is_whole or shown is None else shown.bound,
    )


def _was_fitted_on(model, X, said):
    """Whether tree models inside were; what the model says stands for the targets, by which some show rows to them."""
    given = Given(X, None if said.is_detector else said.of(model, X))
    return any(was_fitted_on(one.model, one.seen[0].X) for one in inside(model, given))


def stock(model: Any) -> Any:
    """The model with stock forests in the place of those with a link: their labels are right, probabilities are not."""
    from ..links import Linked, unlinked

    linked = {id(one): _with_probabilities(unlinked(one)) for one in tree_models(model) if isinstance(one, Linked)}
    return with_tree_models(model, linked) if linked else model


def _with_probabilities(model):
    """The forest with leaves moved towards equal shares of the classes by one factor, until none is below 0.

    The classes of every row stay in their order, also for tools that divide a leaf's values by their sum.
    """
    adapter = find_adapter(model)
    value = adapter.forest.value
    equal, deviation = 1.0 / value.shape[2], value - value.mean(axis=2, keepdims=True)
    lowest = float(deviation.min())
    factor = min(1.0, equal / -lowest) if lowest < 0.0 else 1.0
    return adapter.write(replace(adapter.forest, value=(equal + factor * deviation).clip(0.0, 1.0)))


def _front(found: Sequence[Trial]) -> list[Trial]:
    """Those than which none that is as small agrees more often, from the largest to the smallest."""
    front: list[Trial] = []
    for trial in sorted(found, key=lambda c: (c.n_nodes, -c.score)):
        if not front or trial.score > front[-1].score:
            front.append(trial)
    return front[::-1]


def _within(found, by_trial, budget, model, X, made):
    """The trial within the budget that agrees most, and its model."""
    for trial in sorted(found, key=lambda c: (-c.score, c.n_nodes)):
        if budget.max_nodes is not None and trial.n_nodes > budget.max_nodes:
            continue
        small = made(by_trial[trial].make()) if trial in by_trial else deepcopy(model)
        if budget.max_bytes is not None and n_bytes(small, budget.bytes_of) > budget.max_bytes:
            continue
        if budget.max_latency_ratio is not None and latency_ratio(small, model, X) > budget.max_latency_ratio:
            continue
        return trial, small
    smallest = min(found, key=lambda c: c.n_nodes)
    raise ValueError(
        f"No model within the budget was found: the smallest tried has {smallest.n_nodes} nodes ({smallest.name}, "
        f"{smallest.parameters})."
    )


def _frontier(found: Sequence[Trial], chosen: Trial) -> "pd.DataFrame":
    import pandas as pd

    columns = ("name", "parameters", "n_nodes", "n_trees", "loss", "score")
    frame = pd.DataFrame([{name: getattr(c, name) for name in columns} for c in found])
    frame["rival"], frame["chosen"] = False, [c is chosen for c in found]
    return frame.rename(columns={"name": "method"})


def _message(chosen, whole, shown, held, share, said, parts, budget):
    what = "labels" if said.of_labels else f"{'scores' if said.is_detector else 'values'} within {said.tolerance:g}"
    need = rows_needed(share, LEVEL)
    n = len(np.unique(parts.units))
    size = f"{chosen.n_nodes:,} of {whole.n_nodes:,} nodes"
    if chosen is whole:
        text = f"The model as it is: {size}."
        if budget.is_open:
            text += f" No smaller one is shown to keep its {what} on a share of {share:g} of new rows"
            text += "." if shown is None else f": the first tested keeps them on {_of(shown)}."
    else:
        text = f"{chosen.name} ({chosen.parameters}): {size}. It keeps the {what} of the full model on {_of(shown)}"
        text += ", which is what faithful= asks for." if held else f": not shown to be the {share:g} of faithful=."
    if n < need and not held:
        text += f" To show {share:g} takes at least {need:,} rows to test by, even if all agree; there are {n:,}."
    text += (
        " Rows to prune, to choose and to test by are apart"
        + (
            f" ({parts.repeated:.0%} of the rows repeat: those stay together, and count as one)"
            if parts.repeated
            else ""
        )
        + ". The limit holds for rows like those that tested, if the full model was not fitted on them."
    )
    return text


def _of(shown):
    return (
        f"{shown.n_agreeing:,} of {shown.n:,} testing rows, and so on at least {shown.bound:.5g} of new ones (exact "
        f"binomial limit, one-sided level {LEVEL:.0%}; tested in an order that other rows gave)"
    )


def _stop(watch):
    return f" {watch.stopped}" if watch.stopped else ""
