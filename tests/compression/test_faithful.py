"""compress with faithful=: the smallest model that says what the full one says, as often as is promised."""

import warnings

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.base import is_classifier, is_outlier_detector
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import UnsupportedModelError, compress
from treeprune.composites.exchange import size
from treeprune.compression import ladders
from treeprune.compression.agreement import lower_bound, rows_needed
from treeprune.links import Linked
from treeprune.methods import CostComplexity

X, LABELS = make_classification(1700, 6, n_informative=4, n_redundant=0, n_classes=3, class_sep=2.0, random_state=0)
GROWN, NEW, TEST = np.split(X, (300, 1000))
Y = LABELS[:300]
VALUES = GROWN[:, 0] * 2 + GROWN[:, 1] ** 2
FEW = {"n_estimators": 6, "random_state": 0}
MODELS = {
    "tree": (DecisionTreeClassifier(random_state=0), Y),
    "forest": (RandomForestClassifier(**FEW), Y),
    "bagging": (BaggingClassifier(**FEW), Y),
    "boosting": (GradientBoostingClassifier(**FEW), Y),
    "votes for classes": (AdaBoostClassifier(DecisionTreeClassifier(max_depth=4), **FEW), Y),
    "classes, two outputs": (ExtraTreesClassifier(**FEW), np.stack([Y, Y == 1], axis=1)),
    "pipeline": (make_pipeline(StandardScaler(), RandomForestClassifier(**FEW)), Y),
    "voting": (
        VotingClassifier([("a", RandomForestClassifier(**FEW)), ("b", ExtraTreesClassifier(**FEW))]),
        Y,
    ),
    "values": (RandomForestRegressor(**FEW), VALUES),
    "values, two outputs": (RandomForestRegressor(**FEW), np.stack([VALUES, GROWN[:, 2]], axis=1)),
    "votes for values": (AdaBoostRegressor(DecisionTreeRegressor(max_depth=6), **FEW), VALUES),
    "boosted values": (HistGradientBoostingRegressor(max_iter=8), VALUES),
    "scores": (IsolationForest(n_estimators=20, random_state=0), None),
    "scores, some outliers": (IsolationForest(n_estimators=20, contamination=0.1, random_state=0), None),
}
for family in ("xgboost", "lightgbm"):
    MODELS[family] = (family, Y)


def fitted(name):
    model, y = MODELS[name]
    if isinstance(model, str):
        module = pytest.importorskip(model)
        few = {"n_estimators": 6, "n_jobs": 1}
        model = module.XGBClassifier(**few) if name == "xgboost" else module.LGBMClassifier(verbose=-1, **few)
    return model.fit(GROWN, y)


def tolerance_of(model):
    return None if is_classifier(model) else 0.03 if is_outlier_detector(model) else 1.5


def agreeing(one, other, X):
    tolerance = tolerance_of(one)
    said = [m.score_samples(X) if is_outlier_detector(m) else m.predict(X) for m in (one, other)]
    same = said[0] == said[1] if tolerance is None else np.abs(said[0] - said[1]) <= tolerance
    return same.reshape(len(X), -1).all(axis=1)


@pytest.mark.parametrize("name", MODELS)
def test_every_family_keeps_its_class_and_what_it_says(name):
    model = fitted(name)
    before = size(model)[1]
    tolerance = tolerance_of(model)
    found = compress(model, NEW, X_val=TEST, faithful=0.8, tolerance=tolerance, effort="quick")
    assert type(found.model) is type(model) or isinstance(found.model, Linked)
    assert size(found.model)[1] < before == size(model)[1]
    hits = agreeing(model, found.model, TEST)
    assert found.agreement == pytest.approx(hits.mean())
    assert found.agreement_bound == pytest.approx(lower_bound(hits.sum(), len(hits), 0.05))
    assert found.agreement_bound >= 0.8
    assert f"{hits.sum():,} of {len(hits):,}" in found.message


@pytest.mark.parametrize(("hits", "n"), [(10, 10), (95, 100), (1, 7), (0, 5)])
def test_the_limit_is_where_so_many_hits_have_the_probability_of_the_level(hits, n):
    limit = lower_bound(hits, n, 0.05)
    assert binom.sf(hits - 1, n, limit) == pytest.approx(0.05) if hits else limit == 0.0


@pytest.mark.parametrize("share", [0.9, 0.99, 0.999])
def test_so_many_rows_are_needed(share):
    n = rows_needed(share, 0.05)
    assert lower_bound(n, n, 0.05) >= share > lower_bound(n - 1, n - 1, 0.05)


def test_with_too_few_rows_the_model_stays_and_the_words_say_how_many_it_takes():
    model = fitted("forest")
    found = compress(model, NEW, faithful=0.999, effort="quick")
    assert found.method is None
    assert (found.agreement, found.agreement_bound) == (1.0, 1.0)
    np.testing.assert_array_equal(found.model.predict_proba(TEST), model.predict_proba(TEST))
    assert "takes at least 2,995 rows" in found.message


def test_within_a_budget_the_words_tell_the_agreement():
    model = fitted("forest")
    found = compress(model, NEW, X_val=TEST, faithful=0.99, max_nodes=30, effort="quick")
    assert size(found.model)[1] <= 30
    assert found.agreement == pytest.approx(agreeing(model, found.model, TEST).mean())
    assert "not shown to be the 0.99" in found.message


