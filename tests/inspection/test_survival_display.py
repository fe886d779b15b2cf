"""SurvivalDisplay draws what the selector found."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_friedman1
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest

from treeprune import PruningSelector
from treeprune.feature_selection import AnomalyPruningSelector
from treeprune.inspection import SurvivalDisplay

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def selector():
    X, y = make_friedman1(300, n_features=12, random_state=0)
    return PruningSelector(random_state=0, n_estimators=20).fit(pd.DataFrame(X).add_prefix("f"), y)


def test_marks_the_chosen_and_names_all(selector):
    display = SurvivalDisplay.from_estimator(selector)
    points = {line.get_label(): line for line in display.ax_.get_lines()}
    np.testing.assert_allclose(np.sort(points["kept"].get_xdata()), np.sort(selector.survival_[selector.get_support()]))
    assert len(points["dropped"].get_xdata()) == (~selector.get_support()).sum()
    assert {t.get_text() for t in display.ax_.get_yticklabels()} == set(selector.feature_names_in_)
    plt.close(display.figure_)


def test_shows_the_strongest_and_says_how_many_are_not_shown(selector):
    _, ax = plt.subplots()
    display = SurvivalDisplay.from_estimator(selector, ax=ax, n_features=6)
    assert display.ax_ is ax
    assert len(ax.get_yticks()) == 6
    assert ax.get_title(loc="right") == "6 more features not shown"
    plt.close(display.figure_)


def test_without_shadows(selector):
    display = SurvivalDisplay.from_estimator(selector.set_params(null=None).fit(*make_friedman1(200, random_state=0)))
    assert "range of the shadows" not in display.ax_.get_legend_handles_labels()[1]
    plt.close(display.figure_)


def test_leads_over_knockoffs():
    X, y = make_friedman1(300, n_features=12, random_state=0)
    selector = PruningSelector(null="knockoff", fdr=0.5, n_estimators=5, random_state=0).fit(X, y)
    display = SurvivalDisplay.from_estimator(selector)
    points = np.concatenate([line.get_xdata() for line in display.ax_.get_lines()])
    np.testing.assert_array_equal(np.sort(points), np.sort(selector.knockoff_statistics_))
    assert display.ax_.get_xlim()[0] < points.min() < 0
    assert "than its knockoff" in display.ax_.get_xlabel()
    plt.close(display.figure_)


def test_agreement_is_drawn_over_all_of_its_range():
    X = np.random.default_rng(0).normal(size=(300, 12))
    X[:15, :4] += 3
    selector = AnomalyPruningSelector(random_state=0).fit(X)
    display = SurvivalDisplay.from_estimator(selector)
    points = np.concatenate([line.get_xdata() for line in display.ax_.get_lines()])
    np.testing.assert_array_equal(np.sort(points), np.sort(selector.agreement_))
    low, high = display.ax_.get_xlim()
    assert low < min(points.min(), selector.shadow_agreement_.min()) < 0 < points.max() < high
    assert "anomalous" in display.ax_.get_xlabel()
    plt.close(display.figure_)


def test_unfitted():
    with pytest.raises(NotFittedError):
        SurvivalDisplay.from_estimator(PruningSelector())


def test_another_selector():
    with pytest.raises(TypeError, match=r"draws a PruningSelector or AnomalyPruningSelector\. Got SelectKBest"):
        SurvivalDisplay.from_estimator(SelectKBest(k=1).fit([[1, 2], [2, 1], [3, 3], [4, 1]], [0, 1, 0, 1]))
