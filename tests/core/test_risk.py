"""Risks against scikit-learn's metrics and criteria."""

import numpy as np
import pytest
from sklearn import metrics

from tests.zoo import SINGLE_TREES
from treeprune import MissingStatisticError
from treeprune.adapters import find_adapter
from treeprune.core.risk import SMALLEST_PROBABILITY, node_risk, resolution

CLASSIFIERS = {n: s for n, s in SINGLE_TREES.items() if "Classifier" in n}
REGRESSORS = {n: s for n, s in SINGLE_TREES.items() if "Regressor" in n}


def held_out(specimen):
    """The specimen's model and forest, and other rows for it, with weights."""
    X, y = specimen.rows
    adapter = find_adapter(specimen.model)
    rng = np.random.default_rng(5)
    take = rng.integers(0, len(y), 60)
    X, y, weight = X[take], np.roll(y[take], 3, axis=0), rng.random(60)
    return adapter, X, y, weight


def of_leaves(adapter, risk, rows):
    """Risk of the whole tree, and the total weight."""
    array, weight = node_risk(adapter.forest, risk, rows)
    return array[adapter.forest.is_leaf].sum(), weight


def mean_over_outputs(adapter, y, probabilities, metric):
    y, probabilities = adapter.encode_target(y), probabilities if isinstance(probabilities, list) else [probabilities]
    return np.mean([metric(y[:, o], p, np.arange(p.shape[1])) for o, p in enumerate(probabilities)])


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classification_risks_are_scikit_learns_metrics(name):
    adapter, X, y, w = held_out(CLASSIFIERS[name])
    rows, probabilities = adapter.without_class_weights().rows(X, y, w), adapter.model.predict_proba(X)

    def brier(codes, p, labels):
        return np.average(((codes[:, None] == labels) - p) ** 2 @ np.ones(len(labels)), weights=w)

    def log_loss(codes, p, labels):
        return metrics.log_loss(codes, p, labels=labels, sample_weight=w)

    def error(codes, p, labels):
        return 1 - metrics.accuracy_score(codes, labels[p.argmax(axis=1)], sample_weight=w)

    for risk, metric in {"brier": brier, "log_loss": log_loss, "error": error}.items():
        total, weight = of_leaves(adapter, risk, rows)
        assert weight == pytest.approx(w.sum(), rel=1e-14)
        assert total / weight == pytest.approx(mean_over_outputs(adapter, y, probabilities, metric), rel=1e-9)


@pytest.mark.parametrize("name", REGRESSORS)
def test_regression_risks_are_scikit_learns_metrics(name):
    adapter, X, y, w = held_out(REGRESSORS[name])
    rows, predicted = adapter.rows(X, y, w), adapter.model.predict(X)
    for risk, metric in {"error": metrics.mean_squared_error, "absolute_error": metrics.mean_absolute_error}.items():
        total, weight = of_leaves(adapter, risk, rows)
        assert total / weight == pytest.approx(metric(y, predicted, sample_weight=w), rel=1e-9)


def test_poisson_risk_is_half_the_deviance():
    adapter, X, y, w = held_out(REGRESSORS["DecisionTreeRegressor, counts, criterion=poisson"])
    predicted = np.maximum(adapter.model.predict(X), SMALLEST_PROBABILITY)  # scikit-learn takes no 0
    total, weight = of_leaves(adapter, "impurity", adapter.rows(X, y, w))
    assert total / weight == pytest.approx(metrics.mean_poisson_deviance(y, predicted, sample_weight=w) / 2, rel=1e-9)


def test_impurity_over_the_training_rows_is_the_stored_impurity(single_tree):
    """The same name means the same for stored statistics and for rows, for every criterion."""
    if "monotonic" in single_tree.name:
        pytest.skip("values are clipped to keep the order, while the stored impurity is that of the unclipped ones")
    if single_tree.stores_other_rows:
        pytest.skip("this scikit-learn stores impurities of other rows")
    adapter, (X, y) = find_adapter(single_tree.model), single_tree.rows
    weight = np.ones(len(y)) if single_tree.sample_weight is None else single_tree.sample_weight
    stored, total = node_risk(adapter.forest)
    array, total_of_rows = node_risk(adapter.forest, "impurity", adapter.rows(X, y, weight))
    assert total_of_rows == pytest.approx(total, rel=1e-12)
    assert array == pytest.approx(stored, rel=1e-7, abs=1e-9 * abs(stored).max())


