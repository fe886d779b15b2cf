"""compress: within the budget, of the same class, and honest about what training anew would give."""

import warnings
from dataclasses import replace
from time import sleep
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from treeprune import TreePruner, UnsupportedModelError, compress, prune, save_compact
from treeprune.adapters import find_adapter
from treeprune.compression import budget, n_bytes, trials
from treeprune.compression.budget import Budget, latency_ratio
from treeprune.compression.choice import better_rival, carried_out, largest_winner
from treeprune.compression.first_trees import scores_of_first_trees
from treeprune.compression.rivals import rivals
from treeprune.compression.scoring import Scorer
from treeprune.compression.trial import Aim
from treeprune.core.plan import Plan
from treeprune.inspection import SizeFrontierDisplay
from treeprune.links import LINKED
from treeprune.methods import JointPruning

pytestmark = [
    pytest.mark.filterwarnings("ignore:(?s).*Training anew does better"),
    pytest.mark.filterwarnings("ignore:(?s).*The budget costs more than noise"),
]


@pytest.fixture(autouse=True, scope="module")
def quick():
    """One thread, and few penalties to try."""
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setattr(trials, "REGS", (30.0, 100.0, 300.0))
        yield


X, Y = make_friedman1(400, n_features=7, noise=1.0, random_state=0)
FOREST = RandomForestRegressor(12, max_features=1 / 3, random_state=0).fit(X, Y)
XC, YC = make_classification(400, 8, n_informative=5, flip_y=0.1, random_state=0)
LABELS = np.array(["no", "yes"])[YC]
CLASSIFIER = RandomForestClassifier(12, random_state=0).fit(XC, LABELS)


def nodes(model):
    return find_adapter(model).forest.n_nodes


@pytest.fixture(scope="module")
def result():
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.filterwarnings("ignore", "(?s).*Training anew does better")
        return compress(FOREST, X, Y, max_nodes=300)


def test_the_model_is_within_the_budget_and_no_worse(result):
    X_test, y_test = make_friedman1(2000, n_features=7, noise=1.0, random_state=1)
    assert type(result.model) is RandomForestRegressor
    assert nodes(result.model) <= 300
    assert result.model.score(X_test, y_test) > FOREST.score(X_test, y_test)


def test_the_frontier_holds_everything_that_was_tried(result):
    frontier = result.frontier
    assert isinstance(frontier, pd.DataFrame)
    assert set(frontier["method"]) == {
        "unpruned",
        "JointPruning",
        "DepthPruning",
        "TreeSelection",
        "retrained RandomForestRegressor",
        "HistGradientBoosting",
    }
    same_class = frontier.loc[frontier["method"] == "retrained RandomForestRegressor", "parameters"]
    assert same_class.str.fullmatch(r"stages=\d+").any()
    assert same_class.str.contains("max_leaf_nodes").any()
    assert frontier["chosen"].sum() == 1
    chosen = frontier[frontier["chosen"]].iloc[0]
    allowed = frontier[~frontier["rival"] & (frontier["n_nodes"] <= 300)]
    assert chosen["loss"] == allowed["loss"].min()
    rivals = frontier[frontier["rival"] & (frontier["n_nodes"] <= 300)]
    assert result.retrained_wins == (rivals["loss"].min() < chosen["loss"])
    assert ("Training anew does better" in result.message) == result.retrained_wins


def test_fewer_trees_are_what_training_anew_gives(result):
    first = next(r for r in rivals(FOREST, (X, Y, None), (X, Y, None)) if r.parameters == "stages=5")
    anew = RandomForestRegressor(5, max_features=1 / 3, random_state=0).fit(X, Y)
    np.testing.assert_allclose((first.loss, first.score), (((anew.predict(X) - Y) ** 2).mean(), anew.score(X, Y)))
    assert (first.n_trees, first.n_nodes) == (5, nodes(anew))


