"""Out-of-bag rows: which they are, what they say of nodes, and what is held in memory meanwhile."""

import weakref

import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from tests.zoo import BAGGED, DATA, SMALL_ENSEMBLES
from treeprune import UnsupportedModelError
from treeprune.adapters import find_adapter, sklearn_ensemble

pytestmark = SMALL_ENSEMBLES


@pytest.mark.parametrize("name", [name for name in BAGGED if "oob_score" in name])
def test_out_of_bag_rows_give_the_forests_own_out_of_bag_output(name):
    specimen = BAGGED[name]
    adapter = find_adapter(specimen.model)
    rows = adapter.oob_rows(*specimen.rows)
    total, count = 0.0, 0.0
    for tree in range(adapter.forest.n_trees):
        mask, leaf = rows.mask(tree), rows.leaf_ids(tree)
        np.testing.assert_array_equal(leaf >= 0, mask)
        total = total + np.where(mask[:, None], adapter.forest.value[leaf, 0], 0.0)
        count = count + mask[:, None]
    attribute = "oob_decision_function_" if hasattr(specimen.model, "classes_") else "oob_prediction_"
    seen = count[:, 0] > 0
    output = (total[seen] / count[seen]).squeeze()
    np.testing.assert_allclose(getattr(specimen.model, attribute)[seen], output, rtol=1e-12)


def test_out_of_bag_statistics_are_those_of_each_trees_own_rows():
    X, y = DATA["named classes"]()
    model = RandomForestClassifier(5, random_state=0).fit(X, y)
    adapter = find_adapter(model)
    weight = np.random.default_rng(0).uniform(size=len(y))
    found = adapter.oob_rows(X, y, weight).statistics
    loss = adapter.oob_rows(X, y, weight).node_loss(lambda target, value: np.ones(len(target)))
    for tree, drawn in enumerate(model.estimators_samples_):
        out = np.setdiff1d(np.arange(len(y)), drawn)
        alone = find_adapter(model.estimators_[tree])
        codes = np.searchsorted(model.classes_, y[out]).astype(float)
        expected = alone.rows(X[out], codes, weight[out]).statistics
        here = slice(*adapter.forest.start[tree : tree + 2])
        for name in ("n_rows", "weight", "class_weight"):
            np.testing.assert_array_equal(getattr(found, name)[here], getattr(expected, name))
        np.testing.assert_allclose(loss[here], expected.weight, rtol=1e-12)


def test_only_bagged_models_have_out_of_bag_rows():
    X, y = DATA["iris"]()
    for model in (
        RandomForestClassifier(2, bootstrap=False).fit(X, y),
        GradientBoostingClassifier(n_estimators=2).fit(X, y),
        DecisionTreeClassifier().fit(X, y),
    ):
        with pytest.raises(UnsupportedModelError, match="out-of-bag rows"):
            find_adapter(model).oob_rows(X, y)


def test_out_of_bag_rows_must_be_the_training_rows():
    X, y = DATA["iris"]()
    with pytest.raises(ValueError, match=r"RandomForestClassifier was fitted on 150\. Got 149\."):
        find_adapter(RandomForestClassifier(20, random_state=0).fit(X, y)).oob_rows(X[1:], y[1:])


def test_leaf_ids_of_one_tree_are_held_at_a_time(monkeypatch):
    X, y = DATA["cancer"]()
    model = RandomForestClassifier(12, random_state=0).fit(X, y)
    adapter, alive, most = find_adapter(model), set(), 0
    apply_tree, chunks = sklearn_ensemble.apply_tree, []

    def watched(tree, X):
        nonlocal most
        leaf = apply_tree(tree, X)
        chunks.append(leaf.dtype)
        alive.add(id(leaf))
        weakref.finalize(leaf, alive.discard, id(leaf))
        most = max(most, len(alive))
        return leaf

    monkeypatch.setattr(sklearn_ensemble, "apply_tree", watched)
    monkeypatch.setattr(sklearn_ensemble, "CHUNK", 64)
    for rows in (adapter.rows(X, y), adapter.oob_rows(X, y)):
        rows.statistics  # noqa: B018
        rows.node_loss(lambda target, value: np.ones(len(target)))
    assert most == 1
    assert len(chunks) == 4 * 12
    assert set(chunks) == {np.dtype(np.int32)}
