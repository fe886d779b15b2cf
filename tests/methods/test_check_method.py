"""The contract of a pruning method: every method keeps it, and what breaks it is caught and said."""

from dataclasses import replace

import numpy as np
import pytest

from treeprune.core.plan import Plan
from treeprune.methods import ALIASES, CostComplexity, MaxDepth, OptimalSubtree, PruningMethod, ReducedError
from treeprune.testing import check_method

EXAMPLES = [cls(**params) for cls in ALIASES.values() for params in cls.examples]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("method", EXAMPLES, ids=repr)
def test_every_method_keeps_the_contract(method):
    check_method(method)


class RewritesParameters(MaxDepth):
    def __init__(self, max_depth=3):
        self.max_depth = float(max_depth)


class LosesParameters(MaxDepth):
    def __init__(self, max_depth=3, other=1):
        self.max_depth = max_depth


class NeedsArguments(MaxDepth):
    def __init__(self, *depths):
        self.max_depth = 3


class ChangesItself(MaxDepth):
    def plan(self, forest, rows=None):
        plan = super().plan(forest, rows)
        self.max_depth += 1
        return plan


class ChangesTheRows(MaxDepth):
    def plan(self, forest, rows=None):
        if rows is not None:
            rows.target[:] = 0
        return super().plan(forest, rows)


class DoesNothing(PruningMethod):
    def plan(self, forest, rows=None):
        return Plan()


class AcceptsNonsense(MaxDepth):
    def plan(self, forest, rows=None):
        return Plan(collapse=~forest.is_leaf & (forest.depth >= 2))


class RaisesTheWrongError(MaxDepth):
    def plan(self, forest, rows=None):
        if self.max_depth != 3:
            raise KeyError(self.max_depth)
        return super().plan(forest, rows)


class DoesNotSayWhichParameter(MaxDepth):
    def plan(self, forest, rows=None):
        if self.max_depth != 3:
            raise ValueError("bad value")
        return super().plan(forest, rows)


class TakesANegativeDepth(PruningMethod):
    def __init__(self, max_depth=3):
        self.max_depth = max_depth

    def plan(self, forest, rows=None):
        self._check_number("max_depth", -9)
        return Plan(collapse=~forest.is_leaf & (forest.depth >= self.max_depth))


class ChangesItsMind(PruningMethod):
    calls = 0

    def plan(self, forest, rows=None):
        ChangesItsMind.calls += 1
        return Plan(collapse=~forest.is_leaf & (forest.depth >= 1 + ChangesItsMind.calls % 2))


class RefusesAll(PruningMethod):
    def plan(self, forest, rows=None):
        raise ValueError("RefusesAll prunes nothing.")


class RefusesWithoutItsName(MaxDepth):
    def plan(self, forest, rows=None):
        if forest.task == "path_length":
            raise ValueError("operands could not be broadcast together")
        return super().plan(forest, rows)


class OnlyForests(MaxDepth):
    def plan(self, forest, rows=None):
        if forest.n_trees == 1:
            raise ValueError("OnlyForests takes no single tree.")
        return super().plan(forest, rows)


class IgnoresItsTasks(MaxDepth):
    tasks = ("classification",)


class IsNotSoft(MaxDepth):
    soft = True


class DoesNotNeedRows(MaxDepth):
    needs_rows = True


class NeedsRowsSilently(ReducedError):
    needs_rows = False


class LosesValues(PruningMethod):
    def plan(self, forest, rows=None):
        return Plan(collapse=forest.depth == 2, value=forest.value[:1])


class HasNoKnob(MaxDepth):
    knob = "depth"


class OnPath(CostComplexity):
    """A path whose arrays are spoilt by `spoil`."""

    def path(self, forest, rows=None):
        return self.spoil(super().path(forest, rows))


class ChildrenOutliveParents(OnPath):
    def spoil(self, path):
        strength = path.strength.copy()
        inner = np.flatnonzero(~path.forest.is_leaf & (path.forest.parent >= 0))
        strength[inner[:1]] = 2 * strength.max()
        return replace(path, strength=strength)


class LeavesHaveStrength(OnPath):
    def spoil(self, path):
        return replace(path, strength=path.strength + 1e-3)


class PlansByAnotherRule(OnPath):
    def spoil(self, path):
        return path

    def plan(self, forest, rows=None):
        super().plan(forest, rows)
        return Plan(collapse=~forest.is_leaf & (forest.depth >= 2))


class GrowsAlongThePath(OptimalSubtree):
    def path(self, forest, rows=None):
        path = super().path(forest, rows)
        return replace(path, n_leaves=path.n_leaves[::-1])


BROKEN = [
    (GrowsAlongThePath(6), "do not get smaller"),
    (RewritesParameters(), "does not store"),
    (LosesParameters(), "does not store its parameters as given: .*'other'"),
    (NeedsArguments(), "cannot be cloned"),
    (ChangesItself(3), "changed its own parameters"),
    (ChangesTheRows(3), "changed the targets"),
    (DoesNothing(), "changes none of the models"),
    (AcceptsNonsense(3), "max_depth='no such value' is not refused"),
    (RaisesTheWrongError(3), "raises KeyError, not ValueError"),
    (DoesNotSayWhichParameter(3), "refused without naming 'max_depth'"),
    (ChangesItsMind(), "another model when asked again"),
    (RefusesAll(), "refuses every model"),
    (RefusesWithoutItsName(3), "without saying who does: ValueError: operands"),
    (OnlyForests(3), "prunes no single tree"),
    (IgnoresItsTasks(3), "says that it is for .*classification.* and prunes"),
    (IsNotSoft(3), "is soft, yet removed nodes"),
    (DoesNotNeedRows(3), "says that it needs rows and prunes DecisionTreeClassifier without"),
    (NeedsRowsSilently(), "does not say that it needs rows"),
    (LosesValues(), "fails on DecisionTreeClassifier: IndexError"),
    (HasNoKnob(3), "has no parameter 'depth', its knob"),
    (ChildrenOutliveParents(alpha=0.01), "stronger than its parent"),
    (LeavesHaveStrength(alpha=0.01), "a leaf has a strength"),
    (PlansByAnotherRule(alpha=0.01), "gives another tree than step"),
]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("method", "what"), BROKEN, ids=lambda x: type(x).__name__ if isinstance(x, PruningMethod) else ""
)
def test_what_breaks_the_contract_is_caught(method, what):
    with pytest.raises(AssertionError, match=what):
        check_method(method)


def test_values_that_are_named_are_to_be_refused():
    with pytest.raises(AssertionError, match="max_depth=-1 is not refused"):
        check_method(TakesANegativeDepth(), out_of_range={"max_depth": -1})


def test_what_is_no_method():
    with pytest.raises(AssertionError, match="no PruningMethod"):
        check_method("max_depth")
