"""The rules of a tree: run as Python and as SQL, they predict exactly what the tree does."""

import re
import sqlite3

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import TreePrunerCV, UnsupportedModelError, prune, rules
from treeprune.adapters import find_adapter
from treeprune.compact import packed, unpacked
from treeprune.core.forest import Forest
from treeprune.inspection.conditions import SQL, CategoryCondition, Condition, Language, Python
from treeprune.inspection.rules import exact_bound, leaf_conditions
from treeprune.methods import MaxDepth
from treeprune.testing import forest_values

HOSTILE = ["<script>alert(1)</script>", 'a "quoted" name', "it's; DROP TABLE t --", "größe 尺寸 🌲", "w" * 200, "a\nb"]


def by_python(found, X):
    space = {}
    exec(found.to_python(), space)
    return [space["predict"](row) for row in as_lists(X)]


def as_lists(X):
    """Rows of Python's own numbers and texts."""
    return np.asarray(X, dtype=object if isinstance(X, pd.DataFrame) else float).tolist()


def by_sql(found, X):
    connection = sqlite3.connect(":memory:")
    names = ['"' + name.replace('"', '""') + '"' for name in found.feature_names]
    connection.execute(f"CREATE TABLE t ({', '.join(f'{name} REAL' for name in names)})")
    rows = [[None if v != v else v for v in row] for row in as_lists(X)]
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


def test_statistics_that_a_compact_file_left_out_are_not_told_as_zero():
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    found = rules(unpacked(packed(tree, "predict")))
    assert found.support is None
    assert found.impurity is None
    assert "n=" not in found.to_text()
    assert [c.keys() for c in found.conditions] == [c.keys() for c in rules(tree).conditions]
    assert rules(unpacked(packed(tree, "full"))).to_text() == rules(tree).to_text()


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
    pipeline = make_pipeline("passthrough", pruner).fit(X, y)
    assert by_python(rules(pipeline), X) == pipeline.predict(X).tolist()
    pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)).fit(X, y)
    assert by_python(rules(pipeline), X) == pipeline.predict(X).tolist()
    pipeline = make_pipeline(PCA(), DecisionTreeClassifier(random_state=0)).fit(X, y)
    with pytest.raises(UnsupportedModelError, match="PCA"):
        rules(pipeline)
    assert by_python(rules(pipeline[-1]), pipeline[0].transform(X)) == pipeline.predict(X).tolist()


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


@pytest.mark.parametrize("family", ["DecisionTreeRegressor", "HistGradientBoostingRegressor", "LGBMRegressor"])
def test_a_split_that_sets_missing_values_apart(family):
    """Its threshold is infinite; of the numbers only -inf may be told apart from others, too."""
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(400, 3)), 1)
    X[rng.random(400) < 0.3, 0] = np.nan
    y = X[:, 1] + np.where(np.isnan(X[:, 0]), 9.0, np.nan_to_num(X[:, 0]) > 0)
    rows = with_gaps(X, 0.4)
    if family == "DecisionTreeRegressor":
        model = DecisionTreeRegressor(max_leaf_nodes=12, random_state=0)
    else:
        X[::10, 2] = -np.inf
        y[::10] -= 5.0
        rows = np.r_[rows, X, rng.choice([np.inf, -np.inf, np.nan, 0.0], (50, 3))]
        model = HistGradientBoostingRegressor(max_iter=1, min_samples_leaf=5)
        if family == "LGBMRegressor":
            lightgbm = pytest.importorskip("lightgbm")
            model = lightgbm.LGBMRegressor(n_estimators=1, min_child_samples=5, n_jobs=1, verbose=-1)
    model.fit(X, y)
    adapter = find_adapter(model)
    assert np.isposinf(adapter.forest.threshold).any()
    found = rules(model)
    expected = forest_values(adapter.forest, adapter.compared(rows))[0][:, 0, 0]
    offset = model.predict(rows) - expected  # where the model begins
    np.testing.assert_allclose(offset, np.full(len(rows), offset[0]), atol=1e-9)
    assert by_python(found, rows) == expected.tolist()
    np.testing.assert_allclose(by_sql(found, rows), expected, rtol=1e-15)
    assert "x0 is missing" in found.to_text()
    assert "x0 is not missing" in found.to_text()
    for row in rows[:100]:  # one rule only is true of a row
        holds = [all(c.holds(row[column]) for column, c in rule.items()) for rule in found.conditions]
        tests = [
            eval(t, {"x": row}) for t in found._write(found.conditions, ["x[0]", "x[1]", "x[2]"], Python(), "True")
        ]
        assert tests == holds
        assert sum(tests) == 1


