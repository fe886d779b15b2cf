"""What the held-out rows show about prunings beside the model as it is."""

from collections.abc import Sequence

from .no_worse import FEWEST_UNITS, LEVEL, Comparison
from .second_look import MOST_UNITS, second_look
from .trial import Trial
from .trials import Trials


class Evidence:
    """Which prunings are shown to be no worse than the model as it is.

    Where a second look at other rows is possible, each of the two has half of the level, so that both together keep it.

    Parameters
    ----------
    trials : Trials
    found : sequence of Trial
        Prunings; the model as it is may be among them.
    again : bool
        Whether a second look may be taken.

    Attributes
    ----------
    pruned : list of Trial
        Of `found`, without the model as it is.
    comparison : Comparison or None
        Of these with it; None: nothing can be shown.
    no_worse : list of Trial
        Those that are shown to be no worse.
    second : tuple of (Trial, Comparison) or None
        The smallest, if it took a second look, and how it did there.
    """

    def __init__(self, trials: Trials, found: Sequence[Trial], again: bool = False):
        self.trials, self.pruned = trials, [c for c in found if c is not trials.unpruned]
        again = again and trials.can_be_fitted_anew and FEWEST_UNITS <= trials.n_units <= MOST_UNITS
        self.comparison = trials.compared(self.pruned, LEVEL / 2 if again else LEVEL)
        self.no_worse: list[Trial] = []
        self.second: tuple[Trial, Comparison] | None = None
        if self.comparison is None:
            return
        self.no_worse = [c for c, shown in zip(self.pruned, self.comparison.no_worse, strict=True) if shown]
        if again:
            self.second = second_look(trials, self.pruned, self.comparison, LEVEL / 2)
        if self.second is not None:
            self.no_worse.append(self.second[0])

    @property
    def smallest(self) -> Trial | None:
        """The smallest that is shown to be no worse; None: there is none."""
        return min(self.no_worse, key=lambda c: (c.n_nodes, c.loss), default=None)

    def of(self, trial: Trial) -> tuple[float, float]:
        """How much more its loss is than that of the model as it is, and the standard error."""
        if self.second is not None and trial is self.second[0]:
            return float(self.second[1].mean[0]), float(self.second[1].standard_error[0])
        place = self.pruned.index(trial)
        return float(self.comparison.mean[place]), float(self.comparison.standard_error[place])

    def verdict(self, trial: Trial) -> str | None:
        """ "no worse", "within noise" or "worse"; None: not tested."""
        if self.comparison is None or self.comparison.n_units < FEWEST_UNITS:
            return None
        if trial is self.trials.unpruned or any(trial is c for c in self.no_worse):
            return "no worse"
        return "worse" if self.comparison.worse[self.pruned.index(trial)] else "within noise"
