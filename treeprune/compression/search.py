"""The search for the best prunings of one tree model, and what is made of them within a budget."""

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..methods import PruningMethod
from .budget import Budget
from .choice import best_so_far, better_rival, carried_out, largest_loss, largest_winner
from .evidence import Evidence
from .faithful import stock
from .result import CompressionResult
from .second_look import may_look_again, seconds_of_second_look
from .trial import Aim, Trial
from .trials import Trials
from .watch import Watch
from .wording import message_of

if TYPE_CHECKING:
    import pandas as pd


class Search:
    """All prunings of a tree model that are tried, and what they show.

    Parameters
    ----------
    trials : Trials
    budget : Budget
        Which sizes matter.
    watch : Watch
        Ends it early.

    Attributes
    ----------
    found : list of Trial
        The model as it is, and the prunings.
    evidence : Evidence
    """

    def __init__(self, trials: Trials, budget: Budget, watch: Watch):
        self.trials, self.watch, self.found = trials, watch, [trials.unpruned]
        limit = budget.first_limit(trials.model)
        best = partial(best_so_far, budget=budget, limit=limit)
        aim = Aim(limit, largest_loss(trials.unpruned, budget) if budget.seeks_size else None, budget.is_open)
        watch.follow(trials.pruned(aim), self.found, lambda: trials.seconds_to_carry_out, best)
        try:
            self.evidence = Evidence(trials, self.found, budget.is_open and self._may_look_again(watch))
        except KeyboardInterrupt:
            watch.interrupt()
            self.evidence = Evidence(trials, self.found)

    def _may_look_again(self, watch):
        has_time = not watch.stopped and watch.seconds_left > seconds_of_second_look(self.trials)
        return has_time and may_look_again(self.trials)

    def made(self, budget: Budget, output: str, only: Trial | None = None) -> "Made":
        """The best within a budget; without one, what is made of a trial, if one is given."""
        self.watch.show("Pruning the model as it was tried")
        limit = budget.first_limit(self.trials.model)
        chosen, small, method = carried_out(self.trials, self.found, budget, limit, output, self.evidence, only)
        return Made(chosen, as_asked(small, self.trials, output), method)

    def result(self, made: "Made", budget: Budget, watch: Watch, retrain: bool, by: str) -> CompressionResult:
        """What was made within a budget, beside models trained anew if `retrain`, in words that tell the `by`.

        The watch is that of all searches, if there are several.
        """
        trials, evidence, chosen = self.trials, self.evidence, made.chosen
        if not budget.is_open and self._may_look_again(watch):
            try:
                evidence.look_again(chosen)
            except KeyboardInterrupt:
                watch.interrupt()
        others: list[Trial] = []
        if retrain and not watch.stopped and watch.seconds_left > 0.0:
            watch.follow(trials.rivals(largest_winner(chosen, budget)), others, needed=False)
        winner = better_rival(trials, others, chosen, budget)
        return CompressionResult(
            model=made.model,
            method=made.method,
            frontier=frontier_of(trials, [*self.found, *others], chosen),
            retrained_wins=winner is not None,
            message=message_of(evidence, chosen, budget, winner, by, self.watch.stopped or watch.stopped),
            verdict=evidence.verdict(chosen),
            smallest_no_worse=None if evidence.smallest is None else evidence.smallest.n_nodes,
        )


class Made(NamedTuple):
    """The trial that was chosen, the model that was made of it, and the method, or None for the model as it is."""

    chosen: Trial
    model: Any
    method: PruningMethod | None


def as_asked(model: Any, trials: Trials, output: str) -> Any:
    """A pruned model in the form of an output of `compress`."""
    if output == "link":
        return model
    return _plain(model, trials) if output == "plain" else stock(model)


def _plain(model, trials):
    """Stock scikit-learn for a forest with a link."""
    if not hasattr(model, "link_"):
        return model
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    from ..links import unlinked

    calibrated = CalibratedClassifierCV(FrozenEstimator(unlinked(model)), method="sigmoid")
    return calibrated.fit(*trials.judge[:2], sample_weight=trials.judging_weights)


def frontier_of(
    trials: Any, tried: list[Trial], chosen: Trial, sizes: tuple[str, ...] = ("n_nodes", "n_trees")
) -> "pd.DataFrame":
    """All that was tried, one row each, with the sizes that are named."""
    import pandas as pd

    columns = ("name", "parameters", *sizes, "loss", "score")
    frame = pd.DataFrame([{name: getattr(c, name) for name in columns} for c in tried])
    frame["rival"] = [c.is_rival for c in tried]
    frame["chosen"] = [c is chosen for c in tried]
    comparison = trials.compared(tried)
    if comparison is not None:
        frame["difference"], frame["standard_error"] = comparison.mean, comparison.standard_error
    return frame.rename(columns={"name": "method"})
