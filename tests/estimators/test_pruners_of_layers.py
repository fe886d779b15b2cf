"""Pruner and PrunerCV of models made of weights: one fit, pruned as `prune` prunes it."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, make_classification
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score, train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from treeprune import Pruner, PrunerCV, TreePruner, TreePrunerCV, UnsupportedModelError, prune, pruning_path
from treeprune.layer_pruning import AMOUNTS
from treeprune.layers.adapters import find_adapter
from treeprune.methods import CostComplexity, MagnitudePruning, SparsityPruning, UnitPruning

CLASSES = make_classification(150, 8, n_informative=5, random_state=0)
NUMBERS = tuple(part[:150] for part in load_diabetes(return_X_y=True))
NETWORK = MLPClassifier((8, 4), solver="lbfgs", max_iter=20, random_state=0)
FOLDS = KFold(2, shuffle=True, random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: Unfitted model, rows and targets.
MODELS = {
    "network": (NETWORK, CLASSES),
    "network, numbers": (MLPRegressor(hidden_layer_sizes=6, solver="lbfgs", max_iter=20, random_state=0), NUMBERS),
    "linear": (RidgeClassifier(), CLASSES),
    "linear, numbers": (Ridge(), NUMBERS),
    "pipeline": (make_pipeline(StandardScaler(), NETWORK), CLASSES),
    "one for each class": (OneVsRestClassifier(LogisticRegression()), CLASSES),
}
METHODS = [MagnitudePruning(0.5), UnitPruning(0.5, of="inputs"), SparsityPruning(0.05)]


def output(model, rows):
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


def _expected_to_fail(pruner):
    """Checks of scikit-learn that do not hold, and why."""
    if pruner.method.reconstruct is None:
        return {}
    why = "the ridge is chosen by folds of rows: a row of weight 2 is in one of them, where two rows may be in two"
    return dict.fromkeys(WEIGHTS_ARE_REPEATS, why)


WEIGHTS_ARE_REPEATS = [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")]
AS_THEY_ARE = MagnitudePruning(0.3, reconstruct=None)


@parametrize_with_checks(
    [
        Pruner(RidgeClassifier(), AS_THEY_ARE),
        Pruner(Ridge(), UnitPruning(0.3)),
        Pruner(MLPClassifier(4, solver="lbfgs", max_iter=15, random_state=0), MagnitudePruning(0.2)),
        PrunerCV(RidgeClassifier(), AS_THEY_ARE, cv=3, n_candidates=3),
        PrunerCV(
            MLPRegressor(hidden_layer_sizes=3, solver="lbfgs", max_iter=15, random_state=0),
            AS_THEY_ARE,
            cv=2,
            n_candidates=2,
        ),
    ],
    expected_failed_checks=_expected_to_fail,
)
@pytest.mark.filterwarnings("ignore:Number of classes in training fold", "ignore:The least populated class")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", MODELS)
class TestEveryModel:
    @pytest.mark.parametrize("method", METHODS, ids=repr)
    def test_is_fitted_and_pruned_as_prune_does(self, name, method):
        model, (X, y) = MODELS[name]
        pruner = Pruner(model, method).fit(X, y)
        expected = prune(clone(model).fit(X, y), method, X, y)
        np.testing.assert_array_equal(output(pruner, X), output(expected, X))
        assert type(pruner.estimator_) is type(model)
        assert pruner.score(X, y) == expected.score(X, y)
        assert not hasattr(pruner, "n_leaves_")

    def test_scores_are_those_of_the_model_of_each_fold_pruned_by_each_amount(self, name):
        model, (X, y) = MODELS[name]
        pruner = PrunerCV(model, MagnitudePruning(), cv=FOLDS, n_candidates=3, return_train_score=True).fit(X, y)
        results, scorer = pruner.cv_results_, check_scoring(model)
        for fold, (train, test) in enumerate(FOLDS.split(X)):
            fitted = clone(model).fit(X[train], y[train])
            for kind, rows in (("train", train), ("test", test)):
                expected = [
                    scorer(prune(fitted, MagnitudePruning(amount), X[train], y[train]), X[rows], y[rows])
                    for amount in results["param_amount"]
                ]
                np.testing.assert_allclose(results[f"split{fold}_{kind}_score"], expected, rtol=1e-9)
        path = [Pruner(model, MagnitudePruning(amount)).fit(X, y) for amount in results["param_amount"]]
        assert results["n_weights"].tolist() == [one.n_weights_ for one in path]
        assert results["n_units"].tolist() == [one.n_units_ for one in path]
        chosen = path[pruner.best_index_]
        np.testing.assert_array_equal(output(pruner, X), output(chosen, X))
        assert (pruner.n_weights_, pruner.n_units_) == (chosen.n_weights_, chosen.n_units_)
        assert pruner.best_params_ == {"amount": chosen.method.amount}


class Counted(MLPClassifier):
    n_fits = 0

    def fit(self, X, y):
        Counted.n_fits += 1
        return super().fit(X, y)


def test_one_fit_per_fold_for_all_amounts():
    Counted.n_fits = 0
    pruner = PrunerCV(Counted(4, max_iter=5, random_state=0), "magnitude", cv=3).fit(*CLASSES)
    assert Counted.n_fits == 3 + 1
    assert pruner.cv_results_["param_amount"].tolist() == list(AMOUNTS)
    path = pruning_path(Counted(4, max_iter=5, random_state=0).fit(*CLASSES), MagnitudePruning(), *CLASSES)
    assert pruner.cv_results_["n_weights"].tolist() == path.n_weights.tolist()


def test_a_twin_of_grid_search():
    pruner = PrunerCV(RidgeClassifier(), MagnitudePruning(), cv=4, n_candidates=5, rule="best").fit(*CLASSES)
    amounts = pruner.cv_results_["param_amount"].tolist()
    search = GridSearchCV(Pruner(RidgeClassifier(), MagnitudePruning()), {"method__amount": amounts}, cv=4)
    expected = search.fit(*CLASSES).cv_results_
    for column in ("mean_test_score", "std_test_score", "rank_test_score", "split2_test_score"):
        np.testing.assert_allclose(pruner.cv_results_[column], expected[column])


def test_the_fewest_weights_within_a_standard_error():
    pruner = PrunerCV(RidgeClassifier(), "magnitude").fit(*load_breast_cancer(return_X_y=True))
    results = pruner.cv_results_
    folds = np.array([results[f"split{fold}_test_score"] for fold in range(5)])
    mean, error = folds.mean(axis=0), folds.std(axis=0, ddof=1) / np.sqrt(5)
    top = int(np.flatnonzero(mean == mean.max())[-1])
    within = np.flatnonzero(mean >= mean[top] - error[top])
    assert pruner.best_index_ == within[np.argmin(results["n_weights"][within])] > top
    assert pruner.n_weights_ == results["n_weights"].min(where=mean >= mean[top] - error[top], initial=31)
    frame = pruner.to_frame()
    assert list(frame) == ["amount", "n_weights", "cv_score", "standard_error", "mark"]
    assert frame["mark"].tolist() == [{top: "best", pruner.best_index_: "chosen"}.get(row, "") for row in range(10)]


def test_a_grid_of_other_parameters():
    grid = [{"n_units": [1, [3, 2]]}, {"criterion": ["norm"], "amount": [0.5]}]
    pruner = PrunerCV(NETWORK, UnitPruning(), param_grid=grid, cv=FOLDS).fit(*CLASSES)
    assert pruner.cv_results_["n_units"].tolist() == [1 + 1 + 1, 3 + 2 + 1, 4 + 2 + 1]
    assert pruner.best_params_ in list(pruner.cv_results_["params"])


def test_what_says_how_much_is_pruned_gives_way_to_the_amounts():
    pruner = PrunerCV(NETWORK, UnitPruning(n_units=1), n_candidates=2, cv=FOLDS).fit(*CLASSES)
    assert pruner.cv_results_["n_units"].tolist() == [8 + 4 + 1, 1 + 1 + 1]


class TestRowsToSolveOn:
    def test_held_out_fraction(self):
        X, y = CLASSES
        fit, held, y_fit, y_held = train_test_split(X, y, test_size=0.3, stratify=y, random_state=1)
        expected = prune(clone(NETWORK).fit(fit, y_fit), MagnitudePruning(0.5), held, y_held)
        pruner = Pruner(NETWORK, MagnitudePruning(0.5), validation=0.3, random_state=1).fit(X, y)
        np.testing.assert_array_equal(output(pruner, X), output(expected, X))

    def test_given(self):
        X, y = CLASSES
        weight = np.arange(50.0) + 1
        expected = prune(
            clone(NETWORK).fit(X[:100], y[:100]), MagnitudePruning(0.5), X[100:], y[100:], sample_weight=weight
        )
        pruner = Pruner(NETWORK, MagnitudePruning(0.5))
        pruner.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:], sample_weight_val=weight)
        np.testing.assert_array_equal(output(pruner, X), output(expected, X))

    @pytest.mark.parametrize("routing", [False, True])
    def test_weights_of_rows(self, routing):
        X, y = CLASSES
        weight = 1.0 + np.arange(len(y)) % 4
        with config_context(enable_metadata_routing=routing):
            model = RidgeClassifier().set_fit_request(sample_weight=True) if routing else RidgeClassifier()
            fitted = clone(model).fit(X, y, sample_weight=weight)
            pruner = Pruner(model, MagnitudePruning(0.6)).fit(X, y, sample_weight=weight)
        expected = prune(fitted, MagnitudePruning(0.6), X, y, sample_weight=weight)
        np.testing.assert_array_equal(pruner.estimator_.coef_, expected.coef_)

    def test_groups_reach_the_splitter(self):
        groups = np.arange(len(CLASSES[1])) // 10
        pruner = PrunerCV(RidgeClassifier(), "magnitude", cv=GroupKFold(3), n_candidates=2)
        assert pruner.fit(*CLASSES, groups=groups).n_splits_ == 3


def test_a_pruned_model_is_pruned_again():
    pruner = Pruner(RidgeClassifier(), MagnitudePruning(0.25)).fit(*CLASSES)
    again = prune(pruner, MagnitudePruning(0.5), CLASSES[0])
    assert (pruner.n_weights_, again.n_weights_) == (6, 4)
    assert find_adapter(again.estimator_).layers.n_weights == 4


@pytest.mark.parametrize(
    ("general", "of_trees", "model", "method"),
    [
        (Pruner, TreePruner, RidgeClassifier(), MagnitudePruning(0.5)),
        (Pruner, TreePruner, DecisionTreeClassifier(random_state=0), "mdl"),
        (PrunerCV, TreePrunerCV, RidgeClassifier(), "magnitude"),
        (PrunerCV, TreePrunerCV, DecisionTreeClassifier(random_state=0), "cost_complexity"),
    ],
)
def test_names_for_trees_do_the_same(general, of_trees, model, method):
    one, other = (cls(model, method).fit(*CLASSES) for cls in (general, of_trees))
    assert type(other) is of_trees
    np.testing.assert_array_equal(one.predict(CLASSES[0]), other.predict(CLASSES[0]))


def test_sizes_are_those_of_the_last_fit():
    pruner = Pruner(DecisionTreeClassifier(), "mdl").fit(*CLASSES)
    pruner.set_params(estimator=RidgeClassifier(), method=MagnitudePruning(0.5)).fit(*CLASSES)
    assert pruner.n_weights_ == 4
    assert not hasattr(pruner, "n_leaves_")
    assert not hasattr(pruner, "pruning_path_")


def test_parameters_of_an_alias_and_nested_in_searches():
    assert Pruner(Ridge(), "magnitude").get_params()["method__amount"] == 0.0
    assert Pruner(Ridge(), "magnitude").set_params(method__amount=0.5).method.amount == 0.5
    assert np.isfinite(cross_val_score(Pruner(NETWORK, MagnitudePruning(0.5)), *CLASSES, cv=2)).all()


class TestRefused:
    @pytest.mark.parametrize(
        ("pruner", "words"),
        [
            (Pruner(NETWORK, "magnitude", validation="oob"), "'validation' parameter of Pruner must be None, a float"),
            (Pruner(NETWORK, "magnitude", refit_leaves=True), "'refit_leaves' parameter of Pruner must be False"),
            (Pruner(NETWORK, MagnitudePruning(2.0)), "'amount' parameter of MagnitudePruning"),
            (PrunerCV(NETWORK, "magnitude", cv="oob"), "'cv' parameter of PrunerCV must be an int, a splitter"),
            (PrunerCV(NETWORK, "sparsity"), "SparsityPruning gives no path: it has no 'amount'"),
            (PrunerCV(NETWORK, "magnitude", standard_error="rows"), "'standard_error' parameter of PrunerCV"),
            (PrunerCV(NETWORK, "magnitude", n_candidates=1), "'n_candidates' parameter of PrunerCV"),
            (Pruner(NETWORK, CostComplexity()), "There is a model made of weights, which methods such as Magnitude"),
            (PrunerCV(NETWORK), "There is a model made of weights, which methods such as Magnitude"),
            (PrunerCV(DecisionTreeClassifier(), "unit"), "There is a tree model, which methods such as CostComplexity"),
        ],
        ids=repr,
    )
    def test_what_has_no_meaning(self, pruner, words):
        with pytest.raises((ValueError, UnsupportedModelError), match=words):
            pruner.fit(*CLASSES)
