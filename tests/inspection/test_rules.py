"""The rules of a tree: run as Python and as SQL, they predict exactly what the tree does."""

import sqlite3

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import TreePrunerCV, UnsupportedModelError, rules
from treeprune.adapters import find_adapter
from treeprune.core.forest import Forest
from treeprune.inspection.rules import exact_bound, leaf_conditions
from treeprune.testing import forest_values

HOSTILE = ["<script>alert(1)</script>", 'a "quoted" name', "it's; DROP TABLE t --", "größe 尺寸 🌲", "w" * 200, "a\nb"]


def by_python(found, X):
    space = {}
    exec(found.to_python(), space)
    return [space["predict"](row) for row in np.asarray(X, dtype=float).tolist()]


def by_sql(found, X):
    connection = sqlite3.connect(":memory:")
    names = ['"' + name.replace('"', '""') + '"' for name in found.feature_names]
    connection.execute(f"CREATE TABLE t ({', '.join(f'{name} REAL' for name in names)})")
    rows = [[None if np.isnan(v) else v for v in row] for row in np.asarray(X, dtype=float).tolist()]
    connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(names))})", rows)
    return [value for (value,) in connection.execute(f"SELECT {found.to_sql('prediction')} FROM t ORDER BY rowid")]


def with_gaps(X, share=0.1):
    X = np.array(X, dtype=float)
    X[np.random.default_rng(0).random(X.shape) < share] = np.nan
    return X


def around_bounds(model, n_features):
    """Rows right at, just below and just above what every split compares with, in double precision."""
    forest = find_adapter(model).forest
    rng, rows = np.random.default_rng(1), []
    bound, _ = exact_bound(forest.threshold, forest.comparison, np.float32)
    finite = forest.internal[np.isfinite(forest.threshold[forest.internal])]  # infinite: only missing values go right
    for node in finite:
        for at in (forest.threshold[node], bound[node]):
            for value in (at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf)):
                row = rng.choice(forest.threshold[finite], n_features)
                row[forest.feature[node]] = value
                rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_diabetes])
def test_code_predicts_what_the_tree_does(load, gaps):
    X, y = load(return_X_y=True)
    X = with_gaps(X) if gaps else X
    tree = (DecisionTreeRegressor if load is load_diabetes else DecisionTreeClassifier)(random_state=0).fit(X, y)
    rows = np.concatenate([X, with_gaps(X, 0.4), around_bounds(tree, X.shape[1])])
    expected = tree.predict(rows)
    found = rules(tree)
    assert len(found) == tree.get_n_leaves()
    assert by_python(found, rows) == expected.tolist()
    np.testing.assert_allclose(by_sql(found, rows), expected, rtol=1e-15)  # SQLite reads the last digit as it likes


@pytest.mark.parametrize("comparison", ["<=", "<"])
def test_a_bound_splits_doubles_as_the_threshold_splits_them_rounded(comparison):
    rng = np.random.default_rng(0)
    single = np.r_[rng.normal(size=500), 10.0 ** rng.integers(-44, 38, 500), 0.0, -0.0, 1.0, 3.0].astype(np.float32)
    threshold = np.r_[single.astype(float), (single.astype(float) + np.nextafter(single, np.float32(np.inf))) / 2]
    bound, is_open = exact_bound(threshold, comparison, np.float32)
    for x in (bound, np.nextafter(bound, -np.inf), np.nextafter(bound, np.inf), threshold):
        rounded = x.astype(np.float32).astype(float)
        expected = rounded <= threshold if comparison == "<=" else rounded < threshold
        np.testing.assert_array_equal(np.where(is_open, x < bound, x <= bound), expected)


def test_names_and_labels_are_quoted():
    X, y = load_breast_cancer(return_X_y=True)
    X = pd.DataFrame(X[:, : len(HOSTILE)], columns=HOSTILE)
    y = np.array(['it\'s <b>"bad"</b>', "gut 🌲"])[y]
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    found = rules(tree)
    assert by_python(found, X) == tree.predict(X).tolist()
    assert by_sql(found, X) == tree.predict(X).tolist()
    assert "<script>" not in found._repr_html_()
    with pytest.raises(ValueError, match="null character"):
        rules(tree, feature_names=["a\0b", *"bcdef"]).to_sql()


def test_table_states_what_the_tree_stores():
    X, y = load_iris(return_X_y=True, as_frame=True)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
    frame = rules(tree).to_frame()
    leaf = tree.apply(X)
    assert frame["support"].tolist() == [np.sum(leaf == node) for node in np.unique(leaf)]
    of_leaf = [(y[leaf == node] == value).mean() for node, value in zip(np.unique(leaf), frame["value"], strict=True)]
    np.testing.assert_allclose(frame["confidence"], of_leaf)
    assert frame["share"].sum() == pytest.approx(1)
    assert not rules(DecisionTreeRegressor(max_depth=2).fit(X, y)).to_frame().columns.isin(["confidence"]).any()


def test_conditions_on_a_feature_are_merged():
    X = np.arange(32.0)[:, None]
    found = rules(DecisionTreeRegressor().fit(X, X[:, 0]))
    assert found.texts[4] == "x0 > 3.5 and x0 <= 4.5"


