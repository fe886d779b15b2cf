"""The subject of a report on a model made of weights."""

from functools import cached_property
from typing import Any

from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError

from ...composites.kinds import LAYERS
from ...compression import CompressionResult
from ...exceptions import UnsupportedModelError
from ...layers.adapters.base import LayersAdapter
from ...layers.layers import Layers
from ...wrappers import fitted_model
from .subject import Subject


class LayersSubject(Subject):
    """A linear model or a network, or what predicts as the one inside it does."""

    path = None

    @classmethod
    def takes(cls, given: Any) -> bool:
        """Whether a report is about such a model."""
        try:
            return LAYERS.takes(fitted_model(given.model if isinstance(given, CompressionResult) else given))
        except (NotFittedError, UnsupportedModelError):
            return False

    def _check_rows(self):
        if self.X is not None and self.y is None:
            raise ValueError("Give X and y together. Got X only.")
        if self.before is not None and not LAYERS.takes(self.model_before):
            raise ValueError(
                "The 'before' parameter must be a model made of weights, as the one reported on is. "
                f"Got {type(self.model_before).__name__}."
            )
        if self.subgroup is not None:
            _ = self.groups

    @cached_property
    def adapter(self) -> LayersAdapter:
        """The model as its adapter sees it."""
        return LAYERS.find_adapter(self.model)

    @property
    def layers(self) -> Layers:
        """Its layers."""
        return self.adapter.layers

    @cached_property
    def layers_before(self) -> Layers | None:
        """Those of the model before pruning; None: it is not known."""
        return None if self.model_before is None else LAYERS.find_adapter(self.model_before).layers

    @property
    def n_features(self) -> int:
        """Number of columns that reach the model."""
        return self.layers.n_features

    @property
    def n_outputs(self) -> int:
        """Number of targets."""
        return 1 if self.is_classifier else self.layers[-1].n_units

    @property
    def is_classifier(self) -> bool:
        """Whether classes are predicted."""
        return is_classifier(self.model)

    @cached_property
    def outputs(self) -> list[str]:
        """Names for the units of the last layer: what a larger sum speaks for."""
        n_units, classes = self.layers[-1].n_units, self.classes or []
        if len(classes) == 2 and n_units == 1:
            return classes[1:]
        if len(classes) == n_units:
            return classes
        return ["the prediction"] if n_units == 1 else [f"output {place}" for place in range(n_units)]
