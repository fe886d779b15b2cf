"""One transformer, or several one after the other, with fewer columns."""

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer

from . import find_narrower
from .base import Mask, Narrowed, all_columns_of, names_of
from .choosing import behind_choice, with_filter


def narrow(step: Any, wanted: Mask, given: bool | None, exact: bool) -> Narrowed:
    """A fitted transformer without the columns that nothing needs, with a filter behind it where it gives others too.

    Without a filter, what is given may be more than what is wanted: where it cannot be told whether rows are sparse.

    Parameters
    ----------
    step : object
    wanted : ndarray of bool, shape (n_columns_out,)
        Which of the columns that come out something needs.
    given : bool or None
        Whether sparse rows go in; None: it cannot be told.
    exact : bool
        Whether what comes out must stay the same.
    """
    narrower = find_narrower(step, exact)
    found, sparse = narrower.narrowed(wanted, given), narrower.is_sparse(given)
    if sparse is None or np.array_equal(found.gives, wanted):
        return found
    return Narrowed(with_filter(found.step, wanted[found.gives], sparse), found.needs, wanted)


def narrow_steps(
    steps: list, wanted: Mask, given: bool | None, exact: bool, behind: Any = None, takes: Mask | None = None
) -> Narrowed:
    """The steps of a pipeline without the columns that nothing needs; they are `Narrowed.step`.

    A step that cannot give fewer columns stays whole, and so do those before it.

    Parameters
    ----------
    steps : list of (str, object)
    wanted, given, exact
        As `narrow`.
    behind : object, optional
        The step that takes what comes out.
    takes : ndarray of bool, shape (n_columns_in,), optional
        Which columns there are to take: those that are needed, and others besides. The first step chooses its own
        among them, from a frame by name, whatever else that holds. None: just those that are needed.
    """
    real = [i for i, (_, step) in enumerate(steps) if not passes(step)]
    sparse = _sparse_before(steps, given, exact)
    for start in range(_from_frames(steps, real, behind), len(real)):
        whole = all_columns_of(steps[real[start]][1])
        found = _narrowed_from(steps, real[start:], wanted, sparse, exact, takes if start == 0 else whole)
        if found is not None:
            return found if start == 0 else found._replace(needs=all_columns_of(steps[real[0]][1]))
    if not real:
        return Narrowed(steps, wanted, wanted if takes is None else takes)
    return Narrowed(steps, all_columns_of(steps[real[0]][1]), np.ones_like(wanted))


def is_sparse_after(steps: list, given: bool | None, exact: bool = True) -> bool | None:
    """Whether sparse rows come out of steps, given whether sparse ones go in; None: it cannot be told."""
    return _sparse_before([*steps, ("", None)], given, exact)[-1]


def _narrowed_from(steps, places, wanted, sparse, exact, takes):
    """The steps, those at some places narrowed; None: one of these gives other columns than those behind it take."""
    left, gives = list(steps), None
    for place in reversed(places):
        if wanted is None:  # texts
            break
        name, step = steps[place]
        found = narrow(step, wanted, sparse[place], exact)
        if gives is None:
            gives = found.gives  # the step behind the last takes them, whatever they are
        elif not np.array_equal(found.gives, wanted):
            return None
        left[place], wanted = (name, found.step), found.needs
        n_out = int(np.count_nonzero(found.gives))
    if (
        takes is not None
        and wanted is not None
        and _must_choose(left[places[0]][1], steps[places[0]][1], wanted, takes)
    ):
        name, step = left[places[0]]
        comes_out, names = is_sparse_after([steps[places[0]]], sparse[places[0]], exact), names_of(steps[places[0]][1])
        if comes_out is None:
            return None
        names = None if names is None else names[takes]
        left[places[0]] = (name, behind_choice(name, step, wanted[takes], names, comes_out, n_out))
        wanted = takes
    return Narrowed(left, wanted, gives)


def _must_choose(step, before, needs, takes):
    """Whether a narrowed step must be told to take some columns only: also of a frame that may hold others."""
    if not np.array_equal(needs, takes):
        return True
    return names_of(before) is not None and not needs.all() and not isinstance(step, ColumnTransformer)


def _from_frames(steps, real, behind):
    """The first of the real steps that may be narrowed: none before one that makes a frame of an array.

    The names of such a frame count its columns.
    """
    named = [names_of(step) is not None for step in [*(steps[i][1] for i in real), behind]]
    return max((i + 1 for i in range(len(real)) if named[i + 1] and not named[i]), default=0)


def _sparse_before(steps, given, exact):
    found = []
    for _, step in steps:
        found.append(given)
        if not passes(step):
            given = find_narrower(step, exact).is_sparse(given)
    return found


def passes(step: Any) -> bool:
    """Whether rows pass a step as they are; samplers draw rows for training only."""
    return step is None or isinstance(step, str) or hasattr(step, "fit_resample")
