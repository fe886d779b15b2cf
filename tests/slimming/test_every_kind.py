"""slim of every kind of transformer before every family of models: the same predictions from fewer columns."""

import pickle
from functools import cache

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from tests.slimming.kinds import COMPLETE, DENSE, FAMILIES, KINDS, WHOLE, only, output, recounted, target_of
from treeprune import slim
from treeprune.adapters import adapters_by_model, find_adapter
from treeprune.core.class_paths import class_paths
from treeprune.narrowing import Narrower, find_narrower, narrowers_by_class

pytestmark = pytest.mark.usefixtures("one_thread")


@cache
def prepared(kind):
    """A fitted transformer, and what it makes of its rows."""
    transformer, rows = KINDS[kind]
    transformer = clone(transformer).fit(rows, target_of(rows))
    return transformer, transformer.transform(rows)


#: Every kind before two families, and every family behind a few kinds: what a family sees of a kind is an array, a
#: frame, or sparse rows, with or without names.
A_FEW = ("standard", "named columns", "named columns as frames", "one-hot, sparse", "union", "imputer with indicator")
PAIRS = {(kind, family) for kind in KINDS for family in ("tree", "XGBoost")}
PAIRS |= {(kind, family) for kind in A_FEW for family in FAMILIES}


@pytest.mark.parametrize(("kind", "family"), sorted(PAIRS))
def test_predictions_stay_and_columns_leave(kind, family):
    (transformer, made), rows = prepared(kind), KINDS[kind][1]
    sparse = hasattr(made, "tocsr")
    if (family in DENSE and sparse) or (family in COMPLETE and not sparse and np.isnan(made).any(axis=None)):
        pytest.skip("takes no such rows")
    model = FAMILIES[family]().fit(made, target_of(rows))
    whole = Pipeline([("prepare", transformer), ("model", model)])
    expected, before = output(whole, rows), pickle.dumps(whole)

    small = slim(whole)

    assert type(small) is Pipeline
    assert type(small[-1]) is type(model)
    np.testing.assert_array_equal(output(small, only(rows, small.columns_)), expected)
    if hasattr(rows, "columns"):  # others besides do no harm
        np.testing.assert_array_equal(output(small, rows), expected)
    n_left = find_adapter(small[-1]).forest.n_features
    assert n_left == (find_adapter(model).forest.n_features if kind in WHOLE else recounted(whole[-1]))
    assert small.columns_ is None or len(small.columns_) <= np.shape(rows)[1]
    assert pickle.dumps(whole) == before


@pytest.mark.parametrize("kind", KINDS)
def test_once_is_enough(kind):
    (transformer, made), rows = prepared(kind), KINDS[kind][1]
    whole = Pipeline([("prepare", transformer), ("model", FAMILIES["tree"]().fit(made, target_of(rows)))])
    once = pickle.loads(pickle.dumps(slim(whole)))
    twice = slim(once)
    narrow = only(rows, once.columns_)
    np.testing.assert_array_equal(output(twice, narrow), output(whole, rows))
    assert np.size(twice.columns_) == np.size(once.columns_)
    assert repr(twice) == repr(once)


def test_every_kind_is_tried():
    steps = [transformer for transformer, _ in KINDS.values()]
    for step in steps:
        steps += [inner for _, inner, *_ in getattr(step, "steps", getattr(step, "transformers", []))]
    tried = {type(find_narrower(step)) for step in steps}
    assert {*narrowers_by_class().values(), Narrower} <= tried
    paths = {path for make in FAMILIES.values() for path in class_paths(make())}
    assert set(adapters_by_model().values()) <= {adapters_by_model().get(path) for path in paths}
