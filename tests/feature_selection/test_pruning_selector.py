"""PruningSelector keeps what survives pruning, keeps scikit-learn's contract, and does not fool itself."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import AdaBoostRegressor, GradientBoostingRegressor, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.zoo import OLD_SCIKIT_LEARN
from treeprune import PruningSelector
from treeprune.feature_selection.draws import draw_rows
from treeprune.methods import CostComplexity
from treeprune.model_selection import PurgedTimeSeriesSplit

WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data": "a repeated row is several rows to random halves, as to "
    "scikit-learn's own forests, and what few trees happen to keep is selected",
}


@parametrize_with_checks(
    [
        PruningSelector(n_estimators=5),
        PruningSelector(task="regression", n_estimators=5, null="circular"),
        PruningSelector(null=None, n_estimators=5),
        PruningSelector(null="knockoff", n_shadow_sets=1, n_estimators=5),
        PruningSelector(DecisionTreeClassifier(), n_estimators=2),
    ],
    expected_failed_checks=lambda estimator: WEIGHTS if estimator.null is None or estimator.estimator else {},
)
@pytest.mark.filterwarnings("ignore:No feature", "ignore:These look like", "ignore:With fewer")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def friedman(n_rows=500, n_features=20, seed=0):
    """Five features that matter, the others noise."""
    return make_friedman1(n_rows, n_features=n_features, noise=1.0, random_state=seed)


FRIEDMAN = friedman()
CLASSES = make_classification(
    600, 30, n_informative=4, n_redundant=0, n_classes=3, class_sep=2.0, shuffle=False, random_state=1
)


class TestFinds:
    @pytest.mark.parametrize("seed", range(3))
    def test_what_matters_in_regression_and_nothing_else(self, seed):
        chosen = PruningSelector(random_state=seed).fit(*friedman(seed=seed)).get_support(indices=True)
        assert set(chosen) <= set(range(6))
        assert {0, 1, 3, 4} <= set(chosen)

    def test_what_matters_among_three_classes(self):
        X, y = CLASSES
        assert list(PruningSelector(random_state=0).fit(X, y).get_support(indices=True)) == [0, 1, 2, 3]
        named = np.array(["a", "b", "c"])[y]
        np.testing.assert_array_equal(
            PruningSelector(random_state=0).fit(X, y).p_values_, PruningSelector(random_state=0).fit(X, named).p_values_
        )

    @pytest.mark.parametrize("n_features", [20, 200])
    @pytest.mark.parametrize("kind", ["numbers", "one binary column", "one column of numbers among binary ones"])
    def test_a_lone_strong_feature(self, n_features, kind):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(300, n_features))
        if kind == "one binary column":
            X[:, 3] = X[:, 3] > 0
        elif kind != "numbers":
            X[:, np.arange(n_features) != 3] = X[:, np.arange(n_features) != 3] > 0
        y = X[:, 3] + 0.5 * rng.normal(size=300)
        assert list(PruningSelector(random_state=0).fit(X, y).get_support(indices=True)) == [3]

    def test_nothing_in_noise_and_says_so(self):
        rng = np.random.default_rng(0)
        X, y = pd.DataFrame(rng.normal(size=(300, 10))).add_prefix("noise"), rng.normal(size=300)
        with pytest.warns(UserWarning, match=r"none is selected. The strongest candidates are noise\d .*p = 0\.\d+"):
            selector = PruningSelector(random_state=0).fit(X, y)
        assert not selector.get_support().any()
        assert sorted(selector.ranking_) == list(range(2, 12))

    def test_missing_values_that_tell(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(400, 12)), rng.integers(0, 2, 400)
        X[rng.random(X.shape) < 0.2] = np.nan
        X[:, 5] = np.where(y == 1, np.nan, X[:, 5])
        assert list(PruningSelector(random_state=0).fit(X, y).get_support(indices=True)) == [5]

    def test_weights_decide_which_rows_count(self):
        """The target follows one feature in the rows that weigh, another in rows of weight 0."""
        rng = np.random.default_rng(0)
        X, weight = rng.normal(size=(600, 15)), np.repeat([1.0, 0.0], 300)
        y = np.where(weight == 1, X[:, 2], X[:, 9])
        assert 9 in PruningSelector(random_state=0).fit(X, y).get_support(indices=True)
        weighed = PruningSelector(random_state=0).fit(X, y, sample_weight=weight)
        assert list(weighed.get_support(indices=True)) == [2]
        np.testing.assert_array_equal(
            weighed.p_values_, PruningSelector(random_state=0).fit(X[:300], y[:300]).p_values_
        )


class TestIsCalibrated:
    """A small part of ``python -m benchmarks.selection --calibration``, in the settings that broke simpler nulls."""

    @pytest.mark.parametrize(
        ("n_rows", "n_features", "params"),
        [(200, 20, {}), (120, 60, {"n_estimators": 10}), (60, 600, {"n_estimators": 10})],
        ids=["plain", "few trees", "nearly no shadow survives"],
    )
    @pytest.mark.filterwarnings("ignore:No feature")
    def test_noise_seldom_passes(self, n_rows, n_features, params):
        any_pick = 0
        for seed in range(30):
            rng = np.random.default_rng(seed)
            X, y = rng.normal(size=(n_rows, n_features)), rng.integers(0, 2, n_rows)
            any_pick += PruningSelector(random_state=seed, **params).fit(X, y).get_support().any()
        assert any_pick <= 6  # 30 runs at 0.1: more than 6 has probability .026, far less at what is measured

    @pytest.mark.filterwarnings("ignore:No feature")
    def test_means_are_rounded_down_where_nearly_no_shadow_survives(self, monkeypatch):
        """200 rows of 2,000 columns: most shadows survive in no tree, and any mean above 0 beats them."""
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(200, 2000)), rng.integers(0, 2, 200)
        rounded = PruningSelector(random_state=0).fit(X, y)
        assert (rounded.shadow_survival_ == 0).mean() > 0.9
        assert not rounded.get_support().any()
        monkeypatch.setattr("treeprune.feature_selection.survival._NEARLY_ALL", 2.0)
        exact = PruningSelector(random_state=0).fit(X, y)
        now_and_then = (exact.survival_ > 0) & (exact.survival_ < 1 / exact.n_estimators)
        assert now_and_then.any()
        assert (rounded.p_values_[now_and_then] == 1).all()
        assert (exact.p_values_[now_and_then] < 0.1).all()

    @pytest.mark.filterwarnings("ignore:No feature")
    def test_binary_columns_do_not_lend_their_low_survival_to_numbers(self):
        picks = 0
        for seed in range(15):
            rng = np.random.default_rng(seed)
            X = rng.normal(size=(200, 40))
            X[:, 4:] = X[:, 4:] > 0
            picks += PruningSelector(random_state=seed).fit(X, rng.normal(size=200)).get_support()[:4].any()
        assert picks <= 4


class TestIsReproducible:
    def test_at_any_number_of_threads(self):
        fits = [PruningSelector(random_state=3, n_jobs=n_jobs, n_estimators=10).fit(*FRIEDMAN) for n_jobs in (1, 2, 3)]
        for other in fits[1:]:
            np.testing.assert_array_equal(fits[0].shadow_survival_, other.shadow_survival_)
            np.testing.assert_array_equal(fits[0].p_values_, other.p_values_)

    def test_after_clone_refit_and_pickle(self):
        selector = PruningSelector(random_state=3, n_estimators=10)
        p = selector.fit(*FRIEDMAN).p_values_
        np.testing.assert_array_equal(p, clone(selector).fit(*FRIEDMAN).p_values_)
        np.testing.assert_array_equal(p, selector.fit(*FRIEDMAN).p_values_)
        np.testing.assert_array_equal(p, pickle.loads(pickle.dumps(selector)).p_values_)

    def test_scale_of_the_target_does_not_matter(self):
        X, y = FRIEDMAN
        p = PruningSelector(random_state=0, n_estimators=10).fit(X, y).p_values_
        for scale in (2.0**-1000, 2.0**900):
            np.testing.assert_array_equal(
                p, PruningSelector(random_state=0, n_estimators=10).fit(X, y * scale).p_values_
            )


class TestGroups:
    LABELS = ["a", "a", "b", "b", "c", *range(15)]

    def test_stay_or_go_together(self):
        X, y = FRIEDMAN
        frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(20)])
        selector = PruningSelector(feature_groups=self.LABELS, random_state=0).fit(frame, y)
        support = selector.get_support()
        assert support[:5].all()
        assert not support[5:].any()
        assert selector.p_values_[0] == selector.p_values_[1]
        as_dict = {f"f{i}": label for i, label in enumerate(self.LABELS[:5])}
        for groups in (as_dict, lambda name: {**as_dict}.get(name, name)):
            same = PruningSelector(feature_groups=groups, random_state=0).fit(frame, y)
            np.testing.assert_array_equal(same.p_values_, selector.p_values_)

    def test_max_features_keeps_whole_groups(self):
        X, y = FRIEDMAN
        support = PruningSelector(feature_groups=self.LABELS, max_features=3, random_state=0).fit(X, y).get_support()
        assert support.sum() == 3
        assert support[0] == support[1]
        assert support[2] == support[3]
        assert PruningSelector(max_features=2, random_state=0).fit(X, y).get_support().sum() == 2

    def test_bad(self):
        frame = pd.DataFrame(FRIEDMAN[0]).add_prefix("f")
        with pytest.raises(ValueError, match=r"one label for each of 20 features\. Got 2"):
            PruningSelector(feature_groups=[0, 1]).fit(frame, FRIEDMAN[1])
        with pytest.raises(ValueError, match=r"names features that X does not have: \['g'\]"):
            PruningSelector(feature_groups={"g": 0}).fit(frame, FRIEDMAN[1])


class TestOtherTrees:
    @pytest.mark.parametrize(
        ("estimator", "data"),
        [
            (DecisionTreeRegressor(max_features="sqrt", max_depth=8), FRIEDMAN),
            (ExtraTreeRegressor(max_features=0.5), FRIEDMAN),
            (GradientBoostingRegressor(n_estimators=30), FRIEDMAN),
            (AdaBoostRegressor(n_estimators=15), FRIEDMAN),
        ],
    )
    def test_any_tree_or_ensemble(self, estimator, data):
        selector = PruningSelector(estimator, n_estimators=30, random_state=0).fit(*data)
        assert {3, 4} <= set(selector.get_support(indices=True)) <= set(range(6))
        again = PruningSelector(estimator, n_estimators=30, random_state=0, n_jobs=2).fit(*data)
        np.testing.assert_array_equal(selector.p_values_, again.p_values_)

    @pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
    def test_boosters_of_other_libraries(self, library):
        module, X, y = pytest.importorskip(library), *FRIEDMAN
        params = {"n_estimators": 20, "max_depth": 4, "n_jobs": 1}
        booster = module.XGBRegressor(**params) if library == "xgboost" else module.LGBMRegressor(**params, verbose=-1)
        kept = set(PruningSelector(booster, n_estimators=20, random_state=0).fit(X[:300], y[:300]).get_support(True))
        assert {0, 1, 3} <= kept
        assert len(kept - set(range(6))) <= 1  # a tenth may be false

    def test_histogram_trees_agree_with_scikit_learns(self):
        """Survival of the five that matter is near to that in scikit-learn's trees of the same kind."""
        tree = DecisionTreeRegressor(max_features=int(np.ceil(1.5 * np.sqrt(40))), max_depth=8)
        theirs = PruningSelector(tree, n_estimators=50, random_state=0).fit(*FRIEDMAN)
        ours = PruningSelector(random_state=0).fit(*FRIEDMAN)
        np.testing.assert_allclose(ours.survival_[:5], theirs.survival_[:5], atol=0.12)
        assert abs(ours.shadow_survival_.mean() - theirs.shadow_survival_.mean()) < 0.08

    def test_classes_that_a_half_did_not_see(self):
        X, y = CLASSES
        y = np.where(np.arange(len(y)) < 2, "rare", np.array(["a", "b", "c"])[y])
        selector = PruningSelector(DecisionTreeClassifier(max_features="sqrt"), n_estimators=10, random_state=0)
        assert selector.fit(X, y).get_support()[:4].all()


