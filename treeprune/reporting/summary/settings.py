"""Data and settings: what is needed to make the report again, and a hash that shows whether the data are the same."""

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from numbers import Real
from typing import Any

import numpy as np
import sklearn

from ... import __version__
from ...wrappers import last_step
from .frames import frame_of

_MOST_CHARACTERS = 120
#: Parameters that are shown even where they are at their defaults.
_ALWAYS = {"cv", "fdr", "method", "null", "random_state", "rule", "scoring", "statistic", "validation"}
#: Parameters that are shown elsewhere on the page.
_ELSEWHERE = {"estimator", "param_grid", "param_distributions"}


def settings(subject) -> list[dict[str, Any]]:
    """Groups of settings, each a title and pairs of names and texts. Rows of data are never in them."""
    groups = [{"title": "Model", "pairs": _model(subject)}]
    decided_by = subject.selector if subject.selector is not None else subject.pruner
    if decided_by is not None:
        groups.append(_of_decider(decided_by))
        chosen = {"alpha": decided_by.alpha_} if hasattr(decided_by, "alpha_") else {}
        for name, value in getattr(decided_by, "best_params_", chosen).items():
            text = f"{value:.6g}" if isinstance(value, Real) else as_text(value)
            groups[-1]["pairs"].append([f"chosen strength ({name})", text])
    if subject.search is not None:
        groups.append(_of_decider(subject.search))
    if subject.compression is not None and subject.compression.method is not None:
        method = subject.compression.method
        groups.append({"title": type(method).__name__, "pairs": _parameters(method)})
    groups.append({"title": "Rows given to the report", "pairs": _data(subject)})
    return groups


def versions(subject) -> dict[str, str]:
    """Versions of what made the model and the report."""
    found = {"treeprune": __version__, "scikit-learn": sklearn.__version__}
    library = "" if subject.selector is not None else type(subject.model).__module__.partition(".")[0]
    if library in ("xgboost", "lightgbm"):
        try:
            found[library] = version(library)
        except PackageNotFoundError:  # one of its other distributions
            found[library] = __import__(library).__version__
    return found | {"numpy": np.__version__, "Python": platform.python_version()}


def _model(subject):
    model = subject.model if subject.selector is None else getattr(subject.selector, "estimator", None)
    if model is None:
        return [["class", _behind_selection(subject.selector)]]
    pairs = [["class", f"{type(model).__module__}.{type(model).__qualname__}"]]
    if hasattr(subject.given, "steps"):
        pairs.append(["pipeline", " → ".join(type(step).__name__ for _, step in subject.given.steps)])
    return pairs + _parameters(model)


def _behind_selection(selector):
    """What a selector without an estimator judges features by."""
    if hasattr(selector, "agreement_"):
        return "none: extremes of columns"
    of_statistics = {"boosted": "scikit-learn's HistGradientBoosting", "lasso": "scikit-learn's LassoCV"}
    statistic = selector.statistic if getattr(selector, "null", None) == "knockoff" else "survival"
    return of_statistics.get(statistic, "treeprune's own histogram trees")


def _of_decider(estimator):
    """A group of settings of a pruner, selector or search."""
    pairs = [pair for pair in _parameters(estimator) if pair[0] not in _ELSEWHERE]
    return {"title": type(estimator).__name__, "pairs": pairs}


def _parameters(estimator):
    """Parameters that are not at their defaults, and some in any case."""
    if not hasattr(estimator, "get_params"):
        return []
    defaults = signature(type(estimator).__init__).parameters
    pairs = []
    for name, value in sorted(estimator.get_params(deep=False).items()):
        default = defaults[name].default if name in defaults else None
        if name in _ALWAYS or not _equal(value, default):
            pairs.append([name, as_text(value)])
    return pairs


def _equal(value, default):
    try:
        return bool(value is default or value == default or (value != value and default != default))  # NaN
    except ValueError:  # arrays
        return False


def as_text(value: Any) -> str:
    """A parameter as text; for an object that may hold data, only the name of its class."""
    if isinstance(value, type(None) | bool | int | float | str | np.number):
        text = str(value)
    elif callable(value) and hasattr(value, "__name__"):
        text = value.__name__
    elif hasattr(value, "get_params"):
        text = " ".join(repr(last_step(value)).split())
    else:
        text = type(value).__name__
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _data(subject):
    if subject.X is None:
        return [["rows", "none: all figures are those that the model stores"]]
    shape = np.shape(subject.X)
    pairs = [["rows", f"{shape[0]:,}"]]
    if len(shape) > 1:  # not of texts
        pairs.append(["columns", f"{shape[1]:,}"])
        pairs.append(["missing values", f"{int(frame_of(subject.X).isna().to_numpy().sum()):,}"])
    return [*pairs, ["SHA-256 of the rows and targets", data_hash(subject.X, subject.y)]]


def data_hash(X: Any, y: Any = None) -> str:
    """SHA-256 of rows and targets, in hexadecimal digits: of the values, whatever holds them.

    A frame counts with the names of its columns; numbers in an array as float64.
    """
    import pandas as pd

    total = hashlib.sha256()
    for part in (X, y):
        if part is None:
            continue
        frame = frame_of(part)
        total.update("\0".join(map(str, frame.columns)).encode())
        for name in range(frame.shape[1]):
            column = frame.iloc[:, name]
            numeric = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
            column = column.to_numpy(np.float64, na_value=np.nan) if numeric else column.astype(str).to_numpy()
            total.update(pd.util.hash_array(column).tobytes())
    return total.hexdigest()
