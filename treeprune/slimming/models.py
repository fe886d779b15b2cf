"""Which columns a fitted model needs, and the model for these alone: tree models, pipelines, and what holds models."""

from typing import Any

import numpy as np

from ..composites import find_composite
from ..composites.kinds import LAYERS, kind_of
from ..composites.pipeline import PipelineComposite
from ..core.class_paths import class_paths
from ..narrowing.base import Mask, all_columns_of, names_of, with_columns
from ..narrowing.narrow import narrow_steps, passes

#: Models that look at no column, and count them only.
_CONSTANT = "sklearn.multiclass._ConstantPredictor"


class Slimming:
    """Columns leave models; each model that stands in several places is made once.

    Parameters
    ----------
    exact : bool
        Whether predictions must stay the same, bit for bit.
    """

    def __init__(self, exact: bool):
        self.exact = exact
        self._done: dict[tuple[int, bytes | None], tuple[Any, Any]] = {}

    def needed(self, model: Any) -> Mask | None:
        """Which columns a model needs, shape (n_columns,): at least one. None: all, however many (texts, dicts)."""
        composite = find_composite(model)
        if isinstance(composite, PipelineComposite):
            return self._needed_by_pipeline(model)
        if composite is not None:
            return self._needed_by_parts(composite)
        kind = kind_of(model)
        if kind is None:
            return all_columns_of(model)
        used = kind.find_adapter(model).used_features
        return used if used.any() else np.arange(len(used)) == 0  # no family has models of no column

    def slimmed(self, model: Any, kept: Mask | None) -> Any:
        """A model for rows of which some columns are left.

        Parameters
        ----------
        model : object
            It is not changed.
        kept : ndarray of bool, shape (n_columns,), or None
            Which columns are left: those that are needed, and perhaps others. None: all, however many.
        """
        key = (id(model), None if kept is None else kept.tobytes())
        if key not in self._done:
            self._done[key] = (self._slimmed(model, kept), model)  # the model, so that no other gets its id
        return self._done[key][0]

    def _slimmed(self, model, kept):
        composite = find_composite(model)
        if isinstance(composite, PipelineComposite):
            return self._slimmed_pipeline(composite, kept)
        if composite is not None:
            return self._slimmed_parts(composite, kept)
        kind = kind_of(model)
        if kind is LAYERS:
            model = kind.find_adapter(model).without_dead_units()
        if kept is None or kept.all():
            return model
        return with_columns(model, kept) if kind is None else kind.find_adapter(model).with_features(kept)

    def _narrowed(self, pipeline, takes=None):
        """The steps before the last, narrowed, or None where these or the last need everything."""
        *before, (_, last) = pipeline.steps
        wanted = None if passes(last) else self.needed(last)
        if wanted is None:
            return None
        first = _first_step(pipeline)
        given = None if names_of(first) is None else False
        return narrow_steps(before, wanted, given, self.exact, behind=last, takes=takes)

    def _needed_by_pipeline(self, pipeline):
        found = self._narrowed(pipeline)
        return all_columns_of(_first_step(pipeline)) if found is None else found.needs

    def _slimmed_pipeline(self, composite, kept):
        pipeline = composite.model
        found = self._narrowed(pipeline, takes=all_columns_of(_first_step(pipeline)) if kept is None else kept)
        if found is None:
            return pipeline
        whole = composite.with_models([self.slimmed(pipeline.steps[-1][1], found.gives)])
        whole.steps = [*found.step, whole.steps[-1]]
        return whole

    def _needed_by_parts(self, composite):
        masks = []
        for part in composite.parts():
            if class_paths(part.model)[0] == _CONSTANT:
                continue
            mask = self.needed(part.model)
            if mask is None:
                return None
            if part.columns is None:
                masks.append(mask)
                continue
            seen = part.columns >= 0
            masks.append(np.isin(np.arange(composite.model.n_features_in_), part.columns[seen & mask]))
        return np.any(masks, axis=0) if masks else all_columns_of(composite.model)

    def _slimmed_parts(self, composite, kept):
        models = []
        for part in composite.parts():
            left, columns = kept, part.columns
            if kept is not None and columns is not None:
                left = (columns < 0) | kept[np.maximum(columns, 0)]
            models.append(self.slimmed(part.model, left))
        all_stay = kept is None or kept.all()
        return composite.with_models(models) if all_stay else composite.with_columns(models, kept)


def names_of_columns(model: Any) -> Any:
    """The names of the columns of the frame that a model was fitted on, shape (n_columns,), or None."""
    composite = find_composite(model)
    if isinstance(composite, PipelineComposite):
        return names_of_columns(_first_step(model))
    kind = kind_of(model)
    if composite is None and kind is not None:
        return kind.find_adapter(model).feature_names
    return names_of(model)


def _first_step(pipeline):
    """The first step that takes the rows."""
    return next((step for _, step in pipeline.steps if not passes(step)), None)
