"""Knockoffs go with the columns as these do with each other, and what is kept beside them adds to the others."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, spearmanr
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from treeprune import PruningSelector
from treeprune.feature_selection.correlation import correlated_units, scaled_normal_scores
from treeprune.feature_selection.knockoff_statistics import STRENGTHS, knockoff_statistics
from treeprune.feature_selection.knockoffs import exchangeable_part, knockoff_threshold, sample_knockoffs

STATISTICS = ("survival", *STRENGTHS)


def chain(n_rows, n_columns, rho, rng):
    """Each column is correlated with the one before it."""
    X = rng.normal(size=(n_rows, n_columns))
    for column in range(1, n_columns):
        X[:, column] = rho * X[:, column - 1] + (1 - rho**2) ** 0.5 * X[:, column]
    return X


def mixed(n_rows, rng):
    """Two classes, three classes, whole numbers, numbers; each goes with the one before."""
    X = chain(n_rows, 8, 0.7, rng)
    X[:, ::4] = 0.5 * (X[:, ::4] > 0.3)
    X[:, 1::4] = np.digitize(X[:, 1::4], [-0.5, 0.5])
    X[:, 2::4] = np.round(4 * X[:, 2::4])
    return X


def problem(rng, n_rows=400, n_columns=24, rho=0.5, task="regression"):
    """A chain, of which every other column matters."""
    X = chain(n_rows, n_columns, rho, rng)
    y = X[:, ::2].sum(axis=1) + rng.normal(size=n_rows)
    return X, y if task == "regression" else (y > 0).astype(int) if task == "two classes" else np.digitize(y, [-2, 2])


class TestKnockoffs:
    CHAIN = 0.6 ** np.abs(np.subtract.outer(np.arange(6), np.arange(6)))

    @pytest.mark.parametrize("unit", [[0, 1, 2, 3, 4, 5], [0, 0, 1, 1, 1, 2]])
    def test_covariance_is_that_of_exchangeable_columns(self, unit):
        """Beside the columns' own, a block S is taken off what columns and their knockoffs share, and nothing else."""
        unit, rng = np.array(unit), np.random.default_rng(0)
        X = rng.normal(size=(50_000, 6)) @ np.linalg.cholesky(self.CHAIN).T
        joint = np.corrcoef(np.hstack([X, sample_knockoffs(X, unit, rng)]).T)
        S = exchangeable_part(self.CHAIN, unit)
        assert not S[np.not_equal.outer(unit, unit)].any()
        expected = np.block([[self.CHAIN, self.CHAIN - S], [self.CHAIN - S, self.CHAIN]])
        assert np.linalg.eigvalsh(expected)[0] > 0
        np.testing.assert_allclose(joint, expected, atol=0.02)

    def test_columns_are_as_hard_to_reconstruct_as_they_can_be(self):
        """The objective of Spector and Janson, the trace of the inverse of the joint covariance, has its minimum."""

        def objective(s):
            joint = np.block([[self.CHAIN, self.CHAIN - np.diag(s)], [self.CHAIN - np.diag(s), self.CHAIN]])
            return np.trace(np.linalg.inv(joint))

        S = exchangeable_part(self.CHAIN, np.arange(6))
        s = np.diag(S)
        np.testing.assert_array_equal(S, np.diag(s))
        for step in 1e-3 * np.vstack([np.eye(6), -np.eye(6)]):
            assert objective(s + step) > objective(s)

    @pytest.mark.parametrize("kind", ["numbers", "mixed"])
    def test_swapping_any_columns_leaves_rank_correlations(self, kind):
        rng = np.random.default_rng(0)
        X = mixed(4000, rng) if kind == "mixed" else np.exp(chain(4000, 8, 0.7, rng))
        knockoffs = sample_knockoffs(X, np.arange(8), rng)
        for column in range(8):
            assert set(knockoffs[:, column]) <= set(X[:, column])
        expected = spearmanr(np.hstack([X, knockoffs])).statistic
        for swapped in ([0], [3], [1, 2, 6], range(8)):
            A, B = X.copy(), knockoffs.copy()
            A[:, swapped], B[:, swapped] = knockoffs[:, swapped], X[:, swapped]
            np.testing.assert_allclose(spearmanr(np.hstack([A, B])).statistic, expected, atol=0.08)
        itself = np.abs(np.diag(expected[:8, 8:]))
        assert itself.max() < 0.8

    def test_say_nothing_of_the_target_beyond_the_columns(self):
        rng = np.random.default_rng(0)
        X = chain(20_000, 6, 0.7, rng)
        y = X @ [1, 0, 2, 0, 0, 1] + rng.normal(size=len(X))
        coefficients = LinearRegression().fit(np.hstack([X, sample_knockoffs(X, np.arange(6), rng)]), y).coef_
        np.testing.assert_allclose(coefficients, [1, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0], atol=0.05)

    def test_are_as_good_stand_ins_for_what_matters_as_the_columns(self):
        """Correlated with the target as strongly: knockoffs from a matrix that is shrunk much are not."""
        wins = []
        for seed in range(25):
            X, y = problem(rng := np.random.default_rng(seed), rho=0.2)
            with_target = [
                np.abs(np.corrcoef(columns.T, y)[-1, 1:-1:2])
                for columns in (X, sample_knockoffs(X, np.arange(24), rng))
            ]
            wins.append(with_target[0] > with_target[1])
        assert abs(np.mean(wins) - 0.5) <= norm.ppf(0.999) * 0.5 / np.size(wins) ** 0.5

    @pytest.mark.parametrize("n_rows", [40, 400])
    def test_of_constant_and_repeated_columns_and_of_more_columns_than_rows(self, n_rows):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n_rows, 60))
        X[:, 0], X[:, 2] = 7.0, X[:, 1]
        knockoffs = sample_knockoffs(X, np.arange(60), rng)
        np.testing.assert_array_equal(knockoffs[:, 0], X[:, 0])
        assert np.isfinite(knockoffs).all()
        assert np.corrcoef(knockoffs[:, 1], knockoffs[:, 2])[0, 1] > 0.95

    @pytest.mark.parametrize(("n_rows", "least", "most"), [(60, 0.98, 1.0), (90, 0.85, 1.0), (600, 0.0, 0.3)])
    def test_are_nearly_the_columns_where_there_are_fewer_than_two_rows_for_each(self, n_rows, least, most):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n_rows, 60))
        joint = np.corrcoef(X.T, sample_knockoffs(X, np.arange(60), rng).T)
        assert least < np.diag(joint[:60, 60:]).mean() < most

    def test_threshold_is_the_least_that_keeps_the_estimated_share(self):
        rng = np.random.default_rng(0)
        for _ in range(50):
            W = np.round(rng.normal(0.7, 1, size=30), 1)
            allowed = [
                t for t in np.abs(W) if t > 0 and (1 + np.sum(t + W <= 1e-12)) / max(np.sum(t - W <= 1e-12), 1) <= 0.2
            ]
            assert knockoff_threshold(W, 0.2) == min(allowed, default=np.inf)
        assert knockoff_threshold(np.ones(9), 0.1) == np.inf
        assert knockoff_threshold(np.ones(10), 0.1) == 1


