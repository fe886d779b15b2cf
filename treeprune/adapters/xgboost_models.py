"""XGBoost: Booster and the scikit-learn wrappers."""

import copy
import json

import numpy as np

from ..core.forest import Forest
from .base import Adapter
from .documents import decode, encode
from .xgboost_format import booster_of, read_forest, write_forest

_CHUNK = 2**24  # leaf ids held at once


class XGBoostAdapter(Adapter):
    """Goes by way of the saved model (UBJSON): the only interface that shows all of a tree, and takes one.

    Leaf ids come from ``predict(pred_leaf=True)``, a few rounds at a time.
    """

    models = ("xgboost.core.Booster", "xgboost.sklearn.XGBModel")
    operations = frozenset({"collapse", "value", "drop_tree", "tree_weight"})

    def __init__(self, model):
        super().__init__(model)
        wrapped = hasattr(model, "get_booster")
        self.booster = model.get_booster() if wrapped else model

    def _read(self):
        self._document = decode(bytes(self.booster.save_raw("ubj")))
        booster_of(self._document)
        return read_forest(self._document, self._eta())

    def write(self, forest):
        new = type(self.booster)()
        new.load_model(bytearray(encode(write_forest(self._document, forest))))
        new.load_config(self.booster.save_config())
        if self.booster is self.model:
            return new
        model = copy.copy(self.model)
        model._Booster = new
        vars(model).pop("evals_result_", None)
        return model

    def _eta(self):
        config = json.loads(self.booster.save_config())["learner"]["gradient_booster"]
        return float(config.get("gbtree", config)["tree_train_param"]["eta"])

    def _apply(self, X):
        rows = self._matrix(X)
        bounds = self._round_bounds()
        per_chunk = max(1, _CHUNK // (max(rows.num_row(), 1) * max(np.diff(bounds).max(initial=1), 1)))
        held = {}

        def leaf(tree):
            first = (int(np.searchsorted(bounds, tree, side="right")) - 1) // per_chunk * per_chunk
            if first not in held:
                held.clear()
                last = min(first + per_chunk, len(bounds) - 1)
                ids = self.booster.predict(rows, pred_leaf=True, iteration_range=(first, last))
                held[first] = ids.reshape(rows.num_row(), -1).astype(np.int32)
            return held[first][:, tree - bounds[first]]

        return leaf

    def _matrix(self, X):
        from xgboost import DMatrix

        options = {"feature_types": self.booster.feature_types, "enable_categorical": True}
        if self.booster is not self.model:
            options["missing"] = self.model.missing
        if hasattr(X, "columns"):  # a frame states its own types
            options.pop("feature_types")
        return DMatrix(X, feature_names=None if hasattr(X, "columns") else self.booster.feature_names, **options)

    def _round_bounds(self):
        """First tree of each round and, last, the number of trees."""
        model, _ = booster_of(self._document)
        if "iteration_indptr" in model:
            return np.asarray(model["iteration_indptr"], np.int64)
        n_rounds = self.booster.num_boosted_rounds()
        return np.linspace(0, len(model["trees"]), n_rounds + 1).astype(np.int64)

    def encode_target(self, y):
        raise NotImplementedError
