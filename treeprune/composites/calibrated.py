"""Calibrated classifiers: one model for each fold of the calibration, or one for all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from .base import Composite, Given, Part, with_attributes


class CalibratedComposite(Composite):
    """Rows are given to the models of all folds; the calibrators stay as they were unless they are `refitted`."""

    models = ("sklearn.calibration.CalibratedClassifierCV",)
    learns_from_parts = True

    def parts(self) -> list[Part]:
        held = self.model.calibrated_classifiers_
        names = [f"calibrated_classifiers_[{i}].estimator" for i in range(len(held))]
        sees_all = len(held) == 1  # or else the rows of its folds
        return [Part(name, one.estimator, sees_all=sees_all) for name, one in zip(names, held, strict=True)]

    def with_models(self, models: Sequence[Any]) -> Any:
        held = zip(self.model.calibrated_classifiers_, models, strict=True)
        others = [with_attributes(one, {"estimator": model}) for one, model in held]
        return with_attributes(self.model, {"calibrated_classifiers_": others})

    def refitted(self, given: Given) -> Any:
        if len(np.unique(np.asarray(given.y))) < len(self.model.classes_):
            return self.model
        others = []
        for one in self.model.calibrated_classifiers_:
            anew = CalibratedClassifierCV(FrozenEstimator(one.estimator), method=self.model.method)
            anew.fit(given.X, given.y, sample_weight=given.sample_weight)
            others.append(with_attributes(one, {"calibrators": anew.calibrated_classifiers_[0].calibrators}))
        return with_attributes(self.model, {"calibrated_classifiers_": others})
