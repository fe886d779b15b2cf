"""save_compact and load_compact: models in few bytes, without loss and without pickle."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ..adapters import adapter_class, adapters_by_model, find_adapter
from ..adapters.storage import Storage
from ..composites import find_composite
from ..composites.exchange import check_holds, tree_models
from ..composites.kinds import TREES
from ..exceptions import MissingExtraError, ModelFormatError, UnsupportedModelError
from ..extras import import_extra
from .archive import read_archive, write_archive
from .object_graph import Budget, flatten, restore
from .packing import STATISTICS, pack, unpack
from .parts import CHECKS, LEFT_OUT, parts_of_wholes

_LEVELS = ("predict", "full")
#: Files of version 2 name the class of the adapter, as it was called then, in the place of `Adapter.format_name`.
_CLASSES_OF_VERSION_2 = {
    "SklearnTreeAdapter": "sklearn tree",
    "SklearnForestAdapter": "sklearn forest",
    "SklearnBaggingAdapter": "sklearn bagging",
    "SklearnAdaBoostAdapter": "sklearn adaboost",
    "SklearnGradientBoostingAdapter": "sklearn gradient boosting",
    "SklearnHistGradientBoostingAdapter": "sklearn hist gradient boosting",
    "SklearnIsolationForestAdapter": "sklearn isolation forest",
    "XGBoostAdapter": "xgboost",
    "LightGBMAdapter": "lightgbm",
}


def save_compact(model: Any, path: str | os.PathLike, level: str = "predict") -> int:
    """Save a fitted model in few bytes.

    Parameters
    ----------
    model : object
        A fitted model of any supported family, or one that holds such models (a Pipeline, a search, a calibrated,
        voting or stacked model, a pruner, ...): its other parts must be scikit-learn's own transformers and simple
        models.
    path : str or path-like
        Where to. An existing file is replaced, as a whole.
    level : {"predict", "full"}, default="predict"
        "predict" keeps parameters, labels, names and what predictions and leaf ids need, which come back exactly;
        statistics of nodes and of training rows go, and with them importances, contributions and further pruning: that
        is refused with a MissingStatisticError where a split is to become a leaf. "full" keeps every array to the last
        bit, so that XGBoost and LightGBM save the loaded model as they save the model itself.

    Of a model that holds others, all comes back that it holds, such as the results of a search; only the
    `pruning_path_` of a TreePruner or TreePrunerCV does not, for it holds the tree before it was pruned. Functions may
    be those of NumPy (``FunctionTransformer(np.log1p)``).

    A function given as the objective or metric of a booster's wrapper is not stored, which a warning says: the loaded
    model predicts the same, but does not know its loss, and cannot be fitted before it is given one.

    Returns
    -------
    int
        Number of bytes written.

    Raises
    ------
    UnsupportedModelError
        The model is of another family or a subclass, or holds something without a compact form, which is named: a
        function, an estimator of another family. Nothing is written then.
    OSError
        The file cannot be written.

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
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return len(data)


def load_compact(path: str | os.PathLike, *, max_bytes: int = 2**30) -> Any:
    """Load a model that `save_compact` saved. No code of the file is run.

    Parameters
    ----------
    path : str or path-like
    max_bytes : int, default=2**30
        Largest file to read, and most that it may unpack to.

    Raises
    ------
    ModelFormatError
        The file is no compact model, of another version, damaged, or larger than `max_bytes`; or its trees are
        malformed: they are checked before any library sees them.
    MissingExtraError
        The library of the model is not installed; the message says what to install.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from treeprune import load_compact, save_compact
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "forest")
    ...     n_bytes = save_compact(forest, path)
    ...     again = load_compact(path)
    >>> type(again).__name__, bool((again.predict(X) == forest.predict(X)).all())
    ('RandomForestRegressor', True)
    """
    size = os.stat(path).st_size
    if size > max_bytes:
        raise ModelFormatError(f"{path} has {size} bytes, more than max_bytes={max_bytes}.")
    return unpacked(Path(path).read_bytes(), max_bytes)


def packed(model: Any, level: str = "predict") -> bytes:
    """The bytes that `save_compact` writes."""
    if level not in _LEVELS:
        raise ValueError(f"The 'level' parameter must be 'predict' or 'full'. Got {level!r}.")
    composite = find_composite(model)
    head, arrays = _pack(model, level == "full") if composite is None else _pack_whole(model, level == "full")
    return write_archive(head, arrays)


def unpacked(data: bytes, max_bytes: int = 2**30) -> Any:
    """The model of the bytes that `save_compact` writes; errors are those of `load_compact`."""
    head, arrays = read_archive(data, max_bytes)
    try:
        return _unpack_whole(head, arrays, max_bytes) if "whole" in head else _unpack(head, arrays, max_bytes, Budget())
    except ModuleNotFoundError as error:
        import_extra((error.name or "").partition(".")[0])  # says what to install
        raise
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, ImportError) as error:
        if isinstance(error, (ModelFormatError, UnsupportedModelError, MissingExtraError)):
            raise
        raise ModelFormatError(f"The compact file is damaged: {type(error).__name__}: {error}") from error


