"""Calibrated classifiers: one model for each fold of the calibration, or one for all."""

from collections.abc import Sequence
from typing import Any

from .base import Composite, Part, with_attributes


class CalibratedComposite(Composite):
    """The calibrators stay as they were fitted; rows are given to the models of all folds."""

    models = ("sklearn.calibration.CalibratedClassifierCV",)

    def parts(self) -> list[Part]:
        held = self.model.calibrated_classifiers_
        names = [f"calibrated_classifiers_[{i}].estimator" for i in range(len(held))]
        sees_all = len(held) == 1  # or else the rows of its folds
        return [Part(name, one.estimator, sees_all=sees_all) for name, one in zip(names, held, strict=True)]

    def with_models(self, models: Sequence[Any]) -> Any:
        held = zip(self.model.calibrated_classifiers_, models, strict=True)
        others = [with_attributes(one, {"estimator": model}) for one, model in held]
        return with_attributes(self.model, {"calibrated_classifiers_": others})
