"""PruningRFE and PruningPathSelector keep what the pruned model uses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, make_friedman1
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from treeprune import prune
from treeprune.feature_selection import PruningPathSelector, PruningRFE
from treeprune.methods import CostComplexity

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
