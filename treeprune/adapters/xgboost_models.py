"""XGBoost: Booster and the scikit-learn wrappers."""

import copy
import json
from functools import cached_property, partial

import numpy as np
from sklearn.utils.validation import check_array

from ..core.losses import LOSSES
from ..exceptions import ModelFormatError, UnsupportedModelError
from ..extras import import_extra
from .base import Adapter
from .documents import decode, encode
from .xgboost_format import booster_of, read_forest, write_forest

_CHUNK = 2**24  # leaf ids held at once
_LOSS_OF_OBJECTIVE = {
    "reg:squarederror": "squared",
    "reg:logistic": "logistic",
    "binary:logistic": "logistic",
    "binary:logitraw": "logistic",
    "multi:softmax": "softmax",
    "multi:softprob": "softmax",
    "count:poisson": "poisson",
    "reg:absoluteerror": "absolute",
    "reg:quantileerror": "quantile",
}


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

    def margin(self, X):
        raw = self.booster.predict(self._matrix(X), output_margin=True, iteration_range=(0, 0))
        return raw.reshape(len(raw), -1).astype(np.float64)

    @property
    def loss(self):
        objective = self._objective
        loss = LOSSES.get(_LOSS_OF_OBJECTIVE.get(objective["name"]))
        if objective["name"] == "reg:quantileerror":
            levels = json.loads(f"[{objective['quantile_loss_param']['quantile_alpha'].strip('()[]')}]")
            return partial(loss, level=levels[0]) if len(levels) == 1 else None
        factor = float(objective.get("reg_loss_param", {}).get("scale_pos_weight", 1))
        return loss if loss is None or factor == 1 else partial(_positives_scaled, loss, factor)

    def encode_target(self, y):
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        y, name = y.reshape(len(y), -1), self._objective["name"]
        if name.startswith("multi:"):
            n_classes = self._objective["softmax_multiclass_param"]["num_class"]
            if not np.isin(y, np.arange(int(n_classes))).all():
                raise ValueError(f"y must hold class codes 0..{int(n_classes) - 1}. Got {np.unique(y)[:10]}.")
            return y.astype(np.int32)
        if "logi" in name and not ((y >= 0) & (y <= 1)).all():
            raise ValueError(f"y must be in the range [0, 1] for {name}. Got {np.unique(y)[:10]}.")
        return y

    @cached_property
    def _objective(self):
        self.forest  # noqa: B018  the document is read and checked
        return self._document["learner"]["objective"]


def booster_from(document: dict):
    """A Booster of a checked document.

    Raises
    ------
    ModelFormatError, UnsupportedModelError
        XGBoost itself refuses it.
    ImportError
        XGBoost is not installed.
    """
    xgboost = import_extra("xgboost")
    data = bytearray(encode(document))
    try:
        booster = xgboost.Booster()
        booster.load_model(data)
    except xgboost.core.XGBoostError as error:
        text = str(error).partition("Stack trace")[0].strip()
        kind = UnsupportedModelError if "Unknown objective" in text else ModelFormatError
        raise kind(f"XGBoost refuses the model: {text}") from error
    return booster


def _positives_scaled(loss, factor, y, margin):
    """A loss in which positive rows count `factor` times."""
    weight = np.where(y == 1, factor, 1.0)
    return tuple(derivative * weight for derivative in loss(y, margin))
