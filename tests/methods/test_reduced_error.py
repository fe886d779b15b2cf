"""Reduced-error pruning against all prunings, for every loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import get_scorer, make_scorer, median_absolute_error
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import naive
from tests.zoo import DATA, SINGLE_TREES
from treeprune import prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.core.rows import Rows
from treeprune.methods import ReducedError
from treeprune.testing import forest_apply, same_arrays

COSTS = np.array([[0.0, 1, 4], [2, 0, 3], [1, 1, 0]])
EPSILON = np.finfo(float).eps
#: Losses of one row (target, value of the node) by the parameters that ask for them.
CLASS_LOSSES = {
    "error": lambda y, p: (p.argmax(axis=1) != y).mean(),
    "brier": lambda y, p: np.square(p - np.eye(p.shape[1])[y]).sum(axis=1).mean(),
    "impurity": lambda y, p: np.square(p - np.eye(p.shape[1])[y]).sum(axis=1).mean(),
    "log_loss": lambda y, p: -np.log(np.maximum(p[np.arange(len(y)), y], EPSILON)).mean(),
    "costs": lambda y, p: COSTS[y[0], p[0].argmax()],
}
NUMBER_LOSSES = {
    "error": lambda y, v: np.square(y - v[:, 0]).mean(),
    "impurity": lambda y, v: np.square(y - v[:, 0]).mean(),
    "absolute_error": lambda y, v: np.abs(y - v[:, 0]).mean(),
}


@st.composite
def cases(draw, losses, max_leaves=12):
    """A forest of one, rows for it, and a loss: ``(forest, rows, name)``."""
    name = draw(st.sampled_from(sorted(losses)))
    task = "classification" if losses is CLASS_LOSSES else "regression"
    forest = draw(naive.forests(max_leaves=max_leaves, task=task, n_outputs=1 if name == "costs" else 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X, y, weight = naive.rows_of(rng, forest, draw(st.integers(1, 30)))
    leaf = forest_apply(forest, X)
    return forest, Rows(forest, lambda _: leaf, y, weight), name


def method(name):
    return ReducedError(cost_matrix=COSTS) if name == "costs" else ReducedError(loss=name)


def check_against_all_prunings(forest, rows, name, loss):
    """No pruning has less loss, and none with as little has fewer leaves; equal up to rounding counts as equal."""
    exact = naive.node_loss(forest, rows.leaf_ids, rows.target, rows.sample_weight, loss)
    loss_of = {p: naive.cost(forest, p, exact) for p in naive.all_prunings(forest)}
    rounding = naive.Fraction(1, 10**12) * max(exact)
    best = min(loss_of.values()) + rounding
    ours = set(np.flatnonzero(method(name).plan(forest, rows).collapse))
    assert naive.cost(forest, ours, exact) <= best
    smallest = min(len(naive.pruned(forest, p)[0]) for p, total in loss_of.items() if total <= best)
    assert len(naive.pruned(forest, ours)[0]) == smallest


@given(cases(CLASS_LOSSES))
def test_best_and_smallest_of_all_prunings_for_classes(case):
    check_against_all_prunings(*case, CLASS_LOSSES[case[2]])


@given(cases(NUMBER_LOSSES))
def test_best_and_smallest_of_all_prunings_for_numbers(case):
    check_against_all_prunings(*case, NUMBER_LOSSES[case[2]])


@given(st.one_of(cases(CLASS_LOSSES), cases(NUMBER_LOSSES)), st.randoms())
def test_weights_are_repetitions(case, random):
    forest, rows, name = case
    repeated = [i for i, w in enumerate(rows.sample_weight) for _ in range(int(w))]
    random.shuffle(repeated)
    leaf = rows.leaf_ids(0)[repeated]
    plain = Rows(forest, lambda _: leaf, rows.target[repeated])
    assert np.array_equal(method(name).plan(forest, rows).collapse, method(name).plan(forest, plain).collapse)


@given(st.one_of(cases(CLASS_LOSSES), cases(NUMBER_LOSSES)), st.integers(-200, 200))
def test_the_unit_of_weight_does_not_matter(case, exponent):
    forest, rows, name = case
    scaled = Rows(forest, rows.leaf_ids, rows.target, np.ldexp(rows.sample_weight, exponent))
    assert np.array_equal(method(name).plan(forest, rows).collapse, method(name).plan(forest, scaled).collapse)


def test_no_worse_on_the_rows_that_guide_it(single_tree):
    X, y = single_tree.rows
    cut = len(y) // 2
    grown = single_tree.estimator.__class__(**single_tree.estimator.get_params()).fit(X[:cut], y[:cut])
    small = prune(grown, ReducedError(), X[cut:], y[cut:])
    assert small.get_n_leaves() <= grown.get_n_leaves()
    wrong = (lambda p: p != y[cut:]) if hasattr(small, "classes_") else (lambda p: (p - y[cut:]) ** 2)
    weight = find_adapter(grown).rows(X[cut:], y[cut:]).sample_weight  # those of classes
    before, after = (np.sum(weight @ wrong(model.predict(X[cut:]))) for model in (grown, small))
    assert after <= before * (1 + 1e-12)
    assert same_arrays(prune(small, ReducedError(), X[cut:], y[cut:]), small)  # nothing is left to prune


def test_what_no_row_reaches_goes():
    X, y = np.arange(8.0)[:, None], np.array([0, 1] * 4)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    small = prune(tree, ReducedError(), X[:2], y[:2])
    assert small.score(X[:2], y[:2]) == 1
    assert small.get_n_leaves() == 2


def test_a_zero_probability_costs_a_finite_number():
    """36.04 nats, as in scikit-learn's log_loss: a leaf that is sure and wrong is worse than one that is not sure."""
    X, y = np.array([[0.0], [0], [0], [1]]), np.array([0, 0, 0, 1])
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    assert prune(tree, ReducedError("log_loss"), [[0.0], [1.0]], [1, 1]).get_n_leaves() == 1
    assert prune(tree, ReducedError("log_loss"), [[0.0], [1.0]], [0, 1]).get_n_leaves() == 2
    assert prune(tree, ReducedError(), [[0.0], [1.0]], [1, 1]).get_n_leaves() == 2


