"""The search for the best prunings of one tree model, and what is made of them within a budget."""

from typing import TYPE_CHECKING, Any, NamedTuple

from ..methods import PruningMethod
from .budget import Budget
from .choice import better_rival, carried_out, largest_winner
from .evidence import Evidence
from .result import CompressionResult
from .trial import Trial
from .trials import Trials
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

    Attributes
    ----------
    found : list of Trial
        The model as it is, and the prunings.
    evidence : Evidence
    """

    def __init__(self, trials: Trials, budget: Budget):
        self.trials = trials
        self.found = [trials.unpruned, *trials.pruned(budget.first_limit(trials.model))]
        self.evidence = Evidence(trials, self.found, again=budget.is_open)

    def made(self, budget: Budget, output: str) -> "Made":
        """The best within a budget."""
        limit = budget.first_limit(self.trials.model)
        chosen, small, method = carried_out(self.trials, self.found, budget, limit, output, self.evidence)
        return Made(chosen, _plain(small, self.trials) if output == "plain" else small, method)

    def result(self, made: "Made", budget: Budget, retrain: bool, by: str) -> CompressionResult:
        """What was made within a budget, beside models trained anew if `retrain`, in words that tell the `by`."""
        trials, evidence, chosen = self.trials, self.evidence, made.chosen
        others = list(trials.rivals(largest_winner(chosen, budget))) if retrain else []
        winner = better_rival(trials, others, chosen, budget)
        return CompressionResult(
            model=made.model,
            method=made.method,
            frontier=_frontier(trials, [*self.found, *others], chosen),
            retrained_wins=winner is not None,
            message=message_of(evidence, chosen, budget, winner, by),
            verdict=evidence.verdict(chosen),
            smallest_no_worse=None if evidence.smallest is None else evidence.smallest.n_nodes,
        )


class Made(NamedTuple):
    """The trial that was chosen, the model that was made of it, and the method, or None for the model as it is."""

    chosen: Trial
    model: Any
    method: PruningMethod | None


def _plain(model, trials):
    """Stock scikit-learn for a forest with a link."""
    if not hasattr(model, "link_"):
        return model
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    from ..links import unlinked

    calibrated = CalibratedClassifierCV(FrozenEstimator(unlinked(model)), method="sigmoid")
    return calibrated.fit(*trials.judge[:2], sample_weight=trials.judging_weights)


def _frontier(trials: Trials, tried: list[Trial], chosen: Trial) -> "pd.DataFrame":
    import pandas as pd

    columns = ("name", "parameters", "n_nodes", "n_trees", "loss", "score")
    frame = pd.DataFrame([{name: getattr(c, name) for name in columns} for c in tried])
    frame["rival"] = [c.is_rival for c in tried]
    frame["chosen"] = [c is chosen for c in tried]
    comparison = trials.compared(tried)
    if comparison is not None:
        frame["difference"], frame["standard_error"] = comparison.mean, comparison.standard_error
    return frame.rename(columns={"name": "method"})
