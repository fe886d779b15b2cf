"""The subject of a report: the fitted model, what pruned it, the model before, and rows to score it on."""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from ...adapters import find_adapter
from ...adapters.base import Adapter
from ...adapters.offsets import offset_of
from ...compression import CompressionResult
from ...core.forest import Forest
from ...core.graft import graft
from ...core.path import Path, PruningPath
from ...core.targets import check_target
from ...estimators.base import PrunedEstimator
from ...estimators.stepwise import starting_from
from ...exceptions import MissingStatisticError, UnsupportedModelError
from ...inspection.rules import column_names, learned_missing
from ...methods import CostComplexity
from ...wrappers import fitted_model, last_step, names_for_model, rows_for_model
from . import selection
from .frames import frame_of

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A column with more distinct numbers than this is cut into four parts to make groups of it.
_MOST_GROUPS = 10


@dataclass(frozen=True, eq=False)
class Subject:
    """The arguments of `report`, and what follows from them.

    Parameters
    ----------
    given : object
        The model, pruner, Pipeline, selector or CompressionResult.
    X, y : array-like, optional
        Rows in the form that `given` takes, and their targets.
    before : object, optional
        The fitted model before pruning, in the same form.
    subgroup : str, int or array-like of shape (n_rows,), optional
        Column of X, or values of a row each, by which scores are split.
    held_out : bool, default=False
        Whether it is known that X and y had no part in making the model.
    feature_names, class_names : sequence of str, optional
        Names in place of the model's own.
    search : object, optional
        The search over parameters that found `given` to be best.
    offsets : dict of str to array-like, optional
        Offsets of X, by their names in the libraries.
    """

    given: Any
    X: Any = None
    y: ArrayLike | None = None
    before: Any = None
    subgroup: str | int | ArrayLike | None = None
    held_out: bool = False
    feature_names: "Sequence[str] | None" = None
    class_names: "Sequence[str] | None" = None
    search: Any = None
    offsets: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        if self.X is None and self.y is not None:
            raise ValueError("Give X and y together. Got y only.")
        if self.y is not None:
            check_consistent_length(self.X, self.y)
            check_target(self.y)
        if self.offset is not None:
            self.adapter.check_offset(self.offset)
        if self.selector is None:
            self._check_rows()

    def _check_rows(self):
        if self.X is not None and self.y is None and self.forest.task != "path_length":
            raise ValueError("Give X and y together. Got X only.")  # isolation forests have no targets
        if self.before is not None and self.model_before_task != self.forest.task:
            raise ValueError(
                f"The 'before' parameter must be a model of the same task as the one reported on, {self.forest.task}. "
                f"Got {type(self.before).__name__}, {self.model_before_task}."
            )
        if self.subgroup is not None:
            _ = self.groups

    @property
    def selector(self) -> Any:
        """The fitted selector, if the report is about one."""
        last = last_step(self.given)
        if not hasattr(last, "get_support"):
            return None
        check_is_fitted(last)
        if not selection.takes(last):
            raise UnsupportedModelError(f"Of selectors, the report takes treeprune's own. Got {type(last).__name__}.")
        return last

    @property
    def compression(self) -> CompressionResult | None:
        """The result of `compress`, if the report is about one."""
        return self.given if isinstance(self.given, CompressionResult) else None

    @property
    def predictor(self) -> Any:
        """The object that predicts rows in the form in which the caller has them."""
        return self.given if self.compression is None else self.compression.model

    @property
    def pruner(self) -> PrunedEstimator | None:
        """The pruner, if there is one."""
        last = last_step(self.given)
        return last if isinstance(last, PrunedEstimator) else None

    @cached_property
    def model(self) -> Any:
        """The pruned tree model itself."""
        return fitted_model(self.predictor)

    @cached_property
    def adapter(self) -> Adapter:
        """The pruned tree model as its adapter sees it."""
        return find_adapter(self.model)

    @property
    def forest(self) -> Forest:
        """Its trees."""
        return self.adapter.forest

    @property
    def n_features(self) -> int:
        """Number of columns that reach the model."""
        return self.forest.n_features

    @property
    def n_outputs(self) -> int:
        """Number of targets."""
        return self.forest.n_outputs

    @property
    def is_single_tree(self) -> bool:
        """Whether the report draws a tree: there is one, of a kind whose nodes say what they predict."""
        return self.forest.n_trees == 1 and self.forest.task in ("classification", "regression")

    @property
    def is_classifier(self) -> bool:
        """Whether classes are predicted."""
        return self.forest.task == "classification" or is_classifier(self.model)

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns that reach the model; a name that occurs twice gets the index of its column."""
        names = self._names()
        times = Counter(names)
        return [name if times[name] == 1 else f"{name} (column {place})" for place, name in enumerate(names)]

    def _names(self):
        if self.selector is not None:
            selector = self.selector
            return column_names(selector, selector.n_features_in_, self.feature_names)
        given = names_for_model(self.predictor) if self.feature_names is None else self.feature_names
        return column_names(self.model, self.n_features, given)

    @cached_property
    def classes(self) -> list | None:
        """Names for the classes; None: numbers or several targets are predicted, or labels are not known."""
        known = self.class_names if self.class_names is not None else getattr(self.model, "classes_", None)
        if known is None or not self.is_classifier or self.n_outputs > 1:
            return None
        return [str(label) for label in known]

    @property
    def pruner_path(self) -> Path | None:
        """The path of the pruner, which begins with what was grown; None: there is none, or no pruner."""
        return getattr(self.pruner, "pruning_path_", None)

    @cached_property
    def path(self) -> Path | None:
        """The path of the pruner; of a single tree alone, its cost-complexity path."""
        if self.pruner_path is not None or not self.is_single_tree:
            return self.pruner_path
        if self.before is not None and self.adapter_before.forest.n_features == self.forest.n_features:
            path = _cost_complexity_path(self.adapter_before)
            if (path.n_leaves == self.forest.n_leaves).any() and _same_tree(path, self.forest):
                return path
        try:
            return _cost_complexity_path(self.adapter)
        except (MissingStatisticError, UnsupportedModelError):
            return None

    @cached_property
    def model_before(self) -> Any:
        """The tree model before pruning; None: not known."""
        if self.before is not None:
            return fitted_model(self.before)
        path = getattr(self.pruner, "pruning_path_", None)
        has_model = isinstance(path, PruningPath) and path.write is not None
        return fitted_model(path.prune(step=0)) if has_model else None

    @cached_property
    def adapter_before(self) -> Adapter | None:
        """The tree model before pruning as its adapter sees it; None: not known."""
        return None if self.model_before is None else find_adapter(self.model_before)

    @property
    def forest_before(self) -> Forest | None:
        """Its trees, with features numbered as in `forest`; those that the slim model lacks are behind the others."""
        if self.before is not None:
            return self._numbered_as_after(self.adapter_before.forest)
        path = getattr(self.pruner, "pruning_path_", None)
        return None if path is None else path.forest

    def _numbered_as_after(self, forest):
        if forest.n_features == self.forest.n_features:
            return forest
        place = np.empty(forest.n_features, np.intp)
        left = np.ones(forest.n_features, dtype=bool)
        stay = self._places_before
        place[stay], left[stay] = np.arange(len(stay)), False
        place[left] = len(stay) + np.arange(left.sum())
        feature = forest.feature.copy()
        feature[forest.internal] = place[feature[forest.internal]]
        return replace(forest, feature=feature)

    @cached_property
    def _places_before(self):
        """Of each feature of the slim model, the place that it had before."""
        if self.predictor is self.model:  # its columns are those of the rows
            stay = self.predictor.columns_ if self.is_slim else []
            known = list(getattr(self.model_before, "feature_names_in_", range(self.adapter_before.forest.n_features)))
        else:
            stay, known = names_for_model(self.predictor), names_for_model(self.before)
        stay, known = (None if names is None else list(names) for names in (stay, known))
        if stay is None or known is None or len(stay) != self.forest.n_features or not set(stay) <= set(known):
            raise ValueError(
                "The 'before' parameter must be a model of the features of the one reported on, or of those that it "
                f"had before columns left, by their names. Got {self.adapter_before.forest.n_features} features, not "
                f"{self.forest.n_features}."
            )
        return np.array([known.index(name) for name in stay])

    @cached_property
    def names_that_left(self) -> list[str]:
        """Names of the features behind those of `forest` in `forest_before`."""
        if self.before is None or self.adapter_before.forest.n_features == self.forest.n_features:
            return []
        n_features = self.adapter_before.forest.n_features
        names = column_names(self.model_before, n_features, names_for_model(self.before))
        stay = set(self._places_before.tolist())
        return [name for place, name in enumerate(names) if place not in stay]

    @property
    def is_slim(self) -> bool:
        """Whether columns may have left the model, which says those that it needs."""
        return hasattr(self.predictor, "columns_")

    @cached_property
    def X_after(self) -> Any:
        """X in the form that the slim model takes: of rows without names that the model before takes, its columns."""
        if self.X is None or not self.is_slim or self.before is None or hasattr(self.X, "columns"):
            return self.X
        columns, n_given = self.predictor.columns_, np.shape(self.X)[1:]
        if columns is None or not n_given or n_given[0] == len(columns):
            return self.X
        return _safe_indexing(self.X, columns, axis=1)

    @property
    def model_before_task(self) -> str:
        """What the values of the model before pruning mean."""
        return self.adapter_before.forest.task

    @cached_property
    def rows(self) -> Any:
        """X as it reaches the model, after the earlier steps of a Pipeline."""
        return self.X if self.X is None else rows_for_model(self.predictor, self.X_after)

    @cached_property
    def rows_before(self) -> Any:
        """X as it reaches the model before pruning."""
        return self.rows if self.before is None else rows_for_model(self.before, self.X)

    @cached_property
    def mentions_missing(self) -> NDArray[np.bool_] | None:
        """Columns of which rules say where missing values go: their way is learned, or the rows given have some."""
        mentioned = learned_missing(self.path.forest)
        if mentioned is None or self.X is None:
            return mentioned
        return mentioned | frame_of(self.rows).isna().to_numpy().any(axis=0)

    @cached_property
    def offset(self) -> NDArray[np.float64] | None:
        """What the margins of X start from, in the place of the model's own base; None: from that."""
        return offset_of(self.model, self.X, **self.offsets)

    def predictor_after(self) -> tuple[Any, Any]:
        """An object that predicts as the pruned model does from the offsets, and the rows in the form that it takes."""
        if self.offset is None:
            return self.predictor, self.X_after
        return starting_from(self.offset, self.model, self.rows), self.rows

    def predictor_before(self) -> tuple[Any, Any] | None:
        """The same for the model before pruning; None: it is not known."""
        if self.model_before is None:
            return None
        if self.before is None:
            return starting_from(self.offset, self.model_before, self.rows), self.rows
        if self.offset is None:
            return self.before, self.X
        return starting_from(self.offset, self.model_before, self.rows_before), self.rows_before

    @cached_property
    def groups(self) -> tuple[str, list[str], NDArray] | None:
        """Name of the subgroup, names of its groups, and the group of each row."""
        if self.subgroup is None:
            return None
        if self.X is None:
            raise ValueError("The 'subgroup' parameter needs X and y.")
        if np.ndim(self.subgroup) == 0:
            return self._groups_by_column(self.subgroup)
        check_consistent_length(self.X, self.subgroup)
        name = getattr(self.subgroup, "name", None) or "subgroup"
        return str(name), *_as_groups(frame_of(column_or_1d(self.subgroup)).iloc[:, 0])

    def _groups_by_column(self, place):
        frame = frame_of(self.X)
        names = [str(name) for name in self.X.columns] if hasattr(self.X, "columns") else self._names_of_X()
        if isinstance(place, str):
            if place not in names:
                raise ValueError(f"The 'subgroup' parameter must be a column of X. Got {place!r}.")
            place = names.index(place)
        if not 0 <= place < len(names):
            raise ValueError(
                f"The 'subgroup' parameter must be a column in the range [0, {len(names)}). Got {place!r}."
            )
        return names[place], *_as_groups(frame.iloc[:, place])

    def _names_of_X(self):
        n_columns = np.shape(self.X)[1]
        given = self.feature_names if self.feature_names is not None and len(self.feature_names) == n_columns else None
        return column_names(self.predictor, n_columns, given)


def _cost_complexity_path(adapter):
    return replace(CostComplexity().path(adapter.forest), write=adapter.prune)


def _same_tree(path, forest):
    """Whether the tree of the path with as many leaves splits as `forest` does."""
    small = graft(path.forest, path.plan(n_leaves=forest.n_leaves))[0]
    return np.array_equal(small.feature, forest.feature) and np.array_equal(small.threshold, forest.threshold)


def _as_groups(column):
    """The groups, and that of each row as text: the value itself, or for many distinct numbers a quarter of them."""
    import pandas as pd

    column = column.reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > _MOST_GROUPS:
        part = pd.qcut(column, 4, duplicates="drop")
        names = [f"{interval.left:.4g} to {interval.right:.4g}" for interval in part.cat.categories]
        group = np.array([*names, "missing"], dtype=object)[part.cat.codes.to_numpy()]
        return [name for name in [*names, "missing"] if (group == name).any()], group
    group = column.astype(object)
    if pd.api.types.is_float_dtype(column):
        shown = column.map("{:.6g}".format)
        group = shown if shown.nunique() == column.nunique(dropna=False) else group
    group = group.where(column.notna(), "missing").astype(str).to_numpy(dtype=object)
    return list(pd.Series(group).value_counts().index), group
