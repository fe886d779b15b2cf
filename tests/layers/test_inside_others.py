"""Models made of weights inside others, and columns that leave all of it."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests.layers import naive
from tests.layers.families import NUMBER, SPECIMENS, THREE, TWO_NUMBERS, X, fitted
from treeprune import prune, slim
from treeprune.composites.exchange import inside
from treeprune.composites.kinds import LAYERS
from treeprune.layers.adapters import find_adapter
from treeprune.methods import CostComplexity, MagnitudePruning, UnitPruning

SMALL = MLPClassifier((10,), max_iter=50, random_state=0)
WHOLES = {
    "scaled network": (make_pipeline(StandardScaler(), SMALL), THREE),
    "search": (GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {}, cv=2), THREE),
    "calibrated": (CalibratedClassifierCV(LinearSVC(), cv=2), THREE),
    "voting": (VotingClassifier([("a", LogisticRegression()), ("b", SMALL)], voting="soft"), THREE),
    "stacking": (StackingClassifier([("a", LinearSVC()), ("b", SMALL)], LogisticRegression(), cv=2), THREE),
    "one vs rest": (OneVsRestClassifier(LogisticRegression()), THREE),
    "outputs": (MultiOutputRegressor(Ridge()), TWO_NUMBERS),
    "target": (TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp), NUMBER),
    "network of target": (
        TransformedTargetRegressor(
            MLPRegressor(hidden_layer_sizes=(10,), max_iter=50, random_state=0), transformer=StandardScaler()
        ),
        NUMBER,
    ),
    "frozen": (FrozenEstimator(LogisticRegression().fit(X, THREE)), THREE),
}


@pytest.mark.parametrize("name", WHOLES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_all_models_made_of_weights_are_pruned(name):
    model, y = WHOLES[name]
    whole = model.fit(X, y)
    before = pickle.dumps(whole)
    small = prune(whole, MagnitudePruning(0.5), X, y)
    assert pickle.dumps(whole) == before
    assert type(small) is type(whole)
    pairs = list(zip(inside(whole, kind=LAYERS), inside(small, kind=LAYERS), strict=True))
    assert pairs
    for one, other in pairs:
        n_all, n_left = (find_adapter(found.model).layers.n_weights for found in (one, other))
        assert n_left == n_all - round(n_all * 0.5)
    assert small.predict(X).shape == whole.predict(X).shape
    assert small.score(X, y) > whole.score(X, y) - 0.25


def test_each_is_solved_again_on_what_it_sees():
    scaler, model = StandardScaler().fit(X * 3 + 1), LogisticRegression()
    seen = scaler.transform(X * 3 + 1)
    whole = make_pipeline(scaler, model.fit(seen, THREE))
    small = prune(whole, MagnitudePruning(0.5), X * 3 + 1, THREE)
    assert np.array_equal(small[-1].coef_, prune(model, MagnitudePruning(0.5), seen).coef_)


def test_each_kind_of_method_prunes_its_kind_alone():
    both = VotingClassifier([("tree", DecisionTreeClassifier()), ("linear", LogisticRegression())]).fit(X, THREE)
    codes = np.unique(THREE, return_inverse=True)[1]
    of_trees = prune(both, CostComplexity(alpha=0.3))
    assert of_trees.estimators_[1] is both.estimators_[1]
    assert of_trees.estimators_[0].tree_.node_count < both.estimators_[0].tree_.node_count
    of_weights = prune(both, MagnitudePruning(0.5), X, THREE)
    assert of_weights.estimators_[0] is both.estimators_[0]
    assert np.count_nonzero(of_weights.estimators_[1].coef_) == 18
    alone = prune(LogisticRegression().fit(X, codes), MagnitudePruning(0.5), X)
    assert np.array_equal(of_weights.estimators_[1].coef_, alone.coef_)


# slim


@pytest.mark.parametrize("name", SPECIMENS)
def test_columns_leave(name):
    small = prune(fitted(name), UnitPruning(n_units=4, of="inputs"), X)
    slimmed = slim(small, X)
    assert len(slimmed.columns_) == slimmed.n_features_in_ == 4
    assert slimmed.difference_ < 1e-9
    sums, slim_sums = naive.outputs(small, X), naive.outputs(slimmed, X[:, slimmed.columns_])
    assert np.allclose(slim_sums, sums, rtol=1e-10, atol=1e-10)
    stored = slim(prune(small, "sparsity"), X)
    assert stored.columns_.tolist() == slimmed.columns_.tolist()
    assert stored.difference_ < 1e-9
    if hasattr(slimmed, "partial_fit") and not getattr(slimmed, "early_stopping", False):
        slimmed.partial_fit(X[:, slimmed.columns_], SPECIMENS[name][1])


def test_a_model_without_weights_keeps_one_column():
    gone = slim(prune(fitted("Ridge"), MagnitudePruning(1.0), X), X)
    assert gone.columns_.tolist() == [0]
    assert gone.difference_ == 0


def test_columns_of_frames_by_name():
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(12)])
    whole = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, THREE)
    small = prune(whole, UnitPruning(n_units=3), frame, THREE)
    slimmed = slim(small, frame)
    assert len(slimmed.columns_) == 3
    assert set(slimmed.columns_) <= set(frame)
    assert slimmed.difference_ < 1e-12
    assert np.array_equal(slimmed.predict(frame), small.predict(frame))


def test_columns_that_trees_and_weights_need():
    model = VotingClassifier([("a", RandomForestClassifier(3, max_depth=2)), ("b", LogisticRegression())]).fit(X, THREE)
    small = slim(prune(model, UnitPruning(n_units=2), X, THREE), X)
    needed = np.zeros(12, bool)
    needed[[*small.columns_]] = True
    for tree in model.estimators_[0].estimators_:
        assert needed[tree.tree_.feature[tree.tree_.feature >= 0]].all()
    assert small.difference_ == 0


WORDS = np.array([f"word{i}" for i in range(300)])


def texts(n=200, n_classes=3):
    """Texts in which a few words tell the class."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, n_classes, n)
    made = [" ".join([*rng.choice(WORDS, 20), *np.repeat(WORDS[[5 * k, 5 * k + 1]], 2)]) for k in y]
    return made, np.array(["bad", "good", "other"])[y]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("linear", [LinearSVC(), LogisticRegression(), SGDClassifier(random_state=0)], ids=repr)
