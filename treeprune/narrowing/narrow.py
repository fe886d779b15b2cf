"""One transformer, or several one after the other, with fewer columns."""

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer

from . import find_narrower
from .base import Mask, Narrowed, all_columns_of, gives_frames, names_of, same_steps
from .choosing import behind_choice, is_filter, only_filtered, with_filter


def narrow(step: Any, wanted: Mask, given: bool | None, exact: bool) -> Narrowed:
    """A fitted transformer without the columns that nothing needs, with a filter behind it where it gives others too.

    There is none behind a transformer that nothing is known of: it gives more than what is wanted.

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
    found, sparse = narrower.narrowed(wanted, given), comes_out_sparse(step, given, exact)
    found = found._replace(step=step) if narrower.is_unchanged(found) else found
    if np.array_equal(found.gives, wanted) or not narrower.is_known:
        return found
    return Narrowed(with_filter(found.step, wanted[found.gives], sparse), found.needs, wanted)


def comes_out_sparse(step: Any, given: bool | None, exact: bool) -> bool | None:
    """Whether sparse rows come out of a step, given whether sparse ones go in; None: it cannot be told."""
    if passes(step):
        return given
    return False if gives_frames(step) else find_narrower(step, exact).is_sparse(given)


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


def _narrowed_from(steps, places, wanted, sparse, exact, takes):
    """The steps, those at some places narrowed; None: one of these gives other columns than those behind it take."""
    left, gives, filtering = list(steps), None, None
    for place in reversed(places):
        if wanted is None:  # texts
            break
        name, step = steps[place]
        found = narrow(step, wanted, sparse[place], exact)
        if gives is None:
            gives = found.gives  # the step behind the last takes them, whatever they are
        elif filtering is not None and only_filtered(found.step, step):  # the filter behind it does that already
            left[filtering], found = steps[filtering], found._replace(step=step, gives=np.ones_like(wanted))
        elif not np.array_equal(found.gives, wanted):
            return None
        filtering = place if is_filter(step) and wanted.all() else None
        left[place], wanted = (name, found.step), found.needs
        n_out = int(np.count_nonzero(found.gives))
    first, (name, step) = steps[places[0]][1], left[places[0]]
    if takes is not None and takes.all() and _chooses_the_same(first, step):
        left[places[0]], wanted = (name, first), takes
    elif takes is not None and wanted is not None and _must_choose(step, names_of(first), wanted, takes):
        names = None if names_of(first) is None else names_of(first)[takes]
        comes_out = None if _passes_frames(first) else comes_out_sparse(first, sparse[places[0]], exact)
        left[places[0]] = (name, behind_choice(step, wanted[takes], names, comes_out, n_out))
        wanted = takes
    return Narrowed(left, wanted, gives)


def _chooses_the_same(first, step):
    """Whether a step takes its own of all columns as it did before it was narrowed."""
    return (
        isinstance(first, ColumnTransformer)
        and first is not step
        and same_steps(first.transformers_, step.transformers_)
    )


def _must_choose(step, names, needs, takes):
    """Whether a narrowed step must be told which columns to take: there are more, or a frame may hold more."""
    if not np.array_equal(needs, takes):
        return True
    return names is not None and not needs.all() and not isinstance(step, ColumnTransformer)


def _from_frames(steps, real, behind):
    """The first of the real steps that may be narrowed: none before one that makes a frame of an array.

    The names of such a frame count its columns.
    """
    named = [names_of(step) is not None for step in [*(steps[i][1] for i in real), behind]]
    return max((i + 1 for i in range(len(real)) if named[i + 1] and not named[i]), default=0)


def _passes_frames(step):
    """Whether a step makes a frame of a frame, unless it is set to."""
    return isinstance(step, FunctionTransformer) and names_of(step) is not None and not gives_frames(step)


def _sparse_before(steps, given, exact):
    found = []
    for _, step in steps:
        found.append(given)
        given = comes_out_sparse(step, given, exact)
    return found


def passes(step: Any) -> bool:
    """Whether rows pass a step as they are; samplers draw rows for training only."""
    return step is None or isinstance(step, str) or hasattr(step, "fit_resample")
