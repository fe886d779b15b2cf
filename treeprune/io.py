"""Models from files, checked before any native code sees them."""

import os
import pickle
import struct
from pathlib import Path
from typing import Any

from .adapters import adapters_by_model
from .adapters.native_files import NativeFiles
from .compact import unpacked
from .compact.archive import MAGIC
from .composites.exchange import forests
from .exceptions import ModelFormatError, UnsupportedModelError

_PICKLES = (b"\x80", b"\x78", b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x5d\x00\x00")  # plain, or packed by joblib
_FORMATS = "XGBoost JSON or UBJSON, LightGBM text, a compact file, skops, pickle, joblib"


def read_model(path: str | os.PathLike, *, trust: bool = False, max_bytes: int = 2**30) -> Any:
    """Load a fitted model from a file.

    The libraries' own loaders and predictors crash on malformed files, or run code that the file names. Here the trees
    of XGBoost's and LightGBM's files are checked first, and the library is given only what was checked; of a skops file
    only types known to be safe are loaded, and its trees are checked right after.

    Parameters
    ----------
    path : str or path-like
        XGBoost JSON or UBJSON, LightGBM text, a file of `save_compact`, skops, pickle or joblib. Its content decides
        which, not its name.
    trust : bool, default=False
        Load pickle and joblib files, which can run any code, and skops files of any types.
    max_bytes : int, default=2**30
        Largest file to read, and most that a packed one may unpack to.

    Returns
    -------
    object
        A Booster of XGBoost or LightGBM, or the object that was saved: a model, or one that holds such models.

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
    file_format, data = _open(path, max_bytes)
    family = _families().get(file_format)
    if family is not None:
        return family.read_file(data)[1]()
    model = _load(file_format, data, path, trust, max_bytes)
    forests(model)  # checks the trees
    return model


def check_model(path: str | os.PathLike, *, trust: bool = False, max_bytes: int = 2**30) -> dict[str, Any]:
    """Check a model file as `read_model` does, and describe the model in it.

    XGBoost and LightGBM files are checked without their libraries. Parameters and errors are those of `read_model`.

    Returns
    -------
    dict
        format, model (class), n_bytes, n_trees, n_nodes, n_leaves, max_depth, n_features, task. Of a model that holds
        several tree models, the trees of all count, n_features is the largest, and all tasks are named.

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
    file_format, data = _open(path, max_bytes)
    family = _families().get(file_format)
    if family is not None:
        model, found = f"{file_format}.Booster", [family.read_file(data)[0].canonical()]
    else:
        loaded = _load(file_format, data, path, trust, max_bytes)
        model = f"{type(loaded).__module__.partition('.')[0]}.{type(loaded).__name__}"
        found = forests(loaded)
    return {
        "format": file_format,
        "model": model,
        "n_bytes": len(data),
        "n_trees": sum(forest.n_trees for forest in found),
        "n_nodes": sum(forest.n_nodes for forest in found),
        "n_leaves": sum(forest.n_leaves for forest in found),
        "max_depth": max(int(forest.depth.max(initial=0)) for forest in found),
        "n_features": max(forest.n_features for forest in found),
        "task": ", ".join(sorted({forest.task for forest in found})),
    }


def _open(path, max_bytes):
    """Format and content of a file."""
    size = os.stat(path).st_size
    if size > max_bytes:
        raise ModelFormatError(f"{path} has {size} bytes, more than max_bytes={max_bytes}.")
    data = Path(path).read_bytes()
    if data.startswith(MAGIC):  # which begins as a text of LightGBM
        return "compact", data
    body = data.removeprefix(b"\xef\xbb\xbf")  # a byte order mark, which the format's parser refuses
    for file_format, family in _families().items():
        if body.startswith(family.file_start):
            return file_format, data
    if data.startswith(b"PK"):
        return "skops", data
    if data.startswith(_PICKLES):
        return "pickle", data
    start = f"starts with {data[:8]!r}" if data else "is empty"
    raise ModelFormatError(f"{path} {start}, which is none of: {_FORMATS}.")


def _families():
    """Adapters that read files of their libraries, by the name of the format."""
    found = {adapter for adapter in adapters_by_model().values() if issubclass(adapter, NativeFiles)}
    return {adapter.file_format: adapter for adapter in found}


def _load(file_format, data, path, trust, max_bytes):
    """The object in a file that holds more than a Booster. Its trees may still be malformed."""
    if file_format == "compact":
        return unpacked(data, max_bytes)
    if file_format == "skops":
        from .adapters.skops_files import load_skops

        return load_skops(data, trust, max_bytes)
    if not trust:
        raise UnsupportedModelError(
            f"{path} is a pickle, which can run any code when it is loaded: give trust=True if you trust its source."
        )
    return _unpickle(path)


def _unpickle(path):
    import joblib

    try:
        return joblib.load(path)
    except (pickle.UnpicklingError, EOFError, KeyError, IndexError, ValueError, struct.error) as error:
        raise ModelFormatError(f"{path} is not a whole pickle: {error}") from error
