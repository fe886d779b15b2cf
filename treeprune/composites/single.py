"""Models that hold one other: searches, thresholds, frozen and self-training models, transformed targets."""

from typing import ClassVar

import numpy as np

from .base import Given, OneModel, Part, as_array


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
    """Classifiers with another threshold; it stays as it was chosen."""

    models = (
        "sklearn.model_selection._classification_threshold.TunedThresholdClassifierCV",
        "sklearn.model_selection._classification_threshold.FixedThresholdClassifier",
    )
    attribute = "estimator_"

    @property
    def sees_all(self) -> bool:
        return bool(getattr(self.model, "refit", True))


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
