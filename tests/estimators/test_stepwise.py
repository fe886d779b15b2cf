"""Predictions of pruned models without the models: what a stand-in says is what the pruned model says."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.metrics import check_scoring
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import boosters
from tests.conftest import A_FEW
from tests.zoo import ENSEMBLES, SCIKIT_LEARN, SMALL_ENSEMBLES
from treeprune import MissingStatisticError, TreePrunerCV, pruning_path
from treeprune.adapters import find_adapter
from treeprune.adapters.base import Adapter
from treeprune.core.path import PruningPath
from treeprune.estimators.candidates import PathModels
from treeprune.estimators.stepwise import stand_ins
from treeprune.links import LINKED
from treeprune.methods import CostComplexity, MaxDepth, MinSamples

MODELS = {name: SCIKIT_LEARN[name] for name in (*A_FEW, *ENSEMBLES)}
#: Boosters themselves are no estimators.
WRAPPED = [
    pytest.param(library, name, id=f"{library}, {name}")
    for library, models in (("xgboost", boosters.XGBOOST), ("lightgbm", boosters.LIGHTGBM))
    for name in models
    if "Booster" not in name and name != "falling learning rate"
]
RESPONSES = ("predict", "predict_proba", "decision_function", "score_samples")

pytestmark = SMALL_ENSEMBLES


def any_path(forest):
    """A nested path in which nodes collapse at random."""
    rng = np.random.default_rng(0)
    strength = np.where(forest.is_leaf, 0.0, rng.random(forest.n_nodes) * rng.choice([1, 100], forest.n_nodes))
    for node in reversed(range(forest.n_nodes)):
        if forest.parent[node] >= 0:
            strength[forest.parent[node]] = max(strength[forest.parent[node]], strength[node])
    return PruningPath(forest, strength, np.ones(forest.n_nodes))


def same(said, expected, tolerance):
    """Equal predictions; lists of them where there are several outputs."""
    for a, b in zip(*(x if isinstance(x, list) else [x] for x in (said, expected)), strict=True):
        assert a.shape == b.shape
        if b.dtype.kind == "f":
            np.testing.assert_allclose(a, b, tolerance, tolerance)
        else:
            np.testing.assert_array_equal(a, b)


def check_stand_ins(model, X, y=None, tolerance=1e-14):
    adapter = find_adapter(model)
    if y is not None or adapter.forest.task == "path_length":
        adapter = adapter.completed(X, y)
    path = any_path(adapter.forest)
    prunings = PathModels(adapter, path, np.quantile(path.alphas, [0, 0.1, 0.5, 1.0]))
    for step, (stand_in, known) in enumerate(stand_ins(prunings, X)):
        pruned = prunings.model(step)
        assert len(known) == len(X)
        assert [hasattr(stand_in, name) for name in RESPONSES] == [hasattr(pruned, name) for name in RESPONSES]
        for name in RESPONSES:
            if hasattr(pruned, name):
                same(getattr(stand_in, name)(X), getattr(pruned, name)(X), tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_stand_ins_of_scikit_learn_say_what_pruned_models_say(name):
    check_stand_ins(MODELS[name].model, *MODELS[name].rows)


@pytest.mark.parametrize(("library", "name"), WRAPPED)
def test_stand_ins_of_boosters_say_what_pruned_models_say(library, name):
    pytest.importorskip(library)
    model = getattr(boosters, library.upper())[name]()
    y = boosters.target("numbers") if name in ("absolute error", "quantile") else None
    tolerance = 1e-6 if library == "xgboost" else 1e-14  # dart's trees are weighted in float32
    check_stand_ins(model, boosters.rows_of(name, library), y, tolerance)


@pytest.mark.parametrize("objective", ["regression", "cross_entropy", "cross_entropy_lambda", "gamma"])
@pytest.mark.parametrize("reg_sqrt", [False, True])
def test_links_of_lightgbm(objective, reg_sqrt):
    pytest.importorskip("lightgbm")
    task = {"regression": "numbers", "gamma": "positive"}.get(objective, "binary")
    check_stand_ins(boosters._lgb(task, objective=objective, reg_sqrt=reg_sqrt), boosters.rows()[0])


@pytest.mark.parametrize("linked", LINKED.values())
def test_models_that_can_have_a_link_say_the_same_in_every_way(linked):
    X, y = load_breast_cancer(return_X_y=True)
    check_stand_ins(linked(n_estimators=5, random_state=0).fit(X, y), X)


def test_values_that_are_not_known_are_refused():
    specimen = ENSEMBLES["GradientBoostingRegressor, numbers, real weights, trees=4, loss=absolute_error"]
    adapter = find_adapter(specimen.model)
    path = any_path(adapter.forest)
    with pytest.raises(MissingStatisticError, match="give rows"):
        next(stand_ins(PathModels(adapter, path, path.alphas), specimen.rows[0]))


# Scores of TreePrunerCV ----------------------------------------------------------------------------------------------

CANCER, DIABETES = (load(return_X_y=True) for load in (load_breast_cancer, load_diabetes))
IRIS = load_iris(return_X_y=True)
OUTLIERS = (CANCER[0], np.where(CANCER[1] == 1, 1, -1))
SMALL = {"n_estimators": 8, "random_state": 0}


def _xgb(name, **params):
    return lambda: getattr(pytest.importorskip("xgboost"), name)(**SMALL, max_depth=4, n_jobs=1, **params)


def _lgb(name, **params):
    return lambda: getattr(pytest.importorskip("lightgbm"), name)(**SMALL, n_jobs=1, verbose=-1, **params)


#: Models (or what makes them), rows, scores and methods.
CASES = [
    (GradientBoostingClassifier(**SMALL), CANCER, None, CostComplexity()),
    (GradientBoostingClassifier(**SMALL), CANCER, "neg_log_loss", CostComplexity()),
    (GradientBoostingClassifier(**SMALL), IRIS, "roc_auc_ovr", CostComplexity()),
    (GradientBoostingClassifier(**SMALL, loss="exponential"), CANCER, "neg_brier_score", CostComplexity()),
    (GradientBoostingRegressor(**SMALL), DIABETES, "neg_root_mean_squared_error", CostComplexity()),
    (GradientBoostingRegressor(**SMALL, loss="quantile"), DIABETES, "neg_mean_absolute_error", MaxDepth()),
    (HistGradientBoostingClassifier(max_iter=8), IRIS, "balanced_accuracy", CostComplexity()),
    (HistGradientBoostingClassifier(max_iter=8), CANCER, "average_precision", CostComplexity()),
    (HistGradientBoostingRegressor(max_iter=8, loss="gamma"), DIABETES, "neg_mean_gamma_deviance", CostComplexity()),
    (AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), **SMALL), CANCER, None, CostComplexity()),
    (AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), **SMALL), IRIS, "neg_log_loss", CostComplexity()),
    (AdaBoostRegressor(DecisionTreeRegressor(max_depth=4), **SMALL), DIABETES, None, CostComplexity()),
    (RandomForestClassifier(**SMALL), CANCER, "roc_auc", CostComplexity()),
    (DecisionTreeRegressor(random_state=0), DIABETES, "neg_median_absolute_error", CostComplexity()),
    (IsolationForest(**SMALL), OUTLIERS, "roc_auc", MinSamples()),
    (IsolationForest(**SMALL, contamination=0.2), OUTLIERS, "accuracy", MinSamples()),
    (_xgb("XGBClassifier"), CANCER, None, CostComplexity()),
    (_xgb("XGBClassifier"), IRIS, "neg_log_loss", CostComplexity()),
    (_xgb("XGBClassifier", booster="dart", rate_drop=0.3), CANCER, "roc_auc", CostComplexity()),
    (_xgb("XGBRegressor"), DIABETES, "neg_mean_absolute_error", CostComplexity()),
    (_xgb("XGBRegressor", objective="count:poisson"), DIABETES, "neg_mean_poisson_deviance", CostComplexity()),
    (_xgb("XGBRFRegressor"), DIABETES, None, CostComplexity()),
    (_lgb("LGBMClassifier"), CANCER, "neg_brier_score", CostComplexity()),
    (_lgb("LGBMClassifier"), IRIS, None, CostComplexity()),
    (_lgb("LGBMRegressor", boosting_type="rf", subsample=0.6, subsample_freq=1), DIABETES, None, CostComplexity()),
    (_lgb("LGBMRegressor", linear_tree=True), DIABETES, "explained_variance", CostComplexity()),
]


def _made(estimator):
    return estimator if hasattr(estimator, "fit") else estimator()


@pytest.mark.parametrize(("estimator", "data", "scoring", "method"), CASES)
def test_scores_are_those_of_the_pruned_models(estimator, data, scoring, method):
    estimator, (X, y) = _made(estimator), data
    splits = list(KFold(2, shuffle=True, random_state=0).split(X))
    pruner = TreePrunerCV(estimator, method, cv=splits, scoring=scoring, n_candidates=5, return_train_score=True)
    results = pruner.fit(X, y).cv_results_
    grow, judge = splits[1]
    adapter = find_adapter(clone(estimator).fit(X[grow], y[grow]))
    adapter = adapter.completed(X[grow], y[grow])
    path = method.path(adapter.forest)
    prunings = PathModels(adapter, path, path.knob.to_alpha(results[f"param_{path.knob.name}"]))
    scorer = check_scoring(estimator, scoring=scoring)
    for rows, name in ((judge, "split1_test_score"), (grow, "split1_train_score")):
        expected = [scorer(model, X[rows], y[rows]) for model in prunings.models()]
        np.testing.assert_allclose(results[name], expected, rtol=2e-6 if "XGB" in type(estimator).__name__ else 1e-10)


@pytest.mark.parametrize("scoring", [None, "roc_auc"])
def test_one_fit_per_fold_and_one_pruned_model_in_all(scoring, monkeypatch):
    fitted, written = [], []

    class Counting(GradientBoostingClassifier):
        def fit(self, X, y, sample_weight=None):
            fitted.append(len(X))
            return super().fit(X, y, sample_weight)

    prune = Adapter.prune
    monkeypatch.setattr(Adapter, "prune", lambda self, plan: written.append(plan) or prune(self, plan))
    TreePrunerCV(Counting(n_estimators=5, random_state=0), cv=4, scoring=scoring).fit(*CANCER)
    assert (len(fitted), len(written)) == (5, 1)


def test_a_callable_that_is_no_scorer_is_given_the_pruned_models():
    def fewest_leaves(model, X, y):
        return -find_adapter(model).forest.n_leaves

    pruner = TreePrunerCV(GradientBoostingRegressor(n_estimators=3), cv=2, scoring=fewest_leaves, n_candidates=4)
    scores = pruner.fit(*DIABETES).cv_results_["mean_test_score"]
    assert (np.diff(scores) > 0).all()


def test_rankers_are_scored_by_what_they_predict():
    xgboost = pytest.importorskip("xgboost")
    X, y = boosters.rows()[0], boosters.target("ranks")
    groups = np.repeat(np.arange(6), 40)
    splits = [(np.arange(0, 120), np.arange(120, 240)), (np.arange(120, 240), np.arange(0, 120))]
    ranker = xgboost.XGBRanker(n_estimators=4, max_depth=4, n_jobs=1)
    pruner = TreePrunerCV(ranker, cv=splits, scoring="neg_mean_squared_error", n_candidates=4)
    results = pruner.fit(X, y, qid=groups).cv_results_
    grow, judge = splits[0]
    path = pruning_path(xgboost.XGBRanker(**ranker.get_params()).fit(X[grow], y[grow], qid=groups[grow]))
    expected = [-np.mean((path.prune(alpha=a).predict(X[judge]) - y[judge]) ** 2) for a in results["param_alpha"]]
    np.testing.assert_allclose(results["split0_test_score"], expected, rtol=1e-6)


@pytest.mark.parametrize(("library", "name"), [("xgboost", "XGBRanker"), ("lightgbm", "LGBMRanker")])
def test_queries_counted_by_group_are_those_of_the_fold(library, name):
    make = getattr(pytest.importorskip(library), name)
    X, y, query = boosters.rows()[0], boosters.target("ranks"), np.repeat(np.arange(6), 40)
    ranker = make(n_estimators=4, max_depth=4, n_jobs=1, **({"verbose": -1} if name == "LGBMRanker" else {}))
    pruner = TreePrunerCV(ranker, cv=GroupKFold(3), scoring="neg_mean_squared_error", n_candidates=3)
    results = pruner.fit(X, y, group=[40] * 6, groups=query).cv_results_
    grow, judge = next(iter(GroupKFold(3).split(X, y, query)))
    prunings = pruning_path(clone(ranker).fit(X[grow], y[grow], group=[40] * 4))
    expected = [-np.mean((prunings.prune(alpha=a).predict(X[judge]) - y[judge]) ** 2) for a in results["param_alpha"]]
    np.testing.assert_allclose(results["split0_test_score"], expected, rtol=1e-6)
    with pytest.raises(ValueError, match="rows of a query must stay together"):
        pruner.set_params(cv=ShuffleSplit(2, random_state=0)).fit(X, y, group=[40] * 6)


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(**SMALL),
        GradientBoostingClassifier(**SMALL),
        HistGradientBoostingClassifier(max_iter=8),
        AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), **SMALL),
        _xgb("XGBClassifier"),
        _lgb("LGBMClassifier"),
    ],
)
def test_threads_and_repetition_change_nothing(estimator):
    X, y = CANCER
    pruner = TreePrunerCV(_made(estimator), cv=2, n_candidates=4, rule="best")
    one, again, two = (clone(pruner).set_params(n_jobs=n).fit(X, y) for n in (1, 1, 2))
    expected = one.predict_proba(X)
    for other in (again, two, pickle.loads(pickle.dumps(one))):
        np.testing.assert_array_equal(other.cv_results_["split1_test_score"], one.cv_results_["split1_test_score"])
        np.testing.assert_array_equal(other.predict_proba(X), expected)
    with ThreadPoolExecutor(4) as pool:
        for said in pool.map(one.predict_proba, [X] * 8):
            np.testing.assert_array_equal(said, expected)
