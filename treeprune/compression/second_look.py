"""A second look where few rows are held out: the same path, judged by other parts of the rows.

The rows that chose a path are spent. The others are cut into parts; for each, the model is fitted anew on all rows but
the part, pruned along the same path, and judged on the part, as in cross-validation (Bayle et al. 2020). What a budget
costs is read off there. For the smallest model that is no worse, strengths are tested in the order that the first rows
gave, from the one that did best towards smaller models, until one fails. A fixed order needs no correction for the
number of tests (Maurer, Hothorn & Lehmacher 1995); to take the order from one part of the data and test on another is
what Laufer-Goldshtein et al. (2023) propose.

References
----------
P. Bayle, A. Bayle, L. Janson, L. Mackey (2020). Cross-validation confidence intervals for test error. NeurIPS 33.

W. Maurer, L. Hothorn, W. Lehmacher (1995). Multiple comparisons in drug clinical trials and preclinical assays:
a-priori ordered hypotheses. Biometrie in der Chemisch-Pharmazeutischen Industrie 6, 3-18.

B. Laufer-Goldshtein, A. Fisch, R. Barzilay, T. Jaakkola (2023). Efficiently controlling multiple risks with Pareto
testing. ICLR.
"""

from collections.abc import Sequence
from itertools import islice, takewhile

import numpy as np

from .no_worse import FEWEST_UNITS, LEVEL, Comparison, compared, quantile
from .trial import Trial, has_alpha
from .trials import Trials

#: With more independent rows to judge by than these, the first look is enough.
MOST_UNITS = 2_500
#: How many parts: the fewer the rows, the more a model gains from those that it is not grown on, and often not as much
#: as the one that was made of it.
_ROWS_OF_PARTS, _FEWEST_PARTS, _MOST_PARTS = 5_000, 3, 8
#: Of a model shown to be no worse: nothing else is looked for that is larger than this share of it.
_WORTH = 0.7
#: A path is looked at again if some model of it does better than the model as it is by this share of what would be
#: needed there: then about one in five of such looks shows something.
_HOPE = 0.5


def second_look(
    trials: Trials, found: Sequence[Trial], first: Comparison, level: float
) -> tuple[Trial, Comparison] | None:
    """The smallest trial that other rows show to be no worse, and how; None: it would not pay, or none is shown.

    Parameters
    ----------
    trials : Trials
        Judged on a share of the rows; the others judge now.
    found : sequence of Trial
    first : Comparison
        Of `found` with the model as it is.
    level : float
        One-sided level of the tests.
    """
    shown_first = [c.n_nodes for c, shown in zip(found, first.no_worse, strict=True) if shown and c.is_exact]
    most = _WORTH * min(shown_first, default=np.inf)
    sequence = _sequence(trials, found, first, most, level)
    if not sequence:
        return None
    shown = None
    for trial, comparison in _judged_again(trials, found, sequence, level):
        if not comparison.no_worse[0]:
            break
        shown = trial, comparison
    return shown if shown is not None and shown[0].n_nodes < most else None


def look_again_at(trials: Trials, found: Sequence[Trial], chosen: Trial) -> Comparison | None:
    """One of the trials found, on the rows that did not choose it; None: it has no path."""
    if not has_alpha(chosen.method):
        return None
    return next((comparison for _, comparison in _judged_again(trials, found, [chosen], LEVEL)), None)


def may_look_again(trials: Trials) -> bool:
    """Whether rows are few, and others can judge than those that did."""
    return trials.effort.again and trials.can_be_fitted_anew and FEWEST_UNITS <= trials.n_units <= MOST_UNITS


def _judged_again(trials, found, sequence, level):
    """Trials of a path, each with how it compares with the model as it is where the other rows judge."""
    before = takewhile(lambda c: c is not sequence[0], _of_path(found, sequence[0]))
    tested = [*before, *sequence]
    n_before = len(tested) - len(sequence)
    strengths = {"alphas": [c.method.alpha for c in tested], "temperatures": [c.temperature for c in tested]}
    parts = trials.other_parts(_n_parts(trials))
    paths = [part.path(sequence[0].method, sequence[0].out_of_bag, **strengths) for part in parts]
    whole = np.concatenate([part.unpruned.row_losses for part in parts])
    weights = [part.held_out.sample_weight for part in parts]
    weight = None if weights[0] is None else np.concatenate(weights)
    units = np.concatenate([part.units for part in parts])
    steps = takewhile(all, (trials.together(_following, paths) for _ in tested))
    for trial, judged in islice(zip(tested, steps, strict=False), n_before, None):
        losses = np.concatenate([c.row_losses for c in judged])
        yield trial, compared(losses[None], whole, weight, units, level)


def _following(path):
    return next(path, None)


def seconds_of_second_look(trials: Trials) -> float:
    """About how long one takes, and to prune the model after it."""
    return _n_parts(trials) * (trials.seconds_of_fit + trials.seconds_to_carry_out) + trials.seconds_to_carry_out


def _n_parts(trials):
    return int(np.clip(_ROWS_OF_PARTS // len(trials.use.y), _FEWEST_PARTS, _MOST_PARTS))


def _sequence(trials, found, first, most, level):
    """Trials to test, from the one that did best to smaller ones; none if nothing so small may be shown no worse."""
    narrower = np.sqrt(len(trials.use.y) / len(trials.judge.y))
    upper = first.mean + _HOPE * quantile(level, first.n_units) / narrower * first.standard_error
    hopeful = [c for c, u in zip(found, upper, strict=True) if _can_follow(c) and c.n_nodes < most and u <= 0.0]
    if not hopeful:
        return []
    mean, certainty = (
        dict(zip(map(id, found), values, strict=True))
        for values in (first.mean, first.mean / np.maximum(first.standard_error, 1e-300))
    )
    path = _of_path(found, min(hopeful, key=lambda c: certainty[id(c)]))
    best = min(path, key=lambda c: certainty[id(c)])
    return list(takewhile(lambda c: mean[id(c)] <= 0.0, path[path.index(best) :]))


def _can_follow(trial):
    return has_alpha(trial.method) and trial.is_exact


def _of_path(found, trial):
    """Trials of the same method but for the strength, from the same start, by rising strength."""

    def key(c):
        return type(c.method), c.out_of_bag, c.is_exact, c.method.get_params() | {"alpha": None}

    same = {c.method.alpha: c for c in found if has_alpha(c.method) and key(c) == key(trial)}
    return [same[alpha] for alpha in sorted(same)]
