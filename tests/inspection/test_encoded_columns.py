"""Rules of Pipelines are over the columns of the table: run on it as SQL and as Python, they predict what these do."""

import re
import sqlite3

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import TreePrunerCV, UnsupportedModelError, rules
from treeprune.cli.tables import column_encoder


def table(n_rows=400):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "city": rng.choice(["Rome", "Paris", "O'Hare", "NA", None], n_rows),
            "size": np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(size=n_rows)),
            "code": rng.integers(3, 9, n_rows),
            "open": rng.choice([True, False], n_rows),
        }
    )
    y = (X["city"].isin(["Rome", "NA"]) & (X["size"] > 0)) | (X["code"] == 5) | (X["city"].isna() & X["open"])
    return X, y.map({True: "it's", False: "no"})


def with_unseen(X):
    X = X.copy()
    X.loc[:30, "city"] = "Zürich"
    X.loc[20:60, "code"] = 77
    X.loc[50:90, "city"] = None
    return X


def by_sql(found, X):
    connection = sqlite3.connect(":memory:")
    X.astype(object).where(X.notna(), None).to_sql("t", connection, index=False)
    return [value for (value,) in connection.execute(f"SELECT {found.to_sql('p')} FROM t ORDER BY rowid")]


def by_python(found, X):
    space = {}
    exec(found.to_python(), space)
    return [space["predict"](row) for row in X.astype(object).to_numpy().tolist()]


UNKNOWN_IS_MISSING = {"handle_unknown": "use_encoded_value", "unknown_value": np.nan}
TO_ONE = {"handle_unknown": "use_encoded_value", "unknown_value": -1, "encoded_missing_value": -2}
ENCODERS = {
    "ordinal, what is unknown is missing": (OrdinalEncoder(**UNKNOWN_IS_MISSING), ["city"]),
    "ordinal, numbers for what is unknown and missing": (OrdinalEncoder(**TO_ONE), ["code", "city"]),
    "ordinal, rare values together": (OrdinalEncoder(min_frequency=70, **TO_ONE), ["city", "code"]),
    "one-hot": (OneHotEncoder(handle_unknown="ignore"), ["city", "code"]),
    "one-hot, one dropped": (OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False), ["city"]),
    "one-hot, rare values together": (
        OneHotEncoder(max_categories=3, handle_unknown="infrequent_if_exist"),
        slice(0, 3, 2),
    ),
    "mean target": (TargetEncoder(), ["city", "code"]),
    "one within another": (
        make_pipeline("passthrough", OrdinalEncoder(**UNKNOWN_IS_MISSING)),
        make_column_selector("^c"),
    ),
}


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("remainder", ["passthrough", "drop"])
def test_code_on_the_table_predicts_what_the_pipeline_does(kind, remainder):
    X, y = table()
    encoder, columns = ENCODERS[kind]
    tree = DecisionTreeClassifier(min_samples_leaf=3, random_state=0)
    model = make_pipeline(make_column_transformer((encoder, columns), remainder=remainder), tree).fit(X, y)
    found = rules(model)
    assert found.feature_names == list(X)
    for rows in (X, with_unseen(X)):
        assert by_sql(found, rows) == by_python(found, rows) == model.predict(rows).tolist()
    assert re.search(r"city (not )?in {[^}]*(Rome|Paris|O'Hare)", found.to_text())
    assert "city <=" not in found.to_text()


@pytest.mark.parametrize("as_frame", [True, False])
def test_an_encoder_may_stand_alone(as_frame):
    X, y = table()
    X = X[["city", "code"]] if as_frame else X[["city", "code"]].to_numpy(dtype=object)
    model = make_pipeline(OrdinalEncoder(**UNKNOWN_IS_MISSING), TreePrunerCV(DecisionTreeClassifier())).fit(X, y)
    assert by_python(rules(model), pd.DataFrame(X)) == model.predict(X).tolist()
    assert rules(model).feature_names == (["city", "code"] if as_frame else ["x0", "x1"])


@pytest.mark.parametrize("missing", [None, np.nan])
def test_missing_values_of_both_kinds_are_taken(missing):
    X = pd.DataFrame({"city": np.array(["a", "b", missing, "c"] * 10, dtype=object)})
    y = [0, 0, 1, 0] * 10
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=9)
    found = rules(make_pipeline(encoder, DecisionTreeClassifier()).fit(X, y))
    assert by_sql(found, X) == by_python(found, X) == y


