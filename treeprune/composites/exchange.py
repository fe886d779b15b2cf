"""Models inside composites, as deep as they come: what each of them sees of rows, and others in their places."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..adapters import adapter_class, find_adapter
from ..core.forest import Forest
from ..exceptions import UnsupportedModelError
from . import find_composite
from .base import Given

_MOST_NAMED = 8


class Inside(NamedTuple):
    """A tree model inside a model.

    Parameters
    ----------
    model : object
        The tree model; the whole model itself, where that is one.
    seen : tuple of Given
        What it sees of rows.
    exactly : bool
        Whether it was fitted on just what it sees of the rows that the whole model was fitted on.
    """

    model: Any
    seen: tuple[Given, ...]
    exactly: bool


def exchanged(model: Any, exchange: Callable[..., Any], *givens: Given) -> Any:
    """A copy of a model in which each tree model inside is another one.

    Parameters
    ----------
    model : object
        A fitted model that an adapter takes, or a composite of such and other models. It is not changed.
    exchange : callable
        ``exchange(tree_model, *seen)`` gives the model to put in the place of a tree model, which sees the rows `seen`.
        It is called once for a model that stands in several places, which is then shared still.
    *givens : Given
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
    return with_tree_models(model, {id(tree): exchange(tree, *seen) for tree, seen, _ in inside(model, *givens)})


def inside(model: Any, *givens: Given) -> Iterator[Inside]:
    """The tree models inside a model, each once, with what they see of rows; parameters and errors as `exchanged`."""
    check_has_trees(model)
    return _inside(model, givens, True, set())


def _inside(model, givens, exactly, done):
    if id(model) in done:
        return
    done.add(id(model))
    composite = find_composite(model)
    if composite is None:
        if adapter_class(model) is not None:
            yield Inside(model, givens, exactly)
        return
    for part in composite.parts():
        if _has_trees(part.model):
            seen = tuple(given if given.X is None else part.sees(given) for given in givens)
            yield from _inside(part.model, seen, exactly and part.sees_all, done)


def with_tree_models(model: Any, others: dict[int, Any]) -> Any:
    """A copy of a model with other tree models in the places of those inside, by the `id` of each."""
    return _with_others(model, dict(others))


def _with_others(model, others):
    if id(model) not in others:  # a model that stands in several places stays one
        composite = find_composite(model)
        parts = () if composite is None else composite.parts()
        models = [_with_others(part.model, others) for part in parts]
        others[id(model)] = model if composite is None else composite.with_models(models)
    return others[id(model)]


def learns_from_trees(model: Any) -> bool:
    """Whether something in a model was fitted on what tree models inside it predict: calibrators, thresholds."""
    composite = find_composite(model)
    if composite is None or not _has_trees(model):
        return False
    return composite.learns_from_parts or any(learns_from_trees(part.model) for part in composite.parts())


def refitted(model: Any, given: Given) -> Any:
    """A copy of a model in which that is fitted anew on rows, from the inside out."""
    composite = find_composite(model)
    if composite is None or not learns_from_trees(model):
        return model
    models = [
        refitted(part.model, part.sees(given)) if learns_from_trees(part.model) else part.model
        for part in composite.parts()
    ]
    return type(composite)(composite.with_models(models)).refitted(given)


def size(model: Any) -> tuple[int, int]:
    """Leaves and nodes of all tree models inside a model, of one that stands in several places once."""
    found = forests(model)
    return sum(forest.n_leaves for forest in found), sum(forest.n_nodes for forest in found)


def forests(model: Any) -> list[Forest]:
    """The trees of all tree models inside a model, each once, checked; errors as `exchanged`."""
    return [find_adapter(found.model).forest for found in inside(model)]


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


def tree_models(model: Any) -> Iterator[Any]:
    """The tree models inside a model, each once, in the order in which they stand."""
    return (found.model for found in _inside(model, (), True, set()))


def _has_trees(model):
    return any(True for _ in tree_models(model))


def passes_on(model: Any) -> bool:
    """Whether a model predicts what a single tree model inside it does of what that sees; one itself does."""
    composite = find_composite(model)
    return composite is None or (composite.passes_on and all(passes_on(part.model) for part in composite.parts()))


def _held(composite):
    """A composite without trees in words: its class and what stands inside."""
    steps = getattr(composite.model, "steps", None) or [(part.name, part.model) for part in composite.parts()]
    held = [f"{name} ({step if isinstance(step, str) else type(step).__name__})" for name, step in steps]
    more = f" and {len(held) - _MOST_NAMED} more" if len(held) > _MOST_NAMED else ""
    return f"{type(composite.model).__name__}, which holds {', '.join(held[:_MOST_NAMED]) or 'none'}{more}"
