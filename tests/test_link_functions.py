"""What makes probabilities of scores, from its definition."""

import numpy as np
import pytest

from treeprune.links import simplex, softmax


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_softmax_divides_by_the_temperature(temperature):
    score = np.random.default_rng(0).normal(size=(20, 3))
    power = np.exp(score / temperature)
    np.testing.assert_allclose(softmax(score, temperature), power / power.sum(axis=1, keepdims=True))


def test_the_nearest_probabilities_are_the_scores_less_one_number_cut_off_at_zero():
    """The condition of Held, Wolfe & Crowder (1974), its number found by bisection."""
    for score in np.random.default_rng(0).normal(0.4, 0.5, size=(50, 4)):
        low, high = score.min() - 1, score.max()
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if np.maximum(score - middle, 0).sum() > 1 else (low, middle)
        np.testing.assert_allclose(simplex(score[None])[0], np.maximum(score - low, 0), atol=1e-12)
