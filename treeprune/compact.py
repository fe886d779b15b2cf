"""save_compact and load_compact: models in few bytes, without loss and without pickle."""

import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .adapters import find_adapter
from .core.packing import pack, read_arrays, unpack, write_arrays
from .exceptions import ModelFormatError, UnsupportedModelError

#: Models that are rebuilt from their trees, by name: no other class is ever imported when a file is read.
_SKLEARN = {
    "DecisionTreeClassifier": "sklearn.tree",
    "DecisionTreeRegressor": "sklearn.tree",
    "ExtraTreeClassifier": "sklearn.tree",
    "ExtraTreeRegressor": "sklearn.tree",
    "RandomForestClassifier": "sklearn.ensemble",
    "RandomForestRegressor": "sklearn.ensemble",
    "ExtraTreesClassifier": "sklearn.ensemble",
    "ExtraTreesRegressor": "sklearn.ensemble",
    "LinkedRandomForestClassifier": "treeprune.links",
    "LinkedExtraTreesClassifier": "treeprune.links",
}
_FITTED = ("n_features_in_", "n_outputs_", "link_", "temperature_")


def save_compact(model: Any, path: str | os.PathLike, level: str = "predict") -> int:
    """Save a fitted model in few bytes.

    Parameters
    ----------
    model : object
        A tree or forest of scikit-learn, or an XGBoost or LightGBM Booster.
    path : str or path-like
        Where to. An existing file is replaced, as a whole.
    level : {"predict", "full"}, default="predict"
        "predict" keeps what predictions need, which come back exactly; "full" keeps every array of the trees to the
        last bit. Boosters are always kept in full.

    Returns
    -------
    int
        Number of bytes written.

    Raises
    ------
    UnsupportedModelError
        The model is of another family, or has parameters that are no plain numbers or text.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from treeprune import load_compact, save_compact
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "iris.treeprune")
    ...     n_bytes = save_compact(forest, path)
    ...     bool((load_compact(path).predict_proba(X) == forest.predict_proba(X)).all())
    True
    """
    data, path = packed(model, level), Path(path)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    os.replace(file.name, path)
    return len(data)


def load_compact(path: str | os.PathLike) -> Any:
    """Load a model that `save_compact` saved. No code of the file is run.

    Raises
    ------
    ModelFormatError
        The file is no compact model, of another version, or damaged: its trees are checked.
    """
    meta, arrays = read_arrays(Path(path).read_bytes())
    kind = meta.get("model")
    if kind == "xgboost.Booster":
        booster = import_module("xgboost").Booster()
        booster.load_model(bytearray(arrays["raw"].tobytes()))
        return booster
    if kind == "lightgbm.Booster":
        return import_module("lightgbm").Booster(model_str=arrays["raw"].tobytes().decode())
    if kind not in _SKLEARN:
        raise ModelFormatError(f"The file holds a model of the unknown class {kind!r}.")
    return _rebuilt(getattr(import_module(_SKLEARN[kind]), kind), meta, arrays)


def packed(model: Any, level: str = "predict") -> bytes:
    """The bytes that `save_compact` writes."""
    path = f"{type(model).__module__.split('.')[0]}.{type(model).__name__}"
    if path in ("xgboost.Booster", "lightgbm.Booster"):
        raw = bytes(model.save_raw("ubj")) if path.startswith("x") else model.model_to_string().encode()
        return write_arrays({"model": path}, {"raw": np.frombuffer(raw, np.uint8)})
    if type(model).__name__ not in _SKLEARN:
        raise UnsupportedModelError(f"There is no compact form of {path}. Supported: {', '.join(_SKLEARN)}, Boosters.")
    meta, arrays = pack(find_adapter(model).forest, level)
    meta["model"], meta["params"] = type(model).__name__, _plain_params(model)
    meta["fitted"] = {name: getattr(model, name) for name in _FITTED if hasattr(model, name)}
    trees = getattr(model, "estimators_", [])
    meta["seeds"] = [tree.random_state for tree in trees]
    if hasattr(model, "classes_"):
        for output, classes in enumerate([model.classes_] if model.n_outputs_ == 1 else model.classes_):
            arrays[f"classes {output}"] = _text(classes)
    if hasattr(model, "feature_names_in_"):
        arrays["feature_names"] = _text(model.feature_names_in_)
    return write_arrays(meta, arrays)


def _plain_params(model):
    params = model.get_params(deep=False)
    for name, value in params.items():
        plain = value is None or isinstance(value, (bool, int, float, str))
        if not plain and not (isinstance(value, (list, tuple)) and all(isinstance(v, (int, float)) for v in value)):
            params[name] = None  # generators, class weights by label: they matter to `fit` only
    return params


def _text(array):
    array = np.asarray(array)
    if array.dtype.kind == "O":
        if not all(isinstance(item, str) for item in array):
            raise UnsupportedModelError("Labels that are neither numbers nor text have no compact form.")
        array = array.astype(str)
    return array


def _rebuilt(cls, meta, arrays):
    from .adapters.sklearn_tree import new_tree

    forest = unpack(meta, arrays)
    model = cls(**meta["params"])
    for name, value in meta["fitted"].items():
        if name not in _FITTED:
            raise ModelFormatError(f"The file sets the unknown attribute {name!r}.")
        setattr(model, name, value)
    classes = [arrays[f"classes {output}"] for output in range(model.n_outputs_)] if "classes 0" in arrays else None
    if "feature_names" in arrays:
        model.feature_names_in_ = arrays["feature_names"].astype(object)
    if hasattr(model, "estimators_") or meta["seeds"]:
        model.estimator_ = model.estimator
        model.estimators_ = [model._make_estimator(append=False) for _ in meta["seeds"]]
        for index, (tree, seed) in enumerate(zip(model.estimators_, meta["seeds"], strict=True)):
            tree.random_state = seed
            tree.n_features_in_, tree.n_outputs_ = model.n_features_in_, model.n_outputs_
            _set_classes(tree, classes, encoded=True)
            tree.tree_ = new_tree(forest.tree(index))
    else:
        model.tree_ = new_tree(forest)
    _set_classes(model, classes, encoded=False)
    return model


def _set_classes(model, classes, encoded):
    """Class labels; the trees of a forest know them by their codes."""
    if classes is None:
        return
    labels = [np.arange(len(known), dtype=np.float64) for known in classes] if encoded else classes
    single = len(classes) == 1
    model.classes_ = labels[0] if single else labels
    model.n_classes_ = len(classes[0]) if single else [len(known) for known in classes]