def strengths(y, n_classes):
    """The strength of each statistic, as a selector computes it."""
    task = "classification" if n_classes else "regression"
    selector = PruningSelector(null="knockoff", n_estimators=5, task=task)
    data = selector._problem(np.zeros((len(y), 1)), y, np.ones(len(y)))
    found = {"survival": partial(selector._survival_of_all, data, y, None, None, 0)}
    how = {"y": data.target, "weight": None, "n_classes": n_classes, "seed": 0}
    return found | {name: partial(strength, **how) for name, strength in STRENGTHS.items()}


class TestStatistics:
    @pytest.mark.parametrize("unit", [range(8), [0, 0, 1, 1, 1, 2, 3, 3]], ids=["columns", "groups"])
    @pytest.mark.parametrize("n_classes", [0, 2, 3])
    @pytest.mark.parametrize("statistic", STATISTICS)
    def test_are_antisymmetric(self, statistic, n_classes, unit):
        """A unit that changes places with its knockoff changes its sign, exactly; the others stay."""
        rng, unit = np.random.default_rng(0), np.array(unit)
        X = mixed(100, rng)
        y = X[:, 3] - X[:, 7] + 0.3 * X[:, 0] + 0.5 * rng.normal(size=100)
        y = y if n_classes == 0 else np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
        knockoffs = sample_knockoffs(X, unit, rng)
        strength = strengths(y, n_classes)[statistic]
        plain = knockoff_statistics(strength, X, knockoffs, unit)
        assert np.count_nonzero(plain) > 1
        for _ in range(2):
            swapped = rng.random(unit.max() + 1) < 0.5
            A, B = np.where(swapped[unit], knockoffs, X), np.where(swapped[unit], X, knockoffs)
            np.testing.assert_array_equal(knockoff_statistics(strength, A, B, unit), np.where(swapped, -plain, plain))

    def test_a_lasso_takes_classes_for_names(self):
        """Which number a class has does not matter."""
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 6))
        y = np.digitize(X[:, 0] + 0.3 * rng.normal(size=200), [-0.5, 0.5])
        found, again = (strengths(codes, 3)["lasso"](X, np.arange(6)) for codes in (y, np.array([1, 0, 2])[y]))
        np.testing.assert_allclose(again, found)

    def test_are_zero_where_the_knockoff_is_the_column(self):
        X = np.random.default_rng(0).normal(size=(50, 3))
        knockoffs = X + np.array([0.0, 1.0, 0.0])
        lead = knockoff_statistics(lambda columns, unit: np.arange(1.0, 7.0) ** 2, X, knockoffs, np.arange(3))
        np.testing.assert_array_equal(lead, [0, 4 - 25, 0])

    @pytest.mark.parametrize("statistic", STATISTICS)
    @pytest.mark.filterwarnings("ignore:No feature")
    def test_signs_are_fair_of_columns_that_add_nothing(self, statistic):
        """The knockoff wins as often as the column does, also of columns that are correlated with those that matter."""
        signs = []
        for seed in range(8):
            rng = np.random.default_rng(seed)
            X = chain(150, 30, 0.5, rng)
            y = X[:, ::3].sum(axis=1) + 3 * rng.normal(size=150)
            selector = PruningSelector(null="knockoff", statistic=statistic, n_estimators=5, random_state=seed)
            signs.append(np.sign(selector.fit(X, y).knockoff_statistics_[np.arange(30) % 3 > 0]))
        signs = np.ravel(signs)
        n_signs = np.count_nonzero(signs)
        assert n_signs >= 50
        assert abs(signs.sum()) <= norm.ppf(0.999) * n_signs**0.5


