"""Fits in the pruning meta-estimators, and rows taken by index with their metadata."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.utils import _safe_indexing

from ..adapters.offsets import OFFSET_NAMES, fit_parameters, offset_of
from ..composites.fitting import step_to_fit
from ..methods import PruningMethod


def fit_estimator(estimator: Any, X: Any, y: Any, params: dict[str, Any]) -> Any:
    """Fit; a function of its own so that joblib can cache it."""
    return estimator.fit(X, y, **params)


def take(data: Any, index: NDArray | None) -> Any:
    """The rows at `index`; all of them where it is None."""
    return data if data is None or index is None else _safe_indexing(data, index)


def take_params(params: dict[str, Any], index: NDArray | None, n_rows: int) -> dict[str, Any]:
    """Metadata of the rows at `index`. Metadata without one value per row are passed on as they are.

    Rankers take ``group``: the number of rows of each query, whose rows are neighbours.
    """
    taken = {}
    for name, value in params.items():
        is_array = hasattr(value, "shape") or isinstance(value, list)
        if name == "group" and index is not None and is_array and np.sum(value) == n_rows:
            taken[name] = _sizes(np.repeat(np.arange(len(value)), value)[index])
        else:
            taken[name] = take(value, index) if is_array and len(value) == n_rows else value
    return taken


def are_weighed(params: dict[str, Any]) -> bool:
    """Whether there are weights of rows among the parameters of a fit."""
    return any(name.rpartition("__")[2] == "sample_weight" and params[name] is not None for name in params)


def take_offset(estimator: Any, X: Any, params: dict[str, Any]) -> tuple[dict[str, Any], NDArray[np.float64] | None]:
    """Parameters of a fit whose offsets have one entry per row, and these offsets (`offset_of`) or None.

    A Pipeline's last step is given them by its name, under which they may be among the parameters.
    """
    prefix, step = step_to_fit(estimator)
    named = {f"{before}{name}": name for name in OFFSET_NAMES for before in (prefix, "")}
    given = {name: params[key] for key, name in named.items() if params.get(key) is not None}
    offset = offset_of(step, X, **given)
    if offset is None:
        return params, None
    prefix = "" if get_config()["enable_metadata_routing"] else prefix  # else the whole routes them by their bare name
    own = {f"{prefix}{name}": values for name, values in fit_parameters(step, offset).items()}
    return {key: value for key, value in params.items() if key not in named} | own, offset


def _sizes(query):
    """Number of rows of each query, whose rows are neighbours."""
    bounds = np.flatnonzero(np.diff(query, prepend=-1, append=-1))
    if len(np.unique(query)) < len(bounds) - 1:
        raise ValueError(
            "The rows of a query must stay together, as the 'group' parameter counts them: split them by groups and "
            "in order, as sklearn.model_selection.GroupKFold does."
        )
    return np.diff(bounds)


def warn_of_growing_rows(method: PruningMethod, advice: str) -> None:
    """Warn that a method which needs rows of its own judges by those that grew the tree."""
    warnings.warn(
        f"{type(method).__name__} judges by the rows that grew the tree, on which nearly every split looks right. "
        f"{advice}",
        UserWarning,
        stacklevel=4,
    )
