"""Fitted transformers with fewer columns: one file per kind, found by the class path of the transformer."""

from functools import cache
from typing import Any

from sklearn.feature_selection import SelectorMixin

from ..core.class_paths import by_model, class_paths
from .base import Narrowed, Narrower
from .selectors import SelectorNarrower


@cache
def narrowers_by_class() -> dict[str, type[Narrower]]:
    """Classes of narrowers by the class path of the transformers that they take."""
    return by_model(__name__, Narrower)


def find_narrower(step: Any, exact: bool = True) -> Narrower:
    """The narrower of a fitted transformer; that of an unknown one keeps it whole.

    A class that is derived from a known one counts as unknown: it may transform in a way of its own. Selectors are
    known by the ``transform`` that they inherit.
    """
    if isinstance(step, SelectorMixin) and type(step).transform is SelectorMixin.transform:
        return SelectorNarrower(step, exact)
    return narrowers_by_class().get(class_paths(step)[0], Narrower)(step, exact)


__all__ = ["Narrowed", "Narrower", "find_narrower", "narrowers_by_class"]
