"""Fitted Pruner, PrunerCV and their like for trees: the pruned model inside may be pruned again."""

from collections.abc import Sequence
from typing import Any

from sklearn.utils.validation import check_is_fitted

from .base import OneModel, Part
from .exchange import sizes


class PrunedComposite(OneModel):
    """The copy says its own size; the path of the pruning before is not its own and goes."""

    models = ("treeprune.estimators.base.PrunedEstimator",)
    attribute = "estimator_"
    passes_on = True
    sees_all = False  # it may have held rows out

    def parts(self) -> list[Part]:
        check_is_fitted(self.model, self.attribute)  # which a PrunerCV lacks that was told not to refit
        return super().parts()

    def with_models(self, models: Sequence[Any]) -> Any:
        whole = super().with_models(models)
        vars(whole).update({f"{name}_": number for name, number in sizes(whole.estimator_).items()})
        vars(whole).pop("pruning_path_", None)
        return whole