def test_cost_matrix_counts_the_cost_of_what_is_predicted():
    adapter, X, y, w = held_out(CLASSIFIERS["DecisionTreeClassifier, iris"])
    costs = np.array([[0, 1, 5], [2, 0, 1], [7, 3, 0]])
    rows = adapter.rows(X, y, w)
    array, _ = node_risk(adapter.forest, rows=rows, cost_matrix=costs)
    predicted = adapter.model.predict(X)
    assert array[adapter.forest.is_leaf].sum() == pytest.approx((w * costs[y, predicted]).sum())
    zero_one, _ = node_risk(adapter.forest, rows=rows, cost_matrix=1 - np.eye(3))
    assert np.array_equal(zero_one, node_risk(adapter.forest, "error", rows)[0])


@pytest.mark.parametrize(
    "costs", [np.eye(2), -np.eye(3), np.full((3, 3), np.nan), np.full((3, 3), np.inf), [[0, 1, 2]], 3.0]
)
def test_bad_cost_matrix(costs):
    forest = find_adapter(CLASSIFIERS["DecisionTreeClassifier, iris"].model).forest
    with pytest.raises(ValueError, match=r"'cost_matrix' parameter must hold 3 x 3 finite costs >= 0.*Got shape"):
        node_risk(forest, cost_matrix=costs)


@pytest.mark.parametrize("name", ["DecisionTreeRegressor, diabetes", "DecisionTreeClassifier, classes, 2 outputs"])
def test_cost_matrix_needs_one_set_of_classes(name):
    with pytest.raises(ValueError, match="'cost_matrix' parameter needs a classifier with one output"):
        node_risk(find_adapter(SINGLE_TREES[name].model).forest, cost_matrix=np.eye(3))


@pytest.mark.parametrize(
    ("name", "risk"), [("DecisionTreeClassifier, iris", "absolute_error"), ("DecisionTreeRegressor, diabetes", "brier")]
)
def test_risks_of_the_other_task(name, risk):
    with pytest.raises(ValueError, match=f"The 'risk' .* parameter must.* be one of .*'impurity'.* Got '{risk}'"):
        node_risk(find_adapter(SINGLE_TREES[name].model).forest, risk)


@pytest.mark.parametrize("risk", ["absolute_error"])
def test_what_is_not_stored_needs_rows(risk):
    with pytest.raises(MissingStatisticError, match="give rows"):
        node_risk(find_adapter(SINGLE_TREES["DecisionTreeRegressor, diabetes"].model).forest, risk)


def test_training_error_needs_no_rows():
    """Class fractions and weights give the errors of the training rows."""
    for name in ("classes, class_weight=balanced, max_depth=6", "cancer, integer weights, min_samples_leaf=3"):
        specimen = SINGLE_TREES[f"DecisionTreeClassifier, {name}"]
        adapter = find_adapter(specimen.model)
        array, weight = node_risk(adapter.forest, "error")
        X, y = specimen.rows
        w = np.ones(len(y)) if specimen.sample_weight is None else specimen.sample_weight
        if specimen.estimator.class_weight:
            w = w * (len(y) / (len(set(y)) * np.bincount(y)))[y]
        wrong = (adapter.model.predict(X) != y) @ w
        assert array[adapter.forest.is_leaf].sum() == pytest.approx(wrong, abs=1e-9)
        assert weight == pytest.approx(w.sum())


def test_resolution_is_relative_to_the_largest_risk():
    assert resolution(np.array([0.0, -8.0, 2.0])) == 32 * np.finfo(float).eps
    assert resolution(np.zeros(0)) == 0.0
