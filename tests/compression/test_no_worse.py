"""What "no worse" means: the level holds however many models are compared, and rows that belong together count once."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import ttest_rel
from sklearn.base import clone
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from treeprune import compress
from treeprune.adapters import find_adapter
from treeprune.compression import second_look as looks
from treeprune.compression import trials
from treeprune.compression.evidence import Evidence
from treeprune.compression.no_worse import FEWEST_UNITS, compared
from treeprune.compression.repeats import dealt, share_repeated, split, units_of
from treeprune.compression.second_look import look_again_at, may_look_again, second_look, seconds_of_second_look
from treeprune.compression.trial import Aim, has_alpha
from treeprune.compression.trials import Trials
from treeprune.methods import JointPruning

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*The budget costs more than noise")

X, Y = make_friedman1(400, n_features=7, noise=3.0, random_state=0)
FOREST = RandomForestRegressor(12, max_features=1 / 3, random_state=0).fit(X, Y)
TREE = DecisionTreeRegressor(random_state=0).fit(X, Y)  # far too large


@pytest.fixture(autouse=True, scope="module")
def quick():
    """One thread, and few penalties to try."""
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setattr(trials, "REGS", (3.0, 10.0, 30.0))
        yield


def test_one_comparison_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    for shift in np.linspace(-0.3, 0.1, 30):
        ours, whole = rng.normal(shift, 1.0, 80), rng.normal(0.0, 1.0, 80)
        found = compared(ours[None], whole)
        expected = ttest_rel(ours, whole, alternative="less").pvalue <= 0.05
        width_by_draws = abs(ttest_rel(ours, whole, alternative="less").pvalue - 0.05) < 0.01
        assert found.no_worse[0] == expected or width_by_draws
        assert found.worse[0] == (ttest_rel(ours, whole, alternative="greater").pvalue < 0.05)
        np.testing.assert_allclose(found.mean / found.standard_error, ttest_rel(ours, whole).statistic)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_the_level_holds_for_all_models_together(correlation):
    """Forty models that are all just as bad as the other one: some is called no worse in about 5 % of the runs."""
    n_runs, rng, wrong, wrong_by_itself = 100, np.random.default_rng(1), 0, 0
    for _ in range(n_runs):
        common, own = rng.exponential(size=150), rng.exponential(size=(40, 150))
        losses = correlation * common + (1 - correlation) * own - 1.0
        found = compared(losses, np.zeros(150))
        wrong += found.no_worse.any()
        wrong_by_itself += (found.mean < -1.655 * found.standard_error).any()
    assert wrong / n_runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / n_runs)
    assert wrong_by_itself > 2 * wrong


def test_better_models_are_found_and_identical_ones_are_no_worse():
    rng = np.random.default_rng(0)
    whole = rng.exponential(size=500)
    found = compared([whole, whole - 0.2 + rng.normal(size=500), whole + 0.3 + rng.normal(size=500)], whole)
    assert found.no_worse.tolist() == [True, True, False]
    assert found.worse.tolist() == [False, False, True]


def test_rows_of_a_unit_are_one_observation():
    rng = np.random.default_rng(0)
    difference, times = rng.normal(size=60), rng.integers(1, 5, 60)
    units = np.repeat(np.arange(60), times)
    repeated = compared(difference[units][None], np.zeros(len(units)), units=units)
    weighted = compared(difference[None], np.zeros(60), weight=times)
    mean = np.average(difference, weights=times)
    by_hand = np.sqrt(np.sum((times * (difference - mean)) ** 2) * 60 / 59) / times.sum()
    for found in (repeated, weighted):
        np.testing.assert_allclose((found.mean[0], found.standard_error[0]), (mean, by_hand))
        assert found.n_units == 60


def test_too_few_observations_show_nothing():
    few = FEWEST_UNITS - 1
    assert not compared(-np.ones((1, few)) + 1e-3 * np.arange(few), np.zeros(few)).no_worse.any()


# Rows that belong together --------------------------------------------------------------------------------------------

TABLE = pd.DataFrame({"a": [0.0, -0.0, np.nan, np.nan, 1.0, 1.0], "b": [1, 1, 2, 2, 3, 4]})
KINDS = {
    "array": lambda: TABLE.to_numpy(),
    "frame": lambda: TABLE,
    "categories": lambda: TABLE.assign(c=pd.Categorical(list("xxyyzz"))),
    "text": lambda: TABLE.assign(c=list("xxyyzz")),
    "sparse": lambda: csr_matrix(TABLE.to_numpy()),
    "polars": lambda: pytest.importorskip("polars").from_pandas(TABLE.assign(c=list("xxyyzz"))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_equal_features_are_a_unit(kind):
    units = units_of(KINDS[kind]())
    assert units[0] == units[1]
    assert units[2] == units[3]
    assert units.tolist() == [0, 0, 1, 1, 2, 3]  # in the order of rows: splits are the same in every form
    assert share_repeated(units) == pytest.approx(4 / 6)


def test_entries_of_sparse_rows_are_told_apart_by_their_columns():
    rows = csr_matrix(np.array([[1.0, 0.0, 2.0], [2.0, 0.0, 1.0], [0.0, 1.0, 2.0], [1.0, 0.0, 2.0]]))
    assert units_of(rows).tolist().count(units_of(rows)[0]) == 2
    assert len(set(units_of(rows))) == 3


@pytest.mark.parametrize("labels", [None, np.repeat([0, 1, 1, 2], 25)])
def test_parts_share_no_unit_and_have_all_classes(labels):
    units = np.arange(100) // 3
    use, judge = split(units, labels, 0.25, 0)
    assert not set(units[use]) & set(units[judge])
    assert sorted([*use, *judge]) == list(range(100))
    assert 15 <= len(judge) <= 35
    part = dealt(units, labels, 3, 0)
    assert all(len(set(part[units == unit])) == 1 for unit in set(units))
    assert max(np.bincount(part)) - min(np.bincount(part)) <= 9
    if labels is not None:
        assert set(labels[judge]) == {0, 1, 2}
        assert all(set(labels[part == p]) == {0, 1, 2} for p in range(3))


def test_a_class_of_one_unit_is_never_held_out():
    units, labels = np.repeat(np.arange(20), 2), np.repeat([0] * 19 + [1], 2)
    assert all(1 not in labels[split(units, labels, 0.25, seed)[1]] for seed in range(5))
    assert set(dealt(units, labels, 3, 0)[labels == 1]) == {-1}


# In compress ----------------------------------------------------------------------------------------------------------


def naive_second_look(model, method, alphas, part_of):
    """Mean difference and standard error on the parts, of models that are grown, pruned and judged by hand."""
    differences = []
    for part in range(part_of.max() + 1):
        judging = part_of == part
        grown = clone(model).fit(X[~judging], Y[~judging])
        adapter, rows = find_adapter(grown).with_rows(X[~judging], Y[~judging])
        additive, steps = method.prunings(adapter.forest, rows, alphas)
        small = adapter.prune(additive.plan([pruning for _, pruning in steps][-1]))
        error, whole = ((m.predict(X[judging]) - Y[judging]) ** 2 for m in (small, grown))
        differences.append(error - whole)
    differences = np.concatenate(differences)
    return differences.mean(), differences.std(ddof=1) / np.sqrt(len(differences))


def test_a_second_look_judges_by_the_other_rows():
    of_few = Trials(TREE, (X, Y), None, 0.25, 0)
    found = list(of_few.path(JointPruning(reg=10.0)))
    nothing_shown = replace(of_few.compared(found), width=99.0)
    trial, comparison = second_look(of_few, found, nothing_shown, 0.025)
    assert trial.loss <= of_few.unpruned.loss
    part_of = np.full(len(X), -1)
    part_of[of_few._use_at] = dealt(of_few._use_units, None, 8, 0)  # 300 rows
    alphas = [c.method.alpha for c in found if c.method.alpha <= trial.method.alpha]
    expected = naive_second_look(TREE, JointPruning(reg=10.0), alphas, part_of)
    np.testing.assert_allclose((comparison.mean[0], comparison.standard_error[0]), expected, rtol=1e-6)
    assert comparison.n_units == 300


def test_threads_change_no_result():
    one, two = (compress(FOREST, X, Y, max_nodes=100, retrain=False, n_jobs=n_jobs) for n_jobs in (None, 2))
    assert one.message == two.message
    assert "300 held-out rows that did not choose it" in one.message
    np.testing.assert_array_equal(one.model.predict(X), two.model.predict(X))


def test_two_looks_share_the_level():
    of_few = Trials(TREE, (X, Y), None, 0.25, 0)
    found = list(of_few.path(JointPruning(reg=10.0)))
    assert Evidence(of_few, found).comparison.level == 0.05
    both = Evidence(of_few, found, again=True)
    assert both.smallest is both.second[0]
    assert both.comparison.level + both.second[1].level == pytest.approx(0.05)
    assert both.comparison.level < both.second[1].level


def test_a_second_look_is_taken_where_rows_are_few_and_can_judge(monkeypatch):
    of_few = Trials(TREE, (X, Y), None, 0.25, 0)
    assert may_look_again(of_few)
    assert not may_look_again(Trials(TREE, (X, Y), (X, Y), 0.25, 0))
    assert not may_look_again(Trials(TREE, (X, Y), None, 0.25, 0, effort="quick"))
    assert seconds_of_second_look(of_few) >= 8 * of_few.seconds_of_fit  # of as many parts
    monkeypatch.setattr(looks, "MOST_UNITS", 99)
    assert not may_look_again(of_few)


def test_what_a_budget_costs_is_judged_by_rows_that_did_not_choose_it():
    found = compress(FOREST, X, Y, max_nodes=200, retrain=False)
    of_few = Trials(FOREST, (X, Y), None, 0.25, 0)
    tried = list(of_few.pruned(Aim(200)))
    chosen = min((c for c in tried if c.n_nodes <= 200), key=lambda c: c.loss)
    again = look_again_at(of_few, tried, chosen)
    assert again.n_units == 300
    assert (
        f"(standard error {again.standard_error[0]:.2g}), on 300 held-out rows that did not choose it" in found.message
    )


def test_without_a_budget_the_smallest_that_is_shown_to_be_no_worse_is_given():
    found = compress(TREE, X, Y, retrain=False)
    X_test, y_test = make_friedman1(4000, n_features=7, noise=3.0, random_state=1)
    assert found.verdict == "no worse"
    assert found.frontier.loc[found.frontier["chosen"], "n_nodes"].item() == found.smallest_no_worse
    assert find_adapter(found.model).forest.n_nodes < find_adapter(TREE).forest.n_nodes / 5
    assert found.model.score(X_test, y_test) > TREE.score(X_test, y_test)
    assert "no worse" in found.message


def test_where_nothing_smaller_is_shown_to_be_no_worse_the_model_is_given_as_it_is():
    Z = np.random.default_rng(0).random((400, 1))
    z = 10.0 * Z[:, 0]  # each leaf is nearer to the rows around it than any that would join two
    model = DecisionTreeRegressor(random_state=0).fit(Z, z)
    found = compress(model, Z, z, retrain=False)
    assert found.smallest_no_worse is None
    assert found.verdict == "no worse"  # as the model itself is
    np.testing.assert_array_equal(found.model.predict(Z), model.predict(Z))
    assert "No smaller model was shown to be no worse" in found.message


def test_a_budget_that_costs_more_than_noise_is_warned_of():
    with pytest.warns(UserWarning, match="The budget costs more than noise: the loss is higher by"):
        found = compress(FOREST, X, Y, max_nodes=9, retrain=False)
    assert found.verdict == "worse"
    whole = found.frontier.loc[found.frontier["method"] == "unpruned", "loss"].item()
    np.testing.assert_allclose(found.frontier["difference"], found.frontier["loss"] - whole, atol=1e-9)


def test_repeated_rows_are_held_out_together_and_spoken_of():
    again = np.r_[np.arange(400), np.arange(100)]
    model = RandomForestRegressor(8, random_state=0).fit(X[again], Y[again])
    of_repeats = Trials(model, (X[again], Y[again]), None, 0.25, 0)
    rows = {tuple(row) for row in of_repeats.judge.X}
    assert not rows & {tuple(row) for row in of_repeats.use.X}
    assert of_repeats.n_units == len(rows) < len(of_repeats.judge.X)
    found = compress(model, X[again], Y[again], max_nodes=100, retrain=False)
    assert "40% of the rows have the same features as others" in found.message


def test_groups_are_held_out_together():
    groups = np.array(list("abcdefghij"), dtype=object)[np.arange(400) % 10]
    of_groups = Trials(FOREST, (X, Y), None, 0.3, 0, groups=groups)
    held_out = {tuple(row) for row in of_groups.judge.X}
    inside = {group for group, row in zip(groups, X, strict=True) if tuple(row) in held_out}
    assert sum(np.isin(groups, list(inside))) == len(held_out) == 120
    found = compress(FOREST, X, Y, groups=groups, max_nodes=100, retrain=False)
    assert "100% of the rows stand in a group with others" in found.message
    assert found.verdict is None
    assert "was not tested: it takes 30 rows" in found.message
    with pytest.raises(ValueError, match="'groups' parameter must hold 400 labels"):
        compress(FOREST, X, Y, groups=groups[:5])


def test_rows_to_judge_by_that_the_model_was_fitted_on_are_spoken_of():
    found = compress(FOREST, X, Y, X_val=X[:100], y_val=Y[:100], max_nodes=100, retrain=False)
    assert "100% of the rows to judge by have the features of rows that the model was fitted on" in found.message


def test_what_cannot_be_tested_is_said():
    XC, YC = make_classification(200, 6, flip_y=0.1, random_state=0)
    model = RandomForestClassifier(6, random_state=0).fit(XC, YC)
    found = compress(model, XC, YC, scoring="roc_auc", retrain=False)
    assert found.verdict is None
    assert "was not tested: scoring= gives one number" in found.message
    assert "difference" not in found.frontier


@pytest.mark.parametrize("model", [FOREST, TREE], ids=lambda model: type(model).__name__)
def test_what_is_shown_to_be_no_worse_can_be_made_as_it_was_judged(model):
    of_few = Trials(model, (X, Y), None, 0.25, 0)
    found = list(of_few.pruned(Aim(loss=of_few.unpruned.loss)))
    exact = [c for c in found if c.is_exact and isinstance(c.method, JointPruning)]
    assert len(exact) < len(found)
    for trial in exact[:: len(exact) // 3]:
        made, _ = of_few.carry_out(trial, "link", of_trial=True)
        assert find_adapter(made).forest.n_nodes == trial.n_nodes
        assert of_few.scorer.judge_model(made, of_few.judge.X).loss == pytest.approx(trial.loss)
    assert all(c.is_exact for c in Evidence(of_few, found, again=True).no_worse)


@pytest.mark.parametrize(("effort", "names"), [("balanced", set()), ("thorough", {"DepthPruning"})])
def test_what_cannot_be_given_without_a_budget_is_not_tried(effort, names):
    of_few = Trials(FOREST, (X, Y), None, 0.25, 0, effort=effort)
    found = [c for c in of_few.pruned(Aim(loss=of_few.unpruned.loss, exact=True)) if has_alpha(c.method)]
    assert {c.name for c in found} == {"JointPruning"} | names
    assert all(c.is_exact for c in found if c.name in names)


@pytest.mark.parametrize(("output", "growth"), [("link", 4 / 3), ("plain", 1.0)])
def test_the_strength_falls_as_rows_grow(output, growth):
    """Where the judging rows set leaves, too, a node has to win as much over more rows."""
    of_trial = Trials(FOREST, (X, Y), None, 0.25, 0)
    assert of_trial.growth(output) == pytest.approx(growth)
    found = compress(TREE, X, Y, retrain=False, output=output)
    text = found.frontier.loc[found.frontier["chosen"], "parameters"].item()
    assert f"alpha={found.method.alpha * growth:.3g}" in text


def test_rows_that_are_held_back_prune_nothing():
    of_trial = Trials(FOREST, (X, Y), None, 0.25, 0)
    of_trial.holds_back = True
    assert of_trial.growth() == 1.0
    method = JointPruning(reg=30.0, alpha=0.01)
    trial = next(of_trial.path(method, alphas=[0.01]))
    made, _ = of_trial.carry_out(trial, "link")
    expected, _ = of_trial.carry_out(trial, "link", of_trial=True)
    np.testing.assert_array_equal(made.predict(X), expected.predict(X))
