"""Checks of the parameters of methods and estimators, in scikit-learn's words."""

from collections.abc import Callable, Collection
from numbers import Integral, Real
from typing import Any

import numpy as np


def is_number(value: Any, kind: type) -> bool:
    """Whether a value is a number of a kind (`numbers.Integral` or `numbers.Real`) and no bool."""
    return isinstance(value, kind) and not isinstance(value, (bool, np.bool_))


def refuse(owner: object, name: str, wanted: str) -> None:
    """Raise ValueError: the parameter `name` of `owner` must be what is wanted, and is something else."""
    raise ValueError(
        f"The {name!r} parameter of {type(owner).__name__} must be {wanted}. Got {getattr(owner, name)!r} instead."
    )


def check_number(
    owner: object,
    name: str,
    low: float,
    high: float = np.inf,
    *,
    closed: str = "left",
    kind: type = Real,
    none: bool = False,
) -> None:
    """Refuse a parameter that is no number within bounds.

    Parameters
    ----------
    owner : object
        Method or estimator that has the parameter.
    name : str
        The parameter.
    low, high : float
        Bounds.
    closed : {"left", "right", "both", "neither"}, default="left"
        Which bounds are values, too.
    kind : {Real, Integral}, default=Real
        Of `numbers`.
    none : bool, default=False
        Whether None is taken.

    Raises
    ------
    ValueError
        Names the parameter, what it may be, and what it is.
    """
    value = getattr(owner, name)
    if none and value is None:
        return
    left, right = closed in ("left", "both"), closed in ("right", "both")
    if (
        not is_number(value, kind)
        or not (value >= low if left else value > low)
        or not (value <= high if right else value < high)
    ):
        noun = "an int" if kind is Integral else "a float"
        bounds = f"{'[' if left else '('}{low}, {high}{']' if right else ')'}"
        refuse(owner, name, f"{noun} in the range {bounds}{' or None' if none else ''}")


def check_scoring(owner: str, estimator: Any, scoring: Any) -> Callable:
    """scikit-learn's `check_scoring`, which names the parameter of `owner`, and its value.

    Raises
    ------
    ValueError
        There is no such scorer.
    """
    from sklearn import metrics

    try:
        return metrics.check_scoring(estimator, scoring=scoring)
    except ValueError:  # lists all names there are
        raise ValueError(
            f"The 'scoring' parameter of {owner} must be a name among sklearn.metrics.get_scorer_names(), a callable "
            f"or None. Got {scoring!r}."
        ) from None


def check_bool(owner: object, name: str) -> None:
    """Refuse a parameter that is no bool."""
    if not isinstance(getattr(owner, name), (bool, np.bool_)):
        refuse(owner, name, "a bool")


def check_choice(owner: object, name: str, choices: Collection[str | None]) -> None:
    """Refuse a parameter that is not among a few strings (or None)."""
    value = getattr(owner, name)
    if not (value is None or isinstance(value, str)) or value not in choices:
        refuse(owner, name, f"a str among {{{', '.join(map(repr, choices))}}}")


def check_n_jobs(owner: object, name: str = "n_jobs") -> None:
    """Refuse a number of jobs that joblib does not know: None, or an int other than 0."""
    value = getattr(owner, name)
    if value is not None and (not is_number(value, Integral) or value == 0):
        refuse(owner, name, "None or an int other than 0")
