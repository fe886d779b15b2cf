"""compress of models that hold models: as the tree models inside are by hand, within a budget of the whole."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV, train_test_split
from sklearn.multiclass import OneVsOneClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from treeprune import UnsupportedModelError, compress, prune
from treeprune.composites.base import Given
from treeprune.composites.exchange import inside, learns_from_trees, size, tree_models, with_tree_models
from treeprune.compression import budget, n_bytes, wholes
from treeprune.compression.budget import Budget
from treeprune.compression.search import Search
from treeprune.compression.shares import at_one_rate
from treeprune.compression.trials import Cut, Trials
from treeprune.compression.watch import Watch

from .kinds import AMOUNT, COMPOSITES, KIND, NOISE, NUMBERS, PIPE, TREE, X, of_sparse_rows

pytestmark = pytest.mark.filterwarnings("ignore:.*(costs more than noise|Training anew does better)")

FOREST = RandomForestClassifier(5, random_state=0)
WEIGHT = 1.0 + NOISE
SETTINGS = {"retrain": False, "max_loss": 0.1}


def output(model, rows=X):
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


def by_hand(model, given, given_val=None, **settings):
    """The whole with each tree model compressed by what it sees, of rows that are split once for all of them."""
    others = {}
    if given_val is not None:
        for tree_model, (seen, of_val), _ in inside(model, given, given_val):
            rows = {"sample_weight": seen.sample_weight, "X_val": of_val.X, "y_val": of_val.y}
            others[id(tree_model)] = compress(tree_model, *seen[:2], **rows, **settings).model
        return with_tree_models(model, others)
    labels = given.y if is_classifier(model) and np.ndim(given.y) == 1 else None
    use, judge = train_test_split(np.arange(len(X)), test_size=0.25, stratify=labels, random_state=0)
    limits = Budget(None, None, None, settings["max_loss"], "compact")
    for tree_model, (seen, *cut), _ in inside(model, given, given.at(use), given.at(judge)):
        search = Search(Trials(tree_model, seen, None, 0.25, 0, cut=Cut(*cut, None)), limits, Watch())
        others[id(tree_model)] = search.made(limits, "link").model
    return with_tree_models(model, others)


@pytest.mark.parametrize("name", [name for name in COMPOSITES if name != "pruned by folds"])
class TestEveryKind:
    def test_is_as_by_hand(self, name):
        model, y, _ = COMPOSITES[name]
        model = clone(model).fit(X, y)
        before = pickle.dumps(model)
        result = compress(model, X, y, **SETTINGS)
        assert pickle.dumps(model) == before
        assert type(result.model) is type(model)
        if not learns_from_trees(model):  # or else the rows that judge are held back
            np.testing.assert_array_equal(output(result.model), output(by_hand(model, Given(X, y), **SETTINGS)))
        n_models = len(list(tree_models(model)))
        assert len(result.parts) == (n_models if n_models > 1 else 0)

    def test_keeps_the_budget(self, name):
        model, y, _ = COMPOSITES[name]
        model = clone(model).fit(X, y)
        most = max(size(model)[1] // 2, 7 * len(list(tree_models(model))))
        result = compress(model, X, y, max_nodes=most, retrain=False)
        assert size(result.model)[1] <= most
        assert result.frontier.chosen.sum() == max(len(result.parts), 1)


@pytest.mark.parametrize("model", [PIPE, VotingClassifier([("a", PIPE), ("b", TREE)], voting="soft")])
class TestRows:
    def test_weights(self, model):
        whole = clone(model).fit(X, KIND)
        expected = by_hand(whole, Given(X, KIND, WEIGHT), **SETTINGS)
        found = compress(whole, X, KIND, sample_weight=WEIGHT, **SETTINGS)
        np.testing.assert_array_equal(output(found.model), output(expected))

    def test_rows_to_judge_by_are_seen_as_the_others(self, model):
        whole = clone(model).fit(X[::2], KIND[::2])
        given, given_val = Given(X[::2], KIND[::2]), Given(X[1::2], KIND[1::2])
        found = compress(whole, *given[:2], X_val=given_val.X, y_val=given_val.y, **SETTINGS)
        np.testing.assert_array_equal(output(found.model), output(by_hand(whole, given, given_val, **SETTINGS)))

    def test_frames_and_sparse_rows(self, model):
        expected = output(compress(clone(model).fit(X, KIND), X, KIND, **SETTINGS).model)
        frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
        whole = clone(model).fit(frame, KIND)
        np.testing.assert_array_equal(output(compress(whole, frame, KIND, **SETTINGS).model, frame), expected)
        rows = sparse.csr_matrix(X)
        whole = of_sparse_rows(model).fit(rows, KIND)
        assert size(compress(whole, rows, KIND, **SETTINGS).model)[1] <= size(whole)[1]


def test_offsets_of_the_model_inside():
    xgboost = pytest.importorskip("xgboost")
    offset = np.linspace(-2, 2, len(X))
    model = xgboost.XGBRegressor(n_estimators=5, max_depth=3, n_jobs=1)
    whole = make_pipeline(StandardScaler(), model).fit(X, AMOUNT, xgbregressor__base_margin=offset)
    found = compress(whole, X, AMOUNT, base_margin=offset, **SETTINGS).model[-1]
    of_it = compress(whole[-1], whole[0].transform(X), AMOUNT, base_margin=offset, **SETTINGS).model
    assert found.get_booster().save_raw("ubj") == of_it.get_booster().save_raw("ubj")


class TestWhatWasFittedOnPredictions:
    """Calibrators and thresholds of the models before do not fit those that take their places."""

    ROWS, TARGET = make_classification(1500, 12, n_informative=5, flip_y=0.2, random_state=0)
    TRAIN, TEST = slice(0, 900), slice(900, None)

    @pytest.mark.parametrize("ensemble", [True, False])
    @pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
    def test_calibrators(self, method, ensemble):
        pipe = make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0))
        model = CalibratedClassifierCV(pipe, method=method, cv=3, ensemble=ensemble)
        whole = GridSearchCV(model, {"cv": [3]}, cv=2).fit(self.ROWS[self.TRAIN], self.TARGET[self.TRAIN])
        found = compress(whole, self.ROWS[self.TRAIN], self.TARGET[self.TRAIN], max_nodes=600, retrain=False)
        assert "Calibrators and tuned thresholds are fitted anew" in found.message
        before = {id(tree): small for tree, small in zip(tree_models(whole), tree_models(found.model), strict=True)}
        losses = [
            log_loss(self.TARGET[self.TEST], np.clip(one.predict_proba(self.ROWS[self.TEST]), 1e-3, 1 - 1e-3))
            for one in (found.model, with_tree_models(whole, before))
        ]
        assert losses[0] < losses[1]

    def test_held_out_rows_set_no_leaves_and_calibrate(self):
        rows, target = self.ROWS[self.TRAIN], self.TARGET[self.TRAIN]
        model = CalibratedClassifierCV(DecisionTreeClassifier(random_state=0), cv=2, ensemble=False).fit(rows, target)
        val = {"X_val": self.ROWS[self.TEST], "y_val": self.TARGET[self.TEST]}
        result = compress(model, rows, target, **val, max_nodes=15, retrain=False)
        (found,) = result.model.calibrated_classifiers_
        alone = prune(model.calibrated_classifiers_[0].estimator, result.method, rows, target)
        np.testing.assert_array_equal(found.estimator.predict_proba(rows), alone.predict_proba(rows))
        expected = CalibratedClassifierCV(FrozenEstimator(found.estimator)).fit(val["X_val"], val["y_val"])
        np.testing.assert_array_equal(found.predict_proba(rows), expected.predict_proba(rows))

    def test_threshold(self):
        rows, target = self.ROWS[self.TRAIN], self.TARGET[self.TRAIN]
        model = TunedThresholdClassifierCV(DecisionTreeClassifier(random_state=0), cv=2).fit(rows, target)
        val = {"X_val": self.ROWS[self.TEST], "y_val": self.TARGET[self.TEST]}
        found = compress(model, rows, target, **val, max_nodes=15, retrain=False).model
        anew = TunedThresholdClassifierCV(FrozenEstimator(found.estimator_), cv="prefit", refit=False)
        assert found.best_threshold_ == anew.fit(val["X_val"], val["y_val"]).best_threshold_


class TestBudgets:
    WHOLE = make_pipeline(StandardScaler(), FOREST).fit(X, KIND)
    MANY = CalibratedClassifierCV(WHOLE, cv=2).fit(X, KIND)

    @pytest.mark.parametrize("bytes_of", ["compact", "native"])
    @pytest.mark.parametrize("model", [WHOLE, MANY], ids=["pipeline", "calibrated"])
    def test_bytes_of_the_whole(self, model, bytes_of):
        most = int(0.9 * n_bytes(model, bytes_of))
        found = compress(model, X, KIND, max_bytes=most, bytes_of=bytes_of, retrain=False)
        assert n_bytes(found.model, bytes_of) <= most

    def test_bytes_that_the_rest_takes_are_said(self):
        with pytest.raises(ValueError, match=r"what is no tree model takes [0-9,]+ bytes"):
            compress(self.MANY, X, KIND, max_bytes=100, retrain=False)

    @pytest.mark.parametrize("model", [WHOLE, MANY], ids=["pipeline", "calibrated"])
    def test_latency_of_the_whole(self, model, monkeypatch):
        measured = []

        def ratio(small, whole, rows):
            measured.append((type(small), whole, rows))
            return size(small)[1] / size(whole)[1]

        for module in (wholes, budget):
            monkeypatch.setattr(module, "latency_ratio", ratio)
        found = compress(model, X, KIND, max_latency_ratio=0.5, retrain=False)
        assert size(found.model)[1] <= 0.5 * size(model)[1]
        assert any(kind is type(model) and whole is model and rows is X for kind, whole, rows in measured)

    def test_several_models_that_predict_other_targets_share_in_proportion(self):
        model, y, _ = COMPOSITES["outputs that are numbers"]
        model = clone(model).fit(X, y)
        found = compress(model, X, y, max_nodes=60, retrain=False)
        assert "share the budget in proportion" in found.message
        before = np.array([size(tree)[1] for tree in tree_models(model)])
        after = np.array([size(tree)[1] for tree in tree_models(found.model)])
        assert (after <= 60 * before / before.sum()).all()

    def test_nodes_go_where_they_lower_the_loss_most(self):
        rng = np.random.default_rng(0)
        rows = rng.random((400, 2))
        noise, tied = rng.integers(0, 2, 400), (rows[:, 0] + rows[:, 1] > 1).astype(int)
        targets = np.column_stack([noise, tied])
        whole = MultiOutputClassifier(DecisionTreeClassifier(random_state=0)).fit(rows, targets)
        before = [size(tree)[1] for tree in tree_models(whole)]
        found = compress(whole, rows, targets, max_nodes=40, retrain=False)
        after = [size(tree)[1] for tree in tree_models(found.model)]
        assert "at one rate for all" in found.message
        assert before[0] > 3 * before[1]  # in proportion, most nodes would go to noise
        assert 2 * after[0] < after[1]

    @pytest.mark.parametrize(
        "name", ["calibrated", "calibrated as one", "tuned threshold", "pipeline", "one versus rest"]
    )
    @pytest.mark.parametrize("less", [0, 1])
    def test_a_budget_about_as_large_as_the_model(self, name, less):
        model, y, _ = COMPOSITES[name]
        model = clone(model).fit(X, y)
        most = size(model)[1] - less
        assert size(compress(model, X, y, max_nodes=most, retrain=False).model)[1] <= most


class TestSlim:
    def test_columns_leave(self):
        columns = [f"x{i}" for i in range(X.shape[1])]
        frame = pd.DataFrame(X, columns=columns)
        whole = make_pipeline(make_column_transformer((StandardScaler(), columns)), TREE).fit(frame, KIND)
        found = compress(whole, frame, KIND, max_nodes=7, retrain=False, slim=True)
        assert len(found.model.columns_) <= 3
        assert f"It needs {len(found.model.columns_)} of {len(columns)} columns." in found.message
        whole = compress(whole, frame, KIND, max_nodes=7, retrain=False).model
        np.testing.assert_array_equal(output(found.model, frame[found.model.columns_]), output(whole, frame))

    def test_terms_leave(self):
        texts = np.array(["a word", "another word", "no more", "a longer text of words"] * 30, dtype=object)
        whole = make_pipeline(CountVectorizer(), TREE).fit(texts, texts == "no more")
        found = compress(whole, texts, texts == "no more", max_nodes=3, retrain=False, slim=True)
        assert len(found.model[0].vocabulary_) < len(whole[0].vocabulary_)
        np.testing.assert_array_equal(found.model.predict(texts), texts == "no more")

    def test_tree_models(self):
        found = compress(FOREST.fit(X, KIND), X, KIND, max_nodes=9, retrain=False, slim=True).model
        assert found.n_features_in_ == len(found.columns_) < X.shape[1]

    def test_is_a_switch(self):
        with pytest.raises(ValueError, match=r"The 'slim' parameter of compress must be True or False\. Got 'yes'"):
            compress(FOREST, X, KIND, slim="yes")


class TestWhatIsSaid:
    @pytest.mark.parametrize("step", [SelectKBest(k=5), make_column_transformer((TargetEncoder(), [0, 1]))])
    def test_steps_that_look_at_targets(self, step):
        whole = make_pipeline(step, TREE).fit(X, KIND)
        name = whole.steps[0][0]
        found = compress(whole, X, KIND, **SETTINGS)
        assert f"The step '{name}' looked at the targets of all rows" in found.message
        found = compress(whole, X, KIND, X_val=X, y_val=KIND, **SETTINGS)
        assert "looked at the targets" not in found.message

    def test_several_models(self):
        whole = VotingClassifier([("a", PIPE), ("b", TREE)], voting="soft").fit(X, KIND)
        found = compress(whole, X, KIND, retrain=False)
        assert found.message.startswith(f"2 tree models inside VotingClassifier: {size(found.model)[1]} of ")
        assert found.verdict in {part.verdict for part in found.parts}
        assert set(found.frontier.tree_model) == {0, 1}
        assert len(found.frontier) == sum(len(part.frontier) for part in found.parts)

    def test_groups_of_rows_that_a_model_does_not_see(self):
        whole = OneVsOneClassifier(TREE).fit(X, KIND)
        with pytest.raises(ValueError, match="'groups' parameter must be None where a model inside sees some"):
            compress(whole, X, KIND, groups=NOISE, **SETTINGS)
        grouped = compress(make_pipeline(TREE).fit(X, KIND), X, KIND, groups=np.arange(len(X)) // 3, **SETTINGS)
        assert "stand in a group" in grouped.message

    def test_offset_of_several(self):
        xgboost = pytest.importorskip("xgboost")
        model = xgboost.XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1)
        whole = OneVsOneClassifier(model).fit(X, KIND)
        with pytest.raises(ValueError, match="'base_margin_val' parameter must be None where several"):
            compress(whole, X, KIND, X_val=X, y_val=KIND, base_margin_val=np.zeros(len(X)))

    def test_no_trees(self):
        with pytest.raises(UnsupportedModelError, match=r"no tree model inside Pipeline.*GaussianNB"):
            compress(make_pipeline(StandardScaler(), GaussianNB()).fit(X, KIND), X, KIND)


@given(
    st.lists(st.lists(st.integers(1, 100), min_size=1, max_size=6), min_size=1, max_size=3),
    st.integers(1, 20),
)
def test_one_rate_is_the_best_of_all_allocations(gains, more):
    """Where each node more lowers a convex loss by less, no allocation has less loss: all are tried."""
    frontiers = []
    for of_model in gains:
        falls = np.sort(of_model)[::-1]
        frontiers.append((np.arange(1, len(falls) + 2), 1000.0 - np.append(0, np.cumsum(falls))))
    total = len(gains) + more
    sizes = at_one_rate(frontiers, total)
    assert sum(sizes) <= total

    def loss(of_each):
        return sum(losses[min(n, len(losses)) - 1] for n, (_, losses) in zip(of_each, frontiers, strict=True))

    every = np.stack(np.meshgrid(*(f[0] for f in frontiers)), -1).reshape(-1, len(frontiers))
    assert loss(sizes) == min(loss(of_each) for of_each in every if of_each.sum() <= total)


def test_one_rate_needs_room_for_the_smallest():
    assert at_one_rate([([3, 9], [0.5, 0.1]), ([3], [0.3])], 5) is None


def test_numbers():
    whole = make_pipeline(StandardScaler(), NUMBERS).fit(X, AMOUNT)
    assert size(compress(whole, X, AMOUNT, max_nodes=15, retrain=False).model)[1] <= 15
