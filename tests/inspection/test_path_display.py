"""PruningPathDisplay shows the scores, their errors and the choice."""

import sys

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.tree import DecisionTreeClassifier

from treeprune import MissingExtraError, PrunerCV, TreePrunerCV
from treeprune.inspection import PruningPathDisplay
from treeprune.methods import HierarchicalShrinkage

matplotlib.use("agg")
import matplotlib.pyplot as plt


@pytest.fixture(scope="module")
def pruner():
    pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), return_train_score=True)
    return pruner.fit(*load_breast_cancer(return_X_y=True))


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_score_against_leaves(pruner):
    display, results = PruningPathDisplay.from_estimator(pruner), pruner.cv_results_
    np.testing.assert_array_equal(display.line_.get_xdata(), results["n_leaves"])
    np.testing.assert_array_equal(display.line_.get_ydata(), results["mean_test_score"])
    np.testing.assert_array_equal(display.train_line_.get_ydata(), results["mean_train_score"])
    band = display.band_.get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx((results["mean_test_score"] + results["standard_error"]).max())
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels[-2:] == ["best: 4 leaves", "chosen: 3 leaves"]
    assert display.ax_.get_ylabel() == "Accuracy"


def test_score_against_alpha_in_given_axes(pruner):
    _, ax = plt.subplots()
    display = PruningPathDisplay.from_cv_results(pruner.cv_results_, x="alpha", ax=ax)
    assert display.ax_ is ax
    assert ax.get_xscale() == "log"
    x = display.line_.get_xdata()
    assert (x > 0).all()
    np.testing.assert_array_equal(x[1:], pruner.cv_results_["param_alpha"][1:])
    assert display.chosen == display.best


def test_without_strengths_and_training_scores():
    pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), "cost_complexity", param_grid={"n_leaves": [2, 5]})
    display = PruningPathDisplay.from_estimator(pruner.fit(*load_breast_cancer(return_X_y=True)))
    assert display.train_line_ is None
    with pytest.raises(ValueError, match="The 'x' parameter must be 'n_leaves'"):
        display.plot(x="alpha")


def test_against_the_parameter_of_the_method_in_its_unit():
    pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), "max_depth").fit(*load_breast_cancer(return_X_y=True))
    display = PruningPathDisplay.from_estimator(pruner, x="max_depth")
    assert display.line_.get_xdata()[:-1].tolist() == pruner.cv_results_["param_max_depth"][:-1].tolist()
    assert display.ax_.get_xlabel() == "max_depth (0 at the left edge)"


def test_equal_sizes_can_be_drawn():
    pruner = TreePrunerCV(DecisionTreeClassifier(max_depth=2), HierarchicalShrinkage(), param_grid={"reg": [0, 1, 9]})
    PruningPathDisplay.from_estimator(pruner.fit(*load_breast_cancer(return_X_y=True))).figure_.canvas.draw()


def test_bad_x(pruner):
    with pytest.raises(ValueError, match="The 'x' parameter must be 'n_leaves' or 'alpha'"):
        PruningPathDisplay.from_estimator(pruner, x="depth")


def test_unfitted():
    with pytest.raises(NotFittedError):
        PruningPathDisplay.from_estimator(TreePrunerCV(DecisionTreeClassifier()))


def test_without_matplotlib(pruner, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'treeprune\[plot\]'"):
        PruningPathDisplay.from_estimator(pruner)


def test_weights_of_a_linear_model():
    pruner = PrunerCV(RidgeClassifier(), "magnitude", cv=3, n_candidates=8).fit(*load_breast_cancer(return_X_y=True))
    display = PruningPathDisplay.from_estimator(pruner)
    assert display.ax_.get_xlabel() == "Number of weights"
    at, score = display.line_.get_data()
    assert at.tolist() == np.maximum(pruner.cv_results_["n_weights"], 1).tolist()
    assert score.tolist() == pruner.cv_results_["mean_test_score"].tolist()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert f"chosen: {pruner.n_weights_} weights" in labels
    assert display.plot(x="amount").ax_.get_xlabel().startswith("amount")
    with pytest.raises(ValueError, match="must be 'n_weights' or 'amount'"):
        display.plot(x="n_leaves")
