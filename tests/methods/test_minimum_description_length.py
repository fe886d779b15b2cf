"""Code lengths, worked by hand and checked over all prunings."""

from math import lgamma, log, log2, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive
from tests.zoo import DATA, SINGLE_TREES
from treeprune import MissingStatisticError, prune
from treeprune.core.rows import Rows
from treeprune.methods import MinimumDescriptionLength
from treeprune.methods.minimum_description_length import (
    gaussian_bits,
    krichevsky_trofimov_bits,
    mehta_bits,
    quinlan_rivest_bits,
)
from treeprune.testing import forest_apply, same_arrays


def test_krichevsky_and_trofimov_by_hand():
    """Classes a, a, b, a one after the other: 1/2, then 1.5/2, 0.5/3 and 2.5/4, whatever their order."""
    by_hand = -log2(1 / 2 * 1.5 / 2 * 0.5 / 3 * 2.5 / 4)
    bits = krichevsky_trofimov_bits(np.array([[3.0, 1], [0, 0]]))
    assert bits == pytest.approx([by_hand, 0])
    assert krichevsky_trofimov_bits(np.eye(26)[:1]) == pytest.approx([log2(26)])  # one row, nothing known before


def test_krichevsky_and_trofimov_is_the_large_sample_form_but_for_a_constant():
    """Mehta et al. write n/2 where the stochastic complexity has n / (2 pi): (k - 1)/2 log2(pi) more."""
    counts = np.array([[3e5, 2e5, 5e5]])
    assert mehta_bits(counts) - krichevsky_trofimov_bits(counts) == pytest.approx(2 / 2 * log2(pi), abs=1e-4)


def test_mehta_by_hand():
    """Counts 6 and 2, two classes: 6 log2(8/6) + 2 log2(8/2) + 1/2 log2(8/2) + log2(pi / Gamma(1))."""
    by_hand = 6 * 0.4150374992788438 + 2 * 2 + 0.5 * 2 + 1.6514961294723187
    assert by_hand == pytest.approx(9.1417211251)
    assert mehta_bits(np.array([[6.0, 2.0]])) == pytest.approx([by_hand])


def test_mehta_by_hand_three_classes_one_pure():
    """Counts 4, 0 and 0: no term of counts, (3 - 1)/2 log2(4/2), log2(pi^1.5 / Gamma(1.5)); nothing for no rows."""
    by_hand = 0 + 1 * 1 + log2(pi**1.5 / (sqrt(pi) / 2))
    assert by_hand == pytest.approx(1 + log2(2 * pi))
    assert mehta_bits(np.array([[4.0, 0, 0], [0, 0, 0]])) == pytest.approx([by_hand, 0])


def test_quinlan_and_rivest_by_hand():
    """Counts 6 and 2: one bit for the default, log2((8 + 1)/2 + 1) for how many exceptions, log2 C(8, 2) for which."""
    by_hand = 1 + log2(5.5) + log2(28)
    assert by_hand == pytest.approx(8.2667865407)
    assert quinlan_rivest_bits(np.array([[2.0, 6.0]])) == pytest.approx([by_hand])


def test_quinlan_and_rivest_by_hand_three_classes():
    """Counts 5, 3 and 1: default of three among 9 rows, 4 exceptions of at most 6; of these 4, one of at most 2.5."""
    first = log2(3) + log2(9 * 2 / 3 + 1) + log2(9 * 8 * 7 * 6 / 24)
    second = log2(2) + log2((4 + 1) / 2 + 1) + log2(4)
    assert quinlan_rivest_bits(np.array([[3.0, 1, 5]])) == pytest.approx([first + second])
    pure = log2(3) + log2(9 * 2 / 3 + 1)  # no exceptions, and so no second list
    assert quinlan_rivest_bits(np.array([[0.0, 9, 0], [0, 0, 0]])) == pytest.approx([pure, 0])