@pytest.mark.parametrize("model", [FOREST, CLASSIFIER, HistGradientBoostingClassifier(max_iter=12)], ids=type)
def test_the_first_trees_of_an_order_are_judged_as_a_model_of_them_alone(model):
    data = (X, Y) if model is FOREST else (XC, LABELS)
    adapter = find_adapter(model if hasattr(model, "n_features_in_") else model.fit(*data))
    forest, scorer, order = adapter.forest, Scorer(adapter, (*data, None)), np.arange(12)
    if forest.task != "margin":
        order = np.random.default_rng(0).permutation(order)
    counts = (1, 4, 9)
    for count, found in zip(counts, scores_of_first_trees(scorer, order, counts), strict=True):
        alone = adapter.prune(Plan(drop_tree=~np.isin(np.arange(forest.n_trees), order[:count])))
        for of_order, of_model in zip(found, scorer.judge_model(alone, data[0]), strict=True):
            np.testing.assert_allclose(of_order, of_model, atol=1e-12)


def test_rivals_are_as_small_as_asked_or_the_smallest_of_their_kind():
    kinds = {}
    for rival in rivals(FOREST, (X, Y, None), (X, Y, None), n_nodes=200):
        kinds.setdefault((rival.name, rival.parameters.rpartition(",")[0]), []).append(rival.n_nodes)
    assert {name for name, _ in kinds} == {"retrained RandomForestRegressor", "HistGradientBoosting"}
    assert all(size <= 200 for sizes in kinds.values() for size in sizes[1:])
    assert any(sizes[0] > 200 for sizes in kinds.values())


def test_rivals_have_no_more_trees_than_could_win(monkeypatch):
    fitted, fit = [], RandomForestRegressor.fit
    monkeypatch.setattr(RandomForestRegressor, "fit", lambda self, *args: fitted.append(self) or fit(self, *args))
    list(rivals(FOREST, (X, Y, None), (X, Y, None), n_nodes=400))
    for forest in fitted:
        assert forest.n_estimators == min(12, int(np.ceil(500 / (2 * forest.max_leaf_nodes - 1))))
    assert any(forest.n_estimators < 12 for forest in fitted)


def test_training_anew_wins_where_it_does():
    with pytest.warns(UserWarning, match="Training anew does better: HistGradientBoosting"):
        found = compress(FOREST, X, Y, max_nodes=1500)
    assert found.retrained_wins


def test_the_display_draws_every_method(result):
    pytest.importorskip("matplotlib").use("Agg")
    labels = {text.get_text() for text in SizeFrontierDisplay.from_result(result).ax_.get_legend().get_texts()}
    assert labels == set(result.frontier["method"]) | {"chosen"}


@pytest.mark.parametrize("bytes_of", ["compact", "native"])
def test_bytes_are_those_of_the_file(bytes_of, tmp_path):
    limit = n_bytes(FOREST, bytes_of) // 4
    small = compress(FOREST, X, Y, max_bytes=limit, bytes_of=bytes_of, retrain=False).model
    assert n_bytes(small, bytes_of) <= limit
    assert n_bytes(small) == save_compact(small, tmp_path / "model")


class _Sleeper:
    def __init__(self, seconds):
        self.predict = lambda X: sleep(seconds)


def test_latency_is_a_ratio_of_times(monkeypatch):
    monkeypatch.setattr(budget, "find_adapter", lambda model: model)
    assert latency_ratio(_Sleeper(0.001), _Sleeper(0.05), X) < 1 < latency_ratio(_Sleeper(0.05), _Sleeper(0.001), X)


def test_a_latency_is_met(monkeypatch):
    monkeypatch.setattr(budget, "latency_ratio", lambda small, model, X: nodes(small) / nodes(model))
    found = compress(FOREST, X, Y, max_latency_ratio=0.02, retrain=False)
    assert nodes(found.model) <= 0.02 * nodes(FOREST)


@pytest.mark.parametrize("limits", [{"max_nodes": 1}, {"max_bytes": 100}, {"max_latency_ratio": 1e-9}])
def test_a_budget_that_nothing_meets_is_an_error_that_says_how_far(limits):
    with pytest.raises(ValueError, match=r"No model within the budget was found: .*nodes"):
        compress(FOREST, X, Y, **limits, retrain=False)


