"""Monotonic constraints hold in whatever a method makes of a model, on dense grids."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.isotonic import isotonic_regression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import compress, prune
from treeprune.adapters import find_adapter
from treeprune.core.monotone import constrained
from treeprune.methods import (
    AllPruningsAverage,
    DepthPruning,
    HierarchicalShrinkage,
    JointPruning,
    LeafRefit,
    ReducedError,
)

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, size=(300, 3))
Y = X[:, 0] - X[:, 1] + np.sin(6 * X[:, 2]) * X[:, 0] + RNG.normal(size=300) * 0.7
LABELS = (Y > 0).astype(int)
SIGNS = [1, -1, 0]
JUDGE = X[::-1], np.sin(9 * X[:, 0]) + X[:, 1]  # targets that go against the constraints


def _xgboost(**params):
    model = pytest.importorskip("xgboost").XGBRegressor(
        n_estimators=8, max_depth=4, n_jobs=1, monotone_constraints=tuple(SIGNS), **params
    )
    return model.fit(X, Y)


def _lightgbm(**params):
    model = pytest.importorskip("lightgbm").LGBMRegressor(
        n_estimators=8, num_leaves=12, n_jobs=1, verbose=-1, monotone_constraints=SIGNS, **params
    )
    return model.fit(X, Y)


MODELS = {
    "tree": lambda: DecisionTreeRegressor(max_depth=6, monotonic_cst=SIGNS, random_state=0).fit(X, Y),
    "tree classifier": lambda: DecisionTreeClassifier(max_depth=6, monotonic_cst=SIGNS, random_state=0).fit(X, LABELS),
    "forest": lambda: RandomForestRegressor(6, max_depth=6, monotonic_cst=SIGNS, random_state=0).fit(X, Y),
    "forest classifier": lambda: RandomForestClassifier(6, max_depth=6, monotonic_cst=SIGNS, random_state=0).fit(
        X, LABELS
    ),
    "hist": lambda: HistGradientBoostingRegressor(max_iter=8, max_depth=4, monotonic_cst=SIGNS).fit(X, Y),
    "xgboost": _xgboost,
    "xgboost, dart": lambda: _xgboost(booster="dart", rate_drop=0.3),
    "lightgbm": _lightgbm,
    "lightgbm, intermediate": lambda: _lightgbm(monotone_constraints_method="intermediate"),
}
METHODS = [
    JointPruning(0.4, reg=1.0),
    LeafRefit(),
    DepthPruning(0.6, reg=1.0),
    ReducedError(),
    HierarchicalShrinkage(reg=10.0),
    AllPruningsAverage(),
]


def worst_step(model):
    """The largest step against a constraint, along lines of a dense grid."""
    predict = (lambda rows: model.predict_proba(rows)[:, 1]) if hasattr(model, "classes_") else model.predict
    grid, worst = np.linspace(-1.1, 1.1, 120), 0.0
    for feature, sign in enumerate(SIGNS):
        lines = np.repeat(X[:60], len(grid), axis=0)
        lines[:, feature] = np.tile(grid, 60)
        steps = np.diff(predict(lines).reshape(60, -1), axis=1)
        worst = max(worst, float((-sign * steps).max()))
    return worst


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.alias)
@pytest.mark.parametrize("name", MODELS)
def test_constraints_hold_in_every_result(name, method):
    model = MODELS[name]()
    assert worst_step(model) <= 1e-6
    target = (JUDGE[1] > 0).astype(int) if hasattr(model, "classes_") else JUDGE[1]
    try:
        pruned = prune(model, method, JUDGE[0], target)
    except ValueError as error:  # the method is not for the family
        pytest.skip(str(error))
    assert worst_step(pruned) <= 1e-6


@pytest.mark.parametrize("name", ["forest", "hist", "xgboost", "xgboost, dart", "lightgbm"])
def test_refitted_leaves_lose_no_more_on_their_rows_than_the_model_does(name):
    model = MODELS[name]()
    for y, share in ((Y, 0.999), (JUDGE[1], 1 + 1e-6)):  # against the constraints there may be nothing to win
        before, after = (np.mean((y - m.predict(X)) ** 2) for m in (model, prune(model, LeafRefit(), X, y)))
        assert after <= share * before


@pytest.mark.parametrize("name", [name for name in MODELS if "dart" not in name and name != "tree"])
def test_constraints_hold_in_what_compress_makes(name):
    model = MODELS[name]()
    target = LABELS if hasattr(model, "classes_") else Y
    assert worst_step(compress(model, X, target, max_nodes=40, random_state=0).model) <= 1e-6


def test_two_leaves_are_joined_as_by_isotonic_regression():
    rng = np.random.default_rng(1)
    for _ in range(20):
        weight = rng.integers(1, 9, 2).astype(float)
        tree = DecisionTreeRegressor(max_leaf_nodes=2).fit([[0.0], [1.0]], rng.normal(size=2), sample_weight=weight)
        forest = find_adapter(tree).forest
        found = constrained(forest, np.ones(1, np.int8)).value[1:, 0, 0]
        np.testing.assert_allclose(found, isotonic_regression(forest.value[1:, 0, 0], sample_weight=weight))


def test_a_forest_that_keeps_its_constraints_stays_as_it_is():
    forest = find_adapter(MODELS["forest"]()).forest
    assert constrained(forest, np.array(SIGNS, np.int8)) is forest
