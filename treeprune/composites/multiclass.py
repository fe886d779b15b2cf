"""Classifiers of many classes made of binary ones: each sees targets of its own, or some of the rows only."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
from scipy.sparse import issparse

from ..core.targets import class_codes
from .base import Given, ManyModels, as_array


class OneVsRestComposite(ManyModels):
    """Each model tells one class, or one label, from the others."""

    models = ("sklearn.multiclass.OneVsRestClassifier",)

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        def seen(given):
            if not self.model.multilabel_:
                class_codes(np.asarray(given.y), self.model.classes_)  # an unseen label would be none of the classes
            column = self.model.label_binarizer_.transform(given.y)[:, [position]]
            return given._replace(y=np.ravel(column.toarray() if issparse(column) else column))

        return seen


class OneVsOneComposite(ManyModels):
    """Each model tells two classes from each other and sees their rows only."""

    models = ("sklearn.multiclass.OneVsOneClassifier",)

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        low, high = list(combinations(self.model.classes_, 2))[position]

        def seen(given):
            y = np.asarray(given.y)
            rows = np.flatnonzero((y == low) | (y == high))
            return given._replace(X=as_array(given.X), y=(y == high).astype(int)).at(rows)

        return seen


class OutputCodeComposite(ManyModels):
    """Each model tells one bit of the classes' code words."""

    models = ("sklearn.multiclass.OutputCodeClassifier",)

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        bits = self.model.code_book_[:, position]
        return lambda given: given._replace(y=bits[class_codes(np.asarray(given.y), self.model.classes_)].astype(int))
