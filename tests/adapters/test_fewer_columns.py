"""Columns leave models of every family: the same trees on the columns that are left, and what goes with each column."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier, IsolationForest

from tests import boosters
from tests.zoo import DATA, SMALL_ENSEMBLES, ZOO, Boosted
from treeprune import UnsupportedModelError, prune, slim
from treeprune.adapters import find_adapter
from treeprune.methods import MaxDepth

pytestmark = SMALL_ENSEMBLES

#: Models that keep more of each column than the zoo's.
BESIDES = [
    *(f"xgboost, {name}" for name in ("monotonic", "interactions", "frame with categories", "early stopping", "dart")),
    *(f"lightgbm, {name}" for name in ("monotonic", "frame with categories", "early stopping", "rf", "linear trees")),
]
SPECIMENS = ZOO | {name: Boosted(None, "numbers", name=name) for name in BESIDES}


def output(model, X):
    if hasattr(model, "predict_proba"):
        found = model.predict_proba(X)
        return np.concatenate(found, axis=1) if isinstance(found, list) else found
    return model.score_samples(X) if hasattr(model, "score_samples") else find_adapter(model).predict(X)


@pytest.mark.parametrize("depth", [0, 1, None])
@pytest.mark.parametrize("name", SPECIMENS)
def test_same_trees_on_fewer_columns(name, depth):
    specimen = SPECIMENS[name]
    whole, X = specimen.model, specimen.rows[0]
    if depth is not None:
        try:
            whole = prune(whole, MaxDepth(depth))
        except (UnsupportedModelError, ValueError):  # nodes whose value is known from rows only
            pytest.skip("needs rows to be pruned")
    adapter, before = find_adapter(whole), pickle.dumps(whole)
    used = adapter.used_features
    kept = used | (np.arange(len(used)) == np.argmin(used))  # one that is not used, too
    for columns in (kept, used if used.any() else kept):
        narrow = X.loc[:, columns] if hasattr(X, "loc") else np.ascontiguousarray(X[:, columns])
        small = adapter.with_features(columns)
        now = find_adapter(small)
        assert type(small) is type(whole)
        np.testing.assert_array_equal(output(small, narrow), output(whole, X))
        np.testing.assert_array_equal(now.used_features, used[columns])
        assert now.forest.n_features == columns.sum()
        for field in ("children_left", "threshold", "value", "category_set"):
            np.testing.assert_array_equal(getattr(now.forest, field), getattr(adapter.forest, field))
        signs = np.zeros(len(used)) if adapter.monotonic is None else adapter.monotonic
        np.testing.assert_array_equal(
            np.zeros(columns.sum()) if now.monotonic is None else now.monotonic, signs[columns]
        )
        if hasattr(whole, "feature_importances_"):
            np.testing.assert_allclose(small.feature_importances_, whole.feature_importances_[columns], rtol=1e-12)
        again = pickle.loads(pickle.dumps(small))
        np.testing.assert_array_equal(output(again, narrow), output(whole, X))
    assert pickle.dumps(whole) == before


@pytest.mark.parametrize("name", ["xgboost, Booster", "lightgbm, Booster"])
def test_boosters_say_what_they_need(name):
    whole, X = prune(SPECIMENS[name].model, MaxDepth(1)), SPECIMENS[name].rows[0]
    small = slim(whole)
    used = find_adapter(whole).used_features
    assert small.columns_.tolist() == np.array(list("abcde"))[used].tolist()
    assert pickle.loads(pickle.dumps(small)).columns_.tolist() == small.columns_.tolist()
    np.testing.assert_array_equal(output(small, X[:, used]), output(whole, X))


@pytest.mark.parametrize("name", [name for name, specimen in ZOO.items() if specimen.estimator is not None])
def test_clone_trains_on_the_columns_that_are_left(name):
    whole, (X, y) = ZOO[name].model, ZOO[name].rows
    kept = np.arange(X.shape[1]) < X.shape[1]
    kept[np.argmin(find_adapter(whole).used_features)] = find_adapter(whole).used_features.all()
    small = find_adapter(whole).with_features(kept)
    assert clone(small).fit(X[:, kept], y).n_features_in_ == kept.sum()


def test_models_of_several_kinds_of_bagging_see_all_columns_that_are_left():
    X, y = DATA["classes"]()
    for model in (BaggingClassifier(n_estimators=3, max_features=0.6), IsolationForest(n_estimators=3, max_features=2)):
        whole = prune(model.set_params(random_state=0).fit(X, y), MaxDepth(1))
        used = find_adapter(whole).used_features
        small = find_adapter(whole).with_features(used)
        assert {tree.n_features_in_ for tree in small.estimators_} == {used.sum()}
        np.testing.assert_array_equal(output(small, X[:, used]), output(whole, X))


def test_categories_of_a_frame_whose_columns_are_not_known():
    """LightGBM keeps those of ordered categories, and does not say of which column."""
    lightgbm = pytest.importorskip("lightgbm")
    frame = boosters.frame().rename(columns={"b b": "b"})
    frame["d"] = frame["a"].round().astype("category").cat.as_ordered()
    model = lightgbm.LGBMRegressor(n_estimators=2, num_leaves=3, verbose=-1, n_jobs=1)
    adapter = find_adapter(model.fit(frame, boosters.target("numbers")))
    assert adapter.used_features.all()
