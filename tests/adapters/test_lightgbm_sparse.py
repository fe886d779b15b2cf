"""LightGBM on sparse rows: every method that looks at rows does the same as on the array of the same numbers."""

import numpy as np
import pytest
from scipy import sparse

from treeprune import TreePruner, compress, prune, pruning_path
from treeprune.methods import DepthPruning, JointPruning, LeafRefit

lightgbm = pytest.importorskip("lightgbm")

FORMS = [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_matrix]
METHODS = ["reduced_error", JointPruning(reg=1.0), DepthPruning(reg=1.0), LeafRefit()]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 6)) * (RNG.random((200, 6)) < 0.5)
Y = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * RNG.normal(size=200)
JUDGED = Y + RNG.normal(size=200)  # so that splits are worth less than in training


@pytest.fixture(scope="module")
def model():
    return lightgbm.LGBMRegressor(n_estimators=8, num_leaves=12, min_child_samples=5, verbose=-1).fit(X, Y)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("method", METHODS, ids=str)
def test_prunes_as_by_the_array(model, form, method):
    expected = prune(model, method, X, JUDGED).predict(X)
    assert not np.array_equal(expected, model.predict(X))
    np.testing.assert_array_equal(prune(model, method, form(X), JUDGED).predict(X), expected)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_path_pruner_and_compress(model, form):
    rows = form(X)
    of_rows, of_array = (pruning_path(model, JointPruning(), data, Y).prune(step=4) for data in (rows, X))
    np.testing.assert_array_equal(of_rows.predict(X), of_array.predict(X))
    pruner = TreePruner(model, "reduced_error", validation=0.3, random_state=0).fit(rows.tocsr(), Y)
    assert pruner.n_leaves_ < TreePruner(model).fit(rows.tocsr(), Y).n_leaves_
    small = compress(model, rows.tocsr(), Y, max_nodes=40, retrain=False).model
    by_array = compress(model, X, Y, max_nodes=40, retrain=False).model
    np.testing.assert_allclose(small.predict(X), by_array.predict(X))
