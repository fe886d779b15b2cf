"""The base of all adapters. An adapter is the only code that knows the inside of one family of models."""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from copy import copy
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.forest import Forest
from ..core.graft import graft
from ..core.losses import Loss
from ..core.monotone import constrained
from ..core.plan import Plan
from ..core.rows import Boosting, Rows
from ..exceptions import MissingStatisticError, UnsupportedModelError
from ..narrowing.base import names_of
from .class_weights import Training
from .missing_offsets import warn_of_other_offset


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
    sparse_zeros_are_missing : bool
        Whether the zeros that sparse rows leave out count as missing values.
    loss : core.losses.Loss or None
        For boosted ensembles, the loss that the model minimises, without weights of classes; None: not known.
    weighs_classes : bool
        Whether rows count by the model's own weights of their classes; see `without_class_weights`.
    offset_name : str or None
        What the library calls an offset of each row that training starts from (`offsets`); None: it takes none.
    offset_order : {"C", "F"}
        How the library reads a flat offset of several columns: row by row, or column by column.
    """

    models: ClassVar[tuple[str, ...]]
    operations: frozenset[str]
    votes: ClassVar[bool] = False
    float_type: ClassVar[type] = np.float32
    sparse_zeros_are_missing: ClassVar[bool] = False
    loss: Loss | None = None
    weighs_classes: bool = True
    _fitted_rows: Training | None = None
    offset_name: ClassVar[str | None] = None
    offset_order: ClassVar[Literal["C", "F"]] = "C"

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
        self.check_operations(plan.operations)
        grafted, _ = graft(self.forest, plan)
        self.check_known(grafted, grafted.is_leaf)
        if self.monotonic is not None:
            grafted = constrained(grafted, self.monotonic)
        return self.write(grafted)

    def check_operations(self, wanted: Collection[str]) -> None:
        """Raise UnsupportedModelError unless the family can express all of these fields of a Plan."""
        unknown = set(wanted) - self.operations
        if unknown:
            raise UnsupportedModelError(
                f"{type(self.model).__name__} cannot express a plan that changes {', '.join(sorted(unknown))}"
                f"{self.reason}; it can express {', '.join(sorted(self.operations))}."
            )

    @property
    def reason(self) -> str:
        """Why this model has fewer `operations` than others of its family, for messages: " (...)", or nothing."""
        return ""

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
                "give rows (X, y) to work it out from, best those that the model was fitted on. Compact files of the "
                "level 'predict' do not keep it; those of the level 'full' do."
            )

    # A model that was trained with weights of classes minimises a loss in which rows count by them. Rows that judge its
    # prunings count by them as well.

    @property
    def class_weighting(self) -> str | None:
        """The model's parameter that weighs its classes, and its value, for messages; None: they weigh the same."""
        return None

    def fitted_on(self, y: ArrayLike | None, sample_weight: ArrayLike | None = None) -> "Adapter":
        """The adapter with the targets that the model was fitted on: "balanced" weights of classes are theirs.

        Without them they are those that the model tells, and if it tells none, each set of rows is balanced for itself.

        Parameters
        ----------
        y : array-like of shape (n_rows,) or (n_rows, n_outputs) or None
            None: the model has no targets.
        sample_weight : array-like of shape (n_rows,), optional
            The rows' weights at fitting.
        """
        if y is None or self.class_weighting is None:
            return self
        other, target = copy(self), self.encode_target(y)
        other._fitted_rows = Training(target, check_weights(sample_weight, len(target)))
        return other

    def without_class_weights(self) -> "Adapter":
        """The adapter for rows that count by their own weights only, as scores do."""
        other = copy(self)
        other.weighs_classes = False
        return other

    def row_weights(self, y: ArrayLike, sample_weight: ArrayLike | None = None) -> NDArray[np.float64] | None:
        """Weights of rows, times those of their classes, float64, shape (n_rows,); None: all 1.

        Parameters are those of `rows`.

        Raises
        ------
        ValueError
            All rows are of classes that the model gives the weight 0; and as `rows`.
        """
        target = self.encode_target(y)
        weight = check_weights(sample_weight, len(target))
        return self._weighed(target, weight, self._training_or(target, weight))

    def _training_or(self, target, weight):
        """What is known of the rows that the model was fitted on, or else these rows."""
        return self._fitted_rows or self._stored_training or Training(target, weight)

    @property
    def _stored_training(self) -> Training | None:
        """What the model tells of the rows that it was fitted on, where weights of classes depend on them."""
        return None

    def _weighed(self, target, weight, training):
        if not self.weighs_classes or self.class_weighting is None:
            return weight
        factor = self._class_factors(target, training)
        weight = factor if weight is None else weight * factor
        if not weight.any():
            raise ValueError(f"All rows have the weight 0: the model was fitted with {self.class_weighting}.")
        return weight

    def _class_factors(self, target: NDArray, training: Training) -> NDArray[np.float64]:
        """How often rows of these targets count, shape (n_rows,), for models with a `class_weighting`."""
        return np.ones(len(target))

    def _class_weighted_loss(self, training: Training) -> Loss | None:
        """`loss`, with what weights of classes do to it where they are no weights of rows."""
        return self.loss

    def rows(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        offset: NDArray[np.float64] | None = None,
    ) -> Rows:
        """Labelled rows routed by the model's own ``apply``, with a forest whose values are known.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Rows in the form that the model takes.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_rows,), optional
            Their weights; `row_weights` come of them.
        offset : ndarray of float64, shape (n_rows, n_columns), optional
            Where the margin of each row starts, in the place of the model's own base; see `offsets`.

        Returns
        -------
        Rows
            Its forest is `forest`, with values worked out from the rows in the place of NaN where that is possible.

        Raises
        ------
        ValueError
            The rows, weights or offsets are not what the model takes; y holds labels that training did not.
        """
        return self.with_rows(X, y, sample_weight, offset)[1]

    def with_rows(
        self,
        X: Any,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None = None,
        offset: NDArray[np.float64] | None = None,
    ) -> "tuple[Adapter, Rows]":
        """`rows`, and the adapter that carries out plans made by them: both have the same forest.

        The adapter is this one, or where the model `lacks_values` one that is `completed` by the rows. The rows are
        routed once.
        """
        rows = self._rows(X, y, sample_weight, offset=offset)
        if not self.lacks_values:
            return self, rows
        trained = copy(self)  # values are those that training would have given
        trained.weighs_classes = True
        seen = trained._rows(X, y, sample_weight, leaf_ids=rows.leaf_ids, offset=offset)
        adapter = self._completed_by(seen, X)
        return adapter, adapter._rows(X, y, sample_weight, leaf_ids=rows.leaf_ids, offset=offset)

    def completed(
        self,
        X: Any,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None = None,
        offset: NDArray[np.float64] | None = None,
    ) -> "Adapter":
        """An adapter of the same model with the values that the model does not store, computed from its training rows.

        It is this adapter if nothing is missing. Parameters are those of `rows`.
        """
        return self.with_rows(X, y, sample_weight, offset)[0] if self.lacks_values else self

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

    def check_rows(self, X: Any, y: ArrayLike, suffix: str = "") -> NDArray:
        """Targets by `encode_target`, after checks of rows that need none of them routed.

        Parameters
        ----------
        X, y : array-like
            As in `rows`.
        suffix : str, default=""
            What follows "X" and "y" in the names of the parameters.

        Raises
        ------
        ValueError
            There are no rows, or not as many as targets; they have other columns than the model was fitted with; the
            model does not know such targets.
        """
        from sklearn.utils.validation import _num_samples

        name, n_rows, n_features = type(self.model).__name__, _num_samples(X), self.forest.n_features
        shape = getattr(X, "shape", ())
        if len(shape) == 2 and shape[1] != n_features:
            raise ValueError(
                f"X{suffix} has {shape[1]} features, but {name} is expecting {n_features} features as input."
            )
        if n_rows == 0:
            raise ValueError(f"The 'X{suffix}' parameter must have at least one row. Got an array of shape {shape}.")
        try:
            target = self.encode_target(y)
        except ValueError as error:
            raise ValueError(f"The 'y{suffix}' parameter is not what {name} predicts: {error}") from error
        if len(target) != n_rows:
            raise ValueError(f"X{suffix} and y{suffix} have inconsistent numbers of samples: {[n_rows, len(target)]}.")
        return target

    def _rows(self, X, y, sample_weight, mask=None, leaf_ids=None, offset=None):
        target = self.check_rows(X, y)
        weight = check_weights(sample_weight, len(target))
        weight = np.ones(len(target)) if weight is None else weight
        training = self._training_or(target, weight)
        self.check_offset(offset)
        rows = Rows(
            self.forest,
            self.leaf_ids(X, mask) if leaf_ids is None else leaf_ids,
            target,
            self._weighed(target, weight, training),
            given_weight=weight,
            mask=mask,
            compared=lambda: self.compared(X),
            boosting=Boosting(
                margin=lambda: self._margin_of(rows, X),
                offset=offset,
                loss=self._class_weighted_loss(training) if self.weighs_classes else self.loss,
                objective=self.objective,
                leaf_outputs=self.leaf_outputs(X),
            ),
            n_bytes=lambda plan: type(self)(self.prune(plan)).n_bytes,
            monotonic=self.monotonic,
        )
        return rows

    def _margin_of(self, rows, X):
        margin = self.margin_from(X, rows.offset)
        if self.offset_name is not None and rows.loss is not None:
            warn_of_other_offset(self, rows, margin)
        return margin

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
    def _columns_of_categories(self) -> NDArray[np.int32]:
        """Columns that some split of `forest` divides by sets of codes."""
        forest = self.forest
        return (
            forest.feature[:0] if forest.category_set is None else np.unique(forest.feature[forest.category_set >= 0])
        )

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

    def base(self, X: Any) -> NDArray:
        """The raw output before the first tree, shape (n_rows or 1, n_columns), in the dtype of the sum over trees."""
        return np.zeros((1, self.forest.value[0].size))

    def margin_from(self, X: Any, offset: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """`margin` of rows that start from an offset in the place of `base`; None: from the latter."""
        margin = self.margin(X)
        return margin if offset is None else margin - self.base(X) + offset

    def check_offset(self, offset: NDArray[np.float64] | None) -> None:
        """Raise a ValueError if an offset has other columns than the model's margin."""
        n_columns = None if offset is None else self.base(None).shape[1]
        if offset is not None and offset.shape[1] != n_columns:
            raise ValueError(
                f"The {self.offset_name!r} parameter must have a column for each of {n_columns} margins of "
                f"{type(self.model).__name__}. Got {offset.shape[1]}."
            )

    def first_steps(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Where training began without offsets, and the step that all rows together would have taken from there.

        For `missing_offsets`; each is an array with one number for each column of the margin.

        Returns
        -------
        list of tuple
            The ways in which the roots of the first stage could have come by their values; none: not known.
        """
        return []

    @property
    def learning_rate(self) -> float:
        """What the steps of boosted trees are multiplied by; for models that were saved, the library's default."""
        return 1.0

    @property
    def first_ridge(self) -> float | None:
        """Ridge penalty of the leaves, where gains and leaves follow from it and sums over rows alone; else None."""
        return None

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


def check_weights(sample_weight: ArrayLike | None, n_rows: int, suffix: str = "") -> NDArray[np.float64] | None:
    """Weights as float64, shape (n_rows,), or None; they must be finite, not negative, and not all zero.

    What follows "sample_weight" in the name of the parameter is `suffix`.
    """
    if sample_weight is None:
        return None
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The 'sample_weight{suffix}' parameter must hold numbers. Got {sample_weight!r:.60}."
        ) from error
    if weight.shape != (n_rows,):
        raise ValueError(f"The 'sample_weight{suffix}' parameter must have the shape ({n_rows},). Got {weight.shape}.")
    for bad, what in ((~np.isfinite(weight), "finite"), (weight < 0, "non-negative")):
        if bad.any():
            raise ValueError(f"The 'sample_weight{suffix}' parameter must be {what}. Got {weight[bad][0]}.")
    if not weight.any():
        raise ValueError(f"The 'sample_weight{suffix}' parameter must not be zero for all rows.")
    return weight