def test_values_that_the_encoder_refuses_have_no_rule():
    X, y = table()
    X = X[["city"]].fillna("none")
    model = make_pipeline(OrdinalEncoder(), DecisionTreeClassifier()).fit(X, y)
    found = rules(model)
    assert by_sql(found, X) == model.predict(X).tolist()
    assert by_sql(found, pd.DataFrame({"city": ["Oslo", None]})) == [None, None]


def test_selectors_are_seen_through():
    X, y = table()
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city", "code"]))
    model = make_pipeline(encoder, SelectKBest(k=3), DecisionTreeClassifier(random_state=0)).fit(X, y)
    assert by_sql(rules(model), with_unseen(X)) == model.predict(with_unseen(X)).tolist()


def test_the_encoder_of_the_command_line(tmp_path):
    X, y = table()
    encoder, _ = column_encoder(X)
    model = make_pipeline(encoder, DecisionTreeClassifier(random_state=0)).fit(X, y)
    assert model.score(X, y) > 0.99
    found = rules(model)
    for rows in (X, with_unseen(X)):
        assert by_sql(found, rows) == by_python(found, rows) == model.predict(rows).tolist()


def test_missing_values_are_told_where_their_way_is_learned():
    X = pd.DataFrame({"city": ["a", None, "b", "c", "d"] * 10})
    y = [0, 0, 1, 1, 1] * 10
    encoder = column_encoder(X)[0]
    found = rules(make_pipeline(encoder, DecisionTreeRegressor()).fit(X, y))
    assert found.texts == ["city not in {b, c, d} (or missing)", "city in {b, c, d}"]  # what is unknown is missing
    assert found.to_sql().count("IS NULL") == 1
    rest = make_pipeline(encoder, DecisionTreeRegressor()).fit(X, [0, 1, 1, 1, 1] * 10)
    assert rules(rest).texts == ["city in {a}", "city not in {a}"]
    assert rules(rest, missing=True).texts == ["city in {a}", "city not in {a} (or missing)"]
    one_hot = make_pipeline(OneHotEncoder(), DecisionTreeRegressor()).fit(X, [0, 1, 0, 0, 0] * 10)
    assert rules(one_hot).texts == ["city in {a, b, c, d}", "city is missing"]


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (StandardScaler(), "StandardScaler"),
        (PCA(), "PCA"),
        (SimpleImputer(), "SimpleImputer"),
        (KBinsDiscretizer(2, quantile_method="averaged_inverted_cdf"), "KBinsDiscretizer"),
        (make_column_transformer((StandardScaler(), [0])), "StandardScaler"),
        (make_pipeline(OrdinalEncoder(), StandardScaler()), "StandardScaler"),
        (make_pipeline(OrdinalEncoder(), OneHotEncoder()), "OneHotEncoder"),
    ],
)
def test_other_steps_are_refused_by_name(step, name):
    X = np.random.default_rng(0).integers(0, 4, (60, 2)).astype(float)
    model = make_pipeline(step, DecisionTreeClassifier()).fit(X, X[:, 0] > 1)
    with pytest.raises(UnsupportedModelError, match=f"made through {name}"):
        rules(model)
    assert len(rules(model[-1])) == model[-1].get_n_leaves()


def test_a_column_both_as_number_and_encoded_is_refused():
    X = pd.DataFrame({"month": [1, 2, 3, 4] * 10, "z": range(40)})
    encoder = make_column_transformer((OneHotEncoder(), ["month"]), ("passthrough", ["month"]))
    model = make_pipeline(encoder, DecisionTreeRegressor(random_state=1)).fit(X, [0.0, 5, 1, 7] * 10)
    with pytest.raises(UnsupportedModelError, match="both as a number and encoded"):
        rules(model)


def test_a_column_twice_as_number_is_one():
    X = pd.DataFrame({"a": np.random.default_rng(0).normal(size=60)})
    encoder = make_column_transformer(("passthrough", ["a"]), ("passthrough", [0]))
    model = make_pipeline(encoder, DecisionTreeRegressor(random_state=0)).fit(X, X["a"].round(1))
    found = rules(model)
    assert by_python(found, X) == model.predict(X).tolist()
    assert found.feature_names == ["a"]
