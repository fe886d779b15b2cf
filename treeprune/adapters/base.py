"""What an adapter is: the only code that knows the inside of one family of models."""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.forest import Forest
from ..core.graft import graft
from ..core.losses import Loss
from ..core.monotone import constrained
from ..core.plan import Plan
from ..core.rows import Rows
from ..exceptions import MissingStatisticError, UnsupportedModelError


@dataclass(frozen=True)
class StoredModel:
    """A model taken apart: `Adapter.assembled` makes it again of the skeleton and the trees.

    Parameters
    ----------
    skeleton : object
        The model without the arrays of its trees: plain values, arrays and objects of the adapter's `models` and
        `parts`.
    trees : list of dict of str to ndarray
        The arrays of each tree, as the model holds them.
    forest : Forest
        The same trees with the model's own numbers in all fields, in canonical order; the ids of each tree's nodes
        count from 0.
    """

    skeleton: Any
    trees: list[dict[str, NDArray]]
    forest: Forest


class Adapter(ABC):
    """One fitted model, seen as a Forest.

    Parameters
    ----------
    model : object
        A fitted model. It is never changed.

    Attributes
    ----------
    models : tuple of str
        Class paths of the models that the adapter takes, subclasses included.
    format_name : str
        The family's name in compact files. It never changes, whatever the adapter is called.
    operations : frozenset of str
        The fields of a Plan that the family can express.
    votes : bool
        Whether the trees vote, for a class or for the median; else their values are averaged, or in boosting summed.
    float_type : type
        Width of the floats that splits compare: values are rounded to it first.
    parts : tuple of str
        Paths of the classes and functions that a stored model may be made of: its own, if its trees can be taken out of
        it, and those of what it holds besides plain values and arrays.
    needed : tuple of str
        Statistics of nodes (`compact.packing`) that predictions depend on.
    structure : frozenset of str
        Arrays of stored trees that follow from the Forest alone; a file may not state them again.
    unused : frozenset of str
        Arrays of stored trees that predictions do not depend on, or only through values that the Forest holds, too.
    loss : callable or None
        For boosted ensembles, the loss that the model minimises (`core.losses`); None: not known.
    """

    models: ClassVar[tuple[str, ...]]
    format_name: ClassVar[str]
    operations: frozenset[str]
    votes: ClassVar[bool] = False
    float_type: ClassVar[type] = np.float32
    parts: ClassVar[tuple[str, ...]] = ()
    needed: ClassVar[tuple[str, ...]] = ()
    structure: ClassVar[frozenset[str]] = frozenset()
    unused: ClassVar[frozenset[str]] = frozenset()
    loss: Loss | None = None

    def __init__(self, model: Any):
        self.model = model

    @property
    def objective(self) -> str:
        """What the model calls the loss that it minimises, for messages."""
        return "the ensemble's own objective"

    @cached_property
    def forest(self) -> Forest:
        """The model's trees, checked and in canonical order."""
        return self._read().validate().canonical()

    @abstractmethod
    def _read(self) -> Forest:
        """The model's trees in the model's own node order, as copies."""

    @abstractmethod
    def write(self, forest: Forest) -> Any:
        """A new fitted model of the same class with the trees of a grafted forest."""

    @abstractmethod
    def _apply(self, X: Any) -> Callable[[int], NDArray]:
        """A function of a tree's index that gives the model's own leaf id of each row in that tree.

        Where the family has out-of-bag rows, it also takes the positions of the rows to route.
        """

    @abstractmethod
    def encode_target(self, y: ArrayLike) -> NDArray:
        """Targets as class codes (int32) or numbers (float64), shape (n_rows, n_outputs), checked."""

    @abstractmethod
    def stored(self, full: bool) -> "StoredModel":
        """The model taken apart for a file; if not `full`, without what describes its training rows."""

    @classmethod
    @abstractmethod
    def arrays_of(cls, skeleton: Any, forest: Forest) -> list[dict[str, NDArray]]:
        """The arrays of `StoredModel.trees`, derived from its skeleton and forest.

        A compact file stores only the arrays of the model that differ from these.
        """

    @classmethod
    @abstractmethod
    def assembled(cls, skeleton: Any, trees: list[dict[str, NDArray]]) -> Any:
        """The model, put together from a skeleton and the arrays of its trees.

        They come from a file. The arrays named in `structure` are valid; the adapter must check the others, and that
        trees and skeleton fit together.
        """

    def prune(self, plan: Plan) -> Any:
        """The model after a plan. A plan without operations gives a deep copy."""
        from copy import deepcopy

        if not plan.operations:
            return deepcopy(self.model)
        unknown = plan.operations - self.operations
        if unknown:
            raise UnsupportedModelError(
                f"{type(self.model).__name__} cannot express a plan that changes {', '.join(sorted(unknown))}; "
                f"it can express {', '.join(sorted(self.operations))}."
            )
        grafted, _ = graft(self.forest, plan)
        self.check_known(grafted, grafted.is_leaf)
        if self.monotonic is not None:
            grafted = constrained(grafted, self.monotonic)
        return self.write(grafted)

    @property
    def monotonic(self) -> NDArray[np.int8] | None:
        """Monotonic constraint of each feature, shape (n_features,): 1 rising, -1 falling, 0 none; None: no feature's.

        What a file does not hold is not known: XGBoost's models lose them when they are saved.
        """
        return None

    def check_known(self, forest: Forest, leaf: NDArray[np.bool_]) -> None:
        """Raise MissingStatisticError where the value of a node that is to be a leaf is not known."""
        unknown = np.flatnonzero(leaf & np.isnan(forest.value).any(axis=(1, 2)))
        if len(unknown):
            node, tree = forest.node_id[unknown[0]], forest.tree_id[forest.node_tree[unknown[0]]]
            raise MissingStatisticError(
                f"{type(self.model).__name__} does not store what node {node} of tree {tree} would predict as a leaf: "
                "give rows (X, y) to work it out from, best those that the model was fitted on."
            )

    def rows(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Rows:
        """Labelled rows routed by the model's own ``apply``, with a forest whose values are known.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Rows in the form that the model takes.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_rows,), optional
            Their weights.

        Returns
        -------
        Rows
            Its forest is `forest`, with values in the place of NaN as far as the rows tell them.

        Raises
        ------
        ValueError
            The rows or weights are not what the model takes; y holds labels that training did not.
        """
        return self.with_rows(X, y, sample_weight)[1]

    def with_rows(self, X: Any, y: ArrayLike | None, sample_weight: ArrayLike | None = None) -> "tuple[Adapter, Rows]":
        """`rows`, and the adapter to carry out plans that go by them: its forest is that of the rows.

        The adapter is this one if it lacks nothing (`lacks_values`), else `completed` by the rows.
        """
        rows = self._rows(X, y, sample_weight)
        if not self.lacks_values:
            return self, rows
        adapter = self._completed_by(rows, X)
        return adapter, adapter._rows(X, y, sample_weight, leaf_ids=rows.leaf_ids)

    def completed(self, X: Any, y: ArrayLike | None, sample_weight: ArrayLike | None = None) -> "Adapter":
        """An adapter that knows, from the training rows, what the model does not store; this one if it lacks nothing.

        Parameters are those of `rows`.
        """
        return self.with_rows(X, y, sample_weight)[0] if self.lacks_values else self

    @property
    def lacks_values(self) -> bool:
        """Whether a pruned model needs more than the model stores, which its training rows can tell."""
        return bool(np.isnan(self.forest.value).any())

    def _completed_by(self, rows: Rows, X: Any) -> "Adapter":
        """A copy of the adapter that knows what these rows tell."""
        completed = copy(self)
        completed.forest = self._with_values(rows)
        return completed

    def _with_values(self, rows: Rows) -> Forest:
        """`forest` with values in the place of NaN, where rows can tell them."""
        return self.forest

    def _rows(self, X, y, sample_weight, mask=None, leaf_ids=None):
        from sklearn.utils.validation import check_consistent_length

        target = self.encode_target(y)
        check_consistent_length(X, target)
        return Rows(
            self.forest,
            self.leaf_ids(X, mask) if leaf_ids is None else leaf_ids,
            target,
            check_weights(sample_weight, len(target)),
            mask=mask,
            compared=lambda: self.compared(X),
            margin=lambda: self.margin(X),
            loss=self.loss,
            objective=self.objective,
            leaf_outputs=self.leaf_outputs(X),
            n_bytes=lambda plan: type(self)(self.prune(plan)).n_bytes,
        )

    @property
    def refit_settings(self) -> dict[str, Any]:
        """Parameters with which a clone is fitted to as many rounds as the model predicts with, no rows to stop by."""
        return {}

    @property
    def n_bytes(self) -> int:
        """Size of the model as its library saves it; where it has no format of its own, as a pickle."""
        return len(pickle.dumps(self.model))

    def leaf_ids(
        self, X: Any, mask: Callable[[int], NDArray[np.bool_]] | None = None
    ) -> Callable[[int], NDArray[np.int32]]:
        """A function of a tree's index that gives the node of `forest` in which each row ends, shape (n_rows,).

        With a ``mask(tree)`` of rows, the others are not routed and get -1.
        """
        apply = self._apply(X)

        def leaf_ids(tree):
            if mask is None:
                return self._position[tree][apply(tree)]
            counts = mask(tree)
            leaf = np.full(len(counts), -1, np.int32)
            leaf[counts] = self._position[tree][apply(tree, np.flatnonzero(counts))]
            return leaf

        return leaf_ids

    def compared(self, X: Any) -> NDArray:
        """Rows as the splits of `forest` compare them: floats of the family's own width, in the model's columns."""
        return np.asarray(X, dtype=self.float_type)

    @property
    def category_values(self) -> dict[int, list]:
        """By column, the values of rows that stand for the codes 0, 1, ... of `compared`; others count as missing.

        A categorical column that is not named holds the codes themselves.
        """
        return {}

    def predict(self, X: Any) -> NDArray:
        """The model's own predictions for rows."""
        return self.model.predict(X)

    def margin(self, X: Any) -> NDArray[np.float64]:
        """Raw score of a boosted ensemble before any link function, shape (n_rows, n_columns)."""
        raise TypeError(f"{type(self.model).__name__} has no margin.")

    def zero_leaf(self, tree: int) -> Forest:
        """A tree that is a single leaf of value 0, to stand in the place of a tree that was dropped."""
        leaf, root = np.full(1, -1, np.int32), np.zeros(1, np.int32)
        alone = self.forest.tree(tree)
        return alone.take(root, leaf, leaf, root, value=np.zeros_like(alone.value[:1]))

    # Predictions of pruned models without the models: trees add up to a raw output, of which the model's own code makes
    # what it predicts.

    @property
    def averages(self) -> bool:
        """Whether the raw output is the mean of the trees' values: they neither add up nor vote."""
        return self.forest.task != "margin" and not self.votes

    @property
    def summands(self) -> tuple[NDArray, NDArray[np.int32]]:
        """What trees add to the raw output: numbers of each node as a leaf, and the column where those of a tree begin.

        Returns
        -------
        value : ndarray of shape (n_nodes, n_values)
        column : ndarray of int32, shape (n_trees,)
        """
        forest = self.forest
        value = forest.value.reshape(forest.n_nodes, -1)
        if forest.task == "margin":
            return value * forest.tree_weight[forest.node_tree][:, None], forest.tree_class
        return value, np.zeros(forest.n_trees, np.int32)

    def base(self, X: Any) -> NDArray:
        """The raw output before the first tree, shape (n_rows or 1, n_columns), of the type that it is added up in."""
        return np.zeros((1, self.forest.value[0].size))

    def leaf_outputs(self, X: Any) -> Callable[[int], NDArray] | None:
        """A function of a tree's index: what each row's leaf adds to the raw output, shape (n_rows, n_values).

        None: what `summands` says of the leaf.
        """
        return None

    def stand_in(self, raw: NDArray, reference: NDArray | None = None) -> Any:
        """A copy of the model that predicts, whatever rows it is given, what a raw output means to it.

        Parameters
        ----------
        raw : ndarray of shape (n_rows, n_columns)
            Raw output of a pruned model; the mean over trees where the model averages them.
        reference : ndarray of shape (n_reference_rows, n_columns), optional
            That of `reference_rows`.
        """
        forest = self.forest
        if forest.task == "regression":
            prediction = raw[:, 0] if raw.shape[1] == 1 else raw
            return with_methods(self.model, predict=lambda X: prediction)
        shares = np.split(raw, forest.n_outputs, axis=1)
        shares = [share[:, :n] for share, n in zip(shares, forest.n_classes, strict=True)]
        classes = [self.model.classes_] if forest.n_outputs == 1 else self.model.classes_
        labels = [known[share.argmax(axis=1)] for known, share in zip(classes, shares, strict=True)]
        if forest.n_outputs > 1:
            labels = np.stack(labels, axis=1)
            return with_methods(self.model, predict=lambda X: labels, predict_proba=lambda X: shares)
        return with_methods(self.model, predict=lambda X: labels[0], predict_proba=lambda X: shares[0])

    #: Rows whose raw output says, too, what a pruned model predicts; None: there are none such.
    reference_rows: Any = None

    def oob_rows(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Rows:
        """The training rows, of which each tree sees only those that it was not grown on.

        Raises
        ------
        UnsupportedModelError
            The model's trees were not grown on bootstrap samples.
        """
        raise UnsupportedModelError(f"{type(self.model).__name__} has no out-of-bag rows.")

    @cached_property
    def _position(self):
        """For each tree, the canonical node of each of the model's own node ids."""
        forest, positions = self.forest, []
        for first, last in zip(forest.start[:-1], forest.start[1:], strict=True):
            ids = forest.node_id[first:last]
            position = np.full(ids.max() + 1, -1, np.int32)
            position[ids] = np.arange(first, last, dtype=np.int32)
            positions.append(position)
        return positions


def padded(signs: list[int], n_features: int) -> NDArray[np.int8] | None:
    """Monotonic constraints of all features, where the last ones may go without; None if there are none."""
    return np.array(signs + [0] * (n_features - len(signs)), np.int8) if any(signs) else None


def with_methods(model: Any, **methods: Callable) -> Any:
    """A copy of a model in which some methods are replaced."""
    model = copy(model)
    for name, method in methods.items():
        method.__name__ = name  # scorers tell methods apart by it
        setattr(model, name, method)
    return model


def plain_rows(X: Any, dtype: type) -> NDArray:
    """A copy of rows as numbers, the categories of a frame by their codes, missing ones as NaN."""
    if not hasattr(X, "dtypes") or not hasattr(X, "columns"):
        return np.array(X, dtype=dtype)
    columns = [X[name] for name in X.columns]
    codes = [column.cat.codes.replace(-1, np.nan) if hasattr(column, "cat") else column for column in columns]
    return np.stack([np.asarray(column, dtype=dtype) for column in codes], axis=1)


def check_weights(sample_weight: ArrayLike | None, n_rows: int) -> NDArray[np.float64] | None:
    """Weights as float64, shape (n_rows,), or None; they must be finite, not negative, and not all zero."""
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected ({n_rows},)!")
    for bad, what in ((~np.isfinite(weight), "finite"), (weight < 0, "non-negative")):
        if bad.any():
            raise ValueError(f"The 'sample_weight' parameter must be {what}. Got {weight[bad][0]}.")
    if not weight.any():
        raise ValueError("The 'sample_weight' parameter must not be zero for all rows.")
    return weight
