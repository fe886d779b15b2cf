"""What slim promises besides equal predictions: what it keeps, says and refuses."""

import pickle
from operator import itemgetter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.slimming.kinds import CODES, KINDS, MEASURED, NUMBERS, OF_TEXTS, TABLE, TEXTS, Y, output
from tests.zoo import OLD_SCIKIT_LEARN
from treeprune import UnsupportedModelError, prune, rules, slim
from treeprune.feature_selection import PruningRFE
from treeprune.methods import MaxDepth

pytestmark = pytest.mark.usefixtures("one_thread")


def stump(**params):
    return DecisionTreeClassifier(max_depth=1, random_state=0, **params)


class Framed(TransformerMixin, BaseEstimator):
    """A transformer that treeprune does not know: it makes a frame of an array."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])


class TestWhatLeaves:
    def test_pruning_again_lets_more_columns_go(self):
        model = make_pipeline(StandardScaler(), PCA(), DecisionTreeClassifier(random_state=0)).fit(NUMBERS, Y)
        once = slim(model)
        again = slim(prune(once, MaxDepth(1)))
        assert once[-1].n_features_in_ > again[-1].n_features_in_ == 1
        np.testing.assert_array_equal(output(again, NUMBERS), output(prune(model, MaxDepth(1)), NUMBERS))

    def test_model_without_a_split_keeps_the_first_column(self):
        model = make_pipeline(StandardScaler(), stump()).fit(NUMBERS, np.zeros(len(NUMBERS)))
        small = slim(model)
        assert small.columns_.tolist() == [0]
        np.testing.assert_array_equal(output(small, NUMBERS[:, :1]), output(model, NUMBERS))

    @pytest.mark.parametrize("chosen", [["b", "a"], ["c", "a", "b"], ["a", "c"]])
    def test_columns_that_a_function_puts_in_another_order(self, chosen):
        frame = pd.DataFrame(NUMBERS[:, :3], columns=list("abc"))
        model = make_pipeline(FunctionTransformer(itemgetter(chosen)), StandardScaler(), DecisionTreeClassifier())
        model.fit(frame, NUMBERS[:, 0] > NUMBERS[:, 1])
        np.testing.assert_array_equal(output(slim(model), frame), output(model, frame))

    def test_categories(self):
        words = TABLE[["kind", "sort"]]
        model = make_pipeline(OneHotEncoder(), stump()).fit(words, TABLE["kind"] == "b")
        small = slim(model)
        assert small.columns_.tolist() == ["kind"]
        (encoder,) = (step for _, step, _ in small[0].transformers_)
        assert [categories.tolist() for categories in encoder.categories_] == [["b"]]
        assert not small.predict(pd.DataFrame({"kind": ["never seen"]}))[0]  # which the whole refuses

    def test_transformers_and_remainder(self):
        prepare = make_column_transformer(
            (OneHotEncoder(), ["kind", "sort"]), (StandardScaler(), ["other"]), remainder="passthrough"
        )
        table = TABLE.drop(columns="hole")
        model = make_pipeline(prepare, stump()).fit(table, table["num"] > 0)
        small = slim(model)
        assert small.columns_.tolist() == ["num"]
        assert [name for name, *_ in small[0].transformers_] == ["remainder"]
        assert small[0].get_feature_names_out().tolist() == ["remainder__num"]

    @pytest.mark.parametrize(
        "columns",
        [
            make_column_selector(dtype_include="number"),
            [True, True, False, False, True, True],
            slice(-2, None),
            [0, -2],
        ],
    )
    def test_columns_told_in_other_ways(self, columns):
        prepare = make_column_transformer((SimpleImputer(), columns), (OneHotEncoder(), ["kind", "sort"]))
        model = make_pipeline(prepare, stump()).fit(TABLE, TABLE["other"] > 0)
        small = slim(model)
        assert small.columns_.tolist() == ["other"]
        np.testing.assert_array_equal(output(small, TABLE[["other"]]), output(model, TABLE))

    def test_names_of_steps_do_not_matter(self):
        steps = [
            ("remainder", StandardScaler()),
            ("columns", FeatureUnion([("columns", PCA(2))])),
            ("transform", stump()),
        ]
        model = Pipeline(steps).fit(MEASURED, Y)
        np.testing.assert_array_equal(output(slim(model), MEASURED), output(model, MEASURED))

    def test_rows_stay_sparse_when_what_made_them_so_leaves(self):
        """XGBoost takes zeros that sparse rows leave out as missing."""
        xgboost = pytest.importorskip("xgboost")
        rows = np.where(NUMBERS > 0, NUMBERS, 0)
        encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), [4, 5]), remainder=MaxAbsScaler())
        union = FeatureUnion([("codes", OneHotEncoder(handle_unknown="ignore")), ("numbers", MaxAbsScaler())])
        for prepare in (encode, union):
            model = make_pipeline(prepare, xgboost.XGBClassifier(n_estimators=1, max_depth=1)).fit(
                rows, rows[:, 0] > 0.5
            )
            small = slim(model)
            assert small.columns_.tolist() == [0]
            assert sparse.issparse(small[0].transform(rows[:, :1]))
            np.testing.assert_array_equal(output(small, rows[:, :1]), output(model, rows))

    @pytest.mark.parametrize("made", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
    def test_sparse_rows(self, made):
        rows = np.where(NUMBERS > 0, NUMBERS, 0)
        model = make_pipeline(StandardScaler(with_mean=False), stump()).fit(made(rows), Y)
        small = slim(model)
        np.testing.assert_array_equal(output(small, made(rows[:, small.columns_])), output(model, made(rows)))

    def test_selectors_of_treeprune_are_not_needed_any_more(self):
        model = make_pipeline(PruningRFE(DecisionTreeClassifier(random_state=0)), stump()).fit(NUMBERS, Y)
        assert b"treeprune" in pickle.dumps(model)
        assert b"treeprune" not in pickle.dumps(slim(model))

    def test_bytes(self):
        rng = np.random.default_rng(0)
        wide = pd.DataFrame(rng.normal(size=(200, 100))).add_prefix("n").assign(code=[f"code {i}" for i in range(200)])
        prepare = make_column_transformer((OneHotEncoder(), ["code"]), remainder=StandardScaler())
        model = make_pipeline(prepare, stump()).fit(wide, wide["n7"] > 0)
        small = slim(model)
        assert small.columns_.tolist() == ["n7"]
        assert len(pickle.dumps(small)) < len(pickle.dumps(model)) / 3


class TestWhatStays:
    def test_unknown_transformers(self):
        model = make_pipeline(Framed(), StandardScaler(), stump()).fit(NUMBERS, Y)
        small = slim(model)
        assert small[0] is model[0]
        assert len(small.columns_) == 6 > small[-1].n_features_in_
        np.testing.assert_array_equal(output(small, NUMBERS), output(model, NUMBERS))

    def test_transformers_derived_from_known_ones(self):
        class Doubled(StandardScaler):
            def transform(self, X):
                return super().transform(X) * 2 + X.mean(axis=1, keepdims=True)

        model = make_pipeline(Doubled(), stump()).fit(NUMBERS, Y)
        np.testing.assert_array_equal(output(slim(model), NUMBERS), output(model, NUMBERS))

    def test_steps_that_do_nothing_and_memory(self, tmp_path):
        steps = [("a", None), ("b", StandardScaler()), ("c", "passthrough"), ("d", stump())]
        model = Pipeline(steps, memory=str(tmp_path)).fit(NUMBERS, Y)
        small = slim(model)
        assert [name for name, _ in small.steps] == list("abcd")
        assert small.memory == model.memory
        np.testing.assert_array_equal(output(small, NUMBERS[:, small.columns_]), output(model, NUMBERS))

    def test_kind_of_frame(self):
        model = make_pipeline(StandardScaler().set_output(transform="pandas"), stump()).fit(MEASURED, Y)
        small = slim(model)
        assert small[0].transform(MEASURED).columns.tolist() == small[-1].feature_names_in_.tolist()

    def test_kind_of_frame_by_configuration(self):
        with config_context(transform_output="pandas"):
            model = make_pipeline(StandardScaler(), PCA(), StandardScaler(), stump()).fit(MEASURED, Y)
            small = slim(model)
            np.testing.assert_array_equal(output(small, MEASURED), output(model, MEASURED))
            assert small[:-1].transform(MEASURED).columns.tolist() == small[-1].feature_names_in_.tolist()

    @pytest.mark.skipif(OLD_SCIKIT_LEARN, reason="it knows no columns of new polars")
    def test_polars(self):
        table = pl.from_pandas(TABLE)
        model = make_pipeline(KINDS["named columns"][0], stump()).fit(table, Y)
        small = slim(model)
        for rows in (table, table.select(small.columns_.tolist())):
            np.testing.assert_array_equal(output(small, rows), output(model, table))

    def test_frames_that_reach_the_model_as_they_are(self):
        table = TABLE.assign(kind=TABLE["kind"].astype("category"))[["num", "kind", "other"]]
        model = make_pipeline(FunctionTransformer(), HistGradientBoostingClassifier(max_iter=1, max_depth=1))
        model.fit(table, TABLE["kind"] == "b")
        small = slim(model)
        assert small.columns_.tolist() == ["kind"]
        np.testing.assert_array_equal(output(small, table[["kind"]]), output(model, table))

    @pytest.mark.parametrize(
        ("params", "left"),
        [
            ({"categorical_features": [2, 3], "monotonic_cst": [0, -1, 0, 0]}, {"monotonic_cst": [-1, 0]}),
            ({"categorical_features": [2, 3]}, {"categorical_features": [1]}),
            ({"interaction_cst": [{0, 1}, {1, 2}, {3}]}, {"interaction_cst": [{0}, {0, 1}]}),
        ],
    )
    def test_constraints_and_categories_of_the_columns_that_stay(self, params, left):
        rows = np.column_stack([NUMBERS[:, :2], CODES[:, 2:4]])
        model = HistGradientBoostingRegressor(max_iter=1, min_samples_leaf=2, max_leaf_nodes=4, **params)
        model.fit(rows, 1.0 * (rows[:, 1] < 0) + (rows[:, 2] == 2))
        small = slim(model)
        assert small.columns_.tolist() == [1, 2]
        assert {name: list(getattr(small, name)) for name in left} == left
        np.testing.assert_array_equal(output(small, rows[:, [1, 2]]), output(model, rows))

    def test_rules_in_the_names_of_the_table(self):
        words = TABLE[["kind", "sort"]]
        model = make_pipeline(OneHotEncoder(sparse_output=False), stump()).fit(words, TABLE["kind"] == "b")
        assert str(rules(slim(model))).startswith("1. kind not in {b} -> False")


class TestRowsForTheDifference:
    @pytest.mark.parametrize("rows", [NUMBERS[:20].tolist(), tuple(map(tuple, NUMBERS[:20]))], ids=["lists", "tuples"])
    def test_lists(self, rows):
        for model in (stump().fit(NUMBERS, Y), make_pipeline(StandardScaler(), stump()).fit(NUMBERS, Y)):
            assert slim(model, rows).difference_ == 0.0

    def test_lists_of_words_and_numbers(self):
        rows = [[kind, float(i)] for i, kind in enumerate("abab" * 5)]
        model = make_pipeline(OneHotEncoder(), stump()).fit(rows, [row[0] == "a" for row in rows])
        assert slim(model, rows).difference_ == 0.0

    def test_missing_column_is_named(self):
        model = make_pipeline(make_column_transformer((StandardScaler(), ["num", "other"])), stump())
        with pytest.raises(ValueError, match=r"columns are missing: \{'num'\}"):
            slim(model.fit(TABLE, TABLE["num"] > 0), TABLE.drop(columns="num"))

    def test_what_is_no_table(self):
        xgboost = pytest.importorskip("xgboost")
        model = xgboost.XGBClassifier(n_estimators=1, max_depth=1).fit(NUMBERS, Y)
        with pytest.raises(TypeError, match="'X' parameter of slim must be an array"):
            slim(model.get_booster(), xgboost.DMatrix(NUMBERS))


def test_frame_whose_names_are_numbers_gives_places():
    frame = pd.DataFrame(NUMBERS, columns=range(2001, 2001 + NUMBERS.shape[1]))
    small = slim(make_pipeline(StandardScaler(), stump()).fit(frame, Y))
    assert small.columns_.dtype.kind == "i"
    np.testing.assert_array_equal(
        output(small, frame.iloc[:, small.columns_]), output(slim(small), frame.iloc[:, small.columns_])
    )


class TestTexts:
    MODEL = make_pipeline(TfidfVectorizer(), RandomForestClassifier(3, max_depth=2, random_state=0)).fit(
        TEXTS, OF_TEXTS
    )

    def test_exact_keeps_the_terms_that_the_norm_needs(self):
        small = slim(self.MODEL, TEXTS)
        assert small.difference_ == 0
        assert small[-1].n_features_in_ < len(TfidfVectorizer().fit(TEXTS).vocabulary_)

    def test_else_terms_leave_and_the_difference_is_told(self):
        small = slim(self.MODEL, TEXTS, exact=False)
        before, after = output(self.MODEL, TEXTS), output(small, TEXTS)
        assert small.difference_ == np.abs(after - before).max() > 0
        assert len(small[0].vocabulary_) == small[-1].n_features_in_
        assert len(pickle.dumps(small)) < len(pickle.dumps(self.MODEL))
        terms = sorted(small[0].vocabulary_)  # as if trained on these terms alone, with their weights
        by_hand = TfidfVectorizer(vocabulary=terms).fit(TEXTS).transform(TEXTS)
        np.testing.assert_array_equal(small[0].transform(TEXTS).toarray(), by_hand.toarray())

    def test_difference_of_classes_and_numbers(self):
        for model, y in (
            (DecisionTreeClassifier(max_depth=3), OF_TEXTS),
            (DecisionTreeRegressor(max_depth=3), OF_TEXTS * 5.0),
        ):
            whole = make_pipeline(TfidfVectorizer(), model).fit(TEXTS, y)
            small = slim(whole, TEXTS, exact=False)
            assert small.difference_ == np.abs(output(small, TEXTS) - output(whole, TEXTS)).max()


class TestRefused:
    def test_without_trees(self):
        none = r"no tree model or model made of weights inside Pipeline.*KNeighborsClassifier"
        with pytest.raises(UnsupportedModelError, match=none):
            slim(make_pipeline(StandardScaler(), KNeighborsClassifier()).fit(NUMBERS, Y))
        with pytest.raises(UnsupportedModelError, match="No adapter for"):
            slim(KNeighborsClassifier().fit(NUMBERS, Y))
        with pytest.raises(UnsupportedModelError, match="DecisionTreeClassifier is a class; a fitted model"):
            slim(DecisionTreeClassifier)
        with pytest.raises(UnsupportedModelError, match="no tree model or model made of weights inside Pipeline"):
            slim(make_pipeline(StandardScaler()).fit(NUMBERS))

    @pytest.mark.parametrize("model", [stump(), make_pipeline(StandardScaler(), stump())])
    def test_not_fitted(self, model):
        with pytest.raises(NotFittedError):
            slim(model)

    def test_parameter(self):
        with pytest.raises(ValueError, match=r"The 'exact' parameter of slim must be True or False\. Got 'no'"):
            slim(stump().fit(NUMBERS, Y), exact="no")
