"""Models inside composites, as deep as they come, exchanged for others."""

from collections.abc import Callable, Iterator
from typing import Any

from ..adapters import adapter_class, find_adapter
from ..exceptions import UnsupportedModelError
from . import find_composite
from .base import Given

_MOST_NAMED = 8


def exchanged(model: Any, exchange: Callable[[Any, Given], Any], given: Given) -> Any:
    """A copy of a model in which each tree model inside is another one.

    Parameters
    ----------
    model : object
        A fitted model that an adapter takes, or a composite of such and other models. It is not changed.
    exchange : callable
        ``exchange(tree_model, seen)`` gives the model to put in the place of a tree model, which sees the rows `seen`.
        It is called once for a model that stands in several places, which is then shared still.
    given : Given
        Rows as the whole model takes them.

    Returns
    -------
    object
        Of the same class.

    Raises
    ------
    UnsupportedModelError
        There is no tree model inside. The message names what there is.
    """
    if find_composite(model) is None:  # an adapter takes it, or says that none does
        return exchange(model, given)
    check_has_trees(model)
    return _exchanged(model, exchange, given, {})


def check_has_trees(model: Any) -> None:
    """Raise an error that says what there is where no tree model stands inside a model.

    Raises
    ------
    UnsupportedModelError
        No adapter takes the model, or one of those inside.
    """
    composite = find_composite(model)
    if composite is None:
        find_adapter(model)
    elif not _has_trees(model):
        raise UnsupportedModelError(f"There is no tree model inside {_held(composite)}.")


def _exchanged(model, exchange, given, done):
    if id(model) in done:
        return done[id(model)]
    composite = find_composite(model)
    if composite is None:
        other = exchange(model, given) if adapter_class(model) is not None else model
    else:
        parts = composite.parts()
        seen = [given if given.X is None or not _has_trees(part.model) else part.sees(given) for part in parts]
        other = composite.with_models(
            [_exchanged(part.model, exchange, rows, done) for part, rows in zip(parts, seen, strict=True)]
        )
    done[id(model)] = other
    return other


def tree_models(model: Any) -> Iterator[Any]:
    """The tree models inside a model, each once for every place in which it stands."""
    composite = find_composite(model)
    if composite is None:
        if adapter_class(model) is not None:
            yield model
        return
    for part in composite.parts():
        yield from tree_models(part.model)


def _has_trees(model):
    return any(True for _ in tree_models(model))


def _held(composite):
    """A composite without trees in words: its class and what stands inside."""
    steps = getattr(composite.model, "steps", None) or [(part.name, part.model) for part in composite.parts()]
    held = [f"{name} ({step if isinstance(step, str) else type(step).__name__})" for name, step in steps]
    more = f" and {len(held) - _MOST_NAMED} more" if len(held) > _MOST_NAMED else ""
    return f"{type(composite.model).__name__}, which holds {', '.join(held[:_MOST_NAMED]) or 'none'}{more}"
