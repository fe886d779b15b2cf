"""What compress says: what was chosen, what it costs beside the model as it is, and what training anew would give."""

from .budget import Budget
from .evidence import Evidence
from .no_worse import FEWEST_UNITS, LEVEL
from .trial import Trial
from .trials import Trials

#: Share of repeated rows from which on the message speaks of them.
_SHARE = 0.005
_OF_VERDICT = {
    "no worse": "The budget costs nothing",
    "within noise": "What the budget costs is within noise",
    "worse": "The budget costs more than noise",
}


def message_of(
    evidence: Evidence, chosen: Trial, budget: Budget, winner: Trial | None, by: str, stopped: str = ""
) -> str:
    """The outcome in words.

    Parameters
    ----------
    evidence : Evidence
    chosen : Trial
    budget : Budget
    winner : Trial or None
        The model trained anew that does better.
    by : {"loss", "score"}
        What models are judged by.
    stopped : str
        Why not all was tried, as a sentence.
    """
    trials = evidence.trials
    parts = (
        _size(trials, chosen, by),
        _class_weights(trials),
        _untested(evidence) or _shown(evidence, chosen, budget),
        _repeats(trials),
        _training_anew(trials, winner, by),
        stopped,
    )
    return " ".join(filter(None, parts))


def _size(trials, chosen, by):
    unpruned = trials.unpruned
    what = f"{chosen.name} ({chosen.parameters})" if chosen.parameters else "The model as it is"
    return (
        f"{what}: {chosen.n_nodes:,} of {unpruned.n_nodes:,} {trials.counted}, {by} {getattr(chosen, by):.4g} on "
        f"held-out rows, unpruned {getattr(unpruned, by):.4g}."
    )


def _class_weights(trials):
    if trials.class_weighting is None:
        return ""
    return f"Losses weigh rows by the model's own {trials.class_weighting}; scores do not."


def _untested(evidence):
    """Why nothing is shown; empty: something is."""
    if evidence.comparison is None:
        why = evidence.trials.why_nothing_is_shown or "nothing was pruned"
        return f"Whether it is no worse than the model as it is was not tested: {why}."
    if evidence.comparison.n_units < FEWEST_UNITS:
        return (
            f"What is no worse than the model as it is was not tested: it takes {FEWEST_UNITS} rows to judge by that "
            f"are independent of each other, and there are {evidence.comparison.n_units}."
        )
    return ""


def _shown(evidence, chosen, budget):
    if not budget.is_open:
        return _cost(evidence, chosen)
    if chosen is (evidence.smallest or evidence.trials.unpruned):
        return _promise(evidence)
    if chosen is evidence.trials.unpruned:
        return ""
    return f"By itself, its loss is {_difference(evidence, chosen)}."  # for the sake of the whole it stands in


def _promise(evidence):
    """Without a budget: how the smallest model that is no worse was found."""
    smallest = evidence.smallest
    if smallest is not None:
        what = f"It is shown to be no worse than the model as it is: its loss is {_difference(evidence, smallest)}"
        return f"{what}, {_how(evidence, evidence.of(smallest)[0])}."
    nearest = min(evidence.pruned, key=lambda c: c.loss)
    return (
        f"No smaller model was shown to be no worse, {_how(evidence, evidence.comparison)}. The best, of "
        f"{nearest.n_nodes:,} {evidence.trials.counted}, has a loss that is {_difference(evidence, nearest)}. "
        f"A budget ({evidence.trials.limit}, or max_loss=0.01) gives a smaller one."
    )


def _cost(evidence, chosen):
    """With a budget: what it costs, and where the smallest model lies that is no worse."""
    cost = ""
    if chosen is not evidence.trials.unpruned:
        again = evidence.second is not None and chosen is evidence.second[0]
        n_rows = (
            f", on {evidence.second[1].n_units:,} held-out {_rows(evidence)} that did not choose it" if again else ""
        )
        cost = f"{_OF_VERDICT[evidence.verdict(chosen)]}: the loss is {_difference(evidence, chosen)}{n_rows}. "
    smallest = evidence.smallest
    how = _how(evidence, evidence.comparison)
    if smallest is None:
        return f"{cost}No smaller model was shown to be no worse than the model as it is, {how}."
    shown = "it" if smallest is chosen else f"one of {smallest.n_nodes:,} {evidence.trials.counted}"
    return f"{cost}The smallest shown to be no worse than the model as it is is {shown}, {how}."


def _difference(evidence, trial):
    comparison, place = evidence.of(trial)
    mean, error = comparison.mean[place], comparison.standard_error[place]
    return f"{'higher' if mean > 0 else 'lower'} by {abs(mean):.3g} (standard error {error:.2g})"


def _how(evidence, comparison):
    """On how many rows, and at what level, something is shown."""
    first = comparison is evidence.comparison
    corrected = f"corrected for the {len(evidence.pruned)} prunings compared"
    return f"on {comparison.n_units:,} held-out {_rows(evidence)} at a one-sided level of {LEVEL:.0%}, " + (
        corrected if first else "in an order that others had chosen"
    )


def _rows(evidence):
    return "rows" if evidence.trials.n_units == len(evidence.trials.units) else "groups of rows"


def _repeats(trials: Trials) -> str:
    if trials.repeated < _SHARE:
        return ""
    share = f"{trials.repeated:.0%}" if trials.repeated >= 0.01 else f"{trials.repeated:.1%}"
    if trials.rows_to_judge_are_given:
        return (
            f"{share} of the rows to judge by have the features of rows that the model was fitted on: there a large "
            "model that remembers its rows looks better than it will on new ones."
        )
    what = "stand in a group with others" if trials.has_groups else "have the same features as others"
    return (
        f"{share} of the rows {what}. They were held out together, and count as one in standard errors: the comparison "
        "is about new rows. On rows that come again, a large model that remembers them can do better."
    )


def _training_anew(trials, winner, by):
    if winner is None:
        return ""
    return (
        f"Training anew does better: {winner.name} ({winner.parameters}) has a {by} of {getattr(winner, by):.4g} with "
        f"{winner.n_nodes:,} {trials.counted}."
    )
