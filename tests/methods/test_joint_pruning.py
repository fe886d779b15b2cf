"""Joint pruning on fitted models: what the search promises is what the written model does."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_friedman1
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from tests.zoo import BAGGED, BOOSTED, SINGLE_TREES, SMALL_ENSEMBLES
from treeprune import prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.exceptions import UnsupportedModelError
from treeprune.links import Linked, simplex, unlinked
from treeprune.methods import DepthPruning, JointPruning

ADDITIVE = {
    name: specimen
    for name, specimen in (SINGLE_TREES | BAGGED | BOOSTED).items()
    if not ("2 outputs" in name or "AdaBoost" in name or "monotonic" in name)  # which hold after the search
}


pytestmark = SMALL_ENSEMBLES


def forest_of(model):
    return find_adapter(model).forest


def fitted(estimator, n_rows=600):
    X, y = make_friedman1(n_rows, n_features=8, noise=1.0, random_state=0)
    X_test, y_test = make_friedman1(1000, n_features=8, noise=1.0, random_state=1)
    if hasattr(estimator, "predict_proba"):
        y, y_test = (np.digitize(z, [12, 17]) for z in (y, y_test))
    return clone(estimator).fit(X, y), X, y, X_test, y_test


FRIEDMAN = fitted(RandomForestRegressor(30, max_features=1 / 3, random_state=0))
CLASSES = fitted(RandomForestClassifier(30, random_state=0))


@pytest.mark.parametrize("name", ADDITIVE)
def test_the_written_model_has_the_score_of_the_search(name):
    specimen = ADDITIVE[name]
    X, y = specimen.rows
    adapter = find_adapter(specimen.model)
    rows = adapter.rows(X, y, specimen.sample_weight)
    method = JointPruning(reg=1.0)
    additive, steps = method.prunings(adapter.forest, rows)
    _, pruning = list(steps)[12]
    small = adapter.prune(method._plan(additive, pruning, rows))
    score = additive.score(pruning, rows)
    assert isinstance(unlinked(small) if isinstance(small, Linked) else small, type(specimen.model))
    written = forest_of(small)
    assert (written.n_nodes, written.n_leaves, written.n_trees) == (pruning.n_nodes, pruning.n_leaves, pruning.n_trees)
    if additive.is_margin:
        np.testing.assert_allclose(find_adapter(small).margin(X), score, rtol=1e-5, atol=1e-5)
    elif adapter.forest.task == "regression":
        np.testing.assert_allclose(np.reshape(small.predict(X), score.shape), score, rtol=1e-9, atol=1e-9)
    else:
        score = np.concatenate([1 - score, score], axis=1) if score.shape[1] == 1 else score
        np.testing.assert_allclose(small.predict_proba(X), simplex(score), atol=1e-9)


@pytest.mark.parametrize("name", ADDITIVE)
def test_a_jointly_pruned_model_can_be_pruned_again(name):
    specimen = ADDITIVE[name]
    X, y = specimen.rows
    once = prune(specimen.model, JointPruning(fraction=0.5), X, y, sample_weight=specimen.sample_weight)
    twice = prune(once, JointPruning(fraction=0.3), X, y, sample_weight=specimen.sample_weight)
    sizes = [forest_of(model).n_nodes for model in (specimen.model, once, twice)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] <= max(0.3 * sizes[1], forest_of(specimen.model).per_stage)  # or one leaf for each column
    assert np.isfinite(forest_of(twice).value[forest_of(twice).is_leaf]).all()


def test_a_forest_many_times_smaller_is_better_on_rows_that_it_has_not_seen():
    forest, X, y, X_test, y_test = FRIEDMAN
    small = prune(forest, JointPruning(fraction=0.05, reg=10.0), X, y)
    assert forest_of(small).n_nodes <= 0.05 * forest_of(forest).n_nodes
    assert small.score(X_test, y_test) > forest.score(X_test, y_test) + 0.02


@pytest.mark.parametrize(
    "budget",
    [{"max_nodes": 300}, {"max_leaves": 100}, {"max_trees": 7}, {"fraction": 0.02}, {"max_nodes": 90, "max_trees": 3}],
)
def test_budgets_are_met_and_used(budget):
    forest, X, y, *_ = FRIEDMAN
    small = forest_of(prune(forest, JointPruning(**budget), X, y))
    size = {"max_nodes": small.n_nodes, "max_leaves": small.n_leaves, "max_trees": small.n_trees}
    limits = {k: v for k, v in budget.items() if k != "fraction"} or {
        "max_nodes": budget["fraction"] * forest_of(forest).n_nodes
    }
    assert all(size[name] <= limit for name, limit in limits.items())
    assert any(size[name] >= 0.6 * limit for name, limit in limits.items())


@pytest.mark.parametrize("library", ["sklearn", "xgboost", "lightgbm"])
def test_the_written_model_fits_into_the_bytes(library):
    forest, X, y, *_ = FRIEDMAN
    if library == "sklearn":
        model, n_bytes = forest, lambda model: len(pickle.dumps(model))
    elif library == "xgboost":
        model = pytest.importorskip(library).XGBRegressor(n_estimators=40, n_jobs=1).fit(X, y)
        n_bytes = lambda model: len(model.get_booster().save_raw("ubj"))  # noqa: E731
    else:
        model = pytest.importorskip(library).LGBMRegressor(n_estimators=40, n_jobs=1, verbose=-1).fit(X, y)
        n_bytes = lambda model: len(model.booster_.model_to_string())  # noqa: E731
    limit = n_bytes(model) // 3
    small = prune(model, JointPruning(max_bytes=limit), X, y)
    assert 0.6 * limit <= n_bytes(small) <= limit
    with pytest.raises(ValueError, match="No model fits max_bytes=10"):
        prune(model, JointPruning(max_bytes=10), X, y)


def test_targets_of_any_size_overflow_nothing():
    model, X, y, *_ = fitted(RandomForestRegressor(5, random_state=0), n_rows=200)
    scale = 2.0**40  # exact: the same trees
    small = prune(model, JointPruning(max_nodes=30), X, y)
    large = prune(clone(model).fit(X, scale * y), JointPruning(max_nodes=30), X, scale * y)
    np.testing.assert_array_equal(large.predict(X), scale * small.predict(X))


def test_one_node_is_the_mean():
    forest, X, y, X_test, _ = FRIEDMAN
    small = prune(forest, JointPruning(alpha=1e6), X, y)
    assert forest_of(small).n_nodes == 1
    np.testing.assert_allclose(small.predict(X_test), y.mean())


def test_weights_count_as_repetitions():
    forest, X, y, X_test, _ = FRIEDMAN
    weight = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    weighted = prune(forest, JointPruning(alpha=0.005), X, y, sample_weight=weight)
    again = np.repeat(np.arange(len(y)), weight.astype(int))
    repeated = prune(forest, JointPruning(alpha=0.005), X[again], y[again])
    np.testing.assert_allclose(weighted.predict(X_test), repeated.predict(X_test), rtol=1e-6)


def test_a_priced_feature_is_used_less_or_not_at_all():
    forest, X, y, *_ = FRIEDMAN

    def splits(price):
        return np.bincount(forest_of(prune(forest, JointPruning(alpha=0.002, price=price), X, y)).feature.clip(0))

    free = splits(None)
    assert free[3] > 0
    np.testing.assert_array_equal(splits(np.zeros(8)), free)
    assert 0 < splits(2.0 * (np.arange(8) == 3))[3] < free[3]
    assert splits(1e6 * (np.arange(8) == 3))[3] == 0


def test_without_refit_leaves_keep_their_share():
    forest, X, y, *_ = FRIEDMAN
    adapter = find_adapter(forest)
    method = JointPruning(leaf_refit=False)
    additive, steps = method.prunings(adapter.forest, adapter.rows(X, y))
    _, pruning = list(steps)[15]
    np.testing.assert_allclose(pruning.value, additive.value[pruning.leaf])


@pytest.mark.parametrize("method", [JointPruning, DepthPruning])
def test_values_that_are_shrunk_without_end_stay_what_they_were(method):
    module = pytest.importorskip("xgboost")
    _, X, y, *_ = CLASSES
    model = module.XGBClassifier(n_estimators=10, max_depth=4, n_jobs=1).fit(X, y > 0)
    adapter = find_adapter(model)
    rows = adapter.rows(X, y > 0)
    additive, steps = method(reg=1e12).prunings(adapter.forest, rows)
    pruning = next(pruning for _, pruning in steps if pruning.n_nodes < adapter.forest.n_nodes)
    assert pruning.n_nodes > 0
    np.testing.assert_allclose(pruning.value, additive.value[pruning.leaf], atol=1e-6)
    _, steps = method(reg=1e12, shrink_to="zero").prunings(adapter.forest, rows)
    assert all(np.abs(pruning.value).max(initial=0.0) < 1e-6 for _, pruning in steps)


@pytest.mark.parametrize("method", [JointPruning, DepthPruning])
@pytest.mark.parametrize(("loss", "default"), [("squared", "zero"), ("logistic", "values")])
def test_what_leaves_are_shrunk_to_by_default_goes_by_the_loss(loss, default, method):
    module = pytest.importorskip("xgboost")
    _, X, y, *_ = FRIEDMAN
    cls, y = (module.XGBRegressor, y) if loss == "squared" else (module.XGBClassifier, y > 14)
    model = cls(n_estimators=10, max_depth=4, n_jobs=1).fit(X, y)
    value = {
        to: forest_of(prune(model, method(fraction=0.3, shrink_to=to), X, y)).value for to in ("zero", "values", None)
    }
    np.testing.assert_array_equal(value[None], value[default])
    assert not np.array_equal(value["zero"], value["values"])


def test_out_of_bag_rows_prune_too():
    forest, X, y, X_test, y_test = FRIEDMAN
    adapter = find_adapter(forest)
    small = adapter.prune(JointPruning(fraction=0.1, reg=10.0).plan(adapter.forest, adapter.oob_rows(X, y)))
    assert small.score(X_test, y_test) > forest.score(X_test, y_test)


def test_projection_never_raises_the_brier_score():
    model, X, y, X_test, y_test = CLASSES
    small = prune(model, JointPruning(fraction=0.2), X, y)
    score, p, one_hot = small.decision_function(X_test), small.predict_proba(X_test), np.eye(3)[y_test]
    assert ((score < 0) | (score > 1)).any()
    assert (((p - one_hot) ** 2).sum(axis=1) <= ((score - one_hot) ** 2).sum(axis=1) + 1e-12).all()


def test_a_constraint_on_leaves_gives_an_ordinary_forest():
    model, X, y, *_ = CLASSES
    small = prune(model, JointPruning(constraint="leaf"), X, y)
    assert type(small) is RandomForestClassifier
    values = forest_of(small).value
    assert (values >= 0).all()
    np.testing.assert_allclose(values.sum(axis=2), 1.0)


@pytest.mark.parametrize(
    "model", [GradientBoostingClassifier(n_estimators=30), HistGradientBoostingClassifier(max_iter=30)]
)
def test_boosted_classifiers_are_pruned_on_their_own_loss(model):
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y > 4, random_state=0)
    model.set_params(random_state=0).fit(X, y)
    small = prune(model, JointPruning(fraction=0.5, reg=1.0), X, y)
    assert forest_of(small).n_nodes <= 0.5 * forest_of(model).n_nodes
    assert log_loss(y_test, small.predict_proba(X_test)) < log_loss(y_test, model.predict_proba(X_test)) + 0.02


def test_the_path_is_made_of_falling_sizes():
    forest, X, y, *_ = FRIEDMAN
    path = pruning_path(forest, JointPruning(reg=10.0), X, y)
    assert (np.diff(path.n_leaves) < 0).all()
    small = path.prune(n_leaves=200)
    assert forest_of(small).n_leaves <= 200
    assert path.to_frame()["relative_impurity"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fraction": 0.0}, "'fraction' parameter of JointPruning"),
        ({"alpha": -1.0}, "'alpha' parameter of JointPruning"),
        ({"max_nodes": 0}, "'max_nodes' parameter of JointPruning"),
        ({"max_bytes": 0}, "'max_bytes' parameter of JointPruning"),
        ({"shrink_to": "old"}, "'shrink_to' parameter of JointPruning"),
        ({"link": "probit"}, "'link' parameter of JointPruning"),
        ({"price": [1.0]}, "'price' parameter must hold 8"),
    ],
)
def test_wrong_parameters_are_named(params, message):
    forest, X, y, *_ = FRIEDMAN
    with pytest.raises(ValueError, match=message):
        prune(forest, JointPruning(**params), X, y)


def test_rows_are_needed_and_models_must_add_up():
    forest, *_ = FRIEDMAN
    with pytest.raises(ValueError, match="give X and y"):
        prune(forest, JointPruning())
    specimen = next(specimen for name, specimen in BOOSTED.items() if name.startswith("AdaBoostRegressor, diabetes"))
    with pytest.raises(UnsupportedModelError, match="add up"):
        prune(specimen.model, JointPruning(), *specimen.rows)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("task", ["numbers", "two classes", "three classes"])
def test_boosters_stay_boosters(library, task):
    module = pytest.importorskip(library)
    _, X, y, *_ = FRIEDMAN
    y = {"numbers": y, "two classes": y > 14, "three classes": np.digitize(y, [12, 17])}[task].astype(float)
    name = {"xgboost": ["reg:squarederror", "binary:logistic", "multi:softprob"]}.get(
        library, ["regression", "binary", "multiclass"]
    )[["numbers", "two classes", "three classes"].index(task)]
    params = {"objective": name, "seed": 0} | ({"num_class": 3} if task == "three classes" else {})
    if library == "xgboost":
        model = module.train(params | {"max_depth": 5, "nthread": 1}, module.DMatrix(X, y), 15)
    else:
        model = module.train(params | {"verbose": -1, "num_threads": 1}, module.Dataset(X, y), 15)
    adapter = find_adapter(model)
    method, rows = JointPruning(reg=3.0), adapter.rows(X, y)
    additive, steps = method.prunings(adapter.forest, rows)
    _, pruning = list(steps)[24]
    small = adapter.prune(method._plan(additive, pruning, rows))
    assert type(small) is type(model)
    assert 0 < pruning.n_nodes < adapter.forest.n_nodes
    np.testing.assert_allclose(find_adapter(small).margin(X), additive.score(pruning, rows), rtol=1e-4, atol=1e-4)
    again = prune(prune(model, JointPruning(), X, y), JointPruning(fraction=0.5), X, y)
    assert np.isfinite(find_adapter(again).margin(X)).all()
