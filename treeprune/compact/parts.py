"""What files may hold of models that hold tree models: classes and functions of scikit-learn and treeprune, by name.

Their objects are made without running code of the file, and their methods are Python and NumPy: whatever a file says of
their attributes, they raise errors at worst. Those that make sparse rows of numbers that they hold are checked, since
compiled code believes these numbers. Classes that hand more to compiled code (sparse matrices, nearest neighbours,
splines) are not among them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names

from ..exceptions import ModelFormatError
from ..methods import ALIASES

_CLASSES = {
    "sklearn.calibration": "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration _TemperatureScaling",
    "sklearn.compose._column_transformer": "ColumnTransformer make_column_selector _RemainderColsList",
    "sklearn.compose._target": "TransformedTargetRegressor",
    "sklearn.decomposition._pca": "PCA",
    "sklearn.decomposition._truncated_svd": "TruncatedSVD",
    "sklearn.dummy": "DummyClassifier DummyRegressor",
    "sklearn.ensemble._bagging": "BaggingClassifier BaggingRegressor",
    "sklearn.ensemble._stacking": "StackingClassifier StackingRegressor",
    "sklearn.ensemble._voting": "VotingClassifier VotingRegressor",
    "sklearn.ensemble._weight_boosting": "AdaBoostClassifier AdaBoostRegressor",
    "sklearn.feature_extraction._dict_vectorizer": "DictVectorizer",
    "sklearn.feature_extraction.text": "CountVectorizer TfidfVectorizer TfidfTransformer",
    "sklearn.feature_selection._from_model": "SelectFromModel",
    "sklearn.feature_selection._univariate_selection": "SelectKBest SelectPercentile SelectFdr SelectFpr SelectFwe",
    "sklearn.feature_selection._variance_threshold": "VarianceThreshold",
    "sklearn.frozen._frozen": "FrozenEstimator",
    "sklearn.impute._base": "SimpleImputer MissingIndicator",
    "sklearn.isotonic": "IsotonicRegression",
    "sklearn.linear_model._base": "LinearRegression",
    "sklearn.linear_model._coordinate_descent": "ElasticNet Lasso",
    "sklearn.linear_model._logistic": "LogisticRegression LogisticRegressionCV",
    "sklearn.linear_model._ridge": "Ridge RidgeClassifier RidgeCV RidgeClassifierCV",
    "sklearn.metrics._scorer": "_PassthroughScorer _Scorer _CurveScorer",
    "sklearn.model_selection._classification_threshold": "FixedThresholdClassifier TunedThresholdClassifierCV",
    "sklearn.model_selection._search": "GridSearchCV RandomizedSearchCV",
    "sklearn.model_selection._search_successive_halving": "HalvingGridSearchCV HalvingRandomSearchCV",
    "sklearn.model_selection._split": "KFold StratifiedKFold GroupKFold ShuffleSplit StratifiedShuffleSplit "
    "RepeatedKFold RepeatedStratifiedKFold TimeSeriesSplit LeaveOneOut",
    "sklearn.multiclass": "OneVsRestClassifier OneVsOneClassifier OutputCodeClassifier _ConstantPredictor",
    "sklearn.multioutput": "MultiOutputClassifier MultiOutputRegressor ClassifierChain RegressorChain",
    "sklearn.naive_bayes": "GaussianNB",
    "sklearn.pipeline": "Pipeline FeatureUnion",
    "sklearn.preprocessing._data": "StandardScaler MinMaxScaler MaxAbsScaler RobustScaler Normalizer Binarizer "
    "PowerTransformer QuantileTransformer",
    "sklearn.preprocessing._discretization": "KBinsDiscretizer",
    "sklearn.preprocessing._encoders": "OneHotEncoder OrdinalEncoder",
    "sklearn.preprocessing._function_transformer": "FunctionTransformer",
    "sklearn.preprocessing._label": "LabelEncoder LabelBinarizer",
    "sklearn.preprocessing._polynomial": "PolynomialFeatures",
    "sklearn.preprocessing._target_encoder": "TargetEncoder",
    "sklearn.semi_supervised._self_training": "SelfTrainingClassifier",
    "sklearn.utils._metadata_requests": "MetadataRequest MethodMetadataRequest",
    "treeprune.estimators.candidates": "KnobParams",
    "treeprune.estimators.pruner": "Pruner",
    "treeprune.estimators.pruner_cv": "PrunerCV",
    "treeprune.estimators.tree_pruner": "TreePruner TreePrunerCV",
    "treeprune.model_selection": "PurgedTimeSeriesSplit",
}
#: Attributes that files do not hold, by the class: the path of a pruner is made of the tree before it was pruned.
LEFT_OUT = dict.fromkeys(
    (
        *("treeprune.estimators.pruner.Pruner", "treeprune.estimators.pruner_cv.PrunerCV"),
        *("treeprune.estimators.tree_pruner.TreePruner", "treeprune.estimators.tree_pruner.TreePrunerCV"),
    ),
    ("pruning_path_",),
)
_FUNCTIONS = ("f_classif", "f_regression", "chi2", "r_regression")
_OTHER_FUNCTIONS = {"treeprune.estimators.scoring.expected_cost"}


@cache
def parts_of_wholes() -> frozenset[str]:
    """Paths of these classes and functions: methods, scores of features and those of scikit-learn's scorers as well."""
    classes = {f"{module}.{name}" for module, names in _CLASSES.items() for name in names.split()}
    methods = {f"{cls.__module__}.{cls.__qualname__}" for cls in ALIASES.values()}
    scores = {get_scorer(name)._score_func for name in get_scorer_names()}
    of_features = {f"sklearn.feature_selection._univariate_selection.{name}" for name in _FUNCTIONS}
    named = classes | methods | of_features | _OTHER_FUNCTIONS
    return frozenset(named | {f"{score.__module__}.{score.__qualname__}" for score in scores})


