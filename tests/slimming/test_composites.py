"""slim of models that hold models, each of which sees the columns that one of them needs."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingRegressor, RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.composites.kinds import COMPOSITES, of_sparse_rows
from tests.composites.kinds import X as WINE
from tests.slimming.kinds import KINDS, NUMBERS, TABLE, TEXTS, Y, only, output
from treeprune import UnsupportedModelError, prune, slim
from treeprune.adapters import find_adapter
from treeprune.composites import find_composite
from treeprune.composites.base import Given
from treeprune.composites.exchange import tree_models
from treeprune.methods import MaxDepth

pytestmark = pytest.mark.usefixtures("one_thread")

#: Which need all columns.
BESIDE_LINEAR_MODELS = {"voting beside others", "mean of regressors"}
TREE = DecisionTreeClassifier(max_depth=2, random_state=0)
SCALED = make_pipeline(StandardScaler(), TREE)
NAMED = make_pipeline(KINDS["named columns"][0], TREE)


@pytest.mark.parametrize("name", COMPOSITES)
def test_every_composite(name):
    model, y, _ = COMPOSITES[name]
    whole = prune(clone(model).fit(WINE, y), MaxDepth(1))
    before = pickle.dumps(whole)
    small = slim(whole)
    assert type(small) is type(whole)
    narrow = only(WINE, small.columns_)
    assert narrow.shape[1] < WINE.shape[1] or name in BESIDE_LINEAR_MODELS
    for ask in ("predict", "predict_proba", "decision_function"):
        if hasattr(whole, ask):
            np.testing.assert_array_equal(
                np.asarray(getattr(small, ask)(narrow)), np.asarray(getattr(whole, ask)(WINE))
            )
    assert getattr(small, "n_features_in_", narrow.shape[1]) == len(small.columns_)
    assert pickle.dumps(whole) == before


@pytest.mark.parametrize("name", COMPOSITES)
def test_takes_rows_in_every_form_that_the_whole_takes(name):
    model, y, _ = COMPOSITES[name]
    whole = prune(of_sparse_rows(model).fit(WINE, y), MaxDepth(1))
    small = slim(whole)
    for form in (sparse.csr_matrix, sparse.coo_matrix, sparse.csc_array, np.ndarray.tolist):
        try:
            expected = whole.predict(form(WINE))
        except (TypeError, ValueError):
            continue
        np.testing.assert_array_equal(small.predict(form(only(WINE, small.columns_))), expected)
        if len(small.columns_) < WINE.shape[1]:
            with pytest.raises(ValueError, match=r"is expecting \d+ features|Feature shape mismatch"):
                small.predict(form(WINE))


@pytest.mark.parametrize("name", COMPOSITES)
def test_parts_say_which_columns_they_see(name):
    model, y, _ = COMPOSITES[name]
    for part in find_composite(clone(model).fit(WINE, y)).parts():
        if part.columns is None:
            continue
        seen, given = np.asarray(part.sees(Given(WINE, y)).X), part.columns >= 0
        assert seen.shape[1] == len(part.columns)
        np.testing.assert_array_equal(seen[:, given], WINE[:, part.columns[given]])


@pytest.mark.parametrize(
    "model",
    [
        GridSearchCV(NAMED, {"decisiontreeclassifier__max_depth": [2]}, cv=2),
        CalibratedClassifierCV(GridSearchCV(NAMED, {"decisiontreeclassifier__max_depth": [2]}, cv=2), cv=2),
        VotingClassifier([("a", NAMED), ("b", make_pipeline(OneHotEncoder(handle_unknown="ignore"), TREE))]),
        OneVsRestClassifier(NAMED),
        StackingClassifier([("a", NAMED)], LogisticRegression(), cv=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_frames_with_and_without_the_other_columns(model):
    model = clone(model).fit(TABLE, Y)
    small = slim(model)
    assert set(small.columns_) < set(TABLE.columns)
    for rows in (TABLE, TABLE[list(small.columns_)], TABLE[TABLE.columns[::-1]].assign(new=1)):
        np.testing.assert_array_equal(output(small, rows), output(model, TABLE))


def test_parts_see_the_union_and_use_their_own():
    left = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=1)).fit(NUMBERS, NUMBERS[:, 1] > 0)
    right = make_pipeline(MinMaxScaler(), DecisionTreeClassifier(max_depth=1)).fit(NUMBERS, NUMBERS[:, 4] > 0)
    bare = DecisionTreeClassifier(max_depth=1).fit(NUMBERS, NUMBERS[:, 2] > 0)
    parts = [(name, FrozenEstimator(part)) for name, part in (("left", left), ("right", right), ("bare", bare))]
    small = slim(VotingClassifier(parts).fit(NUMBERS, Y))
    assert small.columns_.tolist() == [1, 2, 4]
    assert [find_adapter(tree).forest.n_features for tree in tree_models(small)] == [1, 1, 3]


def test_model_that_needs_all_columns_keeps_them():
    model = VotingClassifier([("a", SCALED), ("b", LogisticRegression())], voting="soft").fit(NUMBERS, Y)
    small = slim(model)
    assert small.columns_.tolist() == list(range(6))
    assert small.estimators_[0][-1].n_features_in_ < 6  # within, columns leave all the same
    np.testing.assert_array_equal(output(small, NUMBERS), output(model, NUMBERS))


class Majority(ClassifierMixin, BaseEstimator):
    """A model that does not say how many columns it was fitted on."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize("rows", [NUMBERS, TABLE], ids=["array", "frame"])
