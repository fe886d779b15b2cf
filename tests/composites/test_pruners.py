"""TreePruner and TreePrunerCV of models that hold models: the whole is fitted, and pruned as `prune` prunes it."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, check_scoring, make_scorer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from treeprune import TreePruner, TreePrunerCV, UnsupportedModelError, prune
from treeprune.composites.exchange import size, tree_models
from treeprune.methods import CostComplexity, MaxDepth

from .kinds import AMOUNT, COMPOSITES, KIND, LABELS, NOISE, NUMBERS, X

TREE = DecisionTreeClassifier(random_state=0)
PIPE = make_pipeline(StandardScaler(), TREE)
WEIGHT = 1.0 + NOISE
FOLDS = KFold(2, shuffle=True, random_state=0)


def output(model, rows=X):
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


class Recorder(TransformerMixin, BaseEstimator):
    """Passes rows on, and remembers how many it was fitted on and how many it passed."""

    fitted, passed = [], []

    def fit(self, X, y=None):
        self.fitted.append(len(X))
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        self.passed.append(len(X))
        return X


@pytest.mark.parametrize("name", COMPOSITES)
class TestEveryKind:
    def test_is_fitted_and_pruned_as_prune_does(self, name):
        model, y, _ = COMPOSITES[name]
        pruner = TreePruner(model, MaxDepth(1)).fit(X, y)
        np.testing.assert_array_equal(output(pruner), output(prune(clone(model).fit(X, y), MaxDepth(1))))
        assert type(pruner.estimator_) is type(model)
        assert (pruner.n_leaves_, pruner.n_nodes_) == size(pruner.estimator_)
        assert hasattr(pruner, "pruning_path_") == (len(list(tree_models(pruner.estimator_))) == 1)

    def test_strengths_score_as_the_whole_pruned_at_each_does(self, name):
        model, y, _ = COMPOSITES[name]
        pruner = TreePrunerCV(model, cv=FOLDS, n_candidates=4).fit(X, y)
        results, scorer = pruner.cv_results_, check_scoring(model)
        for fold, (train, test) in enumerate(FOLDS.split(X)):
            fitted = clone(model).fit(X[train], y[train])
            found = [
                scorer(prune(fitted, CostComplexity(alpha=alpha)), X[test], y[test]) for alpha in results["param_alpha"]
            ]
            np.testing.assert_allclose(results[f"split{fold}_test_score"], found, rtol=1e-9, atol=1e-12)
        fitted, best = clone(model).fit(X, y), CostComplexity(**pruner.best_params_)
        np.testing.assert_array_equal(output(pruner), output(prune(fitted, best)))
        sizes = [size(prune(fitted, CostComplexity(alpha=alpha)))[0] for alpha in results["param_alpha"]]
        np.testing.assert_array_equal(results["n_leaves"], sizes)


def test_steps_are_fitted_once_in_each_fold_and_see_no_other_rows():
    Recorder.fitted.clear()
    Recorder.passed.clear()
    TreePrunerCV(make_pipeline(Recorder(), TREE), cv=KFold(4)).fit(X, KIND)
    sizes = [len(test) for _, test in KFold(4).split(X)]
    assert sorted(Recorder.fitted) == sorted([len(X), *(len(X) - n for n in sizes)])
    # each fit passes its own rows to the tree, and each fold its held-out rows, once for all candidates
    assert sorted(Recorder.passed) == sorted([*Recorder.fitted, *sizes])


def test_scores_of_a_pipeline_are_those_of_the_tree_in_one_sweep():
    """All steps of the path, as without the Pipeline: no pruned model is made."""
    whole = TreePrunerCV(Pipeline([("a", "passthrough"), ("b", TREE)]), cv=3, scoring="neg_log_loss").fit(X, KIND)
    alone = TreePrunerCV(TREE, cv=3, scoring="neg_log_loss").fit(X, KIND)
    assert len(whole.cv_results_["params"]) == len(alone.cv_results_["params"])
    np.testing.assert_array_equal(whole.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    assert whole.alpha_ == alone.alpha_
    np.testing.assert_array_equal(whole.pruning_path_.n_leaves, alone.pruning_path_.n_leaves)


class TestWeights:
    """Weights count as if rows were repeated, wherever the tree model stands."""

    MODELS = {
        "pipeline": PIPE,
        "pipeline in a pipeline": make_pipeline("passthrough", PIPE),
        "search": GridSearchCV(PIPE, {"decisiontreeclassifier__max_depth": [None]}, cv=2),
        "voting": VotingClassifier([("a", TREE), ("b", TREE)]),
    }

    @pytest.mark.parametrize("name", MODELS)
    def test_of_training_rows(self, name):
        unscaled = clone(self.MODELS[name])
        if name != "voting":
            unscaled.set_params(
                **{key: "passthrough" for key in unscaled.get_params() if key.endswith("standardscaler")}
            )
        weighed = TreePruner(unscaled, CostComplexity(alpha=0.01)).fit(X, KIND, sample_weight=WEIGHT)
        again = np.repeat(np.arange(len(X)), 1 + NOISE)
        repeated = TreePruner(unscaled, CostComplexity(alpha=0.01)).fit(X[again], KIND[again])
        assert weighed.n_leaves_ == repeated.n_leaves_
        np.testing.assert_array_equal(weighed.predict(X), repeated.predict(X))

    def test_of_rows_held_out(self):
        pruner = TreePruner(PIPE, "reduced_error").fit(X, KIND, X_val=X, y_val=KIND[::-1], sample_weight_val=WEIGHT)
        again = np.repeat(np.arange(len(X)), 1 + NOISE)
        repeated = TreePruner(PIPE, "reduced_error").fit(X, KIND, X_val=X[again], y_val=KIND[::-1][again])
        np.testing.assert_array_equal(pruner.predict(X), repeated.predict(X))

    def test_of_folds(self):
        whole = TreePrunerCV(Pipeline([("a", "passthrough"), ("b", TREE)]), cv=3).fit(X, KIND, sample_weight=WEIGHT)
        alone = TreePrunerCV(TREE, cv=3).fit(X, KIND, sample_weight=WEIGHT)
        np.testing.assert_array_equal(whole.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])

    @pytest.mark.parametrize("pruner", [TreePruner(None), TreePrunerCV(None, scoring="accuracy")])
    def test_by_metadata_routing(self, pruner):
        by_name = clone(pruner).set_params(estimator=PIPE).fit(X, KIND, sample_weight=WEIGHT)
        with config_context(enable_metadata_routing=True):
            if hasattr(pruner, "scoring"):  # scores ask for their weights themselves
                pruner = clone(pruner).set_params(
                    scoring=make_scorer(accuracy_score).set_score_request(sample_weight=True)
                )
            importances = []
            for weighed in (True, False):
                tree = clone(TREE).set_fit_request(sample_weight=weighed)
                scaler = StandardScaler().set_fit_request(sample_weight=False)
                routed = clone(pruner).set_params(estimator=Pipeline([("a", scaler), ("b", tree)]))
                routed.fit(X, KIND, sample_weight=WEIGHT)
                importances.append(routed.estimator_[-1].feature_importances_)
        np.testing.assert_array_equal(importances[0], by_name.estimator_[-1].feature_importances_)
        assert not np.array_equal(*importances)


class TestParameters:
    def test_of_steps_have_names_within_names(self):
        pruner = TreePruner(clone(PIPE), CostComplexity())
        pruner.set_params(estimator__decisiontreeclassifier__max_depth=2, method__alpha=0.5)
        copied = clone(pruner)
        assert (copied.estimator[-1].max_depth, copied.method.alpha) == (2, 0.5)

    def test_are_searched(self):
        grid = {"method__alpha": [0.0, 0.5], "estimator__decisiontreeclassifier__max_depth": [1, 2]}
        search = GridSearchCV(TreePruner(clone(PIPE)), grid, cv=2).fit(X, KIND)
        assert set(search.best_params_) == set(grid)

    def test_of_a_grid_prune_each_part(self):
        model = CalibratedClassifierCV(PIPE, cv=2)
        pruner = TreePrunerCV(model, "max_depth", param_grid={"max_depth": [1, 2]}, cv=2).fit(X, KIND)
        deepest = max(tree.get_depth() for tree in tree_models(pruner.estimator_))
        assert deepest == pruner.best_params_["max_depth"]


class TestInput:
    FRAME = pd.DataFrame({"kind": KIND, "b": X[:, 0], "a": X[:, 1]})
    PRUNERS = [TreePruner(None, "reduced_error", validation=0.5, random_state=0), TreePrunerCV(None, cv=2)]
    ENCODE = make_column_transformer((OneHotEncoder(sparse_output=False), ["kind"]), remainder="passthrough")

    @pytest.mark.parametrize("pruner", PRUNERS)
    @pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
    @pytest.mark.parametrize("output", ["default", "pandas", "polars"])
    def test_of_frames(self, pruner, frame, output):
        table = self.FRAME if frame is pd.DataFrame else pl.from_pandas(self.FRAME)
        model = make_pipeline(self.ENCODE, TREE).set_output(transform=output)
        fitted = clone(pruner).set_params(estimator=model).fit(table, LABELS[:, 1])
        assert fitted.feature_names_in_.tolist() == ["kind", "b", "a"]
        assert fitted.n_features_in_ == 3
        plain = clone(pruner).set_params(estimator=make_pipeline(self.ENCODE, TREE)).fit(self.FRAME, LABELS[:, 1])
        np.testing.assert_array_equal(fitted.predict(table), plain.predict(self.FRAME))

    @pytest.mark.parametrize("pruner", PRUNERS)
    def test_of_sparse_rows(self, pruner):
        pruner = clone(pruner).set_params(estimator=make_pipeline(StandardScaler(with_mean=False), TREE))
        by_sparse = clone(pruner).fit(sparse.csr_matrix(X), KIND)
        np.testing.assert_array_equal(by_sparse.predict(X), clone(pruner).fit(X, KIND).predict(X))


class TestOutOfBag:
    FOREST = RandomForestClassifier(5, random_state=0)

    def test_rows_are_those_behind_the_steps(self):
        scaled = StandardScaler().fit_transform(X)
        whole = TreePruner(make_pipeline(StandardScaler(), self.FOREST), "reduced_error", "oob").fit(X, KIND)
        alone = TreePruner(self.FOREST, "reduced_error", "oob").fit(scaled, KIND)
        np.testing.assert_array_equal(whole.predict_proba(X), alone.predict_proba(scaled))

    def test_scores_are_those_behind_the_steps(self):
        whole = TreePrunerCV(make_pipeline(StandardScaler(), self.FOREST), cv="oob").fit(X, KIND)
        alone = TreePrunerCV(self.FOREST, cv="oob").fit(StandardScaler().fit_transform(X), KIND)
        np.testing.assert_array_equal(whole.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])

    def test_is_refused_where_rows_are_not_known(self):
        model = CalibratedClassifierCV(self.FOREST, cv=2)
        with pytest.raises(ValueError, match="'validation' parameter must not be 'oob' for CalibratedClassifierCV"):
            TreePruner(model, "reduced_error", "oob").fit(X, KIND)
        with pytest.raises(ValueError, match=r"'oob' for the mean of trees .* fitted on all rows"):
            TreePrunerCV(model, cv="oob").fit(X, KIND)


def test_values_that_a_family_does_not_store_come_of_the_rows_that_its_model_sees():
    model = HistGradientBoostingClassifier(max_iter=3)
    whole = TreePruner(make_pipeline(StandardScaler(), model), MaxDepth(1)).fit(X, KIND)
    scaled = StandardScaler().fit_transform(X)
    alone = TreePruner(model, MaxDepth(1)).fit(scaled, KIND)
    np.testing.assert_array_equal(whole.predict_proba(X), alone.predict_proba(scaled))


def test_paths_of_a_whole_can_be_pickled():
    pruner = pickle.loads(pickle.dumps(TreePruner(PIPE).fit(X, KIND)))
    small = pruner.pruning_path_.prune(step=2)
    assert type(small) is Pipeline
    assert small[-1].get_n_leaves() == pruner.pruning_path_.n_leaves[2]


@pytest.mark.parametrize("pruner", [TreePruner(TREE), TreePrunerCV(TREE, cv=2, n_candidates=3)])
def test_the_path_of_a_fit_before_does_not_stay(pruner):
    fitted = clone(pruner).fit(X, KIND)
    assert hasattr(fitted, "pruning_path_")
    fitted.set_params(estimator=VotingClassifier([("a", TREE), ("b", PIPE)])).fit(X, KIND)
    assert not hasattr(fitted, "pruning_path_")


def test_leaves_are_estimated_again_in_every_part():
    model = VotingClassifier([("a", TREE), ("b", PIPE)]).fit(X, KIND)
    pruner = TreePruner(model, "reduced_error", validation=0.5, refit_leaves=True, random_state=0).fit(X, KIND)
    for tree in tree_models(pruner.estimator_):
        assert tree.tree_.n_node_samples[0] == len(X)


class TestRefused:
    @pytest.mark.parametrize("pruner", [TreePruner, TreePrunerCV])
    def test_without_trees(self, pruner):
        with pytest.raises(UnsupportedModelError, match=r"no tree model inside Pipeline.*logisticregression"):
            pruner(make_pipeline(StandardScaler(), LogisticRegression())).fit(X, KIND)

    def test_offsets_that_the_last_step_does_not_take(self):
        with pytest.raises(ValueError, match="'base_margin' parameter must be None: RecordingRegressor"):
            TreePruner(make_pipeline(StandardScaler(), NUMBERS)).fit(X, AMOUNT, base_margin=AMOUNT)


class TestOffsets:
    """A boosted model as the last step is given them, and is judged and scored from them, as it is by itself."""

    @pytest.mark.parametrize(
        ("library", "name", "offset"),
        [("xgboost", "XGBRegressor", "base_margin"), ("lightgbm", "LGBMRegressor", "init_score")],
    )
    @pytest.mark.parametrize(
        "pruner",
        [
            TreePruner(None, "reduced_error", validation=0.5, random_state=0),
            TreePrunerCV(None, "min_impurity_decrease", cv=2, n_candidates=4),
            TreePrunerCV(None, "max_depth", cv=2, param_grid={"max_depth": [1, 2]}),
        ],
    )
    def test_reach_the_last_step(self, library, name, offset, pruner):
        found = pytest.importorskip(library, reason=f"{library} is not installed")
        options = {"verbose": -1} if library == "lightgbm" else {}
        model, start = getattr(found, name)(n_estimators=3, max_depth=3, n_jobs=1, **options), AMOUNT / 2 + 30
        plain = make_pipeline("passthrough", model)
        alone = clone(pruner).set_params(estimator=model).fit(X, AMOUNT, **{offset: start})
        for prefix in ("", f"{name.lower()}__"):
            whole = clone(pruner).set_params(estimator=plain).fit(X, AMOUNT, **{prefix + offset: start})
            np.testing.assert_array_equal(whole.predict(X), alone.predict(X))
            if hasattr(alone, "cv_results_"):
                np.testing.assert_array_equal(
                    whole.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
                )
