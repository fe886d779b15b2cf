"""prune and pruning_path: a method applied to a fitted model."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_outlier_detector

from .adapters import find_adapter
from .adapters.base import Adapter
from .adapters.offsets import offset_of
from .composites import find_composite
from .composites.base import Given
from .composites.exchange import exchanged, inside, tree_models, with_tree_models
from .core.path import Path
from .core.plan import Plan
from .core.rows import Rows
from .core.targets import check_target
from .layer_pruning import LayersPath, layers_path, prune_layers
from .layers.methods import LayerMethod
from .methods import PathMethod, PruningMethod, as_any_method


def prune(
    model: Any,
    method: PruningMethod | LayerMethod | str = "cost_complexity",
    X: Any = None,
    y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    base_margin: ArrayLike | None = None,
    init_score: ArrayLike | None = None,
    class_weight: str | None = "model",
) -> Any:
    """Prune a fitted model.

    Parameters
    ----------
    model : object
        A fitted model of a supported class, or one that holds such models, as deep as they stand: a Pipeline, a search,
        a calibrated, voting or stacked model, one made of a model for each class or output. It is not changed.
    method : PruningMethod, LayerMethod or str, default="cost_complexity"
        How to prune, or an alias: "cost_complexity" (whose default prunes nothing), "reduced_error", "mdl". Those for
        models made of weights prune these: linear models and multi-layer perceptrons ("magnitude", "unit", ...).
    X : array-like or DataFrame of shape (n_rows, n_features), optional
        Rows to judge by, in the form that the model takes; None: the training statistics that the model stores. A
        model inside another is judged by what it sees of them. For models made of weights: rows for calibration.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
        Their targets. For models made of weights only those that hold models and show them rows by targets need any.
    sample_weight : array-like of shape (n_rows,), optional
        Their weights.
    base_margin : array-like of shape (n_rows,) or (n_rows, n_columns), optional
        Their offsets, for models of XGBoost that were fitted with ``base_margin=``: what their margin starts from, in
        the place of the base score. All methods judge by margins with these offsets, as the library does in training.
        Without them, a model that was fitted so is judged wrongly. There is a warning where the rows show it: where
        their level is not the model's, or where they are the training rows and the first tree is not made for them.
        Other rows do not show it if the offsets agree with the base score on average; the training rows do not if the
        offsets are small or the trees shallow, nor with XGBoost under losses whose second derivative varies (the
        logistic one). So do not rely on it.
    init_score : array-like of shape (n_rows,) or (n_rows, n_columns), optional
        The same for models of LightGBM that were fitted with ``init_score=``; flat ones hold column after column, as
        LightGBM takes them.
    class_weight : {"model"} or None, default="model"
        How often rows of each class count besides. "model": as in the model's own training, by scikit-learn's
        ``class_weight``, XGBoost's ``scale_pos_weight``, LightGBM's ``is_unbalance`` and ``scale_pos_weight``. What is
        "balanced" there stays as in training if the numbers of rows that the model stores tell how many there were of
        each class (single trees, and forests without bootstrap, fitted without weights of rows); else it is balanced
        for the rows given. None: all once.

    Returns
    -------
    object
        A fitted model of the same class.

    Raises
    ------
    UnsupportedModelError
        No adapter takes the model, or its family cannot express what the method asks for.
    ModelFormatError
        The model's trees are malformed.
    MissingStatisticError
        The method needs statistics that the model does not store, and no rows are given.
    sklearn.exceptions.NotFittedError
        The model is not fitted.
    ValueError
        A parameter, the rows, the weights or the offsets are out of range, or the offsets are for another library, or
        for a model that holds several tree models.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import CostComplexity
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> print(prune(tree, CostComplexity(n_leaves=3)).get_n_leaves())
    3
    """
    method = as_any_method(method)
    if isinstance(method, LayerMethod):
        _check_for_layers(base_margin, init_score, class_weight)
        return prune_layers(model, method, X, y, sample_weight)

    def pruned(tree_model, seen):
        return carry_out(find_adapter(tree_model), method, _rows_to_judge_by(*seen, class_weight))

    given = _given(model, X, y, sample_weight, class_weight, base_margin=base_margin, init_score=init_score)
    return exchanged(model, pruned, given)


#: Routes the rows to judge by through a model: gives the adapter to carry out the plan with, and the rows or None.
RowsToJudgeBy = Callable[[Adapter], tuple[Adapter, Rows | None]]


def carry_out(adapter: Adapter, method: PruningMethod, judge: RowsToJudgeBy) -> Any:
    """The model after all methods of a Sequence, each planned for what the one before left.

    Parameters
    ----------
    adapter : Adapter
        The fitted model.
    method : PruningMethod
    judge : RowsToJudgeBy
    """
    if not method.methods_in_order:
        return adapter.prune(Plan())
    first, *others = method.methods_in_order
    adapter, rows = judge(adapter)
    model = adapter.prune(first.plan(adapter.forest, rows))
    for method in others:
        adapter, rows = judge(find_adapter(model))
        model = adapter.prune(method.plan(adapter.forest, rows))
    return model


@overload
def pruning_path(
    model: Any,
    method: LayerMethod,
    X: Any = ...,
    y: ArrayLike | None = ...,
    *,
    sample_weight: ArrayLike | None = ...,
    base_margin: ArrayLike | None = ...,
    init_score: ArrayLike | None = ...,
    class_weight: str | None = ...,
) -> LayersPath: ...
@overload
def pruning_path(
    model: Any,
    method: PathMethod | str = ...,
    X: Any = ...,
    y: ArrayLike | None = ...,
    *,
    sample_weight: ArrayLike | None = ...,
    base_margin: ArrayLike | None = ...,
    init_score: ArrayLike | None = ...,
    class_weight: str | None = ...,
) -> Path: ...
def pruning_path(
    model: Any,
    method: PathMethod | LayerMethod | str = "cost_complexity",
    X: Any = None,
    y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    base_margin: ArrayLike | None = None,
    init_score: ArrayLike | None = None,
    class_weight: str | None = "model",
) -> Path | LayersPath:
    """All pruned models that a method gives as its strength rises.

    Parameters are those of `prune`; the method's own strength is not used. A model that holds others must hold a single
    tree model.

    Returns
    -------
    PruningPath or SequencePath
        With ``impurities``, ``n_leaves`` and (unless the trees have no strength) ``alphas`` per step,
        ``prune(alpha= | n_leaves= | step=)`` and ``to_frame()``. The trees of a PruningPath are nested.
    LayersPath
        For models made of weights: with ``amounts``, ``n_weights``, ``n_units`` and, if y is given, ``scores`` on these
        rows per step, ``prune(amount= | step=)`` and ``to_frame()``.

    Raises
    ------
    ValueError
        The method has no path; and as `prune`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import pruning_path
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> path = pruning_path(tree)
    >>> path.n_leaves
    array([9, 7, 5, 4, 3, 2, 1])
    >>> print(path.prune(step=3).get_n_leaves())
    4
    """
    method = as_any_method(method)
    if isinstance(method, LayerMethod):
        _check_for_layers(base_margin, init_score, class_weight)
        return layers_path(model, method, X, y, sample_weight)
    if not isinstance(method, PathMethod):
        raise ValueError(f"{type(method).__name__} gives no path of trees.")
    given = _given(model, X, y, sample_weight, class_weight, base_margin=base_margin, init_score=init_score)
    held = list(tree_models(model))
    if len(held) > 1:
        names = ", ".join(type(tree_model).__name__ for tree_model in held)
        raise ValueError(
            f"There is no single path: {type(model).__name__} holds {len(held)} tree models ({names}). Prune it at one "
            "strength, or ask for the path of one of them."
        )
    ((tree_model, (seen,), _),) = inside(model, given)
    adapter, rows = _rows_to_judge_by(*seen, class_weight)(find_adapter(tree_model))
    return replace(method.path(adapter.forest, rows), write=Written(model, adapter))


def _check_for_layers(base_margin, init_score, class_weight):
    """Refuse what only tree models know."""
    for name, value in (("base_margin", base_margin), ("init_score", init_score)):
        if value is not None:
            raise ValueError(f"The {name!r} parameter must be None for models made of weights. Got {value!r:.60}.")
    check_class_weight(class_weight)


@dataclass(frozen=True)
class Written:
    """Carries out plans on a tree model inside a model. It can be pickled, as paths are that hold it.

    Parameters
    ----------
    model : object
        The whole model; the tree model itself, where that is all.
    adapter : Adapter
        The tree model.
    """

    model: Any
    adapter: Adapter

    def __call__(self, plan: Plan) -> Any:
        """A copy of the whole model."""
        return with_tree_models(self.model, {id(self.adapter.model): self.adapter.prune(plan)})


def _given(model, X, y, sample_weight, class_weight, **offsets):
    """What the caller gave, checked: rows without targets judge outlier detectors only, offsets a single tree model.

    A composite looks at targets before its parts do.
    """
    _rows_to_judge_by(X, y, sample_weight, None, class_weight)
    without_targets = X is not None and y is None and find_composite(model) is not None
    if without_targets and not all(map(is_outlier_detector, tree_models(model))):
        raise ValueError("Give X and y together. Got X only.")
    return Given(X, y, sample_weight, offset_inside(model, X, **offsets))


def offset_inside(model: Any, X: Any, *, suffix: str = "", **offsets: ArrayLike | None) -> NDArray[np.float64] | None:
    """The offset of rows for the only tree model inside a model; parameters and errors as `offset_of`."""
    named = [name for name, offset in offsets.items() if offset is not None]
    if not named:
        return None
    held = list(tree_models(model))
    if len(held) > 1:
        raise ValueError(
            f"The {named[0] + suffix!r} parameter must be None where several tree models would have to share it: "
            f"{type(model).__name__} holds {len(held)}."
        )
    return offset_of(held[0] if held else model, X, suffix=suffix, **offsets)


def check_class_weight(class_weight: str | None) -> None:
    """Raise ValueError unless it is "model" or None."""
    if not (class_weight is None or (isinstance(class_weight, str) and class_weight == "model")):
        raise ValueError(
            "The 'class_weight' parameter must be 'model' or None; other weights can be given as those of rows, as "
            f"sample_weight=. Got {class_weight!r}."
        )


def _rows_to_judge_by(
    X: Any, y: ArrayLike | None, sample_weight: ArrayLike | None, offset: ArrayLike | None, class_weight: str | None
) -> RowsToJudgeBy:
    check_class_weight(class_weight)
    if X is None and y is not None:
        raise ValueError("Give X and y together. Got y only.")
    if X is None and sample_weight is not None:
        raise ValueError("The 'sample_weight' parameter needs X and y.")
    if X is None and class_weight is None:
        raise ValueError("The 'class_weight' parameter needs X and y: statistics that the model stores are weighed.")
    check_target(y)

    def judge(adapter):
        if X is not None and y is None and adapter.forest.task != "path_length":  # isolation forests have no targets
            raise ValueError("Give X and y together. Got X only.")
        if X is None:
            return adapter, None
        adapter = adapter if class_weight == "model" else adapter.without_class_weights()
        return adapter.with_rows(X, y, sample_weight, offset)

    return judge
