"""Conditions on the way to a leaf, and how text, Python and SQL write them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..exceptions import UnsupportedModelError


@dataclass(frozen=True)
class Condition:
    """A condition on one feature on the way to a leaf: a number in an interval or, with `missing`, a missing value."""

    low: float = -np.inf
    low_open: bool = False
    high: float = np.inf
    high_open: bool = False
    missing: bool = True

    def split(self, bound: float, is_open: bool, left: bool, missing: bool) -> "Condition":
        """The condition after a split: values up to the bound (if open, without it) go left."""
        missing = missing and self.missing
        if left:
            high, closed = min((self.high, not self.high_open), (bound, not is_open))
            return replace(self, high=high, high_open=not closed, missing=missing)
        low, low_open = max((self.low, self.low_open), (bound, not is_open))
        return replace(self, low=low, low_open=low_open, missing=missing)

    def and_also(self, other: "Condition") -> "Condition":
        """The condition that holds where both do."""
        if not isinstance(other, Condition):
            raise UnsupportedModelError("A column reaches the tree both as a number and encoded: no rule can say so.")
        left = self.split(other.high, other.high_open, True, other.missing)
        return left.split(other.low, not other.low_open, False, other.missing)

    def holds(self, number: float) -> bool:
        """Whether a number, NaN if it is missing, fulfils it."""
        if number != number:
            return self.missing
        above = number > self.low if self.low_open else number >= self.low
        return above and (number < self.high if self.high_open else number <= self.high)

    @property
    def empty(self) -> bool:
        """Whether the condition holds for no number."""
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def write(self, name: str, language: "Language") -> str:
        """The condition in a language; empty if everything fulfils it."""
        if self.empty:
            return language.missing.format(name=name) if self.missing else language.never
        tests = []
        if self.low > -np.inf or self.low_open:
            tests.append(f"{name} {'>' if self.low_open else '>='} {language.number(self.low)}")
        if self.high < np.inf or self.high_open:
            tests.append(f"{name} {'<' if self.high_open else '<='} {language.number(self.high)}")
        if not tests:
            return "" if self.missing else language.present.format(name=name)
        interval = language.both.join(tests)
        return language.also_missing.format(test=interval, name=name) if self.missing else interval


@dataclass(frozen=True)
class CategoryCondition:
    """A condition on one categorical feature on the way to a leaf: within a set, or outside of one."""

    values: frozenset = frozenset()
    within: bool = False
    missing: bool = True

    def split(self, chosen: frozenset, inside: bool, missing: bool) -> "CategoryCondition":
        """The condition on one side of a split: values among the chosen ones, or all others."""
        missing = missing and self.missing
        if inside:
            values = chosen & self.values if self.within else chosen - self.values
        else:
            values = self.values - chosen if self.within else self.values | chosen
        return CategoryCondition(values, self.within or inside, missing)

    def and_also(self, other: "CategoryCondition") -> "CategoryCondition":
        """The condition that holds where both do."""
        if not isinstance(other, CategoryCondition):
            raise UnsupportedModelError("A column reaches the tree both as a number and encoded: no rule can say so.")
        return self.split(other.values, other.within, other.missing)

    def holds(self, value: Any) -> bool:
        """Whether a value, NaN if it is missing, fulfils it."""
        return self.missing if value != value else (value in self.values) == self.within

    def write(self, name: str, language: "Language") -> str:
        """The condition in a language; empty if everything fulfils it."""
        language = language.of_categories or language
        if not self.values:
            if self.within:
                return language.missing.format(name=name) if self.missing else language.never
            return "" if self.missing else language.present.format(name=name)
        values = ", ".join(language.value(value) for value in sorted(self.values, key=_in_order))
        test = (language.within if self.within else language.outside).format(name=name, values=values)
        if self.missing:
            return language.also_missing.format(test=test, name=name)
        return test if self.within else language.but_present.format(test=test, name=name)


def _in_order(value):
    """Numbers before text."""
    return (1, 0.0, value) if isinstance(value, str) else (0, value, "")


class Language:
    """How text says it; numbers to six digits."""

    missing, present, both = "{name} is missing", "{name} is not missing", " and "
    also_missing, but_present = "{test} (or missing)", "{test} (nor missing)"
    within, outside, never = "{name} in {{{values}}}", "{name} not in {{{values}}}", "never"
    of_categories: "Language | None" = None  # where it is another

    def number(self, bound):
        """A number."""
        return format(bound, ".6g")

    def value(self, value):
        """A category: a number or text."""
        return self.number(value) if isinstance(value, (int, float)) else str(value)


class Quiet(Language):
    """Text that does not mention missing values."""

    present, also_missing, but_present = "", "{test}", "{test}"


class Python(Language):
    """How Python does."""

    missing, present = "{name} != {name}", "{name} == {name}"  # only NaN differs from itself
    also_missing = "({test} or {name} != {name})"
    but_present = "({test} and {name} == {name})"
    never = "False"

    def number(self, bound):
        """A number, to the last bit."""
        return repr(bound) if np.isfinite(bound) else f"float('{bound}')"

    def value(self, value):
        """A category."""
        return repr(value)


class _PythonOfCategories(Python):
    """How Python does where a missing value can be None too."""

    missing, present = "({name} is None or {name} != {name})", "({name} is not None and {name} == {name})"
    also_missing = "({test} or {name} is None or {name} != {name})"
    but_present = "({test} and {name} is not None and {name} == {name})"


Python.of_categories = _PythonOfCategories()


class SQL(Language):
    """How SQL does."""

    missing, present, both = "{name} IS NULL", "{name} IS NOT NULL", " AND "
    also_missing = "({test} OR {name} IS NULL)"
    but_present = "{test}"  # NULL is in no list, nor outside of one
    within, outside, never = "{name} IN ({values})", "{name} NOT IN ({values})", "1 = 0"

    def number(self, bound):
        """A number, to the last bit."""
        return repr(bound) if np.isfinite(bound) else f"{'-' if bound < 0 else ''}9e999"

    def value(self, value):
        """A category or a label: a truth value, a number or text."""
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, (int, float)):
            return self.number(value)
        text = str(value)
        if "\0" in text:
            raise ValueError(f"SQL has no text with a null character: {text!r}.")
        return "'" + text.replace("'", "''") + "'"
