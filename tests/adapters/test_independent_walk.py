"""Predictions and routing against a walk of the libraries' own dumps, on the rows that are hardest to send right."""

from functools import cache

import numpy as np
import pytest
from scipy.special import expit

from tests import boosters
from tests.naive_methods import reduced_error_of_boosting, reduced_error_of_trees
from tests.walk import walk_of
from tests.zoo import SCIKIT_LEARN, SMALL_ENSEMBLES, ZOO
from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.core.plan import Plan
from treeprune.testing import forest_apply

pytestmark = [*SMALL_ENSEMBLES, pytest.mark.filterwarnings("ignore::RuntimeWarning")]


def _rows_that_hold(value):
    """The boosters' rows, of which some hold a number that says that nothing is known, and some NaN."""
    X = boosters.rows()[0].copy()
    X[np.random.default_rng(3).random(X.shape) < 0.2] = value
    return X


def _missing_is(value, **params):
    return boosters._xgb("numbers", X=_rows_that_hold(value), missing=value, **params)


_CATEGORIES = {"feature_types": ["q"] * 4 + ["c"], "enable_categorical": True, "max_cat_to_onehot": 1}
#: Models that know missing values by other names than NaN.
BESIDES = {
    "xgboost, missing=0": lambda: _missing_is(0.0),
    "xgboost, missing=-999": lambda: _missing_is(-999.0),
    "xgboost, missing=0, categories": lambda: _missing_is(0.0, **_CATEGORIES),
    "lightgbm, missing values off, categories": lambda: boosters._lgb_categorical("numbers", use_missing=False),
}
#: One of each class of scikit-learn, and all that know missing values, categories or columns of their own.
OF_SKLEARN = {
    name: specimen
    for name, specimen in SCIKIT_LEARN.items()
    if name in ZOO or any(word in name for word in ("holes", "categories", "max_features"))
}
MODELS = {
    **{f"xgboost, {name}": fit for name, fit in boosters.XGBOOST.items()},
    **{f"lightgbm, {name}": fit for name, fit in boosters.LIGHTGBM.items()},
    **BESIDES,
    **{name: (lambda specimen=specimen: specimen.model) for name, specimen in OF_SKLEARN.items()},
}
#: Trees whose leaves are functions of the row take no other values.
LINEAR = "lightgbm, linear trees"


@cache
def case(name):
    """A model, its adapter with all values known, and the rows that it was fitted on."""
    if name in OF_SKLEARN:
        specimen = OF_SKLEARN[name]
        (X, y), model = specimen.rows, specimen.model
        y = None if name.startswith("IsolationForest") else y
        return model, find_adapter(model).completed(X, y, specimen.sample_weight), X
    library, kind = name.split(", ", 1)
    pytest.importorskip(library)
    model = MODELS[name]()
    X = boosters.rows_of(kind, library)
    if "missing=" in name:
        X = _rows_that_hold(model.missing)
    return model, find_adapter(model).completed(X, boosters.target("numbers")), X


#: What a column may hold besides: by kind, since libraries refuse some of them.
SPECIAL = {
    "nothing": [np.nan],
    "infinities": [np.inf, -np.inf],
    "zeros": [0.0, -0.0, 1e-36, -1e-36, 1e-34, 1e-45],
    "codes": [-1.0, -999.0, 2.5, 14.0, 15.0, 31.0, 32.0, 99.0, 255.0, 256.0, 1e9, 3e9, -0.5],
}


def with_value(X, row, column, value):
    """One row, as a list of one or a frame, with another number."""
    if hasattr(X, "columns"):
        one = X.iloc[[row]].copy()
        if not hasattr(one.iloc[:, column], "cat"):
            one.isetitem(column, np.array([value]))
        elif np.isnan(value):
            one.iloc[0, column] = None
        return one
    one = X[[row]].astype(np.float64)
    one[0, column] = value
    return one


