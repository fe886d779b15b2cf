"""AllPruningsAverage against the sum over all prunings."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import naive, naive_methods
from treeprune.core.risk import node_risk
from treeprune.core.rows import Rows
from treeprune.methods import AllPruningsAverage
from treeprune.testing import forest_apply


@given(naive.forests(max_leaves=7), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 1.0]), st.floats(0.1, 0.9))
def test_equals_the_sum_over_all_prunings(forest, seed, rate, split_probability):
    X, target, weight = naive.rows_of(np.random.default_rng(seed), forest, 15)
    rows = Rows(forest, lambda tree: forest_apply(forest, X), target, weight)
    method = AllPruningsAverage("error", rate, split_probability, smoothing=0)
    loss = node_risk(forest, "error", rows)[0] / max(np.gcd.reduce(weight.astype(int)), 1)
    expected = naive_methods.average_of_prunings(forest, rate * loss, split_probability)
    assert method.plan(forest, rows).value == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(naive.forests(max_leaves=7), st.integers(0, 2**32 - 1))
def test_defaults_are_the_likelihoods_of_multinomial_and_normal_targets(forest, seed):
    X, target, weight = naive.rows_of(np.random.default_rng(seed), forest, 15)
    weight[0] = 1
    rows = Rows(forest, lambda tree: forest_apply(forest, X), target, weight)
    if forest.task == "classification":
        counts = forest.value * naive.counts(forest)[:, None, None] + 0.5
        forest = replace(forest, value=counts / counts.sum(axis=2, keepdims=True))
    if forest.task == "classification":
        loss, _ = node_risk(forest, "log_loss", rows)
    else:
        loss, _ = node_risk(forest, "error", rows)
        of_leaves = loss[forest.is_leaf].sum()
        loss = loss / (2 * of_leaves / weight.sum()) if of_leaves else 0 * loss
    expected = naive_methods.average_of_prunings(forest, loss, 0.5)
    assert AllPruningsAverage().plan(rows.forest, rows).value == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_needs_rows():
    with pytest.raises(ValueError, match="give X and y"):
        AllPruningsAverage().plan(naive.chain(3))
