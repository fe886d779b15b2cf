"""prune and pruning_path: what they refuse, and the rows and trees at the edge of what they take."""

import copy
import inspect
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import treeprune
from tests.zoo import DATA, SINGLE_TREES
from treeprune import UnsupportedModelError, prune, pruning_path
from treeprune.methods import ALIASES, CostComplexity, MinimumDescriptionLength, ReducedError
from treeprune.testing import same_arrays

METHODS = {
    "cost-complexity": CostComplexity(n_leaves=4),
    "reduced error": ReducedError(),
    "reduced impurity": ReducedError("impurity"),
    "code length": MinimumDescriptionLength(),
}


@pytest.fixture(params=METHODS)
def method(request):
    """The methods of the foundation, on rows."""
    return METHODS[request.param]


@pytest.fixture(scope="module")
def classes():
    """A tree and other rows for it."""
    X, y = DATA["classes"]()
    return DecisionTreeClassifier(random_state=0).fit(X[:80], y[:80]), X[80:], y[80:]


@pytest.fixture(scope="module")
def numbers():
    """A regression tree and other rows for it."""
    X, y = DATA["numbers"]()
    return DecisionTreeRegressor(random_state=0).fit(X[:80], y[:80]), X[80:], y[80:]


# Arguments -----------------------------------------------------------------------------------------------------------


def test_every_alias_stands_for_a_method_with_defaults():
    assert {"cost_complexity", "reduced_error", "mdl"} <= set(ALIASES)
    model = SINGLE_TREES["DecisionTreeClassifier, iris"].model
    assert same_arrays(prune(model, "mdl"), prune(model, MinimumDescriptionLength()))
    assert np.array_equal(pruning_path(model, "cost_complexity").alphas, pruning_path(model).alphas)


@pytest.mark.parametrize("call", [prune, pruning_path])
def test_unknown_methods(call, classes):
    with pytest.raises(ValueError, match=r"'method' parameter must be one of \[.*'mdl'.* or a method. Got 'ccp'"):
        call(classes[0], "ccp")
    for wrong in (None, 0.1, CostComplexity, LogisticRegression()):
        with pytest.raises(TypeError, match=r"'method' parameter must be a str or a PruningMethod instance. Got"):
            call(classes[0], wrong)


@pytest.mark.parametrize("call", [prune, pruning_path])
def test_rows_come_with_targets(call, classes):
    model, X, y = classes
    with pytest.raises(ValueError, match=r"Give X and y together. Got X only"):
        call(model, CostComplexity(), X)
    with pytest.raises(ValueError, match=r"Give X and y together. Got y only"):
        call(model, CostComplexity(), y=y)
    with pytest.raises(ValueError, match="'sample_weight' parameter needs X and y"):
        call(model, CostComplexity(), sample_weight=y)


def test_weights_go_by_name(classes):
    model, X, y = classes
    with pytest.raises(TypeError, match="positional argument"):
        prune(model, ReducedError(), X, y, np.ones(len(y)))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (lambda n: np.full(n, np.nan), "'sample_weight' parameter must be finite. Got nan"),
        (lambda n: np.r_[np.ones(n - 1), np.inf], "'sample_weight' parameter must be finite. Got inf"),
        (lambda n: np.r_[np.ones(n - 1), -0.5], "'sample_weight' parameter must be non-negative. Got -0.5"),
        (lambda n: np.zeros(n), "'sample_weight' parameter must not be zero for all rows"),
        (lambda n: np.ones(n + 1), r"'sample_weight' parameter must have the shape \(80,\). Got \(81,\)"),
        (lambda n: np.ones((n, 1)), r"'sample_weight' parameter must have the shape \(80,\). Got \(80, 1\)"),
        (lambda n: 1.0, r"'sample_weight' parameter must have the shape \(80,\). Got \(\)"),
        (lambda n: ["heavy"] * n, r"'sample_weight' parameter must hold numbers. Got \['heavy', "),
    ],
)
def test_bad_weights(weight, message, method, classes):
    model, X, y = classes
    with pytest.raises(ValueError, match=message):
        prune(model, method, X, y, sample_weight=weight(len(y)))


