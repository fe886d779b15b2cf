"""Predictions of pruned LightGBM models without making the models."""

import copy
from functools import partial
from types import SimpleNamespace

import numpy as np
from scipy.special import expit, softmax

from .stand_ins import StandIns


class LightGBMStandIns(StandIns):
    """A stand-in is the wrapper with an object in place of its Booster that returns given predictions."""

    def base(self, X):
        return np.zeros((1, self._text.per_iteration))

    def stand_in(self, raw, reference=None):
        raw, model = raw[:, 0] if raw.shape[1] == 1 else raw, copy.copy(self.model)
        prediction = _link(self._text.objective)(raw)
        if self._text.averaged:  # LightGBM's raw scores are sums even so
            raw = raw * (self.forest.n_trees // self._text.per_iteration)
        model._Booster = SimpleNamespace(predict=lambda X, raw_score=False, **_: raw if raw_score else prediction)
        return model


def _link(objective):
    """How LightGBM turns raw scores into predictions under an objective (``ObjectiveFunction::ConvertOutput``)."""
    name, *settings = objective or ["none"]
    if name == "multiclass":
        return partial(softmax, axis=1)
    if name in ("binary", "multiclassova"):
        sigmoid = next(float(item.partition(":")[2]) for item in settings if item.startswith("sigmoid:"))
        return lambda raw: expit(sigmoid * raw)
    if "sqrt" in settings:
        return lambda raw: np.sign(raw) * raw**2
    others = {
        "cross_entropy": expit,
        "cross_entropy_lambda": lambda raw: np.log1p(np.exp(raw)),
        **dict.fromkeys(("poisson", "gamma", "tweedie"), np.exp),
    }
    return others.get(name, lambda raw: raw)
