"""Fisher's exact test against SciPy's."""

import numpy as np
import pytest
from scipy import stats

from treeprune.inference.exact_test import fisher_exact


def test_fisher_equals_scipy():
    rng = np.random.default_rng(0)
    tables = rng.integers(0, rng.choice([3, 20, 300], (200, 1, 1)), (200, 2, 2)).astype(float)
    found = fisher_exact(
        tables[:, 0, 0], tables[:, 0].sum(axis=1), tables[:, :, 0].sum(axis=1), tables.sum(axis=(1, 2))
    )
    expected = [stats.fisher_exact(t.astype(int)).pvalue for t in tables]
    assert found == pytest.approx(np.array(expected), rel=1e-6, abs=1e-12)