def test_rows_that_repeat_count_once():
    model = fitted("forest")
    once = compress(model, NEW, X_val=TEST, faithful=0.8, effort="quick")
    again = compress(model, NEW, X_val=np.concatenate([TEST, TEST, NEW]), faithful=0.8, effort="quick")
    assert again.message == once.message


@pytest.mark.parametrize("name", ["forest", "bagging", "pipeline"])
def test_a_stock_forest_has_the_labels_of_the_one_with_a_link(name):
    model = fitted(name)
    linked, stock = (
        compress(model, NEW, X_val=TEST, faithful=0.8, output=output, effort="quick") for output in ("link", "forest")
    )
    assert type(stock.model) is type(model)
    if name == "forest":
        assert type(stock.model) is RandomForestClassifier
    np.testing.assert_array_equal(stock.model.predict(TEST), linked.model.predict(TEST))


def test_by_targets_a_stock_forest_can_be_had_as_well():
    model = RandomForestClassifier(**FEW).fit(GROWN, Y)
    with pytest.warns(UserWarning, match="costs more than noise"):
        linked, stock = (
            compress(model, GROWN, Y, max_nodes=60, output=output, retrain=False, effort="quick").model
            for output in ("link", "forest")
        )
    assert type(stock) is RandomForestClassifier
    np.testing.assert_array_equal(stock.predict(TEST), stock.classes_[stock.predict_proba(TEST).argmax(axis=1)])
    np.testing.assert_array_equal(stock.predict(TEST), linked.predict(TEST))  # links keep the order of scores


def test_the_promise_fails_no_more_often_than_its_level(monkeypatch):
    """Rows are uniform in one dimension, so that the share on which two trees agree is known: a sum of lengths."""
    monkeypatch.setitem(ladders._METHODS, "quick", (CostComplexity(),))
    monkeypatch.setitem(ladders.STEPS, "quick", 60)
    rng = np.random.default_rng(0)
    broken = runs = 0
    for seed in range(40):
        grown = rng.uniform(size=(400, 1))
        tree = DecisionTreeClassifier(random_state=0).fit(grown, rng.integers(0, 2, 400) * (grown[:, 0] > 0.3))
        rows, test = rng.uniform(size=(400, 1)), rng.uniform(size=(100, 1))
        found = compress(tree, rows, X_val=test, faithful=0.8, effort="quick", random_state=seed)
        if found.method is None:
            continue
        cuts = np.unique(np.concatenate([[0.0, 1.0], tree.tree_.threshold[tree.tree_.feature == 0]]))
        middle = ((cuts[1:] + cuts[:-1]) / 2)[:, None]
        same = tree.predict(middle) == found.model.predict(middle)
        runs, broken = runs + 1, broken + (np.diff(cuts)[same].sum() < 0.8)
    assert runs > 25
    assert binom.sf(broken - 1, runs, 0.05) > 0.01


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("forest", {"faithful": 1.0}),
        ("forest", {"faithful": True}),
        ("forest", {"tolerance": 0.1}),
        ("forest", {"faithful": 0.9, "tolerance": 0.1}),
        ("forest", {"faithful": 0.9, "y": LABELS[300:1000]}),
        ("forest", {"faithful": 0.9, "max_loss": 0.1}),
        ("forest", {"faithful": 0.9, "output": "plain"}),
        ("values", {"faithful": 0.9, "tolerance": -1.0}),
        ("scores", {"faithful": 0.9, "sample_weight": np.ones(700), "tolerance": 0.1}),
    ],
)
def test_wrong_parameters_are_named(name, params):
    named = [key for key in params if key != "faithful"] or ["faithful"]
    with pytest.raises(ValueError, match=f"'{named[0]}' parameter of compress"):
        compress(fitted(name), NEW, **params)


def test_numbers_need_a_tolerance_and_targets_are_needed_otherwise():
    with pytest.raises(ValueError, match="'tolerance' parameter of compress must be given"):
        compress(fitted("values"), NEW, faithful=0.9)
    with pytest.raises(ValueError, match="'y' parameter of compress must be given"):
        compress(fitted("forest"), NEW)


def test_what_cannot_be_judged_by_targets_says_what_can_be_done():
    with pytest.raises(UnsupportedModelError, match="give faithful="):
        compress(fitted("scores"), GROWN, Y)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("cls", [RandomForestClassifier, BaggingClassifier])
def test_a_stock_forest_holds_probabilities_that_give_the_labels_of_the_one_with_a_link(cls, n_classes):
    X, y = make_classification(500, 6, n_informative=4, n_classes=n_classes, random_state=0)
    model = cls(n_estimators=8, random_state=0).fit(X, y)
    settings = {"max_nodes": size(model)[1] // 6, "retrain": False, "effort": "quick"}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*costs more than noise")
        linked, stock = (compress(model, X, y, output=output, **settings).model for output in ("link", "forest"))
    assert type(stock) is cls
    np.testing.assert_array_equal(stock.predict(X), linked.predict(X))
    values = np.concatenate([tree.tree_.value[:, 0] for tree in stock.estimators_])
    assert values.min() >= 0.0
    np.testing.assert_allclose(values.sum(axis=1), 1.0)
