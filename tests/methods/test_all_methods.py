"""What every pruning method keeps to, parametrised over all that are registered."""

import pickle
from dataclasses import replace
from inspect import isabstract
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import naive
from treeprune import methods, prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.cli.comparison import compared_methods
from treeprune.core.graft import graft
from treeprune.core.plan import Plan
from treeprune.core.rows import Rows
from treeprune.methods import (
    ALIASES,
    AllPruningsAverage,
    CostComplexity,
    CriticalValue,
    ErrorBased,
    HierarchicalShrinkage,
    MaxDepth,
    MergeEqualLeaves,
    MinImpurityDecrease,
    MinimumDescriptionLength,
    MinimumError,
    MinSamples,
    OptimalSubtree,
    PathMethod,
    PessimisticError,
    PruningMethod,
    SelectedNodes,
    Sequence,
    Significance,
    as_method,
)
from treeprune.testing import forest_apply, same_arrays

#: Every method, set so that it does something to a fully grown tree of some hundred rows.
EXAMPLES = [cls(**params) for cls in ALIASES.values() if not cls.for_ensembles for params in cls.examples]
KNOBS = [method for method in map(as_method, sorted(ALIASES)) if method.knob]
OUT_OF_RANGE = [
    (AllPruningsAverage(split_probability=1.0), "split_probability"),
    (AllPruningsAverage(learning_rate=-1), "learning_rate"),
    (CriticalValue(-0.1), "threshold"),
    (ErrorBased(0.0), "confidence"),
    (ErrorBased(1.0), "confidence"),
    (ErrorBased(slack=-1), "slack"),
    (HierarchicalShrinkage(-1), "reg"),
    (MaxDepth(-1), "max_depth"),
    (MaxDepth(2.5), "max_depth"),
    (MergeEqualLeaves("nothing"), "same"),
    (MinImpurityDecrease(np.nan), "min_impurity_decrease"),
    (MinSamples(leaf=0), "leaf"),
    (MinSamples(split=1), "split"),
    (MinimumError(-1), "m"),
    (MinimumError(prior="none"), "prior"),
    (OptimalSubtree(n_leaves=0), "n_leaves"),
    (PessimisticError(-1), "n_standard_errors"),
    (Significance(1.5), "level"),
    (Significance(test="t"), "test"),
    (Significance(adjustment="some"), "adjustment"),
    (SelectedNodes([99999]), "nodes"),
]


#: Methods whose defaults prune nothing of a tree with pure leaves.
NOTHING_BY_DEFAULT = {
    "cost_complexity", "critical_value", "max_depth", "min_impurity_decrease", "min_samples", "optimal_subtree",
    "selected_nodes", "sequence", "merge_equal_leaves", "tree_selection",
}  # fmt: skip


def data(task):
    if task == "classification":
        X, y = load_digits(return_X_y=True)
        y = np.where(np.random.default_rng(0).random(len(y)) < 0.1, 0, y)
    else:
        X, y = load_diabetes(return_X_y=True)
    return X[:300], y[:300], X[300:442], y[300:442]


def fitted(task, *, X=None, y=None, **fit_params):
    tree = DecisionTreeClassifier if task == "classification" else DecisionTreeRegressor
    X, y = (X, y) if X is not None else data(task)[:2]
    return tree(random_state=0).fit(X, y, **fit_params)


def rows_for(method, task):
    X, y, X_new, y_new = data(task)
    return (X_new, y_new) if method.needs_rows else (X, y) if method.needs_training_rows else (None, None)


each_method = pytest.mark.parametrize("method", EXAMPLES, ids=repr)
each_task = pytest.mark.parametrize("task", ["classification", "regression"])


def test_every_method_has_an_example_and_an_alias():
    public = [getattr(methods, name) for name in methods.__all__]
    classes = [cls for cls in public if issubclass(cls, PruningMethod) and not isabstract(cls)]
    assert [cls for cls in classes if not (hasattr(cls, "alias") and cls.examples)] == []
    assert set(ALIASES.values()) == set(classes)


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_defaults_work_under_the_alias(alias):
    method = as_method(alias)
    model, rows = fitted("classification"), rows_for(method, "classification")
    small, same = prune(model, alias, *rows), prune(model, type(method)(), *rows)
    assert same_arrays(small, same)
    unchanged = small.get_n_leaves() == model.get_n_leaves()
    assert unchanged == (alias in NOTHING_BY_DEFAULT or method.soft)


