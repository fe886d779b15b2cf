"""Transformers that give one column for each that they take: scalers, transforms towards a distribution, thresholds."""

import numpy as np
from sklearn.preprocessing import FunctionTransformer

from .base import Narrowed, Narrower, names_of, with_columns
from .choosing import all_passing, chosen_names

_PER_COLUMN = {
    "sklearn.preprocessing._data.StandardScaler": ("mean_", "var_", "scale_", "n_samples_seen_"),
    "sklearn.preprocessing._data.MinMaxScaler": ("scale_", "min_", "data_min_", "data_max_", "data_range_"),
    "sklearn.preprocessing._data.MaxAbsScaler": ("scale_", "max_abs_"),
    "sklearn.preprocessing._data.RobustScaler": ("center_", "scale_"),
    "sklearn.preprocessing._data.QuantileTransformer": ("quantiles_",),
    "sklearn.preprocessing._data.PowerTransformer": ("lambdas_",),
    "sklearn.preprocessing._data.Binarizer": (),
}
#: Parameters with which sparse rows are refused; None: they always are.
_CENTERING = {"StandardScaler": "with_mean", "RobustScaler": "with_centering", "MinMaxScaler": None}
_CENTERING["PowerTransformer"] = None


class OneToOneNarrower(Narrower):
    """Each column is transformed by numbers of its own."""

    models = tuple(_PER_COLUMN)

    def is_sparse(self, given):
        centering = _CENTERING.get(type(self.step).__name__, "")
        return False if centering is None or getattr(self.step, centering, False) else given

    def narrowed(self, wanted, given):
        path = f"{type(self.step).__module__}.{type(self.step).__qualname__}"
        step = with_columns(self.step, wanted, *_PER_COLUMN[path])
        scaler = getattr(step, "_scaler", None)  # of a PowerTransformer that standardizes
        if scaler is not None:
            step._scaler = OneToOneNarrower(scaler).narrowed(wanted, given).step
        return Narrowed(step, wanted, wanted)


class FunctionNarrower(Narrower):
    """No function, one of NumPy's that transform each number by itself, or names; of others nothing is known."""

    models = ("sklearn.preprocessing._function_transformer.FunctionTransformer",)

    @property
    def is_known(self):
        return self._is_of_each_number or chosen_names(self.step) is not None

    def is_sparse(self, given):
        return given if self.is_known else None

    def narrowed(self, wanted, given):
        chosen = chosen_names(self.step)
        if chosen is not None:
            names = names_of(self.step)
            needs = np.isin(names, np.asarray(chosen, dtype=object)[wanted])
            same = all_passing(int(np.count_nonzero(needs)))
            same.feature_names_in_ = names[needs]
            return Narrowed(same, needs, wanted)
        if not self._is_of_each_number:
            return super().narrowed(wanted, given)
        return Narrowed(with_columns(self.step, wanted), wanted, wanted)

    @property
    def _is_of_each_number(self):
        step: FunctionTransformer = self.step
        of_numbers = isinstance(step.func, np.ufunc) and (step.func.nin, step.func.nout) == (1, 1)
        elementwise = step.func is None or (of_numbers and step.func.signature is None and not step.kw_args)
        return elementwise and (step.feature_names_out is None or isinstance(step.feature_names_out, str))