#: What makes models of three trees that split on sets of categories; the values of the categories for each.
CODES = [np.arange(12.0), np.arange(5.0)]
ON_CATEGORIES = {
    "HistGradientBoostingRegressor": [CODES[0] * 3 - 1, CODES[1] + 0.5],  # codes are not the values
    "HistGradientBoostingRegressor, texts": [[f"it's {{{i}}}" for i in range(12)], list("abcde")],
    "XGBRegressor": CODES,
    "XGBRegressor, one by one": CODES,
    "LGBMRegressor": CODES,
}


def on_categories(name):
    """Such a model, and rows with categories of all kinds: those known, new ones, and none."""
    values = [np.array([*known, np.nan], dtype=object) for known in ON_CATEGORIES[name]]
    rng = np.random.default_rng(0)
    code = np.stack([rng.integers(0, len(known), 300) for known in values], axis=1)
    X = pd.DataFrame({"x": rng.normal(size=300)} | {f"c{i}": known[code[:, i]] for i, known in enumerate(values)})
    y = rng.normal(size=13)[code[:, 0]] + rng.normal(size=6)[code[:, 1]] * (X["x"] > 0)
    new = ["new", ""] if "texts" in name else [40.0, 99.0]
    other = {f"c{i}": rng.choice(np.array([*known, *new], dtype=object), 300) for i, known in enumerate(values)}
    if "texts" not in name:
        X = X.astype(float)
    rows = X.assign(**other).astype(X.dtypes)
    if name.startswith("Hist"):
        fitted = HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=3, categorical_features=["c0", "c1"])
        return fitted.fit(X, y), rows
    X, rows = X.to_numpy(), rows.to_numpy()
    if name == "LGBMRegressor":
        lightgbm = pytest.importorskip("lightgbm")
        sizes = {"n_estimators": 3, "min_child_samples": 3, "min_data_per_group": 3, "cat_smooth": 1.0}
        return lightgbm.LGBMRegressor(n_jobs=1, verbose=-1, **sizes).fit(X, y, categorical_feature=[1, 2]), rows
    xgboost = pytest.importorskip("xgboost")
    most = {"max_cat_to_onehot": 50 if "one by one" in name else 1, "max_depth": 4, "n_estimators": 3, "n_jobs": 1}
    return xgboost.XGBRegressor(feature_types=["q", "c", "c"], enable_categorical=True, **most).fit(X, y), rows


@pytest.mark.parametrize("name", ON_CATEGORIES)
def test_splits_on_categories_take_new_and_missing_ones_where_the_model_does(name):
    model, rows = on_categories(name)
    adapter = find_adapter(model)
    forest, compared = adapter.forest, adapter.compared(rows)
    assert (forest.category_set >= 0).sum() > 3
    expected = forest_values(forest, compared)
    total, text = np.zeros((len(rows), forest.tree_class.max() + 1)), ""
    for tree in range(forest.n_trees):
        found = rules(model, tree=tree)
        assert by_python(found, rows) == expected[tree][:, 0, 0].tolist()
        np.testing.assert_allclose(by_sql(found, rows), expected[tree][:, 0, 0], rtol=1e-15)
        total[:, forest.tree_class[tree]] += by_python(found, rows)
        text += found.to_text()
    offset = adapter.margin(rows) - total  # what the model itself says, but for where it begins
    np.testing.assert_allclose(offset, np.broadcast_to(offset[0], offset.shape), atol=1e-5)
    assert re.search(r"\bin \{[^}]", text)


