"""Scores of all prunings at once are scikit-learn's, and weights count as repetitions."""

import numpy as np
import pytest
from sklearn.metrics import check_scoring
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import pruning_path
from treeprune.adapters import find_adapter
from treeprune.estimators import scoring as of

CLASSES, NUMBERS = of._OF_CLASSES, of._OF_NUMBERS


@pytest.mark.parametrize("name", [*CLASSES, *NUMBERS])
@pytest.mark.parametrize("weights", ["none", "integer", "real"])
def test_every_score_is_scikit_learns_at_every_step(name, weights):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4)).round(1)
    y = np.exp(X[:, 0] + 0.5 * rng.normal(size=150))
    y = np.digitize(y, [0.7, 1.5]) if name in CLASSES else y
    tree = DecisionTreeClassifier if name in CLASSES else DecisionTreeRegressor
    model = tree(random_state=0, min_samples_leaf=3).fit(X[:80], y[:80])
    X, y = X[80:], y[80:]
    weight = {"none": None, "integer": rng.integers(0, 4, len(y)), "real": rng.gamma(2.0, size=len(y))}[weights]
    path, scorer = pruning_path(model), check_scoring(model, name)
    known = {**CLASSES, **NUMBERS}[name](find_adapter(model).rows(X, y, weight), getattr(model, "classes_", None))
    found = known.along(path, path.alphas).score
    params = {} if weight is None else {"sample_weight": weight}
    expected = [scorer(path.prune(step=step), X, y, **params) for step in range(len(path))]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
