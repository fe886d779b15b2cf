"""The comparison of methods, against the same made step by step."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict, train_test_split
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import datasets
from treeprune import TreePrunerCV, prune
from treeprune.cli.comparison import compare, compared_methods

WINE = datasets.load("wine")
IRIS = datasets.load("iris")[0].drop(columns="petal_width"), datasets.load("iris")[0]["petal_width"]


@pytest.fixture(scope="module")
def on_wine():
    return compare(*WINE, "classification", cv=4, seed=3).set_index("method")


def test_has_a_row_for_each_method_the_best_first(on_wine):
    assert on_wine.index[0] == "none (before)"
    assert sorted(on_wine.index[1:]) == compared_methods("classification")
    assert on_wine["score"].iloc[1:].is_monotonic_decreasing
    assert (on_wine["n_leaves"] <= on_wine["n_leaves"].iloc[0]).all()


@pytest.mark.parametrize(("rows", "task"), [(WINE, "classification"), (IRIS, "regression")])
def test_unpruned_trees_score_what_scikit_learn_says(rows, task):
    X, y = rows
    classify = task == "classification"
    tree = (DecisionTreeClassifier if classify else DecisionTreeRegressor)(random_state=3)
    folds = (StratifiedKFold if classify else KFold)(4, shuffle=True, random_state=3)
    score = (accuracy_score if classify else r2_score)(y, cross_val_predict(tree, X.to_numpy(), y, cv=folds))
    found = compare(X, y, task, cv=4, seed=3).iloc[0]
    assert found["score"] == pytest.approx(score)
    if classify:
        assert found["std_error"] == pytest.approx(np.sqrt(score * (1 - score) / (len(y) - 1)))


def test_each_method_is_guided_as_the_table_says(on_wine):
    """One method of each kind, fold by fold."""
    X, y = WINE[0].to_numpy(), WINE[1].to_numpy()
    hits, before = {}, []
    for train, scored in StratifiedKFold(4, shuffle=True, random_state=3).split(X, y):
        tree = DecisionTreeClassifier(random_state=3)
        inner = StratifiedKFold(4, shuffle=True, random_state=3)
        grown, judge = train_test_split(train, test_size=0.25, stratify=y[train], random_state=3)
        whole = tree.fit(X[train], y[train])
        models = {
            "mdl": prune(whole, "mdl"),
            "error_based": prune(whole, "error_based", X[train], y[train]),
            "cost_complexity": TreePrunerCV(tree, cv=inner, rule="best").fit(X[train], y[train]).estimator_,
            "reduced_error": prune(
                DecisionTreeClassifier(random_state=3).fit(X[grown], y[grown]), "reduced_error", X[judge], y[judge]
            ),
        }
        before.extend(whole.predict(X[scored]) == y[scored])
        for name, model in models.items():
            hits.setdefault(name, []).extend(model.predict(X[scored]) == y[scored])
    for name, of_rows in hits.items():
        change = np.array(of_rows, float) - before
        found = on_wine.loc[name, ["score", "change", "change_error"]].tolist()
        assert found == pytest.approx([np.mean(of_rows), change.mean(), change.std(ddof=1) / np.sqrt(len(y))]), name
    guided = on_wine[["strength", "held_out"]].loc[list(hits)]
    assert guided["strength"].tolist() == ["none", "default", "folds", "none"]
    assert guided["held_out"].tolist() == [0, 0, 0, 0.25]


def test_rows_may_be_scored_once():
    found = compare(*WINE, "classification", test=0.5)
    train, scored = train_test_split(np.arange(178), test_size=0.5, stratify=WINE[1], random_state=0)
    tree = DecisionTreeClassifier(random_state=0).fit(WINE[0].iloc[train], WINE[1].iloc[train])
    assert found["score"].iloc[0] == tree.score(WINE[0].iloc[scored], WINE[1].iloc[scored])


@pytest.mark.filterwarnings("ignore")
def test_a_class_of_one_row_is_no_obstacle():
    X, y = np.arange(30.0)[:, None], np.array(["a", "b", "c"] * 9 + ["a", "b", "rare"])
    assert compare(X, y, "classification", cv=3)["score"].between(0, 1).all()