def on_frames(library, other="a | b"):
    """Models of one tree, fitted on a frame whose categories are texts and whole numbers that are not their codes."""
    rng = np.random.default_rng(0)
    known = {"text": [f"it's {{{i}}}" for i in range(9)] + [other], "number": [30, 7, 1000, -2]}
    code = {name: rng.integers(0, len(values), 400) for name, values in known.items()}
    X = pd.DataFrame({"x": rng.normal(size=400)} | {n: pd.Categorical(np.array(known[n])[code[n]]) for n in known})
    X.loc[::17, "text"] = np.nan
    y = rng.normal(size=10)[code["text"]] + code["number"] * (X["x"] > 0)
    if library == "lightgbm":
        lightgbm = pytest.importorskip("lightgbm")
        sizes = {"n_estimators": 1, "min_child_samples": 3, "min_data_per_group": 3, "cat_smooth": 1.0}
        return lightgbm.LGBMRegressor(n_jobs=1, verbose=-1, **sizes).fit(X, y), X, y, known
    xgboost = pytest.importorskip("xgboost", minversion="3.1")
    sizes = {"max_cat_to_onehot": 3, "max_depth": 5, "n_estimators": 1, "base_score": 0.0, "n_jobs": 1}
    return xgboost.XGBRegressor(enable_categorical=True, **sizes).fit(X, y), X, y, known


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_rules_of_a_model_of_a_frame_name_its_categories_however_they_are_declared(library):
    model, X, y, known = on_frames(library, "größe 尺寸" if library == "lightgbm" else "a | b")
    rng = np.random.default_rng(1)
    reordered = X.assign(
        text=X["text"].cat.reorder_categories(rng.permutation(known["text"])),
        number=X["number"].cat.reorder_categories([30, -2, 7, 1000]),
    )
    fewer = X[X["text"].isin(known["text"][3:7]) | X["text"].isna()]
    frames = [X, reordered, fewer.assign(text=fewer["text"].cat.remove_unused_categories())]
    if library == "lightgbm":  # XGBoost refuses categories that it has not seen
        unseen = pd.Categorical(rng.choice([*known["text"][:3], "new"], 400))
        frames.append(X.assign(text=unseen, number=pd.Categorical(rng.choice([7, 8], 400))))
    for small in (model, prune(model, MaxDepth(max_depth=4), X, y)):
        found = rules(small)
        text = found.to_text()
        assert "it's {" in text
        assert re.search(r"number (not )?in \{(-2|7|30|1000)\b", text)
        for frame in frames:
            predicted = small.predict(frame)
            assert np.asarray(by_python(found, frame), predicted.dtype).tolist() == predicted.tolist()
            np.testing.assert_allclose(by_sql(found, frame), predicted, rtol=1e-6)


def test_rules_are_refused_where_categories_are_not_known():
    model, X, y, _ = on_frames("xgboost")
    with pytest.raises(UnsupportedModelError, match="does not store the categories of the column 'text'"):
        rules(model.get_booster()[:1])
    with pytest.raises(UnsupportedModelError, match="letters beyond ASCII in its column 'text'"):
        rules(on_frames("xgboost", "größe 尺寸")[0])
    model, X, y, _ = on_frames("lightgbm")
    ordered = X.assign(number=X["number"].cat.as_ordered())
    with pytest.raises(UnsupportedModelError, match="LGBMRegressor was fitted on a frame with 2 columns of categories"):
        rules(type(model)(n_estimators=1, verbose=-1).fit(ordered, y))


def test_categories_on_the_way_to_a_leaf_are_merged():
    """Codes beside all that a rule may say of them: within, outside, missing or not, none, and all."""
    everything = CategoryCondition()
    some = everything.split(frozenset({1, 2, 5}), True, True)
    assert some.split(frozenset({2, 5, 7}), True, False) == CategoryCondition(frozenset({2, 5}), True, False)
    rest = everything.split(frozenset({1, 2}), False, False)
    assert rest.split(frozenset({7}), False, True) == CategoryCondition(frozenset({1, 2, 7}), False, False)
    assert some.split(frozenset({1}), False, True) == CategoryCondition(frozenset({2, 5}), True, True)
    assert rest.split(frozenset({2, 3}), True, True) == CategoryCondition(frozenset({3}), True, False)
    written = [
        (everything, "", ""),
        (some, "c in {1, 2, 5} (or missing)", "(c IN (1, 2, 5) OR c IS NULL)"),
        (rest, "c not in {1, 2} (nor missing)", "c NOT IN (1, 2)"),
        (some.split(frozenset({9}), True, True), "c is missing", "c IS NULL"),
        (some.split(frozenset({9}), True, False), "never", "1 = 0"),
        (everything.split(frozenset(), False, False), "c is not missing", "c IS NOT NULL"),
    ]
    for condition, text, sql in written:
        assert (condition.write("c", Language()), condition.write("c", SQL())) == (text, sql)
        code = condition.write("c", Python()) or "True"
        holds = [c for c in (1, 2, 5, 9, np.nan) if eval(code, {"c": c})]
        inside = [c for c in (1, 2, 5, 9) if (c in condition.values) == condition.within]
        assert holds == inside + [np.nan] * condition.missing


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


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], ["b", "a", "b", "a"], [2, 0, 1, 2, 1, 0]])
def test_of_classes_as_frequent_the_first_is_told_as_the_model_does(labels):
    X = np.zeros((len(labels), 1))
    tree = DecisionTreeClassifier().fit(X, labels)
    found = rules(tree)
    assert found.values == [tree.predict(X[:1])[0]]
    assert found.confidence == pytest.approx([1 / len(set(labels))])


@pytest.mark.parametrize("low_open", [False, True])
@pytest.mark.parametrize("high_open", [False, True])
def test_an_interval_of_one_number_holds_it_if_both_ends_do(low_open, high_open):
    assert Condition(1.0, low_open, 1.0, high_open).empty == (low_open or high_open)
    assert not Condition(1.0, low_open, 2.0, high_open).empty
    assert Condition(2.0, low_open, 1.0, high_open).empty
