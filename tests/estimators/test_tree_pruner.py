"""TreePruner keeps scikit-learn's contract and prunes by the rows that `validation` names."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingRegressor, IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupShuffleSplit,
    ShuffleSplit,
    TimeSeriesSplit,
    check_cv,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests import boosters
from treeprune import TreePruner, UnsupportedModelError, prune
from treeprune.methods import CostComplexity, MaxDepth, MinImpurityDecrease, MinimumDescriptionLength, ReducedError
from treeprune.testing import same_arrays

CANCER = load_breast_cancer(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)


# scikit-learn's own contract: no expected failure.
@parametrize_with_checks(
    [
        TreePruner(DecisionTreeClassifier(random_state=0)),
        TreePruner(DecisionTreeRegressor(random_state=0)),
        TreePruner(ExtraTreeClassifier(random_state=0), CostComplexity(alpha=0.001)),
        TreePruner(ExtraTreeRegressor(random_state=0), CostComplexity(risk="impurity", alpha=0.001)),
        TreePruner(DecisionTreeClassifier(random_state=0), "mdl"),
        TreePruner(DecisionTreeClassifier(random_state=0), ReducedError()),
        TreePruner(DecisionTreeRegressor(random_state=0), ReducedError()),
    ]
)
@pytest.mark.filterwarnings("ignore:ReducedError judges by the rows")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.fixture
def cancer_pruner():
    return TreePruner(DecisionTreeClassifier(random_state=0), CostComplexity(alpha=0.01))


def test_is_the_pruned_model(cancer_pruner):
    X, y = CANCER
    fitted = cancer_pruner.fit(X, y)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    assert same_arrays(fitted.estimator_, prune(tree, CostComplexity(alpha=0.01)))
    assert (fitted.n_leaves_, fitted.n_nodes_) == (fitted.estimator_.get_n_leaves(), fitted.estimator_.tree_.node_count)
    assert fitted.pruning_path_.n_leaves[0] == tree.get_n_leaves()
    for name in ("predict", "predict_proba", "predict_log_proba", "apply"):
        np.testing.assert_array_equal(getattr(fitted, name)(X), getattr(fitted.estimator_, name)(X))
    assert fitted.score(X, y) == fitted.estimator_.score(X, y)
    np.testing.assert_array_equal(fitted.feature_importances_, fitted.estimator_.feature_importances_)
    assert not hasattr(cancer_pruner, "decision_function")
    assert is_classifier(cancer_pruner)
    assert is_regressor(TreePruner(DecisionTreeRegressor()))


def test_method_without_a_path_has_no_path():
    assert not hasattr(TreePruner(DecisionTreeClassifier(), "mdl").fit(*CANCER), "pruning_path_")


def test_unfitted(cancer_pruner):
    with pytest.raises(NotFittedError, match="TreePruner instance is not fitted"):
        cancer_pruner.predict(CANCER[0])
    assert not hasattr(cancer_pruner, "classes_")
    assert not hasattr(cancer_pruner, "n_features_in_")


def test_deterministic_through_clone_pickle_and_refits():
    pruner = TreePruner(DecisionTreeClassifier(random_state=0), "reduced_error", validation=0.3, random_state=1)
    first = clone(pruner).fit(*CANCER).estimator_
    again = pruner.fit(*CANCER).estimator_
    assert same_arrays(first, again)
    assert same_arrays(first, pruner.fit(*CANCER).estimator_)
    restored = pickle.loads(pickle.dumps(pruner))
    assert same_arrays(first, restored.estimator_)
    assert restored.get_params().keys() == pruner.get_params().keys()


class TestWhereRowsComeFrom:
    @pytest.mark.parametrize("stratify", [True, False])
    def test_fraction(self, stratify):
        X, y = CANCER
        pruner = TreePruner(
            DecisionTreeClassifier(random_state=0), "reduced_error", validation=0.3, stratify=stratify, random_state=3
        ).fit(X, y)
        X_grow, X_judge, y_grow, y_judge = train_test_split(
            X, y, test_size=0.3, stratify=y if stratify else None, random_state=3
        )
        tree = DecisionTreeClassifier(random_state=0).fit(X_grow, y_grow)
        assert same_arrays(pruner.estimator_, prune(tree, ReducedError(), X_judge, y_judge))

    def test_last_rows(self):
        X, y = DIABETES
        pruner = TreePruner(DecisionTreeRegressor(random_state=0), ReducedError(), validation=0.25, shuffle=False)
        n = len(y) - int(np.ceil(len(y) * 0.25))
        tree = DecisionTreeRegressor(random_state=0).fit(X[:n], y[:n])
        assert same_arrays(pruner.fit(X, y).estimator_, prune(tree, ReducedError(), X[n:], y[n:]))

    @pytest.mark.parametrize("splitter", [TimeSeriesSplit(3), ShuffleSplit(2, random_state=0)])
    def test_first_split_of_a_splitter(self, splitter):
        X, y = DIABETES
        grow, judge = next(splitter.split(X, y))
        tree = DecisionTreeRegressor(random_state=0).fit(X[grow], y[grow])
        pruner = TreePruner(DecisionTreeRegressor(random_state=0), ReducedError(), validation=splitter).fit(X, y)
        assert same_arrays(pruner.estimator_, prune(tree, ReducedError(), X[judge], y[judge]))

    def test_groups_reach_the_splitter(self):
        X, y = DIABETES
        groups = np.arange(len(y)) % 7
        splitter = GroupShuffleSplit(1, random_state=0)
        grow, judge = next(splitter.split(X, y, groups))
        tree = DecisionTreeRegressor(random_state=0).fit(X[grow], y[grow])
        pruner = TreePruner(DecisionTreeRegressor(random_state=0), ReducedError(), validation=splitter)
        expected = prune(tree, ReducedError(), X[judge], y[judge])
        assert same_arrays(pruner.fit(X, y, groups=groups).estimator_, expected)
        with config_context(enable_metadata_routing=True):
            assert same_arrays(pruner.fit(X, y, groups=groups).estimator_, expected)

    @pytest.mark.parametrize("validation", [None, 0.5])
    def test_given_rows_win(self, validation):
        X, y = CANCER
        tree = DecisionTreeClassifier(random_state=0).fit(X[:300], y[:300])
        weight = np.arange(269) % 3 + 1
        pruner = TreePruner(DecisionTreeClassifier(random_state=0), "reduced_error", validation=validation)
        pruner.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:], sample_weight_val=weight)
        expected = prune(tree, "reduced_error", X[300:], y[300:], sample_weight=weight)
        assert same_arrays(pruner.estimator_, expected)

    def test_training_rows_of_a_method_that_needs_rows_draw_a_warning(self):
        with pytest.warns(UserWarning, match="judges by the rows that grew the tree"):
            TreePruner(DecisionTreeClassifier(), "reduced_error").fit(*CANCER)

    def test_single_trees_have_no_out_of_bag_rows(self):
        with pytest.raises(UnsupportedModelError, match="no out-of-bag rows"):
            TreePruner(DecisionTreeClassifier(), "reduced_error", validation="oob").fit(*CANCER)


class TestWeights:
    def test_grow_and_judge(self):
        X, y = CANCER
        weight = np.random.default_rng(0).integers(1, 5, len(y)).astype(float)
        splitter = ShuffleSplit(1, random_state=0)
        grow, judge = next(splitter.split(X))
        tree = DecisionTreeClassifier(random_state=0).fit(X[grow], y[grow], sample_weight=weight[grow])
        pruner = TreePruner(DecisionTreeClassifier(random_state=0), ReducedError(), validation=splitter)
        expected = prune(tree, ReducedError(), X[judge], y[judge], sample_weight=weight[judge])
        assert same_arrays(pruner.fit(X, y, sample_weight=weight).estimator_, expected)

    @pytest.mark.parametrize("method", [CostComplexity(alpha=0.003), "mdl"])
    def test_integer_weights_equal_repetition(self, method):
        X, y = CANCER
        weight = np.random.default_rng(0).integers(0, 4, len(y))
        pruner = TreePruner(DecisionTreeClassifier(random_state=0), method)
        weighted = clone(pruner).fit(X, y, sample_weight=weight).predict_proba(X)
        repeated = clone(pruner).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight)).predict_proba(X)
        np.testing.assert_array_equal(weighted, repeated)

    @pytest.mark.parametrize("task", ["classification", "regression"])
    def test_held_out_integer_weights_equal_repetition(self, task):
        X, y = CANCER if task == "classification" else DIABETES
        inner = DecisionTreeClassifier if task == "classification" else DecisionTreeRegressor
        half, weight = len(y) // 2, np.random.default_rng(0).integers(0, 4, len(y) - len(y) // 2)
        pruner = TreePruner(inner(random_state=0), ReducedError())
        weighted = clone(pruner).fit(X[:half], y[:half], X_val=X[half:], y_val=y[half:], sample_weight_val=weight)
        X_val, y_val = np.repeat(X[half:], weight, axis=0), np.repeat(y[half:], weight)
        repeated = clone(pruner).fit(X[:half], y[:half], X_val=X_val, y_val=y_val)
        assert same_arrays(weighted.estimator_, repeated.estimator_)

    @pytest.mark.parametrize("inner", [DecisionTreeClassifier(), RandomForestClassifier(4)])
    @pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 8.0}])
    def test_class_weights_apply_to_held_out_rows(self, inner, class_weight):
        """They follow from the rows that grew the model, be they others than a bootstrap's trees can tell of."""
        X, y = CANCER
        grow = np.r_[np.flatnonzero(y == 0)[:60], np.flatnonzero(y == 1)[:240]]
        judge = np.setdiff1d(np.arange(len(y)), grow)
        inner = clone(inner).set_params(random_state=0, class_weight=class_weight)
        share = {c: len(grow) / (2 * (y[grow] == c).sum()) for c in (0, 1)}
        weights = np.array([(share if class_weight == "balanced" else class_weight)[c] for c in y[judge]])
        grown, rows = clone(inner).fit(X[grow], y[grow]), (X[judge], y[judge])
        expected = prune(grown, ReducedError(), *rows, sample_weight=weights, class_weight=None)
        pruner = TreePruner(inner, ReducedError(), validation=check_cv([(grow, judge)])).fit(X, y)
        trees = [getattr(model, "estimators_", [model]) for model in (pruner.estimator_, expected)]
        assert all(map(same_arrays, *trees))

    def test_routed(self):
        X, y = CANCER
        weight = (np.arange(len(y)) % 4 + 1).astype(float)
        inner = DecisionTreeClassifier(random_state=0)
        direct = TreePruner(inner, CostComplexity(alpha=0.01)).fit(X, y, sample_weight=weight)
        with config_context(enable_metadata_routing=True):
            routed_inner = inner.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
            pruner = TreePruner(routed_inner, CostComplexity(alpha=0.01)).set_fit_request(sample_weight=True)
            pruner.set_score_request(sample_weight=True)
            routed = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), pruner)
            routed.fit(X, y, sample_weight=weight)
            cross_val_score(pruner, X, y, params={"sample_weight": weight})
        assert routed[-1].n_leaves_ == direct.n_leaves_

    @pytest.mark.parametrize(
        ("weight", "message"),
        [(-1.0, "must be non-negative. Got -1.0"), (np.nan, "must be finite. Got nan"), (0.0, "must not be zero")],
    )
    def test_bad(self, weight, message, cancer_pruner):
        weights = np.full(len(CANCER[1]), weight)
        with pytest.raises(ValueError, match=f"The 'sample_weight' parameter {message}"):
            cancer_pruner.fit(*CANCER, sample_weight=weights)


