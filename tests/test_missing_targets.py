"""A target with a missing value is refused by name, by every door, before work starts."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import TreePruner, TreePrunerCV, compress, prune, pruning_path, report
from treeprune.feature_selection import AnomalyPruningSelector, PruningPathSelector, PruningRFE, PruningSelector
from treeprune.methods import CostComplexity

X = np.random.default_rng(0).normal(size=(20, 2))
LABELS = np.where(X[:, 0] > 0, "a", "b").astype(object)
TREE, FOREST = DecisionTreeClassifier().fit(X, LABELS), RandomForestClassifier(3).fit(X, LABELS)


def with_gap(gap, y=LABELS):
    return [gap, *y[1:]]


GAPS = {
    "None": with_gap(None),
    "NaN": np.array(with_gap(np.nan), dtype=object),
    "NaN among labels of two outputs": np.column_stack([np.array(with_gap(np.nan), dtype=object), LABELS]),
    "numbers as objects": np.array(with_gap(None, X[:, 1]), dtype=object),
    "pandas text": pd.Series(with_gap(pd.NA), dtype="string"),
    "pandas categories": pd.Series(with_gap(None), dtype="category"),
    "polars": pl.Series(with_gap(None)),
}
DOORS = {
    "TreePruner": lambda y: TreePruner(DecisionTreeClassifier()).fit(X, y),
    "TreePruner of numbers": lambda y: TreePruner(DecisionTreeRegressor()).fit(X, y),
    "validation": lambda y: TreePruner(DecisionTreeClassifier(), "reduced_error", validation=0.3).fit(X, y),
    "score": lambda y: TreePruner(DecisionTreeClassifier()).fit(X, LABELS).score(X, y),
    "TreePrunerCV": lambda y: TreePrunerCV(DecisionTreeClassifier(), cv=2).fit(X, y),
    "TreePrunerCV.score": lambda y: TreePrunerCV(DecisionTreeClassifier(), cv=2).fit(X, LABELS).score(X, y),
    "prune": lambda y: prune(FOREST, "reduced_error", X, y),
    "pruning_path": lambda y: pruning_path(TREE, CostComplexity(), X, y),
    "compress": lambda y: compress(FOREST, X, y, max_nodes=9),
    "report": lambda y: report(TREE, X, y),
    "PruningSelector": lambda y: PruningSelector(n_estimators=2).fit(X, y),
    "PruningRFE": lambda y: PruningRFE(DecisionTreeClassifier()).fit(X, y),
    "PruningPathSelector": lambda y: PruningPathSelector(DecisionTreeClassifier()).fit(X, y),
}


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("door", DOORS)
def test_refused_by_name(door, gap):
    with pytest.raises(ValueError, match=r"The target y must have no missing values. Got 1 in 20 rows."):
        DOORS[door](GAPS[gap])


def test_rows_to_judge_by_have_a_name_of_their_own():
    with pytest.raises(ValueError, match=r"The target y_val must have no missing values"):
        TreePruner(DecisionTreeClassifier(), "reduced_error").fit(X, LABELS, X_val=X, y_val=GAPS["None"])
    with pytest.raises(ValueError, match=r"The target y_val must have no missing values"):
        compress(FOREST, X, LABELS, X_val=X, y_val=GAPS["None"], max_nodes=9)


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA], ids=str)
def test_labels_of_anomalies(gap):
    with pytest.raises(ValueError, match="The labels y must have no missing values"):
        AnomalyPruningSelector().fit(X, np.array(with_gap(gap), dtype=object))


def test_numbers_held_as_objects_are_numbers():
    y = X[:, 1].astype(object)
    model, expected = (TreePruner(DecisionTreeRegressor(random_state=0)).fit(X, target) for target in (y, X[:, 1]))
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