def test_a_size_at_which_no_loss_is_good_enough_is_an_error():
    with pytest.raises(ValueError, match=r"No model within the size has a loss of at most 9\.\d+, .* of \d+ nodes"):
        compress(FOREST, X, Y, max_nodes=9, max_loss=0.0, retrain=False)


def test_the_model_itself_is_returned_where_it_is_best_within_the_budget():
    tree = DecisionTreeRegressor(max_depth=1).fit(X, Y)
    found = compress(tree, X, Y, max_bytes=10**6, retrain=False)
    assert nodes(found.model) <= 3
    assert found.model is not tree


@pytest.mark.parametrize("max_loss", [0.0, 0.2])
def test_the_smallest_whose_loss_may_be(max_loss):
    found = compress(FOREST, X, Y, max_loss=max_loss, retrain=False)
    frontier = found.frontier
    whole = frontier.loc[frontier["method"] == "unpruned", "loss"].iloc[0]
    good = frontier[frontier["loss"] <= whole * (1 + max_loss)]
    assert frontier.loc[frontier["chosen"], "n_nodes"].iloc[0] == good["n_nodes"].min()


def xgb(name, **params):
    return lambda: getattr(pytest.importorskip("xgboost"), name)(n_estimators=8, max_depth=4, n_jobs=1, **params)


def lgb(name):
    return lambda: getattr(pytest.importorskip("lightgbm"), name)(n_estimators=8, n_jobs=1, verbose=-1)


