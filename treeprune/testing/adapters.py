"""Independent checks: a Forest evaluated in plain NumPy, and the contract of an adapter."""

import copy
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from ..adapters import find_adapter
from ..adapters.base import Adapter
from ..core.forest import Forest
from ..core.graft import graft
from ..core.plan import Plan
from ..exceptions import MissingStatisticError
from ..links import unlinked


def forest_apply(forest: Forest, X: NDArray, tree: int = 0) -> NDArray[np.int32]:
    """Leaf of each row in one tree, found by following the stated splits, without the model's own code.

    Parameters
    ----------
    forest : Forest
        Canonical or not.
    X : ndarray of shape (n_rows, n_features)
        Rows in the float type that the family compares in (float32 for scikit-learn's trees and XGBoost).
    tree : int, default=0

    Returns
    -------
    ndarray of int32, shape (n_rows,)
        Node ids of `forest`.
    """
    node = np.full(len(X), forest.root[tree], np.int32)
    active = np.flatnonzero(~forest.is_leaf[node])
    while len(active):
        at = node[active]
        left = _goes_left(forest, at, X[active, forest.feature[at]])
        node[active] = np.where(left, forest.children_left[at], forest.children_right[at])
        active = active[~forest.is_leaf[node[active]]]
    return node


def forest_values(forest: Forest, X: NDArray) -> list[NDArray[np.float64]]:
    """Values of the leaves that the rows reach, one array of shape (n_rows, n_outputs, n_values) per tree."""
    return [forest.value[forest_apply(forest, X, tree)] for tree in range(forest.n_trees)]


def _goes_left(forest: Forest, node: NDArray, x: NDArray) -> NDArray[np.bool_]:
    threshold = forest.threshold[node]
    left = x <= threshold if forest.comparison == "<=" else x < threshold
    if forest.category_set is not None:
        for index in np.unique(forest.category_set[node]):
            if index >= 0:
                here = forest.category_set[node] == index
                left[here] = np.isin(x[here], forest.category_sets[index])
    missing = np.isnan(x)
    if missing.any():
        if forest.missing_go_to_left is None:
            raise ValueError("The rows hold missing values, which the model does not know.")
        left[missing] = forest.missing_go_to_left[node[missing]]
    return left


def same_arrays(a: Any, b: Any) -> bool:
    """Whether two fitted scikit-learn trees have equal ``tree_`` arrays, to the last bit."""
    first, second = a.tree_.__getstate__(), b.tree_.__getstate__()
    names = first["nodes"].dtype.names
    return (
        first["max_depth"] == second["max_depth"]
        and first["node_count"] == second["node_count"]
        and all(np.array_equal(first["nodes"][name], second["nodes"][name], equal_nan=True) for name in names)
        and np.array_equal(first["values"], second["values"])
    )


def forest_output(forest: Forest, X: NDArray, base: NDArray | float = 0.0) -> NDArray[np.float64]:
    """The score of an ensemble from its trees' values: their weighted mean, or for boosted trees their sum.

    Parameters
    ----------
    forest : Forest
    X : ndarray of shape (n_rows, n_features)
        As for `forest_apply`.
    base : ndarray of shape (n_rows, n_columns), optional
        Raw score that boosted trees add to.

    Returns
    -------
    ndarray of shape (n_rows, n_columns) for boosted trees, else (n_rows, n_outputs, n_values)
    """
    values = zip(forest.tree_weight, forest_values(forest, X), strict=True)
    if forest.task != "margin":
        return sum(weight * value for weight, value in values) / forest.tree_weight.sum()
    n_columns = np.shape(base)[1] if np.ndim(base) else forest.tree_class.max() + 1
    margin = np.zeros((len(X), n_columns)) + base
    for column, (weight, value) in zip(forest.tree_class, values, strict=True):
        margin[:, column] += weight * value[:, 0, 0]
    return margin


def forest_votes(forest: Forest, X: NDArray) -> NDArray:
    """What trees vote for: the code of the class with most weight behind it, or the weighted median of values."""
    values = np.stack(forest_values(forest, X))[:, :, 0]
    rows = np.arange(len(X))
    if forest.task == "classification":
        votes = np.zeros(values.shape[1:])
        for weight, value in zip(forest.tree_weight, values, strict=True):
            votes[rows, value.argmax(axis=1)] += weight
        return votes.argmax(axis=1)
    order = np.argsort(values[:, :, 0], axis=0)
    reached = np.cumsum(forest.tree_weight[order], axis=0) >= forest.tree_weight.sum() / 2
    return values[order[reached.argmax(axis=0), rows], rows, 0]


