"""Bagging and AdaBoost over other models than single trees, which have adapters of their own."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from ..core.class_paths import class_paths
from ..core.targets import class_codes
from .base import Given, ManyModels, as_array


class _OverModels(ManyModels):
    sees_all = False  # each rows of its own, or with weights of its own

    @classmethod
    def takes(cls, model: Any) -> bool:
        """Whether the ensemble is one of other models than single trees."""
        held: list[Any] = getattr(model, "estimators_", [])
        return len(held) > 0 and "sklearn.tree._classes.BaseDecisionTree" not in class_paths(held[0])


class BaggingComposite(_OverModels):
    """Each model sees its columns of all rows, as an array; classes as codes. Rows it was not drawn count as well."""

    models = ("sklearn.ensemble._bagging.BaggingClassifier", "sklearn.ensemble._bagging.BaggingRegressor")

    def with_models(self, models: Sequence[Any]) -> Any:
        whole = super().with_models(models)
        for name in ("oob_score_", "oob_decision_function_", "oob_prediction_"):  # of the models before
            vars(whole).pop(name, None)
        return whole

    def with_columns(self, models: Sequence[Any], kept: NDArray[np.bool_]) -> Any:
        """Seeds leave: they draw the rows of a model after its columns, out of all that there were."""
        whole, place = super().with_columns(models, kept), np.cumsum(kept) - 1
        seen = map(self.columns_of, range(len(models)))
        whole.estimators_features_ = [place[columns[kept[columns]]] for columns in seen]
        vars(whole).pop("_seeds", None)
        return whole

    def columns_of(self, position: int) -> NDArray[np.intp]:
        return np.asarray(self.model.estimators_features_[position])

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        columns = self.columns_of(position)

        def seen(given):
            y = class_codes(np.asarray(given.y), self.model.classes_) if is_classifier(self.model) else given.y
            return given._replace(X=as_array(given.X)[:, columns], y=y)

        return seen


class AdaBoostComposite(_OverModels):
    """Each model sees all rows as they are: the weights that boosting gave them are not replayed."""

    models = (
        "sklearn.ensemble._weight_boosting.AdaBoostClassifier",
        "sklearn.ensemble._weight_boosting.AdaBoostRegressor",
    )

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        return lambda given: given._replace(X=as_array(given.X))
