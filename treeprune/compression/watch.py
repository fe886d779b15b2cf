"""What ends a search early, and what is shown of it: the time limit, Ctrl-C, and progress."""

import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from time import perf_counter
from types import TracebackType
from typing import Any

from .trial import Trial


class Watch:
    """Follows trials until they end, the time is up, or the user interrupts; a context in which progress is shown.

    Parameters
    ----------
    time_limit : float or None
        Seconds from now on.
    verbose : bool or int
        Whether to show what is tried, the best so far and the time, on standard error.

    Attributes
    ----------
    stopped : str
        Why not all was tried, as a sentence; empty: all was.
    """

    def __init__(self, time_limit: float | None = None, verbose: bool | int = False):
        self.time_limit, self.verbose, self.stopped = time_limit, verbose, ""
        self._why = f"The time limit of {time_limit or 0.0:g} s ended the search before all was tried."
        self._start = perf_counter()
        self._status: Any = None

    def share(self, n_left: int) -> "Watch":
        """The watch of one of the searches that are left: with its share of the time, or none after an interruption."""
        left = 0.0 if self.stopped else self.seconds_left / n_left
        part = Watch(None if left == float("inf") else left)
        part._why, part._status = self.stopped or self._why, self._status
        return part

    def __enter__(self) -> "Watch":
        if self.verbose:
            from rich.console import Console

            self._status = Console(stderr=True).status("Fitting the model on the rows of the search ...")
            self._status.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._status is not None:
            self._status.stop()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return perf_counter() - self._start

    @property
    def seconds_left(self) -> float:
        """Seconds up to the limit."""
        return float("inf") if self.time_limit is None else self.time_limit - self.seconds

    def follow(
        self,
        trials: Generator[Trial, None, Any],
        found: list[Trial],
        reserve: Callable[[], float] = lambda: 0.0,
        best: Callable[[list[Trial]], Trial | None] = lambda found: found[-1],
        *,
        needed: bool = True,
    ) -> None:
        """Add trials to those found, until one of them is good enough and there is no time for one more.

        Parameters
        ----------
        trials : generator of Trial
        found : list of Trial
        reserve : callable
            Seconds that will be needed afterwards.
        best : callable
            The best of those found; None: none is good enough.
        needed : bool
            Whether one must be found.

        Raises
        ------
        KeyboardInterrupt
            The user interrupts before anything was found that is good enough.
        """
        n_before, longest, last = len(found), 0.0, perf_counter()
        try:
            with closing(trials):
                for trial in trials:
                    found.append(trial)
                    longest, last = max(longest, perf_counter() - last), perf_counter()
                    so_far = best(found)
                    self.show(f"{trial.name} {trial.parameters}", so_far)
                    if so_far is not None and self.seconds_left < longest + reserve():
                        self.stopped = self._why
                        break
        except KeyboardInterrupt:
            if needed and (len(found) == n_before or best(found) is None):
                raise
            self.interrupt()

    def interrupt(self) -> None:
        """End the search, with a warning: the user wants what was found by now."""
        self.stopped = "Interrupted: this is the best of what was tried by then."
        warnings.warn(self.stopped, stacklevel=4)

    def show(self, what: str, best: Trial | None = None) -> None:
        """Show what is going on."""
        if self._status is None:
            return
        so_far = "" if best is None else f" | best so far: {best.n_nodes:,} {best.counted}, loss {best.loss:.4g}"
        left = "" if self.time_limit is None else f", at most {max(self.seconds_left, 0.0):.0f} s left"
        self._status.update(f"{what}{so_far} | {self.seconds:.0f} s{left}")