def _pack(model, full):
    """A tree model as JSON data and arrays."""
    adapter, known = find_adapter(model), _known()
    if not isinstance(adapter, Storage):
        raise UnsupportedModelError(f"Models of {type(model).__qualname__}'s family have no compact form.")
    if f"{type(model).__module__}.{type(model).__qualname__}" not in {*known, *adapter.models}:
        raise UnsupportedModelError(
            f"{type(model).__qualname__} is a subclass of a supported model: it has no compact form."
        )
    stored = adapter.stored(full)
    flatten(stored.skeleton, known)  # refuses what has no compact form before the work starts
    forest, arrays = pack(
        stored.forest,
        STATISTICS if full else adapter.needed,
        round_thresholds=not full and adapter.float_type is np.float32 and stored.forest.comparison == "<=",
    )
    derived = adapter.arrays_of(stored.skeleton, unpack(forest, arrays, max_bytes=np.inf))
    rest = [_rest(adapter, *trees, full) for trees in zip(stored.trees, derived, strict=True)]
    objects, others = flatten({"skeleton": stored.skeleton, "rest": rest}, known)
    head = {"family": adapter.format_name, "forest": forest, "names": list(arrays), "objects": objects}
    return head, [*arrays.values(), *others]


def _unpack(head, arrays, max_bytes, budget):
    """The tree model of `_pack`."""
    adapter = _adapter_of(head)
    names, objects = head["names"], head["objects"]
    forest = unpack(head["forest"], dict(zip(names, arrays, strict=False)), max_bytes)
    parts = restore(objects, arrays[len(names) :], _known(), budget=budget)
    trees = []
    for derived, rest in zip(adapter.arrays_of(parts["skeleton"], forest), parts["rest"], strict=True):
        if not adapter.structure.isdisjoint(rest):
            raise ModelFormatError("The compact file is damaged: it states the structure of a tree twice.")
        trees.append(derived | rest)
    return adapter.assembled(parts["skeleton"], trees)


def _pack_whole(model, full):
    """A model that holds tree models as JSON data and arrays: these one by one, and the rest as plain objects.

    Fitted tree models are found wherever they stand, so that none is taken for a plain object. Those that are no parts
    of the whole, but of its steps, stay as they are: what a step does may depend on statistics, as selectors do.
    """
    check_holds(model, TREES)
    predicting = {id(tree_model) for tree_model in tree_models(model)}
    models: list[Any] = []
    numbers: dict[int, int] = {}

    def number(value):
        if id(value) not in numbers and _is_fitted_tree_model(value):
            numbers[id(value)] = len(models)
            models.append(value)
        return numbers.get(id(value))

    whole, rest = flatten(model, _known() | parts_of_wholes(), number, LEFT_OUT)
    packed_models = [_pack(each, full or id(each) not in predicting) for each in models]
    heads = [head | {"n_arrays": len(arrays)} for head, arrays in packed_models]
    arrays = [array for _, of_model in packed_models for array in of_model]
    return {"models": heads, "whole": whole}, [*arrays, *rest]


def _unpack_whole(head, arrays, max_bytes):
    """The model of `_pack_whole`; what its trees take counts together."""
    models, budget = [], Budget()
    for each in head["models"]:
        n_arrays = each["n_arrays"]
        if not isinstance(n_arrays, int) or not 0 <= n_arrays <= len(arrays):
            raise ModelFormatError(f"The compact file is damaged: {n_arrays!r} arrays of a model.")
        models.append(_unpack(each, arrays[:n_arrays], max_bytes, budget))
        arrays, max_bytes = arrays[n_arrays:], max_bytes - 8 * each["forest"]["n_nodes"]
    whole = restore(head["whole"], arrays, _known() | parts_of_wholes(), models, budget, CHECKS)
    if find_composite(whole) is None:
        raise ModelFormatError(f"The compact file is damaged: {type(whole).__name__} holds no models.")
    return whole


def _is_fitted_tree_model(value):
    if adapter_class(value) is None:
        return False
    try:
        check_is_fitted(value)
    except NotFittedError:
        return False
    except TypeError:  # a Booster is no estimator
        return True
    return find_composite(value) is None


def _adapter_of(head):
    """The adapter class of the family that a file is of."""
    family = head["family"] if "family" in head else _CLASSES_OF_VERSION_2[head["adapter"]]
    return {cls.format_name: cls for cls in _families()}[family]


def _families():
    """The adapters of families that have a compact form."""
    return {adapter for adapter in adapters_by_model().values() if issubclass(adapter, Storage)}


def _known():
    """Paths of all classes and functions that a file may name."""
    return {part for family in _families() for part in family.parts}


def _rest(adapter, stored, derived, full):
    """The arrays of a tree that differ from those derived from its forest."""
    differing = {name: array for name, array in stored.items() if not _same(array, derived.get(name))}
    if not adapter.structure.isdisjoint(differing):
        raise UnsupportedModelError(f"A tree stores {sorted(adapter.structure & set(differing))} in an unknown way.")
    return differing if full else {name: a for name, a in differing.items() if name not in adapter.unused}


def _same(a, b):
    return b is not None and (a.dtype, a.shape) == (b.dtype, b.shape) and a.tobytes() == b.tobytes()
