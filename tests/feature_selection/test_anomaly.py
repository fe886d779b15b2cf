"""AnomalyPruningSelector finds the columns in which anomalies show, and keeps all where it cannot tell."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from treeprune import TreePruner
from treeprune.feature_selection import AnomalyPruningSelector, LagWindowFeatures
from treeprune.feature_selection.anomaly import _simes
from treeprune.feature_selection.autocorrelation import autocorrelation, inflation
from treeprune.methods import MinSamples


@parametrize_with_checks([AnomalyPruningSelector()])
@pytest.mark.filterwarnings("ignore:No column agrees", r"ignore:\d+ columns depend")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def anomalies(seed, heavy=False, n_rows=800, n_noise=60):
    """Ten correlated columns with 30 anomalies, then noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 10)) @ (0.4 * rng.normal(size=(10, 10)) + np.eye(10))
    y = (np.arange(n_rows) < 30).astype(int)
    X[y == 1] *= 2.5
    noise = rng.standard_t(3, size=(n_rows, n_noise)) if heavy else rng.normal(size=(n_rows, n_noise))
    return np.c_[X, noise], y


@pytest.mark.parametrize("heavy", [False, True])
def test_noise_is_dropped_and_detection_gains(heavy):
    X, y = anomalies(0, heavy)
    support = AnomalyPruningSelector(random_state=0).fit(X).get_support()
    assert support[:10].sum() >= 8
    assert support[10:].sum() <= 6
    scores = [IsolationForest(random_state=0).fit(Z).score_samples(Z) for Z in (X, X[:, support])]
    before, after = (roc_auc_score(y, -score) for score in scores)
    assert after > before + 0.05


def test_noise_alone_is_kept_and_said_so():
    with pytest.warns(UserWarning, match=r"No column agrees .* all are kept. The strongest candidates are x\d+ \(p ="):
        selector = AnomalyPruningSelector(random_state=0).fit(np.random.default_rng(5).normal(size=(500, 12)))
    assert selector.get_support().all()


def test_few_columns_of_noise_are_kept():
    """They do little harm, and might be anomalous all by themselves."""
    X, _ = anomalies(0)
    selector = AnomalyPruningSelector(random_state=0).fit(X[:, :13])
    assert (selector.p_values_[10:] > 0.01).all()
    assert selector.get_support().all()
    assert not AnomalyPruningSelector(random_state=0, least_noise=0.0).fit(X[:, :13]).get_support()[10:].all()


@pytest.mark.parametrize("convention", [(0, 1), (1, -1)])
def test_a_few_labels_find_a_column_that_agrees_with_no_other(convention):
    X, _ = anomalies(0)
    known = np.arange(len(X)) >= len(X) - 15
    X[known, 40] += 6
    selector = AnomalyPruningSelector(random_state=0)
    assert not selector.fit(X).get_support()[40]
    assert selector.fit(X, np.where(known, convention[1], convention[0])).get_support()[40]


def test_order_of_columns_does_not_matter():
    X, _ = anomalies(1)
    order = np.random.default_rng(0).permutation(X.shape[1])
    one, other = (AnomalyPruningSelector(random_state=2).fit(Z) for Z in (X, X[:, order]))
    np.testing.assert_allclose(one.p_values_[order], other.p_values_, atol=1e-3)
    np.testing.assert_array_equal(one.get_support()[order], other.get_support())


