"""Compact files: exact, checked, without pickle."""

import copy
import pickle
import sys

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor

from tests.zoo import BAGGED, SINGLE_TREES
from treeprune import ModelFormatError, UnsupportedModelError, load_compact, prune, save_compact
from treeprune.core.packing import MAGIC, rounded_down
from treeprune.methods import JointPruning
from treeprune.testing import same_arrays

MODELS = {
    name: specimen
    for name, specimen in (SINGLE_TREES | BAGGED).items()
    if not name.startswith("Bagging") and "class_weight" not in name
}
pytestmark = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")


def round_trip(model, folder, level):
    n_bytes = save_compact(model, folder / "model", level)
    assert n_bytes == (folder / "model").stat().st_size
    return load_compact(folder / "model")


def as_list(probabilities):
    return probabilities if isinstance(probabilities, list) else [probabilities]


def unflagged(tree):
    """The tree without what scikit-learn's best-first trees leave behind at leaves and nothing ever reads."""
    tree = copy.deepcopy(tree)
    state = tree.tree_.__getstate__()
    state["nodes"]["missing_go_to_left"][state["nodes"]["left_child"] == -1] = 0
    tree.tree_.__setstate__(state)
    return tree


@pytest.mark.parametrize("level", ["predict", "full"])
@pytest.mark.parametrize("name", MODELS)
def test_predictions_come_back_exactly(name, level, tmp_path):
    specimen = MODELS[name]
    model, X = specimen.model, specimen.rows[0]
    loaded = round_trip(model, tmp_path, level)
    assert type(loaded) is type(model)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    if hasattr(model, "classes_"):
        for a, b in zip(*(as_list(m.predict_proba(X)) for m in (loaded, model)), strict=True):
            np.testing.assert_array_equal(a, b)
    if level == "full":
        for a, b in zip(getattr(loaded, "estimators_", [loaded]), getattr(model, "estimators_", [model]), strict=True):
            assert same_arrays(a, unflagged(b))
        np.testing.assert_array_equal(loaded.feature_importances_, model.feature_importances_)
    again = round_trip(loaded, tmp_path, level)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_rounding_thresholds_down_sends_float32_rows_the_same_way():
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000).astype(np.float32)
    threshold = np.concatenate(
        [x[:500].astype(float), (x[:1000:2].astype(float) + x[1:1000:2]) / 2, rng.normal(size=500)]
    )
    np.testing.assert_array_equal(x[:, None] <= threshold, x[:, None] <= rounded_down(threshold))


@pytest.mark.parametrize("level", ["predict", "full"])
def test_a_forest_with_a_link_comes_back(level, tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    small = prune(RandomForestClassifier(10, random_state=0).fit(X, y), JointPruning(fraction=0.3), X, y)
    loaded = round_trip(small, tmp_path, level)
    assert type(loaded) is type(small)
    np.testing.assert_array_equal(loaded.predict_proba(X), small.predict_proba(X))


def test_classifier_forests_take_few_bytes_per_node(tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(y), 3000)
    X = (X[rows] + 0.1 * X.std(axis=0) * rng.normal(size=(3000, 30))).astype(np.float32)
    forest = RandomForestClassifier(40, max_features=2, random_state=0).fit(X, y[rows] ^ (rng.random(3000) < 0.1))
    n_nodes = sum(tree.tree_.node_count for tree in forest.estimators_)
    assert save_compact(forest, tmp_path / "predict") <= 3 * n_nodes
    assert save_compact(forest, tmp_path / "full", "full") <= 5.5 * n_nodes
    assert len(pickle.dumps(forest)) > 50 * n_nodes


def test_the_library_s_own_names_come_back(tmp_path):
    frame, y = load_diabetes(return_X_y=True, as_frame=True)
    model = RandomForestRegressor(3, max_depth=3, random_state=0).fit(frame, y)
    loaded = round_trip(model, tmp_path, "predict")
    np.testing.assert_array_equal(loaded.feature_names_in_, model.feature_names_in_)
    np.testing.assert_array_equal(loaded.predict(frame), model.predict(frame))
    assert loaded.get_params() == model.get_params()


def test_other_families_are_refused(tmp_path):
    model = GradientBoostingRegressor(n_estimators=2).fit(*load_diabetes(return_X_y=True))
    with pytest.raises(UnsupportedModelError, match="GradientBoostingRegressor"):
        save_compact(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 5, len(MAGIC) + 1, 200, -1])
def test_damaged_files_are_refused(cut, tmp_path):
    model = RandomForestRegressor(2, max_depth=3).fit(*load_diabetes(return_X_y=True))
    save_compact(model, tmp_path / "model")
    data = (tmp_path / "model").read_bytes()
    (tmp_path / "model").write_bytes(data[:cut])
    with pytest.raises(ModelFormatError):
        load_compact(tmp_path / "model")


def test_another_version_is_refused(tmp_path):
    (tmp_path / "model").write_bytes(MAGIC + b"\x63" + b"0" * 50)
    with pytest.raises(ModelFormatError, match="version 99"):
        load_compact(tmp_path / "model")


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosters_come_back(library, tmp_path):
    module = pytest.importorskip(library)
    X, y = load_diabetes(return_X_y=True)
    if library == "xgboost":
        model = module.train({"max_depth": 3, "nthread": 1}, module.DMatrix(X, y), 5)
        rows = module.DMatrix(X)
    else:
        model, rows = module.train({"verbose": -1, "num_threads": 1}, module.Dataset(X, y), 5), X
    loaded = round_trip(model, tmp_path, "predict")
    np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))
    assert "pickle" not in sys.modules.get("treeprune.compact").__dict__
