"""Compact files that are kept as test data. ``python -m tests.compact.kept`` adds those that are missing.

A file that is there is never written anew: later versions must be able to read it.
"""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import prune, save_compact
from treeprune.methods import JointPruning

DATA = Path(__file__).with_name("data")
#: What is kept of a model's answers, where it has the method.
OUTPUTS = ("predict", "predict_proba", "decision_function", "score_samples")
LEVELS = ("predict", "full")


def outputs(model, X):
    """Answers of a model to rows, by the name of the method."""
    if type(model).__module__ == "xgboost.core":
        from xgboost import DMatrix

        X = DMatrix(X)
    return {name: np.asarray(getattr(model, name)(X)) for name in OUTPUTS if hasattr(model, name)}


def fitted_models():
    """X and, by name, the library that a model is of and the model."""
    import lightgbm
    import xgboost

    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(120, 4)), 2)
    X[:, 3] = rng.integers(0, 5, 120)
    number = X[:, 0] * X[:, 1] + X[:, 2] + (X[:, 3] == 2)
    label = np.digitize(number, [-0.5, 0.7])
    small = {"max_depth": 3, "random_state": 0}
    few = {"n_estimators": 2, **small}
    stump = DecisionTreeClassifier(max_depth=2, random_state=0)
    hist = {"max_iter": 2, "max_leaf_nodes": 6, "random_state": 0, "early_stopping": False}
    boosted = {**few, "n_jobs": 1}
    light = {**boosted, "min_child_samples": 5, "num_leaves": 6, "verbose": -1, "deterministic": True}
    models = {
        "tree_classifier": DecisionTreeClassifier(**small).fit(X, label),
        "tree_regressor": DecisionTreeRegressor(**small).fit(X, number),
        "forest_classifier": RandomForestClassifier(**few).fit(X, label),
        "forest_regressor": RandomForestRegressor(**few).fit(X, number),
        "extra_trees": ExtraTreesClassifier(**few).fit(X, label),
        "bagging": BaggingClassifier(stump, n_estimators=4, random_state=0, max_features=3).fit(X, label),
        "adaboost_classifier": AdaBoostClassifier(stump, n_estimators=4, random_state=0).fit(X, label),
        "adaboost_regressor": AdaBoostRegressor(n_estimators=4, random_state=0).fit(X, number),
        "gradient_boosting": GradientBoostingClassifier(**few).fit(X, label),
        "hist_gradient_boosting_classifier": HistGradientBoostingClassifier(**hist).fit(X, label),
        "hist_gradient_boosting_categories": HistGradientBoostingRegressor(categorical_features=[3], **hist).fit(
            X, number
        ),
        "isolation_forest": IsolationForest(n_estimators=4, max_samples=40, random_state=0).fit(X),
        "linked_forest": prune(
            RandomForestClassifier(**few).fit(X, label), JointPruning(fraction=0.5, link="softmax"), X, label
        ),
    }
    columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), [3]), remainder=StandardScaler())
    pipeline = make_pipeline(SimpleImputer(add_indicator=True), columns, RandomForestClassifier(**few))
    grid = {"randomforestclassifier__max_depth": [2, 3]}
    models["search_of_a_pipeline"] = GridSearchCV(pipeline, grid, cv=2).fit(X, label)
    calibrated = CalibratedClassifierCV(make_pipeline(StandardScaler(), stump), cv=2)
    models["voting_of_calibrated"] = VotingClassifier([("a", calibrated), ("b", stump)], voting="soft").fit(X, label)
    found = {name: ("sklearn", model) for name, model in models.items()}
    of_boosters = {
        "xgboost_classifier": xgboost.XGBClassifier(**boosted).fit(X, label),
        "xgboost_categories": xgboost.XGBRegressor(
            feature_types=["q"] * 3 + ["c"], enable_categorical=True, **boosted
        ).fit(X, number),
        "xgboost_booster": xgboost.train({"max_depth": 3, "nthread": 1}, xgboost.DMatrix(X, number), 4),
        "lightgbm_classifier": lightgbm.LGBMClassifier(**light).fit(X, label),
        "lightgbm_categories": lightgbm.LGBMRegressor(**light).fit(X, number, categorical_feature=[3]),
        "lightgbm_booster": lightgbm.train(
            {"num_leaves": 7, "num_threads": 1, "verbose": -1, "min_data_in_leaf": 5}, lightgbm.Dataset(X, number), 4
        ),
    }
    return X, found | {name: (name.partition("_")[0], model) for name, model in of_boosters.items()}


def write_missing():
    """Write the files that are missing, what their models answer, and the version of the library."""
    DATA.mkdir(exist_ok=True)
    X, models = fitted_models()
    described = DATA / "written.json"
    written = json.loads(described.read_text()) if described.exists() else {}
    for name, (library, model) in models.items():
        if name in written:
            continue
        for level in LEVELS:
            save_compact(model, DATA / f"{name}.{level}.treeprune", level)
        np.savez_compressed(DATA / f"{name}.npz", X=X[:12], **outputs(model, X[:12]))
        written[name] = {"library": library, "version": import_module(library).__version__}
    described.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    write_missing()
