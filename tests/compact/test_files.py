"""Compact files: exact for every family, checked when read, without pickle."""

import json
import os
import pickle
import stat
import subprocess
import sys
from types import FunctionType

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    BaggingRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from tests import boosters, damaged
from tests.zoo import BAGGED, SCIKIT_LEARN, SINGLE_TREES, SMALL_ENSEMBLES
from treeprune import (
    MissingExtraError,
    MissingStatisticError,
    ModelFormatError,
    UnsupportedModelError,
    check_model,
    load_compact,
    prune,
    read_model,
    save_compact,
)
from treeprune.adapters import adapters_by_model, find_adapter
from treeprune.compact.archive import MAGIC, VERSION, write_archive
from treeprune.compact.packing import rounded_down
from treeprune.links import LINKED
from treeprune.methods import JointPruning, MaxDepth

BOOSTERS = {"xgboost": boosters.XGBOOST, "lightgbm": boosters.LIGHTGBM}
OUTPUTS = ("predict", "predict_proba", "decision_function", "score_samples", "apply", "staged_predict")
LEVELS = pytest.mark.parametrize("level", ["predict", "full"])
pytestmark = SMALL_ENSEMBLES


def round_trip(model, folder, level="predict"):
    n_bytes = save_compact(model, folder / "model", level)
    assert n_bytes == (folder / "model").stat().st_size
    return load_compact(folder / "model")