def test_gaussian_by_hand():
    """Two rows 1 and 3 of a root with mean 0 and variance 4: S = 2, distance 2, kappa = nu = 3."""
    spread = (2 + 2 / 3 * 4) / 4
    nats = log(sqrt(pi)) - lgamma(1.5) + 0.5 * log(3) + 1.5 * log(1 + spread) + 2 / 2 * log(pi)
    assert lgamma(1.5) == pytest.approx(log(sqrt(pi) / 2))
    bits = gaussian_bits(np.array([2.0]), np.array([2.0]), np.array([4.0]), 4.0)
    assert bits == pytest.approx([nats / log(2)])


def test_gaussian_is_the_integral_that_it_stands_for():
    """Mean and variance integrated out numerically: normal rows, normal mean, inverse gamma(1/2, 1/2) variance."""
    y = np.array([0.3, -0.4, 1.1])

    def normal(x, mean, deviation):
        return np.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * sqrt(2 * pi))

    def given(mean, log_variance):
        variance = np.exp(log_variance)
        deviation = np.sqrt(variance)
        rows = np.prod([normal(x, mean, deviation) for x in y], axis=0)
        inverse_gamma = 0.5**0.5 / sqrt(pi) * variance**-1.5 * np.exp(-0.5 / variance)
        return rows * normal(mean, 0, deviation) * inverse_gamma * variance

    mean, log_variance = np.linspace(-60, 60, 6001)[:, None], np.linspace(-6, 9, 601)[None]
    evidence = given(mean, log_variance).sum() * 0.02 * 0.025
    squares, distance = ((y - y.mean()) ** 2).sum(), y.mean() ** 2
    bits = gaussian_bits(np.array([3.0]), np.array([squares]), np.array([distance]), 1.0)
    assert bits == pytest.approx([-log2(evidence)], rel=1e-3)


def whole_code(forest, collapsed, leaf_bits):
    """Bits of a pruned tree and its targets, term by term."""
    leaves, splits = naive.pruned(forest, collapsed)
    n = naive.counts(forest)
    features = log2(forest.n_features)
    return sum(1 + leaf_bits[leaf] for leaf in leaves) + sum(1 + features + log2(max(n[s] - 1, 1)) for s in splits)


@given(naive.forests(max_leaves=12, n_outputs=2), st.sampled_from(["auto", "mehta", "quinlan_rivest"]))
def test_shortest_of_all_codes(forest, code):
    n, value = naive.counts(forest), forest.value
    if forest.task == "classification":
        bits_of = {"mehta": mehta_bits, "quinlan_rivest": quinlan_rivest_bits}.get(code, krichevsky_trofimov_bits)
        bits = sum(bits_of(np.round(value[:, o] * n[:, None])) for o in range(2))
    else:
        code = "auto"
        distance = ((value - value[0]) ** 2).sum(axis=(1, 2))
        bits = gaussian_bits(n, 2 * forest.impurity * n, distance, forest.impurity[0], 2)
    ours = set(np.flatnonzero(MinimumDescriptionLength(code).plan(forest).collapse))
    lengths = {p: whole_code(forest, p, bits) for p in naive.all_prunings(forest)}
    best = min(lengths.values()) + 1e-9 * max(1, abs(bits).max())
    assert whole_code(forest, ours, bits) <= best
    smallest = min(len(naive.pruned(forest, p)[0]) for p, length in lengths.items() if length <= best)
    assert len(naive.pruned(forest, ours)[0]) == smallest


