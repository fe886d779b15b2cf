"""XGBoost: Booster and the scikit-learn wrappers."""

import copy
import json
import re
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
from sklearn.utils.validation import check_array

from ..core.losses import PositivesScaled
from ..core.targets import check_n_outputs
from ..exceptions import UnsupportedModelError
from .base import padded
from .documents import decode, encode
from .native_files import NativeFiles
from .residual_leaves import learning_rate, quantiles_from_rows
from .xgboost_columns import features_of, parameters_of, with_features
from .xgboost_format import booster_from, booster_of, first_rounds, read_document, read_forest, write_forest
from .xgboost_objectives import custom_objective, levels_of, loss_of, positive_weight
from .xgboost_stand_ins import XGBoostStandIns
from .xgboost_storage import XGBoostStorage

_CHUNK = 2**24  # leaf ids held at once
_DEFAULT_RATE = 0.3
_SAME_RIDGE, _CANCELLED = 2e-4, 1e-6  # relative errors of gains and sums of gradients
_SAME_RATE = 1e-3  # relative error of a learning rate from two numbers in float32


class XGBoostAdapter(XGBoostStorage, XGBoostStandIns, NativeFiles):
    """Reads and writes saved models (UBJSON), the only interface that shows whole trees and takes them.

    Leaf ids come from ``predict(pred_leaf=True)``, a few rounds at a time.
    """

    models = ("xgboost.core.Booster", "xgboost.sklearn.XGBModel")
    operations = frozenset({"collapse", "value", "drop_tree", "tree_weight"})
    offset_name = "base_margin"
    sparse_zeros_are_missing = True
    file_format = "xgboost"
    file_start = b"{"

    def __init__(self, model):
        super().__init__(model)
        wrapped = hasattr(model, "get_booster")
        self.booster = model.get_booster() if wrapped else model

    @cached_property
    def _document(self):
        """The saved model. Wrappers ignore the rounds after the best one, so these are left out there."""
        document, best = self._saved, self._best_iteration
        return document if best is None else first_rounds(document, best + 1)

    @property
    def _saved(self):
        return decode(bytes(self.booster.save_raw("ubj")))

    @property
    def _best_iteration(self):
        """The last round that a wrapper predicts with after early stopping; None: all count."""
        best = self.booster.attr("best_iteration")
        return None if best is None or self.booster is self.model else int(best)

    @property
    def refit_settings(self):
        asked = self.booster is not self.model and self.model.get_params().get("early_stopping_rounds")
        if not asked and self._best_iteration is None:
            return {}
        return {"early_stopping_rounds": None, "n_estimators": len(self._round_bounds()) - 1}

    def _read(self):
        booster_of(self._document)
        return read_forest(self._document, self.learning_rate, float(self._training["max_delta_step"]))

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

    @property
    def used_features(self):
        """Also of rounds after the best one."""
        return features_of(self._saved)

    @property
    def feature_names(self):
        return self.booster.feature_names

    def with_features(self, kept):
        new, config = type(self.booster)(), json.loads(self.booster.save_config())
        new.load_model(bytearray(encode(with_features(self._saved, kept))))
        config["learner"]["learner_model_param"]["num_feature"] = str(np.count_nonzero(kept))
        booster = config["learner"]["gradient_booster"]
        training = booster.get("gbtree", booster)["tree_train_param"]
        training |= parameters_of(training, kept, self.booster.feature_names)
        new.load_config(json.dumps(config))
        if self.booster is self.model:
            return new
        model = copy.copy(self.model)
        model._Booster = new
        for name, value in parameters_of(vars(model), kept, self.booster.feature_names).items():
            setattr(model, name, value)
        return model

    @classmethod
    def read_file(cls, data):
        document, forest = read_document(data)
        return forest, partial(booster_from, document)

    @property
    def n_bytes(self):
        return len(self.booster.save_raw("ubj"))

    @property
    def learning_rate(self):
        return float(self._training["eta"])

    @cached_property
    def _training(self):
        """Training parameters of trees, as text; those that are not saved with a model have their defaults again."""
        config = json.loads(self.booster.save_config())["learner"]["gradient_booster"]
        return config.get("gbtree", config)["tree_train_param"]

    @cached_property
    def monotonic(self):
        signs = [int(sign) for sign in re.findall(r"-?\d+", self._training.get("monotone_constraints", ""))]
        return padded(signs, self.forest.n_features)

    def _apply(self, X):
        rows = self._recoded(X)
        bounds = self._round_bounds()
        per_chunk = max(1, _CHUNK // (max(rows.num_row(), 1) * max(np.diff(bounds).max(initial=1), 1)))
        held = {}

        def leaf(tree):
            first = (int(np.searchsorted(bounds, tree, side="right")) - 1) // per_chunk * per_chunk
            if first not in held:
                held.clear()
                last = min(first + per_chunk, len(bounds) - 1)
                ids = self.booster[first:last].predict(rows, pred_leaf=True)  # it predicts leaves from round 0 only
                held[first] = ids.reshape(rows.num_row(), -1).astype(np.int32)
            return held[first][:, tree - bounds[first]]

        return leaf

    def _matrix(self, X):
        """Rows as the library itself reads them."""
        from xgboost import DMatrix

        is_frame = hasattr(X, "columns")  # which states its own names and types
        return DMatrix(
            X,
            feature_names=None if is_frame else self.booster.feature_names,
            feature_types=None if is_frame else self.booster.feature_types,
            missing=self._missing,
            enable_categorical=True,
        )

    @property
    def _missing(self):
        """The number that counts as missing."""
        return np.nan if self.booster is self.model else self.model.missing

    def _recoded(self, X):
        """Rows whose categories have the model's codes: the whole Booster recodes frames itself, its slices do not."""
        from xgboost import DMatrix

        known = getattr(self.booster, "get_categories", None)  # since XGBoost 3.1; before, models had codes only
        known, rows = known() if known else None, self._matrix(X)
        if not hasattr(X, "columns") or known is None or known.empty():
            return rows
        recoded = DMatrix(X, feature_types=known, enable_categorical=True)
        if np.isnan(self._missing):
            return recoded
        values = _numbers(recoded)
        values[np.isnan(_numbers(rows))] = np.nan  # XGBoost looks for `missing` among the frame's own codes
        names, types = self.booster.feature_names, self.booster.feature_types
        return DMatrix(values, feature_names=names, feature_types=types, enable_categorical=True)

    def _round_bounds(self):
        """First tree of each round and, last, the number of trees."""
        model, _ = booster_of(self._document)
        if "iteration_indptr" in model:
            return np.asarray(model["iteration_indptr"], np.int64)
        n_rounds = self.booster.num_boosted_rounds()
        return np.linspace(0, len(model["trees"]), n_rounds + 1).astype(np.int64)

    def compared(self, X):
        """What XGBoost makes of the rows: categories by the model's whole codes, what counts as missing as NaN."""
        rows, codes = _numbers(self._recoded(X)), self._columns_of_categories
        rows[:, codes] = np.floor(rows[:, codes])  # of those below 0, none is known
        return rows

    def predict(self, X):
        """A Booster takes rows in a form of its own."""
        return self.booster.predict(self._matrix(X)) if self.booster is self.model else super().predict(X)

    @property
    def category_values(self):
        types, names = self.booster.feature_types or [], self.booster.feature_names
        columns = [column for column, of_type in enumerate(types) if of_type == "c"]
        stored = booster_of(self._document)[0].get("cats", {}).get("enc", [])
        if not stored and columns and names is not None and "q" not in types:  # in frames, types of numbers are others
            raise UnsupportedModelError(
                f"{type(self.model).__name__} does not store the categories of the column {names[columns[0]]!r}: "
                "it was fitted on a frame by XGBoost before 3.1, or is a slice of a Booster."
            )
        values = {column: _categories(stored[column]) for column in columns} if stored else {}
        for column, known in values.items():
            if known is None:
                raise UnsupportedModelError(
                    f"{type(self.model).__name__} has categories with letters beyond ASCII in its column "
                    f"{names[column]!r}, of which XGBoost does not store the whole text."
                )
        return values

    def margin(self, X):
        raw = self.booster.predict(
            self._matrix(X), output_margin=True, iteration_range=(0, len(self._round_bounds()) - 1)
        )
        return raw.reshape(len(raw), -1).astype(np.float64)

    def first_steps(self):
        if not self.forest.n_trees:
            return []
        base, trees = self.base(None), booster_of(self._document)[0]["trees"]
        step = np.full(base.shape[1], np.nan)
        for tree in self.forest.stages[0]:
            step[self.forest.tree_class[tree]] = trees[tree]["base_weights"][0]
        return [(base, step)]

    @property
    def first_ridge(self):
        """None also for a model that was saved and whose first tree was grown with other parameters than it says."""
        training = self._training
        if float(training["alpha"]) or float(training["max_delta_step"]) or self._levels or self.monotonic is not None:
            return None
        first, ridge = self.forest.tree(0), float(training["lambda"])
        split, step = first.internal, first.value[:, 0, 0] / self.learning_rate
        weight = np.asarray(booster_of(self._document)[0]["trees"][0]["base_weights"])[first.node_id[split]]
        if not np.allclose(step[split], weight, rtol=_SAME_RATE, atol=0):
            return None
        total = step * (first.weighted_n_node_samples + ridge)  # minus the gradients, if nothing else came in
        left, right = (total[children[split]] for children in (first.children_left, first.children_right))
        won = step * total
        gain = won[first.children_left[split]] + won[first.children_right[split]] - won[split]
        agrees = np.abs(gain - first.gain[split]) <= _SAME_RIDGE * first.gain[split] + _CANCELLED * won[split]
        agrees &= np.abs(left + right - total[split]) <= _SAME_RIDGE * (np.abs(left) + np.abs(right))
        return ridge if np.mean(agrees) > 0.5 else None

    @cached_property
    def loss(self):
        return None if self._custom_objective else loss_of(self._objective)

    @property
    def objective(self):
        return self._custom_objective or self._objective["name"]

    @cached_property
    def _custom_objective(self):
        trees = booster_of(self._document)[0]["trees"]
        roots = np.array([tree["base_weights"][0] for tree in trees])
        samples_rows = float(self._training.get("subsample", 1)) < 1 or (self._wrapper_parameter("subsample") or 1) < 1
        return custom_objective(self.model, self._document, self.forest, roots, samples_rows)

    def _wrapper_parameter(self, name):
        """A parameter of the scikit-learn wrapper; None: it has its default, or there is no wrapper."""
        return None if self.booster is self.model else getattr(self.model, name, None)

    @property
    def class_weighting(self):
        weight = positive_weight(self._objective)
        return None if weight == 1 or self._custom_objective else f"scale_pos_weight={weight:g}"

    def _class_factors(self, target, training):
        return self._weight_of(target[:, 0]) if target.shape[1] == 1 else np.ones(len(target))

    def _class_weighted_loss(self, training):
        """With several labels for each row, the row counts differently in each."""
        if self.class_weighting is None or training.target.shape[1] == 1:
            return self.loss
        return PositivesScaled(self.loss, positive_weight(self._objective))

    def _weight_of(self, y):
        return np.where(y == 1, positive_weight(self._objective), 1.0)

    def _with_values(self, rows):
        forest, levels = self.forest, self._levels
        if not levels or (np.diff(self._round_bounds()) != len(levels)).any():  # not one tree for each column
            return forest
        start = rows.margin.copy()
        for tree, (column, weight) in enumerate(zip(forest.tree_class, forest.tree_weight, strict=True)):
            start[:, column] -= weight * forest.value[rows.leaf_ids(tree), 0, 0]
        is_known = not np.isclose(self.learning_rate, _DEFAULT_RATE, rtol=1e-6)
        is_known = is_known or self._wrapper_parameter("learning_rate") is not None
        rate = self.learning_rate  # which is the default's after loading, whatever it was
        if not is_known:
            rate = learning_rate(rows, start, levels, _quantile, rate)
        return quantiles_from_rows(forest, rows, start, levels, rate, _quantile)

    @property
    def _levels(self):
        levels = levels_of(self._objective)
        if self.objective != "reg:absoluteerror":
            return levels
        return levels * self._n_targets

    @property
    def _n_targets(self):
        return int(self._document["learner"]["learner_model_param"].get("num_target", 1))

    def encode_target(self, y):
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        y, name = y.reshape(len(y), -1), self._objective["name"]
        is_quantiles = name == "reg:quantileerror"  # of one target, each with an output of its own
        check_n_outputs(y, 1 if is_quantiles else self._n_targets, self.model)
        if name.startswith("multi:"):
            n_classes = self._objective["softmax_multiclass_param"]["num_class"]
            if not np.isin(y, np.arange(int(n_classes))).all():
                raise ValueError(f"y must hold class codes 0..{int(n_classes) - 1}. Got {np.unique(y)[:10]}.")
            return y.astype(np.int32)
        if "logi" in name and not ((y >= 0) & (y <= 1)).all():
            raise ValueError(f"y must be in the range [0, 1] for {name}. Got {np.unique(y)[:10]}.")
        return y

    @property
    def _objective(self):
        return self._document["learner"]["objective"]


def _numbers(matrix):
    """The rows of a DMatrix, float32 of shape (n_rows, n_features); what it does not store is NaN."""
    stored = matrix.get_data().tocoo()
    rows = np.full(stored.shape, np.nan, np.float32)
    rows[stored.row, stored.col] = stored.data
    return rows


def _quantile(x, weight, level):
    """As XGBoost defines it: between two numbers, or with unequal weights the first up to which that share lies."""
    order, n = np.argsort(x, kind="stable"), len(x)
    if (weight == weight[0]).all():
        return np.interp((n + 1) * level - 1, np.arange(n), x[order])
    share = np.cumsum(weight[order]) / weight.sum()
    return x[order][min(np.searchsorted(share, level), n - 1)]


def _categories(stored):
    """The categories of a column as a saved model has them: numbers, or texts one after the other.

    None for texts beyond ASCII: of a pandas frame, XGBoost 3.2 counts letters where it cuts bytes.
    """
    values = np.asarray(stored["values"])
    if "offsets" not in stored:
        return values.tolist()
    if (values < 0).any():
        return None
    texts, offsets = bytes(values.tolist()).decode("ascii"), stored["offsets"]
    return [texts[start:end] for start, end in pairwise(offsets)]
