"""A process that may die: ``python -m tests.fuzz.child FILES READER FORMAT FIRST SECONDS``.

Of a pickled sound file and list of mutants it loads each mutant from a position on, predicts, and prints for each
``[position, outcome]`` as JSON. The sound file comes first, as -1, so that imports do not count as time of a mutant.
READER is "treeprune" or "library".
"""

import faulthandler
import hashlib
import json
import os
import pickle
import re
import resource
import sys
import tempfile
import warnings

import numpy as np

from tests.fuzz.specimens import rows
from treeprune import ModelFormatError, UnsupportedModelError, read_model

_MEMORY = 6 * 2**30


def loaded(data, file_format, reader):
    """The model of a file."""
    if reader == "treeprune":
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return read_model(file.name)
    if file_format.startswith("xgboost"):
        import xgboost

        booster = xgboost.Booster()
        booster.load_model(bytearray(data))
        return booster
    if file_format.startswith("lightgbm"):
        import lightgbm

        # the sizes of trees are optional, and LightGBM dies of wrong ones
        return lightgbm.Booster(model_str=re.sub(r"\ntree_sizes=[^\n]*", "", data.decode()))
    import skops.io

    return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))


def answers(model, X):
    """What a model says of rows: numbers by method, or the kind of error that it raises."""
    if type(model).__module__.startswith("xgboost"):
        import xgboost

        model = getattr(model, "_Booster", model)
        X = xgboost.DMatrix(X, feature_names=model.feature_names, feature_types=model.feature_types)
        return [model.predict(X, output_margin=True), model.predict(X, pred_leaf=True), model.predict(X)]
    if type(model).__module__ == "lightgbm.basic":
        return [model.predict(X, **options) for options in ({}, {"raw_score": True}, {"pred_leaf": True})]
    names = ("predict", "predict_proba", "decision_function", "apply")
    return [np.asarray(getattr(model, name)(X)) for name in names if hasattr(model, name)]


def judged(data, file_format, reader):
    """``refused``, or what loading raised, or a digest of the predictions, or what predicting raised."""
    try:
        model = loaded(data, file_format, reader)
    except (ModelFormatError, UnsupportedModelError) as error:
        return f"refused: {error}"
    except Exception as error:
        return f"loading raises {type(error).__name__}: {error}"
    wide = "Hist" in type(model).__name__ or type(model).__module__.startswith(("xgboost", "lightgbm"))
    try:
        said = answers(model, rows() if wide else np.nan_to_num(rows()))
    except Exception as error:
        return f"predicting raises {type(error).__name__}"
    parts = (f"{array.dtype.kind}{array.shape}".encode() + array.tobytes() for array in map(np.ascontiguousarray, said))
    return f"predicts {hashlib.sha256(b'|'.join(parts)).hexdigest()[:16]}"


def main(path, reader, file_format, first, seconds):
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with open(path, "rb") as file:
        sound, mutants = pickle.load(file)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # libraries write there, too
    print(json.dumps([-1, judged(sound, file_format, reader)]), file=out, flush=True)
    for at in range(int(first), len(mutants)):
        if mutants[at] is None:
            continue
        faulthandler.dump_traceback_later(float(seconds), exit=True)
        outcome = judged(mutants[at], file_format, reader)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps([at, outcome]), file=out, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
