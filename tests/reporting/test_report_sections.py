"""The sections of the report: their figures are those that others compute from the same models and rows."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_linnerud, make_friedman1
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    mean_absolute_error,
    precision_score,
    r2_score,
    recall_score,
    root_mean_squared_error,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.reporting.kinds import SELECTORS, fitted_selector
from treeprune import PruningSelector, TreePruner, TreePrunerCV, UnsupportedModelError, compress, prune, report
from treeprune.feature_selection import AnomalyPruningSelector, PruningPathSelector, PruningRFE
from treeprune.methods import CostComplexity, MaxDepth, MinSamples
from treeprune.reporting.summary.leaves import wilson
from treeprune.reporting.summary.settings import data_hash


@pytest.fixture(scope="module")
def rows():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return train_test_split(X, y, random_state=0, stratify=y)


@pytest.fixture(scope="module")
def pruner(rows):
    X, _, y, _ = rows
    return TreePrunerCV(DecisionTreeClassifier(random_state=0), rule="best").fit(X, y)


@pytest.fixture(scope="module")
def figures(pruner, rows):
    return report(pruner, rows[1], rows[3], subgroup="mean texture").to_dict()


def wrong(model, X, y):
    return np.asarray(model.predict(X) != y)


def test_pruned_branches_tell_rows_and_errors_before_and_after(pruner, rows, figures):
    X, X_out, y, y_out = rows
    whole, small = pruner.pruning_path_.prune(step=0), pruner.estimator_
    number = {leaf: place for place, leaf in enumerate(np.flatnonzero(small.tree_.children_left < 0), start=1)}
    expected = {}
    for leaf, place in number.items():
        here, out = small.apply(X) == leaf, small.apply(X_out) == leaf
        n_leaves = len(np.unique(whole.apply(X[here])))
        if n_leaves > 1:
            expected[place] = {"leaf": place, "n_leaves": n_leaves, "n_rows": here.sum(), "given_rows": out.sum()}
            for name, of, on, labels in (("training", here, X, y), ("given", out, X_out, y_out)):
                for when, model in (("before", whole), ("after", small)):
                    expected[place][f"{name}_{when}"] = wrong(model, on[of], labels[of]).sum() if of.any() else 0
    assert {row["leaf"]: row for row in figures["branches"]} == expected
    assert figures["n_branches"] == len(expected) > 3


def test_errors_of_branches_on_rows_given_are_numbers_of_rows(rows):
    X, X_out, y, y_out = rows
    whole = DecisionTreeClassifier(class_weight={0: 1, 1: 7}, random_state=0).fit(X, y)
    small = prune(whole, CostComplexity(n_leaves=4))
    branches = report(small, X_out, y_out, before=whole).to_dict()["branches"]
    in_one = np.isin(
        small.apply(X_out), np.flatnonzero(small.tree_.children_left < 0)[[b["leaf"] - 1 for b in branches]]
    )
    for when, model in (("before", whole), ("after", small)):
        assert sum(branch[f"given_{when}"] for branch in branches) == wrong(model, X_out, y_out)[in_one].sum()


def test_branches_of_a_regression_tell_the_root_of_the_mean_squared_error():
    X, y = load_diabetes(return_X_y=True)
    whole = DecisionTreeRegressor(max_depth=5, random_state=0).fit(X, y)
    small = prune(whole, CostComplexity(n_leaves=5))
    figures = report(small, before=whole).to_dict()
    leaves = np.flatnonzero(small.tree_.children_left < 0)
    for row in figures["branches"]:
        here = small.apply(X) == leaves[row["leaf"] - 1]
        for when, model in (("before", whole), ("after", small)):
            error = np.sqrt(np.mean((y[here] - model.predict(X[here])) ** 2))
            assert row[f"training_{when}"] == pytest.approx(error)


def test_a_model_and_what_it_was_before_are_compared_by_their_nodes(rows):
    X, X_out, y, y_out = rows
    whole = DecisionTreeClassifier(random_state=0).fit(X, y)
    small = prune(whole, "reduced_error", X_out, y_out)
    figures = report(small, X_out, y_out, before=whole).to_dict()
    assert f": {whole.get_n_leaves()} leaves → {small.get_n_leaves()} leaves; accuracy" in figures["sentence"]
    merged = sum(row["n_leaves"] - 1 for row in figures["branches"])
    assert whole.get_n_leaves() - small.get_n_leaves() == merged
    assert not figures["raised"]


def test_branches_that_were_raised_are_not_taken_for_others(rows):
    X, _, y, _ = rows
    whole = DecisionTreeClassifier(random_state=0).fit(X, y)
    other = DecisionTreeClassifier(random_state=1, max_features=3).fit(X, y)
    figures = report(other, before=whole).to_dict()
    assert figures["raised"]
    assert figures["branches"] == []


def test_features_are_counted_over_the_folds_grown_anew(pruner, rows, figures):
    X, _, y, _ = rows
    used = np.zeros(X.shape[1], int)
    for grow, _ in StratifiedKFold(5).split(X, y):
        tree = clone(pruner.estimator).set_params(ccp_alpha=pruner.alpha_).fit(X.iloc[grow], y.iloc[grow])
        used[np.unique(tree.tree_.feature[tree.tree_.feature >= 0])] += 1
    found = {row["name"]: row for row in figures["feature_table"]}
    assert {name: row["folds"] for name, row in found.items() if row["folds"]} == {
        name: n for name, n in zip(X.columns, used, strict=True) if n
    }
    importance = dict(zip(X.columns, pruner.feature_importances_, strict=True))
    assert all(row["importance"] == pytest.approx(importance[name]) for name, row in found.items())
    assert all(row["kept"] == (importance[name] > 0) for name, row in found.items())


@pytest.mark.parametrize("scored", [True, False], ids=["scored", "unscored"])
def test_strengths_are_told_in_the_unit_of_the_method(rows, scored):
    X, _, y, _ = rows
    cls = TreePrunerCV if scored else TreePruner
    pruner = cls(DecisionTreeClassifier(random_state=0), MinSamples()).fit(X, y)
    page = report(pruner, X, y)
    figures = page.to_dict()
    assert figures["knob"] == "leaf"
    strengths = [step["strength"] for step in figures["steps"]]
    assert all(type(strength) is int for strength in strengths)
    assert strengths == sorted(set(strengths))
    for step in figures["steps"]:
        assert (
            prune(pruner.pruning_path_.prune(step=0), MinSamples(leaf=step["strength"])).get_n_leaves()
            == step["n_leaves"]
        )
    if scored:
        settings = {name: text for group in figures["settings"] for name, text in group["pairs"]}
        assert settings["chosen strength (leaf)"] == str(pruner.best_params_["leaf"])


def test_without_folds_no_stability_is_claimed(rows):
    X, _, y, _ = rows
    forest = RandomForestClassifier(8, random_state=0)
    figures = report(TreePrunerCV(forest, cv="oob").fit(X, y)).to_dict()
    assert figures["n_folds"] is None
    assert figures["cv"]["out_of_bag"]
    assert "out-of-bag accuracy" in figures["sentence"]


def test_leaves_tell_their_rows_and_the_interval_of_wilson(pruner, rows, figures):
    support = np.bincount(pruner.apply(rows[0]))
    support = support[support > 0]
    assert [leaf["rows"] for leaf in figures["leaves"]] == support.tolist()
    for leaf in figures["leaves"]:
        interval = binomtest(round(leaf["confidence"] * leaf["rows"]), leaf["rows"]).proportion_ci(method="wilson")
        assert (leaf["low"], leaf["high"]) == pytest.approx(tuple(interval), abs=1e-6)
        assert leaf["few"] == (leaf["rows"] < figures["few_rows"])
    assert figures["n_low_support"] == (support < figures["few_rows"]).sum()
    assert np.all(np.isfinite(wilson(np.array([0.0, 1.0]), np.array([0, 1]))))


def test_scores_by_class_and_in_groups_are_scikit_learns(pruner, rows, figures):
    _, X, _, y = rows
    predicted = pruner.predict(X)
    for label, row in enumerate(figures["by_class"]):
        assert row["recall"] == pytest.approx(recall_score(y, predicted, pos_label=label))
        assert row["precision"] == pytest.approx(precision_score(y, predicted, pos_label=label))
    groups = figures["by_group"]["table"]
    quarter = pd.qcut(X["mean texture"], 4)
    right = pd.Series(predicted == y, index=X.index).groupby(quarter, observed=True)
    assert [row["after"] for row in groups] == pytest.approx(right.mean().to_list())
    assert [row["n_rows"] for row in groups] == right.size().to_list()
    assert figures["measures"]["agreement"] == np.mean(predicted == pruner.pruning_path_.prune(step=0).predict(X))


def test_groups_of_few_numbers_are_named_by_as_many_digits_as_tell_them_apart():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    tree = DecisionTreeRegressor(max_depth=2, random_state=0).fit(X, y)
    named = [row["name"] for row in report(tree, X, y, subgroup="sex").to_dict()["by_group"]["table"]]
    assert named == ["-0.0446416", "0.0506801"]
    near = np.where(np.arange(len(y)) % 3 == 0, 1.0, 1.0 + 1e-9)
    table = report(tree, X, y, subgroup=near).to_dict()["by_group"]["table"]
    assert {row["name"]: row["n_rows"] for row in table} == {"1.000000001": 294, "1.0": 148}
    gaps = np.where(np.arange(len(y)) % 3 == 0, np.nan, 2.5)
    table = report(tree, X, y, subgroup=gaps).to_dict()["by_group"]["table"]
    assert {row["name"]: row["n_rows"] for row in table} == {"2.5": 294, "missing": 148}


def test_groups_are_the_values_of_a_column_with_few():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    X["s1"] = np.arange(len(X)) % 3
    tree = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y)
    groups = report(tree, X, y, subgroup="s1").to_dict()["by_group"]
    error = (y - tree.predict(X)).abs().groupby(X["s1"]).mean()
    assert {row["name"]: row["after"] for row in groups["table"]} == pytest.approx(error.rename(str).to_dict())
    assert groups["measure"] == "mean absolute error"


def test_groups_can_be_values_that_the_model_does_not_know(rows):
    X, X_out, y, y_out = rows
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X[["mean area"]], y)
    by_column = report(tree, X_out[["mean area"]], y_out, subgroup="mean area").to_dict()["by_group"]
    other = X_out["mean texture"] > 18
    for values, name in ((X_out["mean area"], "mean area"), (other, "mean texture"), (other.tolist(), "subgroup")):
        found = report(tree, X_out[["mean area"]], y_out, subgroup=values).to_dict()["by_group"]
        assert found["column"] == name
        if name == "mean area":
            assert found == by_column
        else:
            right = pd.Series(tree.predict(X_out[["mean area"]]) == y_out).groupby(other).mean()
            assert {row["name"]: row["after"] for row in found["table"]} == right.rename(str).to_dict()


def test_rows_known_to_be_held_out_are_called_so(pruner, rows):
    page, known = (report(pruner, rows[1], rows[3], held_out=held_out) for held_out in (False, True))
    assert "held-out rows" not in page.to_dict()["sentence"]
    assert "accuracy on 143 held-out rows" in known.to_dict()["sentence"]
    assert "Held-out rows: they neither grew" in known.html
    assert "Held-out rows: they neither grew" not in page.html
    assert len(known.to_dict()["limitations"]) == len(page.to_dict()["limitations"]) - 1


def test_no_row_of_data_is_in_the_report():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X[["mean radius", "mean texture"]].assign(secret=np.linspace(7.1234567, 7.7654321, len(X)))
    tree = TreePrunerCV(DecisionTreeClassifier(max_depth=2, random_state=0)).fit(X, y)
    page = report(tree, X, y)
    for value in X["secret"].sample(20, random_state=0):
        assert f"{value:.7g}" not in page.html
    assert len(json.dumps(page.to_dict()["settings"])) < 4000


def test_the_hash_tells_data_apart_and_not_what_holds_them():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    one = data_hash(X, y)
    assert one == data_hash(X.copy(), y.to_numpy()) == data_hash(pd.DataFrame(X.to_dict("list")), y.to_list())
    changed = X.copy()
    changed.iloc[3, 4] += 1e-12
    assert len({one, data_hash(changed, y), data_hash(X, 1 - y), data_hash(X), data_hash(X.iloc[::-1], y)}) == 5


def test_rows_can_be_held_by_other_frames(rows):
    polars = pytest.importorskip("polars")
    X, _, y, _ = rows
    model = RandomForestClassifier(3, random_state=0).fit(X.to_numpy(), y)
    other = polars.DataFrame(X.to_dict("list"))
    found = [report(model, held, y, subgroup="mean area").to_dict() for held in (X, other)]
    assert found[0]["settings"] == found[1]["settings"]
    assert found[0]["by_group"] == found[1]["by_group"]


def test_columns_of_one_name_are_told_apart(rows):
    X, _, y, _ = rows
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
    names = ["same"] * 30
    assert report(tree, feature_names=names).to_dict()["features"] == [f"same (column {i})" for i in range(30)]


def test_several_targets_and_boosters_are_shown_without_scores():
    X, y = load_linnerud(return_X_y=True)
    figures = report(RandomForestRegressor(3, random_state=0).fit(X, y), X, y).to_dict()
    assert figures["on_rows"] is None
    assert figures["n_trees"] == 3
    xgboost = pytest.importorskip("xgboost")
    booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(X, y[:, 0]), 4)
    assert "4 trees" in report(booster).to_dict()["sentence"]


def test_an_ensemble_is_shown_before_and_after(rows):
    X, X_out, y, y_out = rows
    forest = RandomForestClassifier(12, random_state=0).fit(X, y)
    small = prune(forest, MaxDepth(max_depth=2))
    figures = report(small, X_out, y_out, before=forest).to_dict()
    nodes = [sum(tree.tree_.node_count for tree in model.estimators_) for model in (forest, small)]
    together = {row["name"]: (row["before"], row["after"]) for row in figures["together"]}
    assert together["nodes"] == tuple(nodes)
    assert together["greatest depth"][1] == 2
    for outline, tree, pruned in zip(figures["outlines"], forest.estimators_, small.estimators_, strict=True):
        assert outline["before"] == np.bincount(tree.tree_.compute_node_depths() - 1).tolist()
        assert outline["after"] == np.bincount(pruned.tree_.compute_node_depths() - 1).tolist()
    first = figures["measures"]["table"][0]
    assert (first["before"], first["after"]) == (forest.score(X_out, y_out), small.score(X_out, y_out))


def test_a_forest_by_folds_has_its_frontier(rows):
    X, _, y, _ = rows
    pruner = TreePrunerCV(RandomForestClassifier(6, random_state=0), cv=3).fit(X, y)
    frontier = report(pruner).to_dict()["frontier"]
    assert [point["size"] for point in frontier["points"]] == pruner.cv_results_["n_leaves"].tolist()
    assert [point["score"] for point in frontier["points"]] == pruner.cv_results_["mean_test_score"].tolist()
    assert [i for i, point in enumerate(frontier["points"]) if point["chosen"]] == [pruner.best_index_]


def test_what_compress_found_is_told_with_everything_tried():
    X, y = load_diabetes(return_X_y=True)
    forest = RandomForestRegressor(8, random_state=0).fit(X, y)
    result = compress(forest, X, y, max_nodes=200, retrain=False)
    page = report(result, X, y, before=forest)
    figures = page.to_dict()
    assert len(figures["frontier"]["points"]) == len(result.frontier)
    assert figures["message"] == result.message
    assert result.message.split(":")[0] in page.html


def test_an_isolation_forest_shows_its_scores_before_and_after(rows):
    X, X_out, _, _ = rows
    forest = IsolationForest(n_estimators=20, random_state=0).fit(X)
    small = prune(forest, MaxDepth(max_depth=4))
    anomaly = report(small, X_out, before=forest).to_dict()["anomaly"]
    assert anomaly["flagged"] == (small.predict(X_out) == -1).sum()
    assert anomaly["flagged_before"] == (forest.predict(X_out) == -1).sum()
    assert sum(anomaly["after"]) == sum(anomaly["before"]) == len(X_out)
    scores = pd.Series(small.score_samples(X_out)), pd.Series(forest.score_samples(X_out))
    assert anomaly["rank_correlation"] == pytest.approx(scores[0].corr(scores[1], method="spearman"))
    assert report(forest).to_dict()["anomaly"] is None


def test_a_grid_of_parameters_has_scores_and_no_path(rows):
    X, _, y, _ = rows
    grid = {"leaf": [2, 20, 60]}
    for estimator in (DecisionTreeClassifier(random_state=0), RandomForestClassifier(3, random_state=0)):
        pruner = TreePrunerCV(estimator, "min_samples", cv=3, param_grid=grid).fit(X, y)
        page = report(pruner)
        cv = page.to_dict()["cv"]
        assert (cv["before"], cv["after"]) == (None, pruner.best_score_)
        assert "CV accuracy" in page.html


def test_selected_features_stand_beside_their_shadows():
    selector = PruningSelector(n_estimators=10, random_state=0).fit(*make_friedman1(300, random_state=0))
    page = report(selector)
    figures = page.to_dict()
    assert {int(row["name"][1:]): row["survival"] for row in figures["ranking"]} == dict(enumerate(selector.survival_))
    assert figures["n_kept"] == selector.get_support().sum()
    assert figures["shadows"]["largest"] == selector.shadow_survival_.max()
    assert "false picks" in page.html
    assert "says nothing about the target, alone or with others" in page.html


def test_features_stand_beside_their_knockoffs():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 20))
    y = X[:, :12].sum(axis=1) + rng.normal(size=400)
    selector = PruningSelector(null="knockoff", statistic="lasso", random_state=0).fit(X, y)
    page = report(selector)
    figures, lead = page.to_dict(), dict(enumerate(selector.knockoff_statistics_))
    assert {int(row["name"][1:]): row["lead"] for row in figures["ranking"]} == lead
    assert figures["least_lead"] == selector.knockoff_threshold_
    assert figures["settings"][0]["pairs"] == [["class", "scikit-learn's LassoCV"]]
    assert figures["n_kept"] == selector.get_support().sum() >= 10
    assert figures["sentence"].endswith(
        "stronger than their knockoffs beyond chance; at most 10 % false picks expected"
    )
    assert "says nothing about the target once all other features are known" in page.html
    assert {"lead", "knockoff"} <= {term for term, _ in figures["glossary"]}
    with pytest.warns(UserWarning, match="No feature beats"):
        nothing = report(selector.fit(X, rng.normal(size=400))).to_dict()
    assert nothing["sentence"] == "None of 20 features is stronger than its knockoff beyond chance"
    assert nothing["least_lead"] is None


@pytest.mark.parametrize("cls", SELECTORS)
def test_of_every_selector_all_features_are_listed_with_the_decision(cls):
    selector = fitted_selector(cls)
    page = report(selector)
    figures = page.to_dict()
    listed = {row["name"]: row["kept"] for row in figures["ranking"]}
    assert listed == {f"x{place}": bool(kept) for place, kept in enumerate(selector.get_support())}
    assert (figures["n_kept"], figures["n_dropped"]) == (sum(listed.values()), 12 - sum(listed.values()))
    assert page.html.count("✓ kept") == figures["n_kept"]
    assert [row["kept"] for row in figures["ranking"]] == sorted(listed.values(), reverse=True)
    assert set(figures["measure"]) >= {"name", "low", "high"}
    assert any(term == "split" for term, _ in figures["glossary"])


def test_columns_that_show_anomalies_stand_beside_their_shadows():
    X = np.random.default_rng(1).normal(size=(400, 20))
    X[:20, :5] += 3
    selector = AnomalyPruningSelector(random_state=0).fit(X)
    figures = report(selector).to_dict()
    found = {int(row["name"][1:]): (row["agreement"], row["p_value"]) for row in figures["ranking"]}
    assert found == dict(enumerate(zip(selector.agreement_, selector.p_values_, strict=True)))
    assert figures["shadows"]["largest"] == selector.shadow_agreement_.max()
    assert figures["sentence"].startswith(f"{selector.get_support().sum()} of 20 features agree with the others")
    assert dict(figures["glossary"]).keys() >= {"agreement", "shadow"}
    assert "anomaly score" not in report(selector).html  # no trees are grown
    assert "volatility in common, there may be many more false picks" in " ".join(figures["limitations"])
    nothing = AnomalyPruningSelector(random_state=0, least_noise=1.0).fit(X)
    assert "All 20 features are kept" in report(nothing).to_dict()["sentence"]


@pytest.mark.parametrize("cv", [None, 3])
def test_elimination_is_told_round_by_round(cv):
    X, y = make_friedman1(400, n_features=30, noise=3, random_state=1)
    selector = PruningRFE(DecisionTreeRegressor(max_depth=8, random_state=0), cv=cv, random_state=0).fit(X, y)
    figures = report(selector).to_dict()
    sizes = selector.n_features_by_round_
    assert [stage["n_features"] for stage in figures["stages"]] == sizes
    chosen = [place for place, stage in enumerate(figures["stages"]) if stage["chosen"]]
    assert [sizes[place] for place in chosen] == [selector.get_support().sum()] == [figures["n_kept"]]
    assert chosen[0] > 1
    dropped = pd.Series([row["dropped_in"] for row in figures["ranking"]]).value_counts()
    for number in range(1, chosen[0] + 1):
        assert dropped[number] == sizes[number - 1] - sizes[number]
    importance = {row["name"]: row["importance"] for row in figures["ranking"] if row["kept"]}
    names = [f"x{place}" for place in selector.get_support(indices=True)]
    assert importance == dict(zip(names, selector.estimator_.feature_importances_, strict=True))
    if cv is None:
        assert figures["frontier"] is None
    else:
        scores = [stage["score"] for stage in figures["stages"]]
        assert scores == pytest.approx(selector.cv_scores_.mean(axis=0))
        assert "CV R²" in figures["sentence"]


def test_an_elimination_that_does_not_pay_keeps_all():
    X, y = make_friedman1(200, n_features=12, random_state=0)
    selector = PruningRFE(DecisionTreeRegressor(max_depth=6, random_state=0), cv=3, random_state=0).fit(X, y)
    assert selector.get_support().all()
    figures = report(selector).to_dict()
    assert figures["sentence"].startswith("All 12 features are kept; CV R²")
    assert "→" not in figures["sentence"]
    assert [stage["chosen"] for stage in figures["stages"]].index(True) == 0


def test_the_features_of_a_path_leave_one_strength_after_the_other(rows):
    selector = PruningPathSelector(DecisionTreeClassifier(random_state=0)).fit(rows[0], rows[2])
    figures = report(selector).to_dict()
    frame = selector.to_frame().drop_duplicates("n_features")
    stages = pd.DataFrame(figures["stages"])
    for name in ("alpha", "n_leaves", "n_features"):
        assert stages[name].tolist() == frame[name].tolist()
    assert stages["n_features"][stages["chosen"]].tolist() == [selector.get_support().sum()]
    assert figures["n_leaves"] == selector.path_.prune(alpha=selector.alpha_).get_n_leaves()
    strength = dict(zip(rows[0].columns, selector.strength_, strict=True))
    assert {row["name"]: row["strength"] for row in figures["ranking"]} == strength


def test_a_search_is_shown_by_its_best_model_and_all_that_it_tried(rows):
    X, X_out, y, y_out = rows
    grid = {"method__alpha": [0.0, 0.005, 0.01, 0.3]}
    pruner = TreePruner(DecisionTreeClassifier(random_state=0), CostComplexity())
    search = GridSearchCV(pruner, grid, cv=3).fit(X, y)
    figures = report(search, X_out, y_out).to_dict()
    best = report(search.best_estimator_, X_out, y_out).to_dict()
    told = {"sentence", "cv", "tried", "settings", "limitations", "glossary"}
    assert {name: best[name] for name in best if name not in told} == {
        name: figures[name] for name in figures if name not in told
    }
    results = pd.DataFrame(search.cv_results_).sort_values("rank_test_score", kind="stable")
    assert figures["tried"]["parameters"] == ["method__alpha"]
    rows_tried = pd.DataFrame(figures["tried"]["settings"])
    assert rows_tried["values"].str[0].astype(float).tolist() == results["param_method__alpha"].tolist()
    assert rows_tried["score"].tolist() == results["mean_test_score"].tolist()
    assert rows_tried["spread"].tolist() == results["std_test_score"].tolist()
    assert rows_tried["values"][rows_tried["chosen"]].tolist() == [[str(search.best_params_["method__alpha"])]]
    assert figures["cv"]["after"] == search.best_score_
    folds = [search.cv_results_[f"split{fold}_test_score"][search.best_index_] for fold in range(3)]
    assert figures["cv"]["standard_error"] == pytest.approx(np.std(folds, ddof=1) / np.sqrt(3))


def test_of_several_scores_the_one_refitted_by_is_told(rows):
    X, _, y, _ = rows
    scoring = ["accuracy", "balanced_accuracy"]
    pruner = TreePruner(DecisionTreeClassifier(random_state=0), CostComplexity())
    search = GridSearchCV(pruner, {"method__alpha": [0.0, 0.01]}, cv=2, scoring=scoring, refit="balanced_accuracy")
    tried = report(search.fit(X, y)).to_dict()["tried"]
    assert tried["score_name"] == "balanced accuracy"
    expected = search.cv_results_["mean_test_balanced_accuracy"]
    assert sorted(row["score"] for row in tried["settings"]) == sorted(expected)
    with pytest.raises(NotFittedError, match="refit=True"):
        report(clone(search).set_params(refit=False).fit(X, y))


def test_a_search_in_a_pipeline_and_over_one_is_seen_through(rows):
    X, X_out, y, y_out = rows
    pruned = make_pipeline(MinMaxScaler(), TreePruner(RandomForestClassifier(3, random_state=0), MinSamples()))
    leaf = {"treepruner__method__leaf": [2, 5, 20]}
    search = RandomizedSearchCV(pruned, leaf, n_iter=2, cv=2, random_state=0)
    model = make_pipeline(StandardScaler(), search).fit(X, y)
    figures = report(model, X_out, y_out).to_dict()
    assert figures["on_rows"]["score"] == model.score(X_out, y_out)
    assert figures["features"] == list(X.columns)
    assert len(figures["tried"]["settings"]) == 2
    pipeline = dict(figures["settings"][0]["pairs"])["pipeline"]
    assert pipeline == "StandardScaler → MinMaxScaler → TreePruner"
    assert figures["cv"]["after"] == search.best_score_


def test_a_pipeline_is_scored_as_a_whole(rows):
    X, X_out, y, y_out = rows
    pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), cv=3)
    model = make_pipeline(StandardScaler(), pruner).fit(X, y)
    figures = report(model, X_out, y_out).to_dict()
    assert figures["on_rows"]["score"] == model.score(X_out, y_out)
    assert figures["features"] == list(X.columns)
    assert any(row.get("given_rows") for row in figures["branches"])
    assert ["pipeline", "StandardScaler → TreePrunerCV"] in figures["settings"][0]["pairs"]


def test_a_pruner_without_a_path_says_what_it_does_not_know(rows):
    X, _, y, _ = rows
    page = report(TreePruner(DecisionTreeClassifier(random_state=0), "mdl").fit(X, y))
    assert "what it was before is not known" in page.to_dict()["sentence"]
    assert "give <code>before=</code>" in page.html


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"subgroup": "no such"}, "'subgroup' parameter must be a column of X"),
        ({"subgroup": 30}, "'subgroup' parameter must be a column in the range"),
        ({"subgroup": [1, 2]}, "inconsistent numbers of samples"),
        ({"before": DecisionTreeRegressor().fit([[0.0] * 30, [1.0] * 30], [0, 1])}, "'before' parameter"),
        ({"feature_names": ["one"]}, "'feature_names' parameter must have 30 names"),
        ({"class_names": ["one"]}, "'class_names' parameter must have 2 names"),
    ],
)
def test_what_does_not_fit_is_refused(pruner, rows, arguments, message):
    with pytest.raises(ValueError, match=message):
        report(pruner, rows[1], rows[3], **arguments)


def test_subgroups_need_rows_and_some_selectors_are_refused(pruner, rows):
    with pytest.raises(ValueError, match="'subgroup' parameter needs X and y"):
        report(pruner, subgroup="mean texture")
    from sklearn.feature_selection import SelectKBest

    with pytest.raises(UnsupportedModelError, match="SelectKBest"):
        report(SelectKBest(k=2).fit(rows[0], rows[2]))


def test_a_model_card_holds_the_scores_the_rules_and_the_limits(pruner, rows, tmp_path):
    pytest.importorskip("skops")
    page = report(pruner, rows[1], rows[3], subgroup="mean texture", title="a/b")
    page.to_model_card().save(tmp_path / "card.md")
    text = (tmp_path / "card.md").read_text("utf-8")
    figures = page.to_dict()
    for words in (*figures["rules"], *figures["limitations"], figures["sentence"], "By mean texture", "Settings"):
        assert words in text


def test_the_model_card_of_a_selector_says_in_which_round_features_went():
    pytest.importorskip("skops")
    X, y = make_friedman1(300, n_features=20, noise=3, random_state=0)
    page = report(PruningRFE(DecisionTreeRegressor(max_depth=8, random_state=0), random_state=0).fit(X, y))
    text = page.to_model_card().render()
    for row in page.to_dict()["ranking"]:
        last = row["dropped_in"] or ""
        assert re.search(rf"{row['name']} +\| +{'yes' if row['kept'] else 'no'} .*\| +{last} *\|", text)


def test_the_score_table_of_the_page_holds_the_measures_before_and_after(pruner, rows):
    _, X, _, y = rows
    whole, small = pruner.pruning_path_.prune(step=0).predict(X), pruner.predict(X)
    interval = binomtest(int((y == small).sum()), len(y)).proportion_ci(method="wilson")
    bounds = f"{100 * interval.low:.1f}to{interval.high:.1%}"
    measures = {"accuracy": accuracy_score, "balanced accuracy": balanced_accuracy_score}
    page = report(pruner, X, y)
    table = {row["name"]: row for row in page.to_dict()["measures"]["table"]}
    assert list(table) == list(measures)
    for name, measure in measures.items():
        before, after = measure(y, whole), measure(y, small)
        assert before != after
        assert (table[name]["before"], table[name]["after"]) == pytest.approx((before, after), abs=1e-9)
        row = re.search(rf'<th scope="row">{name}</th><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>', page.html)
        cells = [re.sub(r"\s", "", cell) for cell in row.groups()]
        assert cells == [f"{before:.1%}", f"{after:.1%}", bounds if name == "accuracy" else ""]
    assert table["accuracy"]["interval"] == pytest.approx(list(interval), abs=1e-6)


def test_the_score_table_of_a_regression_holds_three_measures():
    X, y = load_diabetes(return_X_y=True)
    small = prune(DecisionTreeRegressor(random_state=0).fit(X[::2], y[::2]), MaxDepth(3))
    told, predicted = report(small, X[1::2], y[1::2]).to_dict()["measures"], small.predict(X[1::2])
    assert [(row["name"], row["before"]) for row in told["table"]] == [
        ("R²", None), ("root mean squared error", None), ("mean absolute error", None),
    ]  # fmt: skip
    expected = [measure(y[1::2], predicted) for measure in (r2_score, root_mean_squared_error, mean_absolute_error)]
    assert [row["after"] for row in told["table"]] == pytest.approx(expected)