def test_beside_a_model_that_does_not_say_what_it_needs(rows):
    pipeline = SCALED if rows is NUMBERS else NAMED
    model = VotingClassifier([("a", pipeline), ("b", Majority()), ("c", pipeline)]).fit(rows, Y)
    small = slim(model)
    assert small.columns_ is None
    assert small.estimators_[0][-1].n_features_in_ <= 3
    np.testing.assert_array_equal(output(small, rows), output(model, rows))


def test_bagged_models_that_use_all_columns_keep_their_seeds():
    model = BaggingRegressor(make_pipeline(StandardScaler(), DecisionTreeRegressor()), 3, random_state=0)
    model.fit(NUMBERS, NUMBERS[:, 0] * NUMBERS[:, 1])
    small = slim(model)
    assert len(small.columns_) == 6
    assert [rows.tolist() for rows in small.estimators_samples_] == [
        rows.tolist() for rows in model.estimators_samples_
    ]


def test_final_model_that_sees_the_rows_too():
    model = StackingClassifier([("a", SCALED)], DecisionTreeClassifier(max_depth=3), cv=2, passthrough=True)
    model.fit(NUMBERS, Y)
    small = slim(model)
    assert small.final_estimator_.n_features_in_ == 1 + len(small.columns_)
    np.testing.assert_array_equal(output(small, NUMBERS[:, small.columns_]), output(model, NUMBERS))


def test_model_that_stands_twice_is_shared_still():
    tree = FrozenEstimator(clone(SCALED).fit(NUMBERS, Y))
    model = VotingClassifier([("a", tree), ("b", tree)]).fit(NUMBERS, Y)
    model.estimators_[1].estimator = model.estimators_[0].estimator
    first, second = slim(model).estimators_
    assert first.estimator is second.estimator


def test_results_of_a_search_stay():
    search = GridSearchCV(SCALED, {"decisiontreeclassifier__max_depth": [1, 2]}, cv=2).fit(NUMBERS, Y)
    small = slim(search)
    assert small.cv_results_ is search.cv_results_
    assert small.best_params_ == search.best_params_


def test_class_without_rows_looks_at_no_column():
    labels = np.column_stack([Y, np.zeros_like(Y)])
    with pytest.warns(UserWarning, match="present in all training"):
        model = OneVsRestClassifier(SCALED).fit(NUMBERS, labels)
    small = slim(model)
    np.testing.assert_array_equal(small.predict(NUMBERS[:, small.columns_]), model.predict(NUMBERS))


def test_texts_are_no_table():
    text = KINDS["counts"]
    model = GridSearchCV(make_pipeline(text[0], TREE), {"decisiontreeclassifier__max_depth": [2]}, cv=2)
    model.fit(TEXTS, ["w1" in words for words in TEXTS])
    small = slim(model)
    assert small.columns_ is None
    assert len(small.best_estimator_[0].vocabulary_) <= 3
    np.testing.assert_array_equal(output(small, TEXTS), output(model, TEXTS))


def test_bagged_models_lose_the_seeds_of_their_rows():
    model = BaggingRegressor(DecisionTreeRegressor(max_depth=1), 3, max_features=0.7, random_state=0)
    small = slim(model.fit(NUMBERS, NUMBERS[:, 0]))
    assert [columns.tolist() for columns in small.estimators_features_] == [list(range(len(small.columns_)))] * 3
    with pytest.raises(UnsupportedModelError, match="no longer knows which rows each tree was grown on"):
        find_adapter(small).oob_rows(NUMBERS[:, small.columns_], NUMBERS[:, 0])


def test_columns_of_a_frame_by_name():
    frame = pd.DataFrame(NUMBERS, columns=list("abcdef"))
    forest = RandomForestClassifier(2, max_depth=1, random_state=0).fit(frame, Y)
    small = slim(forest)
    assert small.columns_.tolist() == small.feature_names_in_.tolist()
    np.testing.assert_array_equal(output(small, frame[small.columns_]), output(forest, frame))
