"""Models that hold models: each part sees what scikit-learn fitted it on, and stands pruned in a copy of the whole."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.ensemble import (
    BaggingClassifier,
    IsolationForest,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
)
from sklearn.multiclass import OneVsOneClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import TreePruner, UnsupportedModelError, prune, pruning_path
from treeprune.composites import composites_by_model, find_composite
from treeprune.composites.base import Given
from treeprune.composites.exchange import tree_models
from treeprune.methods import MaxDepth

from .kinds import COMPOSITES, FITTED, GRID, KIND, NOISE, NUMBERS, PIPE, TREE, TWO, X


@pytest.fixture(params=COMPOSITES, scope="module")
def case(request):
    model, y, exact = COMPOSITES[request.param]
    FITTED.clear()
    fitted = clone(model).fit(X, y)
    return SimpleNamespace(model=fitted, y=y, exact=exact, records=list(FITTED))


def held_trees(model, given):
    """Trees inside a composite with what the composites say that they see."""
    composite = find_composite(model)
    if composite is None:
        return [(model, given)]
    return [pair for part in composite.parts() for pair in held_trees(part.model, part.sees(given))]


def pruned_by_hand(held, prune_tree):
    """Put pruned trees in the place of trees wherever they stand in attributes, lists, tuples and dicts, in place."""
    is_tree = isinstance(held, (DecisionTreeClassifier, DecisionTreeRegressor, RandomForestClassifier))
    if is_tree and hasattr(held, "n_features_in_"):
        return prune_tree(held)
    if isinstance(held, (list, tuple)):
        return type(held)(pruned_by_hand(each, prune_tree) for each in held)
    if isinstance(held, dict):
        for name, each in held.items():
            held[name] = pruned_by_hand(each, prune_tree)
    elif type(held).__module__.split(".")[0] in ("sklearn", "treeprune") and hasattr(held, "__dict__"):
        for name, each in vars(held).items():
            vars(held)[name] = pruned_by_hand(each, prune_tree)
    return held


def output(model, rows=X):
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


def test_parts_see_what_they_were_fitted_on(case):
    for tree, seen in held_trees(case.model, Given(X, case.y)):
        fitted_on = [(A, b) for other, A, b in case.records if other is tree]
        if not fitted_on:  # of another class than recording trees
            continue
        A, b = fitted_on[-1]
        if case.exact:
            np.testing.assert_array_equal(np.asarray(seen.X), np.asarray(A))
            np.testing.assert_array_equal(np.asarray(seen.y).astype(np.asarray(b).dtype), b)
        else:  # on some of the rows, some of them repeatedly; labels that a model gave itself are not known
            known = set(zip(map(tuple, np.asarray(seen.X)), np.asarray(seen.y).tolist(), strict=True))
            drawn = list(zip(map(tuple, np.asarray(A)), np.asarray(b).tolist(), strict=True))
            share = np.mean([row in known for row in drawn])
            assert share == 1.0 or (isinstance(case.model, SelfTrainingClassifier) and share >= len(known) / len(drawn))


def test_equals_parts_pruned_by_hand(case):
    before = output(case.model)
    expected = output(pruned_by_hand(deepcopy(case.model), lambda tree: prune(tree, MaxDepth(1))))
    pruned = prune(case.model, MaxDepth(1))
    assert type(pruned) is type(case.model)
    np.testing.assert_array_equal(output(pruned), expected)
    np.testing.assert_array_equal(output(case.model), before)  # the caller's is as it was
    assert not np.array_equal(output(pruned), before)


def test_rows_reach_every_part(case):
    pruned = prune(case.model, "reduced_error", X, case.y)
    for (tree, seen), (small, _) in zip(
        held_trees(case.model, Given(X, case.y)), held_trees(pruned, Given(X, case.y)), strict=True
    ):
        if not isinstance(tree, DecisionTreeClassifier | DecisionTreeRegressor):
            continue
        by_hand = prune(tree, "reduced_error", seen.X, seen.y)
        np.testing.assert_array_equal(small.tree_.children_left, by_hand.tree_.children_left)


def _kind_of(model):
    paths = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(model).__mro__)
    return next(composites_by_model()[path] for path in paths if path in composites_by_model())


def test_every_kind_is_tried():
    tried = {_kind_of(model) for model, _, _ in COMPOSITES.values()}
    frozen = {cls for cls in composites_by_model().values() if cls.__name__ == "FrozenComposite"}  # below
    assert tried | frozen == set(composites_by_model().values())


def test_prefit_models_are_found_in_their_frame():
    forest = RandomForestClassifier(3, random_state=0).fit(X, KIND)
    calibrated = CalibratedClassifierCV(FrozenEstimator(forest)).fit(X, KIND)
    pruned = prune(calibrated, MaxDepth(1))
    inside = pruned.calibrated_classifiers_[0].estimator.estimator
    assert max(tree.get_depth() for tree in inside.estimators_) == 1
    assert max(tree.get_depth() for tree in forest.estimators_) > 1


def test_names_and_order_of_columns_reach_the_model():
    frame = pd.DataFrame({"kind": KIND, "b": X[:, 0], "a": X[:, 1]})
    encode = make_column_transformer((OneHotEncoder(sparse_output=False), ["kind"]), remainder="passthrough")
    model = make_pipeline(encode, TREE).set_output(transform="pandas").fit(frame, TWO)
    assert (prune(model, "reduced_error", frame, TWO).predict(frame) == model.predict(frame)).all()


def test_sparse_rows_pass_through():
    model = make_pipeline(OneHotEncoder(), OneVsOneClassifier(TREE)).fit(NOISE[:, None], KIND)
    assert type(prune(model, "reduced_error", NOISE[:, None], KIND)) is Pipeline


def test_weights_reach_the_parts():
    model = make_pipeline(StandardScaler(), OneVsOneClassifier(TREE)).fit(X, KIND)
    weight = 1.0 + NOISE
    pruned = prune(model, "reduced_error", X, KIND, sample_weight=weight)
    repeated = np.repeat(np.arange(len(X)), 1 + NOISE)
    again = prune(model, "reduced_error", X[repeated], KIND[repeated])
    np.testing.assert_array_equal(pruned.predict(X), again.predict(X))


def test_model_that_stands_twice_is_pruned_once_and_shared_still():
    tree = FrozenEstimator(clone(TREE).fit(X, NOISE))
    model = VotingClassifier([("a", tree), ("b", tree)]).fit(X, NOISE)
    model.estimators_[1].estimator = model.estimators_[0].estimator
    first, second = prune(model, MaxDepth(1)).estimators_
    assert first.estimator is second.estimator
    assert len(list(tree_models(model))) == 1


def test_results_of_a_search_stay():
    search = GridSearchCV(PIPE, {"recordingclassifier__max_depth": [2, 3]}, cv=2).fit(X, KIND)
    pruned = prune(search, MaxDepth(1))
    assert pruned.cv_results_ is search.cv_results_
    assert pruned.best_params_ == search.best_params_
    assert pruned.best_estimator_[-1].get_depth() == 1 < search.best_estimator_[-1].get_depth()


def test_names_of_voters_lead_to_the_pruned_ones():
    pruned = prune(VotingClassifier([("a", PIPE), ("b", TREE)]).fit(X, KIND), MaxDepth(1))
    assert pruned.named_estimators_["b"] is pruned.estimators_[1]


class TestPath:
    def test_is_that_of_the_model_inside(self):
        model = GridSearchCV(PIPE, {"recordingclassifier__max_depth": [None]}, cv=2).fit(X, KIND)
        path, inner = pruning_path(model), pruning_path(model.best_estimator_[-1])
        np.testing.assert_array_equal(path.n_leaves, inner.n_leaves)
        small = path.prune(step=2)
        assert type(small) is GridSearchCV
        assert small.best_estimator_[-1].get_n_leaves() == path.n_leaves[2]
        assert (small.predict(X) == inner.prune(step=2).predict(model.best_estimator_[:-1].transform(X))).all()

    def test_takes_rows(self):
        model = make_pipeline(StandardScaler(), RandomForestClassifier(4, random_state=0)).fit(X, KIND)
        small = pruning_path(model, "joint", X, KIND).prune(step=3)
        by_hand = pruning_path(model[-1], "joint", model[:-1].transform(X), KIND).prune(step=3)
        np.testing.assert_array_equal(small.predict_proba(X), by_hand.predict_proba(model[:-1].transform(X)))

    def test_is_refused_for_several(self):
        model = VotingClassifier([("a", PIPE), ("b", TREE)]).fit(X, KIND)
        with pytest.raises(ValueError, match="holds 2 tree models"):
            pruning_path(model)


class TestRefused:
    def test_without_trees(self):
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, KIND)
        with pytest.raises(UnsupportedModelError, match=r"standardscaler \(StandardScaler\), logisticregression"):
            prune(model)

    def test_last_step_that_transforms(self):
        with pytest.raises(UnsupportedModelError, match="no tree model inside Pipeline"):
            prune(make_pipeline(StandardScaler()).fit(X))
        with pytest.raises(UnsupportedModelError, match="no tree model inside Pipeline"):
            prune(Pipeline([("a", StandardScaler()), ("b", "passthrough")]).fit(X))

    @pytest.mark.parametrize("model", [PIPE, GridSearchCV(TREE, GRID), VotingClassifier([("a", TREE)])])
    def test_not_fitted(self, model):
        with pytest.raises(NotFittedError):
            prune(clone(model))

    def test_search_without_a_model(self):
        with pytest.raises(ValueError, match="'refit' parameter of GridSearchCV"):
            prune(GridSearchCV(TREE, GRID, cv=2, refit=False).fit(X, KIND))

    @pytest.mark.parametrize("name", ["pipeline", "voting", "one versus one", "outputs", "transformed target"])
    def test_rows_without_targets(self, name):
        model, y, _ = COMPOSITES[name]
        with pytest.raises(ValueError, match=r"Give X and y together\. Got X only"):
            prune(clone(model).fit(X, y), "reduced_error", X)

    @pytest.mark.parametrize("name", ["voting", "one versus rest", "output codes", "bagging"])
    def test_unknown_labels(self, name):
        model, y, _ = COMPOSITES[name]
        with pytest.raises(ValueError, match=r"unseen|unknown"):
            prune(clone(model).fit(X, y), "reduced_error", X, np.where(NOISE == 0, "new", y))


def test_isolation_forest_needs_no_targets():
    model = make_pipeline(StandardScaler(), IsolationForest(n_estimators=5, random_state=0)).fit(X)
    assert type(prune(model, MaxDepth(2), X)) is Pipeline


def test_a_pruner_says_its_own_size_and_bagging_forgets_what_it_measured():
    pruner = prune(TreePruner(TREE, "max_depth").fit(X, KIND), MaxDepth(1))
    assert pruner.n_leaves_ == pruner.estimator_.get_n_leaves() == 2
    assert not hasattr(pruner, "pruning_path_")
    bagged = BaggingClassifier(PIPE, 20, oob_score=True, random_state=0).fit(X, KIND)
    assert not hasattr(prune(bagged, MaxDepth(1)), "oob_score_")
    assert hasattr(bagged, "oob_score_")


def test_custom_transformers_stay_the_same_objects():
    step = FunctionTransformer(np.abs)
    model = make_pipeline(step, TREE).fit(X, KIND)
    assert prune(model, MaxDepth(1))[0] is step


def test_memory_of_a_pipeline(tmp_path):
    model = make_pipeline(StandardScaler(), clone(NUMBERS), memory=str(tmp_path)).fit(*load_diabetes(return_X_y=True))
    assert prune(model, MaxDepth(2))[-1].get_depth() == 2
