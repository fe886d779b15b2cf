"""The contract table: what every kind of model that holds models does with each entry point, and in which tables.

What is not possible is refused with the reason. The other files here, tests/compact/test_wholes.py and
tests/inspection/test_encoded_columns.py go deeper into single entry points.
"""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from joblib import Memory
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from treeprune import (
    TreePruner,
    TreePrunerCV,
    UnsupportedModelError,
    compress,
    load_compact,
    prune,
    pruning_path,
    report,
    rules,
    save_compact,
    slim,
)
from treeprune.composites.exchange import passes_on, size, tree_models
from treeprune.methods import CostComplexity, MaxDepth

from .kinds import COMPOSITES, KIND, X, stock

NAMES = [f"c{place}" for place in range(X.shape[1])]
TREE = DecisionTreeClassifier(random_state=0)
ALPHA = CostComplexity(alpha=0.02)


@pytest.fixture(params=COMPOSITES, scope="module")
def fitted(request):
    model, y, _ = COMPOSITES[request.param]
    return stock(model).fit(X, y), y


class TestEveryKind:
    """`prune`, the pruners and compact files take them all: see the other files."""

    def test_path_where_there_is_one_tree_model(self, fitted):
        model, _ = fitted
        n_models = len(list(tree_models(model)))
        if n_models > 1:
            with pytest.raises(ValueError, match=f"{type(model).__name__} holds {n_models} tree models"):
                pruning_path(model)
            return
        path = pruning_path(model)
        small = path.prune(step=len(path) // 2)
        assert type(small) is type(model)
        assert size(small)[0] == path.n_leaves[len(path) // 2]

    def test_rules_and_report_where_the_tree_model_says_what_the_whole_does(self, fitted):
        model, y = fitted
        if passes_on(model):
            space = {}
            exec(rules(model).to_python(), space)
            assert [space["predict"](row) for row in X.tolist()] == model.predict(X).tolist()
            figures = report(model, X, y).to_dict()
            assert json.dumps(figures["model"]) == '"DecisionTreeClassifier"'
            return
        for show in (rules, report):
            with pytest.raises(UnsupportedModelError, match="does not predict what the models inside do") as caught:
                show(model)
            assert any(name in str(caught.value) for name in ("estimator", "regressor_", "(a, "))


TABLES = {
    "numpy": X,
    "pandas": pd.DataFrame(X, columns=NAMES),
    "polars": pl.DataFrame(X, schema=NAMES),
    "sparse": sparse.csr_matrix(X),
}
PIPE = Pipeline([("scale", StandardScaler(with_mean=False)), ("tree", TREE)])
WHOLES = {
    "pipeline": PIPE,
    "search": GridSearchCV(PIPE, {"tree__max_depth": [None]}, cv=2),
    "calibrated": CalibratedClassifierCV(PIPE, cv=2),
    "voting": VotingClassifier([("a", PIPE), ("b", TREE)], voting="soft"),
}


@pytest.mark.parametrize("kind", WHOLES)
@pytest.mark.parametrize("table", TABLES)
class TestEveryTable:
    def test_gives_what_numbers_give(self, kind, table, tmp_path):
        rows, model, plain = TABLES[table], clone(WHOLES[kind]), clone(WHOLES[kind]).fit(X, KIND)
        fitted = model.fit(rows, KIND)
        expected = prune(plain, "reduced_error", X, KIND[::-1]).predict_proba(X)
        small = prune(fitted, "reduced_error", rows, KIND[::-1])
        np.testing.assert_array_equal(small.predict_proba(rows), expected)
        names = NAMES if table in ("pandas", "polars") else []
        assert getattr(small, "feature_names_in_", np.zeros(0)).tolist() == names
        save_compact(small, tmp_path / "small")
        np.testing.assert_array_equal(load_compact(tmp_path / "small").predict_proba(rows), expected)

    @pytest.mark.parametrize("pruner", [TreePruner(None, ALPHA), TreePrunerCV(None, cv=2, n_candidates=3)])
    def test_is_taken_by_the_pruners(self, kind, table, pruner):
        pruner = clone(pruner).set_params(estimator=WHOLES[kind])
        rows = TABLES[table]
        np.testing.assert_array_equal(
            clone(pruner).fit(rows, KIND).predict_proba(rows), clone(pruner).fit(X, KIND).predict_proba(X)
        )

    def test_is_reported_on(self, kind, table):
        if kind in ("calibrated", "voting"):
            pytest.skip("has no page")
        rows = TABLES[table]
        fitted, plain = clone(WHOLES[kind]).fit(rows, KIND), clone(WHOLES[kind]).fit(X, KIND)
        got, expected = report(fitted, rows, KIND).to_dict(), report(plain, X, KIND).to_dict()
        assert got["verdicts"] == expected["verdicts"]
        assert len(got["features"]) == len(expected["features"])


class Doubled(TransformerMixin, BaseEstimator):
    """A transformer of somebody's own."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X * 2


class TestOddWholes:
    @pytest.mark.parametrize("name", ["prune", "path", "rules", "report", "compact"])
    def test_parts_that_are_not_fitted(self, name, tmp_path):
        ask = {
            "prune": prune,
            "path": pruning_path,
            "rules": rules,
            "report": report,
            "compact": lambda model: save_compact(model, tmp_path / "model"),
        }
        with pytest.raises(NotFittedError):
            ask[name](clone(PIPE))
        in_part = Pipeline([("scale", StandardScaler()), ("tree", clone(TREE).fit(X, KIND))])
        with pytest.raises(NotFittedError, match="The step 'scale' of this Pipeline, StandardScaler, is not fitted"):
            ask[name](in_part)

    @pytest.mark.parametrize("last", [StandardScaler(), "passthrough", None])
    def test_last_steps_that_transform(self, last, tmp_path):
        model = Pipeline([("a", StandardScaler()), ("b", last)]).fit(X, KIND)
        for ask in (prune, pruning_path, lambda model: save_compact(model, tmp_path / "model")):
            with pytest.raises(UnsupportedModelError, match="no tree model inside Pipeline"):
                ask(model)
        with pytest.raises(UnsupportedModelError, match=r"there is no model inside|No adapter for .*StandardScaler"):
            rules(model)
        with pytest.raises(UnsupportedModelError, match="no tree model inside Pipeline"):
            TreePruner(model).fit(X, KIND)
        with pytest.raises(TypeError, match="should have a 'score' method"):
            TreePrunerCV(model).fit(X, KIND)

    def test_transformers_of_ones_own_are_kept(self, tmp_path):
        model = make_pipeline(Doubled(), clone(TREE)).fit(X, KIND)
        assert prune(model, ALPHA)[0] is model[0]
        assert type(TreePrunerCV(model, cv=2).fit(X, KIND).estimator_[0]) is Doubled
        with pytest.raises(UnsupportedModelError, match=r"Doubled \(the step 'doubled'\)"):
            rules(model)
        with pytest.raises(UnsupportedModelError, match=r"steps\[0\]\[1\] is of .*Doubled"):
            save_compact(model, tmp_path / "model")

    def test_caches_are_used_and_kept(self, tmp_path):
        memory = Memory(tmp_path, verbose=0)
        model = Pipeline([("a", StandardScaler()), ("b", TREE)], memory=memory)
        pruner = TreePrunerCV(model, cv=2).fit(X, KIND)
        assert pruner.estimator_.memory is not None
        alone = TreePrunerCV(clone(model).set_params(memory=None), cv=2).fit(X, KIND)
        np.testing.assert_array_equal(pruner.predict(X), alone.predict(X))

    def test_one_model_in_two_places(self, tmp_path):
        tree = clone(TREE).fit(X, KIND)
        model = make_pipeline(FrozenEstimator(tree))
        whole = VotingClassifier([("a", model), ("b", model)]).fit(X, KIND)
        first, second = whole.estimators_
        second.steps[-1][1].estimator = first.steps[-1][1].estimator = tree
        for small in (prune(whole, ALPHA), pruning_path(whole).prune(alpha=ALPHA.alpha)):
            a, b = (pipeline[-1].estimator for pipeline in small.estimators_)
            assert a is b
            assert a.get_n_leaves() == prune(tree, ALPHA).get_n_leaves()


class Halved(BaseEstimator):
    """A sampler as imbalanced-learn has them: it draws rows to train on, and does not transform."""

    def fit_resample(self, X, y):
        return X[::2], y[::2]


class SamplingPipeline(Pipeline):
    """What imbalanced-learn's Pipeline does with samplers."""

    def fit(self, X, y):
        for _, step in self.steps[:-1]:
            X, y = step.fit_resample(X, y) if hasattr(step, "fit_resample") else (step.fit_transform(X, y), y)
        self.steps[-1][1].fit(X, y)
        return self

    def predict(self, X):
        return self.without_samplers.predict(X)

    def predict_proba(self, X):
        return self.without_samplers.predict_proba(X)

    def score(self, X, y):
        return self.without_samplers.score(X, y)

    @property
    def without_samplers(self):
        return Pipeline([step for step in self.steps if not hasattr(step[1], "fit_resample")])


class TestSamplers:
    WHOLE = SamplingPipeline([("scale", StandardScaler()), ("half", Halved()), ("tree", clone(TREE))])

    def test_rows_pass_them(self):
        whole = clone(self.WHOLE).fit(X, KIND)
        plain = whole.without_samplers
        for by_rows in (
            lambda model: prune(model, "reduced_error", X, KIND),
            lambda model: compress(model, X, KIND, max_nodes=9, retrain=False, random_state=0).model,
        ):
            np.testing.assert_array_equal(by_rows(whole).predict_proba(X), by_rows(plain).predict_proba(X))
        assert report(whole, X, KIND).to_dict()["verdicts"] == report(plain, X, KIND).to_dict()["verdicts"]

    @pytest.mark.parametrize("pruner", [TreePruner(None, ALPHA), TreePrunerCV(None, cv=2)])
    def test_pruners_fit_them(self, pruner):
        pruner = clone(pruner).set_params(estimator=self.WHOLE).fit(X, KIND)
        assert pruner.estimator_[-1].tree_.n_node_samples[0] == len(X[::2])

    def test_slim(self):
        whole = prune(clone(self.WHOLE).fit(X, KIND), MaxDepth(1))
        small = slim(whole)
        np.testing.assert_array_equal(small.predict(X[:, small.columns_]), whole.predict(X))
