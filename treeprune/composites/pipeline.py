"""Pipelines: the model is the last step, and sees rows after the steps before it."""

from collections.abc import Sequence
from typing import Any

from sklearn.utils.validation import check_is_fitted

from ..narrowing.narrow import passes
from .base import Composite, Given, Part, with_attributes


class PipelineComposite(Composite):
    """scikit-learn's and imbalanced-learn's; samplers draw rows for training only and are passed over."""

    models = ("sklearn.pipeline.Pipeline",)
    passes_on = True

    def __init__(self, model: Any):
        super().__init__(model)  # which asks the last step alone
        for name, step in model.steps[:-1]:
            if not passes(step) and type(step).__module__.partition(".")[0] == "sklearn":  # others need not tell
                check_is_fitted(step, msg=f"The step {name!r} of this Pipeline, %(name)s, is not fitted.")

    def parts(self) -> list[Part]:
        name, last = self.model.steps[-1]
        sampled = any(hasattr(step, "fit_resample") for _, step in self.model.steps)
        return [] if passes(last) else [Part(name, last, self._before_last, sees_all=not sampled)]

    def with_models(self, models: Sequence[Any]) -> Any:
        steps = self.model.steps
        return with_attributes(self.model, {"steps": [*steps[:-1], *((steps[-1][0], model) for model in models)]})

    def _before_last(self, given: Given) -> Given:
        X = given.X
        for _, step in self.model.steps[:-1]:  # one by one, since a Pipeline that ends in a sampler does not transform
            X = X if passes(step) else step.transform(X)
        return given._replace(X=X)
