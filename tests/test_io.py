"""Models from files: what is sound loads and predicts as it did; what is not is refused, and the process lives."""

import json
import pickle
import re
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from tests import boosters
from treeprune import ModelFormatError, UnsupportedModelError, check_model, prune, read_model
from treeprune.adapters import find_adapter
from treeprune.links import LINKED
from treeprune.methods import JointPruning

CHILD = """
import json, sys, warnings
warnings.simplefilter("ignore")
from treeprune import ModelFormatError, UnsupportedModelError, read_model
for path in json.load(sys.stdin):
    try:
        read_model(path)
        outcome = "accepted"
    except (ModelFormatError, UnsupportedModelError) as error:
        outcome = f"{type(error).__name__}: {error}"
    print(json.dumps([path, outcome]), flush=True)
"""


def outcomes(folder, files):
    """What `read_model` makes of each file, in one child process that must survive them all."""
    paths = []
    for name, content, _ in files:
        paths.append(str(folder / name))
        (folder / name).write_bytes(content)
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(paths), capture_output=True, text=True, timeout=300
    )
    done = [json.loads(line) for line in child.stdout.splitlines() if line.startswith('["')]
    assert child.returncode == 0, f"died of {paths[len(done)]}: {child.stderr[-2000:]}"
    return [outcome for _, outcome in done]


@pytest.mark.parametrize("family", ["xgboost", "lightgbm", "skops"])
def test_malformed_files_are_refused_by_a_process_that_survives(family, tmp_path):
    pytest.importorskip(family, reason=f"{family} is not installed")
    from tests import malformed

    files = list(getattr(malformed, f"{family}_files")())
    assert len(files) >= {"xgboost": 70, "lightgbm": 25, "skops": 12}[family]
    found = zip(files, outcomes(tmp_path, files), strict=True)
    wrong = [(name, outcome) for (name, _, pattern), outcome in found if not re.search(pattern, outcome, re.DOTALL)]
    assert not wrong


@pytest.mark.parametrize("suffix", ["json", "ubj"])
@pytest.mark.parametrize("name", ["categories", "classes, dart, parallel", "Booster, softmax", "root only"])
def test_xgboost_files_load_as_they_are(name, suffix, tmp_path):
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    booster = find_adapter(boosters.XGBOOST[name]()).booster
    path = tmp_path / f"model.{suffix}"
    booster.save_model(path)
    read = read_model(path)
    assert isinstance(read, xgboost.Booster)
    assert read.save_raw("ubj") == booster.save_raw("ubj")
    forest = find_adapter(booster).forest
    summary = check_model(path)
    assert (summary["format"], summary["n_trees"], summary["n_nodes"]) == ("xgboost", forest.n_trees, forest.n_nodes)
    assert (summary["n_leaves"], summary["n_features"]) == (forest.n_leaves, 5)
    assert summary["max_depth"] == forest.depth.max()


def test_dead_nodes_of_xgboost_are_dropped(tmp_path):
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    matrix = xgboost.DMatrix(*boosters.rows())
    booster = xgboost.train({"max_depth": 5, "nthread": 1}, matrix, 3)
    update = {"process_type": "update", "updater": "prune", "gamma": 1.0, "max_depth": 0, "nthread": 1}
    pruned = xgboost.train(update, matrix, 3, xgb_model=booster)
    path = tmp_path / "model.ubj"
    pruned.save_model(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # they are marked as deleted: nothing to warn of
        read = read_model(path)
    np.testing.assert_array_equal(read.predict(matrix), pruned.predict(matrix))
    assert len(read.save_raw()) < len(pruned.save_raw())


@pytest.mark.parametrize("which", ["first", "all"])
def test_booleans_among_xgboost_numbers_are_read_where_xgboost_reads_them(which, tmp_path):
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    data = boosters.XGBOOST["categories"]().get_booster().save_raw("json")
    trees = json.loads(data)["learner"]["gradient_booster"]["model"]["trees"]
    at, tree = next((at, tree) for at, tree in enumerate(trees) if tree["categories"])
    path = tmp_path / "model.json"
    for name in [name for name, value in tree.items() if isinstance(value, list)]:
        document = json.loads(data)
        numbers = tree[name] if which == "all" else tree[name][:1]
        changed = [*map(bool, numbers), *tree[name][len(numbers) :]]
        document["learner"]["gradient_booster"]["model"]["trees"][at][name] = changed
        path.write_text(json.dumps(document))
        accepted = []
        for load in (xgboost.Booster().load_model, read_model):
            try:
                load(str(path))
                accepted.append(True)
            except (xgboost.core.XGBoostError, ModelFormatError):
                accepted.append(False)
        assert accepted == [name == "default_left"] * 2, name


def test_nodes_out_of_reach_are_dropped_with_a_warning(tmp_path):
    pytest.importorskip("xgboost", reason="xgboost is not installed")
    booster = boosters._xgb("numbers").get_booster()
    document = json.loads(booster.save_raw("json"))
    tree = document["learner"]["gradient_booster"]["model"]["trees"][0]
    tree["left_children"][1] = tree["right_children"][1] = -1
    path = tmp_path / "model.json"
    path.write_text(json.dumps(document))
    with pytest.warns(UserWarning, match="not reachable from a root"):
        read = read_model(path)
    assert find_adapter(read).forest.n_nodes < find_adapter(booster).forest.n_nodes


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["categories, dart", "linear trees", "rf classes", "root only"])
def test_lightgbm_files_load_as_they_are(name, newline, tmp_path):
    pytest.importorskip("lightgbm", reason="lightgbm is not installed")
    booster, X = find_adapter(boosters.LIGHTGBM[name]()).booster, boosters.rows()[0]
    path = tmp_path / "model.txt"
    path.write_bytes(booster.model_to_string().replace("\n", newline).encode())
    read = read_model(path)
    for options in ({}, {"raw_score": True}, {"pred_leaf": True}):
        np.testing.assert_array_equal(read.predict(X, **options), booster.predict(X, **options))
    forest, summary = find_adapter(booster).forest, check_model(path)
    assert (summary["format"], summary["n_trees"], summary["n_nodes"]) == ("lightgbm", forest.n_trees, forest.n_nodes)


