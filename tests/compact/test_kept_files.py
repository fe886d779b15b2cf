"""Compact files that earlier versions wrote still load, and their models predict what they predicted then."""

import json
import warnings
from importlib import import_module

import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

from tests.compact.kept import DATA, LEVELS, outputs
from treeprune import load_compact
from treeprune.adapters import adapters_by_model, find_adapter

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
    found = {type(find_adapter(load(name, "predict"))) for name in WRITTEN}
    assert found == set(adapters_by_model().values())
