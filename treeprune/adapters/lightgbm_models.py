"""LightGBM: Booster and the scikit-learn wrappers."""

import copy
import json
import re
import warnings
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.utils.validation import _num_samples, check_array

from ..core.losses import AbsolutePercentage
from ..core.targets import check_n_outputs, class_codes
from ..exceptions import UnsupportedModelError
from .base import padded, plain_rows
from .class_weights import class_factors, class_weighting
from .lightgbm_columns import features_of, with_features
from .lightgbm_format import parse, read_forest, read_text, sharpened
from .lightgbm_objectives import label_weights, loss_of
from .lightgbm_stand_ins import LightGBMStandIns
from .lightgbm_storage import LightGBMStorage
from .lightgbm_text import booster_from, render, write
from .native_files import NativeFiles
from .residual_leaves import quantiles_from_rows, shifted

_OPERATIONS = frozenset({"collapse", "value", "drop_tree", "tree_weight"})
_CHUNK = 2**24  # leaf ids held at once
_ZERO = np.float64(np.float32(1e-35))
#: What LightGBM calls the number of rounds that early stopping waits for.
_EARLY_STOPPING = ("early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change")
#: Parameters with which gains and leaves are other functions of gradients and hessians, and objectives whose
#: derivatives are those of the loss.
_NOT_PLAIN = ("lambda_l1", "max_delta_step", "path_smooth", "min_gain_to_split", "use_quantized_grad")
#: Columns that a warning names.
_MOST_NAMED = 5
_SMOOTH = ("regression", "binary", "cross_entropy", "multiclass", "multiclassova", "poisson", "gamma", "tweedie")


