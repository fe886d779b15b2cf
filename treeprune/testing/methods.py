"""The contract of a pruning method, for anyone who writes one."""

import pickle
from collections.abc import Iterator, Mapping
from functools import cache
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..adapters import find_adapter
from ..core.forest import Forest
from ..core.graft import graft
from ..core.path import Path, PruningPath
from ..core.rows import Rows
from ..exceptions import MissingStatisticError, UnsupportedModelError
from ..links import unlinked
from ..methods import PathMethod, PruningMethod
from ..pruning import prune, pruning_path
from .adapters import check_output, model_output

#: What a method, an adapter or an entry point may raise to refuse a model or rows.
REFUSALS = (ValueError, UnsupportedModelError)
#: Values that no parameter takes.
_NONSENSE = ("no such value", np.nan)


def check_method(method: PruningMethod, *, out_of_range: Mapping[str, Any] | None = None) -> None:
    """Check that a pruning method keeps its contract, on small models of its own making.

    The method is cloned, its parameters are read, set and never changed, and what they may not be is refused by a
    ValueError that names them. It prunes trees, forests, boosted and isolation trees, or refuses those that it is not
    for; see `check_pruning`. What it needs rows for, it does not do without.

    Parameters
    ----------
    method : PruningMethod
        Set so that it prunes a fully grown tree of some hundred rows.
    out_of_range : dict of str to object, optional
        Values of parameters that are to be refused, besides NaN and a string that means nothing.

    Raises
    ------
    AssertionError
        The contract is broken.

    Examples
    --------
    >>> from treeprune.methods import MaxDepth
    >>> from treeprune.testing import check_method
    >>> check_method(MaxDepth(3), out_of_range={"max_depth": -1})
    """
    assert isinstance(method, PruningMethod), f"{method!r} is no PruningMethod"
    _check_parameters(method)
    _check_refuses_values(method, [(name, value) for name in method.get_params(False) for value in _NONSENSE])
    _check_refuses_values(method, list((out_of_range or {}).items()))
    pruned = [check_pruning(method, *known) for known in _small_models()]
    changed = [found for found in pruned if found is not None]
    assert changed, f"{_name(method)} refuses every model"
    if not method.for_ensembles:
        assert any(not hasattr(found, "estimators_") for found in changed), f"{_name(method)} prunes no single tree"
    _check_needs_rows(method)
    assert _changes_a_model(method), f"{_name(method)} changes none of the models"


def check_pruning(method: PruningMethod, model: Any, X: Any, y: Any, rtol: float = 1e-9, atol: float = 1e-9) -> Any:
    """Check how a method prunes one fitted model.

    Either the method refuses the model with a clear error, or it gives a model of the same class, no larger, that
    predicts what its plan says, evaluated in plain NumPy; the same when asked again. Neither the model, the rows nor
    the method's parameters change. A method that has a path gives trees of falling size, those of a nested method
    within one another, and the same tree by the path as by its parameter.

    Parameters
    ----------
    method : PruningMethod
    model : object
        A fitted model.
    X : array-like or DataFrame of shape (n_rows, n_features)
        Rows that it was fitted on.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), or None
        Their targets; None for trees that know none.
    rtol, atol : float, default=1e-9
        Relative and absolute tolerance of the comparison with NumPy, for families that compute in float32.

    Returns
    -------
    object or None
        The pruned model; None if the method refused.

    Raises
    ------
    AssertionError
        The contract is broken.
    """
    task = find_adapter(model).forest.task
    taken = method.takes(task)
    before = [pickle.dumps(x) for x in (model, X, y, method.get_params())]
    try:
        pruned = prune(model, method, X, y)
    except REFUSALS as error:
        _check_refusal(method, model, error)
        return None
    except Exception as error:
        raise AssertionError(
            f"{_name(method)} fails on {type(model).__name__}: {type(error).__name__}: {error}"
        ) from error
    assert taken, f"{_name(method)} says that it is for {method.tasks} and prunes {task} all the same"
    for x, old, what in zip((model, X, y, method.get_params()), before, _NOT_TO_CHANGE, strict=True):
        assert pickle.dumps(x) == old, f"{_name(method)} changed {what}"
    same = type(unlinked(pruned) if hasattr(pruned, "link_") else pruned) is type(model)
    assert same, f"{_name(method)} made {type(pruned).__name__} of {type(model).__name__}"
    small, large = find_adapter(pruned).forest, find_adapter(model).forest
    assert small.n_nodes <= large.n_nodes, f"{_name(method)} made the model larger"
    if method.soft:
        assert small.n_nodes == large.n_nodes, f"{_name(method)} is soft, yet removed nodes"
    again = prune(model, method, X, y)
    assert same_model(pruned, again, X), f"{_name(method)} gives another model when asked again"
    if len(method.methods_in_order) == 1:
        _check_plan(method.methods_in_order[0], model, pruned, X, y, rtol, atol)
    if isinstance(method, PathMethod):
        _check_path(method, model, X, y)
    return pruned


