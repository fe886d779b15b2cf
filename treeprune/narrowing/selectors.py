"""Selectors: columns that nothing needs are not given to them, and those that they chose pass."""

import numpy as np

from .base import Narrowed, Narrower, names_of
from .choosing import all_passing, passing_on


class SelectorNarrower(Narrower):
    """The choice is made: what is left is a filter of columns by name, or a step that passes on what it is given."""

    def is_sparse(self, given):
        return given

    def narrowed(self, wanted, given):
        needs = np.zeros(self.step.n_features_in_, bool)
        needs[self.step.get_support(indices=True)[wanted]] = True
        names, n_left = names_of(self.step), np.count_nonzero(needs)
        if names is None:
            return Narrowed(all_passing(n_left), needs, wanted)
        return Narrowed(passing_on(np.ones(n_left, bool), names[needs], False, self.step), needs, wanted)