def _tree():
    return DecisionTreeClassifier(random_state=0).fit(np.nan_to_num(boosters.rows()[0]), boosters.target("binary"))


def test_skops_files_load(tmp_path):
    skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
    tree, path = _tree(), tmp_path / "tree.skops"
    skops_io.dump(tree, path)
    assert prune(read_model(path)).get_n_leaves() == tree.get_n_leaves()
    assert check_model(path)["model"] == "sklearn.DecisionTreeClassifier"


@pytest.mark.parametrize("stock", LINKED)
def test_skops_files_of_models_with_a_link_load(stock, tmp_path):
    skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
    X, y = np.nan_to_num(boosters.rows()[0]), boosters.target("binary")
    small = prune(stock(n_estimators=5, random_state=0).fit(X, y), JointPruning(fraction=0.3), X, y)
    skops_io.dump(small, tmp_path / "model.skops")
    loaded = read_model(tmp_path / "model.skops")
    assert type(loaded) is type(small)
    np.testing.assert_array_equal(loaded.predict_proba(X), small.predict_proba(X))


def test_skops_files_of_other_types_need_trust(tmp_path):
    skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
    pytest.importorskip("lightgbm", reason="lightgbm is not installed")
    path = tmp_path / "model.skops"
    skops_io.dump(boosters.LIGHTGBM["regression"](), path)
    with pytest.raises(UnsupportedModelError, match=r"lightgbm\.basic\.Booster.*trust=True"):
        read_model(path)
    assert type(read_model(path, trust=True)).__name__ == "LGBMRegressor"


def test_zip_bomb_is_refused(tmp_path):
    pytest.importorskip("skops", reason="skops is not installed")
    import zipfile

    path = tmp_path / "bomb.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * 10**7)
    with pytest.raises(ModelFormatError, match="unpacks to 10000000 bytes, more than max_bytes=1000000"):
        read_model(path, max_bytes=10**6)


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)], ids=str)
def test_pickles_load_only_when_trusted(compress, tmp_path):
    tree, path = _tree(), tmp_path / "tree.joblib"
    joblib.dump(tree, path, compress=compress)
    with pytest.raises(UnsupportedModelError, match=r"is a pickle.*trust=True"):
        read_model(path)
    assert read_model(path, trust=True).get_n_leaves() == tree.get_n_leaves()
    assert check_model(path, trust=True)["n_leaves"] == tree.get_n_leaves()


def test_truncated_pickle_is_named(tmp_path):
    path = tmp_path / "tree.pickle"
    path.write_bytes(pickle.dumps(_tree())[:500])
    with pytest.raises(ModelFormatError, match="not a whole pickle"):
        read_model(path, trust=True)


def test_size_limit(tmp_path):
    path = tmp_path / "model.json"
    path.write_bytes(b"{" + b" " * 1000 + b"}")
    with pytest.raises(ModelFormatError, match="1002 bytes, more than max_bytes=1000"):
        read_model(path, max_bytes=1000)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm", "skops"])
def test_missing_library_says_what_to_install(library, tmp_path, monkeypatch):
    pytest.importorskip(library, reason=f"{library} is not installed")
    path = tmp_path / "model"
    if library == "skops":
        import skops.io

        skops.io.dump(_tree(), path)
    else:
        model = (boosters.XGBOOST if library == "xgboost" else boosters.LIGHTGBM)["Booster"]()
        path.write_bytes(model.save_raw() if library == "xgboost" else model.model_to_string().encode())
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"pip install .?treeprune\[{library}\]"):
        read_model(path)
    if library != "skops":
        assert check_model(path)["n_trees"] == 6
