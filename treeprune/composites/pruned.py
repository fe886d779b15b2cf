"""Fitted TreePruner and TreePrunerCV: the pruned model inside may be pruned again."""

from collections.abc import Sequence
from typing import Any

from ..adapters import find_adapter
from .base import OneModel


class PrunedComposite(OneModel):
    """The copy says its own size; the path of the pruning before is not its own and goes."""

    models = ("treeprune.estimators.base.PrunedEstimator",)
    attribute = "estimator_"

    def with_models(self, models: Sequence[Any]) -> Any:
        whole = super().with_models(models)
        forest = find_adapter(whole.estimator_).forest
        whole.n_leaves_, whole.n_nodes_ = forest.n_leaves, forest.n_nodes
        vars(whole).pop("pruning_path_", None)
        return whole
