"""Compact files of models that hold models: all of it comes back, and what the file says is not believed."""

import json
import pickle
import subprocess
import sys
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectFromModel, SelectKBest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold
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
from sklearn.utils import Bunch

from tests.composites.kinds import COMPOSITES, KIND, NOISE, X, stock
from treeprune import (
    ModelFormatError,
    Pruner,
    PrunerCV,
    TreePruner,
    TreePrunerCV,
    UnsupportedModelError,
    load_compact,
    prune,
    save_compact,
    slim,
)
from treeprune.compact import packed, unpacked
from treeprune.compact.archive import read_archive, write_archive
from treeprune.composites.exchange import size
from treeprune.estimators import expected_cost
from treeprune.methods import CostComplexity, MaxDepth, Sequence
from treeprune.model_selection import PurgedTimeSeriesSplit

TREE = DecisionTreeClassifier(random_state=0)
LEVELS = pytest.mark.parametrize("level", ["predict", "full"])
TABLE = pd.DataFrame({"kind": KIND[::-1], "a": X[:, 0], "b": np.where(NOISE == 1, np.nan, X[:, 1])})
TEXTS = [f"{kind} {'sour' * int(n > 0)} wine {n}" for kind, n in zip(KIND[::-1], NOISE, strict=True)]
DICTS = [{"kind": kind, "n": int(n)} for kind, n in zip(KIND[::-1], NOISE, strict=True)]


def output(model, rows):
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


def same(a, b):
    pairs = zip(a, b, strict=True) if isinstance(a, list) else [(a, b)]
    return all(p.dtype == q.dtype and np.array_equal(p, q) for p, q in pairs)


@LEVELS
@pytest.mark.parametrize("name", COMPOSITES)
def test_every_kind_comes_back(name, level, tmp_path):
    model, y, _ = COMPOSITES[name]
    fitted = stock(model).fit(X, y)
    n_bytes = save_compact(fitted, tmp_path / "model", level)
    loaded = load_compact(tmp_path / "model")
    assert n_bytes == (tmp_path / "model").stat().st_size < len(pickle.dumps(fitted))
    assert type(loaded) is type(fitted)
    assert same(output(fitted, X), output(loaded, X))
    assert repr(loaded.get_params()) == repr(fitted.get_params())
    if level == "full":  # the other has no values of inner nodes
        assert same(output(prune(fitted, MaxDepth(1)), X), output(prune(loaded, MaxDepth(1)), X))


class OwnMethod(MaxDepth):
    """A method of somebody's own."""


COLUMNS = make_column_transformer(
    (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), ["kind"]),
    (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), make_column_selector("^[ab]")),
)
STEPS = {
    "columns": (COLUMNS, TABLE),
    "columns of an index": (make_column_transformer((SimpleImputer(), TABLE.columns[1:])), TABLE),
    "frames": (make_column_transformer((OrdinalEncoder(), ["kind"]), remainder="passthrough"), TABLE),
    "rare categories": (OneHotEncoder(drop="first", max_categories=2), KIND[::-1, None]),
    "ordinal": (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), KIND[::-1, None]),
    "target": (TargetEncoder(), KIND[::-1, None]),
    "function": (FunctionTransformer(np.log1p), X),
    "union": (FeatureUnion([("a", StandardScaler()), ("b", PCA(2)), ("c", "passthrough"), ("d", "drop")]), X),
    "model that selects": (SelectFromModel(RandomForestClassifier(3, random_state=0)), X),
    "best": (SelectKBest(k=3), X),
    "counts": (CountVectorizer(), TEXTS),
    "terms": (TfidfVectorizer(ngram_range=(1, 2)), TEXTS),
    "dicts": (DictVectorizer(), DICTS),
} | {
    type(step).__name__: (step, X)
    for step in (
        Binarizer(threshold=2.0), KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), MaxAbsScaler(),
        MinMaxScaler(), Normalizer(), PolynomialFeatures(2), PowerTransformer(), QuantileTransformer(n_quantiles=20),
        RobustScaler(), TruncatedSVD(2, random_state=0),
    )
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_every_step_comes_back(name):
    step, rows = STEPS[name]
    model = make_pipeline(step, RandomForestClassifier(3, random_state=0))
    if name == "frames":
        model.set_output(transform="pandas")
    fitted = model.fit(rows, KIND)
    loaded = unpacked(packed(fitted))
    assert same(output(fitted, rows), output(loaded, rows))
    assert getattr(loaded, "feature_names_in_", np.zeros(0)).tolist() == list(getattr(fitted, "feature_names_in_", []))


@pytest.mark.parametrize("name", ["columns", "counts", "union", "dicts"])
def test_what_slim_makes_comes_back(name):
    step, rows = STEPS[name]
    small = slim(prune(make_pipeline(step, RandomForestClassifier(3, random_state=0)).fit(rows, KIND), "mdl"))
    rows = rows[:, small.columns_] if isinstance(rows, np.ndarray) else rows
    assert same(output(small, rows), output(unpacked(packed(small)), rows))


