"""Imputers that fill each column by itself, and indicators of missing values."""

import numpy as np
import pandas as pd

from .base import Narrowed, Narrower, with_columns


class ImputerNarrower(Narrower):
    """A column leaves when neither its values nor its indicator are needed; indicators leave one by one."""

    models = ("sklearn.impute._base.SimpleImputer",)

    def is_sparse(self, given):
        return False if self.step._fit_dtype.kind == "O" or self.step.missing_values == 0 else given

    def narrowed(self, wanted, given):
        imputer, n_in = self.step, self.step.n_features_in_
        n_flags = len(imputer.indicator_.features_) if imputer.add_indicator else 0
        filled, flagged = wanted[: len(wanted) - n_flags], wanted[len(wanted) - n_flags :]
        has_value = np.ones(n_in, bool) if len(filled) == n_in else ~pd.isna(imputer.statistics_)
        needs = np.zeros(n_in, bool)
        needs[np.flatnonzero(has_value)[filled]] = True
        if n_flags:
            needs[imputer.indicator_.features_[flagged]] = True
        step = with_columns(imputer, needs, "statistics_")
        if flagged.any():
            step.indicator_ = _with_flags(imputer.indicator_, needs, flagged)
        else:
            step.add_indicator, step.indicator_ = False, None
        return Narrowed(step, needs, np.concatenate([needs[has_value], flagged]))


class MissingIndicatorNarrower(Narrower):
    """A column leaves with its indicator."""

    models = ("sklearn.impute._base.MissingIndicator",)

    def is_sparse(self, given):
        return given if self.step.sparse == "auto" and self.step.missing_values != 0 else self.step.sparse is True

    def narrowed(self, wanted, given):
        needs = np.zeros(self.step._n_features, bool)
        needs[self.step.features_[wanted]] = True
        return Narrowed(_with_flags(self.step, needs, wanted), needs, wanted)


def _with_flags(indicator, needs, flagged):
    """An indicator of some columns of those that are left."""
    step = with_columns(indicator, needs)
    step.features_ = (np.cumsum(needs) - 1)[indicator.features_[flagged]]
    step._n_features = int(np.count_nonzero(needs))
    return step
