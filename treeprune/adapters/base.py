"""The base of all adapters. An adapter is the only code that knows the inside of one family of models."""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
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
from ..narrowing.base import names_of


class Adapter(ABC):
    """One fitted model, seen as a Forest.

    An adapter must have `models`, `operations` and the four abstract methods; all else has defaults. Any class with
    `models` in a module of this package is found. Three subclasses add optional abilities: `storage.Storage` compact
    files, `stand_ins.StandIns` fast scores of many prunings, and `native_files.NativeFiles` reading of the files that
    the family's library writes.

    Parameters
    ----------
    model : object
        A fitted model. It is never changed.

    Attributes
    ----------
    models : tuple of str
        Class paths of the models that the adapter takes, subclasses included.
    operations : frozenset of str
        The fields of a Plan that the family can express.
    votes : bool
        Whether the trees vote, for a class or for the median; else their values are averaged, or in boosting summed.
    float_type : type
        Width of the floats that splits compare: values are rounded to it first.
    loss : callable or None
        For boosted ensembles, the loss that the model minimises (`core.losses`); None: not known.
    """

    models: ClassVar[tuple[str, ...]]
    operations: frozenset[str]
    votes: ClassVar[bool] = False
    float_type: ClassVar[type] = np.float32
    loss: Loss | None = None

    def __init__(self, model: Any):
        self.model = model

    @property
    def objective(self) -> str:
        """The model's name for the loss that it minimises, for messages."""
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

        XGBoost's models lose their constraints when they are saved; then they are not known.
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
            Its forest is `forest`, with values worked out from the rows in the place of NaN where that is possible.

        Raises
        ------
        ValueError
            The rows or weights are not what the model takes; y holds labels that training did not.
        """
        return self.with_rows(X, y, sample_weight)[1]

    def with_rows(self, X: Any, y: ArrayLike | None, sample_weight: ArrayLike | None = None) -> "tuple[Adapter, Rows]":
        """`rows`, and the adapter that carries out plans made by them: both have the same forest.

        The adapter is this one, or where the model `lacks_values` one that is `completed` by the rows. The rows are
        routed once.
        """
        rows = self._rows(X, y, sample_weight)
        if not self.lacks_values:
            return self, rows
        adapter = self._completed_by(rows, X)
        return adapter, adapter._rows(X, y, sample_weight, leaf_ids=rows.leaf_ids)

    def completed(self, X: Any, y: ArrayLike | None, sample_weight: ArrayLike | None = None) -> "Adapter":
        """An adapter of the same model with the values that the model does not store, computed from its training rows.

        It is this adapter if nothing is missing. Parameters are those of `rows`.
        """
        return self.with_rows(X, y, sample_weight)[0] if self.lacks_values else self

    @property
    def lacks_values(self) -> bool:
        """Whether pruning needs something that the model does not store and that its training rows can give."""
        return bool(np.isnan(self.forest.value).any())

    def _completed_by(self, rows: Rows, X: Any) -> "Adapter":
        """A copy of the adapter with the missing values, computed from these rows."""
        completed = copy(self)
        completed.forest = self._with_values(rows)
        return completed

    def _with_values(self, rows: Rows) -> Forest:
        """`forest` with values worked out from rows in the place of NaN."""
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
        """Parameters for a clone that is to be fitted for as many rounds as the model has, without early stopping."""
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
        """For columns of categories, the values whose codes in `compared` are 0, 1, ...; others count as missing.

        Columns of categories that are not listed hold the codes themselves.
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

    @property
    def used_features(self) -> NDArray[np.bool_]:
        """Which columns the model's predictions depend on, shape (n_features,): those that a node splits on.

        All of them, where none can leave.
        """
        return np.ones(self.forest.n_features, bool)

    def with_features(self, kept: NDArray[np.bool_]) -> Any:
        """The model as it would stand after training on some of its columns, with the same trees.

        Parameters
        ----------
        kept : ndarray of bool, shape (n_features,)
            Which columns stay: those that are used, and at least one.

        Raises
        ------
        UnsupportedModelError
            The family cannot express it.
        """
        if not kept.all():
            raise UnsupportedModelError(f"Columns cannot leave {type(self.model).__name__}.")
        return self.model

    @property
    def feature_names(self) -> NDArray | None:
        """The names of the columns of the frame that the model was fitted on, shape (n_features,), or None."""
        return names_of(self.model)

    # For predictions of pruned models without making the models, see `stand_ins`.

    @property
    def averages(self) -> bool:
        """Whether the model's output is the mean of the trees' values: they neither add up nor vote."""
        return self.forest.task != "margin" and not self.votes

    def leaf_outputs(self, X: Any) -> Callable[[int], NDArray] | None:
        """For trees whose leaves are functions of the row: what each row's leaf adds to the raw output.

        Returns
        -------
        callable or None
            A function of a tree's index that gives numbers of shape (n_rows, n_values). None: leaves are constants.
        """
        return None

    def oob_rows(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Rows:
        """The training rows; in each tree, only those count that it was not grown on.

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


def split_features(forest: Forest) -> NDArray[np.bool_]:
    """Which columns a node splits on, shape (n_features,)."""
    used = np.zeros(forest.n_features, bool)
    used[forest.feature[forest.internal]] = True
    return used


def padded(signs: list[int], n_features: int) -> NDArray[np.int8] | None:
    """Constraints of all features, given those of the first ones; None if no feature has any."""
    return np.array(signs + [0] * (n_features - len(signs)), np.int8) if any(signs) else None


def plain_rows(X: Any, dtype: type, categories: list[list] | None = None) -> NDArray:
    """A copy of rows as numbers, the categories of a frame by their codes, missing ones as NaN.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_rows, n_features)
    dtype : type
    categories : list of list, optional
        What the codes 0, 1, ... of each categorical column stand for, in the order of these columns; other values
        count as missing. None: the frame's own.
    """
    if not hasattr(X, "dtypes") or not hasattr(X, "columns"):
        return np.array(X, dtype=dtype)
    columns, known = [], iter(categories or [])
    for name in X.columns:
        column = X[name]
        if hasattr(column, "cat"):
            column = column.cat.set_categories(next(known)) if categories else column
            column = column.cat.codes.replace(-1, np.nan)
        columns.append(np.asarray(column, dtype=dtype))
    return np.stack(columns, axis=1)


def check_weights(sample_weight: ArrayLike | None, n_rows: int) -> NDArray[np.float64] | None:
    """Weights as float64, shape (n_rows,), or None; they must be finite, not negative, and not all zero."""
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_rows,):
        raise ValueError(f"The 'sample_weight' parameter must have the shape ({n_rows},). Got {weight.shape}.")
    for bad, what in ((~np.isfinite(weight), "finite"), (weight < 0, "non-negative")):
        if bad.any():
            raise ValueError(f"The 'sample_weight' parameter must be {what}. Got {weight[bad][0]}.")
    if not weight.any():
        raise ValueError("The 'sample_weight' parameter must not be zero for all rows.")
    return weight
