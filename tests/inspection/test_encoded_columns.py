"""Rules of Pipelines are over the columns of the table: run on it as SQL and as Python, they predict what these do."""

import re
import sqlite3

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import TreePruner, TreePrunerCV, UnsupportedModelError, rules
from treeprune.cli.tables import column_encoder
from treeprune.inspection.columns import before
from treeprune.inspection.conditions import Condition


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


SCALERS = {
    "standard": StandardScaler(),
    "only centered": StandardScaler(with_std=False),
    "to a range": MinMaxScaler(feature_range=(-3, 0.7), clip=True),
    "to the largest": MaxAbsScaler(),
    "robust": RobustScaler(),
    "twice": make_pipeline(StandardScaler(), MinMaxScaler()),
}


def close_to(bounds):
    """Numbers close to some, by steps of the last bit of single and double precision."""
    found = [np.asarray(bounds, float)]
    for kind in (np.float64, np.float32):
        for towards in (-np.inf, np.inf):
            number = found[0].astype(kind)
            for _ in range(3):
                number = np.nextafter(number, kind(towards))
                found.append(number.astype(float))
    return np.concatenate(found)


def bounds_of(found, column):
    limits = [limit for rule in found.conditions if column in rule for limit in (rule[column].low, rule[column].high)]
    return [limit for limit in limits if np.isfinite(limit)]


