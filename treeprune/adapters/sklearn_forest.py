"""scikit-learn's forests: RandomForest* and ExtraTrees*."""

from functools import cached_property

from .base import padded
from .class_weights import FORESTS_BALANCE_BY_WEIGHT, stored_training
from .sklearn_ensemble import SklearnEnsembleAdapter


class SklearnForestAdapter(SklearnEnsembleAdapter):
    """The mean of the trees' values. Importances are worked out from the trees when asked for."""

    format_name = "sklearn forest"
    models = (
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._forest.RandomForestRegressor",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.ExtraTreesRegressor",
        "treeprune.links.LinkedRandomForestClassifier",
        "treeprune.links.LinkedExtraTreesClassifier",
    )
    parts = (*models, *SklearnEnsembleAdapter.parts)

    balances_by_weight = FORESTS_BALANCE_BY_WEIGHT

    @property
    def _weighing(self):
        return self.model

    @property
    def _class_factor(self):
        draws = self.model.bootstrap and self.model.class_weight != "balanced_subsample"
        return None if draws and FORESTS_BALANCE_BY_WEIGHT else super()._class_factor  # since then, they are drawn by

    @cached_property
    def _stored_training(self):
        is_balanced = self.model.class_weight in ("balanced", "balanced_subsample")
        return stored_training(self.forest) if is_balanced and not self.model.bootstrap else None

    @property
    def monotonic(self):
        signs = getattr(self.model, "monotonic_cst", None)
        return None if signs is None else padded(list(signs), self.forest.n_features)