@pytest.mark.parametrize("outputs", ["numbers", "numbers, 3 outputs"])
@pytest.mark.parametrize(("factor", "shift"), [(8.0, 0.0), (-0.5, 0.0), (1.0, 1024.0), (3.7, -11.0), (1e-6, 1e-3)])
def test_the_gaussian_code_knows_no_unit_and_no_origin(outputs, factor, shift):
    specimen = SINGLE_TREES[f"DecisionTreeRegressor, {outputs}"]
    X, y = specimen.rows
    tree = specimen.model
    small = prune(tree, "mdl", X, y)
    assert 1 < small.get_n_leaves() < tree.get_n_leaves()
    moved = prune(type(tree)(random_state=0).fit(X, y), "mdl")
    again = type(tree)(random_state=0).fit(X, factor * y + shift)
    if np.array_equal(again.tree_.threshold, tree.tree_.threshold):
        assert np.array_equal(prune(again, "mdl").tree_.threshold, moved.tree_.threshold)
        assert np.array_equal(prune(again, "mdl", X, factor * y + shift).tree_.threshold, small.tree_.threshold)
    else:
        assert (factor, shift) in {(3.7, -11.0), (1e-6, 1e-3), (1.0, 1024.0)}  # ties broken by other rounding


def test_stored_statistics_and_training_rows_give_the_same_tree(single_tree):
    if "absolute_error" in single_tree.name or "poisson" in single_tree.name:
        with pytest.raises(MissingStatisticError, match="does not store sums of squares; give rows"):
            prune(single_tree.model, "mdl")
    elif getattr(single_tree.estimator, "class_weight", None) or "monotonic" in single_tree.name:
        prune(single_tree.model, "mdl")
    else:
        X, y = single_tree.rows
        by_rows = prune(single_tree.model, "mdl", X, y, sample_weight=single_tree.sample_weight)
        assert same_arrays(prune(single_tree.model, "mdl"), by_rows)


@given(naive.forests(max_leaves=10), st.integers(0, 2**32 - 1))
def test_weights_are_repetitions(forest, seed):
    X, target, weight = naive.rows_of(np.random.default_rng(seed), forest, 30)
    leaf, times = forest_apply(forest, X), weight.astype(int)
    weighted = Rows(forest, lambda _: leaf, target, weight)
    times = times // max(np.gcd.reduce(times), 1)
    repeated = Rows(forest, lambda _: np.repeat(leaf, times), np.repeat(target, times, axis=0))
    a, b = (MinimumDescriptionLength().plan(forest, r).collapse for r in (weighted, repeated))
    assert np.array_equal(a, b)


def test_noise_is_pruned_and_structure_kept():
    rng = np.random.default_rng(0)
    X = rng.random((400, 3))
    noise, steps = rng.integers(0, 2, 400), (X[:, 0] > 0.5) ^ (X[:, 1] > 0.5)
    tree = SINGLE_TREES["DecisionTreeClassifier, iris"].estimator
    for code in ("mehta", "quinlan_rivest"):
        method = MinimumDescriptionLength(code)
        assert prune(type(tree)(random_state=0).fit(X, noise), method).get_n_leaves() <= 3
        assert prune(type(tree)(random_state=0).fit(X, steps), method).score(X, steps) > 0.95


@pytest.mark.parametrize("code", ["kt", None, 1])
def test_bad_code(code):
    with pytest.raises(ValueError, match=rf"'code' parameter of .* must be a str among .*'mehta'.* Got {code!r}"):
        prune(SINGLE_TREES["DecisionTreeClassifier, iris"].model, MinimumDescriptionLength(code))


@pytest.mark.parametrize(
    ("name", "code"),
    [("Classifier, iris", "gaussian"), ("Regressor, diabetes", "mehta")],
)
def test_code_of_the_other_task(name, code):
    with pytest.raises(ValueError, match=f"'code' parameter '{code}' does not fit a"):
        prune(SINGLE_TREES[f"DecisionTree{name}"].model, MinimumDescriptionLength(code))


def test_no_rows_of_a_class_or_in_a_leaf():
    """Held-out rows may miss a class, and leaves."""
    X, y = DATA["iris"]()
    model = SINGLE_TREES["DecisionTreeClassifier, iris"].model
    small = prune(model, "mdl", X[y == 1][:3], y[y == 1][:3])
    assert small.get_n_leaves() == 1  # three rows of one class are told by a word
    assert small.predict(X[:1]) == model.classes_[model.tree_.value[0, 0].argmax()]
