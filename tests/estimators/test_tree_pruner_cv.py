"""TreePrunerCV is GridSearchCV over every step of the path, without its refits."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
    make_classification,
    make_friedman1,
)
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import check_scoring, get_scorer, make_scorer, mean_absolute_error, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.zoo import OLD_SCIKIT_LEARN
from treeprune import TreePruner, TreePrunerCV, UnsupportedModelError, prune, pruning_path
from treeprune.estimators import expected_cost
from treeprune.estimators.candidates import midpoints
from treeprune.methods import (
    ALIASES,
    CostComplexity,
    CriticalValue,
    ErrorBased,
    HierarchicalShrinkage,
    MaxDepth,
    MinSamples,
    OptimalSubtree,
    PathMethod,
    Significance,
)
from treeprune.testing import same_arrays

CANCER = load_breast_cancer(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)


def _holes(X, y):
    X = X.copy()
    X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    return X, y


CLASSES = {
    "iris": load_iris(return_X_y=True),
    "wine": load_wine(return_X_y=True),
    "cancer, holes": _holes(*CANCER),
    "digits": tuple(part[:400] for part in load_digits(return_X_y=True)),
    "three classes": make_classification(500, 8, n_informative=5, n_classes=3, flip_y=0.1, random_state=0),
    "names": (CANCER[0][:250], np.array(["malignant", "benign"])[CANCER[1][:250]]),
}
NUMBERS = {
    "diabetes": DIABETES,
    "diabetes, holes": _holes(*DIABETES),
    "friedman": make_friedman1(400, noise=1.0, random_state=0),
    "far from zero": (DIABETES[0], DIABETES[1] + 1e6),
    "counts": (DIABETES[0], 1 + np.random.default_rng(0).poisson(DIABETES[1] / 50)),
    "3 outputs": load_linnerud(return_X_y=True),
}


def _cases():
    for name, data in CLASSES.items():
        for scoring in (None, "neg_log_loss", "balanced_accuracy", "neg_brier_score"):
            if (name, scoring) == ("names", "neg_brier_score"):
                continue  # scikit-learn's scorer knows no positive class
            yield pytest.param(DecisionTreeClassifier(random_state=0), data, scoring, id=f"{name}, {scoring}")
    for name, data in NUMBERS.items():
        inner = DecisionTreeRegressor(random_state=0, min_samples_leaf=3)
        for scoring in (None, "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_mean_absolute_error"):
            yield pytest.param(inner, data, scoring, id=f"{name}, {scoring}")
    for scoring in ("neg_mean_poisson_deviance", "neg_mean_gamma_deviance"):
        yield pytest.param(DecisionTreeRegressor(random_state=0), NUMBERS["counts"], scoring, id=f"counts, {scoring}")


def _grid_search(inner, pruner, X, y, **params):
    alphas = pruner.cv_results_["param_alpha"]
    few = np.unique(np.linspace(0, len(alphas) - 1, 7).astype(int))
    scores = {"cv": pruner.cv, "scoring": pruner.scoring, "refit": False, "return_train_score": True}
    return few, GridSearchCV(inner, {"ccp_alpha": alphas[few]}, **scores).fit(X, y, **params).cv_results_


class TestEqualsGridSearch:
    @pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
    @pytest.mark.parametrize(("inner", "data", "scoring"), list(_cases()))
    def test_scores_of_all_folds(self, inner, data, scoring, weighted):
        if weighted and OLD_SCIKIT_LEARN:
            pytest.skip("scores of GridSearchCV know no weights before scikit-learn 1.7")
        if scoring == "neg_brier_score" and OLD_SCIKIT_LEARN:
            pytest.skip("the Brier score knows two classes only before scikit-learn 1.7")
        X, y = data
        weights = {"sample_weight": np.random.default_rng(1).gamma(2.0, size=len(y))} if weighted else {}
        pruner = TreePrunerCV(inner, cv=4, scoring=scoring, return_train_score=True, n_candidates="all")
        results = pruner.fit(X, y, **weights).cv_results_
        few, expected = _grid_search(inner, pruner, X, y, **weights)
        for fold in range(4):
            name = f"split{fold}_test_score"
            np.testing.assert_allclose(results[name][few], expected[name], rtol=1e-12, atol=1e-12)
        for name in ("mean_test_score", "std_test_score", "mean_train_score"):
            np.testing.assert_allclose(results[name][few], expected[name], rtol=1e-11, atol=1e-12)

    @pytest.mark.parametrize("inner", [DecisionTreeClassifier(random_state=0), ExtraTreeClassifier(random_state=0)])
    def test_the_pruned_model_is_the_refit(self, inner):
        for rule in ("best", "1se", lambda results: len(results["params"]) - 1):
            pruner = TreePrunerCV(inner, rule=rule).fit(*CANCER)
            assert same_arrays(pruner.estimator_, clone(inner).set_params(ccp_alpha=pruner.alpha_).fit(*CANCER))

    def test_class_weights_weigh_growing_and_not_scores(self):
        inner = DecisionTreeClassifier(random_state=0, class_weight={0: 3.0, 1: 1.0})
        pruner = TreePrunerCV(inner).fit(*CANCER)
        few, expected = _grid_search(inner, pruner, *CANCER)
        np.testing.assert_allclose(pruner.cv_results_["mean_test_score"][few], expected["mean_test_score"], rtol=1e-12)

    def test_any_scorer(self):
        def scorer(model, X, y):
            return -mean_absolute_error(y, model.predict(X)) - model.get_n_leaves() / 100

        for scoring, data, inner in (
            ("roc_auc", CANCER, DecisionTreeClassifier(random_state=0)),
            (scorer, DIABETES, DecisionTreeRegressor(random_state=0)),
        ):
            pruner = TreePrunerCV(inner, scoring=scoring, return_train_score=True).fit(*data)
            few, expected = _grid_search(inner, pruner, *data)
            np.testing.assert_allclose(
                pruner.cv_results_["mean_test_score"][few], expected["mean_test_score"], rtol=1e-12
            )

    @pytest.mark.parametrize("name", ["accuracy", "neg_log_loss"])
    def test_names_and_scorers_are_the_same(self, name):
        inner = DecisionTreeClassifier(random_state=0)
        by_name, by_scorer = (
            TreePrunerCV(inner, scoring=scoring).fit(*CANCER).cv_results_ for scoring in (name, get_scorer(name))
        )
        np.testing.assert_array_equal(by_name["mean_test_score"], by_scorer["mean_test_score"])

    def test_expected_cost(self):
        costs = [[0, 1], [7, 0]]
        scoring = make_scorer(expected_cost, greater_is_better=False, cost_matrix=costs)
        inner = DecisionTreeClassifier(random_state=0)
        pruner = TreePrunerCV(inner, scoring=scoring).fit(*CANCER)
        few, expected = _grid_search(inner, pruner, *CANCER)
        np.testing.assert_allclose(pruner.cv_results_["mean_test_score"][few], expected["mean_test_score"], rtol=1e-12)
        with pytest.raises(ValueError, match="'cost_matrix' parameter must hold finite costs of shape"):
            expected_cost([0, 1, 2], [0, 1, 2], cost_matrix=costs)
        with pytest.raises(ValueError, match=r"Missing: \[2\]"):
            expected_cost([0, 1, 2], [0, 1, 1], cost_matrix=costs, labels=[0, 1])

    def test_zero_predictions_have_no_poisson_deviance(self):
        """As in scikit-learn, where the metric refuses them and the search says NaN."""
        X, y = DIABETES[0], np.random.default_rng(0).poisson(0.5, len(DIABETES[1]))
        pruner = TreePrunerCV(DecisionTreeRegressor(random_state=0), scoring="neg_mean_poisson_deviance")
        with pytest.warns(UserWarning, match="One or more of the test scores are non-finite"):
            pruner.fit(X, y)
        with pytest.warns(UserWarning, match="non-finite|Scoring failed"):
            few, expected = _grid_search(pruner.estimator, pruner, X, y)
        np.testing.assert_allclose(pruner.cv_results_["mean_test_score"][few], expected["mean_test_score"], rtol=1e-12)


class TestCandidates:
    def test_midpoints(self):
        np.testing.assert_allclose(midpoints(np.array([0.0, 1.0, 4.0, 9.0])), [0, 2, 6, 90])
        np.testing.assert_array_equal(midpoints(np.zeros(1)), [0.0])

    def test_every_step_is_a_candidate(self):
        pruner = TreePrunerCV(DecisionTreeRegressor(random_state=0)).fit(*DIABETES)
        np.testing.assert_array_equal(pruner.cv_results_["n_leaves"], pruner.pruning_path_.n_leaves)
        np.testing.assert_array_equal(pruner.cv_results_["step"], np.arange(len(pruner.pruning_path_)))

    def test_a_few_steps(self):
        pruner = TreePrunerCV(DecisionTreeRegressor(random_state=0), n_candidates=10).fit(*DIABETES)
        steps = pruner.cv_results_["step"]
        assert len(steps) <= 12
        assert (steps[0], steps[-1]) == (0, len(pruner.pruning_path_) - 1)
        whole = clone(pruner).set_params(n_candidates="all").fit(*DIABETES).cv_results_
        np.testing.assert_array_equal(pruner.cv_results_["n_leaves"], whole["n_leaves"][steps])
        np.testing.assert_allclose(pruner.cv_results_["mean_test_score"], whole["mean_test_score"][steps], rtol=1e-12)

    def test_other_nested_paths(self):
        pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), CriticalValue(), rule="best").fit(*CANCER)
        assert pruner.cv_results_["n_leaves"][-1] == 1
        assert pruner.score(*CANCER) > 0.9

    @pytest.mark.parametrize(
        ("method", "grid"),
        [
            (ErrorBased(), {"confidence": [0.01, 0.1, 0.25]}),
            (HierarchicalShrinkage(), [{"reg": [0.0, 10.0]}, {"reg": [100.0]}]),
            (CostComplexity(), {"alpha": [0.0, 0.01], "risk": ["impurity", "error"]}),
        ],
    )
    def test_parameter_grids_never_refit(self, method, grid):
        CountingTree.n_fits = 0
        pruner = TreePrunerCV(CountingTree(random_state=0), method, param_grid=grid, cv=3).fit(*CANCER)
        assert CountingTree.n_fits == 4
        results = pruner.cv_results_
        for row, params in enumerate(results["params"]):
            for name, value in params.items():
                assert results[f"param_{name}"][row] == value
        fold = next(iter(StratifiedKFold(3).split(*CANCER)))
        X, y = CANCER
        grown = DecisionTreeClassifier(random_state=0).fit(X[fold[0]], y[fold[0]])
        rows = (X[fold[0]], y[fold[0]]) if method.needs_training_rows else ()
        one = prune(grown, clone(method).set_params(**results["params"][1]), *rows)
        assert results["split0_test_score"][1] == one.score(X[fold[1]], y[fold[1]])
        assert not hasattr(pruner, "alpha_")

    def test_one_fit_per_fold(self):
        CountingTree.n_fits = 0
        TreePrunerCV(CountingTree(random_state=0), cv=7).fit(*CANCER)
        assert CountingTree.n_fits == 8

    def test_methods_without_a_path_need_a_grid(self):
        with pytest.raises(ValueError, match="ErrorBased gives no nested path of trees: give a 'param_grid'"):
            TreePrunerCV(DecisionTreeClassifier(), ErrorBased()).fit(*CANCER)


class CountingTree(DecisionTreeClassifier):
    n_fits = 0

    def fit(self, X, y, sample_weight=None, check_input=True):
        CountingTree.n_fits += 1
        return super().fit(X, y, sample_weight=sample_weight, check_input=check_input)


ENSEMBLES = [
    (RandomForestClassifier(15, random_state=0), CANCER, None),
    (ExtraTreesRegressor(15, random_state=0), DIABETES, "neg_root_mean_squared_error"),
    (RandomForestRegressor(15, random_state=0), NUMBERS["3 outputs"], "neg_mean_absolute_error"),
    (BaggingClassifier(DecisionTreeClassifier(), 15, random_state=0), CLASSES["names"], "neg_log_loss"),
]


class TestEnsembles:
    @pytest.mark.parametrize(("inner", "data", "scoring"), ENSEMBLES)
    def test_scores_are_those_of_the_pruned_models(self, inner, data, scoring):
        X, y = data
        pruner = TreePrunerCV(inner, cv=list(KFold(3, shuffle=True, random_state=0).split(X)), scoring=scoring)
        results = pruner.set_params(n_candidates=8).fit(X, y).cv_results_
        grow, judge = pruner.cv[1]
        path = pruning_path(clone(inner).fit(X[grow], y[grow]))
        scorer = check_scoring(inner, scoring=scoring)
        expected = [scorer(path.prune(alpha=alpha), X[judge], y[judge]) for alpha in results["param_alpha"]]
        np.testing.assert_allclose(results["split1_test_score"], expected, rtol=1e-12)
        assert type(pruner.estimator_) is type(inner)

    @pytest.mark.parametrize("inner", [RandomForestClassifier(30), ExtraTreesRegressor(30, bootstrap=True)])
    def test_out_of_bag(self, inner):
        X, y = CANCER if isinstance(inner, RandomForestClassifier) else DIABETES
        inner = clone(inner).set_params(random_state=0, oob_score=True)
        pruner = TreePrunerCV(inner, cv="oob", n_candidates=6).fit(X, y)
        results = pruner.cv_results_
        assert pruner.n_splits_ == 1
        assert results["split0_test_score"][0] == pytest.approx(clone(inner).fit(X, y).oob_score_, rel=1e-12)
        assert (results["standard_error"] > 0).all()
        assert pruner.n_leaves_ < results["n_leaves"][0]

    def test_out_of_bag_in_parts(self, monkeypatch):
        whole, parts = TreePrunerCV(RandomForestRegressor(10, random_state=0), cv="oob", n_candidates=6), None
        whole.fit(*DIABETES)
        monkeypatch.setattr("treeprune.estimators.stepwise.MOST_NUMBERS", 1000)
        parts = clone(whole).fit(*DIABETES)
        np.testing.assert_array_equal(whole.cv_results_["mean_test_score"], parts.cv_results_["mean_test_score"])

    def test_out_of_bag_refused(self):
        with pytest.raises(UnsupportedModelError, match="no out-of-bag rows"):
            TreePrunerCV(DecisionTreeClassifier(), cv="oob").fit(*CANCER)
        with pytest.raises(ValueError, match="can be 'oob' for the mean of trees and for scores that are means"):
            TreePrunerCV(RandomForestClassifier(5), cv="oob", scoring="roc_auc").fit(*CANCER)
        with pytest.raises(ValueError, match="can be 'oob' without 'param_grid'"):
            TreePrunerCV(RandomForestClassifier(5), cv="oob", return_train_score=True).fit(*CANCER)


WITH_PATH = [cls() for cls in ALIASES.values() if issubclass(cls, PathMethod) and cls.nested]
WITH_PATH += [CostComplexity(risk="error"), MinSamples(split=12), Significance(adjustment="splits")]


class TestKnobs:
    """The strength in the unit of the method's own parameter."""

    @pytest.mark.parametrize("method", WITH_PATH, ids=repr)
    def test_scores_are_those_of_a_search_over_the_parameter(self, method):
        tree = DecisionTreeClassifier(random_state=0)
        pruner = TreePrunerCV(tree, method, cv=3).fit(*CANCER)
        results = pruner.cv_results_
        values = [params[method.knob] for params in results["params"]]
        np.testing.assert_array_equal(results[f"param_{method.knob}"], values)
        search = GridSearchCV(TreePruner(tree, method), {f"method__{method.knob}": values}, cv=3, refit=False)
        expected = search.fit(*CANCER).cv_results_
        for fold in range(3):
            name = f"split{fold}_test_score"
            np.testing.assert_allclose(results[name], expected[name], rtol=1e-12)

    @pytest.mark.parametrize("data", [CANCER, DIABETES], ids=["classes", "numbers"])
    @pytest.mark.parametrize("method", WITH_PATH, ids=repr)
    def test_every_candidate_is_what_the_method_gives(self, method, data):
        numbers = data is DIABETES
        if numbers and getattr(method, "risk", None) == "error":
            return
        grown = (DecisionTreeRegressor if numbers else DecisionTreeClassifier)(random_state=0).fit(*data)
        n_candidates = len(pruning_path(grown, method))
        for row in (0, n_candidates // 3, 2 * n_candidates // 3, n_candidates - 1):
            pruner = TreePrunerCV(grown, method, cv=2, rule=lambda results, row=row: min(row, len(results["step"]) - 1))
            pruner.fit(*data)
            value = pruner.best_params_[method.knob]
            assert type(value) is (int if method.knob in ("max_depth", "leaf") else float)
            assert same_arrays(pruner.estimator_, prune(grown, clone(method).set_params(**pruner.best_params_)))
            assert pruner.n_leaves_ == pruner.cv_results_["n_leaves"][pruner.best_index_]
            assert same_arrays(pruner.estimator_, pruner.pruning_path_.prune(alpha=pruner.alpha_))
            if row == 0 and not getattr(method, "split", 2) > 2:
                assert same_arrays(pruner.estimator_, grown)
        assert pruner.n_leaves_ == pruner.pruning_path_.n_leaves[-1]

    @pytest.mark.parametrize(
        ("method", "grid"),
        [
            (OptimalSubtree(), {"n_leaves": [3, 5]}),
            (HierarchicalShrinkage(), {"reg": [10.0]}),
            (ErrorBased(raising=False), {"confidence": [0.1, 0.25]}),
        ],
        ids=repr,
    )
    def test_without_a_nested_path(self, method, grid):
        grown = DecisionTreeClassifier(random_state=0).fit(*CANCER)
        pruner = TreePrunerCV(grown, method, param_grid=grid, cv=3).fit(*CANCER)
        assert pruner.best_params_.keys() == grid.keys() == {method.knob}
        assert same_arrays(pruner.estimator_, prune(grown, clone(method).set_params(**pruner.best_params_)))

    def test_depths(self):
        pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), "max_depth").fit(*CANCER)
        depth = DecisionTreeClassifier(random_state=0).fit(*CANCER).get_depth()
        assert pruner.cv_results_["param_max_depth"].tolist() == list(range(depth, -1, -1))
        assert pruner.best_params_ == {"max_depth": pruner.estimator_.get_depth()}
        assert pruner.to_frame()["max_depth"].tolist() == list(range(depth, -1, -1))

    @pytest.mark.parametrize("method", WITH_PATH, ids=repr)
    def test_fitted_pruners_can_be_pickled(self, method):
        for cls in (TreePruner, TreePrunerCV):
            pruner = cls(DecisionTreeClassifier(random_state=0), method).fit(*CANCER)
            twin = pickle.loads(pickle.dumps(pruner)).pruning_path_
            assert twin.to_frame().equals(pruner.pruning_path_.to_frame())

    def test_an_ensemble(self):
        forest = RandomForestClassifier(5, random_state=0)
        pruner = TreePrunerCV(forest, MaxDepth(), cv=3).fit(*CANCER)
        expected = prune(forest.fit(*CANCER), MaxDepth(**pruner.best_params_))
        np.testing.assert_array_equal(pruner.predict_proba(CANCER[0]), expected.predict_proba(CANCER[0]))