def _check_vocabulary(vectorizer):
    """Terms have the places 0, 1, ... in some order."""
    vocabulary = getattr(vectorizer, "vocabulary_", {})
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise ModelFormatError("The compact file is damaged: a vocabulary does not number its terms.")


def _check_one_hot(encoder):
    """Codes of categories stay within the columns that there are for them."""
    if not hasattr(encoder, "categories_"):
        return
    n_columns, dropped = encoder._n_features_outs, encoder._drop_idx_after_grouping
    joined = encoder._default_to_infrequent_mappings if encoder._infrequent_enabled else [None] * len(n_columns)
    sound = n_columns == encoder._compute_n_features_outs() and len(n_columns) == len(encoder.categories_)
    for column, (categories, n) in enumerate(zip(encoder.categories_, n_columns, strict=True)):
        drop = None if dropped is None else dropped[column]
        n_codes = n + (drop is not None)
        sound &= drop is None or 0 <= drop < n_codes
        sound &= joined[column] is None or (joined[column].min() >= 0 and joined[column].max() < n_codes)
        if categories.dtype.kind not in "OUS":  # numbers are looked up by halving
            sound &= (
                bool((np.diff(categories[~np.isnan(categories)]) > 0).all()) and not np.isnan(categories[:-1]).any()
            )
    if not sound:
        raise ModelFormatError("The compact file is damaged: the categories of a OneHotEncoder and its columns.")


#: What looks at objects of some classes, by their paths.
CHECKS: dict[str, Callable[[Any], None]] = {
    "sklearn.feature_extraction._dict_vectorizer.DictVectorizer": _check_vocabulary,
    "sklearn.feature_extraction.text.CountVectorizer": _check_vocabulary,
    "sklearn.feature_extraction.text.TfidfVectorizer": _check_vocabulary,
    "sklearn.preprocessing._encoders.OneHotEncoder": _check_one_hot,
}
