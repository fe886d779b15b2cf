"""Compact files that earlier versions wrote still load, and their models predict what they predicted then."""

import json
import warnings
from importlib import import_module

import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

from tests.compact.kept import DATA, LEVELS, outputs
from treeprune import load_compact, save_compact
from treeprune.adapters import adapters_by_model, find_adapter
from treeprune.compact import files
from treeprune.compact.archive import read_archive
from treeprune.composites.exchange import tree_models

WRITTEN = json.loads((DATA / "written.json").read_text())


def load(name, level):
    """The model of a kept file; skips where its library is not installed."""
    library = WRITTEN[name]["library"]
    pytest.importorskip(library, reason=f"{library} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return load_compact(DATA / f"{name}.{level}.treeprune")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", WRITTEN)
def test_predictions_are_those_of_the_model_that_was_saved(name, level):
    library, wrote = WRITTEN[name]["library"], WRITTEN[name]["version"]
    with np.load(DATA / f"{name}.npz") as kept:
        X, expected = kept["X"], {output: kept[output] for output in kept.files if output != "X"}
    try:
        answers = outputs(load(name, level), X)
    except Exception as error:
        if import_module(library).__version__ == wrote:
            raise
        pytest.skip(f"this {library} refuses a model of {library} {wrote}: {error}")
    assert expected
    for output, array in expected.items():
        np.testing.assert_array_equal(answers[output], array, err_msg=output, strict=True)


def test_a_file_of_every_family_is_kept():
    for library in ("xgboost", "lightgbm"):
        pytest.importorskip(library, reason=f"{library} is not installed")
    if any(import_module(kept["library"]).__version__ != kept["version"] for kept in WRITTEN.values()):
        pytest.skip("other versions of the libraries may refuse the models")
    found = {type(find_adapter(tree)) for name in WRITTEN for tree in tree_models(load(name, "predict"))}
    assert found == set(adapters_by_model().values())


def test_families_have_names_of_their_own():
    classes = set(adapters_by_model().values())
    assert len({adapter.format_name for adapter in classes}) == len(classes)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", WRITTEN)
def test_a_loaded_model_is_written_as_it_was(name, level):
    if import_module(WRITTEN[name]["library"]).__version__ != WRITTEN[name]["version"]:
        pytest.skip("another version of the library may hold models in another way")
    (before, old), (after, new) = (
        read_archive(data)
        for data in ((DATA / f"{name}.{level}.treeprune").read_bytes(), files.packed(load(name, level), level))
    )
    parts = [part for part in ("forest", "names", "objects", "models", "whole") if part in before]
    assert [after[part] for part in parts] == [before[part] for part in parts]
    assert [array.tobytes() for array in new] == [array.tobytes() for array in old]


@pytest.mark.parametrize("name", ["tree_classifier", "linked_forest"])
def test_a_renamed_adapter_reads_files_old_and_new(name, tmp_path, monkeypatch):
    model = load(name, "predict")
    save_compact(model, tmp_path / "model")
    own, adapters = type(find_adapter(model)), adapters_by_model()
    renamed = type("Renamed", (own,), {})
    by_model = {path: renamed if adapter is own else adapter for path, adapter in adapters.items()}
    monkeypatch.setattr(files, "adapters_by_model", lambda: by_model)
    with np.load(DATA / f"{name}.npz") as kept:
        for again in (load(name, "predict"), load_compact(tmp_path / "model")):
            np.testing.assert_array_equal(again.predict_proba(kept["X"]), kept["predict_proba"])