def test_results_of_a_search_come_back():
    grid = [{"b__max_depth": [1, 2]}, {"a": ["passthrough"], "b__min_samples_leaf": [3]}]
    search = GridSearchCV(
        Pipeline([("a", StandardScaler()), ("b", TREE)]), grid, cv=StratifiedKFold(2), scoring="f1_macro"
    )
    loaded = unpacked(packed(search.fit(X, KIND)))
    assert loaded.best_params_ == search.best_params_
    pd.testing.assert_frame_equal(
        pd.DataFrame(loaded.cv_results_).astype(str), pd.DataFrame(search.cv_results_).astype(str)
    )
    assert loaded.score(X, KIND) == search.score(X, KIND)


@pytest.mark.parametrize(
    "pruner",
    [
        Pruner(TREE, MaxDepth(2)),
        PrunerCV(TREE, cv=2),
        TreePruner(TREE, MaxDepth(2)),
        TreePruner(TREE, Sequence([CostComplexity(alpha=0.01), "merge_equal_leaves"])),
        TreePrunerCV(TREE, cv=2),
        TreePrunerCV(TREE, "max_depth", param_grid={"max_depth": [1, 2]}, cv=PurgedTimeSeriesSplit(2)),
        TreePrunerCV(TREE, cv=2, scoring=make_scorer(expected_cost, cost_matrix=np.eye(3), labels=np.unique(KIND))),
        GridSearchCV(TreePruner(TREE), {"method": ["mdl", MaxDepth(1)]}, cv=2),
        make_pipeline(StandardScaler(), TreePrunerCV(RandomForestClassifier(3, random_state=0), cv="oob")),
    ],
    ids=str,
)
def test_pruners_come_back_without_their_path(pruner):
    fitted = clone(pruner).fit(X, KIND)
    data = packed(fitted, "full")
    loaded = unpacked(data)
    assert same(output(fitted, X), output(loaded, X))
    assert repr(clone(loaded)) == repr(clone(fitted))
    if hasattr(fitted, "cv_results_"):
        before, after = (pd.DataFrame(dict(each.cv_results_)).astype(str) for each in (fitted, loaded))
        pd.testing.assert_frame_equal(after, before)
        assert loaded.best_params_.keys() == fitted.best_params_.keys()
    assert not hasattr(loaded, "pruning_path_")
    assert size(prune(loaded, MaxDepth(1))) == size(prune(fitted, MaxDepth(1)))
    assert packed(loaded, "full") == data


def test_a_model_that_stands_twice_is_stored_once_and_shared_still():
    model = VotingClassifier([("a", clone(TREE)), ("b", clone(TREE))]).fit(X, KIND)
    model.estimators_ = [model.estimators_[0]] * 2
    model.named_estimators_ = Bunch(a=model.estimators_[0], b=model.estimators_[0])
    head, _ = read_archive(packed(model))
    assert len(head["models"]) == 1
    first, second = unpacked(packed(model)).estimators_
    assert first is second


@LEVELS
@pytest.mark.parametrize(("library", "name"), [("xgboost", "XGBClassifier"), ("lightgbm", "LGBMClassifier")])
def test_models_of_boosting_libraries_may_stand_inside(library, name, level):
    found = pytest.importorskip(library, reason=f"{library} is not installed")
    options = {"verbose": -1} if library == "lightgbm" else {}
    model = make_pipeline(COLUMNS, getattr(found, name)(n_estimators=3, n_jobs=1, **options)).fit(TABLE, NOISE)
    assert same(output(model, TABLE), output(unpacked(packed(model, level)), TABLE))


class TestRefused:
    @pytest.mark.parametrize(
        ("model", "where"),
        [
            (make_pipeline(KNNImputer(), TREE), r"Pipeline\.steps\[0\]\[1\] is of .*KNNImputer"),
            (make_pipeline(SplineTransformer(), TREE), "SplineTransformer|BSpline"),
            (make_pipeline(FunctionTransformer(lambda X: X), TREE), r"steps\[0\]\[1\]\.func is <lambda>"),
            (make_pipeline("passthrough", TreePruner(TREE, OwnMethod())), r"steps\[1\]\[1\]\.method is of .*OwnMethod"),
        ],
    )
    def test_what_has_no_compact_form_is_named(self, model, where, tmp_path):
        with pytest.raises(UnsupportedModelError, match=where):
            save_compact(model.fit(X, KIND), tmp_path / "model")
        assert not list(tmp_path.iterdir())


def edited(data, change):
    head, arrays = read_archive(data)
    head, arrays = deepcopy(head), [array.copy() for array in arrays]
    change(head, arrays)
    return write_archive(head, arrays)


def in_text(old, new):
    """A change of what the file says of the whole, written as JSON."""

    def change(head, arrays):
        before = json.dumps(head["whole"])
        assert old in before
        head["whole"] = json.loads(before.replace(old, new))

    return change