class LightGBMAdapter(LightGBMStorage, LightGBMStandIns, NativeFiles):
    """Reads and writes model texts, the only interface that shows whole trees and takes them.

    Leaf ids come from ``predict(pred_leaf=True)``, a few iterations at a time.
    """

    models = ("lightgbm.basic.Booster", "lightgbm.sklearn.LGBMModel")
    float_type = np.float64
    offset_name, offset_order = "init_score", "F"
    file_format = "lightgbm"
    file_start = b"tree"

    def __init__(self, model):
        super().__init__(model)
        wrapped = hasattr(type(model), "booster_")  # a property that raises NotFittedError
        self.booster = model.booster_ if wrapped else model

    @property
    def operations(self):
        """Leaves of linear trees are functions of the row: no value can take their place."""
        return _OPERATIONS - {"value"} if self._is_linear else _OPERATIONS

    @property
    def reason(self):
        return " (its leaves are linear functions of the row, linear_tree=True)" if self._is_linear else ""

    def check_rows(self, X, y, suffix=""):
        """LightGBM predicts by the places of columns, whatever they are called: so do we, but not in silence."""
        target, known = super().check_rows(X, y, suffix), self.feature_names
        given = [str(name).replace(" ", "_") for name in getattr(X, "columns", ())]  # as LightGBM keeps names
        if known is not None and given and given != known.tolist():
            places = [(there, here) for there, here in zip(known, given, strict=True) if there != here]
            what = "the columns in another order" if set(given) == set(known) else "other columns"
            warnings.warn(
                f"X{suffix} has {what} than {type(self.model).__name__} was fitted on: "
                f"{', '.join(f'{here!r} in the place of {str(there)!r}' for there, here in places[:_MOST_NAMED])}. "
                "LightGBM goes by their places.",
                UserWarning,
                stacklevel=2,
            )
        return target

    @cached_property
    def forest(self):
        return sharpened(super().forest)

    def _read(self):
        return read_forest(self._text)

    @cached_property
    def _text(self):
        """The model text, without the iterations after the best one: LightGBM does not predict with them."""
        return self._saved(self._best_iteration)

    def _saved(self, n_iterations=None):
        return parse(self.booster.model_to_string(num_iteration=n_iterations or -1).encode())

    @property
    def _best_iteration(self):
        """The number of iterations that count after early stopping; None: all."""
        best = self.booster.best_iteration
        return best if best is not None and best > 0 else None

    @property
    def refit_settings(self):
        asked = {} if self.booster is self.model else self.model.get_params()
        asked = [name for name in _EARLY_STOPPING if asked.get(name)]
        if not asked and self._best_iteration is None:
            return {}
        return dict.fromkeys(asked, 0) | {"n_estimators": len(self._text.trees) // self._text.per_iteration}

    @classmethod
    def read_file(cls, data):
        text, forest = read_text(data)
        return forest, partial(booster_from, text)

    @property
    def n_bytes(self):
        return len(self.booster.model_to_string(num_iteration=-1).encode())

    def write(self, forest):
        new = type(self.booster)(model_str=write(self._text, forest))
        new.params = copy.deepcopy(self.booster.params)
        n_iterations = len(np.unique(forest.tree_id // self._text.per_iteration))
        new.best_iteration = n_iterations if self._best_iteration else self.booster.best_iteration
        if self.booster is self.model:
            return new
        model = copy.copy(self.model)
        model._Booster = new
        model._best_iteration = n_iterations if self._best_iteration else self.model._best_iteration
        model._best_score, model._evals_result = {}, {}  # of the unpruned model
        return model

    @property
    def used_features(self):
        """Also of iterations after the best one, and in the models of linear leaves.

        All, where it is not known which columns of a frame have the categories that the model keeps.
        """
        used = features_of(self._saved())
        return np.ones_like(used) if self._frame_columns is None else used

    @property
    def _frame_columns(self):
        """The columns whose categories the model keeps, in the order in which it does; None: it is not known which."""
        try:
            return list(self.category_values)
        except UnsupportedModelError:
            return None

    @property
    def feature_names(self):
        names = np.asarray(self.booster.feature_name())
        return None if names.tolist() == [f"Column_{i}" for i in range(len(names))] else names

    def with_features(self, kept):
        if kept.all():
            return self.model
        text = with_features(self._saved(), kept, self._frame_columns)
        new = type(self.booster)(model_str=render(text, text.trees))
        new.params, new.best_iteration = copy.deepcopy(self.booster.params), self.booster.best_iteration
        if self.booster is self.model:
            return new
        model = copy.copy(self.model)
        model._Booster, model._n_features, model._n_features_in = new, new.num_feature(), new.num_feature()
        return model

    def _apply(self, X):
        k, n_rows, X = self._text.per_iteration, _num_samples(X), _as_lightgbm_takes(X)
        per_chunk = max(1, _CHUNK // max(n_rows * k, 1))
        held = {}

        def leaf(tree):
            first = tree // k // per_chunk * per_chunk
            if first not in held:
                held.clear()
                ids = self.booster.predict(X, pred_leaf=True, start_iteration=first, num_iteration=per_chunk)
                held[first] = ids.reshape(n_rows, -1).astype(np.int32)
            return held[first][:, tree - first * k] + len(self._text.trees[tree]["threshold"])

        return leaf

    def compared(self, X):
        """Categories of a frame by the codes of the frame that the model was fitted on, as LightGBM sets them.

        The smallest numbers are zeros to it (``kZeroThreshold`` of ``meta.h``), and codes lose their fractions.
        """
        rows = plain_rows(X.toarray() if issparse(X) else X, np.float64, self._pandas_categorical)
        rows[np.abs(rows) <= _ZERO] = 0.0
        codes = self._columns_of_categories
        rows[:, codes] = np.trunc(rows[:, codes])
        return rows

    @property
    def _pandas_categorical(self):
        """The categories of the categorical columns of the frame that the model was fitted on, in order; or None."""
        known = re.search(r"^pandas_categorical:(.*)$", self._text.tail, re.M)
        return json.loads(known[1]) if known else None

    @property
    def category_values(self):
        known = self._pandas_categorical
        if not known:  # fitted on codes
            return {}
        columns = re.search(r"^\[categorical_feature: (.*)\]$", self._text.tail, re.M)
        columns = [int(column) for column in columns[1].split(",") if column.isdecimal()] if columns else []
        if len(columns) != len(known):
            raise UnsupportedModelError(
                f"{type(self.model).__name__} was fitted on a frame with {len(known)} columns of categories and splits "
                f"{len(columns)} columns by category: it does not store which column has which categories. Columns of "
                "ordered categories make such models."
            )
        return dict(zip(columns, known, strict=True))

    def margin(self, X):
        n_iterations = len(self._text.trees) // self._text.per_iteration
        X = _as_lightgbm_takes(X)
        raw = self.booster.predict(X, raw_score=True, start_iteration=0, num_iteration=n_iterations)
        raw = np.asarray(raw, dtype=np.float64).reshape(len(raw), -1)
        return raw / n_iterations if self._text.averaged else raw

    def check_offset(self, offset):
        if offset is not None and self._text.averaged:
            raise ValueError("The 'init_score' parameter must be None: LightGBM's random forests take none.")
        super().check_offset(offset)

    def first_steps(self):
        """With LightGBM's start from the average, the first trees hold it; without, they start at 0."""
        if self._text.averaged or not self.forest.n_trees:
            return []
        root = self.forest.value[self.forest.root[: self.forest.per_stage], 0, 0]
        rate = np.array([tree["shrinkage"] for tree in self._text.trees[: self.forest.per_stage]])
        return [(root, np.zeros_like(root)), (np.zeros_like(root), root / rate)]

    @property
    def first_ridge(self):
        is_plain = not any(self._parameter(name, 0) for name in _NOT_PLAIN)
        is_smooth = (self._text.objective or [""])[0] in _SMOOTH and not self._is_linear
        return self._parameter("lambda_l2", 0) if is_plain and is_smooth and self.monotonic is None else None

    def leaf_outputs(self, X):
        """Of linear trees, whose leaves are functions of the row, what LightGBM says."""
        if not self._is_linear:
            return None
        X = _as_lightgbm_takes(X)

        def of_leaf(tree):
            k = self._text.per_iteration
            raw = self.booster.predict(X, raw_score=True, start_iteration=tree // k, num_iteration=1)
            return self.forest.tree_weight[tree] * raw.reshape(len(raw), -1)[:, [tree % k]]

        return of_leaf

    @property
    def _is_linear(self):
        return any(tree["is_linear"] for tree in self._text.trees)

    @property
    def loss(self):
        return loss_of(self._text.objective, self._parameter)

    @property
    def _objective_name(self):
        return self._text.objective[0] if self._text.objective else ""  # a function took its place

    @property
    def class_weighting(self):
        of_labels = [f"{name}={value:g}" for name, value in self._label_weighting.items()]
        return ", ".join([*filter(None, [self._wrapper_weighting]), *of_labels]) or None

    @property
    def _wrapper_weighting(self):
        return class_weighting(self.model) if hasattr(self.model, "classes_") else None

    @property
    def _label_weighting(self):
        """Parameters that weigh positive rows, unlike their defaults, of the objectives that have a use of them."""
        if self._objective_name not in ("binary", "multiclassova"):
            return {}
        defaults = {"is_unbalance": 0.0, "scale_pos_weight": 1.0}
        found = {name: self._parameter(name, default) for name, default in defaults.items()}
        return {name: value for name, value in found.items() if value != defaults[name]}

    def _class_factors(self, target, training):
        factor = np.ones(len(target))
        if self._wrapper_weighting is not None:
            factor = class_factors(self.model.class_weight, target, [self.model.classes_], training)
        if self._objective_name == "binary":
            factor *= np.array(self._label_weights(training.target > 0))[(target[:, 0] > 0).astype(int)]
        return factor

    def _class_weighted_loss(self, training):
        """Where there is one binary objective for each class, a row counts differently in each."""
        if not self._label_weighting or self._objective_name != "multiclassova":
            return self.loss
        weights = tuple(self._label_weights(training.target == k) for k in range(self._text.per_iteration))
        return replace(self.loss, weights=weights)

    def _label_weights(self, positive):
        given = self._label_weighting
        return label_weights(positive, bool(given.get("is_unbalance")), given.get("scale_pos_weight", 1.0))

    @property
    def objective(self):
        own = getattr(self.model, "objective", None)
        return getattr(own, "__name__", None) or " ".join(self._text.objective) or "a function given as objective="

    def _with_values(self, rows):
        level = {"regression_l1": 0.5, "mape": 0.5, "quantile": self._alpha}.get(self._objective_name)
        if level is None or self._text.averaged:
            return self.forest
        if self._objective_name == "mape":
            rows = copy.copy(rows)
            rows.sample_weight = rows.sample_weight / AbsolutePercentage.unit(rows.target[:, 0])
        rate, average = self.learning_rate, 0.0
        if rows.offset is None and self._parameter("boost_from_average", 1):  # the first tree holds it
            average = _quantile(rows.target[:, 0], rows.sample_weight, level)
        start = average if rows.offset is None else rows.offset
        forest = quantiles_from_rows(shifted(self.forest, -average, 1), rows, start, [level], rate, _quantile)
        return shifted(forest, average, 1)

    @property
    def learning_rate(self):
        return self._parameter("learning_rate", 0.1)

    def _parameter(self, name, default):
        """A training parameter, which the model text keeps."""
        found = re.search(rf"^\[{name}: (.+)\]$", self._text.tail, re.MULTILINE)
        return float(found[1]) if found else default

    @cached_property
    def monotonic(self):
        found = re.search(r"^\[monotone_constraints: ?(.*)\]$", self._text.tail, re.MULTILINE)
        return padded([int(sign) for sign in re.findall(r"-?\d+", found[1] if found else "")], self.forest.n_features)

    @property
    def _alpha(self):
        return self._parameter("alpha", 0.9)

    def encode_target(self, y):
        classes = getattr(self.model, "classes_", None)
        check_n_outputs(np.asarray(y), 1, self.model)
        if classes is not None:
            return class_codes(np.asarray(y), classes).reshape(-1, 1).astype(np.int32)
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y").reshape(-1, 1)
        name, n_classes = self._objective_name, self._text.per_iteration
        if name.startswith("multiclass"):
            if not np.isin(y, np.arange(n_classes)).all():
                raise ValueError(f"y must hold class codes 0..{n_classes - 1}. Got {np.unique(y)[:10]}.")
            return y.astype(np.int32)
        if name in ("binary", "cross_entropy") and not ((y >= 0) & (y <= 1)).all():
            raise ValueError(f"y must be in the range [0, 1] for {name}. Got {np.unique(y)[:10]}.")
        return y


def _as_lightgbm_takes(X):
    """Sparse rows as the one class of them that all versions of LightGBM know; others as they are."""
    return csr_matrix(X) if issparse(X) else X


def _quantile(x, weight, level):
    """As LightGBM defines it: between two numbers, or with unequal weights next to the first beyond that share."""
    order, n = np.argsort(x, kind="stable"), len(x)
    x, weight = x[order], weight[order]
    if (weight == 1).all():
        return np.interp(level * (n - 1), np.arange(n), x)
    below = np.cumsum(weight)
    place = min(np.searchsorted(below, level * below[-1], side="right"), n - 1)
    if place in (0, n - 1):
        return x[place]
    part = (level * below[-1] - below[place - 1]) / weight[place] if weight[place] >= 1 else 0.0
    return x[place - 1] + part * (x[place] - x[place - 1])