@pytest.mark.parametrize("model", [LogisticRegression(), object(), "model.joblib", None])
def test_models_of_other_kinds(model):
    with pytest.raises(UnsupportedModelError, match=r"No adapter for .*\. Supported: .*ExtraTree|DecisionTree"):
        prune(model)


def test_public_names():
    assert set(treeprune.__all__) <= set(dir(treeprune))
    for name in treeprune.__all__:
        assert getattr(treeprune, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'shrub'"):
        treeprune.shrub  # noqa: B018
    of_rows = ["X", "y", "sample_weight", "base_margin", "init_score", "class_weight"]
    assert [*inspect.signature(prune).parameters] == ["model", "method", *of_rows]


def test_import_is_light():
    code = "import sys, treeprune; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numba", "sklearn", "pandas", "scipy", "matplotlib"} & set(loaded)


# Scales of weights and targets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-300, 1e-100, 1e100, 1e300])
@pytest.mark.parametrize("data", ["classes", "numbers"])
def test_weights_have_no_unit(unit, data, request, method):
    model, X, y = request.getfixturevalue(data)
    small = prune(model, method, X, y, sample_weight=np.full(len(y), unit))
    assert same_arrays(small, prune(model, method, X, y))


@pytest.mark.parametrize("data", ["classes", "numbers"])
def test_weights_too_large_to_add_up(data, request, method):
    model, X, y = request.getfixturevalue(data)
    with pytest.raises(ValueError, match=r"not finite at node .* rescale them \(y, sample_weight\)"):
        prune(model, method, X, y, sample_weight=np.full(len(y), 1e308))


@pytest.mark.parametrize("factor", [2.0**-300, 2.0**-40, 2.0**40, 2.0**300])
def test_targets_have_no_unit(factor, numbers):
    """Powers of two, so that nothing is rounded."""
    model, X, y = numbers
    other = copy.deepcopy(model)
    state = other.tree_.__getstate__()
    state["nodes"], state["values"] = state["nodes"].copy(), state["values"] * factor
    state["nodes"]["impurity"] *= factor**2
    other.tree_.__setstate__(state)
    for rows in ((), (X, y)):
        path = pruning_path(model, CostComplexity(), *rows)
        scaled = pruning_path(other, CostComplexity(), *((X, y * factor) if rows else ()))
        assert np.array_equal(scaled.n_leaves, path.n_leaves)
        assert np.array_equal(scaled.alphas[1:], path.alphas[1:] * factor**2)
    for method in (ReducedError(), ReducedError("absolute_error"), MinimumDescriptionLength()):
        a, b = prune(model, method, X, y), prune(other, method, X, y * factor)
        assert np.array_equal(a.tree_.threshold, b.tree_.threshold)


@pytest.mark.parametrize("size", [1e155, 1e200, 1e300])
def test_targets_whose_squares_overflow_are_refused(size, method):
    """scikit-learn fits such a tree, with impurities that are not numbers, and its path then ends the process."""
    X, y = DATA["numbers"]()
    with np.errstate(all="ignore"):
        model = DecisionTreeRegressor(random_state=0).fit(X, y * size)
    assert same_arrays(prune(model, CostComplexity(alpha=0.0)), model)
    with pytest.raises(ValueError, match=r"not finite at node 0: .* rescale them \(y, sample_weight\)"):
        prune(model, method, X, y * size)
    if not method.needs_rows:
        with pytest.raises(ValueError, match="not finite at node 0"):
            prune(model, method)


@pytest.mark.parametrize("size", [1e155, 1e200])
def test_absolute_errors_of_large_targets_are_right(size):
    X, y = DATA["numbers"]()
    tree = DecisionTreeRegressor(random_state=0, criterion="absolute_error", max_leaf_nodes=20)
    large = tree.fit(X, y * size)
    path = pruning_path(large)
    assert path.n_leaves[-1] == 1
    assert (np.diff(path.alphas / size) > 0).all()
    small = prune(large, ReducedError("absolute_error"), X, y * size)
    lost = [np.abs(model.predict(X) / size - y).sum() for model in (large, small)]
    assert lost[1] <= lost[0] * (1 + 1e-12)