def in_head(**entries):
    return lambda head, arrays: head.update(entries)


OF_ROWS = '{"partial": [{"known": "scipy.sparse._csr.csr_matrix"}, [], {"dict": []}]}'


class TestUntrusted:
    ONE_HOT = make_pipeline(OneHotEncoder(), clone(TREE)).fit(KIND[:, None], NOISE)
    COUNTS = make_pipeline(CountVectorizer(), clone(TREE)).fit(TEXTS, NOISE)
    FUNCTION = make_pipeline(FunctionTransformer(np.log1p), clone(TREE)).fit(X, NOISE)

    @pytest.mark.parametrize(
        ("model", "change", "message"),
        [
            (FUNCTION, in_text("sklearn.pipeline.Pipeline", "subprocess.Popen"), "no part of a supported model"),
            (FUNCTION, in_text('{"ufunc": "log1p"}', '{"known": "os.system"}'), "no part of a supported model"),
            (FUNCTION, in_text('"log1p"', '"load"'), "no function of numbers"),
            (FUNCTION, in_text('{"ufunc": "log1p"}', OF_ROWS), "calls 'csr_matrix'"),
            (FUNCTION, in_text("sklearn.pipeline.Pipeline", "scipy.sparse._csr.csr_matrix"), "no part of a supported"),
            (FUNCTION, in_text('{"model": 0}', '{"model": 7}'), "damaged"),
            (FUNCTION, in_text('{"model": 0}', '{"model": -1}'), "number -1 of a model"),
            (FUNCTION, in_head(whole={"list": []}), "damaged"),
            (FUNCTION, in_head(whole={"model": 0}), "holds no models"),
            (FUNCTION, lambda head, arrays: head["models"][0].update(n_arrays=10**9), "arrays of a model"),
            (ONE_HOT, in_text('"_n_features_outs": [3]', '"_n_features_outs": [2]'), "OneHotEncoder and its columns"),
            (COUNTS, in_text('["sour", ', '["sour", 9'), "does not number its terms"),
        ],
    )  # fmt: skip
    def test_changes_are_refused(self, model, change, message):
        data = edited(packed(model), change)
        with pytest.raises(ModelFormatError, match=message):
            unpacked(data)

    def test_trees_are_checked(self):
        def cut(head, arrays):
            arrays[head["models"][0]["names"].index("feature")][0] = 200

        with pytest.raises(ModelFormatError, match="index 200 is out of bounds"):
            unpacked(edited(packed(self.FUNCTION), cut))

    CHILD = """
import json, pickle, sys, warnings
warnings.simplefilter("ignore")
from treeprune import ModelFormatError, load_compact
for path, rows in pickle.load(sys.stdin.buffer):
    try:
        model = load_compact(path)
        print("loaded", flush=True)
        model.predict(rows)
    except ModelFormatError:
        print("refused", flush=True)
    except Exception:  # a table of another width, say: no harm
        pass
print("survived", flush=True)
"""

    def test_no_change_of_a_number_kills_the_process(self, tmp_path):
        rng, files = np.random.default_rng(0), []
        for name in ("columns", "rare categories", "terms", "dicts", "KBinsDiscretizer"):
            step, rows = STEPS[name]
            data = packed(make_pipeline(step, clone(TREE)).fit(rows, NOISE))
            for _ in range(5):
                path = tmp_path / str(len(files))
                path.write_bytes(edited(data, lambda head, arrays: self.change_one(head, arrays, rng)))
                files.append((str(path), rows))
        child = subprocess.run(
            [sys.executable, "-c", self.CHILD], input=pickle.dumps(files), capture_output=True, timeout=300
        )
        lines = child.stdout.decode().split()
        assert child.returncode == 0, child.stderr.decode()[-2000:]
        assert lines[-1] == "survived"
        assert "loaded" in lines
        assert "refused" in lines

    @staticmethod
    def change_one(head, arrays, rng):
        """Another number in an array of the whole, or in its text."""
        first = sum(model["n_arrays"] for model in head["models"])
        numbers = [array for array in arrays[first:] if array.dtype.kind in "iuf" and array.size]
        if numbers and rng.random() < 0.5:
            array = numbers[rng.integers(len(numbers))]
            array.flat[rng.integers(array.size)] = rng.choice([0, 1, 100])
            return
        text = json.dumps(head["whole"])
        places = [i for i, char in enumerate(text) if char.isdigit() and not text[i - 1].isalnum()]
        place = places[rng.integers(len(places))]
        head["whole"] = json.loads(f"{text[:place]}{rng.integers(1, 99)}{text[place + 1 :].lstrip('0123456789')}")


def test_pruned_models_stay_small():
    model = make_pipeline(COLUMNS, HistGradientBoostingClassifier(max_iter=3)).fit(TABLE, NOISE)
    small = prune(model, MaxDepth(1), TABLE, NOISE)
    assert size(small) < size(model)
    assert len(packed(small)) < len(packed(model))
    assert size(unpacked(packed(small))) == size(small)