@pytest.mark.parametrize(
    ("vectorizer", "exact"),
    [
        (CountVectorizer(), True),
        (TfidfVectorizer(norm=None), True),
        (TfidfVectorizer(), True),
        (TfidfVectorizer(), False),
    ],
    ids=repr,
)
def test_terms_leave_the_vocabulary(n_classes, linear, vectorizer, exact):
    rows, y = texts(n_classes=n_classes)
    whole = make_pipeline(vectorizer, linear).fit(rows, y)
    small = prune(whole, MagnitudePruning(amount=0.95), rows, y)
    slimmed = slim(small, rows, exact=exact)
    used = np.flatnonzero(small[-1].coef_.any(axis=0))
    assert slimmed[-1].coef_.shape[1] == len(used) < 0.2 * whole[-1].coef_.shape[1]
    assert small.score(rows, y) > 0.95
    if exact:
        assert np.array_equal(slimmed.decision_function(rows), small.decision_function(rows))
    else:
        assert slimmed.score(rows, y) > 0.95
    if not exact or vectorizer.get_params().get("norm") is None:
        terms = whole[0].get_feature_names_out()[used]
        assert slimmed[0].get_feature_names_out().tolist() == terms.tolist()
    else:
        assert len(slimmed[0][0].vocabulary_) == len(whole[0].vocabulary_)


def test_sparse_rows_are_dense_ones():
    for model in (fitted("LogisticRegression, 3 classes"), fitted("MLPClassifier, 3 classes")):
        for method in (
            MagnitudePruning(0.5, reconstruct=None),
            UnitPruning(0.5, criterion="activation", reconstruct=None),
        ):
            dense, of_sparse = (prune(model, method, kind(X)) for kind in (np.asarray, sparse.csc_array))
            assert np.array_equal(dense.predict_proba(X), of_sparse.predict_proba(X))
