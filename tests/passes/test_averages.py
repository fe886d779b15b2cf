"""How much of the weight of all prunings reaches each node."""

import math

import numpy as np
import pytest

from tests import naive
from treeprune.passes.averages import reach_shares


def test_hand_worked_example():
    # One split; losses: 1 as a leaf, 0.25 in each of two leaves. Prior 1/2 each: weights e^-1 and e^-0.5.
    forest, loss = naive.chain(1), np.array([1.0, 0.25, 0.25])
    split = math.exp(-0.5) / (math.exp(-0.5) + math.exp(-1))
    assert reach_shares(forest, loss, 0.5) == pytest.approx([1, split, split])


def test_losses_that_underflow_leave_the_best_pruning():
    forest = naive.chain(3)
    loss = np.array([1e5, 0, 0, 0, 5e4, 0, 0], float)
    assert reach_shares(forest, loss, 0.5) == pytest.approx([1, 1, 1, 1 / 3, 1 / 3, 1 / 3, 1 / 3])
