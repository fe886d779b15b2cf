"""Models from files, checked before any native code sees them."""

import os
import pickle
import struct
from pathlib import Path
from typing import Any

from .adapters import find_adapter
from .compact import unpacked
from .compact.archive import MAGIC
from .exceptions import ModelFormatError, UnsupportedModelError
from .wrappers import last_step

_PICKLES = (b"\x80", b"\x78", b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x5d\x00\x00")  # plain, or packed by joblib
_KINDS = "XGBoost JSON or UBJSON, LightGBM text, a compact file, skops, pickle, joblib"


def read_model(path: str | os.PathLike, *, trust: bool = False, max_bytes: int = 2**30) -> Any:
    """Load a fitted model from a file.

    The libraries' own loaders and predictors die of malformed files, or run what the file says. Here XGBoost's and
    LightGBM's files are taken apart and their trees checked first, and the library is given what was checked; of a
    skops file only types known to be safe are loaded, and trees are checked right after.

    Parameters
    ----------
    path : str or path-like
        XGBoost JSON or UBJSON, LightGBM text, a file of `save_compact`, skops, pickle or joblib; told apart by content,
        not by name.
    trust : bool, default=False
        Load pickle and joblib files, which can run any code, and skops files of any types.
    max_bytes : int, default=2**30
        Largest file to read, and most that a packed one may unpack to.

    Returns
    -------
    object
        A Booster of XGBoost or LightGBM, or the object that was saved: a model or a Pipeline that ends in one.

    Raises
    ------
    ModelFormatError
        The file is malformed: the message names the byte, or the tree, node and field.
    UnsupportedModelError
        The model, or a part of it, cannot be pruned, or the file may be loaded with ``trust=True`` only.
    MissingExtraError
        The library of the model is not installed; the message says what to install.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import joblib, os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import read_model
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = joblib.dump(tree, os.path.join(folder, "iris.joblib"))[0]
    ...     read_model(path, trust=True).get_n_leaves()
    9
    """
    kind, data = _open(path, max_bytes)
    return _load(kind, data, path, trust, max_bytes)[0]


def check_model(path: str | os.PathLike, *, trust: bool = False, max_bytes: int = 2**30) -> dict[str, Any]:
    """Check a model file as `read_model` does, and say what is in it.

    XGBoost and LightGBM files are checked without their libraries. Parameters and errors are those of `read_model`.

    Returns
    -------
    dict
        format, model (class), n_bytes, n_trees, n_nodes, n_leaves, max_depth, n_features, task.

    Examples
    --------
    >>> import os, pickle, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from treeprune import check_model
    >>> forest = RandomForestClassifier(20, random_state=0).fit(*load_iris(return_X_y=True))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "iris.pickle")
    ...     with open(path, "wb") as file:
    ...         pickle.dump(forest, file)
    ...     found = check_model(path, trust=True)
    >>> found["model"], found["n_trees"], found["n_leaves"] == sum(tree.get_n_leaves() for tree in forest)
    ('sklearn.RandomForestClassifier', 20, True)
    """
    kind, data = _open(path, max_bytes)
    if kind in ("xgboost", "lightgbm"):
        model, forest = f"{kind}.Booster", _forest(kind, data)[1].canonical()
    else:
        loaded, forest = _load(kind, data, path, trust, max_bytes)
        model = f"{type(loaded).__module__.partition('.')[0]}.{type(loaded).__name__}"
    return {
        "format": kind,
        "model": model,
        "n_bytes": len(data),
        "n_trees": forest.n_trees,
        "n_nodes": forest.n_nodes,
        "n_leaves": forest.n_leaves,
        "max_depth": int(forest.depth.max(initial=0)),
        "n_features": forest.n_features,
        "task": forest.task,
    }


def _open(path, max_bytes):
    """Kind and content of a file."""
    size = os.stat(path).st_size
    if size > max_bytes:
        raise ModelFormatError(f"{path} has {size} bytes, more than max_bytes={max_bytes}.")
    data = Path(path).read_bytes()
    body = data.removeprefix(b"\xef\xbb\xbf")  # refused by the parser of its kind
    if body.startswith(b"{"):
        return "xgboost", data
    if data.startswith(MAGIC):
        return "compact", data
    if body.startswith(b"tree"):
        return "lightgbm", data
    if data.startswith(b"PK"):
        return "skops", data
    if data.startswith(_PICKLES):
        return "pickle", data
    start = f"starts with {data[:8]!r}" if data else "is empty"
    raise ModelFormatError(f"{path} {start}, which is none of: {_KINDS}.")


def _forest(kind, data):
    """What an XGBoost or LightGBM file was taken apart into, and its checked Forest."""
    if kind == "xgboost":
        from .adapters.xgboost_format import read_document as read
    else:
        from .adapters.lightgbm_format import read_text as read
    return read(data)


def _load(kind, data, path, trust, max_bytes):
    if kind == "xgboost":
        from .adapters.xgboost_models import booster_from

        document, forest = _forest(kind, data)
        return booster_from(document), forest
    if kind == "lightgbm":
        from .adapters.lightgbm_models import booster_from

        text, forest = _forest(kind, data)
        return booster_from(text), forest
    if kind == "compact":
        model = unpacked(data, max_bytes)
    elif kind == "skops":
        from .adapters.skops_files import load_skops

        model = load_skops(data, trust, max_bytes)
    elif not trust:
        raise UnsupportedModelError(
            f"{path} is a pickle, which can run any code when it is loaded: give trust=True if you trust its source."
        )
    else:
        model = _unpickle(path)
    return model, find_adapter(last_step(model)).forest


def _unpickle(path):
    import joblib

    try:
        return joblib.load(path)
    except (pickle.UnpicklingError, EOFError, KeyError, IndexError, ValueError, struct.error) as error:
        raise ModelFormatError(f"{path} is not a whole pickle: {error}") from error
