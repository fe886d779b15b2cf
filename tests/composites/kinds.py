"""A fitted model of every kind that holds others, and the rows and targets that it is fitted on."""

import numpy as np
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_wine
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import TreePruner, TreePrunerCV

#: What each recording tree was fitted on, beside the tree.
FITTED = []


class RecordingClassifier(DecisionTreeClassifier):
    def fit(self, X, y, sample_weight=None):
        FITTED.append((self, X, y))
        return super().fit(X, y, sample_weight)


class RecordingRegressor(DecisionTreeRegressor):
    def fit(self, X, y, sample_weight=None):
        FITTED.append((self, X, y))
        return super().fit(X, y, sample_weight)


TREE, NUMBERS = RecordingClassifier(random_state=0), RecordingRegressor(random_state=0)
SHALLOW = DecisionTreeRegressor(max_depth=3, random_state=0)
FOREST = RandomForestClassifier(3, max_depth=2, random_state=0)
PIPE, PIPE_OF_NUMBERS = (make_pipeline(StandardScaler(), tree) for tree in (TREE, NUMBERS))
X, KIND = load_wine(return_X_y=True)
NOISE = np.random.default_rng(0).integers(0, 3, len(KIND))
KIND = np.array(["acid", "base", "charm"])[np.where(NOISE == 0, NOISE[::-1], KIND)]  # in part noise: deep trees
TWO = np.where(KIND == "acid", "acid", "other")
LABELS = np.column_stack([KIND == "acid", X[:, 1] > 2]).astype(int)
AMOUNT = X[:, 0] * 10 + NOISE
AMOUNTS = np.column_stack([AMOUNT, AMOUNT**2 + NOISE[::-1]])
PART_LABELLED = np.where(NOISE == 1, -1, LABELS[:, 0])
GRID = {"max_depth": [None, 6]}


def _log(y):
    return np.log1p(y)


#: Composites, their targets, and whether their parts were fitted on all rows just as they are passed on.
COMPOSITES = {
    "pipeline": (PIPE, KIND, True),
    "pipeline of one step": (make_pipeline(TREE), KIND, True),
    "passthrough": (Pipeline([("a", None), ("b", "passthrough"), ("c", StandardScaler()), ("d", TREE)]), KIND, True),
    "pipeline in a pipeline": (make_pipeline(StandardScaler(), PIPE), KIND, True),
    "grid search": (GridSearchCV(TREE, GRID, cv=2), KIND, True),
    "randomized search": (RandomizedSearchCV(TREE, GRID, n_iter=1, cv=2, random_state=0), KIND, True),
    "halving search": (HalvingGridSearchCV(TREE, GRID, cv=2, random_state=0), KIND, True),
    "random halving search": (HalvingRandomSearchCV(TREE, GRID, n_candidates=2, cv=2, random_state=0), KIND, True),
    "search of a pipeline": (GridSearchCV(PIPE, {"standardscaler__with_mean": [True, False]}, cv=2), KIND, True),
    "calibrated": (CalibratedClassifierCV(PIPE, cv=2), KIND, False),
    "calibrated as one": (CalibratedClassifierCV(TREE, cv=2, ensemble=False), KIND, True),
    "threshold": (FixedThresholdClassifier(PIPE, threshold=0.3, pos_label="other"), TWO, True),
    "tuned threshold": (TunedThresholdClassifierCV(TREE, cv=2, thresholds=5), LABELS[:, 0], True),
    "self-training": (SelfTrainingClassifier(TREE, max_iter=2), PART_LABELLED, False),
    "transformed target": (TransformedTargetRegressor(NUMBERS, func=_log, inverse_func=np.expm1), AMOUNT, True),
    "scaled targets": (TransformedTargetRegressor(NUMBERS, transformer=StandardScaler()), AMOUNTS, True),
    "voting": (VotingClassifier([("a", PIPE), ("b", "drop"), ("c", TREE)], voting="soft"), KIND, True),
    "voting beside others": (VotingClassifier([("a", PIPE), ("b", GaussianNB())]), KIND, True),
    "mean of regressors": (VotingRegressor([("a", NUMBERS), ("b", LinearRegression())]), AMOUNT, True),
    "stacking": (StackingClassifier([("a", PIPE), ("b", TREE)], LogisticRegression(), cv=2), KIND, True),
    "tree over regressors": (
        StackingRegressor([("a", NUMBERS)], SHALLOW),
        AMOUNT,
        True,
    ),
    "one versus rest": (OneVsRestClassifier(PIPE), KIND, True),
    "labels": (OneVsRestClassifier(TREE), LABELS, True),
    "one versus one": (OneVsOneClassifier(TREE), KIND, True),
    "output codes": (OutputCodeClassifier(TREE, random_state=0), KIND, True),
    "outputs": (MultiOutputClassifier(TREE), LABELS, True),
    "outputs that are numbers": (MultiOutputRegressor(PIPE_OF_NUMBERS), AMOUNTS, True),
    "chain": (ClassifierChain(TREE, order=[1, 0]), LABELS, True),
    "chain of numbers": (RegressorChain(NUMBERS), AMOUNTS, True),
    "bagging": (BaggingClassifier(PIPE, 3, max_features=0.6, random_state=0), KIND, False),
    "bagging of numbers": (BaggingRegressor(PIPE_OF_NUMBERS, 3, random_state=0), AMOUNT, False),
    "boosting of forests": (AdaBoostClassifier(FOREST, n_estimators=3, random_state=0), KIND, False),
    "boosted numbers": (AdaBoostRegressor(PIPE_OF_NUMBERS, n_estimators=3, random_state=0), AMOUNT, False),
    "pruned": (TreePruner(TREE, "max_depth"), KIND, True),
    "pruned by folds": (TreePrunerCV(TREE, cv=2), KIND, True),
    "as deep as they come": (
        GridSearchCV(make_pipeline(StandardScaler(), OneVsRestClassifier(PIPE)), {"onevsrestclassifier__n_jobs": [1]}),
        KIND,
        True,
    ),
}


def of_sparse_rows(model):
    """An unfitted model whose scalers do not centre rows, which would not stay sparse."""
    return clone(model).set_params(**{name: False for name in model.get_params() if name.endswith("with_mean")})


def stock(value):
    """An unfitted model with scikit-learn's own trees in the place of recording ones, and functions of NumPy."""
    if isinstance(value, (list, tuple)):
        return type(value)(stock(each) for each in value)
    if isinstance(value, (RecordingClassifier, RecordingRegressor)):
        return type(value).__base__(random_state=0)
    if value is _log:
        return np.log1p
    if isinstance(value, type) or not hasattr(value, "get_params"):
        return value
    return clone(value).set_params(**{name: stock(each) for name, each in value.get_params(deep=False).items()})
