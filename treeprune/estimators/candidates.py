"""Candidates among the prunings of a model: steps of a nested path, or parameters of a method."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..adapters.base import Adapter
from ..composites.exchange import layers_size, size
from ..core.method import Method
from ..core.path import Knob, PruningPath
from ..layer_pruning import AMOUNTS
from ..layers.methods import LayerMethod
from ..methods import PathMethod, PruningMethod
from ..pruning import Written, carry_out
from .grown import Grown, GrownLayers


class Candidates(ABC):
    """The prunings to compare: the same ones for the model fitted on all rows and for the model of each fold."""

    #: Parameters of each candidate, as in ``cv_results_["params"]``.
    params: Sequence[dict[str, Any]]

    @abstractmethod
    def columns(self) -> dict[str, Any]:
        """The columns of ``cv_results_`` that say what the candidates are."""

    @abstractmethod
    def on_model(self, grown: Any) -> "PrunedModels":
        """One fitted model, pruned as each of the candidates says."""


class PrunedModels(ABC):
    """One fitted model, pruned as each of the candidates says."""

    n_candidates: int
    #: How large each candidate is, by what is counted: arrays of shape (n_candidates,). Rules compare the first.
    sizes: dict[str, NDArray[np.int64]]

    @abstractmethod
    def model(self, candidate: int) -> Any:
        """The pruned model."""

    def models(self) -> Iterator[Any]:
        """The pruned models of all candidates, made one at a time."""
        return map(self.model, range(self.n_candidates))


@dataclass(frozen=True)
class KnobParams(Sequence):
    """``[{"alpha": value}, ...]``, each made when asked for: a path can have a million steps."""

    name: str
    values: NDArray

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(self.name, self.values[index])
        return {self.name: self.values[index].item()}


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
    params : KnobParams
        The method's own parameter that stands for each strength.
    """

    method: PathMethod
    steps: NDArray[np.int64]
    alphas: NDArray[np.float64]
    params: KnobParams

    @classmethod
    def from_path(
        cls, method: PathMethod, path: "PruningPath | JointPath", n_candidates: int | None
    ) -> "PathCandidates":
        """All steps of a path, or about `n_candidates` of them, evenly spread over the logarithm of the leaves.

        A strength stands at a value of the method's own parameter, so that the method set to that value gives the same
        tree. Steps between these values, which the method never gives, are left out.
        """
        steps = np.arange(len(path))
        if n_candidates is not None and n_candidates < len(path):
            wanted = np.round(np.geomspace(path.n_leaves[0], path.n_leaves[-1], n_candidates))
            steps = np.unique(np.append(np.searchsorted(-path.n_leaves, -wanted), [0, len(path) - 1]))
        values = path.knob.of_alpha(midpoints(path.alphas)[steps])
        alphas = path.knob.to_alpha(values).astype(np.float64)
        steps = np.searchsorted(path.alphas, alphas, side="right") - 1
        last = np.append(np.diff(steps) > 0, True)  # of the values that give one tree
        return cls(method, steps[last], alphas[last], KnobParams(path.knob.name, values[last]))

    def columns(self):
        """Step and parameter."""
        return {"step": self.steps, f"param_{self.params.name}": self.params.values, "params": self.params}

    def on_model(self, grown):
        """The model's own path at the strengths, or those of all tree models inside it."""
        return on_paths(grown, paths_of(self.method, grown), self.alphas)


@dataclass(frozen=True)
class PathModels(PrunedModels):
    """Trees of the path of one tree model, at some strengths."""

    adapter: Adapter
    path: PruningPath
    alphas: NDArray[np.float64]
    is_whole: bool = True  # not inside another model

    @property
    def n_candidates(self):
        """Number of strengths."""
        return len(self.alphas)

    @property
    def sizes(self):
        """Leaves of each candidate."""
        return {"n_leaves": JointPath([self.path]).n_leaves_at(self.alphas)}

    @property
    def feature_strength(self):
        """Strength at which the last split on each feature collapses, shape (n_features,); -inf without a split.

        None inside another model, where each fold may make other features of the columns.
        """
        if not self.is_whole:
            return None
        forest, last = self.path.forest, np.full(self.path.forest.n_features, -np.inf)
        np.maximum.at(last, forest.feature[forest.internal], self.path.strength[forest.internal])
        return last

    def model(self, candidate):
        """The model pruned at the candidate's strength."""
        write = self.adapter.prune if self.is_whole else self.path.write
        return write(self.path.plan(alpha=self.alphas[candidate]))


@dataclass(frozen=True)
class JointPath:
    """The paths of several tree models inside one model, pruned at one strength, each in its own unit.

    Parameters
    ----------
    paths : list of PruningPath
    """

    paths: list[PruningPath]

    @cached_property
    def alphas(self) -> NDArray[np.float64]:
        """Strengths at which one of the trees gets smaller, shape (n_steps,), strictly rising from 0."""
        return np.unique(np.concatenate([path.alphas for path in self.paths]))

    @cached_property
    def n_leaves(self) -> NDArray[np.int64]:
        """Leaves of all trees at each of these, shape (n_steps,)."""
        return self.n_leaves_at(self.alphas)

    def n_leaves_at(self, alphas: NDArray[np.float64]) -> NDArray[np.int64]:
        """Leaves of all trees at some strengths."""
        return sum(path.totals(np.ones(path.forest.n_nodes), alphas).astype(np.int64) for path in self.paths)

    @property
    def knob(self) -> Knob:
        """That of the longest path, since the range of a depth is that of the deepest tree."""
        return max(self.paths, key=len).knob

    def __len__(self) -> int:
        return len(self.alphas)