@pytest.mark.parametrize("kind", SCALERS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 3e7])
def test_bounds_before_scaling_are_exact(kind, scale):
    """Rows are put at and next to every bound, where any rounding would show."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(5, 2, 300) * scale, "b": rng.integers(-4, 90, 300)})
    y = np.round(X["a"] / scale + X["b"] / 10 + rng.normal(size=300))
    model = make_pipeline(SCALERS[kind], DecisionTreeRegressor(max_depth=6, random_state=0)).fit(X, y)
    found = rules(model)
    near = {name: close_to(bounds_of(found, place)) for place, name in enumerate(X)}
    n_rows = max(map(len, near.values()))
    rows = pd.DataFrame({name: np.resize(numbers, n_rows) for name, numbers in near.items()})
    assert by_sql(found, rows) == by_python(found, rows) == model.predict(rows).tolist()
    assert by_python(found, X) == model.predict(X).tolist()


def test_falling_scales_turn_the_sides():
    X = pd.DataFrame({"a": np.linspace(-1, 2, 50)})
    scaler = StandardScaler().fit(X)
    scaler.scale_ = -scaler.scale_
    model = Pipeline([("scale", scaler), ("tree", DecisionTreeRegressor().fit(scaler.transform(X), X["a"] > 0.3))])
    found = rules(model)
    rows = pd.DataFrame({"a": close_to(bounds_of(found, 0))})
    assert by_python(found, rows) == model.predict(rows).tolist()
    assert found.texts[0].startswith("a >")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x,
        lambda x: (x - 3e9) / 7e-5,
        lambda x: -(x * 0.1) + 1e-3,
        lambda x: np.clip(x / 3, -1, 1),
        lambda x: np.copysign(np.sqrt(np.abs(x)), x),
        lambda x: np.zeros_like(x),
        lambda x: np.floor(x),
    ],
)
def test_bounds_are_the_last_numbers_on_their_side(function):
    limits = [-np.inf, -1e300, -1.0, -0.3, 0.0, 5e-324, 0.1, 1.0, 1e12, np.inf]
    pairs = [(low, high) for low in limits for high in limits if low <= high]
    asked = [Condition(a, i, b, j) for a, b in pairs for i in (False, True) for j in (False, True)]
    with np.errstate(over="ignore"):
        for of_tree, found in zip(asked, before(function, asked), strict=True):
            ends = [end for end in (found.low, found.high) if np.isfinite(end)]
            rows = np.concatenate([limits[1:-1], ends, np.nextafter(ends, np.inf), np.nextafter(ends, -np.inf)])
            assert [found.holds(row) for row in rows] == [of_tree.holds(value) for value in function(rows)]


FILLED = {
    "mean, flagged": (SimpleImputer(add_indicator=True), SimpleImputer(strategy="most_frequent", add_indicator=True)),
    "median and scaled": (
        make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
        SimpleImputer(strategy="most_frequent"),
    ),
    "constants": (
        SimpleImputer(strategy="constant", fill_value=-9.0),
        SimpleImputer(strategy="constant", fill_value="none known"),
    ),
    "scaled behind flags": (
        make_pipeline(SimpleImputer(add_indicator=True), RobustScaler()),
        SimpleImputer(strategy="most_frequent"),
    ),
}


@pytest.mark.parametrize("kind", FILLED)
@pytest.mark.parametrize("encoder", [OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder(**TO_ONE)])
def test_a_missing_value_goes_where_what_is_in_its_place_does(kind, encoder):
    X, y = table()
    X["city"] = X["city"].astype(object).where(X["city"].notna(), np.nan)
    X["half"] = np.where(np.arange(len(X)) % 3, X["size"] * 2, np.nan)
    numbers, text = FILLED[kind]
    flags = getattr(text, "add_indicator", False)
    of_text = make_column_transformer((encoder, [0]), remainder="passthrough") if flags else encoder
    prepare = make_column_transformer((numbers, ["size", "half"]), (make_pipeline(text, of_text), ["city"]))
    model = make_pipeline(prepare, DecisionTreeClassifier(min_samples_leaf=3, random_state=0)).fit(X, y)
    found, unseen = rules(model), with_unseen(X)
    unseen["city"] = unseen["city"].where(unseen["city"].notna(), np.nan)
    for rows in (X, unseen):
        assert by_sql(found, rows) == by_python(found, rows) == model.predict(rows).tolist()
    assert "or missing" in found.to_text()


@pytest.mark.parametrize(
    "prepare",
    [
        make_pipeline(OneHotEncoder(handle_unknown="ignore"), StandardScaler(with_mean=False)),
        make_pipeline(OneHotEncoder(handle_unknown="ignore"), MaxAbsScaler()),
        make_pipeline(OrdinalEncoder(**TO_ONE), MinMaxScaler(), StandardScaler()),
        FeatureUnion([("a", OneHotEncoder(handle_unknown="ignore")), ("b", OrdinalEncoder(**TO_ONE))]),
    ],
)
def test_codes_may_be_scaled_and_stand_side_by_side(prepare):
    X, y = table()
    X, rows = X[["city", "code"]], with_unseen(X)[["city", "code"]]
    found = rules(model := make_pipeline(prepare, DecisionTreeClassifier(random_state=0)).fit(X, y))
    assert by_sql(found, rows) == by_python(found, rows) == model.predict(rows).tolist()


def test_sparse_rows_are_scaled_as_sparse_ones_are():
    """scikit-learn multiplies sparse numbers by the reciprocal, which rounds otherwise."""
    X = pd.DataFrame({"kind": list("abcd") * 50, "a": np.random.default_rng(0).exponential(size=200)})
    prepare = make_column_transformer((OneHotEncoder(), ["kind"]), ("passthrough", ["a"]), sparse_threshold=1.0)
    tree = DecisionTreeRegressor(max_depth=6, random_state=0)
    model = make_pipeline(prepare, StandardScaler(with_mean=False), tree).fit(X, np.sin(9 * X["a"]))
    found = rules(model)
    near = close_to(bounds_of(found, 1))
    rows = pd.DataFrame({"kind": np.resize(["a", "b"], len(near)), "a": near})
    assert by_python(found, rows) == model.predict(rows).tolist()


class TestXGBoostBehindSparseRows:
    """It takes the zeros that they leave out for missing values."""

    X = pd.DataFrame({"kind": list("abcd") * 50, "a": np.random.default_rng(0).normal(size=200).round(1)})

    def fitted(self, y, rest, **options):
        xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
        prepare = make_column_transformer((OneHotEncoder(**options), ["kind"]), remainder=rest, sparse_threshold=1.0)
        booster = xgboost.XGBRegressor(n_estimators=1, max_depth=4, learning_rate=1.0, reg_lambda=0.0, base_score=0.0)
        return make_pipeline(prepare, booster).fit(self.X, y)

    def predicts(self, model):
        said = by_python(rules(model), self.X)
        np.testing.assert_allclose(said, model.predict(self.X), atol=1e-6)
        assert np.ptp(said) > 0

    def test_codes_of_categories_are_told_apart(self):
        y = np.array([3.0, -1, 2, 0] * 50)
        self.predicts(self.fitted(y, "drop"))
        self.predicts(self.fitted(y, "drop", sparse_output=False))

    def test_numbers_are_refused_where_zero_goes_elsewhere(self):
        y = np.where(self.X["a"] == 0, -9, self.X["a"] > 0.4)
        with pytest.raises(UnsupportedModelError, match="takes zeros of sparse rows for missing values"):
            rules(self.fitted(y, "passthrough"))
        self.predicts(self.fitted(y, "passthrough", sparse_output=False))


class TestModelsThatHoldATree:
    X, y = table()
    PIPE = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city", "code"]), remainder="passthrough"),
        DecisionTreeClassifier(max_depth=4, random_state=0),
    )

    @pytest.mark.parametrize(
        "model",
        [
            GridSearchCV(PIPE, {"decisiontreeclassifier__max_depth": [3]}, cv=2),
            TreePruner(PIPE),
            TreePrunerCV(GridSearchCV(PIPE, {"decisiontreeclassifier__max_depth": [3]}, cv=2), cv=2),
            make_pipeline("passthrough", TreePruner(PIPE)),
        ],
    )
    def test_have_its_rules(self, model):
        fitted = model.fit(self.X, self.y)
        assert by_sql(rules(fitted), self.X) == fitted.predict(self.X).tolist()

    @pytest.mark.parametrize(
        ("model", "reason"),
        [
            (CalibratedClassifierCV(PIPE, cv=2), r"CalibratedClassifierCV .*calibrated_classifiers_\[0\].estimator"),
            (VotingClassifier([("a", PIPE), ("b", PIPE)]), r"VotingClassifier .*\(a, b\)"),
            (FixedThresholdClassifier(PIPE, threshold=0.2, pos_label="no"), "FixedThresholdClassifier"),
        ],
    )
    def test_are_refused_where_they_say_something_else(self, model, reason):
        with pytest.raises(UnsupportedModelError, match=reason):
            rules(model.fit(self.X, self.y))


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (PCA(), "PCA"),
        (KBinsDiscretizer(2, quantile_method="averaged_inverted_cdf"), "KBinsDiscretizer"),
        (make_column_transformer((PCA(), [0])), "PCA"),
        (make_pipeline(OrdinalEncoder(), OneHotEncoder()), "OneHotEncoder"),
        (make_pipeline(StandardScaler(), PowerTransformer()), "PowerTransformer"),
        (FunctionTransformer(np.abs), "FunctionTransformer"),
        (SimpleImputer(missing_values=-1), "SimpleImputer"),
    ],
)
def test_other_steps_are_refused_by_name(step, name):
    X = np.random.default_rng(0).integers(0, 4, (60, 2)).astype(float)
    model = make_pipeline(step, DecisionTreeClassifier()).fit(X, X[:, 0] > 1)
    with pytest.raises(UnsupportedModelError, match=rf"made through {name} \(the step '{name.lower()}'\)"):
        rules(model)
    assert len(rules(model[-1])) == model[-1].get_n_leaves()


def test_other_steps_may_stand_where_no_split_is_on_what_they_give():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
    prepare = make_column_transformer((PCA(), ["b", "c"]), ("passthrough", ["a"]))
    model = make_pipeline(prepare, DecisionTreeClassifier()).fit(X, X["a"] > 0)
    assert by_python(rules(model), X) == model.predict(X).tolist()


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
