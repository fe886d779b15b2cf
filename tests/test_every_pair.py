"""Every method on every family, by every door: right, or refused by name. A new method or family is tested by being
registered."""

from functools import cache
from importlib import import_module

import numpy as np
import pytest
from sklearn.base import clone

from tests.zoo import SMALL_ENSEMBLES, ZOO
from treeprune import TreePruner, TreePrunerCV, compress, load_compact, prune, report, rules, save_compact
from treeprune.adapters import adapters_by_model, find_adapter
from treeprune.methods import ALIASES, PathMethod
from treeprune.testing import REFUSALS, check_pruning, same_model

pytestmark = [*SMALL_ENSEMBLES, pytest.mark.filterwarnings("ignore::UserWarning")]

METHODS = [cls(**cls.examples[0]) for cls in ALIASES.values()]
WITH_A_PATH = [method for method in METHODS if isinstance(method, PathMethod) and method.knob]
#: One of each family, for the doors that fit it anew.
ESTIMATORS = list({specimen.family: name for name, specimen in reversed(ZOO.items()) if "Booster" not in name}.values())
#: To compress boosters of many classes takes seconds.
QUICK = [name for name in ZOO if not name.endswith(", classes") and not name.startswith("GradientBoostingClassifier")]

each_specimen = pytest.mark.parametrize("name", ZOO)
each_estimator = pytest.mark.parametrize("name", ESTIMATORS)
each_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.alias)


def test_every_class_that_an_adapter_takes_has_a_specimen():
    taken = set()
    for specimen in ZOO.values():
        taken |= {f"{cls.__module__}.{cls.__qualname__}" for cls in type(specimen.model).__mro__}
    # those with a link are made by pruning only
    grown = {path for path in adapters_by_model() if not path.startswith("treeprune.links.")}
    assert grown - taken == set()


@each_specimen
@each_method
def test_prune_and_its_path(name, method):
    specimen = ZOO[name]
    tolerance = specimen.tolerance
    check_pruning(method, specimen.model, specimen.rows[0], targets(specimen), tolerance, tolerance)


def either(*calls):
    """What calls give that come to the same; None where all are refused."""
    given, refused = [], []
    for call in calls:
        try:
            given.append(call())
        except REFUSALS as error:
            refused.append(str(error))
    assert not (given and refused), refused
    assert all(refused)
    return given


def unfitted(specimen):
    return clone(specimen.estimator if specimen.estimator is not None else specimen.model)


@cache
def fitted(name):
    return unfitted(ZOO[name]).fit(ZOO[name].rows[0], targets(ZOO[name]))


def targets(specimen):
    """The second part of its rows; isolation trees know none."""
    return None if find_adapter(specimen.model).forest.task == "path_length" else specimen.rows[1]


@each_estimator
@each_method
def test_tree_pruner_does_what_prune_does(name, method):
    specimen = ZOO[name]
    (X, _), y = specimen.rows, targets(specimen)
    model = fitted(name)
    need = method.needs_rows or method.needs_training_rows or find_adapter(model).lacks_values
    validation = {"X_val": X, "y_val": y} if method.needs_rows else {}
    given = either(
        lambda: TreePruner(unfitted(specimen), clone(method)).fit(X, y, **validation).estimator_,
        lambda: prune(model, method, *((X, y) if need else ())),
    )
    assert not given or same_model(*given, X)


@each_estimator
@pytest.mark.parametrize(
    "method",
    [method for method in METHODS if isinstance(method, PathMethod) and method.knob],
    ids=lambda method: method.alias,
)
def test_tree_pruner_cv_keeps_a_tree_of_its_table(name, method):
    specimen = ZOO[name]
    (X, _), y = specimen.rows, targets(specimen)
    pruner = TreePrunerCV(unfitted(specimen), clone(method), cv=3)
    if y is None:
        with pytest.raises((ValueError, TypeError), match=r"should have a 'score' method|gives no nested path"):
            pruner.fit(X)
    elif either(lambda: pruner.fit(X, y)):
        forest = find_adapter(pruner.estimator_).forest
        assert forest.n_leaves == pruner.cv_results_["n_leaves"][pruner.best_index_]
        assert forest.n_leaves <= find_adapter(fitted(name)).forest.n_leaves
        assert len(pruner.predict(X)) == len(y)


@pytest.mark.parametrize("name", QUICK)
def test_compress(name):
    specimen = ZOO[name]
    X, y = specimen.rows
    n_nodes = find_adapter(specimen.model).forest.n_nodes
    limit = max(n_nodes // 2, find_adapter(specimen.model).forest.per_stage)
    for found in either(lambda: compress(specimen.model, X, y, max_nodes=limit, retrain=False)):
        assert find_adapter(found.model).forest.n_nodes <= limit
        assert len(found.model.predict(matrix(found.model, X))) == len(y)


def matrix(model, X):
    """Rows as a model takes them: those of an XGBoost Booster, which takes nothing else, as a DMatrix."""
    if not type(model).__module__.startswith("xgboost.core"):
        return X
    xgboost = import_module("xgboost")
    names = {"feature_names": model.feature_names, "feature_types": model.feature_types}
    return xgboost.DMatrix(X, enable_categorical=True, **names)


@each_specimen
def test_a_compact_file_gives_the_model_again(name, tmp_path):
    model, (X, _) = ZOO[name].model, ZOO[name].rows
    save_compact(model, tmp_path / "model", "full")
    again = load_compact(tmp_path / "model")
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.predict(matrix(model, X)), model.predict(matrix(model, X)))


@each_specimen
def test_rules_tell_one_leaf_each(name):
    model = ZOO[name].model
    forest = find_adapter(model).forest
    for found in either(lambda: rules(model, tree=0)):
        assert len(found) == forest.tree(0).n_leaves


@each_specimen
def test_a_report_names_the_class(name):
    for page in either(lambda: report(ZOO[name].model)):
        assert type(ZOO[name].model).__name__ in page.html
