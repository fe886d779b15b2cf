"""Whether pruning helped: the intervals beside other sources, and what the first sentence of a page says."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.datasets import load_diabetes, load_wine, make_classification, make_friedman1
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.reporting.test_report import html_of
from treeprune import TreePruner, TreePrunerCV, prune, report
from treeprune.compression import CompressionResult
from treeprune.feature_selection import AnomalyPruningSelector, PruningSelector
from treeprune.methods import CostComplexity, MaxDepth, MinSamples
from treeprune.reporting.page import number
from treeprune.reporting.summary.intervals import change_of_accuracy, change_of_folds, change_of_r2, wilson
from treeprune.reporting.summary.numbers import with_minus
from treeprune.reporting.summary.verdict import verdict_of


@pytest.mark.parametrize(("right", "n"), [(7, 7), (0, 7), (1, 1), (34, 75), (990, 1000)])
def test_the_interval_of_a_share_is_that_of_scipy(right, n):
    expected = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_all_right_in_few_rows_leaves_an_interval():
    X, y = load_wine(return_X_y=True)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    page = report(tree, X[:7], y[:7])
    assert page.to_dict()["measures"]["table"][0]["interval"] == pytest.approx([0.6457, 1.0], abs=1e-4)
    assert "64.6 to 100.0\xa0%" in html_of(page.html, "scores")


def test_the_change_of_accuracy_adds_half_a_row_to_each_of_four_kinds():
    """A tree right on 50 of 75 rows, pruned on 34: 20 rows lost, 4 gained."""
    before = np.repeat([True, False], [50, 25])
    after = np.repeat([True, False, True, False], [30, 20, 4, 21])
    table = np.array([[30, 20], [4, 21]]) + 0.5
    share = table / table.sum()
    change = share[1, 0] - share[0, 1]
    error = np.sqrt((share[1, 0] + share[0, 1] - change**2) / table.sum())
    expected = stats.norm.interval(0.95, change, error)
    assert change_of_accuracy(before, after) == pytest.approx(expected, abs=1e-6)
    row = {"before": 50 / 75, "after": 34 / 75, "is_share": True, "change": change_of_accuracy(before, after)}
    assert verdict_of(row, "accuracy")["outcome"] == "loss"


@pytest.mark.parametrize(("lost", "gained"), [(0.1, 0.1), (0.02, 0.1), (0.3, 0.05)])
def test_nineteen_of_twenty_intervals_of_a_change_hold_it(lost, gained):
    rng = np.random.default_rng(0)
    kind = rng.choice(4, p=[0.55, lost, gained, 0.45 - lost - gained], size=(2000, 120))
    bounds = np.array([change_of_accuracy(row < 2, (row == 0) | (row == 2)) for row in kind])
    held = (bounds[:, 0] <= gained - lost) & (gained - lost <= bounds[:, 1])
    assert 0.935 <= held.mean() <= 0.975


def test_the_change_of_r2_is_in_the_middle_and_as_wide_as_resampled_rows_say():
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    before, after = y + rng.normal(0, 0.9, 400), y + rng.normal(0, 0.6, 400)
    low, high = change_of_r2(y, before, after)
    assert (low + high) / 2 == pytest.approx(r2_score(y, after) - r2_score(y, before))
    gain = ((y - before) ** 2 - (y - after) ** 2) / y.var()
    drawn = gain[rng.integers(0, 400, (2000, 400))].mean(axis=1)
    assert (high - low) / 2 == pytest.approx(1.96 * drawn.std(), rel=0.06)
    assert change_of_r2(y[:1], before[:1], after[:1]) is None


def test_the_change_over_folds_is_a_paired_t_interval_made_wider():
    rng = np.random.default_rng(0)
    before, after = rng.normal(0.8, 0.05, 5), rng.normal(0.9, 0.05, 5)
    paired = stats.ttest_rel(after, before).confidence_interval(0.95)
    middle, half = after.mean() - before.mean(), (paired.high - paired.low) / 2 * np.sqrt(1 + 5 / 4)
    assert change_of_folds(before, after) == pytest.approx((middle - half, middle + half))
    assert change_of_folds(before[:1], after[:1]) is None


def grown_and_pruned(kind):
    """A tree, a pruned one, and held-out rows on which it does better, worse, or neither."""
    if kind == "gain":
        X, y = make_classification(1500, flip_y=0.25, random_state=0)
        whole, method = DecisionTreeClassifier(random_state=0), MaxDepth(max_depth=2)
    elif kind == "loss":
        X, y = load_wine(return_X_y=True)
        whole, method = DecisionTreeClassifier(random_state=0), MaxDepth(max_depth=1)
    elif kind == "loss of R²":
        X, y = make_friedman1(800, random_state=0)
        whole, method = DecisionTreeRegressor(min_samples_leaf=5, random_state=0), MaxDepth(max_depth=2)
    elif kind == "gain of a forest":
        X, y = load_diabetes(return_X_y=True)
        whole, method = RandomForestRegressor(20, random_state=0), MinSamples(leaf=5)
    else:
        X, y = make_classification(600, class_sep=2.0, random_state=0)
        whole, method = DecisionTreeClassifier(min_samples_leaf=3, random_state=0), MinSamples(leaf=4)
    X, X_out, y, y_out = train_test_split(X, y, random_state=0)
    whole.fit(X, y)
    return whole, prune(whole, method), X_out, y_out


@pytest.mark.parametrize(
    ("kind", "opening"),
    [
        ("gain", "Pruning helped: "),
        ("gain of a forest", "Pruning helped: "),
        ("loss", "Pruning did harm: "),
        ("loss of R²", "Pruning did harm: "),
        ("neither", "Smaller, with "),
    ],
)
def test_the_first_sentence_says_whether_pruning_helped(kind, opening):
    whole, small, X, y = grown_and_pruned(kind)
    page = report(small, X, y, before=whole, held_out=True)
    sentence = page.to_dict()["sentence"]
    assert sentence.startswith(opening)
    before, after = whole.score(X, y), small.score(X, y)
    shown = [f"{before:.4g} → {after:.4g}", f"{100 * before:.1f} % → {100 * after:.1f} %"]
    assert any(words in sentence for words in shown)
    low, high = (float(bound.replace("−", "-")) for bound in re.findall(r"interval (\S+) to (\S+)\)", sentence)[0])
    assert (low > 0, high < 0) == ("gain" in kind, "loss" in kind)
    assert ("⚠ Loss." in page.html) == ("loss" in kind)
    unsure = report(small, X, y, before=whole).to_dict()["sentence"]
    assert ("unless the rows given grew the model" in unsure) == ("loss" in kind)


def test_a_loss_on_the_rows_given_is_marked_beside_a_gain_of_the_folds():
    X, y = make_classification(400, flip_y=0.25, random_state=0)
    pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(X, y)
    page = report(pruner, X, y)  # rows that grew it
    figures = page.to_dict()
    assert "; CV accuracy" in figures["sentence"]
    assert figures["warnings"][0].startswith("Accuracy on 400 rows given fell: 100.0 % → ")
    assert '<p class="warning">⚠ Accuracy on 400 rows given fell' in page.html
    assert report(pruner).to_dict()["warnings"] == []


@pytest.mark.parametrize(
    ("chosen", "loss", "opening"),
    [
        (1, 2.5, "Smaller, with less loss: "),
        (1, 3.0, "Smaller, with the same loss: "),
        (1, 3.5, "Smaller, with more loss: "),
        (0, 2.5, "45 nodes; not pruned; loss on held-out rows 3"),
    ],
)
def test_what_compress_did_to_the_loss_is_said(chosen, loss, opening):
    X, y = load_diabetes(return_X_y=True)
    forest = RandomForestRegressor(3, max_depth=3, random_state=0).fit(X, y)
    small = forest if chosen == 0 else prune(forest, MaxDepth(max_depth=2))
    columns = {"method": ["unpruned", "DepthPruning"], "parameters": "", "n_nodes": [45, 21], "n_trees": 3}
    columns |= {"loss": [3.0, loss], "score": 0.4, "rival": False, "chosen": np.arange(2) == chosen}
    page = report(CompressionResult(small, None, pd.DataFrame(columns), False, "Done."))
    assert page.to_dict()["sentence"].startswith(opening)
    assert ("⚠ Loss." in page.html) == ("more" in opening)


def test_without_scores_it_is_said_that_nothing_is_known():
    whole, small, _, _ = grown_and_pruned("gain")
    assert report(small, before=whole).to_dict()["sentence"].startswith("Whether pruning helped is not known: ")
    X = np.random.default_rng(0).normal(size=(200, 3))
    forest = IsolationForest(n_estimators=5, random_state=0).fit(X)
    sentence = report(prune(forest, MaxDepth(max_depth=3)), X, before=forest).to_dict()["sentence"]
    assert sentence.endswith("without labels, it cannot be told whether pruning helped")


def test_out_of_bag_scores_have_an_interval_too():
    X, y = load_wine(return_X_y=True)
    cv = report(TreePrunerCV(RandomForestClassifier(20, random_state=0), "min_samples", cv="oob").fit(X, y)).to_dict()
    (verdict,) = cv["verdicts"]
    assert sum(verdict["change"]) / 2 == pytest.approx(verdict["after"] - verdict["before"])


def test_a_single_leaf_is_said_in_the_singular():
    X = np.zeros((40, 2))
    page = report(TreePrunerCV(DecisionTreeClassifier()).fit(X, np.arange(40) % 2))
    sentence = page.to_dict()["sentence"]
    assert sentence.startswith("The tree is a single leaf: there is nothing to prune; CV accuracy 50.0 ± ")
    assert "One rule, that of the only leaf." in re.sub(r"<.*?>", "", html_of(page.html, "rules"))
    assert "each of the 1" not in page.html


def test_what_pruning_left_of_a_tree_that_is_not_known_is_not_called_unpruned():
    rng = np.random.default_rng(0)
    noise, target = rng.normal(size=(100, 3)), rng.integers(0, 2, 100)
    pruner = TreePruner(DecisionTreeClassifier(random_state=0), "mdl").fit(noise, target)
    page = report(pruner)
    assert page.to_dict()["sentence"] == "1 leaf; what it was before is not known"
    known = report(pruner, before=DecisionTreeClassifier(random_state=0).fit(noise, target))
    assert "→ 1 leaf" in known.to_dict()["sentence"]
    pruner.fit(noise, noise[:, 0] > 0)
    for model in (pruner, pruner.estimator_):
        assert "splits before" not in html_of(report(model).html, "features")
    pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), cv=3).fit(noise, target)
    assert "splits before" in html_of(report(pruner).html, "features")


def test_a_tree_without_splits_has_no_table_of_features():
    page = report(DecisionTreeClassifier().fit(np.zeros((4, 2)), [0, 1, 0, 1]))
    assert "<table" not in html_of(page.html, "features")
    assert "<dt>leaf (end of the tree)</dt>" in page.html


def test_only_a_tree_that_is_known_to_be_so_is_called_unpruned():
    whole, small, _, _ = grown_and_pruned("loss")
    again = report(small)
    assert again.to_dict()["sentence"] == "2 leaves; whether it was pruned is not known"
    assert "unpruned" not in html_of(again.html, "path")
    assert "As given</button>" in again.html
    beside = report(small, before=whole)  # a cut by depth is no step of the whole tree's path
    assert beside.to_dict()["steps"][0]["n_leaves"] == 2
    assert set(beside.to_dict()["marks"]) == {"as given"}
    assert "unpruned" not in html_of(beside.html, "path")
    one_of_its_path = prune(whole, CostComplexity(alpha=0.1))
    assert set(report(one_of_its_path, before=whole).to_dict()["marks"]) == {"unpruned"}
    assert report(whole, before=whole).to_dict()["sentence"] == "7 leaves; not pruned"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("-0.000", "0.000"), ("-3e-18", "−3e−18"), ("-0.096", "−0.096"), ("0.50", "0.50"), ("-1,234", "−1,234")],
)
def test_minus_is_a_sign_of_its_own_and_zero_has_none(value, shown):
    assert with_minus(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(17290.4, "17,290"), (1234.5, "1,234"), (0.000012345, "1.234e−05"), (-3, "−3"), (38.4213, "38.42")],
)
def test_strengths_have_four_digits_and_no_exponent_where_they_are_large(value, shown):
    assert number(value) == shown


def test_a_selector_that_keeps_none_promises_nothing():
    rng = np.random.default_rng(0)
    page = report(PruningSelector(n_estimators=5, random_state=0).fit(rng.normal(size=(200, 8)), rng.normal(size=200)))
    assert page.to_dict()["n_kept"] == 0
    assert page.to_dict()["sentence"] == "None of 8 features survives pruning more often than chance allows"
    assert "false picks" not in page.html


def test_anomaly_selection_that_keeps_all_untested_promises_nothing():
    page = report(AnomalyPruningSelector(random_state=0).fit(np.random.default_rng(0).normal(size=(300, 6))))
    assert page.to_dict()["n_dropped"] == 0
    assert page.to_dict()["sentence"].startswith("All 6 features are kept: it could not be shown")
    assert "false picks" not in page.html


@pytest.mark.parametrize("labels", [None, ["ok", "<fraud>"], [1, 2]])
def test_the_label_of_anomalies_is_said(labels):
    X = np.random.default_rng(0).normal(size=(300, 4))
    X[:20, 0] += 4
    y = None if labels is None else np.where(np.arange(300) < 20, labels[1], labels[0])
    page = report(AnomalyPruningSelector(random_state=0).fit(X, y))
    assert page.to_dict()["anomaly_label"] == (None if labels is None else str(labels[1]))
    said = {None: "", "<fraud>": "Rows of the label &lt;fraud&gt; are known", "2": "Rows of the label 2 are known"}
    assert said[page.to_dict()["anomaly_label"]] in page.html
    assert ("Rows of the label" in page.html) == (labels is not None)


def test_one_scale_of_strength_on_the_whole_page():
    X, y = load_diabetes(return_X_y=True)
    pruner = TreePrunerCV(DecisionTreeRegressor(random_state=0)).fit(X, y)
    html = report(pruner).html
    chosen = re.search(r'<tr class="chosen"><td>\d+</td><td>(.*?)</td>', html_of(html, "path"))[1]
    assert chosen == f"{pruner.alpha_:.4g}"
    assert f"<dd>{pruner.alpha_:.6g}</dd>" in html_of(html, "settings")


def test_no_line_breaks_within_a_percentage():
    whole, small, X, y = grown_and_pruned("loss")
    html = report(small, X, y, before=whole, held_out=True).html
    body = re.sub(r"<(style|script|pre).*?</\1>", "", html, flags=re.S)
    assert "\xa0%" in body
    assert not re.findall(r"[^<>]*\d %[^<>]*", body)


def test_branches_and_leaves_of_classes_named_yes_and_no():
    X, y = make_classification(300, random_state=0)
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, np.array(["no", "yes"])[y])
    page = report(tree)
    picture = re.search(r'<div id="tree".*?</div>', page.html, re.S)[0]
    texts = re.findall(r'<text[^>]*class="answer"[^>]*>(.*?)</text>', picture)
    assert texts == ["≤", "&gt;"] * 3
    shares = [f"{100 * share:.0f}\xa0%" for share in [leaf["confidence"] for leaf in page.to_dict()["leaves"]]]
    soft = re.findall(r'<text[^>]*class="soft"[^>]*>(.*?)</text>', picture)
    assert sorted(soft) == sorted([*shares, *(f"n={leaf['rows']}" for leaf in page.to_dict()["leaves"])])
    assert "answer yes" not in page.html
