"""scikit-learn's forests: RandomForest* and ExtraTrees*."""

from .sklearn_ensemble import SklearnEnsembleAdapter


class SklearnForestAdapter(SklearnEnsembleAdapter):
    """The mean of the trees' values. Importances are worked out from the trees when asked for."""

    format_name = "sklearn forest"
    models = (
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._forest.RandomForestRegressor",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.ExtraTreesRegressor",
    )
    parts = (
        *models,
        *SklearnEnsembleAdapter.parts,
        "treeprune.links.LinkedRandomForestClassifier",
        "treeprune.links.LinkedExtraTreesClassifier",
    )
