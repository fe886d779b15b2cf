"""Nested parameters of methods: ``method__alpha`` in every estimator that has a method, be it an object or an alias."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from treeprune import PruningSelector, TreePruner, TreePrunerCV, prune
from treeprune.feature_selection import PruningPathSelector, PruningRFE
from treeprune.methods import ALIASES, CostComplexity, Sequence
from treeprune.testing import same_arrays

X, y = (part[:240] for part in load_breast_cancer(return_X_y=True))
TREE = DecisionTreeClassifier(random_state=0)
FOREST = RandomForestClassifier(5, max_depth=4, random_state=0)
#: What to fit for each method, a parameter of it and values to try.
GRIDS = {
    "all_prunings_average": (TREE, "split_probability", [0.05, 0.5, 0.95]),
    "cost_complexity": (TREE, "alpha", [0.0, 0.01, 0.05]),
    "critical_value": (TREE, "threshold", [0.0, 0.1, 0.3]),
    "depth": (FOREST, "alpha", [1e-4, 0.01]),
    "error_based": (TREE, "confidence", [0.001, 0.25]),
    "hierarchical_shrinkage": (TREE, "reg", [0.0, 50.0, 5000.0]),
    "joint": (FOREST, "alpha", [1e-4, 0.01]),
    "leaf_refit": (FOREST, "reg", [1.0, 100.0]),
    "max_depth": (TREE, "max_depth", [None, 3, 1]),
    "mdl": (TREE, "code", ["auto", "quinlan_rivest"]),
    "merge_equal_leaves": (TREE, "same", ["value", "prediction"]),
    "min_impurity_decrease": (TREE, "min_impurity_decrease", [0.0, 0.01, 0.1]),
    "min_samples": (TREE, "leaf", [1, 5, 30]),
    "minimum_error": (TREE, "m", [0.0, 2.0, 200.0]),
    "optimal_subtree": (TREE, "n_leaves", [2, 4, 6]),
    "pessimistic_error": (TREE, "n_standard_errors", [0.0, 1.0, 5.0]),
    "reduced_error": (TREE, "loss", ["error", "impurity"]),
    "selected_nodes": (TREE, "nodes", [(), (1,), (0,)]),
    "sequence": (TREE, "methods", [[], [CostComplexity(0.05)], ["mdl"]]),
    "significance": (TREE, "level", [1.0, 0.01, 1e-6]),
    "tree_selection": (FOREST, "n_trees", [1, 3]),
}
pytestmark = pytest.mark.filterwarnings("ignore:.*judges by the rows that grew:UserWarning")


def holders(alias):
    """Every estimator that has a method, and the prefix of its method's parameters."""
    alone = [TreePruner, TreePrunerCV, PruningSelector, PruningRFE, PruningPathSelector]
    found = [(cls(DecisionTreeClassifier(), alias), "method") for cls in alone]
    found += [(Sequence(["max_depth", alias]), "1"), (TreePruner(TREE, Sequence((alias, "mdl"))), "method__0")]
    found += [(make_pipeline(StandardScaler(), TreePruner(TREE, alias)), "treepruner__method")]
    return found


def held(estimator, prefix):
    return estimator.get_params()[prefix]


def test_every_method_has_a_grid():
    assert set(GRIDS) == set(ALIASES)


@pytest.mark.parametrize("alias", ALIASES)
def test_parameters_of_an_alias(alias):
    _, name, values = GRIDS[alias]
    for estimator, prefix in holders(alias):
        defaults, params = ALIASES[alias]().get_params(deep=False), estimator.get_params()
        assert {key: params[f"{prefix}__{key}"] for key in defaults} == defaults
        twin = clone(estimator)
        assert twin.set_params(**{f"{prefix}__{name}": values[-1]}) is twin
        assert type(held(twin, prefix)) is ALIASES[alias]
        assert held(twin, prefix).get_params(deep=False) == defaults | {name: values[-1]}
        assert str(held(clone(twin), prefix)) == str(held(twin, prefix))
        assert held(estimator, prefix) == held(clone(estimator), prefix) == alias  # a string until one is set
        with pytest.raises(ValueError, match="Invalid parameter 'nothing' for estimator"):
            twin.set_params(**{f"{prefix}__nothing": 1})


