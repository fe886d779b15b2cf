"""compress of models made of weights: within the budget, no worse where that is said, beside models trained small."""

import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, make_classification
from sklearn.linear_model import (
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from treeprune import compress, prune
from treeprune.composites.base import Given
from treeprune.composites.exchange import layers_size
from treeprune.compression import layer_trials
from treeprune.compression.layer_trials import LayerTrials
from treeprune.compression.whole_look import Splitting

pytestmark = [
    pytest.mark.filterwarnings("ignore:(?s).*(Training anew does better|costs more than noise)"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
XC, YC = make_classification(300, 12, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
LABELS = np.array(["a", "b", "c"])[YC]
XN, YN = load_diabetes(return_X_y=True)
NETWORK = MLPClassifier((12, 6), solver="lbfgs", max_iter=40, random_state=0)
NUMBERS = MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", max_iter=40, random_state=0)

#: Unfitted model, rows and targets.
MODELS = {
    "network": (NETWORK, XC, LABELS),
    "network, numbers": (make_pipeline(StandardScaler(), NUMBERS), XN, YN),
    "logistic": (make_pipeline(StandardScaler(), LogisticRegression()), XC, LABELS),
    "margins": (LinearSVC(), XC, YC),
    "ridge": (Ridge(0.01), XN, YN),
    "descent": (SGDClassifier(loss="log_loss", random_state=0), XC, LABELS),
    "one for each class": (OneVsRestClassifier(LogisticRegression()), XC, LABELS),
    "calibrated": (CalibratedClassifierCV(RidgeClassifier(), cv=2), XC, LABELS),
}


@pytest.fixture(autouse=True, scope="module")
def few():
    """Few amounts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layer_trials, "AMOUNTS", {"quick": 2, "balanced": 4, "thorough": 3})
        yield


def fitted(name):
    model, X, y = MODELS[name]
    return clone(model).fit(X, y), X, y


def row_losses(model, X, y):
    """As a stranger would write them."""
    if hasattr(model, "predict_proba"):
        return ((model.predict_proba(X) - (model.classes_ == y[:, None])) ** 2).sum(axis=1)
    predicted = model.predict(X)
    return (predicted != y) * 1.0 if hasattr(model, "classes_") else (predicted - y) ** 2


@pytest.mark.parametrize("name", MODELS)
class TestEveryModel:
    def test_within_a_budget_of_bytes(self, name):
        model, X, y = fitted(name)
        before = pickle.dumps(model)
        sizes = compress(model, X, y, retrain=False, max_bytes=10**9).frontier["n_bytes"]
        most = int(sizes.median())
        result = compress(model, X, y, max_bytes=most, retrain=False)
        assert pickle.dumps(model) == before
        assert type(result.model) is type(model)
        assert len(pickle.dumps(result.model)) <= most
        within = result.frontier[result.frontier["n_bytes"] <= most]
        assert result.frontier.loc[result.frontier["chosen"], "loss"].item() >= within["loss"].min()
        assert f"Its pickle has {len(pickle.dumps(result.model)):,} bytes" in result.message
        assert result.model.predict(X).dtype == model.predict(X).dtype

    def test_smallest_whose_loss_may_be(self, name):
        model, X, y = fitted(name)
        result = compress(model, X, y, max_loss=0.2, retrain=False)
        frontier = result.frontier
        chosen, unpruned = frontier[frontier["chosen"]].iloc[0], frontier.iloc[0]
        may_be = frontier[frontier["loss"] <= 1.2 * unpruned["loss"]]
        assert chosen["n_weights"] == may_be["n_weights"].min()
        assert layers_size(result.model)[0] == chosen["n_weights"] or result.method is None

    def test_frontier_holds_what_prune_gives(self, name):
        model, X, y = fitted(name)
        rows = train_test_split(np.arange(len(y)), test_size=0.3, random_state=0)
        held = Given(X[rows[1]], y[rows[1]])
        trials = LayerTrials(model, Given(X[rows[0]], y[rows[0]]), held, Splitting(0.25, 0, None))
        found = [trials.unpruned, *trials.pruned()]
        for trial in found:
            small = model if trial.method is None else prune(model, trial.method, X[rows[0]], y[rows[0]])
            np.testing.assert_allclose(trial.row_losses, row_losses(small, held.X, held.y), rtol=1e-9, atol=1e-12)
            assert trial.score == small.score(held.X, held.y)
            assert (trial.n_nodes, trial.n_units) == layers_size(small)
        comparison = trials.compared(found[1:])
        differences = np.array(
            [row_losses(prune(model, t.method, *Given(X[rows[0]], y[rows[0]])[:2]), *held[:2]) for t in found[1:]]
        )
        differences = differences - row_losses(model, *held[:2])
        np.testing.assert_allclose(comparison.mean, differences.mean(axis=1), atol=1e-12)


def test_without_a_budget_the_smallest_that_is_shown_to_be_no_worse():
    """A network that has learnt noise: most of its weights do harm."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 20))
    y = X[:, 0] + 0.7 * rng.normal(size=1500)
    model = make_pipeline(StandardScaler(), Ridge(1e-6)).fit(X[:30], y[:30])
    result = compress(model, X[:30], y[:30], X_val=X[30:], y_val=y[30:], retrain=False)
    assert result.verdict == "no worse"
    assert layers_size(result.model)[0] == result.smallest_no_worse < 20
    assert "It is shown to be no worse than the model as it is" in result.message
    assert "weights" in result.message
    frontier = result.frontier
    off = row_losses(result.model, X[30:], y[30:]) - row_losses(model, X[30:], y[30:])
    chosen = frontier[frontier["chosen"]].iloc[0]
    np.testing.assert_allclose(
        [chosen["difference"], chosen["standard_error"]], [off.mean(), off.std(ddof=1) / np.sqrt(len(off))]
    )
    assert off.mean() + 1.64 * off.std(ddof=1) / np.sqrt(len(off)) < 0
    X_test = rng.normal(size=(3000, 20))
    y_test = X_test[:, 0] + 0.7 * rng.normal(size=3000)
    assert result.model.score(X_test, y_test) > model.score(X_test, y_test)


def test_nothing_smaller_is_no_worse():
    X, y = make_classification(400, 6, n_informative=6, n_redundant=0, random_state=0)
    model = LogisticRegression().fit(X, y)
    result = compress(model, X, y, retrain=False)
    assert result.method is None
    assert "No smaller model was shown to be no worse" in result.message
    assert "A budget (max_bytes, or max_loss=0.01) gives a smaller one" in result.message
    assert result.model is not model
    np.testing.assert_array_equal(result.model.coef_, model.coef_)


def test_labels_that_are_the_same_on_all_rows_do_not_show_that_none_gets_worse():
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), RidgeClassifier()).fit(X, y)
    held = Given(X[:40], y[:40])
    trials = LayerTrials(model, Given(X, y), held, Splitting(0.25, 0, None))
    found = [trials.unpruned, *trials.pruned()]
    same = [np.array_equal(trial.row_losses, trials.unpruned.row_losses) for trial in found]
    assert sum(same) > 1
    comparison = trials.compared(found)
    assert (comparison.standard_error[1:] >= 1 / 40).all()
    assert comparison.standard_error[0] == 0
    assert not comparison.no_worse[1:][same[1:]].any()


class TestRivals:
    @pytest.mark.parametrize(
        ("model", "X", "y", "kind", "parameters"),
        [
            (NETWORK, XC, LABELS, MLPClassifier, ["hidden_layer_sizes=(6, 3)", "hidden_layer_sizes=(3, 1)"]),
            (make_pipeline(StandardScaler(), NUMBERS), XN, YN, MLPRegressor, ["hidden_layer_sizes=(4,)"]),
            (LogisticRegression(), *load_breast_cancer(return_X_y=True), LogisticRegression, ["L1 penalty, C=10"]),
            (RidgeClassifier(), XC, LABELS, LinearSVC, ["L1 penalty, C=0.1"]),
            (SGDClassifier(random_state=0), XC, LABELS, SGDClassifier, ["L1 penalty, alpha=0.01"]),
            (
                make_pipeline(StandardScaler(), Ridge()),
                XN,
                YN,
                Lasso,
                ["L1 penalty, alpha=0.745"],
            ),
        ],
        ids=lambda value: repr(value)[:40] if hasattr(value, "fit") else "",
    )
    def test_are_trained_small(self, model, X, y, kind, parameters):
        model = clone(model).fit(X, y)
        trials = LayerTrials(model, Given(X[:200], y[:200]), Given(X[200:], y[200:]), Splitting(0.25, 0, None))
        rivals = list(trials.rivals())
        assert {rival.name for rival in rivals} == {kind.__name__}
        assert set(parameters) <= {rival.parameters for rival in rivals}
        assert all(rival.is_rival for rival in rivals)
        assert min(rival.n_nodes for rival in rivals) < trials.unpruned.n_nodes

    def test_one_that_does_better_is_said(self):
        X, y = make_classification(400, 40, n_informative=3, n_redundant=0, flip_y=0.2, random_state=1)
        model = LogisticRegression(C=1e4, max_iter=500).fit(X, y)
        size = len(pickle.dumps(model)) + 100
        with pytest.warns(UserWarning, match="Training anew does better"):
            result = compress(model, X, y, max_bytes=size)
        assert result.retrained_wins
        frontier = result.frontier
        best = frontier[frontier["rival"] & (frontier["n_bytes"] <= size)].sort_values("loss").iloc[0]
        assert best["loss"] < frontier.loc[frontier["chosen"], "loss"].item()
        assert f"{best['method']} ({best['parameters']})" in result.message

    @pytest.mark.parametrize("model", [OneVsRestClassifier(Ridge()), PoissonRegressor()], ids=repr)
    def test_none(self, model):
        y = YC if hasattr(model, "estimator") else np.abs(XC[:, 0])
        trials = LayerTrials(model.fit(XC, y), Given(XC, y), Given(XC, y), Splitting(0.25, 0, None))
        assert list(trials.rivals()) == []


class TestCarriedOut:
    @pytest.mark.parametrize("name", ["network", "margins", "one for each class"])
    def test_on_the_model_that_was_given_by_all_its_rows(self, name):
        model, X, y = fitted(name)
        result = compress(model, X, y, max_loss=1.0, retrain=False)
        assert result.method is not None
        small = prune(model, result.method, X, y)
        np.testing.assert_array_equal(row_losses(result.model, X, y), row_losses(small, X, y))
        np.testing.assert_array_equal(result.model.predict(X), small.predict(X))
        assert layers_size(result.model) == layers_size(small)
        if hasattr(model, "coef_"):
            np.testing.assert_array_equal(result.model.coef_, small.coef_)

    def test_on_a_clone_where_rows_are_held_out_and_on_the_model_where_they_are_given(self):
        model, X, y = fitted("ridge")
        settings = (Splitting(0.25, 0, None),)
        assert LayerTrials(model, Given(X, y), None, *settings).grown is not model
        assert LayerTrials(model, Given(X, y), Given(X[:50], y[:50]), *settings).grown is model


def test_weights_are_stored_sparse_for_a_budget_of_bytes_alone():
    X, y = make_classification(200, 120, n_informative=5, random_state=0)
    model = LinearSVC().fit(X, y)
    for limit, is_sparse in (({"max_bytes": len(pickle.dumps(model)) - 200}, True), ({"max_loss": 5.0}, False)):
        result = compress(model, X, y, retrain=False, **limit)
        assert sparse.issparse(result.model.coef_) == is_sparse


def test_units_leave_networks_of_thorough_searches_in_three_ways():
    model, X, y = fitted("network")
    result = compress(model, X, y, max_loss=1.0, effort="thorough", retrain=False)
    tried = {"MagnitudePruning", "OptimalBrainSurgeon", "UnitPruning", "unpruned"}
    assert set(result.frontier["method"]) == tried
    assert result.frontier["n_units"].min() == 1 + 1 + 3


def test_columns_leave_models_of_several_outputs_only():
    """Of one output, a column is a weight."""
    for y, tried in ((YC, {"MagnitudePruning", "UnitPruning"}), (YC == 1, {"MagnitudePruning"})):
        result = compress(RidgeClassifier().fit(XC, y), XC, y, max_loss=1.0, retrain=False)
        assert set(result.frontier["method"][1:]) == tried


def test_latency_is_measured(monkeypatch):
    times = iter([1.5, 0.5])
    monkeypatch.setattr("treeprune.compression.budget.latency_ratio", lambda *_: next(times))
    model, X, y = fitted("logistic")
    result = compress(model, X, y, max_latency_ratio=0.9, retrain=False)
    ordered = result.frontier.sort_values(["loss", "n_weights"]).reset_index()
    assert ordered["chosen"].idxmax() == 1


class TestSettings:
    def test_groups_are_judged_together(self):
        model, X, y = fitted("logistic")
        groups = np.arange(len(y)) // 10
        trials = LayerTrials(model, Given(X, y), None, Splitting(0.25, 0, groups))
        held = np.array([(row == X).all(axis=1).argmax() for row in trials.judge.X]) // 10
        assert trials.n_units == len(np.unique(held)) < len(held)
        assert (np.bincount(held)[np.unique(held)] == 10).all()
        result = compress(model, X, y, groups=groups, max_loss=0.1, retrain=False)
        assert "100% of the rows stand in a group with others" in result.message

    def test_weights_of_rows_count(self):
        model, X, y = fitted("ridge")
        weight = 1.0 + np.arange(len(y)) % 3
        held = {"X_val": X[300:], "y_val": y[300:], "sample_weight_val": weight[300:]}
        result = compress(model, X[:300], y[:300], sample_weight=weight[:300], max_loss=0.1, retrain=False, **held)
        expected = np.average(row_losses(model, X[300:], y[300:]), weights=weight[300:])
        assert result.frontier["loss"][0] == pytest.approx(expected)
        if result.method is not None:
            small = prune(model, result.method, X[:300], y[:300], sample_weight=weight[:300])
            np.testing.assert_allclose(result.model.coef_, small.coef_)

    def test_scores_in_the_place_of_the_loss(self):
        model, X, y = fitted("logistic")
        result = compress(model, X, y, scoring="balanced_accuracy", max_loss=0.05, retrain=False)
        np.testing.assert_array_equal(result.frontier["loss"], -result.frontier["score"])
        assert result.verdict is None
        assert "scoring= gives one number" in result.message

    def test_slim_takes_columns_out(self):
        model, X, y = fitted("margins")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = compress(model, X, y, max_loss=20.0, retrain=False, slim=True)
        assert len(result.model.columns_) < X.shape[1]
        assert f"It needs {len(result.model.columns_)} of 12 columns." in result.message
        assert f"Its pickle has {len(pickle.dumps(result.model)):,} bytes" in result.message

    def test_a_time_limit_ends_the_search(self):
        model, X, y = fitted("network")
        result = compress(model, X, y, max_loss=0.5, time_limit=1e-6)
        assert "The time limit" in result.message
        assert len(result.frontier) == 2

    def test_is_the_same_again(self):
        model, X, y = fitted("network")
        one, other = (compress(model, X, y, max_loss=0.3, retrain=False) for _ in range(2))
        assert one.message == other.message
        np.testing.assert_array_equal(one.model.predict_proba(X), other.model.predict_proba(X))


class TestRefused:
    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"max_nodes": 10}, "'max_nodes' parameter of compress is for tree models.*Give max_bytes= or max_loss="),
            ({"faithful": 0.9}, "'faithful' parameter of compress is for tree models"),
            ({"base_margin": np.zeros(300)}, "'base_margin' parameter of compress is for tree models"),
            ({"loss": "log_loss"}, "'loss' parameter of compress is for tree models"),
            ({"output": "plain"}, "'output' parameter of compress is for tree models"),
            ({"max_bytes": 10}, "No model within the budget was found. The smallest pickle"),
            ({"max_bytes": -1}, "'max_bytes' parameter of compress must be an int"),
            ({"y": None}, "'y' parameter of compress must be given"),
            ({"scoring": "no such score"}, "'scoring' parameter of compress"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_what_has_no_meaning(self, settings, words):
        model, X, y = fitted("margins")
        with pytest.raises(ValueError, match=words):
            compress(model, X, **({"y": y, "retrain": False} | settings))