def model_output(model: Any, X: Any) -> NDArray:
    """Predictions of a fitted model by its own code: scores or probabilities where it has them."""
    adapter = find_adapter(model)
    task = adapter.forest.task
    if task == "margin":
        return adapter.margin(X)
    if task == "path_length":
        return model.score_samples(X)
    if adapter.votes or task == "regression":
        return model.predict(X)
    fractions = (unlinked(model) if hasattr(model, "link_") else model).predict_proba(X)
    fractions = fractions if isinstance(fractions, list) else [fractions]
    output = np.zeros((len(fractions[0]), len(fractions), adapter.forest.value.shape[2]))
    for one, of_output in zip(np.moveaxis(output, 1, 0), fractions, strict=True):
        one[:, : of_output.shape[1]] = of_output
    return output


def check_adapter(
    model: Any, X: Any, y: Any = None, *, rtol: float = 1e-12, atol: float = 1e-12, random_state: int = 0
) -> None:
    """Check that an adapter keeps its contract on a fitted model.

    A plan that changes nothing gives the same outputs to the last bit; random collapses, dropped trees and new weights
    agree with the Forest, evaluated in plain NumPy; the model is not changed; pruned models can be pickled, cloned and
    copied and are smaller on disk; columns that the adapter says they do not use may leave; training goes on from them
    where the family can do that.

    Parameters
    ----------
    model : object
        A fitted model.
    X : array-like or DataFrame of shape (n_rows, n_features)
        Rows, best those that the model was fitted on.
    y : array-like of shape (n_rows,), optional
        Their targets, for families that need rows to prune, and for warm starts.
    rtol, atol : float, default=1e-12
        Relative and absolute tolerance of the comparison with NumPy, for families that compute in float32.
    random_state : int, default=0

    Raises
    ------
    AssertionError
        The contract is broken.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from treeprune.testing import check_adapter
    >>> X, y = load_iris(return_X_y=True)
    >>> check_adapter(RandomForestClassifier(5, random_state=0).fit(X, y), X, y)
    """
    before, output = pickle.dumps(model), model_output(model, X)
    adapter = find_adapter(model)
    _check_missing_values(adapter)
    if y is not None or adapter.forest.task == "path_length":
        adapter, _ = adapter.with_rows(X, y)
    for collapse in (None, np.zeros(adapter.forest.n_nodes, bool)):
        np.testing.assert_array_equal(model_output(adapter.prune(Plan(collapse=collapse)), X), output)
    sizes, rng = [(adapter.forest.n_nodes, len(before))], np.random.default_rng(random_state)
    for share in (0.05, 0.3, 1.0):
        plan = Plan(collapse=(rng.random(adapter.forest.n_nodes) < share) & ~adapter.forest.is_leaf)
        pruned = adapter.prune(plan)
        assert type(pruned) is type(model)
        _check_structure(adapter, plan, pruned, X)
        check_output(adapter, plan, pruned, X, rtol, atol)
        _check_copies(pruned, X)
        _check_columns(pruned, X)
        sizes.append((find_adapter(pruned).forest.n_nodes, len(pickle.dumps(pruned))))
    _check_sizes(sizes)
    for plan in _plans_of_trees(adapter, rng):
        pruned = adapter.prune(plan)
        check_output(adapter, plan, pruned, X, rtol, atol)
        _check_copies(pruned, X)
    if y is not None:
        _check_warm_start(pruned, X, y)
    assert pickle.dumps(model) == before, "the model was changed"


def _check_missing_values(adapter: Adapter) -> None:
    """A node whose value as a leaf is not stored must not become a leaf without rows."""
    unknown = np.isnan(adapter.forest.value).any(axis=(1, 2))
    if unknown.any():
        try:
            adapter.prune(Plan(collapse=unknown))
        except MissingStatisticError:
            return
        raise AssertionError("a node whose value is not known became a leaf")


