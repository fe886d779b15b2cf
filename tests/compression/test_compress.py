"""compress: within the budget, of the same class, and honest about what training anew would give."""

import warnings

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from threadpoolctl import threadpool_limits

from treeprune import compress
from treeprune.adapters import find_adapter
from treeprune.compression import n_bytes
from treeprune.inspection import SizeFrontierDisplay


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


X, Y = make_friedman1(500, n_features=7, noise=1.0, random_state=0)
FOREST = RandomForestRegressor(15, max_features=1 / 3, random_state=0).fit(X, Y)
XC, YC = make_classification(500, 8, n_informative=5, flip_y=0.1, random_state=0)
YC = np.array(["no", "yes"])[YC]
CLASSIFIER = RandomForestClassifier(15, random_state=0).fit(XC, YC)


def nodes(model):
    return find_adapter(model).forest.n_nodes


@pytest.fixture(scope="module")
def result():
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.filterwarnings("ignore", "(?s).*Training anew does better")
        return compress(FOREST, X, Y, max_nodes=400)


def test_the_model_is_within_the_budget_and_no_worse(result):
    X_test, y_test = make_friedman1(2000, n_features=7, noise=1.0, random_state=1)
    assert type(result.model) is RandomForestRegressor
    assert nodes(result.model) <= 400
    assert result.model.score(X_test, y_test) > FOREST.score(X_test, y_test)


def test_the_frontier_holds_everything_that_was_tried(result):
    frontier = result.frontier
    assert set(frontier["method"]) == {
        "unpruned",
        "JointPruning",
        "DepthPruning",
        "TreeSelection",
        "retrained RandomForestRegressor",
        "HistGradientBoosting",
    }
    assert frontier["chosen"].sum() == 1
    chosen = frontier[frontier["chosen"]].iloc[0]
    allowed = frontier[~frontier["rival"] & (frontier["n_nodes"] <= 400) & (frontier["method"] != "unpruned")]
    assert chosen["loss"] == allowed["loss"].min()
    rivals = frontier[frontier["rival"] & (frontier["n_nodes"] <= 400)]
    assert result.retrained_wins == (rivals["loss"].min() < chosen["loss"])
    assert ("Training anew does better" in result.message) == result.retrained_wins


def test_the_display_draws_every_method(result):
    pytest.importorskip("matplotlib").use("Agg")
    labels = {text.get_text() for text in SizeFrontierDisplay.from_result(result).ax_.get_legend().get_texts()}
    assert labels == set(result.frontier["method"]) | {"chosen"}


@pytest.mark.parametrize("bytes_of", ["compact", "native"])
def test_bytes_are_met(bytes_of):
    limit = n_bytes(FOREST, bytes_of) // 12
    small = compress(FOREST, X, Y, max_bytes=limit, bytes_of=bytes_of, retrain=False).model
    assert n_bytes(small, bytes_of) <= limit


def test_without_a_budget_the_smallest_that_is_no_worse():
    found = compress(FOREST, X, Y, retrain=False)
    frontier = found.frontier
    whole = frontier.loc[frontier["method"] == "unpruned", "loss"].iloc[0]
    chosen = frontier[frontier["chosen"]].iloc[0]
    assert chosen["loss"] <= whole
    better = frontier[(frontier["loss"] <= whole) & (frontier["method"] != "unpruned")]
    assert chosen["n_nodes"] == better["n_nodes"].min()


def test_classifiers_come_with_a_link_or_as_stock_scikit_learn():
    linked = compress(CLASSIFIER, XC, YC, max_nodes=150, retrain=False).model
    assert isinstance(linked, RandomForestClassifier)
    assert nodes(linked) <= 150
    plain = compress(CLASSIFIER, XC, YC, max_nodes=150, output="plain", retrain=False).model
    assert type(plain) is CalibratedClassifierCV
    assert type(plain.estimator.estimator) is RandomForestClassifier
    p = plain.predict_proba(XC)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_allclose(plain.predict_proba(XC[:1]), p[:1])


def test_rows_of_one_s_own_to_judge_by():
    boosted = GradientBoostingClassifier(n_estimators=15, random_state=0).fit(XC[:350], YC[:350])
    found = compress(boosted, XC[:350], YC[:350], X_val=XC[350:], y_val=YC[350:], max_nodes=60, retrain=False)
    assert type(found.model) is GradientBoostingClassifier
    assert nodes(found.model) <= 60


@pytest.mark.parametrize("params", [{"max_nodes": 0}, {"max_bytes": "1k"}, {"max_loss": -0.1}, {"output": "onnx"}])
def test_wrong_parameters_are_named(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        compress(FOREST, X, Y, **params)
