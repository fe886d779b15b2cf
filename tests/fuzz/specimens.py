"""The files that mutants are made of: small models, by format and family."""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from sklearn import ensemble, tree

from tests import boosters
from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.compact import packed
from treeprune.methods import JointPruning

_XGBOOST = (
    "categories",
    "frame with categories",
    "classes, dart, parallel",
    "classes",
    "early stopping",
    "two targets",
)
_LIGHTGBM = ("categories", "missing apart", "linear trees", "classes", "rf classes", "root only")


def rows() -> np.ndarray:
    """Rows to predict, some with holes and with numbers beyond those of training."""
    X = np.concatenate([boosters.rows()[0][:40], 1e3 * boosters.rows()[0][:4], np.full((2, 5), np.nan)])
    return np.concatenate([X, np.nan_to_num(X)])


def _fitted(estimator, task="binary"):
    return estimator.fit(np.nan_to_num(boosters.rows()[0]), boosters.target(task))


def _linked():
    X, y = np.nan_to_num(boosters.rows()[0]), boosters.target("classes")
    return prune(
        _fitted(ensemble.RandomForestClassifier(4, random_state=0), "classes"), JointPruning(fraction=0.3), X, y
    )


def _histogram_boosting(**params):
    model = ensemble.HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=3, **params)
    return model.fit(boosters.rows()[0], boosters.target("binary"))


#: Models of scikit-learn by family.
SKLEARN: dict[str, Callable] = {
    "tree": lambda: _fitted(tree.DecisionTreeClassifier(max_depth=4, random_state=0)),
    "forest": lambda: _fitted(ensemble.RandomForestRegressor(3, max_depth=4, random_state=0), "two numbers"),
    "forest with a link": _linked,
    "bagging": lambda: _fitted(
        ensemble.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=3), 3, max_features=0.8, random_state=0)
    ),
    "AdaBoost": lambda: _fitted(
        ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=2), n_estimators=3, random_state=0)
    ),
    "boosting": lambda: _fitted(ensemble.GradientBoostingClassifier(n_estimators=2, random_state=0), "classes"),
    "histogram boosting": lambda: _histogram_boosting(),
    "histogram boosting, categories": lambda: _histogram_boosting(categorical_features=[4]),
    "isolation forest": lambda: _fitted(ensemble.IsolationForest(n_estimators=3, max_samples=32, random_state=0)),
}
_BOOSTERS = {"xgboost": (_XGBOOST, boosters.XGBOOST), "lightgbm": (_LIGHTGBM, boosters.LIGHTGBM)}


@cache
def _booster(library, name):
    return find_adapter(_BOOSTERS[library][1][name]()).booster


@cache
def files(file_format: str, family: str) -> tuple[bytes, ...]:
    """Sound files of a format and family."""
    if family in SKLEARN:
        model = SKLEARN[family]()
        if file_format == "compact":
            return packed(model), packed(model, "full")
        import skops.io

        return (skops.io.dumps(model),)
    names, models = _BOOSTERS[family]
    if file_format == "compact":
        return tuple(packed(models[name](), level) for name in names for level in ("predict", "full"))
    return tuple(_native(file_format, _booster(family, name)) for name in names)


def _native(file_format, booster):
    if file_format == "lightgbm text":
        return booster.model_to_string().encode()
    return bytes(booster.save_raw({"xgboost JSON": "json", "xgboost UBJSON": "ubj"}[file_format]))


def targets() -> Iterator[tuple[str, str]]:
    """``format, family`` of all kinds of files."""
    yield from (("xgboost JSON", "xgboost"), ("xgboost UBJSON", "xgboost"), ("lightgbm text", "lightgbm"))
    # of histogram boosting with categories, skops files hold functions: they are read only if they are trusted
    yield from (("skops", family) for family in SKLEARN if "categories" not in family)
    yield from (("compact", family) for family in (*SKLEARN, *_BOOSTERS))
