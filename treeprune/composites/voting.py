"""Models that vote and models that are stacked: a list with names, and perhaps a final model."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils import Bunch

from .base import Given, ManyModels, Part


class _Named(ManyModels):
    """Models that have names, in `named_estimators_` as well."""

    @property
    def names(self) -> list[str]:
        return [name for name, model in self.model.estimators if not isinstance(model, str)]

    def with_models(self, models: Sequence[Any]) -> Any:
        whole = super().with_models(models)
        by_name = dict(zip(self.names, models, strict=True))
        whole.named_estimators_ = Bunch(**(dict(self.model.named_estimators_) | by_name))
        return whole


class VotingComposite(_Named):
    """VotingClassifier's models see codes of the classes."""

    models = ("sklearn.ensemble._voting.VotingClassifier", "sklearn.ensemble._voting.VotingRegressor")

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        return lambda given: given._replace(y=self.model.le_.transform(given.y)) if is_classifier(self.model) else given


class StackingComposite(_Named):
    """The models below see the rows, the final one what the models below say of them."""

    models = ("sklearn.ensemble._stacking.StackingClassifier", "sklearn.ensemble._stacking.StackingRegressor")

    def parts(self) -> list[Part]:
        final = self.model.final_estimator_
        above = Part("final_estimator_", final, self._above, self._columns_above(final), sees_all=False)
        return [*super().parts(), above]

    def with_models(self, models: Sequence[Any]) -> Any:
        *below, final = models
        whole = super().with_models(below)
        whole.final_estimator_ = final
        return whole

    @property
    def sees_all(self) -> bool:
        return not isinstance(self.model.cv, str)  # "prefit"

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        return self._coded

    def _columns_above(self, final: Any) -> NDArray[np.intp]:
        rows = np.arange(getattr(self.model, "n_features_in_", 0) if self.model.passthrough else 0)
        n_seen = getattr(final, "n_features_in_", len(rows))  # a model of one's own may not say
        return np.append(np.full(n_seen - len(rows), -1), rows)

    def _above(self, given: Given) -> Given:
        return self._coded(given)._replace(X=self.model.transform(given.X))

    def _coded(self, given: Given) -> Given:
        if not is_classifier(self.model):
            return given
        encoder = self.model._label_encoder
        if not isinstance(encoder, list):
            return given._replace(y=encoder.transform(given.y))
        labels = np.asarray(given.y).T
        return given._replace(y=np.column_stack([one.transform(of) for one, of in zip(encoder, labels, strict=True)]))
