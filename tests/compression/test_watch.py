"""How a search ends early, and what is shown of it."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import make_friedman1
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from threadpoolctl import threadpool_limits

from treeprune import compress
from treeprune.adapters import find_adapter
from treeprune.compression import trials, watch
from treeprune.compression.effort import EFFORTS
from treeprune.compression.trial import Trial
from treeprune.compression.watch import Watch

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*(Training anew does better|costs more than noise)")

X, Y = make_friedman1(300, n_features=7, noise=1.0, random_state=0)
FOREST = RandomForestRegressor(8, max_features=1 / 3, random_state=0).fit(X, Y)
BOOSTED = GradientBoostingRegressor(n_estimators=8, random_state=0).fit(X, Y)


@pytest.fixture(autouse=True, scope="module")
def quick():
    """One thread, and few penalties to try."""
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setattr(trials, "REGS", (30.0, 100.0, 300.0))
        yield


class Clock:
    """A clock that moves by hand."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(watch, "perf_counter", clock)
    return clock


def trial(number):
    return Trial("some", f"number={number}", 100 - number, 1, 1.0, 0.0)


def taking(clock, seconds, n_trials=100):
    for number in range(n_trials):
        clock.now += seconds
        yield trial(number)


@pytest.mark.parametrize(
    ("limit", "reserve", "n_found"), [(10.0, 0.0, 10), (10.0, 3.0, 7), (0.5, 0.0, 1), (None, 9.0, 100)]
)
def test_a_search_ends_when_there_is_no_time_for_one_more(clock, limit, reserve, n_found):
    watch, found = Watch(limit), []
    watch.follow(taking(clock, 1.0), found, lambda: reserve)
    assert len(found) == n_found
    assert ("time limit of" in watch.stopped) == (n_found < 100)


def interrupted(after):
    yield from map(trial, range(after))
    raise KeyboardInterrupt


def test_an_interrupted_search_keeps_what_it_found():
    watch, found = Watch(), []
    with pytest.warns(UserWarning, match="Interrupted: this is the best of what was tried by then"):
        watch.follow(interrupted(3), found)
    assert len(found) == 3
    assert watch.stopped


def test_an_interruption_before_anything_was_found_ends_the_search():
    with pytest.raises(KeyboardInterrupt):
        Watch().follow(interrupted(0), [trial(0)])


@pytest.mark.parametrize("budget", [{"max_nodes": 200}, {}])
@pytest.mark.parametrize("after", [0, 5])
def test_ctrl_c_gives_the_best_so_far(monkeypatch, after, budget):
    path = trials.Trials.path

    def interrupted_path(self, *args, **kwargs):
        for number, found in enumerate(path(self, *args, **kwargs)):
            if number == after:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(trials.Trials, "path", interrupted_path)
    if after == 0:
        with pytest.raises(KeyboardInterrupt):
            compress(FOREST, X, Y, max_nodes=200)
        return
    limit = {"max_nodes": 4000} if budget else {}
    with pytest.warns(UserWarning, match="Interrupted"):
        found = compress(FOREST, X, Y, **limit)
    assert "Interrupted" in found.message
    assert len(found.frontier) == 1 + after
    assert find_adapter(found.model).forest.n_nodes <= 4000


@pytest.mark.parametrize("model", [FOREST, BOOSTED], ids=lambda model: type(model).__name__)
def test_more_effort_tries_more(model):
    tried = [set(compress(model, X, Y, max_nodes=60, effort=effort).frontier["parameters"]) for effort in EFFORTS]
    sizes = [len(parameters) for parameters in tried]
    assert sizes == sorted(set(sizes))


def test_quick_fits_nothing_but_the_model_on_fewer_rows(monkeypatch):
    fits, fit = [], RandomForestRegressor.fit
    monkeypatch.setattr(RandomForestRegressor, "fit", lambda self, *args: fits.append(len(args[1])) or fit(self, *args))
    found = compress(FOREST, X, Y, max_nodes=60, effort="quick")
    assert fits == [225]
    assert set(found.frontier.loc[found.frontier["rival"], "method"]) == {"retrained RandomForestRegressor"}


def test_a_time_limit_gives_a_model_and_says_so():
    found = compress(FOREST, X, Y, max_nodes=3000, time_limit=1e-3)
    assert "The time limit of 0.001 s ended the search" in found.message
    assert find_adapter(found.model).forest.n_nodes <= 3000
    assert not found.frontier["rival"].any()
    unlimited = compress(FOREST, X, Y, max_nodes=200, retrain=False)
    enough = compress(FOREST, X, Y, max_nodes=200, retrain=False, time_limit=1e6)
    np.testing.assert_array_equal(unlimited.model.predict(X), enough.model.predict(X))
    assert "time limit" not in enough.message


def test_progress_shows_what_is_tried_the_best_and_the_time(capsys, monkeypatch):
    rich = pytest.importorskip("rich.status")
    shown = []
    monkeypatch.setattr(rich.Status, "update", lambda self, text, **kwargs: shown.append(text))
    compress(FOREST, X, Y, max_nodes=200, time_limit=1000, verbose=True)
    assert any("JointPruning reg=30" in text and "best so far: " in text for text in shown)
    assert any("s left" in text for text in shown)
    assert capsys.readouterr().out == ""
    shown.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compress(FOREST, X, Y, max_nodes=200, effort="quick")
    assert not shown


@pytest.mark.parametrize(
    "params", [{"effort": "huge"}, {"time_limit": 0}, {"time_limit": "1m"}, {"time_limit": np.inf}]
)
def test_wrong_parameters_are_named(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        compress(FOREST, X, Y, **params)


@pytest.mark.parametrize(
    ("name", "budget"),
    [("rivals", {"max_nodes": 200}), ("other_parts", {"max_nodes": 200}), ("other_parts", {})],
    ids=["models trained anew", "what a budget costs", "a second look"],
)
def test_ctrl_c_after_the_search_gives_what_it_found(monkeypatch, name, budget):
    begun = []

    def interrupted_at_once(*args, **kwargs):
        begun.append(name)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(trials.Trials, name, interrupted_at_once)
    with pytest.warns(UserWarning, match="Interrupted: this is the best of what was tried by then"):
        found = compress(FOREST, X, Y, **budget)
    assert begun
    assert "Interrupted" in found.message
    assert type(found.model) is type(FOREST)
