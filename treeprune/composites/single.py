"""Models that hold one other: searches, thresholds, frozen and self-training models, transformed targets."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from .base import Given, OneModel, Part, as_array, with_attributes


class SearchComposite(OneModel):
    """GridSearchCV and its kin: the best model, fitted on all rows. The results of the search stay."""

    models = ("sklearn.model_selection._search.BaseSearchCV",)
    attribute = "best_estimator_"
    passes_on = True

    def parts(self) -> list[Part]:
        if not hasattr(self.model, self.attribute):
            raise ValueError(
                f"The 'refit' parameter of {type(self.model).__name__} must be true for it to hold a model. "
                f"Got {self.model.refit!r}."
            )
        return super().parts()


class ThresholdComposite(OneModel):
    """Classifiers with another threshold; it stays as it was given."""

    models = ("sklearn.model_selection._classification_threshold.FixedThresholdClassifier",)
    attribute = "estimator_"


class TunedThresholdComposite(OneModel):
    """Classifiers with a threshold that was chosen by their predictions; it stays unless it is `refitted`."""

    models = ("sklearn.model_selection._classification_threshold.TunedThresholdClassifierCV",)
    attribute = "estimator_"
    learns_from_parts = True

    @property
    def sees_all(self) -> bool:
        return bool(self.model.refit)

    def refitted(self, given: Given) -> Any:
        if len(np.unique(np.asarray(given.y))) < len(self.model.classes_):
            return self.model
        settings = {"estimator": FrozenEstimator(self.model.estimator_), "cv": "prefit", "refit": False}
        anew = clone(self.model).set_params(**settings).fit(given.X, given.y)
        found = ("best_threshold_", "best_score_", *(["cv_results_"] if hasattr(anew, "cv_results_") else []))
        return with_attributes(self.model, {name: getattr(anew, name) for name in found})


class FrozenComposite(OneModel):
    """A fitted model that other estimators take as it is."""

    models = ("sklearn.frozen._frozen.FrozenEstimator",)
    attribute = "estimator"
    passes_on = True
    sees_all = False  # it was fitted before


class SelfTrainingComposite(OneModel):
    """A model that labelled rows for itself: those without a label (-1) judge nothing."""

    models = ("sklearn.semi_supervised._self_training.SelfTrainingClassifier",)
    attribute = "estimator_"
    sees_all = False

    def sees(self, given: Given) -> Given:
        labelled = np.flatnonzero(np.asarray(given.y) != -1)
        return given._replace(X=as_array(given.X)).at(labelled)


class TransformedTargetComposite(OneModel):
    """A regressor of targets on another scale."""

    models: ClassVar[tuple[str, ...]] = ("sklearn.compose._target.TransformedTargetRegressor",)
    attribute = "regressor_"

    def sees(self, given: Given) -> Given:
        y = np.asarray(given.y)
        transformed = self.model.transformer_.transform(y[:, None] if y.ndim == 1 else y)
        is_column = np.ndim(transformed) == 2 and np.shape(transformed)[1] == 1
        return given._replace(y=np.ravel(transformed) if is_column else transformed)
