"""A model is read once, its rows are routed once, and a path is made once, whatever is asked for."""

from collections import Counter

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.tree import DecisionTreeClassifier

from treeprune import TreePruner, TreePrunerCV, prune, pruning_path, report
from treeprune.adapters import adapters_by_model, find_adapter
from treeprune.core.plan import Plan
from treeprune.methods import CostComplexity, MinimumError, ReducedError, Sequence

X, Y = load_iris(return_X_y=True)
TREE = DecisionTreeClassifier(random_state=0)


class Work(Counter):
    """How often each model was read and its rows were routed, by the model's identity; and the paths made."""

    def __init__(self):
        super().__init__()
        self.models = {}  # kept alive, so that no two have one identity

    def note(self, what, model=None):
        self.models[id(model)] = model
        self[what, id(model)] += 1

    def of(self, what):
        return sorted((n for (kind, _), n in self.items() if kind == what), reverse=True)


@pytest.fixture
def work(monkeypatch):
    work = Work()

    def count(cls, name, what, model_of):
        original = getattr(cls, name)

        def counted(self, *args):
            work.note(what, model_of(self))
            return original(self, *args)

        monkeypatch.setattr(cls, name, counted)

    for name in ("sklearn.tree._classes.DecisionTreeClassifier", "sklearn.ensemble._gb.GradientBoostingRegressor"):
        for method, what in (("_read", "read"), ("_apply", "route")):
            count(adapters_by_model()[name], method, what, lambda adapter: adapter.model)
    count(CostComplexity, "path", "path", lambda method: None)
    return work


@pytest.mark.parametrize("validation", [None, 0.3])
def test_tree_pruner(work, validation):
    TreePruner(TREE, CostComplexity(alpha=0.01), validation=validation, random_state=0).fit(X, Y)
    assert work.of("read") == [1, 1]  # the fitted tree, and the pruned one to count its leaves
    assert work.of("route") == [1] * (validation is not None)
    assert work.of("path") == [1]


def test_tree_pruner_refits_leaves_by_one_more_routing(work):
    TreePruner(TREE, ReducedError(), validation=0.3, refit_leaves=True, random_state=0).fit(X, Y)
    assert work.of("read") == [1, 1, 1]
    assert work.of("route") == [1, 1]  # held-out rows through the fitted tree, all rows through the pruned one


def test_rows_that_tell_what_the_model_does_not_store_are_routed_once_for_all(work):
    rows = load_diabetes(return_X_y=True)
    boosted = GradientBoostingRegressor(n_estimators=2, loss="absolute_error", random_state=0)
    prune(boosted.fit(*rows), "reduced_error", *rows)
    assert (work.of("read"), work.of("route")) == ([1], [1])
    work.clear()
    TreePruner(boosted, CostComplexity(0.1, risk="squared_error"), validation=0.3, random_state=0).fit(*rows)
    assert work.of("read") == [1, 1]
    assert work.of("route") == [2]  # the growing rows, which tell the values, and those to judge by
    assert work.of("path") == [1]


def test_pruning_path(work):
    path = pruning_path(TREE.fit(X, Y), CostComplexity(), X, Y)
    path.prune(step=1)
    path.prune(step=2)
    assert (work.of("read"), work.of("route"), work.of("path")) == ([1], [1], [1])


def test_methods_of_a_sequence(work):
    prune(TREE.fit(X, Y), Sequence([CostComplexity(0.01), ReducedError()]), X, Y)
    assert work.of("read") == [1, 1]
    assert work.of("route") == [1, 1]


def test_folds_of_a_search(work):
    TreePrunerCV(TREE, "cost_complexity", cv=3).fit(X, Y)
    assert work.of("read") == [1] * 5  # three folds, all rows, and the pruned tree
    assert work.of("path") == [4]
    assert work.of("route") == [1] * 3


def test_candidates_of_a_grid_share_what_was_read_and_routed(work):
    grid = {"0": [ReducedError(), MinimumError(m=3), MinimumError(m=9)]}
    with pytest.warns(UserWarning, match="judges by the rows that grew the tree"):
        TreePrunerCV(TREE, Sequence([ReducedError()]), param_grid=grid, cv=3).fit(X, Y)
    assert work.of("route") == [1] * 4  # three folds and all rows
    assert set(work.of("read")) == {1}


def test_report(work):
    fitted = TREE.fit(X, Y)
    small = prune(fitted, CostComplexity(0.02))
    work.clear()
    report(small, X, Y, before=fitted)
    assert work["read", id(fitted)] == 1
    assert work["route", id(fitted)] == 1
    assert work["read", id(small)] == 2  # once more by `rules`
    assert work.of("path") == [1]


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_rows_change_no_adapter_and_no_forest(loss):
    rows = load_diabetes(return_X_y=True)
    adapter = find_adapter(GradientBoostingRegressor(n_estimators=2, loss=loss, random_state=0).fit(*rows))
    forest, before = adapter.forest, adapter.forest.value.copy()
    completed, routed = adapter.with_rows(*rows)
    assert adapter.forest is forest
    np.testing.assert_array_equal(forest.value, before)
    assert (completed is adapter) == (not adapter.lacks_values) == (loss == "squared_error")
    assert not completed.lacks_values
    assert routed.forest is completed.forest
    assert completed.completed(*rows) is completed
    small = completed.prune(Plan(collapse=~forest.is_leaf))
    assert find_adapter(small).forest.n_nodes == 2


def test_arrays_of_a_forest_are_read_only_but_those_it_was_made_of_are_not():
    forest = find_adapter(TREE.fit(X, Y)).forest
    with pytest.raises(ValueError, match="read-only"):
        forest.value[0] = 0
    value = forest.value.copy()
    type(forest)(
        root=forest.root, children_left=forest.children_left, children_right=forest.children_right,
        feature=forest.feature, threshold=forest.threshold, value=value, n_features=4, task="classification",
    )  # fmt: skip
    value[0] = 0
