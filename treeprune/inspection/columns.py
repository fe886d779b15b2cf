"""What a column that reaches the tree is of a column of the table, and what conditions on it mean there."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..exceptions import UnsupportedModelError
from .conditions import CategoryCondition, Condition

#: A monotone function of numbers, from array to array; it hands on NaN.
Step: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_LARGEST = np.finfo(np.float64).max
#: Places of the largest and the least finite number in the order of all numbers of double precision.
_HIGHEST = int(_LARGEST.view(np.int64))
_LOWEST = -_HIGHEST


class Column(ABC):
    """A column that reaches the tree, or a step on the way to it."""

    #: Of the column in the table.
    place: int

    @abstractmethod
    def conditions(self, of_tree: list) -> list:
        """The conditions on the column of the table that conditions on this one mean."""

    @abstractmethod
    def then(self, step: Step) -> "Column":
        """The column that a function makes of this one."""

    def with_zeros_missing(self) -> "Column":
        """The column as a model sees it that takes zeros for missing values."""
        return self.then(lambda numbers: np.where(numbers == 0, np.nan, numbers))

    def filled(self, fill: Any) -> "Column":
        """The column with something in the place of missing values."""
        raise UnsupportedModelError("Rules cannot be made where missing values are filled behind an encoder.")

    def flag(self, is_text: bool) -> "Column":
        """The column that tells where this one is missing."""
        raise UnsupportedModelError("Rules cannot be made where missing values are flagged behind an encoder.")

    def mentions_missing(self, learned: bool) -> bool:
        """Whether text mentions missing values, given whether the tree learned where they go."""
        return learned


@dataclass(frozen=True)
class Unchanged(Column):
    """A column of the table as it stands there, or with its missing values filled and its numbers scaled.

    Parameters
    ----------
    place : int
    fill : object, default=nan
        What stands for missing values.
    steps : tuple of callable
        What is done to the numbers after that, one after the other.
    zeros_missing : bool
        Whether zeros count as missing values in the end.
    """

    place: int
    fill: Any = np.nan
    steps: tuple[Step, ...] = ()
    zeros_missing: bool = False

    def conditions(self, of_tree):
        """Bounds before scaling are the last numbers of double precision that end within those behind it."""
        if self.zeros_missing and any(condition.holds(0.0) != condition.missing for condition in of_tree):
            raise UnsupportedModelError(
                "Rules cannot be made where the model takes zeros of sparse rows for missing values, and sends them "
                "elsewhere than its bounds say. Dense rows (sparse_threshold=0) have no such zeros."
            )
        if self.steps:
            if not all(isinstance(condition, Condition) for condition in of_tree):
                raise UnsupportedModelError(
                    "Rules cannot be made where a scaled column reaches the tree as categories."
                )
            found, missing = before(self._behind, of_tree), self._behind(np.array([self.fill], np.float64))[0]
        elif self.fill == self.fill:
            found, missing = of_tree, self.fill
        else:
            return of_tree
        return [replace(a, missing=b.holds(missing)) for a, b in zip(found, of_tree, strict=True)]

    def _behind(self, numbers):
        for step in self.steps:  # which refuse infinite numbers
            numbers = np.clip(step(numbers), -_LARGEST, _LARGEST)
        return numbers

    def then(self, step):
        return replace(self, steps=(*self.steps, step))

    def with_zeros_missing(self):
        return replace(self, zeros_missing=True)

    def filled(self, fill):
        if self.fill == self.fill:  # nothing is missing any more
            return self
        if self.steps:
            raise UnsupportedModelError("Rules cannot be made where missing values are filled behind a scaler.")
        return replace(self, fill=fill)

    def flag(self, is_text):
        return Flag(self.place, is_text) if self.fill != self.fill else Flag(self.place, is_text, of_missing=0.0)

    def mentions_missing(self, learned):
        return learned or self.fill == self.fill


@dataclass(frozen=True)
class Flag(Column):
    """A column that tells where another is missing.

    Parameters
    ----------
    place : int
    is_text : bool
        Whether the column holds text, or other values that are no numbers.
    of_missing, of_present : float
        What stands for missing values and for all others.
    """

    place: int
    is_text: bool
    of_missing: float = 1.0
    of_present: float = 0.0

    def conditions(self, of_tree):
        return [self._condition(c.holds(self.of_present), c.holds(self.of_missing)) for c in of_tree]

    def _condition(self, present, missing):
        if self.is_text:
            return CategoryCondition(frozenset(), not present, missing)
        return Condition(missing=missing) if present else Condition(low=np.inf, high=-np.inf, missing=missing)

    def then(self, step):
        of_missing, of_present = step(np.array([self.of_missing, self.of_present])).tolist()
        return replace(self, of_missing=of_missing, of_present=of_present)

    def filled(self, fill):
        return self

    def mentions_missing(self, learned):
        return True


@dataclass(frozen=True)
class Encoded(Column):
    """A column that reaches the tree as numbers for its values.

    Parameters
    ----------
    place : int
        Of the column in the table.
    codes : dict of value to float
        What stands for each value that the encoder knows.
    missing, unknown : float or None
        What stands for missing values and for all others; None: the encoder refuses them.
    knows_missing : bool
        Whether missing values are among what the encoder was fitted on.
    """

    place: int
    codes: dict[Any, float]
    missing: float | None
    unknown: float | None
    knows_missing: bool

    def conditions(self, of_tree):
        return [self._condition(condition) for condition in of_tree]

    def _condition(self, of_tree):
        missing = self.missing is not None and of_tree.holds(self.missing)
        chosen = frozenset(value for value, code in self.codes.items() if of_tree.holds(code))
        if self.unknown is not None and of_tree.holds(self.unknown):
            return CategoryCondition(frozenset(self.codes) - chosen, False, missing)
        return CategoryCondition(chosen, True, missing)

    def then(self, step):
        codes = dict(zip(self.codes, step(np.array([*self.codes.values()], float)).tolist(), strict=True))
        others = (None if code is None else step(np.array([code])).item() for code in (self.missing, self.unknown))
        return Encoded(self.place, codes, *others, self.knows_missing)

    def mentions_missing(self, learned):
        return learned if self.missing is not None and np.isnan(self.missing) else self.knows_missing


@dataclass(frozen=True)
class Refused(Column):
    """A column for which no column of the table stands: rules cannot be made where the tree splits on it.

    Parameters
    ----------
    reason : str
    """

    reason: str
    place: int = -1

    def conditions(self, of_tree):
        raise UnsupportedModelError(self.reason)

    def then(self, step):
        return self

    def filled(self, fill):
        return self

    def flag(self, is_text):
        return self

    def mentions_missing(self, learned):
        return False


def before(function: Step, conditions: list[Condition]) -> list[Condition]:
    """Conditions on numbers that hold just where others hold for what a monotone function makes of them.

    The bounds are numbers of double precision: the first and the last one for which the other condition holds. They are
    searched for among all numbers, since with rounding no inverse function would tell them to the last bit. Where
    missing values go is left as it is.
    """
    low, high = (np.array([getattr(c, name) for c in conditions], np.float64) for name in ("low", "high"))
    low_open, high_open = (np.array([getattr(c, name) for c in conditions]) for name in ("low_open", "high_open"))
    start, end = function(np.array([-_LARGEST, _LARGEST]))
    sign = 1.0 if start <= end else -1.0
    if sign < 0:  # of a falling function, the negative rises
        low, high, low_open, high_open = -high, -low, high_open, low_open

    def rising(numbers):
        return sign * function(numbers)

    limits = np.concatenate([low, high])
    beyond = np.concatenate([low_open, ~high_open])  # whether the limit must be passed, or reached only
    first, after = np.split(_first(rising, limits, beyond), 2)
    return [
        replace(condition, low=a, low_open=False, high=b, high_open=False)
        for condition, a, b in zip(conditions, _from(first).tolist(), _up_to(after).tolist(), strict=True)
    ]


def _first(rising, limits, beyond):
    """Places of the first numbers for which a rising function reaches limits, or goes beyond; the next if none does."""
    places = np.where(limits < 0, _LOWEST, _HIGHEST + 1)  # of infinite limits
    finite = np.isfinite(limits)
    if not finite.any():
        return places
    limit, strictly = limits[finite], beyond[finite]

    def reached(place):
        value = rising(_numbers(np.clip(place, _LOWEST, _HIGHEST)))
        return (place > _HIGHEST) | ((place >= _LOWEST) & np.where(strictly, value > limit, value >= limit))

    high, step = _places(_nearly_inverse(rising, limit)), 1
    low = high - 1
    while (short := ~reached(high)).any():
        high = np.where(short, np.where(high > _HIGHEST + 1 - step, _HIGHEST + 1, high + step), high)
        step = min(2 * step, 2**62)
    step = 1
    while (far := reached(low)).any():
        low = np.where(far, np.where(low < _LOWEST - 1 + step, _LOWEST - 1, low - step), low)
        step = min(2 * step, 2**62)
    while (high > low + 1).any():  # reached at high, and not at low
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        here = reached(middle)
        low, high = np.where(here, low, middle), np.where(here, middle, high)
    places[finite] = high
    return places


def _nearly_inverse(rising, limits):
    """Numbers of which a function that is a straight line but for rounding makes nearly these."""
    number, (start, end) = np.zeros(len(limits)), rising(np.array([0.0, 1.0]))
    with np.errstate(all="ignore"):
        for _ in range(3):  # each step takes away most of what rounding left
            number = number + (limits - rising(number)) / (end - start)
            number = np.where(np.isfinite(number), np.clip(number, -_LARGEST, _LARGEST), 0.0)
    return number


def _from(first):
    """Lower bounds of what begins at places."""
    bound = np.where(first > _LOWEST, _numbers(np.minimum(first, _HIGHEST)), -np.inf)
    return np.where(first > _HIGHEST, np.inf, bound)


def _up_to(after):
    """Upper bounds of what is over at places."""
    bound = np.where(after <= _HIGHEST, _numbers(np.maximum(after - 1, _LOWEST)), np.inf)
    return np.where(after <= _LOWEST, -np.inf, bound)


def _places(numbers):
    """Places of finite numbers in the order of all numbers of double precision; both zeros have the place 0."""
    bits = numbers.view(np.int64)
    return np.where(bits >= 0, bits, np.iinfo(np.int64).min - bits)


def _numbers(places):
    """The inverse of `_places`."""
    return np.where(places >= 0, places, np.iinfo(np.int64).min - places).view(np.float64)