_NOT_TO_CHANGE = ("the model that it was given", "the rows", "the targets", "its own parameters")


def _check_refusal(method: PruningMethod, model: Any, error: Exception) -> None:
    """An error must name the method or what the model lacks; errors about shapes from native code do not count."""
    names = [*(type(part).__name__ for part in method.methods_in_order), *map(repr, method.get_params())]
    named = any(name in str(error) for name in names)
    assert named or isinstance(error, (MissingStatisticError, UnsupportedModelError)), (
        f"{_name(method)} refuses {type(model).__name__} without saying who does: {type(error).__name__}: {error}"
    )


def _name(method: PruningMethod) -> str:
    return type(method).__name__


def same_model(a: Any, b: Any, X: Any) -> bool:
    """Whether two fitted models have equal trees and equal predictions for rows, to the last bit."""
    first, second = find_adapter(a).forest, find_adapter(b).forest
    fields = ("children_left", "children_right", "feature", "threshold", "value", "tree_weight")
    return all(
        np.array_equal(getattr(first, name), getattr(second, name), equal_nan=True) for name in fields
    ) and np.array_equal(model_output(a, X), model_output(b, X))


def _check_plan(method: PruningMethod, model: Any, pruned: Any, X: Any, y: Any, rtol: float, atol: float) -> None:
    """The model predicts the plan's values, unless a link turns them into probabilities, or leaves are linear."""
    adapter, rows = find_adapter(model).with_rows(X, y)
    plan = method.plan(adapter.forest, rows)
    forest = adapter.forest
    for name, shape in (("collapse", (forest.n_nodes,)), ("source", (forest.n_nodes,)), ("value", forest.value.shape)):
        of_plan = getattr(plan, name)
        if of_plan is not None:
            assert of_plan.shape == shape, f"{_name(method)} gives a plan whose {name} has the shape {of_plan.shape}"
    if plan.link is None and plan.operations and adapter.leaf_outputs(X) is None:
        try:
            check_output(adapter, plan, pruned, X, rtol, atol)
        except AssertionError as error:
            raise AssertionError(f"{_name(method)}: the model does not say what the plan says: {error}") from None