class TestInScikitLearn:
    @pytest.mark.parametrize("library", [pd, pl])
    def test_frames_in_and_out(self, library):
        if library is pl and OLD_SCIKIT_LEARN:
            pytest.skip("scikit-learn before 1.7 does not see the names of polars' columns")
        X, y = FRIEDMAN
        names = [f"f{i}" for i in range(20)]
        frame = library.DataFrame(dict(zip(names, X.T, strict=True)))
        selector = PruningSelector(random_state=0).set_output(transform=library.__name__)
        out = selector.fit_transform(frame, y)
        assert isinstance(out, library.DataFrame)
        assert list(out.columns) == list(selector.get_feature_names_out()) == names[:5]
        np.testing.assert_array_equal(out, X[:, :5])

    def test_in_a_pipeline_under_cross_validation(self):
        X, y = CLASSES
        frame = pd.DataFrame(X).add_prefix("f")
        pipe = make_pipeline(PruningSelector(random_state=0), DecisionTreeClassifier(random_state=0))
        assert cross_val_score(pipe, frame, y, cv=3).min() > 0.7
        assert pipe.fit(frame, y)[:-1].transform(frame).shape == (600, 4)

    def test_unfitted(self):
        with pytest.raises(NotFittedError):
            PruningSelector().transform(FRIEDMAN[0])

    def test_other_methods_and_splitters(self):
        X, y = FRIEDMAN
        for params in ({"method": CostComplexity(alpha=0.02)}, {"validation": KFold(4)}):
            selector = PruningSelector(random_state=0, n_estimators=20, **params).fit(X, y)
            assert {0, 1, 3} <= set(selector.get_support(indices=True))

    def test_no_null_no_p_values(self):
        selector = PruningSelector(null=None, random_state=0).fit(*FRIEDMAN)
        assert selector.p_values_ is None
        assert selector.shadow_survival_ is None
        np.testing.assert_array_equal(selector.get_support(), selector.survival_ > 0)
        assert set(np.argsort(-selector.survival_)[:5]) == set(range(5))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"null": "shuffle"}, "'null' parameter .* Got 'shuffle'"),
        ({"fdr": 1.0}, "'fdr' parameter .* Got 1.0"),
        ({"n_shadow_sets": 9}, "'n_shadow_sets' parameter .* at least 1 / fdr = 10.*Got 9"),
        ({"n_shadow_sets": 10, "fdr": 0.05}, "at least 1 / fdr = 20"),
        ({"n_estimators": 0}, "'n_estimators' parameter .* Got 0"),
        ({"max_depth": None}, "'max_depth' parameter .* Got None"),
        ({"validation": "holdout"}, "'validation' parameter .* Got 'holdout'"),
        ({"validation": 0.3}, "'validation' parameter .* Got 0.3"),
        ({"task": "ranking"}, "'task' parameter .* Got 'ranking'"),
        ({"max_samples": 1}, "'max_samples' parameter .* Got 1 "),
        ({"max_samples": 0.5}, "'max_samples' parameter .* Got 0.5"),
        ({"n_jobs": "all"}, "'n_jobs' parameter .* Got 'all'"),
        ({"method": "magic"}, "'method' parameter .* Got 'magic'"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        PruningSelector(**params).fit(*FRIEDMAN)


class TestRowsInTime:
    """Autocorrelated columns and an autocorrelated target that have nothing to do with each other."""

    @staticmethod
    def series(seed, n_true=0, n_rows=400, n_columns=10, phi=0.97):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(n_rows + 200, n_columns + 1))
        x = np.zeros_like(noise)
        for t in range(1, len(noise)):
            x[t] = phi * x[t - 1] + noise[t]
        X, y = x[200:, :-1], x[200:, -1]
        return X, y + X[:, :n_true].sum(axis=1)

    @pytest.mark.parametrize("null", ["circular", "block"])
    @pytest.mark.filterwarnings("ignore:These look like", "ignore:No feature")
    def test_chance_agreement_is_not_selected(self, null):
        picks = sum(
            PruningSelector(null=null, random_state=s, n_estimators=25).fit(*self.series(s)).get_support().sum()
            for s in range(6)
        )
        assert picks <= 3
        assert PruningSelector(random_state=0, n_estimators=25).fit(*self.series(0)).get_support().sum() >= 8

    @pytest.mark.filterwarnings("ignore:These look like")
    @pytest.mark.parametrize("validation", ["oob", PurgedTimeSeriesSplit(4, purge=5)])
    def test_what_matters_is(self, validation):
        X, y = self.series(0, n_true=2, n_rows=1500, phi=0.8)
        selector = PruningSelector(null="circular", validation=validation, random_state=0).fit(X, y)
        assert list(selector.get_support(indices=True)) == [0, 1]

    @pytest.mark.filterwarnings("ignore:No feature")
    def test_random_walks_are_named(self):
        rng = np.random.default_rng(1)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
        frame["walk"] = frame["a"].cumsum()
        with pytest.warns(UserWarning, match=r"look like random walks, .*: walk, the target\. Differencing them"):
            PruningSelector(null="circular", random_state=0).fit(frame, rng.normal(size=300).cumsum())

    @pytest.mark.parametrize("as_index", [pd.Index, pd.Series.tolist, lambda hours: hours - hours[0]])
    def test_permuting_rows_in_time_warns(self, as_index):
        X, y = FRIEDMAN
        frame = pd.DataFrame(X, index=as_index(pd.Series(pd.date_range("2024", periods=len(X), freq="h"))))
        frame.columns = frame.columns.map(str)
        with pytest.warns(UserWarning, match="rows are in time, and null='permute'"):
            PruningSelector(random_state=0, n_estimators=5).fit(frame, y)

    def test_shuffling_rows_in_time_warns(self):
        with pytest.warns(UserWarning, match=r"in time, and validation=KFold\(.*shuffle=True\) shuffles them"):
            PruningSelector(null="circular", validation=KFold(2, shuffle=True), n_estimators=5).fit(*FRIEDMAN)


