"""Selectors: columns that nothing needs are not given to them, and those that they chose pass."""

import numpy as np
from sklearn.preprocessing import FunctionTransformer

from .base import Narrowed, Narrower, names_of
from .choosing import passing_on


class SelectorNarrower(Narrower):
    """The choice is made: what is left is a filter of columns by name, or a step that passes on what it is given."""

    def is_sparse(self, given):
        return given

    def narrowed(self, wanted, given):
        needs = np.zeros(self.step.n_features_in_, bool)
        needs[self.step.get_support(indices=True)[wanted]] = True
        names, all_left = names_of(self.step), np.ones(np.count_nonzero(needs), bool)
        if names is None:
            same = FunctionTransformer(accept_sparse=True, check_inverse=False, feature_names_out="one-to-one")
            same.n_features_in_ = len(all_left)
            return Narrowed(same, needs, wanted)
        return Narrowed(passing_on(all_left, names[needs], False, self.step), needs, wanted)
