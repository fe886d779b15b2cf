"""Transformers of every kind with rows that they take, small models of every family, and a naive recount of columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest, VarianceThreshold
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier

from treeprune.feature_selection import PruningRFE

N_ROWS = 120
RNG = np.random.default_rng(0)
NUMBERS = np.round(RNG.normal(size=(N_ROWS, 6)), 2)
HOLES = np.where(RNG.random(NUMBERS.shape) < 0.15, np.nan, NUMBERS)
CODES = np.abs(NUMBERS * 2).round().clip(0, 4)
GAPS = np.where(RNG.random(NUMBERS.shape) < 0.15, np.nan, CODES)
TABLE = pd.DataFrame(
    {
        "num": NUMBERS[:, 0],
        "hole": HOLES[:, 1],
        "kind": np.array(list("abcde"))[CODES[:, 2].astype(int)],
        "sort": np.where(NUMBERS[:, 3] > 0, "u", "v"),
        "other": NUMBERS[:, 4],
        "day": CODES[:, 5].astype(int),
    }
)
MEASURED = TABLE[["num", "other", "day"]]
TEXTS = [" ".join(RNG.choice([f"w{i}" for i in range(30)], 10)) for _ in range(N_ROWS)]
DICTS = [{"num": float(a), "kind": str(int(b)), "day": float(c)} for a, b, c in NUMBERS[:, :3]]
#: Two classes that depend on some of what each table holds.
Y = (NUMBERS[:, 0] > 0).astype(int) ^ (NUMBERS[:, 3] > 0.5)
OF_TEXTS = np.array([("w3" in text) != ("w7" in text) for text in TEXTS]).astype(int)

_BINS = {"n_bins": 4, "strategy": "uniform"}
_TREE = DecisionTreeClassifier(max_depth=3, random_state=0)


def _doubled(X):
    return X * 2


#: Transformers and rows that they are fitted on.
KINDS = {
    "standard": (StandardScaler(), NUMBERS),
    "standard, frame": (StandardScaler(), MEASURED),
    "standard, holes": (StandardScaler(), HOLES),
    "standard, not centred": (StandardScaler(with_mean=False), NUMBERS),
    "min-max": (MinMaxScaler(), NUMBERS),
    "max-abs": (MaxAbsScaler(), NUMBERS),
    "robust": (RobustScaler(), NUMBERS),
    "quantiles": (QuantileTransformer(n_quantiles=6), NUMBERS),
    "power": (PowerTransformer(), NUMBERS),
    "power, not scaled": (PowerTransformer(standardize=False), NUMBERS),
    "binarizer": (Binarizer(), NUMBERS),
    "normalizer": (Normalizer(), NUMBERS),
    "exponential": (FunctionTransformer(np.exp), NUMBERS),
    "no function": (make_pipeline(FunctionTransformer(), StandardScaler()), MEASURED),
    "unknown function": (FunctionTransformer(_doubled), NUMBERS),
    "behind an unknown function": (make_pipeline(FunctionTransformer(_doubled), RobustScaler()), NUMBERS),
    "one-hot": (OneHotEncoder(sparse_output=False), CODES),
    "one-hot, sparse": (OneHotEncoder(), CODES),
    "one-hot, missing": (OneHotEncoder(sparse_output=False), GAPS),
    "one-hot, first dropped": (OneHotEncoder(drop="first", sparse_output=False), CODES),
    "one-hot, infrequent": (OneHotEncoder(min_frequency=15, handle_unknown="infrequent_if_exist"), CODES),
    "one-hot, infrequent dropped": (OneHotEncoder(max_categories=3, drop="first", sparse_output=False), CODES),
    "one-hot, frame": (OneHotEncoder(sparse_output=False), TABLE[["kind", "sort", "day"]]),
    "ordinal": (OrdinalEncoder(), TABLE[["kind", "sort", "day"]]),
    "ordinal, missing": (OrdinalEncoder(encoded_missing_value=-2), GAPS),
    "ordinal, infrequent": (OrdinalEncoder(min_frequency=15), CODES),
    "ordinal, listed": (OrdinalEncoder(categories=[list(range(5))] * 6), CODES),
    "target": (TargetEncoder(), CODES),
    "imputer": (SimpleImputer(), HOLES),
    "imputer of words": (
        make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder()),
        TABLE[["kind", "sort"]],
    ),
    "imputer, empty column": (SimpleImputer(), np.column_stack([np.full(N_ROWS, np.nan), HOLES])),
    "imputer with indicator": (SimpleImputer(add_indicator=True), HOLES),
    "missing indicator": (MissingIndicator(), np.column_stack([NUMBERS[:, :2], HOLES])),
    "missing indicator of all": (MissingIndicator(features="all"), HOLES),
    "nearest rows": (KNNImputer(n_neighbors=3), HOLES),
    "bins": (KBinsDiscretizer(**_BINS), NUMBERS),
    "bins, dense": (KBinsDiscretizer(encode="onehot-dense", **_BINS), MEASURED),
    "bins as codes": (KBinsDiscretizer(encode="ordinal", **_BINS), NUMBERS),
    "splines": (SplineTransformer(), NUMBERS),
    "periodic splines": (SplineTransformer(extrapolation="periodic", include_bias=False), NUMBERS),
    "products": (PolynomialFeatures(), NUMBERS),
    "products of three": (PolynomialFeatures((2, 3), interaction_only=True, include_bias=False), MEASURED),
    "best": (SelectKBest(k=4), NUMBERS),
    "varying": (VarianceThreshold(), MEASURED),
    "eliminated": (RFE(_TREE, n_features_to_select=4), NUMBERS),
    "chosen by a model": (SelectFromModel(_TREE, threshold=-1), NUMBERS),
    "chosen by pruning": (PruningRFE(_TREE), NUMBERS),
    "components": (make_pipeline(StandardScaler(), PCA(), MinMaxScaler()), NUMBERS),
    "components as frames": (make_pipeline(StandardScaler(), PCA()).set_output(transform="pandas"), MEASURED),
    "frames of arrays": (make_pipeline(StandardScaler(), MinMaxScaler()).set_output(transform="pandas"), NUMBERS),
    "steps": (Pipeline([("a", None), ("b", SimpleImputer(add_indicator=True)), ("c", "passthrough")]), HOLES),
    "deep steps": (make_pipeline(make_pipeline(SimpleImputer(), StandardScaler()), PolynomialFeatures()), HOLES),
    "columns": (
        ColumnTransformer(
            [("a", StandardScaler(), [0, 1]), ("b", OneHotEncoder(), slice(2, 4)), ("c", "drop", [4])],
            remainder="passthrough",
        ),
        CODES,
    ),
    "named columns": (
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["num", "hole"]),
                ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["kind", "sort"]),
                ("bins", KBinsDiscretizer(encode="onehot-dense", **_BINS), ["num"]),
            ],
            remainder="passthrough",
        ),
        TABLE,
    ),
    "named columns as frames": (
        ColumnTransformer(
            [("words", OrdinalEncoder(), ["kind", "sort"]), ("numbers", SimpleImputer(), slice("num", "hole"))],
            remainder=MinMaxScaler(),
            verbose_feature_names_out=False,
        ).set_output(transform="pandas"),
        TABLE,
    ),
    "words in a column": (
        ColumnTransformer([("words", CountVectorizer(analyzer="char"), "kind"), ("numbers", MaxAbsScaler(), ["num"])]),
        TABLE,
    ),
    "union": (FeatureUnion([("a", StandardScaler()), ("b", "drop"), ("c", PCA(2)), ("d", "passthrough")]), NUMBERS),
    "union, passed on first": (FeatureUnion([("a", "passthrough"), ("b", MinMaxScaler())]), NUMBERS),
    "sparse union": (FeatureUnion([("a", StandardScaler()), ("b", OneHotEncoder())]), CODES),
    "union, frame": (FeatureUnion([("a", StandardScaler()), ("b", SelectKBest(k=1))]), MEASURED),
    "counts": (CountVectorizer(dtype=np.float64), TEXTS),
    "listed words": (CountVectorizer(vocabulary=[f"w{i}" for i in range(20)], dtype=np.float64), TEXTS),
    "tf-idf": (TfidfVectorizer(), TEXTS),
    "tf-idf without norm": (TfidfVectorizer(norm=None, sublinear_tf=True), TEXTS),
    "weights": (make_pipeline(CountVectorizer(), TfidfTransformer()), TEXTS),
    "weights without norm": (make_pipeline(CountVectorizer(), TfidfTransformer(norm=None)), TEXTS),
    "hashes": (HashingVectorizer(n_features=64), TEXTS),
    "dicts": (DictVectorizer(), DICTS),
    "dense dicts": (DictVectorizer(sparse=False), DICTS),
}
#: Kinds of which nothing can leave: treeprune knows nothing of the function, or names would count other columns.
WHOLE = {"unknown function", "frames of arrays"}


def _xgboost(**params):
    return pytest.importorskip("xgboost").XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1, **params)


def _lightgbm(**params):
    small = {"n_estimators": 2, "num_leaves": 3, "min_child_samples": 4, "n_jobs": 1, "verbose": -1}
    return pytest.importorskip("lightgbm").LGBMClassifier(**small, **params)


_STUMP = DecisionTreeClassifier(max_depth=2)
#: Functions that make a model of each family, unfitted.
FAMILIES = {
    "tree": lambda: DecisionTreeClassifier(max_depth=2, random_state=0),
    "forest": lambda: RandomForestClassifier(2, max_depth=2, random_state=0),
    "bagging": lambda: BaggingClassifier(_STUMP, 2, max_features=0.7, random_state=0),
    "AdaBoost": lambda: AdaBoostClassifier(_STUMP, n_estimators=2, random_state=0),
    "gradient boosting": lambda: GradientBoostingClassifier(n_estimators=2, max_depth=2, random_state=0),
    "histograms": lambda: HistGradientBoostingClassifier(max_iter=2, max_depth=2, min_samples_leaf=4),
    "isolation": lambda: IsolationForest(n_estimators=2, max_samples=8, random_state=0),
    "XGBoost": _xgboost,
    "LightGBM": _lightgbm,
}
#: Families that take no sparse rows, and that take no missing values.
DENSE = {"histograms"}
COMPLETE = {"AdaBoost", "gradient boosting"}


def target_of(rows):
    """The classes of rows."""
    return OF_TEXTS if rows is TEXTS else Y


def only(rows, columns):
    """The rows without the other columns; None: texts and dicts as they are."""
    if columns is None:
        return rows
    return rows[list(columns)] if hasattr(rows, "columns") else np.ascontiguousarray(rows[:, columns])


def output(model, rows):
    """What a model says of rows, as finely as it says it."""
    names = ("predict_proba", "score_samples", "predict")
    return np.asarray(next(getattr(model, name) for name in names if hasattr(model, name))(rows))


def recounted(model):
    """How many columns the splits of a model are on, by what its own library says; at least 1."""
    if hasattr(model, "get_booster"):
        used = set(model.get_booster().trees_to_dataframe()["Feature"]) - {"Leaf"}
    elif hasattr(model, "booster_"):
        used = set(model.booster_.trees_to_dataframe()["split_feature"].dropna())
    elif hasattr(model, "_predictors"):
        nodes = np.concatenate([tree.nodes for stage in model._predictors for tree in stage])
        used = set(nodes["feature_idx"][nodes["is_leaf"] == 0].tolist())
    else:
        trees = np.ravel(model.estimators_) if hasattr(model, "estimators_") else [model]
        columns = getattr(model, "estimators_features_", [np.arange(model.n_features_in_)] * len(trees))
        used = {
            int(of_tree[feature])
            for tree, of_tree in zip(trees, columns, strict=True)
            for feature in tree.tree_.feature
            if feature >= 0
        }
    return max(len(used), 1)