@each_method
@each_task
def test_gives_a_smaller_or_softer_model_of_the_same_class(method, task):
    model = fitted(task)
    before = pickle.dumps(model)
    if not method.takes(task):
        with pytest.raises(ValueError, match=f"{type(method).__name__} prunes trees "):
            prune(model, method, *rows_for(method, task))
        return
    small = prune(model, method, *rows_for(method, task))
    assert pickle.dumps(model) == before
    assert type(small) is type(model)
    X = data(task)[2]
    assert small.get_n_leaves() <= model.get_n_leaves()
    if method.soft:
        assert small.get_n_leaves() == model.get_n_leaves()
        assert not np.array_equal(small.tree_.value, model.tree_.value)
    elif not (isinstance(method, MergeEqualLeaves)):
        assert small.get_n_leaves() < model.get_n_leaves()
    if task == "classification":
        p = small.predict_proba(X)
        assert (p >= 0).all()
        assert p.sum(axis=1) == pytest.approx(np.ones(len(X)), abs=1e-12)
    forest = find_adapter(small).forest
    assert np.array_equal(small.apply(X), forest.node_id[forest_apply(forest, X.astype(np.float32))])


@each_method
def test_says_the_same_of_several_outputs_or_that_it_does_not_take_them(method):
    X, y, X_new, y_new = data("classification")
    two, two_new = (np.stack([labels, labels], axis=1) for labels in (y, y_new))
    model = fitted("classification", X=X, y=two)
    rows = (X_new, two_new) if method.needs_rows else (X, two) if method.needs_training_rows else ()
    if isinstance(method, ErrorBased) and method.raising:
        with pytest.raises(ValueError, match="one output"):
            prune(model, method, *rows)
        return
    alone = prune(fitted("classification"), method, *rows_for(method, "classification"))
    if not isinstance(method, (Significance, MinimumDescriptionLength)):  # two copies of y are twice the evidence there
        assert prune(model, method, *rows).get_n_leaves() == alone.get_n_leaves()


@each_method
@each_task
def test_integer_weights_count_as_repetitions(method, task):
    counts_weights_as_one = any(isinstance(part, MinSamples) for part in method.methods_in_order)
    if counts_weights_as_one or not method.takes(task):
        pytest.skip("not for this method")
    X, y, X_new, y_new = data(task)
    times = np.random.default_rng(0).integers(1, 4, len(X))
    weighted = fitted(task, sample_weight=times)
    repeated = fitted(task, X=X.repeat(times, axis=0), y=y.repeat(times))
    times_new = np.random.default_rng(1).integers(0, 3, len(X_new))
    if method.needs_rows:
        small = prune(weighted, method, X_new, y_new, sample_weight=times_new)
        expected = prune(repeated, method, X_new.repeat(times_new, axis=0), y_new.repeat(times_new))
    elif method.needs_training_rows:
        small = prune(weighted, method, X, y, sample_weight=times)
        expected = prune(repeated, method, X.repeat(times, axis=0), y.repeat(times))
    else:
        small, expected = prune(weighted, method), prune(repeated, method)
    for name in ("children_left", "feature", "threshold", "weighted_n_node_samples"):
        assert np.array_equal(getattr(small.tree_, name), getattr(expected.tree_, name))
    assert np.allclose(small.tree_.value, expected.tree_.value, rtol=1e-12)


@each_method
def test_rows_of_training_say_what_the_model_stores(method):
    if method.needs_rows or method.needs_training_rows:
        pytest.skip("has to be given rows")
    X, y, _, _ = data("classification")
    model = fitted("classification")
    assert same_arrays(prune(model, method, X, y), prune(model, method))


@each_method
def test_parameters_are_stored_unchanged_and_cloned(method):
    twin = clone(method)
    assert repr(twin) == repr(method)
    assert type(method)(**method.get_params(deep=False)).get_params().keys() == method.get_params().keys()
    assert repr(pickle.loads(pickle.dumps(method))) == repr(method)


