"""TreeDisplay: what it says is the tree, and no text lies on another."""

import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import UnsupportedModelError, rules
from treeprune.adapters import find_adapter
from treeprune.inspection import TreeDisplay
from treeprune.inspection.folding import fold

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def long_names():
    X, y = load_breast_cancer(return_X_y=True)
    X = pd.DataFrame(X, columns=[("w" * 200, "<b>$x_1^2$ größe", "a\nb")[i % 3] + str(i) for i in range(30)])
    return DecisionTreeClassifier(random_state=0).fit(X, np.where(y, "it's a label that does not end" * 9, "$b$"))


def chain():
    X = np.arange(300.0)[:, None]
    return DecisionTreeRegressor().fit(X, 2.0 ** np.arange(300))


TREES = {
    "60 leaves, 10 classes": lambda: DecisionTreeClassifier(max_leaf_nodes=60).fit(*load_digits(return_X_y=True)),
    "deep": lambda: DecisionTreeRegressor().fit(*load_diabetes(return_X_y=True, as_frame=True)),
    "long names": long_names,
    "chain": chain,
    "single leaf": lambda: DecisionTreeClassifier().fit([[0.0]], ["a"]),
    "2 targets": lambda: DecisionTreeRegressor(max_depth=3).fit(load_iris().data[:, :2], load_iris().data[:, 2:]),
}


@pytest.mark.parametrize("make", TREES.values(), ids=TREES)
def test_no_text_lies_on_another_or_beyond_the_figure(make):
    display = TreeDisplay.from_estimator(make())
    display.figure_.set_dpi(100)
    display.figure_.draw_without_rendering()
    texts = display.conditions_ + display.leaves_
    boxes = [text.get_window_extent() for text in texts]
    whole = display.figure_.bbox
    for text, box in zip(texts, boxes, strict=True):
        assert whole.x0 <= box.x0 < box.x1 <= whole.x1, text.get_text()
        assert whole.y0 - 1 <= box.y0 < box.y1 <= whole.y1 + 1, text.get_text()
    slack = 1.5  # pixels of white that a box has above and below its letters
    for (one, first), (two, second) in combinations(zip(texts, boxes, strict=True), 2):
        apart = first.x1 <= second.x0 or second.x1 <= first.x0
        apart |= first.y1 - slack <= second.y0 + slack or second.y1 - slack <= first.y0 + slack
        assert apart, (one.get_text(), two.get_text())


def test_says_what_the_rules_say():
    X, y = load_iris(return_X_y=True, as_frame=True)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    names = ["setosa", "versicolor", "virginica"]
    display = TreeDisplay.from_estimator(tree, class_names=names)
    frame = rules(tree, class_names=names).to_frame()
    said = [re.fullmatch(r"(\w+) \((\d+)%\), n=(\d+)", text.get_text()).groups() for text in display.leaves_]
    assert [name for name, _, _ in said] == frame["value"].tolist()
    assert [int(n) for _, _, n in said] == frame["support"].tolist()
    np.testing.assert_allclose([int(share) for _, share, _ in said], 100 * frame["confidence"], atol=0.5)
    split = tree.tree_.children_left >= 0
    shown = [
        (X.columns[f], f"{t:.4g}") for f, t in zip(tree.tree_.feature[split], tree.tree_.threshold[split], strict=True)
    ]
    expected = [f"{name} {sign} {t}" for name, t in shown for sign in "≤>"]
    assert sorted(text.get_text() for text in display.conditions_) == sorted(expected)


def test_a_large_tree_is_folded_where_it_has_the_fewest_rows():
    tree = DecisionTreeRegressor(random_state=0).fit(*load_diabetes(return_X_y=True))
    display = TreeDisplay.from_estimator(tree, max_leaves=10)
    texts = [text.get_text() for text in display.leaves_]
    assert len(texts) == 10
    assert sum(int(re.search(r"n=(\d+)", text)[1]) for text in texts) == tree.tree_.n_node_samples[0]
    hidden = [int(found[1]) if (found := re.search(r"folded: ([\d,]+) leaves", text)) else 1 for text in texts]
    assert sum(hidden) == tree.get_n_leaves()


@pytest.mark.parametrize(("max_leaves", "max_depth"), [(1, 9), (7, 9), (10**6, 3), (10**6, 10**6)])
def test_folding_keeps_to_its_limits_and_opens_the_largest_nodes(max_leaves, max_depth):
    forest = find_adapter(DecisionTreeRegressor(random_state=0).fit(*load_diabetes(return_X_y=True))).forest
    shown, hidden = fold(forest, max_leaves, max_depth)
    assert shown.n_leaves <= max_leaves
    assert shown.depth.max() <= max_depth
    assert hidden[shown.is_leaf].sum() == hidden[0] == forest.n_leaves
    folded = shown.is_leaf & (hidden > 1) & (shown.depth < max_depth)
    if folded.any():
        assert shown.n_leaves == max_leaves
        opened = shown.n_node_samples[shown.internal]
        assert shown.n_node_samples[folded].max() <= opened.min(initial=forest.n_node_samples[0])


def test_of_an_ensemble_one_tree_on_axes_of_ones_own():
    forest = RandomForestRegressor(3, max_depth=3, random_state=0).fit(*load_diabetes(return_X_y=True))
    with pytest.raises(UnsupportedModelError, match="3 trees"):
        TreeDisplay.from_estimator(forest)
    _, ax = plt.subplots(figsize=(4, 2))
    display = TreeDisplay.from_estimator(forest, tree=1, ax=ax)
    assert display.ax_ is ax
    assert len(display.leaves_) == forest.estimators_[1].get_n_leaves()
    assert display.leaves_[0].get_fontsize() < TreeDisplay.from_estimator(forest, tree=1).leaves_[0].get_fontsize()


def test_missing_values_and_wrong_limits_are_told():
    tree = DecisionTreeRegressor().fit([[0.0], [1.0], [np.nan]], [0, 0, 1])
    assert [t.get_text() for t in TreeDisplay.from_estimator(tree).conditions_] == [
        "x0 is not missing",
        "x0 is missing",
    ]
    with pytest.raises(ValueError, match="'max_leaves' parameter must be at least 1"):
        TreeDisplay.from_estimator(tree, max_leaves=0)


def test_categories_are_listed():
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"kind": pd.Categorical(rng.integers(0, 12, 600))})
    y = X["kind"].isin([1, 2, 3, 5, 7, 11]).astype(float)
    model = lightgbm.LGBMRegressor(n_estimators=1, num_leaves=2, min_data_per_group=1, verbose=-1).fit(X, y)
    texts = [text.get_text() for text in TreeDisplay.from_estimator(model).conditions_]
    assert texts[0].startswith("kind in {")
    assert texts[1] == "kind in no such"


def test_categories_have_the_names_that_the_model_was_given():
    X = pd.DataFrame({"kind": list("aabbccdd") * 20})
    y = X["kind"].isin(["b", "d"]).astype(float)
    model = HistGradientBoostingRegressor(max_iter=1, categorical_features=["kind"]).fit(X, y)
    texts = [text.get_text() for text in TreeDisplay.from_estimator(model).conditions_]
    assert texts[0] in ("kind in {a, c}", "kind in {b, d}")
