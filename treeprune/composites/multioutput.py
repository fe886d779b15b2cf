"""Models of several outputs made of one model for each, side by side or in a chain."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .base import Given, ManyModels, as_array


class MultiOutputComposite(ManyModels):
    """Each model sees one column of the targets."""

    models = ("sklearn.multioutput.MultiOutputClassifier", "sklearn.multioutput.MultiOutputRegressor")

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        return lambda given: given._replace(y=np.asarray(given.y)[:, position])


class ChainComposite(ManyModels):
    """Each model sees, behind the columns of the rows, the targets of the models before it.

    The true ones, also where the chain was fitted on predictions of them by cross-validation.
    """

    models = ("sklearn.multioutput.ClassifierChain", "sklearn.multioutput.RegressorChain")

    @property
    def sees_all(self) -> bool:
        return self.model.cv is None

    def columns_of(self, position: int) -> NDArray[np.intp]:
        return np.append(np.arange(self.model.n_features_in_), np.full(position, -1))

    def seen_by(self, position: int) -> Callable[[Given], Given]:
        before, own = self.model.order_[:position], self.model.order_[position]

        def seen(given):
            y = np.asarray(given.y)
            X = as_array(given.X)
            X = sparse.hstack([X, y[:, before]]).tocsr() if sparse.issparse(X) else np.hstack([X, y[:, before]])
            return given._replace(X=X, y=y[:, own])

        return seen