def test_missing_values_are_not_extreme():
    X, _ = anomalies(0)
    X[np.random.default_rng(0).random(X.shape) < 0.05] = np.nan
    support = AnomalyPruningSelector(random_state=0).fit(X).get_support()
    assert support[:10].sum() >= 7
    assert support[10:].sum() <= 6


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_permutations": 0}, "'n_permutations' .* Got 0"),
        ({"fdr": 2}, "'fdr' .* Got 2"),
        ({"least_noise": "x"}, "Got 'x'"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        AnomalyPruningSelector(**params).fit(np.zeros((5, 2)))


@pytest.mark.parametrize("seen_before", [False, True])
@pytest.mark.filterwarnings(r"ignore:\d+ columns depend", "ignore:No column agrees")
def test_a_series_from_lags_to_a_pruned_isolation_forest(seen_before):
    """End to end: windows of a series with noisy channels, the channels that matter, a smaller forest, same scores."""
    found = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        n = 1500
        frame = pd.DataFrame(rng.normal(size=(n, 12)), index=pd.date_range("2024", periods=n, freq="5min"))
        frame.columns = [f"c{i}" for i in range(12)]
        y = np.zeros(n)
        for start in (300, 1200) if seen_before else (1200,):
            frame.iloc[start : start + 30, :3] += 4.0
            y[start : start + 30] = 1
        windows = LagWindowFeatures(lags=[0], windows=[6], statistics=["mean", "max"], window_lag=0)
        model = make_pipeline(
            windows,
            AnomalyPruningSelector(random_state=0),
            TreePruner(IsolationForest(random_state=0), MinSamples(leaf=2)),
        )
        model.set_output(transform="pandas")
        scores = -model.fit(frame[:1100]).score_samples(frame)
        found.append(roc_auc_score(y[10:], scores[10:]))
        selector = model[1]
        matters = np.array([name.startswith(("c0_", "c1_", "c2_")) for name in selector.feature_names_in_])
        assert not set(selector.groups_[matters]) & set(selector.groups_[~matters])
        if seen_before:
            assert selector.get_support()[matters].all()
            assert selector.get_support()[~matters].sum() <= 3
    assert np.median(found) > 0.8  # columns of noise alone are sometimes taken to agree


def test_with_labels_each_column_is_tried_twice_and_p_is_doubled():
    """Bonferroni: the least p of a column that only labels speak for is twice that of one comparison."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 6)), np.arange(400) < 20
    X[y, 5] = 8 + rng.random(20)
    params = {"n_permutations": 30, "random_state": 0, "least_noise": 0.0}
    known = AnomalyPruningSelector(**params).fit(X, y.astype(int))
    assert known.p_values_[5] == 2 / (1 + 6 * 30)
    with pytest.warns(UserWarning, match="No column agrees"):
        blind = AnomalyPruningSelector(**params).fit(X)
    assert (known.p_values_ <= np.minimum(1.0, 2 * blind.p_values_)).all()
    assert (known.p_values_ * (1 + 6 * 30) % 2 == 0).any()


def healthy(kind, rng):
    """Thirty-five columns without anomalies, of which 15 depend on each other."""
    X, common = rng.normal(size=(800, 35)), rng.normal(size=(800, 1))
    if kind.startswith("correlation"):
        rho = float(kind.rpartition(" ")[2])
        X[:, 8:23] = rho**0.5 * common + (1 - rho) ** 0.5 * X[:, 8:23]
    elif kind == "twins":
        X[:, 20:23] = X[:, 8:11]
    elif kind == "heavy":
        X[:, 8:] = rng.standard_t(2, size=(800, 27))
    elif kind == "skewed":
        X[:, 8:23] = rng.exponential(size=(800, 1)) + rng.exponential(size=(800, 15))
    elif kind == "weak volatility":
        X[:, 8:23] *= np.exp(0.3 * common)
    elif kind == "windows":
        moving = np.lib.stride_tricks.sliding_window_view(rng.normal(size=(805, 9)), 6, axis=0)
        X[:, 8:] = np.hstack([moving[..., -1], moving.mean(axis=2), moving.max(axis=2)])
    return X


KINDS = ["correlation 0.5", "correlation 0.8", "correlation 0.95"]
KINDS += ["twins", "heavy", "skewed", "weak volatility", "windows"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:No column agrees", r"ignore:\d+ columns depend")
def test_dependence_is_no_anomaly(kind):
    """Twelve tables: the columns with anomalies are found, the false picks are as few as promised."""
    found, false = [], []
    for seed in range(12):
        X = healthy(kind, np.random.default_rng(seed))
        X[:16, :8] += 2.2
        support = AnomalyPruningSelector(random_state=seed).fit(X).get_support()
        found.append(support[:8].mean())
        false.append(support[8:].sum() / support.sum())
    assert np.mean(found) > 0.9
    assert np.mean(false) < 0.1 + 2 * np.std(false) / len(false) ** 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:No column agrees", r"ignore:\d+ columns depend")
def test_nothing_is_found_where_nothing_is(kind):
    picked = []
    for seed in range(12):
        selector = AnomalyPruningSelector(random_state=seed, least_noise=0.0)
        X = healthy(kind, np.random.default_rng(100 + seed))
        picked.append(not selector.fit(X).get_support().all())
    assert np.mean(picked) <= 0.25


@pytest.mark.filterwarnings("ignore:No column agrees")
def test_rows_of_a_series_are_not_taken_for_independent():
    """Twelve tables of independent autoregressive columns: nearly all are kept whole, and nothing is grouped."""
    picked, grouped = [], []
    for seed in range(12):
        X = np.random.default_rng(seed).normal(size=(600, 20))
        for row in range(1, len(X)):
            X[row] += 0.95 * X[row - 1]
        selector = AnomalyPruningSelector(random_state=seed, least_noise=0.0).fit(X)
        picked.append(not selector.get_support().all())
        grouped.append(selector.groups_.max() + 1 < 20)
    assert np.sum(picked) <= 3
    assert np.sum(grouped) <= 1


def test_autocorrelation_and_what_it_adds_to_the_variance_of_correlations():
    """Beside a loop over lags; and the variance of correlations of AR(1) series, (1 + ab) / (1 - ab) of 1 / n."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 3, 400))
    for time in range(1, 400):
        rows[..., time] += 0.8 * rows[..., time - 1]
    centred = rows[0] - rows[0].mean(axis=1, keepdims=True)
    lags = [(centred[:, lag:] * centred[:, : 400 - lag]).sum(axis=1) for lag in range(101)]
    found = autocorrelation(rows[0])
    np.testing.assert_allclose(found, np.transpose(lags[1:]) / lags[0][:, None])
    assert inflation(found, found).shape == (3, 3)
    of_each = [inflation(autocorrelation(pair[:1]), autocorrelation(pair[1:2]))[0, 0] for pair in rows]
    measured = 400 * np.var([np.corrcoef(pair[0], pair[1])[0, 1] for pair in rows])
    assert measured == pytest.approx((1 + 0.64) / (1 - 0.64), rel=0.25)
    assert np.mean(of_each) == pytest.approx((1 + 0.64) / (1 - 0.64), rel=0.25)


@pytest.mark.filterwarnings(r"ignore:\d+ columns depend")
def test_columns_of_a_group_are_kept_or_dropped_together():
    """The column with the anomalies takes with it what depends on it beyond correlation; another pair is dropped."""
    X, _ = anomalies(0)
    X[:, 20] = X[:, 0] ** 2
    X[:, 40] = X[:, 30] ** 2
    selector = AnomalyPruningSelector(random_state=0).fit(X)
    support, groups = selector.get_support(), selector.groups_
    assert groups[20] == groups[0]
    assert groups[40] == groups[30] != groups[0]
    assert support[[0, 20]].all()
    assert not support[[30, 40]].any()
    assert selector.p_values_[20] == selector.p_values_[0]


def test_the_p_value_of_a_group_is_that_of_simes():
    p, groups = np.array([0.01, 0.2, 0.03, 0.5, 0.04]), np.array([0, 1, 0, 1, 0])
    np.testing.assert_allclose(_simes(p, groups), [min(0.03, 0.03 * 3 / 2, 0.04), min(0.4, 0.5)])


def test_a_single_column_that_agrees_with_none_that_is_kept_is_chance():
    """Of two columns with the same extremes each agrees with the other; of a pick alone that cannot be."""
    picks = set()
    for seed in range(40):
        X = np.random.default_rng(seed).normal(size=(200, 8))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picks.add(int(AnomalyPruningSelector(fdr=0.5, least_noise=0.0, random_state=0).fit(X).get_support().sum()))
    assert 1 not in picks
    assert len(picks) > 1


@pytest.mark.filterwarnings("ignore:No column agrees")
def test_columns_that_depend_beyond_correlation_are_named_and_not_held_against_each_other():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 12))
    X[:, 9] = X[:, 4]
    X[:, 10] = X[:, 5] ** 2
    with pytest.warns(UserWarning, match="4 columns depend on each other beyond correlation.*x4, x9; x5, x10"):
        selector = AnomalyPruningSelector(random_state=0).fit(X)
    assert selector.groups_[4] == selector.groups_[9] != selector.groups_[5] == selector.groups_[10]
    assert (selector.p_values_[[4, 5, 9, 10]] > 0.01).all()


