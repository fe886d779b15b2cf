"""Candidates among the prunings of a model: steps of a nested path, or parameters of a method."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..adapters import find_adapter
from ..adapters.base import Adapter
from ..core.path import PruningPath
from ..methods import PathMethod, PruningMethod
from ..pruning import carry_out


class Candidates(ABC):
    """What to try on every model, be it fitted on all rows or on those of a fold."""

    #: Parameters of each candidate, as in ``cv_results_["params"]``.
    params: Sequence[dict[str, Any]]

    @abstractmethod
    def columns(self) -> dict[str, Any]:
        """The columns of ``cv_results_`` that say what the candidates are."""

    @abstractmethod
    def of(self, adapter: Adapter, judge: tuple) -> "Prunings":
        """The candidates on one fitted model; `judge`: X, y and weights that the method judges by, or nothing."""


class Prunings(ABC):
    """The candidates on one fitted model."""

    n_candidates: int
    #: Leaves of each candidate, shape (n_candidates,).
    n_leaves: NDArray[np.int64]

    @abstractmethod
    def model(self, candidate: int) -> Any:
        """The pruned model."""

    def models(self) -> Iterator[Any]:
        """The pruned models of all candidates, made one at a time."""
        return map(self.model, range(self.n_candidates))


@dataclass(frozen=True)
class AlphaParams(Sequence):
    """``[{"alpha": alpha}, ...]``, each made when asked for: a path can have a million steps."""

    alphas: NDArray[np.float64]

    def __len__(self):
        return len(self.alphas)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(self.alphas[index])
        return {"alpha": float(self.alphas[index])}


@dataclass(frozen=True)
class PathCandidates(Candidates):
    """Trees of a nested path at some strengths.

    Parameters
    ----------
    method : PathMethod
        Gives the path of each model.
    steps : ndarray of int64, shape (n_candidates,)
        Steps of the path of the model fitted on all rows.
    alphas : ndarray of float64, shape (n_candidates,)
        Strength at which each step is evaluated, on every model.
    """

    method: PathMethod
    steps: NDArray[np.int64]
    alphas: NDArray[np.float64]

    @classmethod
    def along(cls, method: PathMethod, path: PruningPath, n_candidates: int | None) -> "PathCandidates":
        """All steps of a path, or about `n_candidates` of them, evenly spread over the logarithm of the leaves."""
        steps = np.arange(len(path))
        if n_candidates is not None and n_candidates < len(path):
            wanted = np.round(np.geomspace(path.n_leaves[0], path.n_leaves[-1], n_candidates))
            steps = np.unique(np.append(np.searchsorted(-path.n_leaves, -wanted), [0, len(path) - 1]))
        return cls(method, steps, midpoints(path.alphas)[steps])

    @property
    def params(self):
        """The strength of each candidate."""
        return AlphaParams(self.alphas)

    def columns(self):
        """Step and strength."""
        return {"step": self.steps, "param_alpha": self.alphas, "params": self.params}

    def of(self, adapter, judge):
        """The model's own path at the strengths."""
        return PathPrunings(adapter, path_of(self.method, adapter, judge), self.alphas)


@dataclass(frozen=True)
class PathPrunings(Prunings):
    """Steps of the path of one model."""

    adapter: Adapter
    path: PruningPath
    alphas: NDArray[np.float64]

    @property
    def n_candidates(self):
        """Number of strengths."""
        return len(self.alphas)

    @property
    def n_leaves(self):
        """Leaves of each candidate."""
        return self.path.totals(np.ones(self.adapter.forest.n_nodes), self.alphas).astype(np.int64)

    @property
    def feature_strength(self):
        """Strength at which the last split on each feature collapses, shape (n_features,); -inf: there is none."""
        forest, last = self.path.forest, np.full(self.path.forest.n_features, -np.inf)
        np.maximum.at(last, forest.feature[forest.internal], self.path.strength[forest.internal])
        return last

    def model(self, candidate):
        """The model pruned at the candidate's strength."""
        return self.adapter.prune(self.path.plan(alpha=self.alphas[candidate]))


@dataclass(frozen=True)
class GridCandidates(Candidates):
    """Prunings by one method under different parameters.

    Parameters
    ----------
    method : PruningMethod
        Prunes.
    params : list of dict
        Its parameters for each candidate.
    """

    method: PruningMethod
    params: list[dict[str, Any]]

    def columns(self):
        """A parameter that a candidate does not set is masked, as in `GridSearchCV`."""
        columns = {}
        for name in sorted({name for params in self.params for name in params}):
            values = np.empty(len(self.params), dtype=object)
            values[:] = [params.get(name) for params in self.params]
            columns[f"param_{name}"] = np.ma.MaskedArray(values, [name not in params for params in self.params])
        return columns | {"params": self.params}

    @cached_property
    def methods(self) -> list[PruningMethod]:
        """One method for each candidate."""
        return [clone(self.method).set_params(**params) for params in self.params]

    def of(self, adapter, judge):
        """The methods, to be carried out on the model."""
        return GridPrunings(adapter, judge, self.methods)


@dataclass(frozen=True)
class GridPrunings(Prunings):
    """Prunings of one model by methods that differ in their parameters."""

    adapter: Adapter
    judge: tuple
    methods: list[PruningMethod]

    @property
    def n_candidates(self):
        """Number of methods."""
        return len(self.methods)

    @property
    def n_leaves(self):
        """Leaves of each candidate."""
        return np.array([find_adapter(model).forest.n_leaves for model in self.models()])

    def model(self, candidate):
        """The model pruned by the candidate's method, step after step where it has several."""
        return carry_out(self.adapter, self.methods[candidate], self._rows_to_judge_by)

    def _rows_to_judge_by(self, adapter):
        return self._routed if adapter is self.adapter else self._route(adapter)

    @cached_property
    def _routed(self):
        """The rows as the unpruned model routes them, once for all candidates."""
        return self._route(self.adapter)

    def _route(self, adapter):
        return adapter.with_rows(*self.judge) if self.judge else (adapter, None)


def path_of(method: PathMethod, adapter: Adapter, judge: tuple) -> PruningPath:
    """The nested path of a fitted model."""
    return method.path(adapter.forest, adapter.rows(*judge) if judge else None)


def midpoints(alphas: NDArray[np.float64]) -> NDArray[np.float64]:
    """One strength for each step of a path: the geometric mean of those at which the step begins and ends.

    The last step has no end: its strength is ten times the one at which it begins, as in R's rpart, where Breiman
    et al. (1984, section 3.4.2) take infinity. At the start itself, rounding would decide whether a tree grown again
    at that strength is the root alone.
    """
    if len(alphas) == 1:
        return alphas.copy()
    root = np.sqrt(alphas)
    return np.append(root[:-1] * root[1:], 10.0 * alphas[-1])