class TestRefitLeaves:
    @pytest.mark.parametrize(
        ("inner", "data"),
        [
            (DecisionTreeClassifier(random_state=0), CANCER),
            (DecisionTreeClassifier(random_state=0, criterion="entropy"), load_iris(return_X_y=True)),
            (DecisionTreeRegressor(random_state=0), DIABETES),
            (DecisionTreeRegressor(random_state=0, criterion="poisson"), DIABETES),
            (DecisionTreeRegressor(random_state=0, criterion="absolute_error"), DIABETES),
            (DecisionTreeRegressor(random_state=0), (DIABETES[0], np.c_[DIABETES[1], -DIABETES[1]])),
            (
                DecisionTreeRegressor(random_state=0, criterion="absolute_error"),
                (DIABETES[0], np.c_[DIABETES[1]] * [1, 2]),
            ),
        ],
        ids=lambda part: str(part) if isinstance(part, BaseEstimator) else "",
    )
    def test_gives_the_tree_that_all_rows_would_have_given(self, inner, data):
        """On the very rows that grew the tree, refitting changes nothing but the last bits."""
        X, y = data
        plain = TreePruner(inner, CostComplexity(n_leaves=8)).fit(X, y).estimator_.tree_
        refitted = TreePruner(inner, CostComplexity(n_leaves=8), refit_leaves=True).fit(X, y).estimator_.tree_
        np.testing.assert_array_equal(plain.n_node_samples, refitted.n_node_samples)
        np.testing.assert_allclose(plain.value, refitted.value, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(plain.impurity, refitted.impurity, rtol=1e-9, atol=1e-9)

    def test_uses_the_held_out_rows(self):
        X, y = DIABETES
        inner = DecisionTreeRegressor(random_state=0)
        pruner = TreePruner(inner, ReducedError(), validation=0.4, refit_leaves=True, random_state=0).fit(X, y)
        leaf = pruner.apply(X)
        for node in np.unique(leaf):
            assert pruner.estimator_.tree_.value[node].item() == pytest.approx(y[leaf == node].mean())
            assert pruner.estimator_.tree_.n_node_samples[node] == (leaf == node).sum()

    def test_absolute_error_takes_medians(self):
        X, y = DIABETES
        inner = DecisionTreeRegressor(random_state=0, criterion="absolute_error", max_depth=5)
        pruner = TreePruner(inner, ReducedError(loss="absolute_error"), validation=0.4, refit_leaves=True).fit(X, y)
        leaf = pruner.apply(X)
        for node in np.unique(leaf):
            assert pruner.predict(X)[leaf == node][0] == np.median(y[leaf == node])
        mean = np.average(pruner.estimator_.tree_.impurity[leaf])
        assert mean == pytest.approx(mean_absolute_error(y, pruner.predict(X)))

    def test_refuses_to_break_monotonic_constraints(self):
        inner = DecisionTreeRegressor(monotonic_cst=[1] + 9 * [0])
        with pytest.raises(ValueError, match="'refit_leaves' parameter must be False"):
            TreePruner(inner, refit_leaves=True).fit(*DIABETES)


class TestEnsembles:
    def test_out_of_bag_rows_judge_each_tree(self):
        X, y = DIABETES
        forest = RandomForestRegressor(n_estimators=8, random_state=0)
        pruner = TreePruner(forest, ReducedError(), validation="oob").fit(X, y)
        fitted = clone(forest).fit(X, y)
        for tree, small, drawn in zip(
            fitted.estimators_, pruner.estimator_.estimators_, fitted.estimators_samples_, strict=True
        ):
            left_out = np.setdiff1d(np.arange(len(y)), drawn)
            expected = prune(tree, ReducedError(), X[left_out].astype(np.float32), y[left_out])
            np.testing.assert_array_equal(small.tree_.feature, expected.tree_.feature)

    def test_what_a_model_does_not_store_is_worked_out_from_the_training_rows(self):
        X, y = DIABETES
        model = GradientBoostingRegressor(loss="absolute_error", n_estimators=5, random_state=0)
        pruner = TreePruner(model, MaxDepth(1)).fit(X, y)
        expected = prune(clone(model).fit(X, y), MaxDepth(1), X, y)
        np.testing.assert_array_equal(pruner.predict(X), expected.predict(X))

    @pytest.mark.parametrize(("library", "name"), [("xgboost", "XGBRanker"), ("lightgbm", "LGBMRanker")])
    def test_rankers(self, library, name):
        ranker = getattr(pytest.importorskip(library), name)(n_estimators=4, max_depth=5, n_jobs=1)
        X, y = boosters.rows()[0], boosters.target("ranks")
        method = MinImpurityDecrease(0.5)
        pruner = TreePruner(ranker, method).fit(X, y, group=[40] * 6)
        expected = prune(clone(ranker).fit(X, y, group=[40] * 6), method)
        assert type(pruner.estimator_) is type(ranker)
        np.testing.assert_array_equal(pruner.predict(X), expected.predict(X))
        assert not is_classifier(pruner)
        assert not is_regressor(pruner)

    def test_isolation_forest_keeps_its_share_of_outliers(self):
        X = CANCER[0]
        pruner = TreePruner(IsolationForest(contamination=0.1, n_estimators=20, random_state=0), MaxDepth(4))
        assert (pruner.fit_predict(X) == -1).mean() == pytest.approx(0.1, abs=0.005)
        np.testing.assert_array_equal(pruner.score_samples(X), pruner.estimator_.score_samples(X))


class TestInScikitLearn:
    def test_grid_search_over_alpha_and_over_method(self):
        tree = DecisionTreeClassifier(random_state=0)
        over_alpha = GridSearchCV(TreePruner(tree, CostComplexity()), {"method__alpha": [0.0, 0.005, 0.02]}, cv=4)
        plain = GridSearchCV(tree, {"ccp_alpha": [0.0, 0.005, 0.02]}, cv=4).fit(*CANCER)
        over_alpha.fit(*CANCER)
        np.testing.assert_array_equal(over_alpha.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"])
        methods = [CostComplexity(alpha=0.01), MinimumDescriptionLength(), "reduced_error"]
        over_method = GridSearchCV(TreePruner(tree, validation=0.3, random_state=0), {"method": methods}, cv=3)
        over_method.fit(*CANCER)
        assert np.isfinite(over_method.cv_results_["mean_test_score"]).all()

    def test_equal_fits_hit_the_cache(self, tmp_path):
        fits = tmp_path / "fits"
        fits.mkdir()
        pruner = TreePruner(CountingTree(str(fits)), CostComplexity(), memory=str(tmp_path / "cache"))
        GridSearchCV(pruner, {"method__alpha": np.linspace(0, 0.02, 6)}, cv=3, refit=False).fit(*CANCER)
        assert len(list(fits.iterdir())) == 3

    def test_pipeline_and_cross_val_score(self, cancer_pruner):
        scores = cross_val_score(make_pipeline(StandardScaler(), cancer_pruner), *CANCER, cv=3)
        assert scores.min() > 0.85

    def test_data_frames_keep_their_names(self, cancer_pruner):
        X, y = load_breast_cancer(return_X_y=True, as_frame=True)
        cancer_pruner.fit(X, y)
        assert list(cancer_pruner.feature_names_in_) == list(X.columns)
        with pytest.raises(ValueError, match="feature names should match"):
            cancer_pruner.predict(X.rename(columns={"mean radius": "radius"}))
        labels = pd.Series(np.where(y, "benign", "malignant"))
        assert set(cancer_pruner.fit(X, labels).predict(X)) == {"benign", "malignant"}


class CountingTree(DecisionTreeClassifier):
    """Leaves a file in a folder for each fit."""

    def __init__(self, folder):
        super().__init__(random_state=0)
        self.folder = folder

    def fit(self, X, y, sample_weight=None, check_input=True):
        import tempfile

        tempfile.mkstemp(dir=self.folder)
        return super().fit(X, y, sample_weight=sample_weight, check_input=check_input)


@pytest.mark.parametrize("validation", [0.0, 1.0, 1, -0.2, "holdout", True, np.nan])
def test_bad_validation(validation, cancer_pruner):
    with pytest.raises(ValueError, match="The 'validation' parameter of TreePruner must be"):
        cancer_pruner.set_params(validation=validation).fit(*CANCER)


@pytest.mark.parametrize("name", ["shuffle", "stratify", "refit_leaves"])
def test_bad_switches(name, cancer_pruner):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of TreePruner must be a bool. Got 'no' instead"):
        cancer_pruner.set_params(**{name: "no"}).fit(*CANCER)


def test_rows_to_judge_by_come_with_their_targets(cancer_pruner):
    X, y = CANCER
    with pytest.raises(ValueError, match="'X_val' parameter needs 'y_val'"):
        cancer_pruner.fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="need 'X_val'"):
        cancer_pruner.fit(X, y, y_val=y)
    with pytest.raises(ValueError, match=r"y contains previously unseen labels: \[7\]"):
        cancer_pruner.fit(X, y, X_val=X[:3], y_val=[0, 1, 7])


def test_estimators_that_are_no_trees_are_refused():
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(UnsupportedModelError, match="No adapter for sklearn"):
        TreePruner(LogisticRegression(max_iter=10_000)).fit(*load_iris(return_X_y=True))


def test_default_prunes_nothing():
    X, y = CANCER
    pruner = TreePruner(DecisionTreeClassifier(random_state=0)).fit(X, y)
    assert same_arrays(pruner.estimator_, DecisionTreeClassifier(random_state=0).fit(X, y))