@pytest.mark.parametrize(("method", "name"), OUT_OF_RANGE, ids=repr)
def test_parameters_out_of_range_are_named(method, name):
    task = "classification"
    with pytest.raises(ValueError, match=f"'{name}' parameter of {type(method).__name__} must .* Got "):
        prune(fitted(task), method, *rows_for(method, task))


@each_method
def test_trees_of_a_forest_are_pruned_one_by_one(method):
    if isinstance(method, (CostComplexity, OptimalSubtree)) and method.n_leaves:
        pytest.skip("trees share their leaves")
    if isinstance(method, (SelectedNodes, Sequence)) or method.needs_training_rows:
        pytest.skip("tested on its own")
    rng = np.random.default_rng(5)
    pair = naive.random_forest(rng, [25, 40]).canonical()
    X, target, weight = naive.rows_of(rng, pair, 200)
    plans = []
    for forest in (pair, *(alone(pair, tree) for tree in (0, 1))):
        rows = Rows(forest, lambda t, forest=forest: forest_apply(forest, X, t), target, weight)
        plans.append(method.plan(forest, rows if method.needs_rows else None))
    for name in ("collapse", "value"):
        both, *parts = (getattr(plan, name) for plan in plans)
        filled = [empty(name, pair, t) if part is None else part for t, part in enumerate(parts)]
        both = np.concatenate([empty(name, pair, t) for t in (0, 1)]) if both is None else both
        assert np.allclose(both, np.concatenate(filled), rtol=1e-12)


def alone(pair, tree):
    low, high = pair.start[tree : tree + 2]
    left, right = (
        np.where(child[low:high] < 0, -1, child[low:high] - low) for child in (pair.children_left, pair.children_right)
    )
    return pair.take(
        np.arange(low, high), left.astype(np.int32), right.astype(np.int32), np.zeros(1, np.int32),
        tree_id=None, tree_class=None, tree_weight=None,
    )  # fmt: skip


def empty(name, pair, tree):
    low, high = pair.start[tree : tree + 2]
    return np.zeros(high - low, bool) if name == "collapse" else pair.value[low:high]


@pytest.mark.parametrize("method", [m for m in KNOBS if isinstance(m, PathMethod) and m.nested], ids=repr)
@given(forest=naive.forests(max_leaves=10, max_trees=2))
def test_paths_are_nested_and_say_what_the_method_does(method, forest):
    if not method.takes(forest.task):
        return
    path = method.path(forest)
    assert not path.strength[forest.is_leaf].any()
    assert (path.strength[forest.internal] > 0).all()
    below = forest.parent >= 0
    assert (path.strength[below] <= path.strength[forest.parent[below]]).all()
    assert path.n_leaves[0] == forest.n_leaves
    alphas = -np.log([0.99, 0.7, 0.3, 0.1, 0.01]) if isinstance(method, Significance) else path.alphas[1:]
    for alpha in alphas:
        at_alpha, _ = graft(forest, path.plan(alpha=alpha))
        assert at_alpha.n_leaves == path.n_leaves[path.step(alpha=alpha)]
        value = path.knob.of_alpha(np.array([alpha]))[0]
        assert path.knob.name == method.knob
        if not isinstance(method, Significance):  # whose scale rounds
            assert path.knob.to_alpha(value) == alpha
        small, _ = graft(forest, clone(method).set_params(**{method.knob: value}).plan(forest))
        assert same_nodes(small, at_alpha)


def same_nodes(a, b):
    return np.array_equal(a.node_id, b.node_id) and np.array_equal(a.children_left, b.children_left)


@given(naive.forests(max_leaves=12, min_leaves=2, task="classification"), st.lists(st.floats(0, 5), min_size=2))
def test_pessimistic_trees_are_nested(forest, knobs):
    kept = [naive.pruned(forest, np.flatnonzero(PessimisticError(k).plan(forest).collapse))[1] for k in sorted(knobs)]
    assert all(set(smaller) <= set(larger) for larger, smaller in pairwise(kept))


