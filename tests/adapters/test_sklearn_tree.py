"""scikit-learn's single trees: read, pruned and written back, bit by bit as scikit-learn itself would have."""

import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    export_graphviz,
    export_text,
    plot_tree,
)

from tests import naive
from tests.zoo import DATA, OLD_SCIKIT_LEARN, SINGLE_TREES
from treeprune import prune, pruning_path
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
    if OLD_SCIKIT_LEARN and "holes" in single_tree.data:
        pytest.skip("before scikit-learn 1.7, decision_path and apply differ on missing values")
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
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    small = half(some_tree)
    figure = FigureCanvasAgg(Figure()).figure
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
    source[0] = next(node for node in forest.internal if forest.parent[node] == 0)
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