@pytest.mark.parametrize("labels", [[False, True], [-3, 7], [1.0, -2.0], ["it's", 'say "no"; --'], ["NULL", "\\n%s"]])
def test_labels_of_all_kinds_and_numbers_of_all_sizes(labels):
    """Thresholds next to zero, among subnormal numbers and near the largest of single precision."""
    column = np.r_[-3e38, -1.0, -1e-45, -0.0, 0.0, 1e-45, 1e-38, 2e-38, 1e-7, 1.0, 1e30, 3.3e38, 3.4e38]
    X, y = column[:, None], np.array(labels)[np.arange(13) // 2 % 2]
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    rows = np.r_[column, -column, column.astype(np.float32), np.nextafter(column, 0), np.nan][:, None]
    expected = tree.predict(rows).tolist()
    assert by_python(rules(tree), rows) == expected
    assert by_sql(rules(tree), rows) == expected


def test_text_tells_where_missing_values_go_if_the_tree_shows_that_it_learned_it():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    X[:40, 0] = np.nan  # they go with the few
    y = np.where(np.isnan(X[:, 0]) | (X[:, 0] < -0.5), 2.0, 0.0) + (X[:, 1] > 0)
    tree = DecisionTreeRegressor(max_leaf_nodes=4).fit(X, y)
    text = rules(tree).to_text()
    assert text.count("(or missing)") == text.count("x0 <=") == 2
    assert rules(tree, missing=True).to_text().count("(or missing)") == 4
    assert "missing" not in rules(tree, missing=False).to_text()
    assert "missing" not in rules(DecisionTreeRegressor().fit(np.nan_to_num(X), y)).to_text()
    alone = DecisionTreeRegressor().fit([[0.0], [1.0], [np.nan]], [0, 0, 1])
    assert rules(alone).texts == ["x0 is not missing", "x0 is missing"]


def test_a_chain_of_any_depth_needs_no_recursion():
    n_splits = 100_000
    inner = np.arange(n_splits) * 2
    left, right, feature = (np.full(2 * n_splits + 1, filler, np.int32) for filler in (-1, -1, -2))
    left[inner], right[inner], feature[inner] = inner + 1, inner + 2, 0
    threshold, value = np.full(2 * n_splits + 1, -2.0), np.zeros((2 * n_splits + 1, 1, 1))
    threshold[inner] = np.arange(n_splits)
    found = leaf_conditions(
        Forest(np.zeros(1, np.int32), left, right, feature, threshold, value, 1, "regression"), np.float64
    )
    assert [rule[0].low for rule in found] == [-np.inf, *range(n_splits)]
    assert [rule[0].high for rule in found] == [*range(n_splits), np.inf]


def test_a_deep_tree_is_written_as_code_that_runs():
    X = np.arange(3000.0)[:, None]
    tree = DecisionTreeRegressor().fit(X, 2.0 ** np.linspace(0, 1000, 3000))
    assert tree.get_depth() > 500
    assert by_python(rules(tree), X) == tree.predict(X).tolist()


def test_a_single_leaf_has_one_rule_without_conditions():
    tree = DecisionTreeClassifier().fit([[0.0], [1.0]], ["a", "a"])
    assert rules(tree).to_text() == "1. always -> a (100%, n=2)\n"
    assert by_python(rules(tree), [[5.0]]) == by_sql(rules(tree), [[5.0]]) == ["a"]


def test_pruners_and_pipelines_are_seen_through():
    X, y = load_iris(return_X_y=True)
    pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(X, y)
    assert by_python(rules(pruner), X) == pruner.predict(X).tolist()
    pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)).fit(X, y)
    assert by_python(rules(pipeline), pipeline[0].transform(X)) == pipeline.predict(X).tolist()


def test_of_an_ensemble_one_tree_is_named():
    X, y = load_iris(return_X_y=True)
    forest = RandomForestClassifier(4, random_state=0).fit(X, y)
    with pytest.raises(UnsupportedModelError, match="4 trees: give 'tree'"):
        rules(forest)
    with pytest.raises(ValueError, match=r"\[0, 4\)\. Got 4"):
        rules(forest, tree=4)
    assert by_python(rules(forest, tree=2), X) == forest.estimators_[2].predict(X).tolist()


def boosted():
    X, y = load_diabetes(return_X_y=True)
    X = with_gaps(X)
    yield HistGradientBoostingRegressor(max_iter=3, random_state=0), X, y
    try:
        from lightgbm import LGBMRegressor
        from xgboost import XGBRegressor
    except ModuleNotFoundError:
        return
    yield XGBRegressor(n_estimators=3, max_depth=4, n_jobs=1), X, y
    yield LGBMRegressor(n_estimators=3, num_leaves=15, n_jobs=1, verbose=-1), X, y


def test_boosted_trees_say_what_they_add():
    for model, X, y in boosted():
        adapter = find_adapter(model.fit(X, y))
        expected = forest_values(adapter.forest, adapter.compared(X))[1][:, 0, 0]
        found = rules(model, tree=1)
        assert by_python(found, X) == expected.tolist(), type(model)
        np.testing.assert_allclose(by_sql(found, X), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"feature_names": ["a"]}, "must have 4 names. Got 1"),
        ({"class_names": ["a"]}, "must have 3 names. Got 1"),
    ],
)
def test_wrong_names_are_told(parameters, message):
    tree = DecisionTreeClassifier().fit(*load_iris(return_X_y=True))
    with pytest.raises(ValueError, match=message):
        rules(tree, **parameters)
