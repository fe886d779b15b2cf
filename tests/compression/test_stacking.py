"""Rows to judge by go below the others: categories by value, and what does not fit is said before any work."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingRegressor

from treeprune import compress
from treeprune.compression import trials
from treeprune.compression.stacking import stacked
from treeprune.methods import JointPruning

RNG = np.random.default_rng(0)
LETTERS = RNG.choice(list("abcd"), 200)
NUMBERS = RNG.normal(size=200)
Y = (LETTERS == "b") * 2.0 + (LETTERS == "d") + NUMBERS


def frame(categories="abcd", part=slice(None)):
    return pd.DataFrame({"letter": pd.Categorical(LETTERS[part], list(categories)), "x": NUMBERS[part]})


TRAIN, VAL = slice(None, 140), slice(140, None)


@pytest.mark.parametrize("categories", ["abcd", "dcba", "zabcd"])
def test_categories_are_taken_by_value(categories):
    X, y, weight, _ = stacked((frame(part=TRAIN), Y[TRAIN], None), (frame(categories, VAL), Y[VAL], np.full(60, 2.0)))
    assert X["letter"].astype(str).tolist() == LETTERS.tolist()
    assert X["letter"].cat.categories[:4].tolist() == list("abcd")
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(weight, np.repeat([1.0, 2.0], [140, 60]))


@pytest.mark.parametrize("categories", ["dcba", "zabcd"])
def test_compress_does_not_depend_on_the_order_in_which_they_are_declared(categories, monkeypatch):
    monkeypatch.setattr(trials, "REGS", (30.0,))
    monkeypatch.setattr(trials, "OF_BOOSTING", (JointPruning(reg=30.0, shrink_to="zero"),))
    model = HistGradientBoostingRegressor(max_iter=6, categorical_features="from_dtype").fit(
        frame(part=TRAIN), Y[TRAIN]
    )
    results = [
        compress(model, frame(part=TRAIN), Y[TRAIN], X_val=frame(c, VAL), y_val=Y[VAL], max_nodes=40, retrain=False)
        for c in ("abcd", categories)
    ]
    pd.testing.assert_frame_equal(results[0].frontier, results[1].frontier)
    np.testing.assert_array_equal(*(result.model.predict(frame()) for result in results))


def test_sparse_rows_stay_sparse():
    X, _, weight, _ = stacked((csr_matrix(np.eye(3)), Y[:3], None), (csr_matrix(np.eye(3)), Y[:3], None))
    assert X.format == "csr"
    assert X.shape == (6, 3)
    assert weight is None


@pytest.mark.parametrize(
    ("X_val", "message"),
    [
        (frame(part=VAL)[["x", "letter"]], r"columns of X, in their order: \['letter', 'x'\]. Got \['x', 'letter'\]"),
        (
            frame(part=VAL).astype({"letter": object}),
            r"'letter' must hold categories in both X and X_val, or in neither",
        ),
        (frame(part=VAL).to_numpy(), "table of the same kind as X. Got an array and a pandas frame"),
    ],
)
def test_what_does_not_fit_below_the_others_is_refused_before_the_search(X_val, message, monkeypatch):
    monkeypatch.setattr(trials.Trials, "pruned", None)  # fails where it is called
    model = HistGradientBoostingRegressor(max_iter=3, categorical_features="from_dtype").fit(
        frame(part=TRAIN), Y[TRAIN]
    )
    with pytest.raises(ValueError, match=message):
        compress(model, frame(part=TRAIN), Y[TRAIN], X_val=X_val, y_val=Y[VAL], max_nodes=20)