class TestRules:
    def test_one_standard_error(self):
        results = TreePrunerCV(DecisionTreeRegressor(random_state=0)).fit(*DIABETES).cv_results_
        mean, error = results["mean_test_score"], results["standard_error"]
        best = TreePrunerCV(DecisionTreeRegressor(random_state=0), rule="best").fit(*DIABETES).best_index_
        assert mean[best] == mean.max()
        within = np.flatnonzero(mean >= mean[best] - error[best])
        chosen = TreePrunerCV(DecisionTreeRegressor(random_state=0), rule="1se").fit(*DIABETES)
        assert chosen.best_index_ == within[-1]
        assert chosen.n_leaves_ == results["n_leaves"][within].min()
        assert chosen.best_params_ == {"alpha": chosen.alpha_}

    def test_callable_rule(self):
        pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), rule=lambda results: 2).fit(*CANCER)
        assert pruner.best_index_ == 2
        for wrong, error in ((lambda results: 0.5, TypeError), (lambda results: 10_000, IndexError)):
            with pytest.raises(error, match="'rule' parameter, called, must return"):
                pruner.set_params(rule=wrong).fit(*CANCER)

    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize(
        ("scoring", "loss"),
        [
            ("neg_mean_squared_error", lambda y, p: (y - p) ** 2),
            ("neg_mean_absolute_error", lambda y, p: np.abs(y - p)),
            ("neg_mean_gamma_deviance", lambda y, p: 2 * (np.log(p / y) + y / p - 1)),
        ],
    )
    def test_standard_error_of_rows(self, scoring, loss, weighted):
        """Breiman's and rpart's, over the rows one by one."""
        X, y = DIABETES
        weight = np.random.default_rng(0).integers(1, 4, len(y)).astype(float) if weighted else np.ones(len(y))
        inner = DecisionTreeRegressor(random_state=0)
        pruner = TreePrunerCV(inner, scoring=scoring, rule="best", standard_error="rows")
        pruner.fit(X, y, sample_weight=weight)
        tree, losses = clone(inner).set_params(ccp_alpha=pruner.alpha_), np.empty(len(y))
        for train, test in KFold(5).split(X):
            tree.fit(X[train], y[train], sample_weight=weight[train])
            losses[test] = loss(y[test], tree.predict(X[test]))
        n = weight.sum()
        expected = np.sqrt((weight * losses**2).sum() - (weight * losses).sum() ** 2 / n) / n
        assert pruner.cv_results_["standard_error"][pruner.best_index_] == pytest.approx(expected, rel=1e-9)

    def test_standard_error_of_accuracy_is_binomial(self):
        X, y = CANCER
        results = TreePrunerCV(DecisionTreeClassifier(random_state=0), cv=KFold(50)).fit(X[:100], y[:100]).cv_results_
        p = results["mean_test_score"]
        np.testing.assert_allclose(results["standard_error"], np.sqrt(p * (1 - p) / 100), rtol=1e-9)

    def test_standard_error_of_folds(self):
        for options in ({"standard_error": "folds"}, {"scoring": "roc_auc"}):
            results = TreePrunerCV(DecisionTreeClassifier(random_state=0), **options).fit(*CANCER).cv_results_
            scores = np.array([results[f"split{fold}_test_score"] for fold in range(5)])
            np.testing.assert_allclose(results["standard_error"], scores.std(axis=0, ddof=1) / np.sqrt(5), rtol=1e-12)

    def test_rows_have_no_standard_error_where_the_score_is_no_mean(self):
        with pytest.raises(ValueError, match="'standard_error' parameter of TreePrunerCV must be 'folds' or 'auto'"):
            TreePrunerCV(DecisionTreeClassifier(), scoring="roc_auc", standard_error="rows").fit(*CANCER)

    def test_table_like_cptable(self):
        pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(*CANCER)
        frame = pruner.to_frame()
        columns = ["alpha", "n_leaves", "relative_error", "cv_score", "standard_error", "mark"]
        assert list(frame.columns) == columns
        assert frame.index.name == "step"
        assert frame["relative_error"].iloc[-1] == pytest.approx(1)
        assert frame["mark"].iloc[pruner.best_index_] == "chosen"
        assert (frame["mark"] != "").sum() == 2