@pytest.mark.parametrize("statistic", STATISTICS)
class TestSelector:
    @pytest.mark.parametrize("task", ["regression", "two classes", "three classes"])
    def test_keeps_what_adds_to_the_others(self, statistic, task):
        X, y = problem(np.random.default_rng(1), n_rows=1500, rho=0.3, task=task)
        selector = PruningSelector(null="knockoff", statistic=statistic, fdr=0.2, random_state=0).fit(X, y)
        kept, true = selector.get_support(), np.arange(24) % 2 == 0
        assert kept[true].mean() >= 0.7
        assert (kept & ~true).sum() <= 0.45 * kept.sum()  # 0.2 on average
        lead = selector.knockoff_statistics_
        np.testing.assert_array_equal(kept, lead >= selector.knockoff_threshold_)
        assert (np.diff(lead[~kept][np.argsort(selector.ranking_[~kept])]) <= 0).all()
        assert selector.p_values_ is selector.survival_ is selector.shadow_survival_ is None

    def test_order_of_columns_and_threads_do_not_matter(self, statistic):
        rng = np.random.default_rng(0)
        X, y = problem(rng, n_rows=200)
        frame, order = pd.DataFrame(X).add_prefix("f"), rng.permutation(24)
        for groups in (None, 0.4):
            selector = PruningSelector(
                null="knockoff", statistic=statistic, fdr=0.5, n_estimators=5, feature_groups=groups, random_state=0
            )
            lead = selector.fit(frame, y).knockoff_statistics_
            again = selector.set_params(n_jobs=2).fit(frame.iloc[:, order], y).knockoff_statistics_
            np.testing.assert_array_equal(again, lead[order])

    def test_groups_stay_or_go_together(self, statistic):
        rng = np.random.default_rng(0)
        common = rng.normal(size=(500, 12))
        X = np.repeat(common, 2, axis=1) + 0.2 * rng.normal(size=(500, 24))
        y = common[:, :8].sum(axis=1) + rng.normal(size=500)
        how = {"null": "knockoff", "statistic": statistic, "fdr": 0.2, "random_state": 0}
        selector = PruningSelector(**how, feature_groups="auto").fit(X, y)
        pairs = selector.get_support().reshape(12, 2)
        assert (pairs[:, 0] == pairs[:, 1]).all()
        assert pairs[:8, 0].mean() >= 0.75
        assert pairs[8:, 0].sum() <= 2
        labels = PruningSelector(**how, feature_groups=np.repeat(range(12), 2)).fit(X, y)
        np.testing.assert_array_equal(labels.knockoff_statistics_, selector.knockoff_statistics_)

    @pytest.mark.filterwarnings("ignore:No feature")
    def test_columns_that_go_with_those_that_matter_are_false(self, statistic):
        """The marginal null keeps neighbours in a chain; the conditional one does not."""
        false = []
        for seed in range(6):
            X, y = chain(400, 30, 0.6, rng := np.random.default_rng(seed)), rng.normal(size=400)
            y += X[:, ::3].sum(axis=1)
            how = {"null": "knockoff", "statistic": statistic, "n_estimators": 20, "random_state": seed}
            kept = PruningSelector(**how).fit(X, y).get_support(indices=True)
            false.append(np.mean(kept % 3 != 0) if len(kept) else 0.0)
        assert np.mean(false) <= 0.2

    def test_weights(self, statistic):
        """Rows of weight 0 are as good as absent, and rows that weigh say what matters."""
        rng = np.random.default_rng(0)
        X = rng.normal(size=(800, 20))
        weight = np.repeat([1.0, 0.0], 400)
        y = np.where(weight == 1, X[:, :10].sum(axis=1), X[:, 10:].sum(axis=1))
        selector = PruningSelector(null="knockoff", statistic=statistic, random_state=0)
        lead = selector.fit(X, y, sample_weight=weight).knockoff_statistics_
        np.testing.assert_array_equal(
            lead, selector.fit(X[:400], y[:400], sample_weight=np.ones(400)).knockoff_statistics_
        )
        weight[400:] = 1e-6
        lead = selector.fit(X, y, sample_weight=weight).knockoff_statistics_
        assert lead[:10].min() > lead[10:].max()

    @pytest.mark.parametrize("y", [np.zeros(60), np.array(["a"] * 60)])
    @pytest.mark.filterwarnings("ignore:No feature", "ignore:With fewer")
    def test_a_constant_target(self, statistic, y):
        X = np.random.default_rng(0).normal(size=(60, 4))
        selector = PruningSelector(null="knockoff", statistic=statistic, n_estimators=2).fit(X, y)
        np.testing.assert_array_equal(selector.knockoff_statistics_, np.zeros(4))