def test_needs_rows():
    model = SINGLE_TREES["DecisionTreeClassifier, iris"].model
    with pytest.raises(ValueError, match=r"ReducedError prunes by rows .*: give X and y"):
        prune(model, "reduced_error")


def test_has_no_path():
    specimen = SINGLE_TREES["DecisionTreeClassifier, iris"]
    with pytest.raises(ValueError, match="ReducedError gives no path of trees"):
        pruning_path(specimen.model, "reduced_error", *specimen.rows)


@pytest.mark.parametrize("loss", ["gini", "squared_error", None, 3])
def test_bad_loss(loss):
    specimen = SINGLE_TREES["DecisionTreeClassifier, iris"]
    with pytest.raises(ValueError, match=rf"'loss' .*must.*'log_loss'.* Got {loss!r}"):
        prune(specimen.model, ReducedError(loss), *specimen.rows)


# Scorers ------------------------------------------------------------------------------------------------------------

SCORERS = [
    ("accuracy", "cancer", DecisionTreeClassifier(random_state=0)),
    ("neg_log_loss", "cancer", DecisionTreeClassifier(random_state=0)),
    ("neg_brier_score", "cancer", DecisionTreeClassifier(random_state=0)),
    *(
        (name, "diabetes", DecisionTreeRegressor(random_state=0))
        for name in ("r2", "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_mean_absolute_error")
    ),
    ("neg_log_loss", "cancer", HistGradientBoostingClassifier(max_iter=3)),
    ("neg_mean_squared_error", "diabetes", HistGradientBoostingRegressor(loss="absolute_error", max_iter=3)),
    ("neg_mean_absolute_error", "diabetes", HistGradientBoostingRegressor(max_iter=3)),
    ("neg_mean_poisson_deviance", "diabetes", HistGradientBoostingRegressor(loss="gamma", max_iter=3)),
    ("neg_mean_gamma_deviance", "diabetes", HistGradientBoostingRegressor(loss="poisson", max_iter=3)),
]


@pytest.mark.parametrize(("name", "data", "model"), SCORERS, ids=lambda case: case if isinstance(case, str) else "")
def test_no_step_of_the_path_has_a_better_score(name, data, model):
    X, y = DATA[data]()
    model, scorer = clone(model).fit(X[::2], y[::2]), get_scorer(name)
    rows = X[1::2], y[1::2]
    pruned = prune(model, ReducedError(scoring=name), *rows)
    path = pruning_path(model, "cost_complexity", *rows)
    rivals = [model, *(path.prune(step=step) for step in range(len(path.n_leaves)))]
    best = scorer(pruned, *rows)
    assert best >= max(scorer(rival, *rows) for rival in rivals) - 0.02 * hasattr(model, "n_iter_") * abs(best) - 1e-12
    again = prune(model, ReducedError(scoring=scorer), *rows)
    np.testing.assert_array_equal(again.predict(X), pruned.predict(X))


def another(estimator, X, y):
    return 1.0


@pytest.mark.parametrize("scoring", ["roc_auc", "f1", "r2", another, make_scorer(median_absolute_error)])
def test_a_score_that_is_no_sum_over_rows_is_refused_by_name(scoring):
    X, y = DATA["cancer"]()
    with pytest.raises(ValueError, match=r"must, for this classification model, be one of 'accuracy', .*TreePrunerCV"):
        prune(DecisionTreeClassifier().fit(X, y), ReducedError(scoring=scoring), X, y)


def test_a_score_of_another_scale_than_the_margin_is_refused():
    X, y = DATA["diabetes"]()
    model = HistGradientBoostingRegressor(loss="poisson", max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"one of 'neg_mean_poisson_deviance', .* Got 'neg_mean_squared_error'"):
        prune(model, ReducedError(scoring="neg_mean_squared_error"), X, y)