def _check_path(method: PathMethod, model: Any, X: Any, y: Any) -> None:
    path = pruning_path(model, method, X, y)
    name = _name(method)
    assert isinstance(path, Path), f"the path of {name} is no Path"
    assert (np.diff(path.n_leaves) < 0).all(), f"{name}: the trees of the path do not get smaller: {path.n_leaves}"
    if path.alphas is not None:
        assert path.alphas[0] == 0, f"{name}: the path does not begin with the unpruned trees at alpha 0"
        assert (np.diff(path.alphas) > 0).all(), f"{name}: strengths do not rise: {path.alphas}"
    if method.nested:
        _check_nested(name, path)
    rows = find_adapter(model).rows(X, y)
    for step in sorted({0, len(path) // 2, len(path) - 1}):
        _check_step(method, path, step, rows)


def _check_nested(name: str, path: Path) -> None:
    assert isinstance(path, PruningPath), f"{name} says that its trees are nested, yet its path has no strengths"
    forest, strength = path.forest, path.strength
    assert not strength[forest.is_leaf].any(), f"{name}: a leaf has a strength"
    below = np.flatnonzero(forest.parent >= 0)
    above = strength[forest.parent[below]]
    assert (strength[below] <= above).all(), f"{name}: a node is stronger than its parent, so trees are not nested"


def _check_step(method: PathMethod, path: Path, step: int, rows: Rows) -> None:
    """The tree of a step by its number, its strength, and the method's own parameter."""
    name, forest = _name(method), path.forest
    by_step, _ = graft(forest, path.plan(step=step))
    n_leaves = find_adapter(path.prune(step=step)).forest.n_leaves  # a dropped tree may leave a leaf behind
    assert n_leaves == path.n_leaves[step], f"{name}: step {step} has {n_leaves} leaves and says {path.n_leaves[step]}"
    if path.alphas is None:
        return
    alpha = path.alphas[step]
    assert path.step(alpha=alpha) == step, f"{name}: alpha {alpha} is not the strength of step {step}"
    if step == 0 or method.knob is None or not method.nested:
        return
    value = float(path.knob.of_alpha(np.array([alpha]))[0])
    nearby = [int(value)] if value.is_integer() else [value, value * (1 + 1e-9), value * (1 - 1e-9)]  # it was rounded
    assert any(np.array_equal(by_step.node_id, ids) for x in nearby for ids in _left_by(method, x, forest, rows)), (
        f"{name}: {method.knob}={value!r} gives another tree than step {step} of the path"
    )


def _left_by(method: PathMethod, value: float, forest: Forest, rows: Rows) -> Iterator[NDArray]:
    """Ids of the nodes that stay at a value of the knob: with the other parameters, then without other numbers."""
    params = method.get_params(deep=False) | {method.knob: value}
    for known in (params, {key: x for key, x in params.items() if key == method.knob or not isinstance(x, Real)}):
        try:
            yield graft(forest, type(method)(**known).plan(forest, rows))[0].node_id
        except ValueError:  # two strengths at once
            continue


def _check_parameters(method: PruningMethod) -> None:
    from sklearn.base import clone

    name, mark = _name(method), object()
    try:
        params, twin = method.get_params(deep=False), clone(method)
        given = {key: type(method)(**{key: mark}).get_params(deep=False)[key] for key in params}
        set_to = {key: clone(method).set_params(**{key: mark}).get_params(deep=False)[key] for key in params}
    except (AttributeError, RuntimeError, TypeError) as error:
        raise AssertionError(f"{name} cannot be cloned or does not store its parameters as given: {error}") from error
    assert repr(twin) == repr(method), f"the clone of {name} has other parameters"
    for key in params:
        assert given[key] is mark, f"{name} does not store {key!r} as given"
        assert set_to[key] is mark, f"{name} does not set {key!r}"
    assert repr(pickle.loads(pickle.dumps(method))) == repr(method), f"{name} loses parameters in a pickle"
    assert method.knob is None or method.knob in params, f"{name} has no parameter {method.knob!r}, its knob"


def _check_refuses_values(method: PruningMethod, values: list[tuple[str, Any]]) -> None:
    """Each value is refused by a ValueError that names its parameter, before anything is pruned."""
    from sklearn.base import clone

    for key, value in values:
        for model, X, y in _small_models():
            bad = clone(method).set_params(**{key: value})
            what = f"{_name(method)} with {key}={value!r}"
            try:
                prune(model, bad, X, y)
            except REFUSALS as error:
                if key in str(error):
                    break
            except Exception as error:
                raise AssertionError(f"{what} raises {type(error).__name__}, not ValueError: {error}") from error
            else:
                raise AssertionError(f"{what} is not refused")
        else:
            raise AssertionError(f"{what} is refused without naming {key!r}")


def _check_needs_rows(method: PruningMethod) -> None:
    """Without rows, a method that needs them says so, and one that does not prunes a tree."""
    for model, _, _ in _small_models():
        try:
            prune(model, method)
        except REFUSALS as error:
            reason = error
        else:
            needs = method.needs_rows or method.needs_training_rows
            assert not needs, f"{_name(method)} says that it needs rows and prunes {type(model).__name__} without"
            return
    assert method.needs_rows or method.needs_training_rows, f"{_name(method)} does not say that it needs rows: {reason}"


def _changes_a_model(method: PruningMethod) -> bool:
    for model, X, y in _small_models():
        try:
            if not same_model(prune(model, method, X, y), model, X):
                return True
        except REFUSALS:
            continue
    return False


@cache
def _small_models() -> list[tuple[Any, Any, Any]]:
    """A model of each kind that a method may meet, with its rows."""
    from sklearn.ensemble import (
        GradientBoostingRegressor,
        IsolationForest,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4)).round(1)
    number = X[:, 0] * X[:, 1] + X[:, 2] + 0.7 * rng.normal(size=len(X))
    label = np.digitize(number, [-0.5, 0.7])
    return [
        (model.fit(X, y), X, y)
        for model, y in (
            (DecisionTreeClassifier(random_state=0), label),
            (DecisionTreeRegressor(random_state=0), number),
            (RandomForestClassifier(5, random_state=0), label),
            (RandomForestRegressor(5, random_state=0), number),
            (GradientBoostingRegressor(n_estimators=8, random_state=0), number),
            (IsolationForest(n_estimators=5, random_state=0), None),
        )
    ]
