"""Models inside composites, as deep as they come: what each of them sees of rows, and others in their places."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..adapters import find_adapter
from ..core.forest import Forest
from ..exceptions import UnsupportedModelError
from . import find_composite
from .base import Given
from .kinds import KINDS, LAYERS, TREES, Kind

_MOST_NAMED = 8


class Inside(NamedTuple):
    """A tree model, or one of another kind, inside a model.

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


def exchanged(model: Any, exchange: Callable[..., Any], *givens: Given, kind: Kind = TREES) -> Any:
    """A copy of a model in which each tree model inside, or each of another kind, is another one.

    Parameters
    ----------
    model : object
        A fitted model that an adapter takes, or a composite of such and other models. It is not changed.
    exchange : callable
        ``exchange(tree_model, *seen)`` gives the model to put in the place of a tree model, which sees the rows `seen`.
        It is called once for a model that stands in several places, which is then shared still.
    *givens : Given
        Rows as the whole model takes them.
    kind : Kind, default=TREES
        Which models inside are exchanged.

    Returns
    -------
    object
        Of the same class.

    Raises
    ------
    UnsupportedModelError
        There is no tree model inside. The message names what there is.
    """
    found = inside(model, *givens, kind=kind)
    return with_tree_models(model, {id(one): exchange(one, *seen) for one, seen, _ in found})


def inside(model: Any, *givens: Given, kind: Kind = TREES) -> Iterator[Inside]:
    """The models of a kind inside a model, each once, with what they see of rows; parameters as `exchanged`."""
    check_holds(model, kind)
    return _inside(model, givens, kind, True, set())


def _inside(model, givens, kind, exactly, done):
    if id(model) in done:
        return
    done.add(id(model))
    composite = find_composite(model)
    if composite is None:
        if kind.takes(model):
            yield Inside(model, givens, exactly)
        return
    for part in composite.parts():
        if holds(part.model, kind):
            seen = tuple(given if given.X is None else part.sees(given) for given in givens)
            yield from _inside(part.model, seen, kind, exactly and part.sees_all, done)


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
    if composite is None or not holds(model):
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


def layers_size(model: Any) -> tuple[int, int]:
    """Weights other than zero, and units, of all models made of weights inside a model, each once."""
    found = [LAYERS.find_adapter(found.model).layers for found in inside(model, kind=LAYERS)]
    return sum(layers.n_weights for layers in found), sum(layers.n_units for layers in found)


def sizes(model: Any) -> dict[str, int]:
    """All sizes of a model, by what they count: of trees, if it holds any, and of models made of weights."""
    counted = ((TREES, ("n_leaves", "n_nodes"), size), (LAYERS, ("n_weights", "n_units"), layers_size))
    return {
        name: number
        for kind, names, count in counted
        if holds(model, kind)
        for name, number in zip(names, count(model), strict=True)
    }


def forests(model: Any) -> list[Forest]:
    """The trees of all tree models inside a model, each once, checked; errors as `exchanged`."""
    return [find_adapter(found.model).forest for found in inside(model)]


def check_holds(model: Any, *kinds: Kind) -> None:
    """Raise an error that says what there is where no model of some kinds stands inside a model.

    Raises
    ------
    UnsupportedModelError
        No adapter takes the model, or one of those inside.
    """
    if any(holds(model, kind) for kind in kinds):
        return
    others = [kind for kind in KINDS if kind not in kinds and holds(model, kind)]
    hint = "".join(f" There is a {kind.noun}, which methods such as {kind.method} prune." for kind in others)
    composite = find_composite(model)
    if composite is not None:
        nouns = " or ".join(kind.noun for kind in kinds)
        raise UnsupportedModelError(f"There is no {nouns} inside {_held(composite)}.{hint}")
    try:
        kinds[0].find_adapter(model)
    except UnsupportedModelError as error:
        raise UnsupportedModelError(f"{error}{hint}") from None


def tree_models(model: Any) -> Iterator[Any]:
    """The tree models inside a model, each once, in the order in which they stand."""
    return (found.model for found in _inside(model, (), TREES, True, set()))


def holds(model: Any, kind: Kind = TREES) -> bool:
    """Whether a model is of a kind, or one inside is."""
    return any(True for _ in _inside(model, (), kind, True, set()))


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