def stacked(rows):
    import pandas as pd

    return pd.concat(rows) if hasattr(rows[0], "columns") else np.concatenate(rows)


def next_to_thresholds(name, n_splits=15):
    """Rows that reach a split and hold the threshold or a neighbour of it, in float32 and in float64."""
    _, adapter, X = case(name)
    forest, walk = adapter.forest, walk_of(adapter.model)
    sample = X[:40] if not hasattr(X, "columns") else X.iloc[:40]
    passing = {}
    for tree, ways in enumerate(walk.ways(sample)):
        for row, way in enumerate(ways):
            passing |= {(tree, node): row for node in way}
    numeric = (
        forest.internal if forest.category_set is None else forest.internal[forest.category_set[forest.internal] < 0]
    )
    found = []
    for node in np.random.default_rng(0).permutation(numeric)[:n_splits]:
        row = passing.get((int(forest.tree_id[forest.node_tree[node]]), int(forest.node_id[node])))
        threshold = forest.threshold[node]
        if row is None or not np.isfinite(threshold):
            continue
        single = np.float32(threshold)
        near = [threshold, single]
        for end in (-np.inf, np.inf):
            near += [np.nextafter(threshold, end), np.nextafter(single, np.float32(end))]
        found += [with_value(X, row, int(forest.feature[node]), float(value)) for value in near]
    return stacked(found) if found else None


@cache
def hard_rows(name):
    """Kinds of rows by name, those that the library itself takes and those that it refuses."""
    model, _, X = case(name)
    columns, walk = range(X.shape[1])[-5:], walk_of(model)  # boosters' categories are in the last column
    kinds = {
        kind: stacked([with_value(X, 7, column, value) for column in columns for value in values])
        for kind, values in SPECIAL.items()
    }
    kinds["next to thresholds"] = next_to_thresholds(name)
    taken, refused = {}, {}
    for kind, rows in kinds.items():
        if rows is None:
            continue
        try:
            walk.said(rows)
            taken[kind] = rows
        except Exception as refusal:  # XGBoost has a class of errors of its own
            refused[kind] = rows, refusal
    return taken, refused


def collapsed(name):
    _, adapter, _ = case(name)
    rng, forest = np.random.default_rng(2), adapter.forest
    collapse = rng.random(forest.n_nodes) < 0.2
    collapse[forest.root] = False
    if name == LINEAR:
        return prune(adapter.model, "max_depth")
    return adapter.prune(Plan(collapse=collapse))


def same(found, expected, message):
    found, expected = np.asarray(found), np.asarray(expected)
    if expected.dtype.kind in "OU":
        np.testing.assert_array_equal(found, expected, message)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-5, err_msg=message)


@pytest.mark.parametrize("name", MODELS)
def test_models_and_prunings_of_them_do_what_their_dump_says(name):
    taken, refused = hard_rows(name)
    assert "next to thresholds" in taken or find_adapter(case(name)[0]).forest.n_nodes < 20
    for model in (case(name)[0], collapsed(name)):
        walk, adapter = walk_of(model), find_adapter(model)
        for kind, X in taken.items():
            leaves, leaf_ids, compared = walk.leaves(X), adapter.leaf_ids(X), adapter.compared(X)
            same(walk.said(X), walk.output(walk.values(X, leaves), X), kind)
            for tree, walked in enumerate(leaves):
                same_parts(walked, leaf_ids(tree), f"{kind}, tree {tree}")
                np.testing.assert_array_equal(forest_apply(adapter.forest, compared, tree), leaf_ids(tree), kind)
        for rows, refusal in refused.values():
            for route in (walk.said, lambda rows, adapter=adapter: adapter.leaf_ids(rows)(0)):
                with pytest.raises(type(refusal)):
                    route(rows)


def same_parts(walked, routed, message):
    """Whether two labellings of rows are the same but for the names of the labels."""
    pairs = set(zip(walked, routed.tolist(), strict=True))
    assert len(pairs) == len(set(walked)) == len(set(routed.tolist())), message