class TestParameters:
    @pytest.mark.filterwarnings("ignore:No feature")
    def test_too_few_features_are_said(self):
        X, y = problem(np.random.default_rng(0), n_columns=9)
        with pytest.warns(UserWarning, match=r"fewer than 1 / fdr = 10 features or groups.*: there are 9\."):
            PruningSelector(null="knockoff", statistic="lasso").fit(X, y)

    def test_nothing_kept_is_said(self):
        rng = np.random.default_rng(0)
        with pytest.warns(UserWarning, match=r"No feature beats its knockoff more .* candidates are x\d+ \(statistic "):
            PruningSelector(null="knockoff", statistic="lasso", random_state=0).fit(
                rng.normal(size=(200, 20)), rng.normal(size=200)
            )

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_missing_and_infinite_values_are_refused(self, value):
        X, y = problem(np.random.default_rng(0))
        X[3, 4] = value
        with pytest.raises(ValueError, match=f"contains {'NaN' if np.isnan(value) else 'infinity'}"):
            PruningSelector(null="knockoff").fit(X, y)

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"statistic": "forest"}, "'statistic' parameter .* Got 'forest'"),
            ({"statistic": "lasso", "null": "permute"}, "'statistic' parameter .* unless null='knockoff'"),
            (
                {"statistic": "lasso", "estimator": DecisionTreeRegressor()},
                "'statistic' parameter .* and estimator=None",
            ),
            ({"feature_groups": "correlated"}, "'feature_groups' parameter must be 'auto', .* Got 'correlated'"),
            ({"feature_groups": True}, "'feature_groups' parameter must be 'auto', .* Got True"),
            ({"feature_groups": 1.5}, r"'feature_groups' parameter must be .*\(0, 1\], .* Got 1\.5"),
        ],
    )
    def test_bad(self, params, message):
        with pytest.raises(ValueError, match=message):
            PruningSelector(**{"null": "knockoff"} | params).fit(*problem(np.random.default_rng(0)))

    def test_rows_in_time_are_said(self):
        X, y = problem(np.random.default_rng(0))
        frame = pd.DataFrame(X, index=pd.date_range("2024", periods=len(X), freq="h")).add_prefix("f")
        with pytest.warns(UserWarning, match="rows are in time, and null='knockoff'"):
            PruningSelector(null="knockoff", statistic="lasso").fit(frame, y)

    def test_trees_of_an_estimator(self):
        X, y = problem(np.random.default_rng(0), rho=0.2)
        tree = DecisionTreeRegressor(max_features=10, max_depth=8)
        selector = PruningSelector(tree, null="knockoff", fdr=0.2, n_estimators=20, random_state=0).fit(X, y)
        assert selector.get_support()[::2].mean() >= 0.7
        assert selector.get_support()[1::2].mean() <= 0.5


