"""Predictions of pruned XGBoost models without making the models."""

import copy
from functools import cached_property, partial

import numpy as np

from .documents import encode
from .stand_ins import StandIns, with_methods
from .xgboost_format import booster_of, write_forest


class XGBoostStandIns(StandIns):
    """A stand-in passes raw outputs as base margins to a Booster that adds nothing to them."""

    @property
    def summands(self):
        """In float32, in which XGBoost adds them up."""
        value, column = super().summands
        return value.astype(np.float32), column

    def base(self, X):
        from xgboost import DMatrix

        row = DMatrix(np.zeros((1, self.forest.n_features)), feature_types=self.booster.feature_types)
        row.feature_names = self.booster.feature_names
        return self._zero_booster.predict(row, output_margin=True).reshape(1, -1)

    def stand_in(self, raw, reference=None):
        model, answers = copy.copy(self.model), {}
        model._Booster = self._zero_booster
        for name in ("predict", "predict_proba"):
            if hasattr(model, name):
                answers[name] = partial(getattr(model, name), base_margin=raw)
        return with_methods(model, **answers)

    @cached_property
    def _zero_booster(self):
        """A Booster whose only tree is a leaf of value 0, so that its margin is the base score."""
        document, booster = write_forest(self._document, self.zero_leaf(0)), type(self.booster)()
        model, _ = booster_of(document)
        document["learner"]["gradient_booster"] = {"name": "gbtree", "model": model}  # dart's loses base margins
        booster.load_model(bytearray(encode(document)))
        return booster
