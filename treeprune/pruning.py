"""prune and pruning_path: a method applied to a fitted model."""

from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from .adapters import find_adapter
from .core.path import PruningPath
from .methods import PathMethod, PruningMethod, as_method


def prune(
    model: Any,
    method: PruningMethod | str = "cost_complexity",
    X: Any = None,
    y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
) -> Any:
    """Prune a fitted model.

    Parameters
    ----------
    model : object
        A fitted model of a supported class. It is not changed.
    method : PruningMethod or str, default="cost_complexity"
        How to prune, or an alias: "cost_complexity" (whose default prunes nothing), "reduced_error", "mdl".
    X : array-like or DataFrame of shape (n_rows, n_features), optional
        Rows to judge by, in the form that the model takes; None: the training statistics that the model stores.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
        Their targets.
    sample_weight : array-like of shape (n_rows,), optional
        Their weights.

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
        A parameter, the rows or the weights are out of range.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.methods import CostComplexity
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> prune(tree, CostComplexity(n_leaves=3)).get_n_leaves()
    3
    """
    method = as_method(method)
    adapter, rows = _adapter_and_rows(model, X, y, sample_weight)
    return adapter.prune(method.plan(adapter.forest, rows))


def pruning_path(
    model: Any,
    method: PathMethod | str = "cost_complexity",
    X: Any = None,
    y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
) -> PruningPath:
    """All pruned models that a method gives as its strength rises.

    Parameters are those of `prune`; the method's own strength is not used.

    Returns
    -------
    PruningPath
        With ``alphas``, ``impurities`` and ``n_leaves`` per step, ``prune(alpha= | n_leaves= | step=)`` and
        ``to_frame()``.

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
    >>> path.prune(step=3).get_n_leaves()
    4
    """
    method = as_method(method)
    if not isinstance(method, PathMethod):
        raise ValueError(f"{type(method).__name__} gives no nested path of trees.")
    adapter, rows = _adapter_and_rows(model, X, y, sample_weight)
    return replace(method.path(adapter.forest, rows), write=adapter.prune)


def _adapter_and_rows(model, X, y, sample_weight):
    if X is None and y is not None:
        raise ValueError("Give X and y together. Got y only.")
    if X is None and sample_weight is not None:
        raise ValueError("The 'sample_weight' parameter needs X and y.")
    adapter = find_adapter(model)
    if X is not None and y is None and adapter.forest.task != "path_length":  # isolation knows no targets
        raise ValueError("Give X and y together. Got X only.")
    return adapter, None if X is None else adapter.rows(X, y, sample_weight)