def state_of(value):
    """A model as plain containers of values that compare bit by bit; whatever is not known compares by its pickle."""
    if isinstance(value, np.ndarray) and value.dtype.names:
        return {name: state_of(np.ascontiguousarray(value[name])) for name in value.dtype.names}
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return value.shape, [state_of(item) for item in value.ravel()]
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return type(value), {key: state_of(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [state_of(item) for item in value]
    if type(value).__name__ == "Tree":
        return state_of(value.__getstate__())
    if isinstance(value, np.random.RandomState):
        return state_of(value.get_state(legacy=False))
    if isinstance(value, np.random.Generator):
        return state_of(value.bit_generator.state)
    if type(value).__module__ == "xgboost.core":
        return bytes(value.save_raw("ubj")), value.save_config()
    if type(value).__module__ == "lightgbm.basic":
        return value.model_to_string(num_iteration=-1), state_of(value.params), value.best_iteration, value.best_score
    if type(value).__module__.split(".")[0] in ("sklearn", "lightgbm", "xgboost") and hasattr(value, "__dict__"):
        return value if isinstance(value, FunctionType) else (type(value), state_of(vars(value)))
    return type(value), pickle.dumps(value)


def same_outputs(a, b, X):
    for name in OUTPUTS:
        if hasattr(a, name):
            try:
                expected = getattr(a, name)(X)
            except ValueError as error:
                if "enable_categorical" not in str(error):  # XGBoost 2.1's own apply takes no categories
                    raise
                continue
            assert state_of(_listed(expected)) == state_of(_listed(getattr(b, name)(X))), name


def _listed(output):
    return output if isinstance(output, np.ndarray) else list(output)


@LEVELS
@pytest.mark.parametrize("name", SCIKIT_LEARN)
def test_scikit_learn_models_come_back(name, level, tmp_path):
    model, X = SCIKIT_LEARN[name].model, SCIKIT_LEARN[name].rows[0]
    loaded = round_trip(model, tmp_path, level)
    assert type(loaded) is type(model)
    same_outputs(model, loaded, X)
    assert repr(loaded.get_params()) == repr(model.get_params())
    if level == "full":
        assert state_of(loaded) == state_of(model)


@LEVELS
@pytest.mark.parametrize(("family", "name"), [(family, name) for family, table in BOOSTERS.items() for name in table])
def test_models_of_boosting_libraries_come_back(family, name, level, tmp_path):
    pytest.importorskip(family, reason=f"{family} is not installed")
    model, X = BOOSTERS[family][name](), boosters.rows_of(name, family)
    loaded = round_trip(model, tmp_path, level)
    assert type(loaded) is type(model)
    a, b = find_adapter(model), find_adapter(loaded)
    np.testing.assert_array_equal(a.margin(X), b.margin(X))
    for tree in range(a.forest.n_trees):
        np.testing.assert_array_equal(a._apply(X)(tree), b._apply(X)(tree))
    if a.booster is not model:
        same_outputs(model, loaded, X)
        assert repr(loaded.get_params()) == repr(model.get_params())
    if level == "full":
        assert state_of(loaded) == state_of(model)


@pytest.mark.parametrize(
    "name", [*SCIKIT_LEARN, *((family, name) for family, table in BOOSTERS.items() for name in table)], ids=str
)
def test_splits_become_no_leaves_whose_values_are_not_in_the_file(name, tmp_path):
    """Pruned after loading, a model predicts as when pruned before, or says what it lacks."""
    if isinstance(name, tuple):
        pytest.importorskip(name[0], reason=f"{name[0]} is not installed")
        model, X = BOOSTERS[name[0]][name[1]](), boosters.rows_of(name[1], name[0])
    else:
        model, X = SCIKIT_LEARN[name].model, SCIKIT_LEARN[name].rows[0]
    loaded = round_trip(model, tmp_path, "predict")
    try:
        small = prune(loaded, MaxDepth(1))
    except MissingStatisticError:
        return
    found, expected = (find_adapter(one).predict(X) for one in (small, prune(model, MaxDepth(1))))
    np.testing.assert_array_equal(found, expected)


def test_every_adapter_has_a_model_above():
    for library in BOOSTERS:
        pytest.importorskip(library, reason=f"{library} is not installed")
    models = [specimen.model for specimen in SCIKIT_LEARN.values()]
    models += [make() for table in BOOSTERS.values() for make in list(table.values())[:1]]
    assert {type(find_adapter(model)) for model in models} == set(adapters_by_model().values())


def test_dead_nodes_that_xgboost_leaves_behind_come_back(tmp_path):
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    X, y = boosters.rows()
    matrix = xgboost.DMatrix(X, y)
    grown = xgboost.train({"max_depth": 5, "nthread": 1}, matrix, 3)
    refresh = {"process_type": "update", "updater": "prune", "gamma": 5.0, "nthread": 1}
    pruned = xgboost.train(refresh, matrix, 3, xgb_model=grown)
    assert b"num_deleted" in bytes(pruned.save_raw("json"))
    loaded = round_trip(pruned, tmp_path, "full")
    assert loaded.save_raw("ubj") == pruned.save_raw("ubj")


@pytest.mark.parametrize(("library", "name"), [("xgboost", "hist"), ("lightgbm", "regression")])
def test_forests_tell_boosters_in_full_but_for_statistics(library, name):
    pytest.importorskip(library, reason=f"{library} is not installed")
    adapter = find_adapter(BOOSTERS[library][name]())
    stored = adapter.stored(full=True)
    for tree, told in zip(stored.trees, adapter.arrays_of(stored.skeleton, stored.forest), strict=True):
        for array in set(tree) - adapter.unused:
            assert state_of(told[array]) == state_of(tree[array]), array


@LEVELS
@pytest.mark.parametrize("stock", LINKED)
def test_models_with_a_link_come_back(stock, level, tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    small = prune(stock(n_estimators=10, random_state=0).fit(X, y), JointPruning(fraction=0.3), X, y)
    loaded = round_trip(small, tmp_path, level)
    assert type(loaded) is type(small)
    same_outputs(small, loaded, X)


def test_rounding_thresholds_down_sends_float32_rows_the_same_way():
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000).astype(np.float32)
    threshold = np.concatenate(
        [x[:500].astype(float), (x[:1000:2].astype(float) + x[1:1000:2]) / 2, rng.normal(size=500)]
    )
    np.testing.assert_array_equal(x[:, None] <= threshold, x[:, None] <= rounded_down(threshold))


def test_classifier_forests_take_few_bytes_per_node(tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(y), 3000)
    X = (X[rows] + 0.1 * X.std(axis=0) * rng.normal(size=(3000, 30))).astype(np.float32)
    forest = RandomForestClassifier(40, max_features=2, random_state=0).fit(X, y[rows] ^ (rng.random(3000) < 0.1))
    n_nodes = sum(tree.tree_.node_count for tree in forest.estimators_)
    assert save_compact(forest, tmp_path / "predict") <= 3 * n_nodes
    assert save_compact(forest, tmp_path / "full", "full") <= 5 * n_nodes
    assert len(pickle.dumps(forest)) > 50 * n_nodes


def test_names_weights_and_generators_come_back(tmp_path):
    frame, y = load_diabetes(return_X_y=True, as_frame=True)
    labels = np.where(y > 140, "höher", "tiefer")
    rng, weights = np.random.RandomState(3), {"höher": 2.0, "tiefer": np.float32(1)}
    model = RandomForestClassifier(3, max_depth=3, class_weight=weights, random_state=rng).fit(frame, labels)
    loaded = round_trip(model, tmp_path)
    assert loaded.feature_names_in_.tolist() == list(frame)
    assert loaded.classes_.tolist() == ["höher", "tiefer"]
    assert loaded.class_weight == weights
    assert state_of(loaded.random_state) == state_of(rng)
    same_outputs(model, loaded, frame)


def test_frames_with_categories_come_back(tmp_path):
    pytest.importorskip("pandas")
    frame, y = boosters.frame(), boosters.target("names")
    model = HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=5, random_state=0).fit(frame, y)
    loaded = round_trip(model, tmp_path, "full")
    same_outputs(model, loaded, frame)
    assert state_of(loaded) == state_of(model)


def test_a_loaded_model_goes_on_training_where_it_stopped(tmp_path):
    X, y = load_diabetes(return_X_y=True)
    model = GradientBoostingRegressor(n_estimators=3, subsample=0.5, warm_start=True, random_state=0).fit(X, y)
    loaded = round_trip(model, tmp_path, "full")
    more = [m.set_params(n_estimators=6).fit(X, y).predict(X) for m in (model, loaded)]
    np.testing.assert_array_equal(*more)


SOME = [
    "DecisionTreeClassifier, cancer, max_leaf_nodes=12",
    "BaggingClassifier, named classes, trees=4, max_features=0.6",
    "GradientBoostingClassifier, wine, trees=3",
    "HistGradientBoostingRegressor, counts, trees=4, loss=poisson",
    "IsolationForest, cancer, trees=6",
]


@pytest.mark.parametrize("name", SOME)
def test_saving_changes_nothing_and_writes_the_same_bytes_again(name, tmp_path):
    model = SCIKIT_LEARN[name].fit()
    before = state_of(model)
    save_compact(model, tmp_path / "first", "full")
    save_compact(model, tmp_path / "second", "full")
    assert state_of(model) == before
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_files_of_another_scikit_learn_warn(tmp_path):
    def older(head, arrays):
        text = json.dumps(head["objects"]).replace(
            f'"_sklearn_version": "{sklearn.__version__}"', '"_sklearn_version": "1.0"'
        )
        head["objects"] = json.loads(text)

    save_compact(SINGLE_TREES["DecisionTreeClassifier, iris"].model, tmp_path / "model")
    (tmp_path / "model").write_bytes(damaged.edited((tmp_path / "model").read_bytes(), older))
    with pytest.warns(InconsistentVersionWarning, match=r"from version 1\.0"):
        load_compact(tmp_path / "model")


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("name", ["categories", "Booster"])
def test_a_missing_library_is_named(library, name, tmp_path, monkeypatch):
    pytest.importorskip(library, reason=f"{library} is not installed")
    save_compact(BOOSTERS[library][name](), tmp_path / "model")
    for module in [module for module in sys.modules if module.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'treeprune\[{library}\]'"):
        load_compact(tmp_path / "model")


def test_read_model_takes_them(tmp_path):
    model = BAGGED["RandomForestClassifier, iris, trees=5"].model
    save_compact(model, tmp_path / "model")
    same_outputs(read_model(tmp_path / "model"), model, BAGGED["RandomForestClassifier, iris, trees=5"].rows[0])
    summary = check_model(tmp_path / "model")
    assert (summary["format"], summary["n_trees"]) == ("compact", 5)


class _OwnForest(RandomForestRegressor):
    """A user's class, which a file could not name."""


@pytest.mark.parametrize(
    ("model", "what"),
    [
        (GradientBoostingRegressor(n_estimators=2, init=LinearRegression()), r"\.init is of .*LinearRegression"),
        (HistGradientBoostingClassifier(max_iter=2, scoring=len, early_stopping=True), r"\.scoring is len"),
        (_OwnForest(2), "_OwnForest is a subclass"),
        (BaggingRegressor(DecisionTreeRegressor(random_state=np.random.RandomState), 2), None),
    ],
)
def test_what_has_no_compact_form_is_refused_by_name(model, what, tmp_path):
    X, y = load_diabetes(return_X_y=True)
    if isinstance(model, HistGradientBoostingClassifier):
        model.set_params(early_stopping=False).fit(X, y > 140)
    elif what is None:  # a parameter that `fit` would not take
        model = RandomForestRegressor(2, max_depth=2).fit(X, y).set_params(n_jobs=lambda: 1)
        what = r"\.n_jobs is <lambda>"
    else:
        model.fit(X, y)
    with pytest.raises(UnsupportedModelError, match=what):
        save_compact(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_the_level_is_checked(tmp_path):
    with pytest.raises(ValueError, match="'level' parameter"):
        save_compact(SINGLE_TREES["DecisionTreeClassifier, iris"].model, tmp_path / "model", "all")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    model, path = SINGLE_TREES["DecisionTreeClassifier, iris"].model, tmp_path / "model"
    save_compact(model, path)
    before = path.read_bytes()

    def full_disk(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_compact(model, path, "full")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before
    with pytest.raises(FileNotFoundError):
        save_compact(model, tmp_path / "missing" / "model")


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_files_have_the_usual_mode(tmp_path):
    save_compact(SINGLE_TREES["DecisionTreeClassifier, iris"].model, tmp_path / "model")
    (tmp_path / "plain").write_bytes(b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("model", "plain")}
    assert len(modes) == 1


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "model"
    save_compact(BAGGED["RandomForestClassifier, iris, trees=5"].model, path, "full")
    return path.read_bytes()


def test_files_that_are_cut_or_changed_anywhere_are_refused(data, tmp_path):
    path, rng = tmp_path / "model", np.random.default_rng(0)
    cut = [data[:n] for n in (0, 5, len(MAGIC), len(MAGIC) + 1, 60, 200, len(data) // 2, len(data) - 1)]
    changed = [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in rng.integers(0, len(data), 60)]
    for bad in [*cut, *changed, data + b"\0"]:
        path.write_bytes(bad)
        with pytest.raises(ModelFormatError):
            load_compact(path)


def test_a_newer_version_and_other_files_are_told_apart(data, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(MAGIC + bytes([VERSION + 1]) + data[len(MAGIC) + 1 :])
    with pytest.raises(ModelFormatError, match=f"version {VERSION + 1}.*newer treeprune"):
        load_compact(path)
    joblib.dump(DecisionTreeRegressor(), path)
    with pytest.raises(ModelFormatError, match="no compact model"):
        load_compact(path)


def test_files_that_unpack_to_too_much_are_refused(data, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(write_archive({"adapter": "x"}, [np.zeros(3_000_000, np.uint8)]))
    assert path.stat().st_size < 2000
    with pytest.raises(ModelFormatError, match="unpacks to more than max_bytes=1000000"):
        load_compact(path, max_bytes=10**6)
    path.write_bytes(data)
    with pytest.raises(ModelFormatError, match="bytes, more than max_bytes=1000"):
        load_compact(path, max_bytes=1000)


CHILD = """
import json, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from treeprune import ModelFormatError, UnsupportedModelError, load_compact
for path, n_features in json.load(sys.stdin):
    print(json.dumps([path, "started"]), flush=True)
    try:
        model = load_compact(path)
    except (ModelFormatError, UnsupportedModelError) as error:
        outcome = f"{type(error).__name__}: {error}"
    else:
        outcome = "accepted"
        try:
            model.predict(np.zeros((3, n_features)))
        except Exception:  # a label too many, say: no harm
            pass
    print(json.dumps([path, outcome]), flush=True)
"""


def outcomes(folder, files):
    """What `load_compact` makes of each file, in one child process that must survive them all."""
    paths = []
    for i, (content, n_features, *_) in enumerate(files):
        paths.append([str(folder / f"{i}"), n_features])
        (folder / f"{i}").write_bytes(content)
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(paths), capture_output=True, text=True, timeout=300
    )
    lines = [json.loads(line) for line in child.stdout.splitlines() if line.startswith('["')]
    assert child.returncode == 0, f"died of {lines[-1:]}: {child.stderr[-2000:]}"
    return [outcome for _, outcome in lines if outcome != "started"]


def test_malformed_files_are_refused_by_a_process_that_survives(tmp_path):
    files = [(content, 4, name, pattern) for name, content, pattern in damaged.files()]
    wrong = [
        (name, outcome)
        for (_, _, name, pattern), outcome in zip(files, outcomes(tmp_path, files), strict=True)
        if not outcome.startswith("ModelFormatError") or pattern not in outcome
    ]
    assert not wrong


def test_no_change_of_a_number_kills_the_process(tmp_path):
    files = list(damaged.random_changes(12))
    found = outcomes(tmp_path, files)
    assert len(found) == len(files) >= 48
    assert sum(outcome.startswith("ModelFormatError") for outcome in found) > len(found) / 4


def _poisson(y, margin):
    return np.exp(margin) - y, np.exp(margin)


@LEVELS
@pytest.mark.parametrize("library", BOOSTERS)
def test_of_an_objective_that_is_a_function_the_trees_are_kept(library, level, tmp_path):
    pytest.importorskip(library, reason=f"{library} is not installed")
    fit, X, y = (
        (boosters._xgb if library == "xgboost" else boosters._lgb),
        boosters.rows()[0],
        boosters.target("counts"),
    )
    model = fit("counts", objective=lambda y, margin: _poisson(y, margin))
    with pytest.warns(UserWarning, match=r"objective of \w+ is a function, which a compact file cannot hold"):
        again = round_trip(model, tmp_path, level)
    assert type(again) is type(model)
    assert callable(model.objective)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="lost_function"):
        prune(again, JointPruning(), X, y)  # by which loss, it does not know
    with pytest.raises(UnsupportedModelError, match="set it with set_params before you fit"):
        again.fit(X, y)
    np.testing.assert_array_equal(again.set_params(objective=_poisson).fit(X, y).predict(X), model.predict(X))