# Few rows, equal rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([[0.0], [1.0], [2.0]], [1, 1, 1]),
        ([[0.0]], [1]),
        ([[3.0], [3.0], [3.0]], [0, 1, 1]),
        ([[1.0], [1.0 + 1e-12]], [0, 1]),
    ],
    ids=["constant target", "one row", "equal rows", "equal in float32"],
)
@pytest.mark.parametrize("cls", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_nothing_to_prune(cls, X, y, method):
    model = cls(random_state=0).fit(X, y)
    assert model.tree_.node_count == 1
    path = pruning_path(model)
    assert (path.alphas.tolist(), path.n_leaves.tolist()) == ([0.0], [1])
    assert path.to_frame().shape == (1, 4)
    for rows in ((), (X, y)):
        if rows or not method.needs_rows:
            assert same_arrays(prune(model, method, *rows), model)


def test_one_class_among_the_rows(classes, method):
    model, X, y = classes
    small = prune(model, method, X[y == 1], y[y == 1])
    assert small.score(X[y == 1], y[y == 1]) >= model.score(X[y == 1], y[y == 1])
    assert np.array_equal(small.classes_, model.classes_)


@pytest.mark.parametrize("data", ["classes", "numbers"])
def test_one_row(data, request, method):
    model, X, y = request.getfixturevalue(data)
    small = prune(model, method, X[:1], y[:1])
    assert 1 <= small.get_n_leaves() <= model.get_n_leaves()
    if method.needs_rows:
        assert abs(small.predict(X[:1]) - y[:1]) <= abs(model.predict(X[:1]) - y[:1])


def test_equal_rows_with_different_labels():
    X, y = np.repeat(np.arange(6.0), 4)[:, None], np.array([0, 0, 0, 1] * 3 + [1, 1, 1, 0] * 3)
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    path = pruning_path(model)
    assert path.n_leaves.tolist() == [model.get_n_leaves(), 2, 1]  # what gains nothing goes in one step
    assert path.impurities == pytest.approx([0.375, 0.375, 0.5])
    assert path.alphas == pytest.approx([0, 0, 0.125], abs=1e-12)
    assert path.alphas[1] > 0
    refit = DecisionTreeClassifier(random_state=0, ccp_alpha=0.06).fit(X, y)
    assert same_arrays(path.prune(alpha=0.06), refit)


def test_signed_zeros_and_subnormals_go_where_the_model_sends_them(method):
    rng = np.random.default_rng(0)
    X = rng.choice([-0.0, 0.0, 5e-324, -5e-324, 1e-45, -1e-45, 1e-38, 1.0], (80, 3))
    y = rng.integers(0, 2, 80)
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    small = prune(model, method, X, y)
    mirrored = np.where(X == 0, -X, X)
    assert np.array_equal(small.apply(X), small.apply(mirrored))
    assert same_arrays(prune(model, method, mirrored, y), small)


def test_beyond_the_last_step_is_the_root(single_tree):
    path = pruning_path(single_tree.model)
    for alpha in (path.alphas[-1], path.alphas[-1] * 2, 1e300):
        assert prune(single_tree.model, CostComplexity(alpha)).tree_.node_count == 1


# Again and at once ---------------------------------------------------------------------------------------------------


def test_the_same_again_to_the_last_bit(some_tree, method):
    X, y = some_tree.rows
    first, second = (pickle.dumps(prune(some_tree.model, method, X, y)) for _ in range(2))
    assert first == second


def test_four_threads(some_tree, method):
    model, (X, y) = some_tree.model, some_tree.rows
    expected = prune(model, method, X, y)
    predicted, before = expected.predict(X), model.predict(X)

    def work(turn):
        if turn % 2:
            return np.array_equal(model.predict(X), before)
        small = prune(model, method, X, y)
        return same_arrays(small, expected) and np.array_equal(small.predict(X), predicted)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(24)))
