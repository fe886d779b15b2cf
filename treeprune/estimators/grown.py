"""A model as the meta-estimators fit it, and the tree models inside it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..adapters import find_adapter
from ..adapters.base import Adapter
from ..composites.base import Given
from ..composites.exchange import Inside, check_holds, inside, passes_on, tree_models, with_tree_models
from ..composites.kinds import LAYERS
from ..layer_pruning import prune_layers
from ..layers.methods import LayerMethod


@dataclass(frozen=True, eq=False)
class Grown:
    """A fitted model, and the tree models inside it as their adapters see them.

    Parameters
    ----------
    whole : object
        The fitted model.
    adapters : list of Adapter
        The tree models inside, each once; of a tree model itself, its own.
    data : list of tuple
        For each of them the X, y, weights and offsets that it sees, for methods that need rows; or empty tuples.
    exactly : bool
        Whether all of them were fitted on just what they see of the rows that the whole was fitted on.
    """

    whole: Any
    adapters: list[Adapter]
    data: list[tuple]
    exactly: bool = True

    @classmethod
    def on(cls, whole: Any, training: Given, *, weighed: bool, needs_rows: bool) -> "Grown":
        """What a model is after it was fitted on some rows, with their weights or not."""
        known = adapters_inside(whole)
        found = list(inside(whole, training if needs_rows else if_needed(known.values(), training)))
        adapters = [fitted(known[id(each.model)], each, weighed).completed(*each.seen[0]) for each in found]
        data: list[tuple] = [tuple(each.seen[0]) if needs_rows else () for each in found]
        return cls(whole, adapters, data, all(each.exactly for each in found))

    @property
    def is_tree_model(self) -> bool:
        """Whether an adapter takes the model itself."""
        return self.adapters[0].model is self.whole

    @property
    def passes_on(self) -> bool:
        """Whether the model predicts what a single tree model inside it does of what that sees."""
        return passes_on(self.whole)

    def seen(self, given: Given) -> Given:
        """What the first of the tree models sees of other rows."""
        return next(inside(self.whole, given)).seen[0]

    def put_back(self, others: Sequence[Any]) -> Any:
        """A copy of the model with others in the places of the tree models inside."""
        olds = (id(adapter.model) for adapter in self.adapters)
        return with_tree_models(self.whole, dict(zip(olds, others, strict=True)))

    def pruned(self, prune: Callable[[Adapter, tuple], Any]) -> Any:
        """A copy of the model with each tree model pruned, given its adapter and what it sees."""
        return self.put_back([prune(*each) for each in zip(self.adapters, self.data, strict=True)])


@dataclass(frozen=True, eq=False)
class GrownLayers:
    """A fitted model that is made of weights, or holds such models.

    Parameters
    ----------
    whole : object
        The fitted model.
    training : Given
        Rows for calibration, such as those that it was fitted on.
    """

    whole: Any
    training: Given

    def __post_init__(self):
        check_holds(self.whole, LAYERS)

    def pruned(self, method: LayerMethod) -> Any:
        """A copy of the model with all that is made of weights pruned."""
        X, y, sample_weight, _ = self.training if method.needs_rows else Given()
        return prune_layers(self.whole, method, X, y, sample_weight)


def adapters_inside(whole: Any) -> dict[int, Adapter]:
    """The adapters of the tree models inside a model, by the `id` of each, so that each is read once."""
    return {id(tree_model): find_adapter(tree_model) for tree_model in tree_models(whole)}


def if_needed(adapters: Iterable[Adapter], training: Given) -> Given:
    """Training rows, where a tree model inside does not tell all that they do; else none, to spare the steps."""
    return training if any(a.class_weighting is not None or a.lacks_values for a in adapters) else Given()


def fitted(adapter: Adapter, found: Inside, weighed: bool) -> Adapter:
    """An adapter that knows the targets that a tree model inside another was fitted on, if these are known.

    Parameters
    ----------
    adapter : Adapter
        Of the tree model, or of what pruning made of it.
    found : Inside
        The tree model, and first of all what it sees of the training rows.
    weighed : bool
        Whether the whole was fitted with their weights.
    """
    training = found.seen[0]
    return adapter.fitted_on(training.y, training.sample_weight if weighed else None) if found.exactly else adapter
