"""PruningRFE and PruningPathSelector keep what the pruned model uses."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, make_friedman1
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import get_scorer
from sklearn.model_selection import GroupKFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from treeprune import prune
from treeprune.feature_selection import PruningPathSelector, PruningRFE
from treeprune.methods import CostComplexity
from treeprune.model_selection import PurgedTimeSeriesSplit

CANCER = load_breast_cancer(return_X_y=True)
FRIEDMAN = make_friedman1(800, n_features=25, noise=1.0, random_state=0)


@parametrize_with_checks(
    [
        PruningRFE(DecisionTreeClassifier(random_state=0), CostComplexity(alpha=0.01), validation=None),
        PruningRFE(DecisionTreeRegressor(random_state=0), CostComplexity(alpha=0.01), validation=None, cv=2),
        PruningPathSelector(DecisionTreeClassifier(random_state=0), alpha=0.01),
        PruningPathSelector(DecisionTreeRegressor(random_state=0), alpha=0.01),
    ]
)
@pytest.mark.filterwarnings("ignore:No feature")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


class TestRFE:
    def test_ends_where_all_that_are_left_survive(self):
        X, y = FRIEDMAN
        selector = PruningRFE(DecisionTreeRegressor(random_state=0), random_state=0).fit(X, y)
        support = selector.get_support()
        tree = selector.estimator_.tree_
        assert set(tree.feature[tree.feature >= 0]) == set(range(support.sum()))
        assert {0, 1, 3, 4} <= set(np.flatnonzero(support))
        rounds = selector.n_features_by_round_
        assert rounds[0] == 25
        assert rounds[-1] == support.sum()
        assert rounds == sorted(set(rounds), reverse=True)
        assert (selector.ranking_[support] == 1).all()
        assert (selector.ranking_ == len(rounds)).sum() == rounds[0] - rounds[1]

    def test_stops_where_folds_say(self):
        X, y = FRIEDMAN
        selector = PruningRFE(DecisionTreeRegressor(random_state=0), cv=3, random_state=0).fit(X, y)
        stop = np.argmax(selector.cv_scores_.mean(axis=0))
        assert selector.get_support().sum() == selector.n_features_by_round_[stop]
        assert selector.cv_scores_.shape == (3, len(selector.n_features_by_round_))

    def test_min_features(self):
        X, y = FRIEDMAN
        rfe = PruningRFE(DecisionTreeRegressor(random_state=0), CostComplexity(alpha=1.0), validation=None)
        assert rfe.fit(X, y).get_support().sum() < 12
        assert rfe.set_params(min_features=12).fit(X, y).get_support().sum() >= 12
        with pytest.raises(ValueError, match=r"'min_features' parameter .* Got 0"):
            rfe.set_params(min_features=0).fit(X, y)

    def test_nothing_left_says_so(self):
        frame, y = load_breast_cancer(return_X_y=True, as_frame=True)
        rfe = PruningRFE(DecisionTreeClassifier(random_state=0), CostComplexity(alpha=10.0), validation=None)
        root = frame.columns[DecisionTreeClassifier(random_state=0).fit(frame, y).tree_.feature[0]]
        with pytest.warns(UserWarning, match=f"No feature survives, .* The strongest candidates are {root},"):
            rfe.fit(frame, y)
        assert rfe.get_support().all()

    @pytest.mark.parametrize("cv", [None, 3])
    def test_weights_count_as_repetitions(self, cv):
        X, y = FRIEDMAN
        weight = np.random.default_rng(0).integers(0, 3, len(y))
        again = np.repeat(np.arange(len(y)), weight)
        splits = None if cv is None else [(np.arange(len(y)) % cv != k, np.arange(len(y)) % cv == k) for k in range(cv)]
        tree = DecisionTreeRegressor(min_weight_fraction_leaf=0.02, random_state=0)  # no node so small that splits tie
        rfe = PruningRFE(tree, CostComplexity(alpha=0.1), validation=None)
        weighted = clone(rfe).set_params(cv=splits).fit(X, y, sample_weight=weight)
        splits = None if cv is None else [(train[again], test[again]) for train, test in splits]
        repeated = clone(rfe).set_params(cv=splits).fit(X[again], y[again])
        np.testing.assert_array_equal(weighted.ranking_, repeated.ranking_)
        assert weighted.n_features_by_round_ == repeated.n_features_by_round_
        if cv is not None:
            np.testing.assert_allclose(weighted.cv_scores_, repeated.cv_scores_)

    def test_routing_weighs_what_asks_for_weights(self):
        X, y = CANCER
        weight, scores = np.random.default_rng(0).gamma(2.0, size=len(y)), []
        with config_context(enable_metadata_routing=True):
            grows = DecisionTreeClassifier(random_state=0).set_fit_request(sample_weight=True)
            for asks in (True, False):
                scoring = get_scorer("accuracy").set_score_request(sample_weight=asks)
                rfe = PruningRFE(grows, CostComplexity(alpha=0.01), validation=None, cv=3, scoring=scoring)
                scores.append(rfe.fit(X, y, sample_weight=weight).cv_scores_)
            assert PruningRFE(grows, random_state=0).fit(X, y).get_support().any()
            with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
                PruningRFE(DecisionTreeClassifier()).fit(X, y, sample_weight=weight)
        assert scores[0].shape == scores[1].shape
        assert not np.isin(scores[0], scores[1]).any()  # shares of rows, or of weight

    def test_scorers_that_take_no_weights_and_bad_weights(self):
        rfe = PruningRFE(DecisionTreeClassifier(), cv=2, scoring=lambda model, X, y: model.score(X, y))
        with pytest.warns(UserWarning, match="does not support sample_weight.* fitting PruningRFE"):
            rfe.fit(*CANCER, sample_weight=np.ones(569))
        with pytest.raises(ValueError, match="must be non-negative"):
            rfe.fit(*CANCER, sample_weight=-np.ones(569))


class TestPath:
    def test_features_at_each_alpha_are_those_of_the_pruned_trees(self):
        X, y = CANCER
        tree = DecisionTreeClassifier(random_state=0)
        selector = PruningPathSelector(tree, alpha=0.0).fit(X, y)
        frame = selector.to_frame()
        for alpha, n_features in zip(frame["alpha"], frame["n_features"], strict=True):
            feature = prune(tree.fit(X, y), CostComplexity(alpha=alpha)).tree_.feature
            used = np.unique(feature[feature >= 0])
            np.testing.assert_array_equal(np.flatnonzero(selector.features_at([alpha])[0]), used)
            assert n_features == len(used)

    def test_by_cross_validation(self):
        frame, y = load_breast_cancer(return_X_y=True, as_frame=True)
        selector = PruningPathSelector(DecisionTreeClassifier(random_state=0), cv=4, rule="best").fit(frame, y)
        np.testing.assert_array_equal(selector.get_support(), selector.strength_ > selector.alpha_)
        out = selector.set_output(transform="pandas").transform(frame)
        assert isinstance(out, pd.DataFrame)
        assert list(out.columns) == list(selector.get_feature_names_out())
        assert sorted(selector.ranking_)[-1] == 1 + (~selector.get_support()).sum()

    def test_nothing_left_says_so(self):
        frame, y = load_breast_cancer(return_X_y=True, as_frame=True)
        root = frame.columns[DecisionTreeClassifier(random_state=0).fit(frame, y).tree_.feature[0]]
        message = f"No feature is selected: the pruned model is a single leaf.* candidates are {root},"
        with pytest.warns(UserWarning, match=message):
            PruningPathSelector(DecisionTreeClassifier(random_state=0), alpha=10.0).fit(frame, y)


class TestExactNumberOfFeatures:
    @pytest.mark.parametrize("alpha", [0.0, 0.1, 1.0])
    @pytest.mark.parametrize("wanted", [1, 5, 25])
    def test_of_elimination(self, wanted, alpha):
        """Whether pruning would drop hardly any feature, or more than are wanted."""
        X, y = FRIEDMAN
        rfe = PruningRFE(
            DecisionTreeRegressor(max_depth=8, random_state=0),
            CostComplexity(alpha=alpha),
            validation=None,
            n_features_to_select=wanted,
        ).fit(X, y)
        assert rfe.get_support().sum() == rfe.n_features_by_round_[-1] == wanted
        assert rfe.estimator_.n_features_in_ == wanted
        if wanted == 5:
            assert {0, 1, 3, 4} <= set(rfe.get_support(indices=True))

    @pytest.mark.parametrize("wanted", [1, 5, 9])
    def test_of_the_path(self, wanted):
        X, y = FRIEDMAN
        selector = PruningPathSelector(DecisionTreeRegressor(random_state=0), n_features_to_select=wanted).fit(X, y)
        support = selector.get_support()
        assert support.sum() == wanted
        assert selector.strength_[support].min() >= selector.strength_[~support].max() == selector.alpha_

    def test_that_cannot_be_is_refused(self):
        X, y = FRIEDMAN
        tree = DecisionTreeRegressor(max_depth=1, random_state=0)
        with pytest.raises(ValueError, match=r"at most 1, the number of features that the trees use"):
            PruningPathSelector(tree, n_features_to_select=5).fit(X, y)
        for selector in (PruningPathSelector(tree), PruningRFE(tree)):
            for wanted in (0, 26, 2.5):
                with pytest.raises(ValueError, match=f"'n_features_to_select' .* Got {wanted}"):
                    selector.set_params(n_features_to_select=wanted).fit(X, y)
        with pytest.raises(ValueError, match="leaves nothing to choose for 'cv'"):
            PruningRFE(tree, n_features_to_select=2, cv=3).fit(X, y)
        with pytest.raises(ValueError, match="leaves nothing to choose for 'alpha'"):
            PruningPathSelector(tree, n_features_to_select=2, alpha=0.1).fit(X, y)
        with pytest.raises(ValueError, match=r"'min_features' .* at most the 2 features of 'n_features_to_select'"):
            PruningRFE(tree, n_features_to_select=2, min_features=3).fit(X, y)
        with pytest.raises(ValueError, match=r"'min_features' .* at most the 25 features\. Got 26"):
            PruningRFE(tree, min_features=26).fit(X, y)


class Recorded(GroupKFold):
    """Keeps the groups that it is given, and sees that none is on both sides."""

    seen: ClassVar[list] = []

    def split(self, X, y=None, groups=None):
        for train, test in super().split(X, y, groups):
            assert not set(groups[train]) & set(groups[test])
            self.seen.append(len(groups))
            yield train, test


TREE = DecisionTreeRegressor(max_depth=4, random_state=0)


@pytest.mark.parametrize(
    "selector",
    [
        PruningRFE(TREE, validation=PurgedTimeSeriesSplit(3), cv=PurgedTimeSeriesSplit(4)),
        PruningPathSelector(TREE, cv=PurgedTimeSeriesSplit(4)),
    ],
)
def test_splitters_see_the_index_of_a_frame(selector):
    X, y = FRIEDMAN
    days = pd.date_range("2024-01-01", periods=len(y))
    frame = pd.DataFrame(X, index=days, columns=[f"x{i}" for i in range(X.shape[1])])
    expected = clone(selector).fit(frame, y)
    anyhow = np.random.default_rng(0).permutation(len(y))  # the splitter orders rows by their times
    np.testing.assert_array_equal(clone(selector).fit(frame.iloc[anyhow], y[anyhow]).ranking_, expected.ranking_)
    without_times = clone(selector).fit(X[anyhow], y[anyhow])
    assert (without_times.ranking_ != expected.ranking_).any()


class TestGroups:
    @pytest.mark.parametrize(
        "selector",
        [
            PruningRFE(DecisionTreeRegressor(max_depth=4), CostComplexity(alpha=0.01), validation=None, cv=Recorded(3)),
            PruningRFE(DecisionTreeRegressor(max_depth=4), validation=Recorded(4)),
            PruningRFE(DecisionTreeRegressor(max_depth=4), validation=Recorded(4), cv=Recorded(3)),
            PruningPathSelector(DecisionTreeRegressor(max_depth=4), cv=Recorded(3)),
        ],
    )
    @pytest.mark.parametrize("routing", [False, True])
    def test_stay_together(self, selector, routing):
        X, y = FRIEDMAN
        Recorded.seen.clear()
        with config_context(enable_metadata_routing=routing):
            clone(selector).fit(X, y, groups=np.arange(len(y)) // 40)
        assert len(y) in Recorded.seen

    def test_folds_are_those_of_the_splitter_itself(self):
        X, y = FRIEDMAN
        groups = np.arange(len(y)) // 40
        params = {"method": CostComplexity(alpha=0.1), "validation": None}
        given = PruningRFE(DecisionTreeRegressor(random_state=0), cv=GroupKFold(4), **params).fit(X, y, groups=groups)
        listed = list(GroupKFold(4).split(X, y, groups))
        same = PruningRFE(DecisionTreeRegressor(random_state=0), cv=listed, **params).fit(X, y)
        np.testing.assert_array_equal(given.cv_scores_, same.cv_scores_)

    def test_that_nothing_takes_are_refused(self):
        X, y = FRIEDMAN
        tree = DecisionTreeRegressor(random_state=0)
        for selector in (PruningRFE(tree), PruningPathSelector(tree, alpha=0.1)):
            with pytest.raises(ValueError, match="no folds that 'groups'"):
                selector.fit(X, y, groups=np.zeros(len(y)))

    @pytest.mark.parametrize("missing", [None, np.nan])
    def test_of_rows_without_a_label_are_refused(self, missing):
        X, y = FRIEDMAN
        groups = np.where(np.arange(len(y)) < 3, missing, np.arange(len(y)) // 40)
        for selector in (PruningRFE(TREE, cv=GroupKFold(3)), PruningPathSelector(TREE, cv=GroupKFold(3))):
            with pytest.raises(ValueError, match=f"'groups' parameter must have a label.*3 of {len(y)} have none"):
                selector.fit(X, y, groups=groups)
