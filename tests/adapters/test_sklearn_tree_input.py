"""Rows and models given to the adapter of single trees: any form that is sound, and clear errors for the rest."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeRegressor,
)

from tests.zoo import DATA
from treeprune import ModelFormatError, UnsupportedModelError, prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.methods import CostComplexity, ReducedError
from treeprune.testing import same_arrays

# Rows ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def iris():
    """A tree, rows and labels to prune by, and the result."""
    X, y = DATA["iris"]()
    tree = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
    return tree, X[1::2], y[1::2], prune(tree, ReducedError(), X[1::2], y[1::2])


@pytest.mark.parametrize(
    "form",
    [
        pd.DataFrame,
        np.asfortranarray,
        sparse.csr_matrix,
        sparse.csc_array,
        np.ndarray.tolist,
        lambda X: X.astype(object),
        lambda X: X[:, ::-1][:, ::-1],
    ],
    ids=["frame", "Fortran", "csr", "csc", "list", "object", "view"],
)
def test_rows_in_any_form(iris, form):
    tree, X, y, expected = iris
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X has feature names")
        assert same_arrays(prune(tree, ReducedError(), form(X), y), expected)


@pytest.mark.parametrize(
    "form", [list, pd.Series, lambda y: y[:, None], lambda y: y.astype(float), lambda y: y.astype(object)]
)
def test_targets_in_any_form(iris, form):
    tree, X, y, expected = iris
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A column-vector y")
        assert same_arrays(prune(tree, ReducedError(), X, form(y)), expected)


def test_rows_that_cannot_be_written_to(iris, tmp_path):
    tree, X, y, expected = iris
    memory = np.memmap(tmp_path / "X", dtype=X.dtype, mode="w+", shape=X.shape)
    memory[:] = X
    memory.flush()
    read_only = np.memmap(tmp_path / "X", dtype=X.dtype, mode="r", shape=X.shape)
    assert same_arrays(prune(tree, ReducedError(), read_only, y), expected)


def test_columns_by_name(iris):
    _, X, y, _ = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    tree = DecisionTreeClassifier(random_state=0).fit(frame, y)
    prune(tree, ReducedError(), frame, y)
    with pytest.raises(ValueError, match="feature names should match"):
        prune(tree, ReducedError(), frame[list("dcba")], y)


def test_string_labels():
    X, y = DATA["named classes"]()
    Xc, yc = DATA["classes"]()
    named = prune(DecisionTreeClassifier(random_state=0).fit(X[:80], y[:80]), ReducedError(), X[80:], y[80:])
    coded = prune(DecisionTreeClassifier(random_state=0).fit(Xc[:80], yc[:80]), ReducedError(), Xc[80:], yc[80:])
    assert same_arrays(named, coded)
    assert set(named.predict(X)) <= {"acid", "base", "charm"}


@pytest.mark.parametrize("data", ["classes, 2 outputs", "numbers, 3 outputs"])
def test_several_outputs(data):
    X, y = DATA[data]()
    cls = DecisionTreeClassifier if data.startswith("classes") else DecisionTreeRegressor
    tree = cls(random_state=0).fit(X[:80], y[:80])
    small = prune(tree, ReducedError(), X[80:], y[80:])
    wrong = (lambda p: p != y[80:]) if "classes" in data else (lambda p: (p - y[80:]) ** 2)
    assert wrong(small.predict(X[80:])).sum() <= wrong(tree.predict(X[80:])).sum()
    with pytest.raises(ValueError, match=rf"y has 1 outputs, but {cls.__name__} was fitted with {y.shape[1]}"):
        prune(tree, ReducedError(), X, y[:, 0])


def test_unseen_labels_are_named(iris):
    tree, X, y, _ = iris
    with pytest.raises(ValueError, match=r"y contains previously unseen labels: \[7, 9\]"):
        prune(tree, ReducedError(), X, np.where(y == 0, 9, np.where(y == 1, 7, y)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X[:, :3], y), "X has 3 features, but DecisionTreeClassifier is expecting 4 features"),
        (lambda X, y: (X[:10], y), "inconsistent numbers of samples"),
        (lambda X, y: (X[:0], y[:0]), "at least one row"),
        (lambda X, y: (X[:, 0], y), "Expected 2D array"),
        (lambda X, y: (np.where(X > 4, np.inf, X), y), "infinity or a value too large"),
        (lambda X, y: (np.where(X > 4, 1e300, X), y), "infinity or a value too large"),
        (lambda X, y: (X, np.where(y > 0, np.nan, y)), "y contains NaN"),
        (lambda X, y: (X, np.stack([y, y], axis=1)), "y has 2 outputs"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_bad_rows(iris, change, message):
    tree, X, y, _ = iris
    with pytest.raises(ValueError, match=message):
        prune(tree, ReducedError(), *change(X, y))


def test_missing_values_where_training_had_none_go_where_the_model_sends_them(iris):
    tree, X, y, _ = iris
    X = np.where(X > 4, np.nan, X)
    rows = find_adapter(tree).rows(X, y)
    assert np.array_equal(find_adapter(tree).forest.node_id[rows.leaf_ids(0)], tree.apply(X))
    assert prune(tree, ReducedError(), X, y).score(X, y) >= tree.score(X, y)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_targets_that_are_not_finite(bad):
    X, y = DATA["numbers"]()
    tree = DecisionTreeRegressor(random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"y contains (NaN|infinity)"):
        prune(tree, ReducedError(), X, np.where(y > 1, bad, y))


# Models that are not what they should be -----------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [DecisionTreeClassifier, ExtraTreeRegressor])
def test_unfitted(cls):
    with pytest.raises(NotFittedError, match=f"This {cls.__name__} instance is not fitted yet"):
        prune(cls(), CostComplexity(0.1))


@pytest.mark.parametrize("model", [None, 3, "tree"])
def test_what_is_no_model(model):
    with pytest.raises(UnsupportedModelError, match=r"No adapter for .* Supported: .*DecisionTreeClassifier"):
        prune(model)


@pytest.mark.parametrize("cls", [DecisionTreeClassifier, dict])
def test_a_class_is_no_model(cls):
    with pytest.raises(UnsupportedModelError, match=f"^{cls.__name__} is a class; a fitted model of it is needed"):
        prune(cls)


def broken(fields, node, entry):
    """A fitted tree with a native structure that fitting never gives."""
    tree = DecisionTreeClassifier(random_state=0).fit(*DATA["iris"]())
    state = tree.tree_.__getstate__()
    state["nodes"], state["values"] = state["nodes"].copy(), state["values"].copy()
    for field in np.atleast_1d(fields):
        (state["values"] if field == "values" else state["nodes"][field])[node] = entry
    tree.tree_.__setstate__(state)
    return tree


MALFORMED = {
    "left child too large": ("left_child", 0, 10**6, "node 0: left child 1000000 outside 0..16"),
    "beyond 32 bits": ("right_child", 0, 2**40, "node 0: right_child 1099511627776 outside 0..16"),
    "smallest integer": ("right_child", 0, -(2**63), "node 0: right_child -9223372036854775808 outside 0..16"),
    "negative child": ("left_child", 0, -5, "node 0: left child -5 outside 0..16"),
    "own child": ("left_child", 2, 2, "node 2: left child 2 reached twice"),
    "cycle": ("right_child", 2, 0, "node 2: right child 0 reached twice"),
    "shared child": ("right_child", 0, 1, "node 0: left child 1 reached twice"),
    "one child": ("left_child", 0, -1, "node 0: one child only"),
    "feature": ("feature", 0, 4, "node 0: feature 4 outside 0..3"),
    "negative feature": ("feature", 2, -3, "node 2: feature -3 outside 0..3"),
    "threshold": ("threshold", 0, np.nan, "node 0: threshold is not a number"),
    "value": ("values", 1, np.inf, r"node 1: leaf value \[inf inf inf\] is not finite"),
    "unreachable": (["left_child", "right_child"], 2, -1, "node 3: not reachable"),
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("with_rows", [False, True])
def test_malformed_trees_are_refused_before_native_code_walks_them(name, with_rows, monkeypatch):
    *change, message = MALFORMED[name]
    tree = broken(*change)

    def walk(*_):
        raise AssertionError("native code would have walked the tree")

    monkeypatch.setattr(DecisionTreeClassifier, "apply", walk)
    rows = DATA["iris"]() if with_rows else ()
    for call in (prune, pruning_path):
        with pytest.raises(ModelFormatError, match=f"tree 0 {message}"):
            call(tree, CostComplexity(), *rows)


def test_a_deep_chain_is_pruned():
    """Targets that grow by half from row to row are split off one at a time."""
    X = np.arange(800.0)[:, None]
    tree = DecisionTreeRegressor(random_state=0).fit(X, 1.5 ** X.ravel())
    assert tree.get_depth() > 200
    path = pruning_path(tree)
    for step in (0, len(path) // 2, len(path) - 1):
        assert path.prune(step=step).get_n_leaves() == path.n_leaves[step]
    assert path.n_leaves[-1] == 1