class TestFolds:
    def test_splitters_and_lists_of_splits(self):
        X, y = DIABETES
        inner = DecisionTreeRegressor(random_state=0)
        for cv in (KFold(3, shuffle=True, random_state=1), TimeSeriesSplit(4), list(KFold(4).split(X))):
            pruner = TreePrunerCV(inner, cv=cv).fit(X, y)
            few, expected = _grid_search(inner, pruner, X, y)
            mean = pruner.cv_results_["mean_test_score"][few]
            np.testing.assert_allclose(mean, expected["mean_test_score"], rtol=1e-12)

    def test_groups_go_to_the_splitter_and_make_the_folds_the_unit(self):
        X, y = DIABETES
        groups = np.arange(len(y)) % 7
        pruner = TreePrunerCV(DecisionTreeRegressor(random_state=0), cv=GroupKFold(4)).fit(X, y, groups=groups)
        few, expected = _grid_search(pruner.estimator, pruner, X, y, groups=groups)
        mean = pruner.cv_results_["mean_test_score"][few]
        np.testing.assert_allclose(mean, expected["mean_test_score"], rtol=1e-12)
        scores = np.array([pruner.cv_results_[f"split{fold}_test_score"] for fold in range(4)])
        np.testing.assert_allclose(pruner.cv_results_["standard_error"], scores.std(axis=0, ddof=1) / 2, rtol=1e-12)

    def test_too_few_rows(self):
        X, y = DIABETES
        with pytest.raises(ValueError, match="Cannot have number of splits n_splits=5 greater than the number"):
            TreePrunerCV(DecisionTreeRegressor()).fit(X[:3], y[:3])

    @pytest.mark.parametrize("scoring", ["accuracy", "balanced_accuracy", "neg_log_loss", "neg_brier_score"])
    def test_a_fold_that_lacks_a_class_when_growing(self, scoring):
        X, y = load_iris(return_X_y=True)
        pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), cv=KFold(3), scoring=scoring)
        message = (
            r"classes in training fold 0 \(2\) does not match total number of classes \(3\) \(nor in 2 more folds\)"
        )
        with pytest.warns(UserWarning, match=message) as said:
            pruner.fit(X, y)
        assert len(said) == 1
        worst = {"accuracy": 0, "balanced_accuracy": 0, "neg_log_loss": np.log(np.finfo(float).eps)}
        if scoring in worst:
            np.testing.assert_allclose(pruner.cv_results_["split0_test_score"], worst[scoring])
        assert np.isfinite(pruner.cv_results_["mean_test_score"]).all()

    @pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
    def test_a_fold_that_lacks_a_class_when_judging(self, scoring):
        X, y = CANCER
        order = np.argsort(y, kind="stable")
        splits = [(np.r_[0:100, 300:569], np.r_[100:300]), (np.r_[0:300, 400:569], np.r_[300:400])]
        TreePrunerCV(DecisionTreeClassifier(random_state=0), cv=splits, scoring=scoring).fit(X[order], y[order])

    @pytest.mark.parametrize(
        "index",
        [
            pd.date_range("2020-01-01", periods=442),
            pd.period_range("2020-01-01", periods=442, freq="D"),
            pd.timedelta_range("0h", periods=442, freq="h"),
            pd.Index([d.date() for d in pd.date_range("2020-01-01", periods=442)]),
            pd.date_range("2020-01-01", periods=442).strftime("%Y-%m-%d"),
            pd.MultiIndex.from_product([["a", "b"], pd.date_range("2020-01-01", periods=221)]),
        ],
        ids=["dates", "periods", "spans", "objects", "text", "panel"],
    )
    def test_order_of_time(self, index):
        X, y = DIABETES
        X = pd.DataFrame(X, index=index)
        with pytest.warns(UserWarning, match="The rows are in order of time"):
            TreePrunerCV(DecisionTreeRegressor(), cv=KFold(3, shuffle=True, random_state=0)).fit(X, y)
        TreePrunerCV(DecisionTreeRegressor(), cv=TimeSeriesSplit(3)).fit(X, y)

    def test_threads_change_nothing(self):
        one, two = (TreePrunerCV(DecisionTreeClassifier(random_state=0), n_jobs=n).fit(*CANCER) for n in (1, 2))
        np.testing.assert_array_equal(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
        assert same_arrays(one.estimator_, two.estimator_)

    def test_leave_one_out_has_no_r2(self):
        with (
            pytest.warns(UserWarning, match="non-finite"),
            pytest.raises(ValueError, match="All the test scores are non-finite"),
        ):
            TreePrunerCV(DecisionTreeRegressor(), cv=LeaveOneOut()).fit(DIABETES[0][:20], DIABETES[1][:20])


class TestMetadata:
    def test_routing_weighs_what_asks_for_weights(self):
        X, y = CANCER
        weight = np.random.default_rng(0).gamma(2.0, size=len(y))
        with config_context(enable_metadata_routing=True):
            inner = DecisionTreeClassifier(random_state=0).set_fit_request(sample_weight=True)
            for asks in (True, False):
                scoring = get_scorer("accuracy").set_score_request(sample_weight=asks)
                pruner = TreePrunerCV(inner, scoring=scoring).fit(X, y, sample_weight=weight)
                few, expected = _grid_search(inner, pruner, X, y, sample_weight=weight)
                mean = pruner.cv_results_["mean_test_score"][few]
                np.testing.assert_allclose(mean, expected["mean_test_score"], rtol=1e-12)
            groups = np.arange(len(y)) % 5
            pruner = TreePrunerCV(inner, cv=GroupKFold(5), scoring="accuracy").fit(X, y, groups=groups)
            assert pruner.n_splits_ == 5

    @pytest.mark.parametrize("cv", [3, KFold(3), "oob"])
    def test_routing_without_metadata(self, cv):
        with config_context(enable_metadata_routing=True):
            pruner = TreePrunerCV(RandomForestClassifier(20, random_state=0), cv=cv, n_candidates=3).fit(*CANCER)
            assert pruner.score(*CANCER) > 0.8

    def test_scorers_that_take_no_weights(self):
        def scorer(model, X, y):
            return model.score(X, y)

        with pytest.warns(UserWarning, match="does not support sample_weight"):
            TreePrunerCV(DecisionTreeClassifier(), scoring=scorer).fit(*CANCER, sample_weight=np.ones(569))

    @pytest.mark.parametrize("weight", [-1.0, np.nan])
    def test_bad_weights(self, weight):
        with pytest.raises(ValueError, match="'sample_weight' parameter must be"):
            TreePrunerCV(DecisionTreeClassifier()).fit(*CANCER, sample_weight=np.full(569, weight))


class TestEstimator:
    def test_score_is_that_of_the_scorer(self):
        pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), scoring="roc_auc").fit(*CANCER)
        assert pruner.score(*CANCER) == roc_auc_score(CANCER[1], pruner.predict_proba(CANCER[0])[:, 1])

    def test_pickle_and_no_refit(self):
        pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(*CANCER)
        again = pickle.loads(pickle.dumps(pruner))
        np.testing.assert_array_equal(again.predict(CANCER[0]), pruner.predict(CANCER[0]))
        chosen = clone(pruner).set_params(refit=False).fit(*CANCER)
        assert chosen.alpha_ == pruner.alpha_
        assert not hasattr(chosen, "estimator_")

    def test_nested_cross_validation(self):
        scores = cross_validate(TreePrunerCV(DecisionTreeClassifier(random_state=0)), *CANCER, cv=3)["test_score"]
        assert scores.min() > 0.85

    def test_quiet_unless_told(self, capsys):
        TreePrunerCV(DecisionTreeClassifier()).fit(*CANCER)
        assert capsys.readouterr() == ("", "")
        TreePrunerCV(DecisionTreeClassifier(), verbose=1).fit(*CANCER)
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "Folds" in shown.err

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("rule", "2se"),
            ("standard_error", "none"),
            ("n_candidates", 1),
            ("n_candidates", "few"),
            ("cv", 1),
            ("refit", "no"),
            ("return_train_score", 1),
            ("n_jobs", "a"),
            ("n_jobs", 0),
        ],
    )
    def test_bad_parameters(self, name, value):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of TreePrunerCV must be"):
            TreePrunerCV(DecisionTreeClassifier(), **{name: value}).fit(*CANCER)


@parametrize_with_checks(
    [
        TreePrunerCV(DecisionTreeClassifier(random_state=0), cv=3),
        TreePrunerCV(DecisionTreeRegressor(random_state=0), cv=3),
        TreePrunerCV(ExtraTreeClassifier(random_state=0), "critical_value", cv=3, rule="best"),
    ]
)
@pytest.mark.filterwarnings("ignore:Number of classes in training fold", "ignore:The least populated class")
def test_scikit_learn_contract(estimator, check):
    check(estimator)
