"""Models taken apart for compact files, and put together again."""

import copy
import warnings
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from ..core.forest import Forest
from ..exceptions import UnsupportedModelError
from .base import Adapter


@dataclass(frozen=True)
class StoredModel:
    """A model taken apart: `Storage.assembled` makes it again of the skeleton and the trees.

    Parameters
    ----------
    skeleton : object
        The model without the arrays of its trees: plain values, arrays and objects of the adapter's `parts`.
    trees : list of dict of str to ndarray
        The arrays of each tree, as the model holds them.
    forest : Forest
        The same trees with the model's own numbers in all fields, in canonical order; the ids of each tree's nodes
        count from 0.
    """

    skeleton: Any
    trees: list[dict[str, NDArray]]
    forest: Forest


class Storage(Adapter):
    """What an adapter adds for compact files.

    A file holds a model's skeleton, its packed Forest, and those arrays of its trees that differ from what `arrays_of`
    derives from the two. Older files must still load, so `arrays_of` must always derive the same.

    Attributes
    ----------
    format_name : str
        The family's name in compact files. It never changes, whatever the adapter is called.
    parts : tuple of str
        Paths of the classes and functions that a skeleton may hold besides plain values and arrays, the model's own
        class included.
    needed : tuple of str
        Statistics of nodes (`compact.packing.STATISTICS`) that predictions depend on.
    structure : frozenset of str
        Arrays that always come from the Forest, which is checked: a file may not hold others in their place.
    unused : frozenset of str
        Arrays that predictions do not depend on, or only on what the Forest holds of them.
    """

    format_name: ClassVar[str]
    parts: ClassVar[tuple[str, ...]] = ()
    needed: ClassVar[tuple[str, ...]] = ()
    structure: ClassVar[frozenset[str]] = frozenset()
    unused: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def stored(self, full: bool) -> StoredModel:
        """The model taken apart for a file; if not `full`, without what describes its training rows."""

    @classmethod
    @abstractmethod
    def arrays_of(cls, skeleton: Any, forest: Forest) -> list[dict[str, NDArray]]:
        """The arrays of each tree as they follow from the skeleton and the forest.

        They may differ from those of `StoredModel.trees`, whose differences are stored beside the forest.
        """

    @classmethod
    @abstractmethod
    def assembled(cls, skeleton: Any, trees: list[dict[str, NDArray]]) -> Any:
        """The model again.

        The arrays named in `structure` come from a checked Forest. All others come from the file: they must be checked
        here, alone and against the skeleton, before compiled code sees them.
        """


def lost_function(y_true: Any, y_pred: Any) -> Any:
    """What stands in a loaded model for the objective or the metric of its own: a file cannot hold a function.

    Raises
    ------
    UnsupportedModelError
        Always: the loaded model predicts, but cannot be fitted until it is given the function.
    """
    raise UnsupportedModelError(
        "The model is from a compact file, which cannot hold the function given as its objective or metric: "
        "set it with set_params before you fit the model."
    )


#: The path of `lost_function`, which skeletons of wrappers may hold.
LOST_FUNCTION = f"{__name__}.{lost_function.__name__}"


def without_functions(wrapper: Any) -> Any:
    """A copy of a booster's wrapper with `lost_function` in the place of other functions."""
    wrapper, lost = copy.copy(wrapper), []
    for name, value in list(vars(wrapper).items()):
        if name in ("objective", "_objective", "eval_metric") and callable(value):
            setattr(wrapper, name, lost_function)
            lost.append(name)
    if lost:
        names = " and ".join(sorted({name.removeprefix("_") for name in lost}))
        warnings.warn(
            f"The {names} of {type(wrapper).__name__} is a function, which a compact file cannot hold: the loaded "
            "model predicts the same, but does not know its loss.",
            stacklevel=5,
        )
    return wrapper
