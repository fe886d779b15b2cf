"""What all pruning methods are, whatever they prune: small estimators that check their parameters when used."""

from abc import ABC
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from .parameters import check_bool, check_choice, check_number


class Method(BaseEstimator, ABC):
    """A pruning method. Parameters are stored unchanged and checked when the method is used.

    Attributes
    ----------
    alias : str
        Name under which the method goes as a string.
    needs_parameters : bool
        Whether the method prunes nothing with its default parameters.
    examples : tuple of dict
        Parameters with which the method prunes: what it is shown and tested with.
    """

    alias: ClassVar[str]
    needs_parameters: ClassVar[bool] = False
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({},)

    def _check_number(self, name, low, high=np.inf, *, closed="left", kind=Real, none=False):
        check_number(self, name, low, high, closed=closed, kind=kind, none=none)

    def _check_bool(self, name):
        check_bool(self, name)

    def _check_choice(self, name, choices):
        check_choice(self, name, choices)