@pytest.mark.parametrize(
    ("labels", "anomaly"),
    [
        ((0, 1), 1),
        ((1, -1), -1),
        ((False, True), True),
        ((2, 1), 1),
        ((1, 2), 2),
        (("ok", "fault"), "fault"),
        ((0.0, 7.5), 7.5),
    ],
)
def test_labels_in_any_form_are_taken_and_the_rare_one_is_said(labels, anomaly):
    X, _ = anomalies(0)
    known = np.arange(len(X)) >= len(X) - 15
    X[known, 40] += 6
    selector = AnomalyPruningSelector(random_state=0).fit(X, np.where(known, labels[1], labels[0]))
    assert selector.anomaly_label_ == anomaly
    assert selector.get_support()[40]
    np.testing.assert_array_equal(
        selector.p_values_, AnomalyPruningSelector(random_state=0).fit(X, known.astype(int)).p_values_
    )


@pytest.mark.parametrize("labels", [[0, 1, 2] * 20, ["a"] * 60, [0, None] * 30, [0.0, np.nan] * 30])
def test_labels_that_say_nothing_are_refused(labels):
    with pytest.raises(ValueError, match=r"labels y must (be 1 for anomalies|have no missing)|contains NaN"):
        AnomalyPruningSelector().fit(np.random.default_rng(0).normal(size=(60, 3)), np.array(labels))


@pytest.mark.parametrize(("rare", "others"), [(1, -1), (0, 1)])
def test_labels_the_other_way_round_are_warned_of(rare, others):
    X = np.random.default_rng(0).normal(size=(300, 6))
    y = np.where(np.arange(300) < 15, rare, others)
    with pytest.warns(UserWarning, match=rf"285 of 300 rows have the label .*{others}.*the other way round"):
        AnomalyPruningSelector(random_state=0).fit(X, y)
