"""prune and pruning_path for models made of weights."""

from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from .adapters.base import check_weights
from .composites.base import Given
from .composites.exchange import exchanged, layers_size, passes_on
from .composites.kinds import LAYERS
from .core.parameters import is_number
from .core.targets import check_target
from .layers.adapters import find_adapter
from .layers.methods import LayerMethod

if TYPE_CHECKING:
    import pandas as pd

#: Shares that go along a path.
AMOUNTS = (0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)


def prune_layers(
    model: Any, method: LayerMethod, X: Any = None, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
) -> Any:
    """Prune the models made of weights that a fitted model is or holds; parameters and errors as `treeprune.prune`."""
    method.check()
    _check_rows(model, X, y, sample_weight)

    def pruned(inner, seen):
        adapter = find_adapter(inner)
        rows = None if seen.X is None else adapter.rows(seen.X)
        weight = None if rows is None else check_weights(seen.sample_weight, rows.shape[0])
        return adapter.write(method.prune(adapter.layers, rows, weight))

    return exchanged(model, pruned, Given(X, y, sample_weight), kind=LAYERS)


def _check_rows(model, X, y, sample_weight):
    if X is None and (y is not None or sample_weight is not None):
        raise ValueError("The 'y' and 'sample_weight' parameters need X. Got X=None.")
    check_target(y)
    check_consistent_length(X, y)
    if X is not None and y is None and not passes_on(model):
        raise ValueError(f"The models inside {type(model).__name__} see rows by their targets: give y, too.")


def layers_path(
    model: Any, method: LayerMethod, X: Any = None, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
) -> "LayersPath":
    """All `AMOUNTS` of a method, with scores if there are targets; parameters and errors as `treeprune.prune`."""
    method.at(0.0)
    prune = _Prune(model, method, X, y, sample_weight)
    sizes, scores = [], []
    for amount in AMOUNTS:
        small = prune(amount)
        sizes.append(layers_size(small))
        if y is not None:
            weights = {} if sample_weight is None else {"sample_weight": sample_weight}
            scores.append(_scored_by(small).score(X, y, **weights))
    found_scores = None if y is None else np.array(scores)
    n_weights, n_units = np.array(sizes).T
    return LayersPath(np.array(AMOUNTS), n_weights, n_units, found_scores, prune)


def _scored_by(model):
    """What scores a model: itself, if it has a method for it, or its adapter."""
    return model if hasattr(model, "score") else find_adapter(model)


@dataclass(frozen=True)
class _Prune:
    """Prunes one model by one method on the same rows; it can be pickled, as paths are that hold it."""

    model: Any
    method: LayerMethod
    X: Any
    y: Any
    sample_weight: Any

    def __call__(self, amount: float) -> Any:
        return prune_layers(self.model, self.method.at(amount), self.X, self.y, self.sample_weight)


@dataclass(frozen=True, eq=False)
class LayersPath:
    """Models made of weights that a method gives as more of them goes.

    Parameters
    ----------
    amounts : ndarray of float64, shape (n_steps,)
        The share that goes, rising from 0.
    n_weights, n_units : ndarray of int, shape (n_steps,)
        How many weights are other than zero, and how many units there are, of all models made of weights inside.
    scores : ndarray of float64, shape (n_steps,), or None
        What the model's own ``score`` says of the rows that the path was made with; None without targets. Of modules of
        PyTorch: the share of rows whose largest output is that of their class, if y holds numbers of classes as
        integers, and R squared, if it holds floats. Rows that trained the model flatter it: give others to choose by.
    make : callable
        Gives the model of an amount.
    """

    amounts: NDArray[np.float64]
    n_weights: NDArray[np.int64]
    n_units: NDArray[np.int64]
    scores: NDArray[np.float64] | None
    make: Callable[[float], Any] = field(repr=False)

    def __len__(self) -> int:
        return len(self.amounts)

    def prune(self, *, amount: float | None = None, step: int | None = None) -> Any:
        """The model without a share of its weights or units, be it on the path or not, or at a step of the path.

        Parameters
        ----------
        amount : float, optional
            In the range that the method takes.
        step : int, optional
            Index into `amounts`; negative counts from the end.

        Returns
        -------
        object
            A fitted model of the same class as the one that the path was taken of.
        """
        if (amount is None) == (step is None):
            raise ValueError("Give exactly one of 'amount' and 'step'.")
        if step is not None and not (is_number(step, Integral) and -len(self) <= step < len(self)):
            raise ValueError(
                f"The 'step' parameter must be an int in the range [{-len(self)}, {len(self)}). Got {step!r}."
            )
        if amount is not None and not is_number(amount, Real):
            raise ValueError(f"The 'amount' parameter must be a float. Got {amount!r}.")
        return self.make(float(self.amounts[step]) if amount is None else amount)

    def to_frame(self) -> "pd.DataFrame":
        """The path as a table: a row per step with amount, n_weights, n_units and, where there is one, the score."""
        import pandas as pd

        columns = {"amount": self.amounts, "n_weights": self.n_weights, "n_units": self.n_units}
        if self.scores is not None:
            columns["score"] = self.scores
        return pd.DataFrame(columns).rename_axis("step")