def _plans_of_trees(adapter: Adapter, rng: np.random.Generator) -> list[Plan]:
    """Plans that drop trees and change their weights, as far as the family can express them."""
    n_trees = adapter.forest.n_trees
    plans = []
    if "drop_tree" in adapter.operations and n_trees > 1:
        drop = np.arange(n_trees) == rng.integers(n_trees)
        plans += [Plan(drop_tree=drop), Plan(drop_tree=~drop)]
    if "tree_weight" in adapter.operations:
        plans.append(Plan(tree_weight=rng.uniform(0.5, 2.0, n_trees)))
    return plans


def _check_structure(adapter: Adapter, plan: Plan, pruned: Any, X: Any) -> None:
    expected, _ = graft(adapter.forest, plan)
    again, compared, leaf_ids = find_adapter(pruned), adapter.compared(X), find_adapter(pruned).leaf_ids(X)
    for name in ("start", "children_left", "children_right", "feature", "threshold", "n_node_samples"):
        np.testing.assert_array_equal(getattr(again.forest, name), getattr(expected, name), name)
    for tree in range(expected.n_trees):
        np.testing.assert_array_equal(leaf_ids(tree), forest_apply(expected, compared, tree))


def check_output(adapter: Adapter, plan: Plan, pruned: Any, X: Any, rtol: float, atol: float) -> None:
    """Whether a model predicts what a plan says, evaluated in plain NumPy."""
    expected, compared = graft(adapter.forest, plan)[0], adapter.compared(X)
    if adapter.votes:
        votes = forest_votes(expected, compared)
        votes = pruned.classes_[votes] if expected.task == "classification" else votes
        np.testing.assert_array_equal(pruned.predict(X), votes)
        return
    if expected.task == "margin":
        base = adapter.margin(X) - forest_output(adapter.forest, compared)
        output = forest_output(expected, compared, base)
    else:
        output = forest_output(expected, compared)
        if expected.task == "path_length":
            output = -(2 ** -(output[:, 0, 0] / _average_path_length(adapter.model.max_samples_)))
        elif expected.task == "regression":
            output = np.squeeze(output, axis=(1, 2) if output.shape[1] == 1 else 2)
    np.testing.assert_allclose(model_output(pruned, X), output, rtol, atol)


def _average_path_length(n: int) -> float:
    """c(n) of Liu, Ting & Zhou (2008), eq. 1."""
    return 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n if n > 2 else float(n == 2)


def _check_columns(pruned: Any, X: Any) -> None:
    adapter = find_adapter(pruned)
    kept = adapter.used_features
    if not kept.any():
        kept = np.arange(len(kept)) == 0
    narrow = _safe_indexing(X, np.flatnonzero(kept), axis=1)
    np.testing.assert_array_equal(model_output(adapter.with_features(kept), narrow), model_output(pruned, X))


def _check_copies(pruned: Any, X: Any) -> None:
    output = model_output(pruned, X)
    for same in (pickle.loads(pickle.dumps(pruned)), copy.deepcopy(pruned)):
        np.testing.assert_array_equal(model_output(same, X), output)
    if hasattr(pruned, "get_params"):
        from sklearn.base import clone

        assert clone(pruned).get_params(deep=False).keys() == pruned.get_params(deep=False).keys()


def _check_sizes(sizes: list[tuple[int, int]]) -> None:
    """A model with fewer nodes takes fewer bytes."""
    sizes = sorted(set(sizes))
    n_nodes, n_bytes = np.array(sizes).T
    fewer = np.diff(n_nodes) > 0
    assert (np.diff(n_bytes)[fewer] > 0).all(), f"nodes and bytes: {sizes}"


def _check_warm_start(pruned: Any, X: Any, y: Any) -> None:
    """Where a family has warm starts, they keep the pruned trees and add to them."""
    params = pruned.get_params(deep=False) if hasattr(pruned, "get_params") else {}
    counter = next((name for name in ("n_estimators", "max_iter") if name in params), None)
    if "warm_start" not in params or counter is None or params.get("oob_score"):
        return
    kept = find_adapter(pruned).forest
    longer = copy.deepcopy(pruned).set_params(warm_start=True, **{counter: params[counter] + 2}).fit(X, y)
    grown = find_adapter(longer).forest
    assert grown.n_trees > kept.n_trees
    np.testing.assert_array_equal(grown.children_left[: kept.n_nodes], kept.children_left)
    assert find_adapter(pruned).forest.n_trees == kept.n_trees, "the warm start changed the model it started from"
