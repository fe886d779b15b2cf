"""XGBoost with one tree for each target, label or quantile: each column is pruned as a model of it alone would be."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_absolute_error, mean_pinball_loss, mean_squared_error

from treeprune import compress, prune, pruning_path, report
from treeprune.adapters import find_adapter
from treeprune.compression import trials
from treeprune.compression.scoring import Scorer
from treeprune.methods import DepthPruning, JointPruning, LeafRefit, ReducedError

xgboost = pytest.importorskip("xgboost")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
Y = X[:, :2] + 0.3 * RNG.normal(size=(240, 2)) + [0.0, 5.0]
LABELS = (Y > [0.0, 5.5]).astype(int)
OPTIONS = {"n_estimators": 6, "max_depth": 3, "n_jobs": 1}

#: Targets, and models of several columns.
CASES = {
    "targets": (Y, lambda: xgboost.XGBRegressor(**OPTIONS)),
    "absolute errors": (Y, lambda: xgboost.XGBRegressor(objective="reg:absoluteerror", **OPTIONS)),
    "labels": (LABELS, lambda: xgboost.XGBClassifier(**OPTIONS)),
    "quantiles": (
        Y[:, 1],
        lambda: xgboost.XGBRegressor(objective="reg:quantileerror", quantile_alpha=[0.2, 0.7], **OPTIONS),
    ),
}
#: The mean over the columns of what each column's metric says.
METRICS = {
    "targets": mean_squared_error,
    "absolute errors": mean_absolute_error,
    "labels": lambda y, p: np.mean([log_loss(y[:, i], p[:, i]) for i in range(2)]),
    "quantiles": lambda y, p: np.mean([mean_pinball_loss(y, p[:, i], alpha=a) for i, a in enumerate((0.2, 0.7))]),
}


def margins(model):
    return find_adapter(model).margin(X)


def alone(name, column):
    """The target and a model of one column, whose trees are those of the model of all."""
    y, _ = CASES[name]
    if name == "quantiles":
        level = [0.2, 0.7][column]
        return y, xgboost.XGBRegressor(objective="reg:quantileerror", quantile_alpha=level, **OPTIONS)
    return y[:, column], CASES[name][1]()


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """Name, targets, the model of all columns, and those of each."""
    y, make = CASES[request.param]
    each = [(target, model.fit(X, target)) for target, model in (alone(request.param, c) for c in range(2))]
    return request.param, y, make().fit(X, y), each


@pytest.mark.parametrize("method", [ReducedError(), LeafRefit(), LeafRefit(reg=10.0)], ids=str)
def test_each_column_becomes_what_it_would_alone(case, method):
    name, y, model, each = case
    if name in ("absolute errors", "quantiles") and isinstance(method, LeafRefit):
        pytest.skip("these losses have no single best point, and steps that all columns take together")
    found = margins(prune(model, method, X, y))
    for column, (target, of_column) in enumerate(each):
        expected = margins(prune(of_column, method, X, target))
        np.testing.assert_allclose(found[:, [column]], expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("method", [JointPruning(tol=0.0), DepthPruning(tol=0.0)], ids=lambda m: m.alias)
def test_at_a_price_each_column_is_pruned_as_it_would_be_alone(case, method):
    name, y, model, each = case
    if name != "targets":  # other losses go by steps that all columns take together
        pytest.skip("no exact twin")
    adapter, rows = find_adapter(model).with_rows(X, y)
    additive, steps = method.prunings(adapter.forest, rows, [0.003])
    pruned = adapter.prune(additive.plan(next(steps)[1]))
    assert find_adapter(pruned).forest.n_nodes < 0.8 * adapter.forest.n_nodes
    for column, (target, of_column) in enumerate(each):
        adapter, rows = find_adapter(of_column).with_rows(X, target)
        additive, steps = method.prunings(adapter.forest, rows, [0.003])
        expected = margins(adapter.prune(additive.plan(next(steps)[1])))
        np.testing.assert_allclose(margins(pruned)[:, [column]], expected, atol=1e-4)


@pytest.mark.parametrize("method", [JointPruning(fraction=0.5), DepthPruning(fraction=0.7)], ids=lambda m: m.alias)
def test_within_a_size_every_column_keeps_its_trees(case, method):
    _, y, model, _ = case
    pruned = prune(model, method, X, y)
    assert find_adapter(pruned).forest.n_nodes <= method.fraction * find_adapter(model).forest.n_nodes
    assert pruned.predict(X).shape == model.predict(X).shape
    scorer = Scorer(find_adapter(model), (X, y, None))
    constant = scorer.judge_score(np.tile(np.median(margins(model), axis=0), (len(X), 1)))[0]
    assert scorer.judge_model(pruned, X)[0] < constant


def test_the_last_step_of_the_path_is_reached(case):
    _, y, model, _ = case
    path = pruning_path(model, "cost_complexity", X, y)
    last = find_adapter(path.prune(step=len(path.n_leaves) - 1)).forest
    assert last.n_nodes == last.n_trees


def test_compress_judges_by_the_mean_over_columns(case, monkeypatch):
    monkeypatch.setattr(trials, "REGS", (30.0,))
    monkeypatch.setattr(trials, "OF_BOOSTING", (JointPruning(reg=30.0, shrink_to="zero"),))
    name, y, model, _ = case
    result = compress(model, X, y, X_val=X, y_val=y, max_nodes=120, retrain=False)
    assert find_adapter(result.model).forest.n_nodes <= 120
    prediction = model.predict_proba(X) if name == "labels" else model.predict(X)
    unpruned = result.frontier.set_index("method").loc["unpruned"]
    np.testing.assert_allclose(unpruned["loss"], METRICS[name](y, prediction), rtol=1e-4)
    if name == "labels":
        np.testing.assert_allclose(unpruned["score"], model.score(X, y))


def test_a_report_says_what_it_can(case):
    _, y, model, _ = case
    report(model, X, y)
