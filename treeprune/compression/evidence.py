"""What the held-out rows show about prunings beside the model as it is."""

from collections.abc import Sequence
from typing import Any

from .no_worse import FEWEST_UNITS, LEVEL, Comparison
from .second_look import look_again_at, second_look
from .trial import Trial

#: Share of the level that the first look keeps where a second one follows. The second has three times the rows and
#: corrects for nothing, so that it shows more at the same level.
_FIRST = 0.1


class Evidence:
    """Which prunings are shown to be no worse than the model as it is.

    Where a second look at other rows is possible, the two share the level, so that both together keep it.

    Parameters
    ----------
    trials : Trials or LayerTrials
    found : sequence of Trial
        Prunings; the model as it is may be among them.
    again : bool
        Whether a second look is taken for the smallest that is no worse.

    Attributes
    ----------
    pruned : list of Trial
        Of `found`, without the model as it is.
    comparison : Comparison or None
        Of these with it; None: nothing can be shown.
    no_worse : list of Trial
        Those that are shown to be no worse, and that can be made as they were judged.
    second : tuple of (Trial, Comparison) or None
        What a second look was taken at, and how it did there.
    """

    def __init__(self, trials: Any, found: Sequence[Trial], again: bool = False):
        self.trials, self.pruned = trials, [c for c in found if c is not trials.unpruned]
        self.comparison = trials.compared(self.pruned, _FIRST * LEVEL if again else LEVEL)
        self.no_worse: list[Trial] = []
        self.second: tuple[Trial, Comparison] | None = None
        if self.comparison is None:
            return
        shown = zip(self.pruned, self.comparison.no_worse, strict=True)
        self.no_worse = [c for c, no_worse in shown if no_worse and c.is_exact]
        if again:
            self.second = second_look(trials, self.pruned, self.comparison, (1.0 - _FIRST) * LEVEL)
        if self.second is not None:
            self.no_worse.append(self.second[0])

    def look_again(self, chosen: Trial) -> None:
        """Compare the one chosen on rows that did not choose it."""
        again = look_again_at(self.trials, self.pruned, chosen)
        self.second = None if again is None else (chosen, again)

    @property
    def smallest(self) -> Trial | None:
        """The smallest that is shown to be no worse; None: there is none."""
        return min(self.no_worse, key=lambda c: (c.n_nodes, c.loss), default=None)

    def of(self, trial: Trial) -> tuple[Any, int]:
        """The comparison that tells how a trial does, and its place there."""
        if self.second is not None and trial is self.second[0]:
            return self.second[1], 0
        if self.comparison is None:
            raise ValueError("Nothing was compared.")
        return self.comparison, self.pruned.index(trial)

    def verdict(self, trial: Trial) -> str | None:
        """ "no worse", "within noise" or "worse"; None: not tested."""
        if self.comparison is None or self.comparison.n_units < FEWEST_UNITS:
            return None
        if trial is self.trials.unpruned:
            return "no worse"
        comparison, place = self.of(trial)
        if comparison.no_worse[place]:
            return "no worse"
        return "worse" if comparison.worse[place] else "within noise"