class TestCorrelatedGroups:
    def test_hold_columns_of_which_any_two_are_correlated(self):
        rng = np.random.default_rng(0)
        X = chain(5000, 30, 0.85, rng)
        X[:, ::2] *= -1
        correlation = np.abs(spearmanr(X).statistic)
        unit = correlated_units(X, 0.7)
        assert 8 <= unit.max() + 1 < 30
        for one in np.unique(unit):
            members = np.flatnonzero(unit == one)
            assert correlation[np.ix_(members, members)].min() > 0.66

    def test_of_missing_infinite_constant_and_repeated_values(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 6))
        X[:, 1], X[:, 2], X[:, 3] = np.exp(X[:, 0]), 5.0, np.nan
        X[:2, 0], X[:1, 4] = np.inf, np.nan
        assert [*correlated_units(X[:, :1], 0.7)] == [0]
        unit = correlated_units(X, 0.7)
        assert unit[0] == unit[1]
        assert len(set(unit)) == 5

    @pytest.mark.parametrize("null", ["permute", "circular", "knockoff", None])
    @pytest.mark.filterwarnings("ignore:No feature", "ignore:These look", "ignore:With fewer")
    def test_are_decided_together_whatever_they_are_compared_with(self, null):
        rng = np.random.default_rng(0)
        X = np.repeat(rng.normal(size=(300, 6)), 2, axis=1) + 0.1 * rng.normal(size=(300, 12))
        selector = PruningSelector(null=null, feature_groups="auto", n_estimators=10, random_state=0)
        kept = selector.fit(X, X[:, 0] + rng.normal(size=300)).get_support().reshape(6, 2)
        assert (kept[:, 0] == kept[:, 1]).all()

    def test_normal_scores(self):
        np.testing.assert_allclose(
            scaled_normal_scores(np.array([3.0, 1.0, 2.0])), [1.5**0.5, -(1.5**0.5), 0], atol=1e-12
        )
        np.testing.assert_array_equal(scaled_normal_scores(np.array([4.0, 4.0])), [0, 0])
        x = np.random.default_rng(0).integers(0, 5, 100).astype(float)
        np.testing.assert_array_equal(scaled_normal_scores(x[:10], x), scaled_normal_scores(x)[:10])


@pytest.mark.parametrize(("value", "what"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
@pytest.mark.parametrize("estimator", [None, DecisionTreeRegressor()])
def test_values_that_are_not_known_are_refused_by_column(value, what, estimator):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 12))).add_prefix("c")
    y = X["c0"].copy()
    X.iloc[3, 4] = value
    selector = PruningSelector(estimator, null="knockoff")
    with pytest.raises(ValueError, match=rf"X contains {what} \(column 'c4'\), and null='knockoff'"):
        selector.fit(X, y)


def test_rounding_is_no_evidence():
    X = np.random.default_rng(0).normal(size=(50, 4))

    def strength(columns, unit):
        found = np.array([1.0, 0.5, 1e-15, 0.0, 0.2, 0.5 + 1e-12, 0.0, 1e-6])
        return found

    found = knockoff_statistics(strength, X, X + 1.0, np.arange(4))
    np.testing.assert_allclose(found, [0.8, 0.0, 0.0, -1e-6], atol=1e-12)
    assert found[1] == found[2] == 0.0


def test_a_lasso_that_does_not_converge_says_nothing_of_its_iterations():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 90)), rng.normal(size=60)
    with pytest.warns(UserWarning, match="No feature|two rows for each") as said:
        PruningSelector(null="knockoff", statistic="lasso", random_state=0).fit(X, y)
    assert not [str(one.message) for one in said if "converge" in str(one.message)]