class TestMaxSamples:
    @pytest.mark.parametrize("splits", [None, list(TimeSeriesSplit(2).split(np.zeros(300)))])
    @pytest.mark.parametrize("most", [None, 40])
    def test_each_tree_draws_its_own_rows(self, splits, most):
        drawn = [(grow, judge) for grow, judge, _ in draw_rows(4, 300, splits, most, (0,))]
        for number, (grow, judge) in enumerate(drawn):
            allowed = (np.arange(300), np.arange(300)) if splits is None else splits[number % 2]
            for rows, among in zip((grow, judge), allowed, strict=True):
                assert len(np.unique(rows)) == len(rows) == min(len(among) // (1 if splits else 2), most or 300)
                assert np.isin(rows, among).all()
            assert not np.isin(grow, judge).any()
        assert most is None or not np.array_equal(np.sort(drawn[0][0]), np.sort(drawn[2][0]))

    def test_more_rows_than_there_are_change_nothing(self):
        all_rows, many = (PruningSelector(random_state=0, max_samples=n).fit(*FRIEDMAN) for n in (None, 10**6))
        np.testing.assert_array_equal(all_rows.p_values_, many.p_values_)

    @pytest.mark.parametrize("validation", ["oob", KFold(4)])
    def test_a_sample_of_many_rows_finds_the_same(self, validation):
        X, y = make_friedman1(6000, n_features=15, noise=1.0, random_state=0)
        selector = PruningSelector(validation=validation, max_samples=1500, random_state=0).fit(X, y)
        assert list(selector.get_support(indices=True)) == [0, 1, 2, 3, 4]


def test_forests_are_pruned_out_of_bag():
    forest = RandomForestClassifier(30, max_depth=8)
    selector = PruningSelector(forest, random_state=0, n_estimators=30).fit(*CLASSES)
    assert selector.get_support()[:4].all()
    assert selector.get_support().sum() <= 5


def test_a_target_of_objects_is_what_its_values_are():
    X, y = FRIEDMAN
    found = PruningSelector(random_state=0, n_estimators=5).fit(X, np.asarray(y).astype(object))
    expected = PruningSelector(random_state=0, n_estimators=5).fit(X, y)
    np.testing.assert_array_equal(found.p_values_, expected.p_values_)
    with pytest.raises(ValueError, match=r"no missing values\. Got 1 in"):
        PruningSelector().fit(X, ["a", None, *["b"] * (len(X) - 2)])


class TestOrderOfColumns:
    """Draws go by what a column holds, not by its place."""

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"null": "circular"},
            {"null": None, "max_features": 3},
            {"estimator": RandomForestClassifier(5), "n_estimators": 5},
            {"feature_groups": "given"},
        ],
    )
    def test_changes_nothing(self, params):
        X, y = CLASSES
        X = X[:300, :12].copy()
        X[:, 5] = np.round(X[:, 5])  # another level
        X[::7, 6] = np.nan if "estimator" not in params else 0.0
        groups = np.array([0, 0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9])
        fits = []
        for order in (np.arange(12), np.arange(12)[::-1], np.random.default_rng(0).permutation(12)):
            labels = {"feature_groups": groups[order]} if "feature_groups" in params else {}
            selector = PruningSelector(random_state=0, **{"n_estimators": 20, **params, **labels})
            selector.fit(X[:, order], y[:300])
            place = np.argsort(order)
            fits.append([selector.survival_[place], selector.get_support()[place], selector.ranking_[place]])
            if selector.null is not None:
                fits[-1].append(selector.p_values_[place])
        for fit in fits[1:]:
            for one, other in zip(fits[0], fit, strict=True):
                np.testing.assert_array_equal(one, other)

    def test_shadows_are_those_of_the_columns_given(self):
        """The shadows of a feature survive as they do, and say whose they are, in whatever order."""
        X, y = friedman(200, 6)
        order = np.array([5, 2, 0, 4, 1, 3])
        one, other = (PruningSelector(n_estimators=10, random_state=0).fit(Z, y) for Z in (X, X[:, order]))
        np.testing.assert_array_equal(one.shadow_feature_, order[other.shadow_feature_])
        np.testing.assert_array_equal(one.shadow_survival_, other.shadow_survival_)

    def test_equal_columns_go_by_their_names(self):
        X, y = friedman(200, 5)
        frame = pd.DataFrame(np.c_[X, X[:, 0]], columns=list("abcdef"))
        found = [
            dict(
                zip(names, PruningSelector(n_estimators=10, random_state=0).fit(frame[names], y).survival_, strict=True)
            )
            for names in (list("abcdef"), list("fbcdea"))
        ]
        assert found[0] == found[1]
