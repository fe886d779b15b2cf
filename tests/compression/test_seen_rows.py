"""Rows that a model was fitted on are recognised, and compress says that they show nothing of new ones."""

import pytest
from sklearn.base import is_outlier_detector
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from treeprune import compress
from treeprune.compression.seen_rows import was_fitted_on

X, Y = make_classification(1200, 6, n_informative=4, random_state=0)
MODELS = [
    DecisionTreeClassifier(random_state=0),
    RandomForestClassifier(4, random_state=0),
    ExtraTreesClassifier(4, random_state=0),
    GradientBoostingClassifier(n_estimators=4),
    HistGradientBoostingClassifier(max_iter=4),
    IsolationForest(n_estimators=4, random_state=0),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_rows_that_grew_a_model_are_told_from_others(model):
    model.fit(X[:400], None if is_outlier_detector(model) else Y[:400])
    assert was_fitted_on(model, X[:400])
    assert not was_fitted_on(model, X[400:800])
    assert not was_fitted_on(model, X[:300])


def test_compress_warns_of_them():
    model = RandomForestClassifier(4, random_state=0).fit(X[:400], Y[:400])
    with pytest.warns(UserWarning, match="was fitted on these rows"):
        found = compress(model, X[:400], faithful=0.8, effort="quick")
    assert "was fitted on these rows" in found.message
    assert "was fitted on these rows" not in compress(model, X[400:], faithful=0.8, effort="quick").message
    # rows of its own to test by are what counts
    assert (
        "was fitted on these rows" not in compress(model, X[:400], X_val=X[400:], faithful=0.8, effort="quick").message
    )
