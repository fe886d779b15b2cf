"""Rows to grow by and rows to judge by."""

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils import compute_sample_weight

from treeprune.feature_selection.draws import draw_rows, fit_draws


def test_rows_count_by_weights_of_classes_as_in_growing():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), (rng.random(60) < 0.3).astype(int)
    forest = RandomForestClassifier(2, class_weight="balanced")
    draws = list(draw_rows(2, 60, None, None, (1,)))
    for (grow, judge, _), rows in zip(draws, fit_draws(forest, X, y, None, iter(draws), 4, False), strict=True):
        share = compute_sample_weight("balanced", y[grow])
        expected = [share[y[grow] == label][0] for label in y[judge]]
        np.testing.assert_allclose(rows.sample_weight, expected)
        assert not np.allclose(expected, compute_sample_weight("balanced", y[judge]))
