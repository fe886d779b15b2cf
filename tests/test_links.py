"""Classes with a link: stock classes but for their probabilities, which one row alone and a batch have in common."""

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_friedman1
from sklearn.ensemble import BaggingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import get_scorer

from treeprune import UnsupportedModelError, compress, prune
from treeprune.adapters import find_adapter
from treeprune.links import LINKED, simplex, unlinked
from treeprune.methods import DepthPruning, JointPruning, MaxDepth
from treeprune.testing import check_adapter

X, Y = make_friedman1(300, n_features=8, noise=1.0, random_state=0)
Y = np.array(["low", "middle", "high"])[np.digitize(Y, [12, 17])]
X_NEW, _ = make_friedman1(200, n_features=8, noise=1.0, random_state=1)

pytestmark = [pytest.mark.parametrize("stock", LINKED), pytest.mark.usefixtures("one_thread")]


def grown(stock, n_estimators=12):
    return stock(n_estimators=n_estimators, random_state=0).fit(X, Y)


@pytest.mark.parametrize(
    "method", [JointPruning(), JointPruning(link="softmax"), DepthPruning()], ids=["simplex", "softmax", "depth"]
)
def test_pruned_classifiers_give_probabilities(stock, method):
    model = grown(stock)
    before = pickle.dumps(model)
    small = prune(model, method, X, Y)
    assert type(small) is LINKED[stock]
    assert isinstance(small, stock) == (stock is BaggingClassifier)  # no tool takes it for a forest without a link
    assert small.get_params() == model.get_params() | {"n_estimators": small.n_estimators}
    p = small.predict_proba(X_NEW)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_array_equal(np.concatenate([small.predict_proba(row[None]) for row in X_NEW[:20]]), p[:20])
    np.testing.assert_array_equal(small.predict(X_NEW), small.classes_[p.argmax(axis=1)])
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(small.predict_log_proba(X_NEW), np.log(p))
    assert pickle.dumps(model) == before


def test_the_link_is_over_the_mean_of_the_trees(stock):
    small = prune(grown(stock), JointPruning(fraction=0.3), X, Y)
    score = np.mean([tree.tree_.predict(X_NEW.astype(np.float32)) for tree in small.estimators_], axis=0)
    assert ((score < 0) | (score > 1)).any()
    np.testing.assert_allclose(small.decision_function(X_NEW), score, atol=1e-12)
    np.testing.assert_allclose(small.predict_proba(X_NEW), simplex(score), atol=1e-12)
    plain = unlinked(small)
    assert type(plain) is stock
    np.testing.assert_array_equal(plain.predict_proba(X_NEW), small.decision_function(X_NEW))
    assert small.link_ == "simplex"


def test_decisions_between_two_classes_are_as_scikit_learn_takes_them(stock):
    y = Y == "high"
    small = prune(stock(n_estimators=12, random_state=0).fit(X, y), JointPruning(fraction=0.3), X, y)
    decision = small.decision_function(X_NEW)
    np.testing.assert_allclose(decision, unlinked(small).predict_proba(X_NEW) @ [-1.0, 1.0])
    np.testing.assert_array_equal(small.predict(X_NEW), decision > 0)
    for scoring in ("roc_auc", "average_precision", "neg_log_loss"):
        assert np.isfinite(get_scorer(scoring)(small, X, y))
    calibrated = CalibratedClassifierCV(FrozenEstimator(small)).fit(X, y)
    assert calibrated.score(X, y) > 0.9


def test_adapters_keep_their_contract_on_them(stock):
    check_adapter(prune(grown(stock, 5), JointPruning(fraction=0.5), X, Y), X, Y)


def test_pruned_again_they_stay_what_they_are(stock):
    small = prune(grown(stock), JointPruning(fraction=0.5, link="softmax", temperature=0.3), X, Y)
    smaller = prune(small, "max_depth")
    assert type(smaller) is type(small)
    assert (smaller.link_, smaller.temperature_) == ("softmax", 0.3)
    again = prune(small, JointPruning(max_nodes=60), X, Y)
    assert find_adapter(again).forest.n_nodes <= 60
    assert (again.link_, small.link_) == ("simplex", "softmax")


def test_several_jobs_say_the_same(stock):
    small = prune(grown(stock), JointPruning(fraction=0.3), X, Y)
    expected = small.predict_proba(X_NEW)
    with parallel_config("threading"):
        np.testing.assert_allclose(small.set_params(n_jobs=2).predict_proba(X_NEW), expected, atol=1e-12)


def test_trees_that_are_grown_anew_have_no_link(stock):
    small = prune(grown(stock), JointPruning(link="softmax", temperature=5.0), X, Y)
    longer = pickle.loads(pickle.dumps(small)).set_params(warm_start=True, n_estimators=small.n_estimators + 1)
    assert longer.fit(X, Y).link_ == "softmax"  # the pruned trees are still there
    weight = np.random.default_rng(0).integers(0, 3, len(Y))
    expected = clone(unlinked(small)).fit(X, Y, sample_weight=weight).predict_proba(X_NEW)
    for model in (clone(small), small):
        np.testing.assert_array_equal(model.fit(X, Y, sample_weight=weight).predict_proba(X_NEW), expected)
        assert not hasattr(model, "decision_function")


def test_a_users_own_subclass_that_predicts_as_the_stock_class_does_gets_its_link(stock):
    class Own(stock):
        pass

    model, expected = grown(Own, 3), prune(grown(stock, 3), JointPruning(), X, Y)
    small = prune(model, JointPruning(), X, Y)
    assert type(small) is LINKED[stock]
    np.testing.assert_array_equal(small.predict_proba(X_NEW), expected.predict_proba(X_NEW))
    for method in (JointPruning(constraint="leaf"), MaxDepth(3)):
        assert type(prune(model, method, X, Y)) is Own


def test_a_users_own_subclass_that_predicts_in_its_own_way_has_none(stock):
    class Own(stock):
        def predict_proba(self, X):
            return super().predict_proba(X) ** 2

    with pytest.raises(UnsupportedModelError, match="Own cannot express a plan that changes link"):
        prune(grown(Own, 3), JointPruning(), X, Y)
    assert type(prune(grown(Own, 3), JointPruning(constraint="leaf"), X, Y)) is Own
    assert type(compress(grown(Own, 3), X, Y, max_nodes=40).model) is Own


def test_a_subclass_that_holds_more_when_fitted_is_refused_by_name(stock):
    class Balanced(stock):
        def fit(self, X, y, sample_weight=None):
            super().fit(X, y, sample_weight=sample_weight)
            self.pipelines_ = list(self.estimators_)
            return self

    with pytest.raises(
        UnsupportedModelError, match=f"Balanced is a subclass of {stock.__name__} that holds pipelines_"
    ):
        prune(grown(Balanced, 3), MaxDepth(3))
