"""scikit-learn's single trees: read, pruned and written back, bit by bit as scikit-learn itself would have."""

import io
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeRegressor,
    export_graphviz,
    export_text,
    plot_tree,
)

from tests import naive
from tests.zoo import DATA, SINGLE_TREES
from treeprune import ModelFormatError, UnsupportedModelError, prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.core.plan import Plan
from treeprune.methods import CostComplexity, ReducedError
from treeprune.testing import forest_apply, forest_values, same_arrays


def midpoints(path, at_most=10):
    """Geometric middles of neighbouring alphas that rounding cannot have set apart, spread over the path."""
    low, high = path.alphas[1:-1], path.alphas[2:]
    middles = np.sqrt(low * high)[high > low * (1 + 1e-9)]
    middles = np.concatenate([middles, path.alphas[1:2] / 2, path.alphas[-1:] * 2])
    return np.sort(middles)[np.unique(np.linspace(0, len(middles) - 1, at_most).astype(int))]


def half(specimen):
    """The specimen pruned to about half its leaves."""
    return prune(specimen.model, CostComplexity(n_leaves=max(2, int(specimen.model.get_n_leaves()) // 2)))


# As scikit-learn prunes ----------------------------------------------------------------------------------------------


def test_equal_to_a_refit_bit_by_bit(single_tree):
    path = pruning_path(single_tree.model)
    for alpha in midpoints(path):
        refit = single_tree.fit(ccp_alpha=alpha)
        assert same_arrays(prune(single_tree.model, CostComplexity(alpha)), refit), alpha
        assert same_arrays(path.prune(alpha=alpha), refit), alpha


def test_alpha_zero_prunes_nothing(single_tree):
    same = prune(single_tree.model)
    assert same is not single_tree.model
    assert same_arrays(same, single_tree.model)


def test_the_path_is_scikit_learns_up_to_its_rounding(single_tree):
    """Theirs repeats tied alphas, some of them negative, and misses ties; where neighbours are clear they agree."""
    path = pruning_path(single_tree.model)
    theirs = single_tree.estimator.cost_complexity_pruning_path(*single_tree.rows, single_tree.sample_weight)
    alphas, impurities = theirs.ccp_alphas, theirs.impurities
    assert path.alphas[-1] == pytest.approx(alphas[-1], rel=1e-9)
    assert path.impurities[0] == pytest.approx(impurities[0], rel=1e-9, abs=1e-12 * impurities[-1])
    assert path.impurities[-1] == pytest.approx(impurities[-1], rel=1e-12)
    for alpha in midpoints(path):
        step = np.searchsorted(alphas, alpha) - 1
        ours = path.impurities[path.step(alpha=alpha)]
        assert ours == pytest.approx(impurities[step], rel=1e-9, abs=1e-12 * impurities[-1])


def test_the_path_is_consistent_with_itself(single_tree):
    path = pruning_path(single_tree.model)
    root = single_tree.model.tree_.weighted_n_node_samples[0]
    assert (np.diff(path.alphas) > 0).all()
    for step in np.unique(np.linspace(0, len(path) - 1, 12).astype(int)):
        small = path.prune(alpha=path.alphas[step])
        assert small.get_n_leaves() == path.n_leaves[step]
        leaf = small.tree_.children_left == -1
        impurity = (small.tree_.impurity * small.tree_.weighted_n_node_samples)[leaf].sum() / root
        assert impurity == pytest.approx(path.impurities[step], rel=1e-9, abs=1e-12 * path.impurities[-1])


def test_small_trees_agree_with_rational_arithmetic(single_tree):
    """The stored impurities and weights, taken as exact numbers, leave one right answer at each clear alpha."""
    forest = find_adapter(single_tree.fit(max_leaf_nodes=10)).forest
    path = CostComplexity().path(forest)
    risk = path.risk * forest.weighted_n_node_samples[0]
    for alpha in midpoints(path):
        kept = set(np.flatnonzero(~forest.is_leaf & (path.strength > alpha)))
        assert kept == set(naive.optimal_at(forest, risk, alpha, forest.weighted_n_node_samples[0]))


def test_friedman_mse_prunes_by_the_variance_that_it_stores():
    """An old name, gone from newer versions of scikit-learn."""
    X, y = DATA["numbers"]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            tree = DecisionTreeRegressor(criterion="friedman_mse", random_state=0).fit(X, y)
        except ValueError:
            pytest.skip("this version of scikit-learn does not know the criterion")
        for alpha in midpoints(path := pruning_path(tree)):
            refit = DecisionTreeRegressor(criterion="friedman_mse", random_state=0, ccp_alpha=alpha).fit(X, y)
            assert same_arrays(path.prune(alpha=alpha), refit)
        prune(tree, ReducedError(loss="impurity"), X, y)


# The result is a model like any other --------------------------------------------------------------------------------


def test_the_callers_model_is_unchanged(single_tree):
    X, y = single_tree.rows
    before, data = pickle.dumps(single_tree.model), (X.tobytes(), y.tobytes())
    prune(single_tree.model, CostComplexity(n_leaves=2))
    prune(single_tree.model, "reduced_error", X, y, sample_weight=single_tree.sample_weight)
    pruning_path(single_tree.model).prune(step=-1).fit(X, y)  # nor does the result share arrays with it
    assert pickle.dumps(single_tree.model) == before
    assert (X.tobytes(), y.tobytes()) == data


def test_same_class_parameters_and_attributes(single_tree):
    small = half(single_tree)
    assert type(small) is type(single_tree.model)
    assert small.get_params() == single_tree.model.get_params()
    assert set(vars(small)) == set(vars(single_tree.model))
    assert small.n_features_in_ == single_tree.model.n_features_in_


def test_sizes_and_importances(single_tree):
    small = half(single_tree)
    forest = find_adapter(small).forest
    assert small.tree_.node_count == len(small.tree_.value) == 2 * small.get_n_leaves() - 1 == forest.n_nodes
    assert small.tree_.n_leaves == small.get_n_leaves() == forest.n_leaves
    assert small.get_depth() == small.tree_.max_depth == forest.depth.max()
    importance = np.zeros(small.n_features_in_)
    weighted = forest.impurity * forest.weighted_n_node_samples
    for node in forest.internal:
        children = weighted[forest.children_left[node]] + weighted[forest.children_right[node]]
        importance[forest.feature[node]] += weighted[node] - children
    assert small.feature_importances_ == pytest.approx(importance / importance.sum(), abs=1e-9)


def test_predictions_apply_and_decision_path(single_tree):
    small, (X, _) = half(single_tree), single_tree.rows
    forest, x = find_adapter(small).forest, X.astype(np.float32)
    leaf = small.apply(X)
    assert np.array_equal(leaf, forest_apply(forest, x))
    way = small.decision_path(X).tolil().rows
    assert all(sorted([i, *naive.ancestors(forest, i)]) == nodes for i, nodes in zip(leaf, way, strict=True))
    (values,) = forest_values(forest, x)
    if forest.task == "regression":
        assert np.array_equal(small.predict(X).reshape(len(X), -1), values[:, :, 0])
    else:
        probabilities = small.predict_proba(X)
        for output, p in enumerate(probabilities if isinstance(probabilities, list) else [probabilities]):
            assert np.array_equal(p, values[:, output, : p.shape[1]])


@pytest.mark.parametrize("copy", ["pickle", "joblib"])
def test_copies(single_tree, copy):
    small = half(single_tree)
    if copy == "pickle":
        again = pickle.loads(pickle.dumps(small))
    else:
        file = io.BytesIO()
        joblib.dump(small, file)
        again = joblib.load(file)
    assert same_arrays(again, small)
    assert np.array_equal(again.predict(single_tree.rows[0]), small.predict(single_tree.rows[0]))


def test_text_and_picture(some_tree):
    plot = pytest.importorskip("matplotlib.backends.backend_agg")
    small = half(some_tree)
    figure = plot.FigureCanvasAgg(plot.Figure()).figure
    assert len(plot_tree(small, ax=figure.subplots())) >= small.tree_.node_count
    assert export_graphviz(small).count("->") == small.tree_.node_count - 1
    if small.n_outputs_ == 1:
        text = export_text(small, max_depth=100)
        assert sum("class:" in line or "value:" in line for line in text.splitlines()) == small.get_n_leaves()


def test_pruned_again(some_tree):
    """A result is input again, and two steps of a path lead where one does."""
    path = pruning_path(some_tree.model)
    first, second = path.alphas[len(path) // 3], path.alphas[2 * len(path) // 3] * 1.0001
    twice = prune(prune(some_tree.model, CostComplexity(first)), CostComplexity(second))
    assert same_arrays(twice, prune(some_tree.model, CostComplexity(second)))


def test_monotonicity_survives():
    specimen = SINGLE_TREES["DecisionTreeRegressor, diabetes, monotonic_cst=[0, 0, 1, 1, 0, 0, -1, 0, 1, 0]"]
    small, (X, _) = half(specimen), specimen.rows
    for column, sign in ((2, 1), (3, 1), (6, -1), (8, 1)):
        more = X.copy()
        more[:, column] += 0.05
        assert (sign * (small.predict(more) - small.predict(X)) >= 0).all()


def test_a_split_on_missing_values_alone():
    """scikit-learn states it as a threshold of infinity."""
    X = np.array([[0.0], [1.0], [2.0], [np.nan], [np.nan], [np.nan]])
    tree = DecisionTreeClassifier(random_state=0).fit(X, [0, 0, 0, 1, 1, 1])
    assert np.isinf(tree.tree_.threshold[0])
    assert same_arrays(prune(tree, CostComplexity(0.1)), tree)


def test_subclasses_are_taken_as_they_are():
    class Mine(DecisionTreeClassifier):
        pass

    tree = Mine(random_state=0).fit(*DATA["iris"]())
    assert type(prune(tree, CostComplexity(0.02))) is Mine


# Other operations of a plan ------------------------------------------------------------------------------------------


def test_a_raised_subtree_is_written(some_tree):
    adapter = find_adapter(some_tree.model)
    forest = adapter.forest
    source = np.arange(forest.n_nodes, dtype=np.int32)
    source[0] = next(
        child for child in (forest.children_left[0], forest.children_right[0]) if not forest.is_leaf[child]
    )
    raised = adapter.prune(Plan(source=source))
    inside = slice(source[0], forest.end[source[0]])
    assert np.array_equal(raised.tree_.threshold, forest.threshold[inside])
    X = some_tree.rows[0]
    assert np.array_equal(raised.apply(X), forest_apply(find_adapter(raised).forest, X.astype(np.float32)))


def test_new_values_and_statistics_are_written(some_tree):
    adapter = find_adapter(some_tree.model)
    forest = adapter.forest
    rng = np.random.default_rng(0)
    collapse = rng.random(forest.n_nodes) < 0.3
    collapse[0] = False
    new = {
        "value": rng.random(forest.value.shape),
        "n_node_samples": rng.integers(1, 9, forest.n_nodes),
        "weighted_n_node_samples": rng.random(forest.n_nodes),
        "impurity": rng.random(forest.n_nodes),
    }
    tree = adapter.prune(Plan(collapse=collapse, **new)).tree_
    same_place = np.arange(forest.n_nodes)
    origin, *_ = naive.survivors(forest.root, forest.children_left, forest.children_right, collapse, same_place)
    for name, array in new.items():
        assert np.array_equal(getattr(tree, name), array[origin])


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
        (lambda X, y: (X[:0], y[:0]), "minimum of 1 is required"),
        (lambda X, y: (X[:, 0], y), "Expected 2D array"),
        (lambda X, y: (np.where(X > 4, np.inf, X), y), "infinity or a value too large"),
        (lambda X, y: (np.where(X > 4, 1e300, X), y), "infinity or a value too large"),
        (lambda X, y: (X, np.where(y > 0, np.nan, y)), "y contains NaN"),
        (lambda X, y: (X, np.stack([y, y], axis=1)), "y has 2 outputs"),
    ],
)
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


@pytest.mark.parametrize("model", [None, 3, "tree", DecisionTreeClassifier, dict])
def test_what_is_no_model(model):
    with pytest.raises(UnsupportedModelError, match=r"No adapter for .* Supported: .*DecisionTreeClassifier"):
        prune(model)


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
    assert tree.get_depth() > 500
    path = pruning_path(tree)
    for step in (0, len(path) // 2, len(path) - 1):
        assert path.prune(step=step).get_n_leaves() == path.n_leaves[step]
    assert path.n_leaves[-1] == 1