def test_method_is_set_before_its_parameters():
    for given in (
        {"method": "max_depth", "method__max_depth": 3},
        {"method__max_depth": 3, "method": "max_depth"},
    ):
        assert TreePruner(TREE).set_params(**given).method.max_depth == 3
    steps = {"0__max_depth": 3, "0": "max_depth", "1__alpha": 0.1, "methods": ["mdl", "cost_complexity"]}
    depth, cost = Sequence().set_params(**steps).methods
    assert (depth.max_depth, cost.alpha) == (3, 0.1)


def test_what_was_given_stays():
    steps = ["cost_complexity", "mdl"]
    sequence = Sequence(steps).set_params(**{"0__alpha": 0.1})
    assert steps == ["cost_complexity", "mdl"]
    assert sequence.methods[1] == "mdl"


@pytest.mark.parametrize("method", ["no_such_method", None, 3])
def test_no_method(method):
    pruner = TreePruner(TREE, method)
    assert pruner.get_params()["method"] == method
    with pytest.raises((ValueError, AttributeError), match=r"'method' parameter must be one of|has no attribute"):
        pruner.set_params(method__alpha=1)


@pytest.mark.parametrize("alias", ALIASES)
def test_search_over_a_parameter_of_an_alias(alias):
    estimator, name, values = GRIDS[alias]
    search = GridSearchCV(TreePruner(estimator, alias), {f"method__{name}": values}, cv=2).fit(X, y)
    objects = GridSearchCV(TreePruner(estimator), {"method": [ALIASES[alias](**{name: v}) for v in values]}, cv=2)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], objects.fit(X, y).cv_results_["mean_test_score"]
    )
    best = values[search.best_index_]
    assert search.best_params_ == {f"method__{name}": best}
    method = ALIASES[alias](**{name: best})
    rows = (X, y) if method.needs_rows or method.needs_training_rows else ()
    expected = prune(clone(estimator).fit(X, y), method, *rows)
    trees = [getattr(tree, "estimators_", [tree]) for tree in (search.best_estimator_.estimator_, expected)]
    assert all(same_arrays(a, b) for a, b in zip(*trees, strict=True))


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (make_pipeline(StandardScaler(), TreePruner(TREE)), "treepruner__method__alpha"),
        (TreePruner(TREE, Sequence(["cost_complexity", "hierarchical_shrinkage"])), "method__0__alpha"),
        (make_pipeline(PruningPathSelector(TREE, alpha=0.01), TREE), "pruningpathselector__alpha"),
    ],
    ids=["pipeline", "sequence", "selector"],
)
def test_search_within_others(estimator, name):
    values = [0.0, 0.01, 0.1]
    search = GridSearchCV(estimator, {name: values}, cv=3).fit(X, y)
    twins = [GridSearchCV(clone(estimator).set_params(**{name: v}), {}, cv=3).fit(X, y).best_score_ for v in values]
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], twins)


@pytest.mark.filterwarnings("ignore:No feature survives:UserWarning")
@pytest.mark.parametrize("cls", [TreePrunerCV, PruningPathSelector, PruningRFE, PruningSelector])
def test_search_over_how_others_prune(cls):
    options = {"random_state": 0} if cls in (PruningRFE, PruningSelector) else {"cv": 3}
    estimator, alias, name, values = TREE, "cost_complexity", "risk", ["impurity", "error"]
    if cls in (PruningRFE, PruningSelector):
        alias, name, values = "reduced_error", "loss", ["error", "impurity"]
    if cls is PruningSelector:
        estimator, options = None, options | {"n_estimators": 5}
    for value in values:
        nested = cls(estimator, alias, **options).set_params(**{f"method__{name}": value}).fit(X, y)
        plain = cls(estimator, ALIASES[alias](**{name: value}), **options).fit(X, y)
        if cls is TreePrunerCV:
            assert same_arrays(nested.estimator_, plain.estimator_)
        else:
            np.testing.assert_array_equal(nested.ranking_, plain.ranking_)