@pytest.mark.parametrize("method", [method for method in KNOBS if not method.nested], ids=repr)
def test_knobs_without_a_nested_path(method):
    # Counter-examples: test_error_based, test_minimum_error, test_optimal_subtree.
    assert type(method) in (ErrorBased, MinimumError, OptimalSubtree)


def test_path_of_a_method_without_one():
    with pytest.raises(ValueError, match="ReducedError gives no path"):
        pruning_path(fitted("classification"), "reduced_error")


def chain(n_splits):
    """A chain of splits on one feature, its leaves' rows, one or two each, of two classes at random."""
    rng = np.random.default_rng(0)
    shape = naive.chain(n_splits)
    leaf = np.flatnonzero(shape.is_leaf)
    x = np.append(leaf[:-1] - 1.0, 1e9)  # ends in its leaf: at most the threshold of the split above, more than before
    at = np.repeat(leaf, 2).astype(np.int32)
    X, code = np.repeat(x, 2)[:, None], rng.integers(0, 2, len(at)).astype(np.int32)
    counts = np.zeros((shape.n_nodes, 2))
    np.add.at(counts, (at, code), 1.0)
    for node in range(shape.n_nodes - 3, -1, -2):
        counts[node] = counts[node + 1] + counts[node + 2]
    n = counts.sum(axis=1)
    share = counts / n[:, None]
    changes = {"value": share[:, None], "task": "classification", "criterion": "gini"}
    changes |= {"n_classes": np.array([2], np.int32), "n_node_samples": n.astype(np.int64)}
    changes |= {"weighted_n_node_samples": n, "impurity": 1 - (share**2).sum(axis=1)}
    forest = replace(shape, **changes)
    return forest, Rows(forest, lambda tree: at, code[:, None], compared=lambda: X)


CHAIN = chain(100_000)
SHORTER = chain(5_000)  # to send rows down a chain takes the square of its length


@pytest.mark.parametrize("method", [m for m in EXAMPLES if not isinstance(m, Sequence)], ids=repr)
def test_a_chain_of_200_000_nodes(method):
    forest, rows = SHORTER if method.needs_training_rows else CHAIN
    plan = method.plan(forest, rows if method.needs_rows or method.needs_training_rows else None)
    small, _ = graft(forest, plan)
    graft_again, _ = graft(small, Plan())
    assert same_nodes(graft_again, small)
    if method.soft:
        assert small.n_nodes == forest.n_nodes
    else:  # a chain has one path only: of its nodes in preorder, the first ones stay
        kept = np.flatnonzero(np.isin(forest.node_id, small.node_id))
        assert small.n_nodes < forest.n_nodes
        assert small.n_leaves == (small.n_nodes + 1) // 2
        assert len(kept) == small.n_nodes


@pytest.mark.parametrize("soft", [HierarchicalShrinkage(reg=20), AllPruningsAverage()], ids=repr)
@each_task
def test_soft_and_hard_compose_in_either_order(soft, task):
    rows = data(task)[2:] if soft.needs_rows else ()
    model, hard = fitted(task), CostComplexity(n_leaves=20)
    shrunk_last = prune(prune(model, hard), soft, *rows)
    shrunk_first = prune(prune(model, soft, *rows), hard)
    assert shrunk_last.get_n_leaves() <= 20 >= shrunk_first.get_n_leaves()
    if isinstance(soft, HierarchicalShrinkage):  # what hard pruning sees, the stored impurities, has not changed
        assert same_arrays(shrunk_last, shrunk_first)


@given(naive.forests(max_leaves=8, max_trees=2, task="classification"))
def test_plans_of_leaves_alone_do_nothing(forest):
    for method in (
        MaxDepth(),
        CriticalValue(),
        MinImpurityDecrease(),
        MinSamples(),
        OptimalSubtree(),
        CostComplexity(),
    ):
        assert graft(forest, method.plan(forest))[0].n_leaves == forest.n_leaves
    assert not Plan().operations


def test_breast_cancer_by_every_method_beats_the_root():
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
    for alias in compared_methods("classification"):
        small = prune(tree, alias, X[::2], y[::2])
        assert small.score(X[1::2], y[1::2]) > 0.85, alias
