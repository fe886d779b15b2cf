"""Transformers that make several columns of one or of several: bins, splines, products."""

import numpy as np
import pandas as pd
from sklearn.base import clone

from .base import Narrowed, Narrower, names_of, with_columns
from .encoders import OneHotNarrower


class BinsNarrower(Narrower):
    """As codes, columns leave; one-hot, bins do."""

    models = ("sklearn.preprocessing._discretization.KBinsDiscretizer",)

    def is_sparse(self, given):
        return self.step.encode == "onehot"

    def narrowed(self, wanted, given):
        if self.step.encode == "ordinal":
            needs, gives, encoder = wanted, wanted, None
        else:
            encoder, needs, gives = OneHotNarrower(self.step._encoder).narrowed(wanted, False)
        step = with_columns(self.step, needs, "bin_edges_", "n_bins_")
        if encoder is not None:
            step._encoder = encoder
        if np.ndim(step.n_bins):
            step.n_bins = np.asarray(step.n_bins)[needs]
        return Narrowed(step, needs, gives)


class SplineNarrower(Narrower):
    """A column leaves with all its splines."""

    models = ("sklearn.preprocessing._polynomial.SplineTransformer",)

    def is_sparse(self, given):
        return bool(getattr(self.step, "sparse_output", False))

    def narrowed(self, wanted, given):
        n_splines = self.step.n_features_out_ // self.step.n_features_in_
        needs = wanted.reshape(-1, n_splines).any(axis=1)
        step = with_columns(self.step, needs, "bsplines_")
        step.n_features_out_ = n_splines * int(np.count_nonzero(needs))
        if np.ndim(step.knots) == 2:
            step.knots = np.asarray(step.knots)[:, needs]
        return Narrowed(step, needs, np.repeat(needs, n_splines))


class PolynomialNarrower(Narrower):
    """A column leaves with all its products; those of the columns that stay are made all the same."""

    models = ("sklearn.preprocessing._polynomial.PolynomialFeatures",)

    def is_sparse(self, given):
        return given

    def narrowed(self, wanted, given):
        powers = self.step.powers_
        needs = (powers[wanted] > 0).any(axis=0)
        if not needs.any():  # the constant is made of a column, too
            needs[0] = True
        names, n_kept = names_of(self.step), int(np.count_nonzero(needs))
        table = np.zeros((1, n_kept))
        step = clone(self.step).fit(table if names is None else pd.DataFrame(table, columns=names[needs]))
        return Narrowed(step, needs, ~(powers[:, ~needs] > 0).any(axis=1))