FAMILIES = {
    "extra trees": lambda: ExtraTreesRegressor(8, random_state=0),
    "bagged classifiers": lambda: BaggingClassifier(n_estimators=8, max_features=0.8, random_state=0),
    "gradient boosting": lambda: GradientBoostingRegressor(n_estimators=10, random_state=0),
    "histogram boosting": lambda: HistGradientBoostingClassifier(max_iter=8, random_state=0),
    "single tree": lambda: DecisionTreeRegressor(random_state=0),
    "XGBRegressor": xgb("XGBRegressor"),
    "XGBClassifier": xgb("XGBClassifier"),
    "LGBMRegressor": lgb("LGBMRegressor"),
    "LGBMClassifier": lgb("LGBMClassifier"),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_stays_what_it_is(name):
    model = FAMILIES[name]()
    data = (XC, YC) if hasattr(model, "predict_proba") else (X, Y)
    model.fit(*data)
    most = nodes(model) // 4
    before = model.predict(data[0]).copy()
    found = compress(model, *data, max_nodes=most)
    assert type(found.model) is LINKED.get(type(model), type(model))
    assert nodes(found.model) <= most
    np.testing.assert_array_equal(model.predict(data[0]), before)
    methods = set(found.frontier["method"])
    assert {"JointPruning", "HistGradientBoosting", f"retrained {type(model).__name__}"} <= methods
    own = found.frontier.loc[found.frontier["method"] == f"retrained {type(model).__name__}", "parameters"]
    assert own.str.contains("leaves|max_leaf_nodes").any()


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosters_that_cannot_be_fitted_anew_are_judged_with_a_warning(library):
    module = pytest.importorskip(library)
    if library == "xgboost":
        model = module.train({"max_depth": 4, "nthread": 1}, module.DMatrix(X, Y), 8)
    else:
        model = module.train({"verbose": -1, "num_threads": 1}, module.Dataset(X, Y), 8)
    with pytest.warns(UserWarning, match="cannot be fitted anew"):
        found = compress(model, X, Y, max_nodes=60, retrain=False)
    assert type(found.model) is type(model)
    assert nodes(found.model) <= 60


def test_a_model_that_stopped_early_is_fitted_anew_without_rows_to_stop_by():
    module = pytest.importorskip("xgboost")
    model = module.XGBRegressor(n_estimators=30, max_depth=4, early_stopping_rounds=3, n_jobs=1)
    model.fit(X[:300], Y[:300], eval_set=[(X[300:], Y[300:])], verbose=False)
    assert nodes(compress(model, X[:300], Y[:300], max_nodes=60, retrain=False).model) <= 60


@pytest.mark.parametrize(
    ("model", "what"),
    [
        (IsolationForest(n_estimators=5), "predicts no target.*faithful="),
        (AdaBoostClassifier(n_estimators=3), "scoring="),
    ],
)
def test_what_cannot_be_judged_is_refused(model, what):
    scoring = "accuracy" if "scoring" in what else None
    with pytest.raises(UnsupportedModelError, match=what):
        compress(model.fit(XC, YC), XC, YC, max_nodes=20, scoring=scoring)


@pytest.mark.parametrize("stock", LINKED)
def test_classifiers_come_with_a_link_or_as_stock_scikit_learn(stock):
    model = stock(n_estimators=12, random_state=0).fit(XC, LABELS)
    linked = compress(model, XC, LABELS, max_nodes=150, retrain=False).model
    assert type(linked) is LINKED[stock]
    assert nodes(linked) <= 150
    plain = compress(model, XC, LABELS, max_nodes=150, output="plain", retrain=False).model
    assert type(plain) is CalibratedClassifierCV
    assert type(plain.estimator.estimator) is stock
    p = plain.predict_proba(XC)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_allclose(plain.predict_proba(XC[:1]), p[:1])


@pytest.mark.parametrize("given", [{}, {"X_val": X[300:], "y_val": Y[300:]}])
def test_trees_pruned_out_of_bag_are_a_start_as_well(given):
    n_rows = 300 if given else 400
    forest = RandomForestRegressor(12, random_state=0).fit(X[:n_rows], Y[:n_rows])
    held_out = (*given.values(), None) if given else None
    found = trials.Trials(forest, (X[:n_rows], Y[:n_rows], None), held_out, 0.25, 0)
    candidates = [c for c in found.pruned() if c.name == "JointPruning"]
    assert {c.out_of_bag for c in candidates} == {False, True}
    chosen = next(c for c in candidates if c.out_of_bag and c.n_nodes < 300)
    small, method = found.carry_out(chosen, "link")
    alone = TreePruner(forest, "reduced_error", validation="oob").fit(X[:n_rows], Y[:n_rows]).estimator_
    rows = (X, Y) if given else (X[:n_rows], Y[:n_rows])
    np.testing.assert_array_equal(small.predict(X), prune(alone, method, *rows).predict(X))


@pytest.mark.parametrize("aim", [Aim(300), Aim(loss=5.0)], ids=["least loss", "smallest"])
@pytest.mark.parametrize("reg", [1.0, 30.0, 10000.0])
def test_the_penalty_chosen_is_no_worse_than_its_neighbours(reg, aim, monkeypatch):
    regs = (1.0, 10.0, 30.0, 100.0, 1000.0, 10000.0)
    monkeypatch.setattr(trials, "REGS", regs)
    found, paths = trials.Trials(FOREST, (X, Y, None), None, 0.25, 0), {}
    climb = found.climb(JointPruning(reg=reg), aim)
    try:
        while True:
            candidate = next(climb)
            paths.setdefault(candidate.method.reg, []).append(candidate)
    except StopIteration as end:
        best = end.value
    reached = {reg: aim.reached(path)[0] for reg, path in paths.items()}
    at = regs.index(best.method.reg)
    assert best.reached == reached[best.method.reg] == min(reached.values())
    assert all(other in reached for other in regs[max(at - 1, 0) : at + 2])


def test_paths_aim_at_the_least_loss_or_at_the_smallest_size():
    path = [trials.Trial("some", "", n, 1, loss, 0.0) for n, loss in ((100, 1.0), (40, 0.6), (10, 0.8), (1, 1.2))]
    assert Aim().reached(path) == ((False, 0.6), 1)
    assert Aim(20).reached(path) == ((False, 0.8), 2)
    assert Aim(0).reached(path)[0][0]
    assert Aim(loss=0.5).reached(path) == ((True, 0.6), 1)
    reached, last = Aim(loss=1.0).reached(path)
    assert last == 2
    assert np.exp(reached[1]) == pytest.approx(np.sqrt(10 * 1))  # half way up, on the scale of ratios


def test_more_rows_than_the_search_had_are_worth_more_nodes():
    found = trials.Trials(FOREST, (X, Y, None), None, 0.25, 0)
    candidates = list(found.path(JointPruning(reg=30.0)))
    limits = {"max_nodes": 100_000, "max_bytes": None, "max_latency_ratio": None, "max_loss": None}
    chosen, small, _ = carried_out(found, candidates, Budget(**limits, bytes_of="compact"), 100_000, "link")
    assert chosen.n_nodes < nodes(small) <= 4 / 3 * chosen.n_nodes


def test_where_nothing_is_out_of_bag_there_is_one_start():
    without = RandomForestRegressor(6, bootstrap=False, max_features=2, random_state=0).fit(X, Y)
    other_rows = RandomForestRegressor(6, random_state=0).fit(X, Y), (X[:200], Y[:200], None), (X[200:], Y[200:], None)
    for model, data, held_out in ((without, (X, Y, None), None), other_rows):
        found = trials.Trials(model, data, held_out, 0.25, 0)
        assert not any(candidate.out_of_bag for candidate in found.pruned())


def test_rows_of_one_s_own_to_judge_by_set_leaves_in_the_end():
    frame = pd.DataFrame(XC, columns=[f"column {i}" for i in range(8)])
    boosted = GradientBoostingClassifier(n_estimators=12, random_state=0).fit(frame[:300], LABELS[:300])
    given = {"X_val": frame[300:], "y_val": LABELS[300:], "max_nodes": 60, "retrain": False}
    found = compress(boosted, frame[:300], LABELS[:300], **given)
    assert type(found.model) is GradientBoostingClassifier
    assert nodes(found.model) <= 60
    assert found.model.feature_names_in_.tolist() == list(frame)


def test_weights_count_as_repetitions():
    weight = np.random.default_rng(0).integers(1, 3, 300).astype(float)
    again = np.repeat(np.arange(300), weight.astype(int))
    forest = RandomForestRegressor(6, bootstrap=False, max_features=2, random_state=0).fit(X[:300], Y[:300])
    judge = {"X_val": X[300:], "y_val": Y[300:], "max_nodes": 100, "retrain": False}
    weighted = compress(forest, X[:300], Y[:300], sample_weight=weight, **judge)
    repeated = compress(forest, X[:300][again], Y[:300][again], **judge)
    np.testing.assert_allclose(weighted.model.predict(X), repeated.model.predict(X), rtol=1e-6)
    heavy = compress(forest, X[:300], Y[:300], sample_weight_val=np.full(100, 2.0), **judge)
    plain = compress(forest, X[:300], Y[:300], **judge)
    np.testing.assert_allclose(heavy.frontier["loss"], plain.frontier["loss"])


def test_the_same_seed_gives_the_same_result(result):
    again = compress(FOREST, X, Y, max_nodes=300)
    pd.testing.assert_frame_equal(again.frontier, result.frontier)
    np.testing.assert_array_equal(again.model.predict(X), result.model.predict(X))


@pytest.mark.parametrize(
    "params",
    [
        {"max_nodes": 0},
        {"max_nodes": np.inf},
        {"max_nodes": 10.5},
        {"max_bytes": 1e6},
        {"max_bytes": "1k"},
        {"max_latency_ratio": 0.0},
        {"max_loss": -0.1},
        {"output": "onnx"},
        {"bytes_of": "disk"},
        {"validation": 1.0},
        {"n_jobs": 0},
        {"n_jobs": 1.5},
        {"X_val": X},
        {"sample_weight_val": Y},
        {"sample_weight": -np.ones(400)},
    ],
)
def test_wrong_parameters_are_named(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        compress(FOREST, X, Y, **params)


@pytest.mark.parametrize(
    ("n_nodes", "loss", "wins"), [(50, 1.05, True), (50, 1.1, True), (50, 1.11, False), (100, 0.5, False)]
)
def test_under_max_loss_a_smaller_rival_wins_if_its_loss_may_be(n_nodes, loss, wins):
    limits = Budget(None, None, None, 0.1, "compact")
    unpruned, chosen = (trials.Trial(name, "", n, 1, 1.0, 0.0) for name, n in (("unpruned", 200), ("joint", 100)))
    rival = trials.Trial("retrained", "", n_nodes, 1, loss, 0.0)
    beside = SimpleNamespace(unpruned=unpruned)
    assert better_rival(beside, [rival], chosen, limits) == (rival if wins else None)


@pytest.mark.parametrize(
    ("n_nodes", "loss", "wins"), [(100, 0.79, True), (100, 0.8, False), (101, 0.1, False), (5, 0.7, True)]
)
def test_within_a_size_a_rival_wins_if_it_is_no_larger_and_better(n_nodes, loss, wins):
    limits = Budget(100, None, None, None, "compact")
    chosen, rival = trials.Trial("joint", "", 90, 1, 0.8, 0), trials.Trial("retrained", "", n_nodes, 1, loss, 0.0)
    assert better_rival(None, [rival], chosen, limits) == (rival if wins else None)


def test_in_the_place_of_a_model_that_stays_as_it_is_a_rival_is_half_as_large():
    limits = Budget(None, None, None, None, "compact")
    unpruned = trials.Trial("unpruned", "", 100, 1, 1.0, 0.0)
    small = replace(unpruned, name="joint", method=JointPruning())
    assert largest_winner(unpruned, limits) == 50
    assert largest_winner(small, limits) == 100
    assert largest_winner(unpruned, Budget(80, None, None, None, "compact")) == 100


@pytest.mark.parametrize("kind", ["regressor", "classifier", "booster"])
def test_scores_of_weighted_rows_are_those_of_repetitions(kind):
    rng = np.random.default_rng(0)
    Z, times = rng.normal(size=(60, 3)), rng.integers(0, 4, 60)
    z = Z[:, 0] + rng.normal(size=60)
    model = {
        "regressor": RandomForestRegressor(3, random_state=0),
        "classifier": RandomForestClassifier(3, max_depth=3, random_state=0),
        "booster": GradientBoostingClassifier(n_estimators=3, random_state=0),
    }[kind].fit(Z, z if kind == "regressor" else z > 0)
    z = z if kind == "regressor" else z > 0
    adapter = find_adapter(model)
    weighted = Scorer(adapter, (Z, z, times)).judge_model(model, Z)
    Z, z = Z.repeat(times, axis=0), z.repeat(times)
    assert weighted[:2] == pytest.approx(Scorer(adapter, (Z, z, None)).judge_model(model, Z)[:2])
    assert weighted[1] == pytest.approx(model.score(Z, z))


def test_the_least_time_of_each_model_counts(monkeypatch):
    small, large = 0.5 + np.array([3.0, 0.0, 9.0]), 2.0 + np.array([0.0, 7.0, 1.0])
    times = iter([1.0, 1.0, *np.column_stack([small, large]).ravel()])
    monkeypatch.setattr(budget, "_seconds", lambda call, n: next(times))
    monkeypatch.setattr(budget, "_ROUNDS", 3)
    assert latency_ratio(FOREST, FOREST, X) == 0.25


def test_models_that_come_out_worse_than_judged_are_not_given(monkeypatch):
    """Where pruning by all rows gives a constant, the model that the trial judged is given."""
    carry_out = trials.Trials.carry_out

    def jumping(self, chosen, output, of_trial=False):
        chosen = chosen if of_trial else replace(chosen, method=JointPruning(alpha=1e9))
        return carry_out(self, chosen, output, of_trial)

    expected = compress(FOREST, X, Y, max_nodes=60, retrain=False)
    monkeypatch.setattr(trials.Trials, "carry_out", jumping)
    given = compress(FOREST, X, Y, max_nodes=60, retrain=False)
    assert 1 < find_adapter(given.model).forest.n_nodes <= 60
    assert given.message == expected.message