# Reduced-error pruning ----------------------------------------------------------------------------------------------


def squared(y, margin):
    return margin - y, np.ones_like(margin)


def logistic(y, margin):
    p = expit(margin)
    return p - y, p * (1 - p)


def positives_twice(y, margin):
    return tuple(np.where(y == 1, 2.0, 1.0) * part for part in logistic(y, margin))


#: Boosted models, the targets that they are judged by, and derivatives of their losses.
LOSSES = {
    **dict.fromkeys(
        [
            *(f"xgboost, {name}" for name in ("hist", "approx", "exact", "lossguide", "categories", "dart")),
            *(f"xgboost, {name}" for name in ("missing value -1", "missing=0", "missing=-999", "subsampled")),
            *(f"xgboost, {name}" for name in ("missing=0, categories", "Booster")),
            *(f"lightgbm, {name}" for name in ("regression", "missing values off", "missing apart", "dart")),
            *(f"lightgbm, {name}" for name in ("categories", "missing values off, categories", "Booster")),
            *(name for name in OF_SKLEARN if name.startswith("HistGradientBoostingR") and "categories" in name),
        ],
        ("numbers", squared),
    ),
    "xgboost, binary": ("binary", positives_twice),
    "xgboost, frame with categories": ("binary", logistic),
    "xgboost, Booster, logistic": ("binary", logistic),
    "xgboost, early stopping": ("binary", logistic),
    "lightgbm, binary": ("binary", logistic),
    "lightgbm, early stopping": ("binary", logistic),
}
TREES = [name for name in OF_SKLEARN if "Boost" not in name and "Isolation" not in name and "absolute" not in name]


def rows_to_judge_by(name):
    """The hard rows that the model takes, all together, and noise besides the target."""
    X = stacked([*hard_rows(name)[0].values(), case(name)[2]])
    return X.reset_index(drop=True) if hasattr(X, "columns") else X


@pytest.mark.parametrize("name", LOSSES)
def test_reduced_error_of_boosted_trees_is_that_of_a_naive_twin(name):
    (model, _, _), (target, derivatives) = case(name), LOSSES[name]
    X, walk = rows_to_judge_by(name), walk_of(model)
    rng = np.random.default_rng(5)
    y = rng.normal(size=len(X)) if target == "numbers" else rng.integers(0, 2, len(X)).astype(float)
    expected = reduced_error_of_boosting(walk, X, y[:, None], derivatives)
    pruned = prune(model, "reduced_error", X, y)
    assert find_adapter(pruned).forest.n_nodes < find_adapter(model).forest.n_nodes
    # LightGBM prints values of splits with six digits
    np.testing.assert_allclose(walk_of(pruned).said(X), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", TREES)
def test_reduced_error_of_trees_is_that_of_a_naive_twin(name):
    model, adapter, _ = case(name)
    X, walk = rows_to_judge_by(name), walk_of(model)
    code, y = targets_for(model, len(X), adapter.forest)
    expected = reduced_error_of_trees(walk, X, code, hasattr(model, "classes_"))
    pruned = prune(model, "reduced_error", X, y)
    assert find_adapter(pruned).forest.n_nodes < adapter.forest.n_nodes
    same(walk_of(pruned).said(X), expected, "pruned")


def targets_for(model, n_rows, forest):
    """Random targets by code, shape (n_rows, n_outputs), and as the model takes them."""
    rng = np.random.default_rng(6)
    if forest.n_classes is None:
        y = rng.normal(size=(n_rows, forest.n_outputs))
        return y, y.squeeze()
    code = np.stack([rng.integers(0, n, n_rows) for n in forest.n_classes], axis=1)
    if forest.n_outputs == 1:
        return code, model.classes_[code[:, 0]]
    return code, np.stack([known[column] for known, column in zip(model.classes_, code.T, strict=True)], axis=1)
