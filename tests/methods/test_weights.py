"""Weights: their unit never matters, and methods that count rows find as many as there are."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import naive
from tests.methods.test_all_methods import EXAMPLES
from tests.zoo import DATA
from treeprune import MissingStatisticError, UnsupportedModelError, prune
from treeprune.adapters import find_adapter
from treeprune.core.counts import counted_statistics, row_counts
from treeprune.methods import (
    DepthPruning,
    ErrorBased,
    HierarchicalShrinkage,
    JointPruning,
    LeafRefit,
    MinSamples,
    SelectedNodes,
    TreeSelection,
)

MODELS = {
    "tree of classes": DecisionTreeClassifier(random_state=0),
    "tree of numbers": DecisionTreeRegressor(random_state=0),
    "forest of classes": RandomForestClassifier(4, random_state=0),
    "forest of numbers": RandomForestRegressor(4, random_state=0),
    "AdaBoost of classes": AdaBoostClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=4, random_state=0),
    "AdaBoost of numbers": AdaBoostRegressor(DecisionTreeRegressor(max_depth=4), n_estimators=4, random_state=0),
    "boosting of classes": GradientBoostingClassifier(n_estimators=4, random_state=0),
    "boosting of numbers": GradientBoostingRegressor(n_estimators=4, random_state=0),
    "histograms of classes": HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=5, random_state=0),
    "histograms of numbers": HistGradientBoostingRegressor(max_iter=4, min_samples_leaf=5, random_state=0),
}
METHODS = [
    *(method for method in EXAMPLES if not isinstance(method, SelectedNodes)),
    JointPruning(fraction=0.3),
    JointPruning(alpha=1e-4, reg=3.0),
    DepthPruning(fraction=0.3),
    LeafRefit(reg=5.0),
    TreeSelection(2),
    TreeSelection(2, "lasso"),
]
#: Close to 1e-6 and 1e6, and powers of two: trees that are grown under such weights are the same to the last bit.
FACTORS = [2.0**-20, 2.0**20]
#: scikit-learn's histogram trees stop at a sum of hessians of 0.001: they are others under other units of weight.
FACTORS_OF = {"histograms of classes": [], "histograms of numbers": FACTORS[1:]}
REFUSALS = (MissingStatisticError, UnsupportedModelError, ValueError)

each_model = pytest.mark.parametrize("name", MODELS)
each_method = pytest.mark.parametrize("method", METHODS, ids=repr)
pytestmark = pytest.mark.usefixtures("one_thread")


def data(name):
    """Rows to grow on and rows to prune by, each with weights."""
    X, y = DATA["cancer" if "classes" in name else "diabetes"]()
    if "classes" in name:
        y = np.where(np.random.default_rng(1).random(len(y)) < 0.1, 1 - y, y)
    weight = np.random.default_rng(0).gamma(2.0, size=len(y))
    return [(X[rows], y[rows], weight[rows]) for rows in (slice(0, 170), slice(170, None))]


def fitted(name, weight, cache={}):  # noqa: B006 - models are fitted once and never changed
    key = name, None if weight is None else weight.tobytes()
    if key not in cache:
        X, y, _ = data(name)[0]
        cache[key] = clone(MODELS[name]).fit(X, y, sample_weight=weight)
    return cache[key]


def pruned(model, method, rows):
    """The pruned model, or how the method refuses it."""
    try:
        return prune(model, method, *rows[:2], sample_weight=rows[2] if len(rows) > 2 else None)
    except REFUSALS as refusal:
        return type(refusal)


def rows_for(method, name, factor=1.0, weighted=True):
    if not (method.needs_rows or method.needs_training_rows):
        return ()
    X, y, weight = data(name)[1 if method.needs_rows else 0]
    return (X, y, factor * weight) if weighted else (X, y)


def output(model, X):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


def assert_same(model, other, X):
    if isinstance(model, type) or isinstance(other, type):
        assert model is other
        return
    one, two = (find_adapter(found).forest for found in (model, other))
    for name in ("children_left", "feature", "threshold"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_allclose(output(model, X), output(other, X), rtol=1e-6, atol=1e-8)


@each_model
@each_method
def test_the_unit_of_the_weights_that_the_model_was_fitted_with_does_not_matter(name, method):
    (X, _, weight), _ = data(name)
    expected = pruned(fitted(name, weight), method, rows_for(method, name))
    for factor in FACTORS_OF.get(name, FACTORS):
        assert_same(pruned(fitted(name, factor * weight), method, rows_for(method, name, factor)), expected, X)


@each_model
@each_method
def test_the_unit_of_the_weights_of_given_rows_does_not_matter(name, method):
    (X, y, weight), held_out = data(name)
    model = fitted(name, weight)
    if not method.needs_training_rows:
        X, y, weight = held_out
    expected = pruned(model, method, (X, y, weight))
    # Where two prunings are as good but for rounding, block descent goes where the last bits of weights send it.
    for factor in FACTORS if isinstance(method, (DepthPruning, JointPruning)) else (1e-6, 1e6):
        found = pruned(model, method, (X, y, factor * weight))
        assert_same(found, expected, X)
        if isinstance(method, ErrorBased) and not isinstance(found, type):  # new sums are in the model's unit
            one, two = (find_adapter(model).forest for model in (found, expected))
            np.testing.assert_allclose(one.weighted_n_node_samples, two.weighted_n_node_samples, rtol=1e-9)


@each_model
@each_method
def test_equal_weights_are_none(name, method):
    (X, _, weight), _ = data(name)
    expected = pruned(fitted(name, np.ones(len(weight))), method, rows_for(method, name, weighted=False))
    for factor in FACTORS_OF.get(name, FACTORS):
        equal = np.full(len(weight), factor)
        rows = rows_for(method, name, weighted=False)
        found = pruned(fitted(name, equal), method, (*rows, np.full(len(rows[1]), factor)) if rows else ())
        assert_same(found, expected, X)


@pytest.mark.parametrize("name", [name for name in MODELS if "histograms" not in name])
@pytest.mark.parametrize("method", [m for m in METHODS if m.counts_rows and len(m.methods_in_order) == 1], ids=repr)
def test_counting_methods_take_naive_counts_for_rows(name, method):
    """The same forest, told that its rows weigh what they count."""
    if method.needs_rows or method.needs_training_rows or isinstance(method, MinSamples):
        pytest.skip("goes by other numbers")
    forest = find_adapter(fitted(name, data(name)[0][2])).forest
    tasks = ("classification", "regression") if method.tasks is None else method.tasks
    if forest.task not in (*tasks, "margin" if isinstance(method, HierarchicalShrinkage) else None):
        pytest.skip("not for this model")
    plain = replace(forest, weighted_n_node_samples=naive.counts(forest))
    plan, expected = method.plan(forest), method.plan(plain)
    if plan.value is not None:
        np.testing.assert_allclose(plan.value, expected.value, rtol=1e-9)
    else:
        assert 0 < np.count_nonzero(plan.collapse) < len(forest.internal)
        np.testing.assert_array_equal(plan.collapse, expected.collapse)


def test_adaboost_keeps_its_splits():
    (X, y, _), (X_test, y_test, _) = data("AdaBoost of classes")
    model = AdaBoostClassifier(DecisionTreeClassifier(max_depth=6), n_estimators=5, random_state=0).fit(X, y)
    for method in ("pessimistic_error", "significance", ErrorBased(raising=False), "minimum_error"):
        small = prune(model, method)
        assert min(tree.get_n_leaves() for tree in small.estimators_) > 1
        assert small.score(X_test, y_test) > model.score(X_test, y_test) - 0.05


@pytest.mark.parametrize("unit", [1, 7, 1e6])
def test_whole_weights_are_repetitions_by_hand(unit):
    X, y, weight = np.array([[0.0], [0], [1], [2]]), np.array([0, 0, 1, 1]), unit * np.array([3.0, 2, 2, 0])
    adapter = find_adapter(DecisionTreeClassifier().fit(X, y, sample_weight=weight))
    for rows in (None, adapter.rows(X, y, weight)):
        np.testing.assert_allclose(counted_statistics(adapter.forest, rows).n_rows, [7, 5, 2])
        np.testing.assert_allclose(row_counts(adapter.forest, rows), [7, 5, 2])
    np.testing.assert_allclose(rows.row_weight, [3, 2, 2, 0])


def test_rows_of_a_node_by_hand():
    # Three rows of weight 0.1 and one of 0.3 are four rows: the heavy one counts for two. A weight of 0 is no row.
    X, y = np.array([[0.0], [0], [0], [1], [2]]), np.array([0, 0, 0, 1, 1])
    weight = np.array([0.1, 0.1, 0.1, 0.3, 0.0])
    adapter = find_adapter(DecisionTreeClassifier().fit(X, y, sample_weight=weight))
    for rows in (None, adapter.rows(X, y, weight)):
        np.testing.assert_allclose(row_counts(adapter.forest, rows), [4, 2, 2])
        found = counted_statistics(adapter.forest, rows)
        np.testing.assert_allclose(found.class_weight[:, 0], [[2, 2], [2, 0], [0, 2]])
        np.testing.assert_array_equal(found.n_rows, [4, 3, 1])
    np.testing.assert_allclose(rows.row_weight, [2 / 3, 2 / 3, 2 / 3, 2, 0])


def test_draws_of_a_bootstrap_are_repetitions():
    forest = find_adapter(fitted("forest of numbers", None)).forest
    np.testing.assert_array_equal(row_counts(forest)[forest.root], len(data("forest of numbers")[0][0]))


def test_too_large_for_whole_numbers_to_mean_anything():
    X, y, weight = data("tree of classes")[0]
    adapter = find_adapter(fitted("tree of classes", 1e200 * weight))
    for rows in (None, adapter.rows(X, y, 1e200 * weight)):
        assert row_counts(adapter.forest, rows)[0] == pytest.approx(len(y))


def test_a_model_that_stores_numbers_of_rows_alone():
    forest = find_adapter(fitted("histograms of numbers", None)).forest
    assert forest.weighted_n_node_samples is None
    np.testing.assert_array_equal(row_counts(forest), forest.n_node_samples)
