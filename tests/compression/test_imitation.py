"""Models whose leaves cannot be set together: compress prunes each tree by what it says itself."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor, ExtraTreesClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from treeprune import compress
from treeprune.adapters import find_adapter
from treeprune.compression.imitation import Imitation, strengths

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*The budget costs more than noise")

XC, YC = make_classification(900, 6, n_informative=4, n_classes=3, flip_y=0.1, random_state=0)
TWO = np.stack([YC, XC[:, 0] > 0], axis=1).astype(int)
XR, YR = make_friedman1(900, n_features=6, noise=0.5, random_state=0)


def library(module, name, **params):
    return lambda: getattr(pytest.importorskip(module), name)(n_estimators=8, n_jobs=1, **params)


FAMILIES = {
    "AdaBoost": (lambda: AdaBoostClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=12, random_state=0), YC),
    "AdaBoost of numbers": (lambda: AdaBoostRegressor(n_estimators=8, random_state=0), YR),
    "tree of two outputs": (lambda: DecisionTreeClassifier(random_state=0), TWO),
    "forest of two outputs": (lambda: RandomForestClassifier(8, random_state=0), TWO),
    "extra trees of two outputs": (lambda: ExtraTreesClassifier(8, random_state=0), TWO),
    "linear leaves": (library("lightgbm", "LGBMRegressor", linear_tree=True, verbose=-1), YR),
}


def fitted(name):
    make, y = FAMILIES[name]
    X = XR if y is YR else XC
    return make().fit(X[:500], y[:500]), X, y


def nodes(model):
    return find_adapter(model).forest.n_nodes


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_stays_what_it_is_within_the_budget(name):
    model, X, y = fitted(name)
    found = compress(model, X[:500], y[:500], max_nodes=nodes(model) // 2)
    assert type(found.model) is type(model)
    assert nodes(found.model) <= nodes(model) // 2
    assert set(found.frontier["method"]) == {"unpruned", "Imitation"}
    assert found.verdict in ("no worse", "within noise", "worse")


@pytest.mark.parametrize("name", FAMILIES)
def test_without_a_budget_what_is_smaller_is_shown_to_be_no_worse(name):
    model, X, y = fitted(name)
    found = compress(model, X[:500], y[:500], X_val=X[500:], y_val=y[500:])
    chosen = found.frontier[found.frontier["chosen"]].iloc[0]
    assert found.verdict == "no worse"
    assert chosen["n_nodes"] == min(found.smallest_no_worse or nodes(model), nodes(model))
    assert chosen["difference"] <= 0.0


@pytest.mark.parametrize("name", ["AdaBoost", "tree of two outputs"])
def test_labels_are_judged_by_how_many_are_wrong(name):
    model, X, y = fitted(name)
    frontier = compress(model, X[:500], y[:500], X_val=X[500:], y_val=y[500:], max_nodes=30).frontier
    wrong = (model.predict(X[500:]) != y[500:]).reshape(400, -1)
    assert frontier["loss"][0] == pytest.approx(wrong.mean())
    assert frontier["score"][0] == pytest.approx(1.0 - wrong.any(axis=1).mean())


def test_nodes_are_weighed_by_what_the_leaves_below_said():
    model, X, y = fitted("tree of two outputs")
    adapter = find_adapter(model)
    rows, forest = adapter.rows(X, y), adapter.forest
    strength = strengths(forest, rows, False)
    said = forest.value[rows.leaf_ids(0)]
    for node in np.flatnonzero(~forest.is_leaf)[-20:]:
        inside = (rows.leaf_ids(0) >= node) & (rows.leaf_ids(0) < forest.end[node])
        if forest.end[node] == node + 3:  # two leaves
            by_hand = ((said[inside] - forest.value[node]) ** 2).sum() / len(X)
            above = forest.parent[node]
            assert strength[node] == pytest.approx(min(max(by_hand, 0.0), strength[above]), abs=1e-12)
    assert Imitation(splits=0.5).plan(forest, rows).collapse.sum() >= (~forest.is_leaf).sum() // 2


@pytest.mark.parametrize("objective", ["reg:absoluteerror", "reg:quantileerror"])
def test_values_that_a_model_lacks_come_from_the_rows_that_it_was_fitted_on(objective):
    params = {"quantile_alpha": 0.8} if "quantile" in objective else {}
    model = library("xgboost", "XGBRegressor", objective=objective, max_depth=3, **params)().fit(XR, YR)
    found = compress(model, XR, YR, max_nodes=nodes(model) // 2, retrain=False, effort="quick")
    assert nodes(found.model) <= nodes(model) // 2
