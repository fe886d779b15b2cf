"""Pipelines: the model is the last step, and sees rows after the steps before it."""

from collections.abc import Sequence
from typing import Any

from ..narrowing.narrow import passes
from .base import Composite, Given, Part, with_attributes


class PipelineComposite(Composite):
    """scikit-learn's and imbalanced-learn's; samplers draw rows for training only and are passed over."""

    models = ("sklearn.pipeline.Pipeline",)
    passes_on = True

    def parts(self) -> list[Part]:
        name, last = self.model.steps[-1]
        sampled = any(hasattr(step, "fit_resample") for _, step in self.model.steps)
        return [] if passes(last) else [Part(name, last, self._before_last, sees_all=not sampled)]

    def with_models(self, models: Sequence[Any]) -> Any:
        steps = self.model.steps
        return with_attributes(self.model, {"steps": [*steps[:-1], *((steps[-1][0], model) for model in models)]})

    def _before_last(self, given: Given) -> Given:
        return given._replace(X=self.model[:-1].transform(given.X)) if len(self.model.steps) > 1 else given
