"""Wholes are compressed faithfully without targets: what they say stands for these."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier

from treeprune import compress
from treeprune.composites.exchange import size

from .kinds import COMPOSITES, X

NEW = np.vstack([X + np.random.default_rng(seed).normal(0.0, 0.05, X.shape) * X.std(axis=0) for seed in range(3)])


@pytest.mark.parametrize("name", COMPOSITES)
def test_every_kind_says_what_it_said(name):
    model, y, _ = COMPOSITES[name]
    whole = clone(model).fit(X, y)
    tolerance = None if is_classifier(whole) else 0.3 * np.std(y)
    found = compress(whole, NEW, faithful=0.5, tolerance=tolerance, effort="quick", random_state=0)
    assert type(found.model) is type(whole)
    if name not in ("chain", "pruned by folds"):  # whose trees have few nodes left to lose
        assert size(found.model)[1] < size(whole)[1]
    before, after = whole.predict(NEW), found.model.predict(NEW)
    agrees = before == after if tolerance is None else abs(after - before) <= tolerance
    agrees = agrees.all(axis=1) if agrees.ndim == 2 else agrees
    assert agrees.mean() >= 0.5
    assert found.agreement_bound >= 0.5