@dataclass(frozen=True)
class JointPathModels(PrunedModels):
    """A model whose tree models are all pruned at one strength."""

    grown: Grown
    path: JointPath
    alphas: NDArray[np.float64]

    @property
    def n_candidates(self):
        """Number of strengths."""
        return len(self.alphas)

    @property
    def sizes(self):
        """Leaves of each candidate."""
        return {"n_leaves": self.path.n_leaves_at(self.alphas)}

    def model(self, candidate):
        """The model with all trees pruned at the candidate's strength."""
        plans = [path.plan(alpha=self.alphas[candidate]) for path in self.path.paths]
        return self.grown.put_back([a.prune(plan) for a, plan in zip(self.grown.adapters, plans, strict=True)])


@dataclass(frozen=True)
class GridCandidates(Candidates):
    """Prunings by one method with different parameters.

    Parameters
    ----------
    method : PruningMethod or LayerMethod
        The method, whose other parameters all candidates share.
    params : list of dict
        Its parameters for each candidate.
    """

    method: Method
    params: list[dict[str, Any]]

    @classmethod
    def of_amounts(cls, method: LayerMethod, n_candidates: int | None) -> "GridCandidates":
        """A method for models made of weights at the amounts of its path.

        With `n_candidates` at that many amounts up to the largest of these, evenly over the logarithm of what stays.
        """
        amounts = np.array(AMOUNTS)
        if n_candidates is not None:
            amounts = 1.0 - np.geomspace(1.0, 1.0 - amounts[-1], n_candidates)
        return cls(method.at(0.0), [{"amount": amount} for amount in amounts.round(4).tolist()])

    def columns(self):
        """A parameter that a candidate does not set is masked, as in `GridSearchCV`."""
        columns = {}
        for name in sorted({name for params in self.params for name in params}):
            values = np.empty(len(self.params), dtype=object)
            values[:] = [params.get(name) for params in self.params]
            columns[f"param_{name}"] = np.ma.MaskedArray(values, [name not in params for params in self.params])
        return columns | {"params": self.params}

    @cached_property
    def methods(self) -> list[Any]:
        """One method for each candidate."""
        return [clone(self.method).set_params(**params) for params in self.params]

    def on_model(self, grown):
        """The methods, to be carried out on the model."""
        return (LayersModels if isinstance(grown, GrownLayers) else GridModels)(grown, self.methods)


@dataclass(frozen=True)
class LayersModels(PrunedModels):
    """A model made of weights, or one that holds such, pruned by one method with different parameters."""

    grown: GrownLayers
    methods: list[LayerMethod]

    @property
    def n_candidates(self):
        """Number of methods."""
        return len(self.methods)

    @property
    def sizes(self):
        """Weights other than zero, and units."""
        counted = np.array([layers_size(model) for model in self.models()])
        return dict(zip(("n_weights", "n_units"), counted.T, strict=True))

    def model(self, candidate):
        """The model pruned by the candidate's method."""
        return self.grown.pruned(self.methods[candidate])


@dataclass(frozen=True)
class GridModels(PrunedModels):
    """One model, pruned by one method with different parameters."""

    grown: Grown
    methods: list[PruningMethod]

    @property
    def n_candidates(self):
        """Number of methods."""
        return len(self.methods)

    @property
    def sizes(self):
        """Leaves of each candidate."""
        return {"n_leaves": np.array([size(model)[0] for model in self.models()])}

    def model(self, candidate):
        """The model pruned by the candidate's method, step after step where it has several."""
        return self.grown.pruned(lambda adapter, data: self._carried_out(candidate, adapter, data))

    def _carried_out(self, candidate, adapter, data):
        def judge(pruned):
            return self._routed[id(adapter)] if pruned is adapter else _route(pruned, data)

        return carry_out(adapter, self.methods[candidate], judge)

    @cached_property
    def _routed(self):
        """The rows as each of the unpruned tree models routes them, once for all candidates."""
        pairs = zip(self.grown.adapters, self.grown.data, strict=True)
        return {id(adapter): _route(adapter, data) for adapter, data in pairs}


def _route(adapter, data):
    return adapter.with_rows(*data) if data else (adapter, None)


def paths_of(method: PathMethod, grown: Grown) -> list[PruningPath]:
    """The nested paths of the tree models inside a fitted model, each of which gives the whole model."""
    paths = []
    for adapter, data in zip(grown.adapters, grown.data, strict=True):
        path = cast(PruningPath, method.path(adapter.forest, adapter.rows(*data) if data else None))
        paths.append(replace(path, write=Written(grown.whole, adapter)))
    return paths


def on_paths(grown: Grown, paths: list[PruningPath], alphas: NDArray[np.float64]) -> PathModels | JointPathModels:
    """A fitted model pruned at some strengths, given the paths of the tree models inside it."""
    if len(paths) > 1:
        return JointPathModels(grown, JointPath(paths), alphas)
    return PathModels(grown.adapters[0], paths[0], alphas, grown.is_tree_model)


def midpoints(alphas: NDArray[np.float64]) -> NDArray[np.float64]:
    """One strength for each step of a path: the geometric mean of those at which the step begins and ends.

    The last step has no end: its strength is ten times the one at which it begins, as in R's rpart, where Breiman
    et al. (1984, section 3.4.2) take infinity. Exactly where the step begins, rounding would decide whether a tree
    that is grown again at that strength is the root alone.
    """
    if len(alphas) == 1:
        return alphas.copy()
    root = np.sqrt(alphas)
    middle = np.clip(root[:-1] * root[1:], alphas[:-1], np.nextafter(alphas[1:], 0.0))  # rounding stays within a step
    return np.append(middle, 10.0 * alphas[-1])
