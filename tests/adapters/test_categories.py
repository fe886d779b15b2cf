"""Categories are told by their values, as each library tells them, whatever codes a frame gives them."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.methods import DepthPruning, JointPruning, LeafRefit
from treeprune.testing import forest_apply

LETTERS = np.array(list("jihgfedcba"))
N_ROWS = 400
METHODS = ["reduced_error", JointPruning(alpha=0.01), LeafRefit(), DepthPruning(alpha=0.01)]


@cache
def table():
    rng = np.random.default_rng(0)
    kind, x = rng.integers(0, 10, N_ROWS), rng.normal(size=N_ROWS)
    y = rng.normal(size=10)[kind] * 2 + x * (kind % 2) + 0.3 * rng.normal(size=N_ROWS)
    missing = rng.random(N_ROWS) < 0.05
    x[rng.random(N_ROWS) < 0.1] = np.nan
    x[rng.random(N_ROWS) < 0.1] = -999.0
    return np.where(missing, None, LETTERS[kind]), x, y


def frame(categories=LETTERS, kind=None):
    """The rows as a frame whose column of kinds states `categories`, in that order."""
    own, x, _ = table()
    kind = own if kind is None else kind
    kind = np.where(np.isin(kind.astype(str), categories), kind, None)
    return pd.DataFrame({"kind": pd.Categorical(kind, categories=categories), "x": x})


def numbered(frame):
    """The same with numbers in the place of the letters."""
    names = {letter: 10 * (i + 1) for i, letter in enumerate(LETTERS)}
    return frame.assign(kind=frame["kind"].cat.rename_categories(names))


def xgboost_model(**params):
    xgboost = pytest.importorskip("xgboost", "3.1")
    return xgboost.XGBRegressor(n_estimators=8, max_depth=4, enable_categorical=True, max_cat_to_onehot=1, **params)


def lightgbm_model():
    lightgbm = pytest.importorskip("lightgbm")
    return lightgbm.LGBMRegressor(n_estimators=8, min_child_samples=5, min_data_per_group=5, cat_smooth=1, verbose=-1)


def histogram_model():
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=8, categorical_features="from_dtype")


FAMILIES = {
    "XGBoost": xgboost_model,
    "XGBoost, -999 is missing": lambda: xgboost_model(missing=-999.0),
    "XGBoost, dart": lambda: xgboost_model(booster="dart", rate_drop=0.2),
    "LightGBM": lightgbm_model,
    "HistGradientBoosting": histogram_model,
}
as_is = pytest.mark.parametrize("family", FAMILIES)


@cache
def model_of(family):
    return FAMILIES[family]().fit(frame(), table()[2])


def same_rows(which):
    """Rows as the model saw them, and the same with other codes."""
    few = np.isin(table()[0].astype(str), LETTERS[3:8])
    return {
        "another order": (frame(), frame(LETTERS[[3, 1, 4, 0, 5, 9, 2, 6, 8, 7]])),
        "more categories": (frame(), frame(np.append(["A", "Z"], LETTERS))),
        "fewer categories": (frame()[few], frame(np.sort(LETTERS[3:8]))[few]),
    }[which]


@as_is
@pytest.mark.parametrize("which", ["another order", "more categories", "fewer categories"])
def test_rows_reach_the_same_leaves_as_with_the_codes_of_training(family, which):
    model, (before, after) = model_of(family), same_rows(which)
    adapter = find_adapter(model)
    np.testing.assert_array_equal(model.predict(before), model.predict(after))  # the library tells them by value
    leaf_ids, expected = adapter.leaf_ids(after), adapter.leaf_ids(before)
    for tree in range(adapter.forest.n_trees):
        np.testing.assert_array_equal(leaf_ids(tree), expected(tree))
        np.testing.assert_array_equal(forest_apply(adapter.forest, adapter.compared(after), tree), expected(tree))


@as_is
@pytest.mark.parametrize("method", METHODS, ids=str)
def test_pruning_is_the_same_with_categories_in_another_order(family, method):
    model, (before, after) = model_of(family), same_rows("another order")
    y = table()[2] + 2 * np.random.default_rng(1).normal(size=N_ROWS)  # so that splits are worth less than in training
    expected, pruned = prune(model, method, before, y), prune(model, method, after, y)
    assert find_adapter(expected).forest.n_nodes <= find_adapter(model).forest.n_nodes
    assert np.abs(expected.predict(before) - model.predict(before)).max() > 1e-3  # it does change something
    np.testing.assert_array_equal(pruned.predict(after), expected.predict(before))


@pytest.mark.parametrize("which", ["another order", "fewer categories"])
def test_xgboost_takes_the_code_of_a_frame_for_missing_before_it_recodes(which):
    _, rows = same_rows(which)
    model = xgboost_model(missing=0.0).fit(frame(), table()[2])
    adapter, native = find_adapter(model), model.apply(rows)
    for tree in range(adapter.forest.n_trees):
        leaf = adapter.leaf_ids(rows)(tree)
        np.testing.assert_array_equal(adapter.forest.node_id[leaf], native[:, tree])
        np.testing.assert_array_equal(forest_apply(adapter.forest, adapter.compared(rows), tree), leaf)


@as_is
def test_numbers_as_categories(family):
    model = FAMILIES[family]().fit(numbered(frame()), table()[2])
    before, after = (numbered(rows) for rows in same_rows("another order"))
    leaf_ids, expected = (find_adapter(model).leaf_ids(rows) for rows in (after, before))
    for tree in range(find_adapter(model).forest.n_trees):
        np.testing.assert_array_equal(leaf_ids(tree), expected(tree))


@as_is
@pytest.mark.parametrize("method", METHODS, ids=str)
def test_unseen_categories_go_where_the_library_sends_them(family, method):
    model, y = model_of(family), table()[2]
    kind = np.where(np.arange(N_ROWS) % 7 == 0, "unseen", table()[0])
    rows = frame(np.append(LETTERS, "unseen"), kind)
    try:
        expected = model.predict(rows)
    except ValueError as refusal:  # XGBoost knows no unseen categories
        with pytest.raises(type(refusal), match="category not in the training set"):
            prune(model, method, rows, y)
        return
    adapter = find_adapter(model)
    leaf_ids, total = adapter.leaf_ids(rows), np.zeros(N_ROWS)
    for tree in range(adapter.forest.n_trees):
        np.testing.assert_array_equal(forest_apply(adapter.forest, adapter.compared(rows), tree), leaf_ids(tree))
        total += adapter.forest.tree_weight[tree] * adapter.forest.value[leaf_ids(tree), 0, 0]
    assert np.ptp(total - expected) < 1e-9  # but for the constant that some libraries add
    pruned = prune(model, method, rows, y)
    as_missing = frame(kind=np.where(kind == "unseen", None, kind))
    np.testing.assert_array_equal(pruned.predict(rows), prune(model, method, as_missing, y).predict(as_missing))


@pytest.mark.parametrize("family", ["XGBoost", "HistGradientBoosting"])
def test_categories_of_polars(family):
    polars = pytest.importorskip("polars")
    model, (rows, _) = model_of(family), same_rows("another order")
    kind = [value if isinstance(value, str) else None for value in rows["kind"]]
    of_polars = polars.DataFrame({"kind": polars.Series(kind, dtype=polars.Categorical), "x": rows["x"].to_numpy()})
    np.testing.assert_array_equal(model.predict(of_polars), model.predict(rows))
    for method in METHODS:
        pruned = prune(model, method, of_polars, table()[2])
        np.testing.assert_array_equal(
            pruned.predict(of_polars), prune(model, method, rows, table()[2]).predict(rows), str(method)
        )
